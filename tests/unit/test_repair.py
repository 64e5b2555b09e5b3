import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import crs
from geo.repair import coverage, overlaps, rings
from geo.topology import require_coverage

SQUARE = shapely.box(122.00, 46.00, 122.01, 46.01)
EAST = shapely.box(122.01, 46.00, 122.02, 46.01)


def array(*geometry: object) -> np.ndarray:
    made = np.empty(len(geometry), dtype=object)
    made[:] = geometry
    return made


def test_a_bow_tie_becomes_two_triangles_and_its_change_is_told() -> None:
    bow_tie = shapely.Polygon([(122, 46), (122.01, 46.01), (122.01, 46), (122, 46.01)])
    (repaired, whole), (told,) = rings(array(bow_tie, SQUARE), ["bow", "whole"])
    assert repaired.is_valid
    assert len(repaired.geoms) == 2
    assert whole is SQUARE
    assert (told.what, told.of) == ("ring", ("bow",))
    assert crs.areas_m2([repaired])[0] == pytest.approx(crs.areas_m2([SQUARE])[0] / 2, rel=1e-3)


def test_a_sliver_too_narrow_to_be_meant_is_closed_and_the_areas_are_a_coverage_after() -> None:
    bent = shapely.Polygon([(122.01, 46), (122.02, 46), (122.02, 46.01), (122.01, 46.01), (122.01 + 1e-9, 46.005)])
    clean, _ = coverage(array(SQUARE, bent), ["a", "b"])
    require_coverage(clean, ["a", "b"])
    assert shapely.get_num_interior_rings(shapely.union_all(clean)) == 0


def test_a_ring_without_area_is_beyond_repair() -> None:
    line = shapely.Polygon([(122, 46), (122.01, 46), (122, 46)])
    assert rings(array(line), ["line"])[0][0] is None


def test_areas_that_are_a_coverage_come_back_as_they_are() -> None:
    areas = array(SQUARE, EAST)
    clean, told = coverage(areas, ["a", "b"])
    assert clean is areas
    assert told == []


def test_a_small_overlap_is_given_to_one_and_told_for_the_pair() -> None:
    wide = shapely.box(122.0099, 46.00, 122.02, 46.01)
    clean, told = coverage(array(SQUARE, wide), ["a", "b"])
    assert shapely.coverage_is_valid(clean)
    (overlap,) = [repair for repair in told if repair.what == "overlap"]
    assert overlap.of == ("a", "b")
    assert overlap.change_m2 == pytest.approx(7.74 * 1111.6, rel=0.01)
    assert sum(repair.change_m2 for repair in told if repair.what == "border") == pytest.approx(
        -overlap.change_m2, rel=0.01
    )


def test_a_narrow_gap_is_closed_and_told_and_a_wide_one_is_left() -> None:
    narrow = shapely.box(122.01002, 46.00, 122.02, 46.01)
    wide = shapely.box(122.0110, 46.00, 122.02, 46.01)
    bridge = shapely.box(122.00, 46.01, 122.02, 46.02), shapely.box(122.00, 45.99, 122.02, 46.00)
    clean, told = coverage(array(SQUARE, narrow, *bridge), ["a", "b", "n", "s"])
    assert shapely.coverage_is_valid(clean)
    assert [repair.what for repair in told if repair.what == "gap"] == ["gap"]
    assert len(shapely.get_parts(shapely.union_all(clean))[0].interiors) == 0
    clean, told = coverage(array(SQUARE, wide, *bridge), ["a", "b", "n", "s"])
    assert len(shapely.get_parts(shapely.union_all(clean))[0].interiors) == 1


def test_overlaps_name_the_pair_and_its_share() -> None:
    half = shapely.box(122.005, 46.00, 122.015, 46.01)
    (pair,) = overlaps(array(SQUARE, half))
    assert (pair.first, pair.second) == (0, 1)
    assert pair.share == pytest.approx(0.5, rel=1e-3)


@given(st.lists(st.floats(-2e-5, 2e-5), min_size=18, max_size=18))
def test_cells_whose_corners_were_digitised_twice_become_a_coverage(moves: list[float]) -> None:
    corner = iter(moves)
    cells = [
        shapely.Polygon([
            (122 + x * 0.01 + next(corner), 46), (122.01 + x * 0.01, 46 + next(corner)),
            (122.01 + x * 0.01 + next(corner), 46.01), (122 + x * 0.01, 46.01),
        ])
        for x in range(6)
    ]  # fmt: skip
    clean, _ = coverage(array(*cells), [str(k) for k in range(6)])
    assert shapely.coverage_is_valid(clean)
    before, after = crs.areas_m2(cells), crs.areas_m2(clean)
    assert np.abs(after - before).max() < 10 * 1111
