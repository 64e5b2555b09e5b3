"""Numbers in the free text of bulk loads: every row that masking would change is found, and changed as it says."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow ships no types)

import sys
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from geo import incident_text, masking

CHINESE = "〇零○一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖"
PHONE = "13800138000"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
SPOKEN = str.maketrans("0123456789", "〇一二三四五六七八九")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
NUMBERS = [PHONE, "138-0013-8000", "0482 8212345", "E12345678", "11010519491231002X", "152201900101123"]
PIECE = st.one_of(
    st.sampled_from([*NUMBERS, PHONE.translate(WIDE), PHONE.translate(SPOKEN), PHONE.translate(CIRCLED)]),
    st.sampled_from(["电话", "护照号码", "身份证", " ", "-", "\u200b", "2024-05-01", "3号楼", "。"]),
    st.text("0123456789０９①⑨一幺九XEG ()-.+", max_size=20),
    st.text(max_size=5),
)


def table(*texts: str | None) -> pa.Table:
    column = pa.array(texts, pa.string())
    return pa.table({"title": column, "description": column, "address": pa.nulls(len(texts), pa.string())})


def test_every_character_that_is_read_as_a_digit_is_counted() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    counted = pc.count_substring_regex(pa.array(characters), incident_text.DIGIT).to_numpy()
    missed = [
        character
        for character, count in zip(characters, counted, strict=True)
        if not count and (unicodedata.digit(character, None) is not None or character in CHINESE)
    ]
    assert missed == []


@given(st.lists(st.lists(PIECE, max_size=6).map("".join) | st.none(), max_size=5))
def test_each_text_becomes_what_masking_makes_of_it_and_what_changed_is_kept(texts: list[str | None]) -> None:
    shown, originals = incident_text.masked(table(*texts))
    expected = [None if text is None else masking.mask(text).text for text in texts]
    assert shown["title"].to_pylist() == shown["description"].to_pylist() == expected
    assert originals == {
        row: {"title": text, "description": text}
        for row, (text, after) in enumerate(zip(texts, expected, strict=True))
        if text is not None and text != after
    }


def test_a_table_without_numbers_stays_the_same() -> None:
    said = table("路灯不亮", "2024年5月1日，3号楼2单元", None)
    shown, originals = incident_text.masked(said)
    assert shown.equals(said)
    assert originals == {}
