"""
Pictures from strangers: decoded, turned upright, made small and encoded anew, so that nothing but the picture is kept.

The result is a plain JPEG without EXIF, position, colour profile, comment or thumbnail. What is not wholly a JPEG,
PNG or WebP is refused: truncated files, other formats under their names, files that are a picture and a program at
once, pictures that unpack to more than a camera takes.
"""

import io
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageFilter, ImageOps

from geo.errors import Invalid

FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")
MOST_BYTES = 12_000_000
MOST_PIXELS = 50_000_000
LONGEST_PX = 1600
QUALITY = 82
MOST_RECTANGLES = 50
_HEAD = 1024
_TAIL = 66_000  # the directory at the end of a zip file lies within this
_FOREIGN = (b"<script", b"<?php", b"<!doctype", b"<html", b"javascript:")


class PictureRefused(Invalid):
    """The file is not a whole JPEG, PNG or WebP picture."""

    zh = "文件不是完整的 JPEG、PNG 或 WebP 图片。"


class PictureTooLarge(Invalid):
    """The picture is larger than is taken in: 12 MB or 50 million pixels."""

    zh = "图片过大：最多 12 MB、5000 万像素。"


class BadRectangle(Invalid):
    """A rectangle to blur does not lie in the picture."""

    zh = "模糊区域不在图片范围内。"


@dataclass(frozen=True)
class Picture:
    """A JPEG that was made here; width and height in pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Rectangle:
    """A part of a picture, in pixels from its upper left corner; right and lower edge are outside."""

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom):
            raise BadRectangle


def clean(data: bytes) -> Picture:
    """
    Make a picture anew from what was sent.

    Parameters
    ----------
    data
        The file: JPEG, PNG or WebP; of several frames the first is taken.

    Raises
    ------
    PictureTooLarge
        Too many bytes or pixels; pixels are counted before they are unpacked.
    PictureRefused
        The file is not wholly a picture.
    """
    if len(data) > MOST_BYTES:
        raise PictureTooLarge
    if _is_foreign(data) or not _is_whole(data):
        raise PictureRefused
    return _encoded(_decoded(data))


def blur(jpeg: bytes, rectangles: Sequence[Rectangle]) -> Picture:
    """
    Make parts of a picture unreadable for good: each becomes a few blocks of colour, which no sharpening undoes.

    Raises
    ------
    BadRectangle
        One does not lie in the picture, or there are none, or too many.
    """
    picture = _decoded(jpeg)
    if not 0 < len(rectangles) <= MOST_RECTANGLES:
        raise BadRectangle
    for part in rectangles:
        if part.right > picture.width or part.bottom > picture.height:
            raise BadRectangle
        box = (part.left, part.top, part.right, part.bottom)
        picture.paste(_blocks(picture.crop(box)), box)
    return _encoded(picture)


def _blocks(part: Image.Image) -> Image.Image:
    """At most four blocks a side, their borders softened."""
    few = part.resize((min(4, part.width), min(4, part.height)), Image.Resampling.BOX)
    return few.resize(part.size, Image.Resampling.NEAREST).filter(ImageFilter.GaussianBlur(max(part.size) / 16))


def _decoded(data: bytes) -> Image.Image:
    """The picture upright, in three colours, on white where it was transparent."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise PictureTooLarge
            opened.draft("RGB", (2 * LONGEST_PX, 2 * LONGEST_PX))
            opened.load()
            return _plain(ImageOps.exif_transpose(opened))
    except Image.DecompressionBombError:
        raise PictureTooLarge from None
    # Pillow's decoders raise these, and now and then others of the language, for what is broken.
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError, struct.error):
        raise PictureRefused from None


def _plain(opened: Image.Image) -> Image.Image:
    opened.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
    fresh = Image.new("RGB", opened.size, "white")  # without anything that the old one carries
    if opened.has_transparency_data:
        opened = opened.convert("RGBA")
        fresh.paste(opened, mask=opened.getchannel("A"))
    else:
        fresh.paste(_eight_bit(opened).convert("RGB"))
    return fresh


def _eight_bit(opened: Image.Image) -> Image.Image:
    """Grey of sixteen bits would be cut off at 255, not scaled."""
    return opened.point(lambda grey: grey / 256).convert("L") if opened.mode.startswith("I") else opened


def _encoded(picture: Image.Image) -> Picture:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return Picture(out.getvalue(), picture.width, picture.height)


def _is_foreign(data: bytes) -> bool:
    """Whether the file is something else as well: a document, an archive, a page."""
    lower = data.lower()
    return b"%pdf-" in lower[:_HEAD] or b"PK\x05\x06" in data[-_TAIL:] or any(sign in lower for sign in _FOREIGN)


def _is_whole(data: bytes) -> bool:
    """Whether the format's own end is there; phones append films and second pictures behind it, which are dropped."""
    if data.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd9" in data[-_TAIL:] or data.rfind(b"\xff\xd9") > len(data) // 2
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_is_whole(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return False


def _png_is_whole(data: bytes) -> bool:
    """Whether chunk follows chunk to the end of the picture, each with the sum it says, and nothing comes after it."""
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        place += 12 + length
        if kind == b"IEND":
            return place == len(data)
    return False
