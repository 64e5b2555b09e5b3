"""
Masking of identity, passport and telephone numbers in free text.

Text is read as people write numbers: in full-width, Mongolian, circled or Chinese digits, with spaces, dashes and
invisible characters between them. A coordinate, a date, an amount, an address or a code of a unit stays as it is.

The identity number of 18 digits is known by its date of birth and its check digit, wherever it stands. The old one of
15 has no check digit: a birth from 1930 on makes it one, where no word calls it a code. Telephone numbers are known by
their shape, and those without an area code only behind a word such as 电话.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["identity", "phone", "passport"]
Span = tuple[int, int]

LABELS: Mapping[Kind, str] = {"identity": "[证件号]", "phone": "[电话]", "passport": "[护照号]"}
FEWEST_DIGITS = 7

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
# The first two digits of an identity number: provinces, and 9 for residence permits of foreigners.
PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-9])"

_SEP = r"[ \-]{0,3}"
# Behind the point of a coordinate in China stand decimals; behind 1. in a list may stand a number.
_WHOLE = r"(?<!\d)(?<!(?<!\d)0\.)(?<!(?:1[89]|[2-4]\d|5[0-4]|[7-9]\d)\.)(?<!1[0-3]\d\.)"
_COUNTRY = rf"(?:(?:\+ ?|00)86{_SEP})"
_LOCAL = rf"[2-9]\d{{2,3}}{_SEP}\d{{4}}"
_CALLED = r"[号码是为联系NO.: ,]{0,6}"
_CODE = re.compile(r"(?:编码|代码|编号|单号|网格码?|工单|流水号?|订单|户号|表号|文号)[号为是: ]{0,3}$")
# No \b: a Chinese word before it is a word of letters too.
_UUID = re.compile(r"(?<![0-9A-Z])[0-9A-F]{8}-?(?:[0-9A-F]{4}-?){3}[0-9A-F]{12}(?![0-9A-Z])")


@dataclass(frozen=True)
class Masked:
    """
    Text that may be shown to all who see the incident.

    Attributes
    ----------
    text
        With a label in the place of each number.
    found
        The kinds that were masked, in the order of the text; empty if nothing was.
    """

    text: str
    found: tuple[Kind, ...]


@dataclass(frozen=True)
class MaskedFields:
    """
    Fields of free text, masked.

    Attributes
    ----------
    shown
        All fields as they may be shown.
    originals
        The fields that were changed, as they were written: to be sealed.
    """

    shown: Mapping[str, str | None]
    originals: Mapping[str, str]


def mask(text: str) -> Masked:
    """
    Put a label in the place of each identity, passport and telephone number.

    Masking again changes nothing: labels hold no digits, and each pass leaves fewer digits than before.
    """
    kinds: list[Kind] = []
    while found := _numbers(text):
        kinds.extend(kind for _, kind in found)
        for (start, end), kind in reversed(found):
            text = text[:start] + LABELS[kind] + text[end:]
    return Masked(text, tuple(kinds))


def mask_fields(fields: Mapping[str, str | None]) -> MaskedFields:
    """Mask fields of free text, such as title, description and address; None stays None."""
    shown = {name: None if text is None else mask(text).text for name, text in fields.items()}
    changed = {name: text for name, text in fields.items() if text is not None and shown[name] != text}
    return MaskedFields(shown, changed)


class _Digits(dict[int, str]):
    """What each character is read as: a digit of any script, a dash, a space, or itself in capitals."""

    def __init__(self, also: Mapping[str, str]) -> None:
        super().__init__({ord(character): digit for character, digit in also.items()})

    def __missing__(self, code: int) -> str:
        self[code] = read = _read(chr(code))
        return read


_SIGNS: Mapping[str, str] = {"×": "X", "—": "-", "ー": "-", "·": "-", "•": "-", "_": "-"}


def _read(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKC", _SIGNS.get(character, character)).upper()
    if plain.isspace():
        return " "
    return plain if len(plain) == 1 else "?"


# Chinese digits are read as digits apart from the others: 三一13800138000 begins with two that are none of the number.
_PLAIN = _Digits({})
_SPOKEN = _Digits(dict(zip("〇零○一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖", "00011223456789123456789", strict=True)))


def _numbers(text: str) -> list[tuple[Span, Kind]]:
    """Where numbers stand, without overlaps, in the order of the text."""
    kept = [place for place, character in enumerate(text) if unicodedata.category(character) not in {"Cf", "Mn", "Me"}]
    visible = "".join(text[place] for place in kept)
    found: list[tuple[Span, Kind]] = []
    for reading in (_PLAIN, _SPOKEN):
        read = _UUID.sub(lambda uuid: "#" * len(uuid[0]), visible.translate(reading))
        if sum(character.isdigit() for character in read) >= FEWEST_DIGITS:
            found += _found(read)
    return [((kept[start], kept[end - 1] + 1), kind) for (start, end), kind in _apart(found)]


def _found(read: str) -> Iterator[tuple[Span, Kind]]:
    for shape in _SHAPES:
        for match in shape.pattern.finditer(read):
            if shape.holds(read[: match.start("number")], match["number"]):
                yield match.span("number"), shape.kind


def _apart(found: list[tuple[Span, Kind]]) -> Iterator[tuple[Span, Kind]]:
    """Of spans that overlap, one that covers them all."""
    last: tuple[Span, Kind] | None = None
    for span, kind in sorted(found, key=lambda one: (one[0][0], -one[0][1])):
        if last is not None and span[0] < last[0][1]:
            last = (last[0][0], max(last[0][1], span[1])), last[1]
            continue
        if last is not None:
            yield last
        last = span, kind
    if last is not None:
        yield last


def _digits(number: str) -> str:
    return re.sub(r"[ \-]", "", number)


def _is_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1850
    except ValueError:
        return False


def _is_identity(before: str, number: str) -> bool:  # noqa: ARG001
    """
    Whether 18 characters have a date of birth and the check digit of ISO 7064 (GB 11643-1999).

    An X at the end is no accident, even where another digit was mistyped.
    """
    digits = _digits(number)
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=False))
    checked = digits[17] in {"X", CHECK_DIGITS[total % 11]}
    return checked and re.match(_PROVINCE, digits) is not None and _is_date(digits[6:14])


def _is_old_identity(before: str, number: str) -> bool:
    """Whether 15 digits tell of a birth from 1930 on, and no word calls them a code: units have codes of 15 too."""
    digits = _digits(number)
    return digits[6:8] >= "30" and _is_date("19" + digits[6:12]) and not _CODE.search(before)


def _is_mobile(before: str, number: str) -> bool:  # noqa: ARG001
    """Whether 11 digits are grouped as one number: 15-302 2026-1-5 is a room and a date."""
    pieces = [len(piece) for piece in re.findall(r"\d+", number)]
    signs = set(re.findall(r"[ \-]+", number))
    alike = len(signs) <= 1 and (min(pieces) > 2 or max(pieces) == 1)
    return (alike or pieces in ([3, 4, 4], [3, 2, 2, 2, 2])) and not (pieces[0] == 8 and _is_date(number[:8]))


def _is_landline(before: str, number: str) -> bool:
    """Whether nothing before it calls the number a code, and area and number are as long as they are in China."""
    digits = re.sub(r"\D", "", number)
    return not _CODE.search(before) and (digits[:2] not in {"01", "02"} or len(digits) == 11)


def _is_no_date(before: str, number: str) -> bool:  # noqa: ARG001
    return not _is_date(_digits(number).ljust(8, "x"))


def _always(before: str, number: str) -> bool:  # noqa: ARG001
    return True


@dataclass(frozen=True)
class _Shape:
    """What a kind of number looks like, and what must hold of the text before it and of the number."""

    kind: Kind
    pattern: re.Pattern[str]
    holds: Callable[[str, str], bool]


def _shape(kind: Kind, number: str, holds: Callable[[str, str], bool], *, behind: str = "") -> _Shape:
    """A shape that is found wherever it begins, within what another match covers too."""
    return _Shape(kind, re.compile(rf"{behind}(?=(?P<number>{number}))"), holds)


# The first two digits of an identity number: provinces, and 9 for the residence permits of foreigners.
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-9])"
_SHAPES = (
    _shape("identity", rf"\d(?:{_SEP}\d){{16}}{_SEP}[\dX]", _is_identity),
    _shape("identity", rf"{_WHOLE}{_PROVINCE}\d{{4}}{_SEP}\d{{6}}{_SEP}\d{{3}}(?!\d)(?!\.\d)", _is_old_identity),
    _shape(
        "identity", rf"\d(?:{_SEP}\d){{13,16}}(?:{_SEP}[\dX])?(?!\d)", _always, behind=rf"(?:身份证|证件|身份){_CALLED}"
    ),
    _shape("phone", rf"{_WHOLE}1{_SEP}[3-9](?:{_SEP}\d){{9}}(?!\d)", _is_mobile),
    _shape("phone", r"(?<!\d)1[3-9]\d\.\d{4}\.\d{4}(?!\d)", _always),
    _shape("phone", rf"{_COUNTRY}1{_SEP}[3-9](?:{_SEP}\d){{9}}(?!\d)", _always),
    _shape("phone", rf"{_WHOLE}\(?0(?:10|2\d|[3-9]\d\d)(?:\) ?|{_SEP}){_LOCAL}(?!\d)(?!\.\d)", _is_landline),
    _shape("phone", rf"{_COUNTRY}\(?0?[1-9]\d{{1,2}}(?:\) ?|{_SEP}){_LOCAL}(?!\d)", _always),
    _shape(
        "phone",
        rf"{_LOCAL}(?!\d)",
        _is_no_date,
        behind=rf"(?:电话|座机|手机|联系方式|致电|拨打|传真|TEL|PHONE|MOBILE|CALL){_CALLED}",
    ),
    _shape("passport", rf"(?<![0-9A-Z])(?:[EG]{_SEP}\d{{8}}|E[A-Z]{_SEP}\d{{7}})(?![0-9A-Z])", _always),
    _shape(
        "passport", rf"[A-Z]{{1,2}}{_SEP}\d{{7,10}}(?!\d)", _always, behind=rf"(?:护照|通行证|回乡证|PASSPORT){_CALLED}"
    ),
)
