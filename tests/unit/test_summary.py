"""What may be told of a split."""

from hypothesis import given
from hypothesis import strategies as st

from geo.summary import LEAST, Counted, overview_level, tellable


def test_large_counts_and_zeros_are_told():
    assert tellable([5, 0, 120]) == [True, True, True]


def test_a_small_count_takes_the_least_other_one_with_it():
    assert tellable([2, 90, 7, 40]) == [False, True, False, True]


def test_a_month_just_begun_takes_the_one_before_with_it():
    assert tellable([7, 90, 40, 2], latest=True) == [True, True, False, False]


def test_several_small_counts_hide_each_other():
    assert tellable([4, 3, 90]) == [False, False, True]


@given(st.lists(st.integers(0, 30), max_size=12), st.booleans())
def test_neither_a_count_nor_a_difference_below_the_least_can_be_had(counts, latest):
    told = tellable(counts, latest=latest)
    assert all(count == 0 or count >= LEAST for count, may in zip(counts, told, strict=True) if may)
    left_out = sum(counts) - sum(count for count, may in zip(counts, told, strict=True) if may)
    assert left_out == 0 or left_out >= LEAST or not any(count and may for count, may in zip(counts, told, strict=True))


def test_the_overview_shows_the_coarsest_level_with_more_than_one_unit():
    levels = [Counted("league", 1, 0), Counted("banner", 6, 0), Counted("micro_grid", 900, 900)]
    assert overview_level(levels) == "banner"
    assert overview_level(levels[:1]) == "league"
    assert overview_level([]) is None
