"""
The encoding of a text file, and what to do with lines that it cannot decode.

Text is decoded strictly. A file with a few damaged lines is read all the same: `marked_copy` marks what cannot be
decoded, so that those rows alone are refused.
"""

import codecs
import re
import tempfile
from pathlib import Path
from typing import IO

from geo.errors import BadFile

MARK = "\uffff"
"""Stands where bytes could not be decoded: a noncharacter, which no text holds."""

_CHUNK = 1 << 22
_ESCAPED = re.compile("[\udc80-\udcff]+")
_DOUBLE_BYTE = re.compile(rb"[\x81-\xfe]([\x40-\x7e\x80-\xfe])")


def text_encoding(path: Path, asked: str | None = None) -> str:
    """
    The encoding of a text file: the one asked for, else UTF-16 by its mark, UTF-8 or GB18030, whichever decodes it all.

    Raises
    ------
    BadFile
        None of them does; tells where.
    """
    encoding, damaged_at = row_encoding(path, asked)
    if damaged_at:
        raise _not_text(path, encoding, damaged_at)
    return encoding


def row_encoding(path: Path, asked: str | None = None) -> tuple[str, str | None]:
    """
    The encoding of a table, and where its first line that cannot be decoded is; None if there is none.

    UTF-8 that is damaged is told from GB18030 by the lines around: by chance hardly any line is UTF-8. What would be
    GB18030 with mostly letters of ASCII for second bytes is Western text, and no encoding is guessed for it.

    Raises
    ------
    BadFile
        The encoding is not known, or cannot be told.
    """
    with path.open("rb") as file:
        start = file.read(3)
    if asked or start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        chosen = asked or "utf-16"
        return chosen, _place(_failure(path, chosen))
    unicode = "utf-8-sig" if start == codecs.BOM_UTF8 else "utf-8"
    failure = _failure(path, unicode)
    if failure is None or unicode == "utf-8-sig" or _mostly_utf8(path, failure):
        return unicode, _place(failure)
    if _looks_western(path, failure):
        raise BadFile(
            f"{path.name} is not UTF-8 (byte {failure}) and looks like Western text; name its --encoding, "
            "such as windows-1252 or iso-8859-1"
        )
    return "gb18030", _place(_failure(path, "gb18030"))


def marked_copy(path: Path, encoding: str) -> IO[bytes]:
    """
    The text of a file in UTF-8, in a temporary file, with `MARK` in place of what cannot be decoded.

    Raises
    ------
    BadFile
        The first line, or more than a tenth of all lines cannot be decoded: the encoding is another one.
    """
    copy = tempfile.TemporaryFile()  # noqa: SIM115  # the reader closes it
    lines = damaged = 0
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as text:
        for line in text:
            lines += 1
            marked = _ESCAPED.sub(MARK, line)
            damaged += marked != line
            if lines == 1 and damaged:
                raise _not_text(path, encoding, "in the heading")
            copy.write(marked.encode())
    if damaged > max(1, lines // 10):
        raise _not_text(path, encoding, f"{damaged:,} of {lines:,} lines")
    copy.seek(0)
    return copy


def _not_text(path: Path, encoding: str, where: str) -> BadFile:
    return BadFile(f"{path.name} is not text in {encoding.removesuffix('-sig')}: {where}; name its --encoding")


def _place(failure: int | None) -> str | None:
    return None if failure is None else f"byte {failure}"


def _failure(path: Path, encoding: str) -> int | None:
    """Where the first byte is that an encoding cannot decode."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
    except LookupError as error:
        raise BadFile(f"there is no encoding {encoding}") from error
    place = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return place + error.start
            place += len(chunk)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return place - 1
    return None


def _around(path: Path, place: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, place - _CHUNK // 2))
        return file.read(_CHUNK)


def _mostly_utf8(path: Path, place: int) -> bool:
    lines = [line for line in _around(path, place).splitlines() if not line.isascii()]
    good = sum(_decodes(line) for line in lines)
    return good > len(lines) / 2


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _looks_western(path: Path, place: int) -> bool:
    seconds = _DOUBLE_BYTE.findall(_around(path, place))
    return sum(second < b"\x80" for second in seconds) > len(seconds) / 2
