import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.paging import BadCursor, cursor, page, parts


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_a_cursor_gives_back_what_it_was_made_of(key: list[str]):
    text = cursor(*key)
    assert parts(text, len(key)) == key
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str):
    try:
        found = parts(text, 2)
    except BadCursor:
        return
    assert len(found) == 2


def test_a_page_has_a_next_one_only_if_a_row_is_left():
    assert page(["a", "b"], 2, lambda row: (row,)).next is None
    assert page([], 2, lambda row: (row,)).items == []
    more = page(["a", "b", "c"], 2, lambda row: (row,))
    assert more.items == ["a", "b"]
    assert more.next is not None
    assert parts(more.next, 1) == ["b"]


def test_a_cursor_of_another_list_is_refused():
    with pytest.raises(BadCursor):
        parts(cursor("a"), 2)
