"""From which zoom on the levels of a city are drawn, whichever it has."""

import pytest

from tiles.layers import (
    FINEST,
    LABEL_ZOOMS,
    LEVEL_ZOOMS,
    READABLE_PX,
    VISIBLE_PX,
    room_at,
    units_of,
    zooms_of,
)


def test_a_city_with_all_levels_has_each_from_its_own_zoom_on() -> None:
    assert zooms_of(dict.fromkeys(LEVEL_ZOOMS, 10)) == LEVEL_ZOOMS
    assert zooms_of(dict.fromkeys(LEVEL_ZOOMS, 10), LABEL_ZOOMS) == LABEL_ZOOMS


@pytest.mark.parametrize(("count", "zoom"), [(1, 5), (2_000, 5), (2_001, 6), (8_000, 6), (20_000, 7), (10**9, 12)])
def test_a_flat_city_is_drawn_in_place_of_the_levels_that_it_has_not(count: int, zoom: int) -> None:
    assert zooms_of({"league": 1, "micro_grid": count}) == {"league": 0, "micro_grid": zoom}


def test_no_level_is_drawn_before_one_above_it() -> None:
    drawn = zooms_of({"league": 1, "township": 5, "micro_grid": 30})
    assert list(drawn.items()) == [("league", 0), ("township", 5), ("micro_grid", 10)]


def test_small_areas_and_their_names_wait_until_there_is_room_for_them() -> None:
    city, side = {"league": 1, "micro_grid": 3_000}, 2.4e-5  # some 800 metres in the middle latitudes
    assert zooms_of(city, LEVEL_ZOOMS, {"micro_grid": room_at(side, VISIBLE_PX)}) == {"league": 0, "micro_grid": 8}
    assert zooms_of(city, LABEL_ZOOMS, {"micro_grid": room_at(side, READABLE_PX)}) == {"league": 3, "micro_grid": 13}
    assert zooms_of(city, LABEL_ZOOMS, {"micro_grid": room_at(1e-9, READABLE_PX)}) == {"league": 3, "micro_grid": 14}
    assert room_at(0.0, VISIBLE_PX) == FINEST
    assert 512 * side * 2**8 >= VISIBLE_PX > 512 * side * 2**7


def test_the_units_of_an_edition_are_described_by_its_own_levels() -> None:
    told = units_of({"league": 0, "micro_grid": 6}, {"league": 3, "micro_grid": 12})
    assert [(one.id, one.minzoom) for one in told.layers] == [("league", 0), ("micro_grid", 6), ("unit_label", 3)]
