"""Pictures from strangers: only the picture comes through, and what is not wholly a picture is refused."""

import io
import struct
import zipfile
import zlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from geo.pictures import (
    LONGEST_PX,
    MOST_BYTES,
    BadRectangle,
    PictureRefused,
    PictureTooLarge,
    Rectangle,
    blur,
    clean,
)

SECRET = b"122.0704E 46.0821N"


def gradient(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    whole = Image.merge(
        "RGB",
        [
            Image.linear_gradient("L").resize((width, height)),
            Image.radial_gradient("L").resize((width, height)),
            Image.new("L", (width, height), 90),
        ],
    )
    return whole.convert(mode)


def file(kind: str, picture: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (picture or gradient()).save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x010E] = SECRET.decode()
    made[0x0112] = 6  # lies on its side
    made.get_ifd(0x8825)[2] = (46.0, 4.0, 55.6)
    return made


def segments(jpeg: bytes) -> set[int]:
    """The markers of a JPEG up to its scan."""
    found, place = set[int](), 2
    while jpeg[place + 1] != 0xDA:
        found.add(jpeg[place + 1])
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_comes_through_as_a_bare_jpeg(kind: str) -> None:
    made = clean(file(kind))
    picture = opened(made.jpeg)
    assert (picture.format, picture.size, made.width, made.height) == ("JPEG", (64, 48), 64, 48)
    wanted, got = gradient().resize((8, 6)), picture.resize((8, 6))
    differences = [
        abs(a - b) for one, other in zip(wanted.tobytes(), got.tobytes(), strict=True) for a, b in [(one, other)]
    ]
    assert max(differences) < 12


@cache  # a colour profile holds the time of its making: made once, a file is the same in every example
def with_everything(kind: str) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options: dict[str, object] = {"exif": exif(), "icc_profile": profile}
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", SECRET.decode())
        notes.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{SECRET.decode()}</x:xmpmeta>")
        options["pnginfo"] = notes
    else:
        options["xmp"] = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    if kind == "JPEG":
        options["comment"] = SECRET
    return file(kind, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_that_a_file_says_beside_the_picture_is_kept(kind: str) -> None:
    data = with_everything(kind)
    assert SECRET in data
    made = clean(data)
    picture = opened(made.jpeg)
    assert SECRET not in made.jpeg
    assert len(picture.getexif()) == 0
    assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
    assert not segments(made.jpeg) & ({0xFE} | set(range(0xE1, 0xF0)))  # no comment, no application's segment but JFIF
    assert picture.size == (48, 64)  # upright, as the file said


def test_a_large_picture_is_made_small() -> None:
    made = clean(file("JPEG", gradient(4000, 1000)))
    assert (made.width, made.height) == (LONGEST_PX, LONGEST_PX // 4)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpegs_of_any_colours_come_through(mode: str) -> None:
    assert opened(clean(file("JPEG", gradient(mode=mode))).jpeg).mode == "RGB"


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "RGB"])
def test_pngs_of_any_colours_come_through(mode: str) -> None:
    picture = Image.new("I;16", (64, 48), 40_000) if mode == "I;16" else gradient(mode=mode)
    made = opened(clean(file("PNG", picture)).jpeg)
    assert made.mode == "RGB"
    if mode == "I;16":
        assert made.getpixel((9, 9)) == pytest.approx((156, 156, 156), abs=3)


def test_what_is_transparent_becomes_white() -> None:
    made = opened(clean(file("PNG", Image.new("RGBA", (8, 8), (255, 0, 0, 0)))).jpeg)
    assert made.getpixel((4, 4)) == (255, 255, 255)


def test_of_a_moving_picture_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for kind in ("PNG", "WEBP"):
        data = file(kind, frames[0], save_all=True, append_images=frames[1:])
        red, _, blue = opened(clean(data).jpeg).getpixel((4, 4))
        assert (red > 200, blue < 50) == (True, True)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_refused(kind: str, share: float) -> None:
    data = file(kind, gradient(300, 300))
    with pytest.raises(PictureRefused):
        clean(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM", "PDF", "EPS", "TGA"])
def test_other_formats_are_refused_whatever_they_are_called(kind: str) -> None:
    with pytest.raises(PictureRefused):
        clean(file(kind))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\x00\x00\x00WEBP",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html>",
        b"GIF89a",
        b"%PDF-1.7",
        bytes(1000),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused):
        clean(data)


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("index.html", "x")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "behind", [archive(), b"<script>alert(1)</script>", b"<?PHP system($_GET[0]);", b"<HTML><body>"]
)
def test_a_picture_that_is_something_else_as_well_is_refused(kind: str, behind: bytes) -> None:
    with pytest.raises(PictureRefused):
        clean(file(kind) + behind)


