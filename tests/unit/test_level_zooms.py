"""From which zoom on the levels of a city are drawn, whichever it has."""

import pytest

from tiles.layers import LABEL_ZOOMS, LEVEL_ZOOMS, zooms_of


def test_a_city_with_all_levels_has_each_from_its_own_zoom_on() -> None:
    assert zooms_of(dict.fromkeys(LEVEL_ZOOMS, 10)) == LEVEL_ZOOMS
    assert zooms_of(dict.fromkeys(LEVEL_ZOOMS, 10), LABEL_ZOOMS) == LABEL_ZOOMS


@pytest.mark.parametrize(("count", "zoom"), [(1, 5), (2_000, 5), (2_001, 6), (8_000, 6), (20_000, 7), (10**9, 12)])
def test_a_flat_city_is_drawn_in_place_of_the_levels_that_it_has_not(count: int, zoom: int) -> None:
    assert zooms_of({"league": 1, "micro_grid": count}) == {"league": 0, "micro_grid": zoom}


def test_no_level_is_drawn_before_one_above_it() -> None:
    drawn = zooms_of({"league": 1, "township": 5, "micro_grid": 30})
    assert list(drawn.items()) == [("league", 0), ("township", 5), ("micro_grid", 10)]
