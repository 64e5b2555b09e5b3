"""Gaps between units, against what shapely leaves of the whole; and which of overlapping areas is guilty."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import crs, gaps
from geo.gaps import Suspects
from geo.repair import OVERLAP_SHARE, guilty, overlaps

SIDE = 5
_SQUARES = np.array(
    [
        shapely.box(122 + k % SIDE * 0.01, 46 + k // SIDE * 0.01, 122.01 + k % SIDE * 0.01, 46.01 + k // SIDE * 0.01)
        for k in range(SIDE**2)
    ],
    dtype=object,
)
CELLS = shapely.set_precision(_SQUARES, 1e-9)
CODES = [f"c{k:02}" for k in range(SIDE**2)]
NOBODY = Suspects(np.array([], dtype=object), [], frozenset())


@given(st.sets(st.integers(0, SIDE**2 - 1), max_size=8))
def test_the_gaps_are_what_is_left_of_the_refused_areas_and_each_names_its_own(missing: set[int]) -> None:
    kept = np.array([k for k in range(SIDE**2) if k not in missing])
    gone = sorted(missing)
    suspects = Suspects(CELLS[gone], [CODES[k] for k in gone], frozenset())
    found = gaps.gaps(CELLS[kept], [CODES[k] for k in kept], suspects)
    left = shapely.union_all([gap.area for gap in found]) if found else shapely.Point()
    assert left.symmetric_difference(shapely.union_all(CELLS[gone])).area < 1e-12
    assert all(gap.why == "refused" and set(gap.of) <= {CODES[k] for k in gone} for gap in found)
    assert [gap.square_m for gap in found] == sorted((gap.square_m for gap in found), reverse=True)


def test_a_hole_that_nobody_is_to_blame_for_names_those_around_it() -> None:
    kept = np.array([k for k in range(SIDE**2) if k != 12])
    (gap,) = gaps.gaps(CELLS[kept], [CODES[k] for k in kept], NOBODY)
    assert (gap.why, gap.of) == ("hole", ("c06", "c07", "c08", "c11", "c13", "c16", "c17", "c18"))
    assert gap.square_m == pytest.approx(crs.areas_m2([CELLS[12]])[0], rel=1e-4)


def test_a_hole_beside_a_broken_ring_names_it() -> None:
    kept = np.array([k for k in range(SIDE**2) if k != 12])
    (gap,) = gaps.gaps(CELLS[kept], [CODES[k] for k in kept], Suspects(CELLS[:0], [], frozenset({"c07"})))
    assert (gap.why, gap.of) == ("broken_ring", ("c07",))


def test_areas_without_gaps_have_none_and_neither_has_nothing() -> None:
    assert gaps.gaps(CELLS, CODES, NOBODY) == []
    assert gaps.gaps(CELLS[:0], [], NOBODY) == []


def test_gaps_are_written_for_a_map_program(tmp_path: Path) -> None:
    kept = np.array([k for k in range(SIDE**2) if k not in (6, 12)])
    found = gaps.gaps(CELLS[kept], [CODES[k] for k in kept], Suspects(CELLS[[6]], ["c06"], frozenset()))
    gaps.write(tmp_path / "a.geojson", found)
    read = gpd.read_file(tmp_path / "a.geojson")
    assert sorted(read["why"]) == ["hole", "refused"]
    assert (
        shapely.union_all(read.geometry.to_numpy()).symmetric_difference(shapely.union_all(CELLS[[6, 12]])).area < 1e-12
    )


@given(st.integers(0, 19))
def test_of_areas_under_a_large_one_none_is_refused_wherever_it_stands_in_the_file(place: int) -> None:
    large = shapely.union_all(CELLS[[6, 7, 11, 12]])
    areas = np.array([*CELLS[:place], large, *CELLS[place:]], dtype=object)
    assert [one for one, _ in guilty(overlaps(areas))] == [place]


def test_of_two_that_cover_one_another_the_broken_one_goes_and_else_the_later() -> None:
    areas = np.array([*CELLS, CELLS[3]], dtype=object)
    pairs = overlaps(areas)
    assert [one for one, _ in guilty(pairs)] == [len(CELLS)]
    assert [one for one, _ in guilty(pairs, {3})] == [3]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 20)), max_size=12))
def test_without_the_guilty_no_two_areas_overlap_by_far(boxes: list[tuple[int, int, int]]) -> None:
    areas = np.array([shapely.box(x, y, x + size, y + size) for x, y, size in boxes], dtype=object)
    areas = shapely.transform(areas, lambda xy: [122, 46] + xy / 1000)
    gone = {one for one, _ in guilty(overlaps(areas))}
    left = [pair for pair in overlaps(areas) if not {pair.first, pair.second} & gone]
    assert all(pair.share <= OVERLAP_SHARE for pair in left)