def test_a_script_in_a_comment_is_refused() -> None:
    for data in (file("JPEG", comment=b"<script>alert(1)</script>"), file("JPEG", comment=b"%PDF-1.4")):
        with pytest.raises(PictureRefused):
            clean(data)


def test_what_phones_append_behind_a_jpeg_is_dropped() -> None:
    film = b"\x00\x00\x00\x18ftypmp42" + SECRET * 50
    assert SECRET not in clean(file("JPEG") + film).jpeg
    assert SECRET not in clean(file("JPEG") + file("JPEG", comment=SECRET)).jpeg


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(width: int, height: int, body: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (8_000, 8_000), (2**31 - 1, 2**31 - 1), (50_000_001, 1)]
)
def test_a_picture_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(width: int, height: int) -> None:
    packed = zlib.compress(bytes(min(10_000_000, (width // 8 + 1) * height)))
    assert len(packed) < 20_000
    with pytest.raises((PictureTooLarge, PictureRefused)) as refused:
        clean(bomb(width, height, packed))
    assert refused.type is PictureTooLarge or width > 10**9


def test_a_note_that_unpacks_to_too_much_is_refused() -> None:
    note = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000)))
    data = file("PNG")
    with pytest.raises(PictureRefused):
        clean(data[:33] + note + data[33:])


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(PictureTooLarge):
        clean(file("JPEG") + bytes(MOST_BYTES))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_a_damaged_file_is_refused_or_comes_through_bare(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(with_everything(kind))
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=6)):
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        made = clean(bytes(damaged))
    except (PictureRefused, PictureTooLarge):
        return
    assert SECRET not in made.jpeg
    assert opened(made.jpeg).size == (made.width, made.height)


def stripes() -> bytes:
    picture = Image.new("L", (200, 100))
    picture.putdata([255 * (x // 5 % 2) for _ in range(100) for x in range(200)])
    return clean(file("PNG", picture)).jpeg


def contrast(jpeg: bytes, box: tuple[int, int, int, int]) -> int:
    low, high = opened(jpeg).convert("L").crop(box).getextrema()
    return int(high) - int(low)


def test_what_is_blurred_cannot_be_read_and_the_rest_can() -> None:
    jpeg = stripes()
    made = blur(jpeg, [Rectangle(40, 16, 120, 80)])
    assert contrast(jpeg, (48, 24, 112, 72)) > 200
    assert contrast(made.jpeg, (48, 24, 112, 72)) < 40
    assert contrast(made.jpeg, (136, 0, 200, 100)) > 200
    assert (made.width, made.height) == (200, 100)


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (200, 100)])
def test_a_rectangle_of_any_size_is_blurred(size: tuple[int, int]) -> None:
    assert blur(stripes(), [Rectangle(0, 0, *size)]).width == 200


@pytest.mark.parametrize("corners", [(-1, 0, 5, 5), (5, 5, 5, 9), (9, 5, 5, 9), (0, 0, 201, 5), (0, 0, 5, 101)])
def test_a_rectangle_outside_of_the_picture_is_refused(corners: tuple[int, int, int, int]) -> None:
    with pytest.raises(BadRectangle):
        blur(stripes(), [Rectangle(*corners)])


def test_no_rectangles_and_too_many_are_refused() -> None:
    for rectangles in ([], [Rectangle(0, 0, 5, 5)] * 51):
        with pytest.raises(BadRectangle):
            blur(stripes(), rectangles)
