"""Tiles of areas, decoded by others and held against Shapely: valid, wound right, whole, each once, and in place."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks import coverages
from demo import counties
from tests.decoded import is_wound_right, layers_of, shapes_of
from tiles.encode import WIDER, encode
from tiles.mvt import BUFFER, Layers, layer_of_areas, layer_of_points, together
from tiles.quantise import EXTENT, quantised, units_at, world

Areas = NDArray[Any]
TILE = shapely.box(0, 0, EXTENT, EXTENT)
SQUARE = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
WIDEST = SQUARE.buffer(WIDER[-1], join_style="mitre")
AROUND = (-BUFFER - 9, -BUFFER - 9, EXTENT + BUFFER + 9, EXTENT + BUFFER + 9)
NEAR = 1.0
"""In tile units: what rounding and repair may move an edge by."""


@pytest.fixture(scope="module")
def real() -> Areas:
    """The six counties of 兴安盟, whose outlines have thousands of vertices."""
    return shapely.transform(counties.boundaries().geometry.to_numpy(), world)


@pytest.fixture(scope="module")
def winding() -> Areas:
    return shapely.transform(coverages.clustered(700, seed=5), world)


@pytest.fixture(scope="module")
def ragged() -> Areas:
    """Concave, with enclaves."""
    return shapely.transform(coverages.patchwork(500, seed=6), world)


def layer_of(areas: Areas, zoom: int) -> tuple[Layers, Areas]:
    whole = quantised(areas, zoom)
    return layer_of_areas("unit", np.arange(len(areas)), whole, {"n": list(range(len(areas)))}), whole


def tiles_at(whole: Areas, zoom: int, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Tiles around vertices, and some anywhere in the box."""
    vertices = shapely.get_coordinates(whole)
    around = vertices[rng.integers(len(vertices), size=count - count // 4)] + rng.normal(
        0, 300, (count - count // 4, 2)
    )
    west, north, east, south = shapely.total_bounds(whole)
    anywhere = rng.uniform([west, north], [east, south], (count // 4, 2))
    places = np.clip(np.floor(np.vstack([around, anywhere]) / EXTENT), 0, (1 << zoom) - 1).astype(int)
    return [(x, y) for x, y in places.tolist()]


def check(layer: Layers, whole: Areas, tree: shapely.STRtree, x: int, y: int) -> None:
    """One tile holds, of each area, what Shapely cuts out of it, and nothing else."""
    decoded = shapes_of(layers_of(layer.tile(x, y)).get("unit", {}))
    moved = -np.array([x * EXTENT, y * EXTENT])
    there = tree.query(shapely.transform(SQUARE, lambda at: at - moved))
    near = shapely.transform(whole[there], lambda at: at + moved)
    exact = dict(zip(there.tolist(), shapely.intersection(near, SQUARE), strict=True))
    outlines = dict(zip(there.tolist(), shapely.clip_by_rect(shapely.boundary(near), *AROUND), strict=True))
    inside = dict(zip(there.tolist(), shapely.area(shapely.intersection(near, TILE)), strict=True))
    assert {n for n, area in inside.items() if area > 0} <= set(decoded), "a feature is lost"
    for n, found in decoded.items():
        assert found.is_valid, shapely.is_valid_reason(found)
        assert is_wound_right(found)
        assert WIDEST.covers(found)
        strange = found.intersection(SQUARE).symmetric_difference(exact[n])
        if strange.area > 0:
            assert strange.difference(outlines[n].buffer(NEAR)).area == 0


def check_many(areas: Areas, zooms: range, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for zoom in zooms:
        layer, whole = layer_of(areas, zoom)
        tree = shapely.STRtree(whole)
        for x, y in tiles_at(whole, zoom, count, rng):
            check(layer, whole, tree, x, y)


def test_tiles_of_real_boundaries_hold_what_shapely_cuts(real: Areas) -> None:
    check_many(real, range(5, 17), 9, seed=1)


def test_tiles_of_winding_units_hold_what_shapely_cuts(winding: Areas) -> None:
    check_many(winding, range(8, 17), 12, seed=2)


def test_tiles_of_ragged_units_with_enclaves_hold_what_shapely_cuts(ragged: Areas) -> None:
    check_many(ragged, range(8, 17), 12, seed=3)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["real", "winding", "ragged"])
def test_ten_thousand_tiles_hold_what_shapely_cuts(kind: str, request: pytest.FixtureRequest) -> None:
    check_many(request.getfixturevalue(kind), range(6, 17), 304, seed=4)


@pytest.mark.parametrize("zoom", [9, 12, 16])
def test_neighbours_share_their_edges_in_a_tile(winding: Areas, zoom: int) -> None:
    layer, whole = layer_of(winding, zoom)
    rng = np.random.default_rng(8)
    for x, y in tiles_at(whole, zoom, 12, rng):
        parts = list(shapes_of(layers_of(layer.tile(x, y)).get("unit", {})).values())
        cut = shapely.intersection(np.array(parts, dtype=object), TILE)
        # No gap and no overlap beside what the few repaired ones differ by.
        assert abs(shapely.area(cut).sum() - shapely.area(shapely.union_all(cut))) < 1


def test_the_areas_of_a_zoom_are_a_coverage_within_a_tile_unit_of_what_they_were(winding: Areas) -> None:
    for zoom in (8, 11, 14, 16):
        whole = quantised(winding, zoom)
        assert shapely.is_valid(whole).all()
        assert np.array_equal(shapely.get_coordinates(whole), np.rint(shapely.get_coordinates(whole)))
        exact = shapely.transform(winding, lambda at, zoom=zoom: at * units_at(zoom))
        strange = shapely.area(shapely.symmetric_difference(whole, exact))
        assert (strange <= shapely.length(exact) + 4).all()


def star(turns: list[float], radii: list[float], size: float) -> Any:
    """A polygon around a place, with a vertex at each turn of a circle."""
    angles = np.cumsum(turns) / np.sum(turns) * 2 * np.pi
    return shapely.Polygon(np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(radii)[:, None] * size)


@st.composite
def areas_around(draw: st.DrawFn) -> Any:
    """Wiggly, tiny, holed and in several parts, about a corner of four tiles, in tile units."""
    n = draw(st.integers(3, 40))
    radii = draw(st.lists(st.floats(0.05, 1), min_size=n, max_size=n))
    turns = draw(st.lists(st.floats(0.2, 1), min_size=n, max_size=n))
    size = draw(st.sampled_from([0.2, 0.7, 3.0, 40.0, 90.0, 5000.0]))
    area = star(turns, radii, size)
    if draw(st.booleans()):
        area = area.difference(shapely.affinity.scale(star(turns[::-1], radii[::-1], size), 0.5, 0.5, origin=(0, 0)))
    if draw(st.booleans()):
        area = shapely.union(area, shapely.affinity.translate(area, 2.5 * size, 0.3 * size))
    dx, dy = draw(st.floats(-200, 200)), draw(st.floats(-200, 200))
    return shapely.affinity.translate(shapely.make_valid(area), dx, dy)


@settings(max_examples=250, deadline=None)
@given(areas_around())
@example(shapely.box(-64, -64, 4160, 4160))
@example(shapely.box(-65, 0, -64, 9))
@example(shapely.Polygon([(-80, 0), (0, 1), (-80, 2), (-80, 3), (0, 4), (-80, 5), (-90, 2)]))
@example(shapely.Polygon([(-70, 5), (-64, 10), (-70, 15), (10, 20), (-70, 25)]))
def test_any_area_at_the_corner_of_four_tiles_is_cut_as_shapely_cuts_it(area: Any) -> None:
    if area.is_empty or area.area == 0:
        return
    zoom, middle = 16, 1 << 15
    placed = shapely.transform(np.array([area]), lambda at: (at + middle * EXTENT) / units_at(zoom))
    layer, whole = layer_of(placed, zoom)
    tree = shapely.STRtree(whole)
    for x in (middle - 1, middle):
        for y in (middle - 1, middle):
            check(layer, whole, tree, x, y)


def test_what_is_smaller_than_a_tile_unit_is_one_square_of_it() -> None:
    speck = shapely.transform(np.array([shapely.box(122.0, 46.0, 122.0000001, 46.0000001)]), world)
    for zoom in (3, 10, 16):
        layer, whole = layer_of(speck, zoom)
        west, north = shapely.bounds(whole)[0, :2]
        (seen,) = shapes_of(layers_of(layer.tile(int(west // EXTENT), int(north // EXTENT)))["unit"]).values()
        assert seen.area == 1


def left_to_geos(layer: Layers, x: int, y: int) -> int:
    return len(encode(layer.columns, x * EXTENT, y * EXTENT)[2])


@pytest.mark.parametrize("name", ["winding", "ragged", "real"])
def test_no_area_of_a_usual_coverage_is_left_to_geos(name: str, request: pytest.FixtureRequest) -> None:
    layer, whole = layer_of(request.getfixturevalue(name), 14)
    places = tiles_at(whole, 14, 200, np.random.default_rng(9))
    assert sum(left_to_geos(layer, x, y) for x, y in places) <= 1


def test_a_needle_that_is_nowhere_plain_on_the_border_is_cut_by_geos() -> None:
    middle = 1 << 15
    needle = shapely.Polygon([(0, 0), (100, 0), (100, 2), (5000, 3), (100, 3), (100, 9), (0, 9)])
    placed = shapely.transform(np.array([needle]), lambda at: (at + middle * EXTENT) / units_at(16))
    layer, whole = layer_of(placed, 16)
    assert left_to_geos(layer, middle, middle) == 1
    check(layer, whole, shapely.STRtree(whole), middle, middle)


def test_a_point_is_in_one_tile_also_on_the_border_of_four() -> None:
    places = np.array([[4096.0, 4096.0], [4095.9, 4096.0], [0.0, 0.0]])
    layer = layer_of_points("label", np.array([5, 6, 7]), places, {"name": ["甲", "乙", None]})
    seen = {
        (x, y): {one["id"]: one["properties"] for one in layers_of(layer.tile(x, y)).get("label", [])}
        for x in (0, 1)
        for y in (0, 1)
    }
    assert seen == {(1, 1): {5: {"name": "甲"}}, (0, 1): {6: {"name": "乙"}}, (0, 0): {7: {}}, (1, 0): {}}


def test_attributes_come_back_as_they_were_and_none_is_left_out() -> None:
    areas = quantised(np.array([shapely.box(0.1, 0.1, 0.2, 0.2), shapely.box(0.2, 0.1, 0.3, 0.2)]), 0)
    told = {"text": ["网格 A", None], "whole": [2**40, 0], "part": [0.5, None], "yes": [True, False]}
    first, second = layers_of(layer_of_areas("unit", np.array([3, 2**40]), areas, told).tile(0, 0))["unit"]
    assert (first["id"], second["id"]) == (3, 2**40)
    assert first["properties"] == {"text": "网格 A", "whole": 2**40, "part": 0.5, "yes": True}
    assert second["properties"] == {"whole": 0, "yes": False}


@pytest.mark.parametrize("zoom", [7, 11, 15])
def test_layers_together_are_what_each_is_alone(real: Areas, winding: Areas, ragged: Areas, zoom: int) -> None:
    whole = [layer_of(areas, zoom) for areas in (real, winding, ragged)]
    middles = shapely.get_coordinates(shapely.centroid(ragged)) * units_at(zoom)
    points = layer_of_points("label", np.arange(len(middles)), middles, {"n": list(range(len(middles)))})
    nothing = layer_of_points("none", np.array([], np.int64), np.empty((0, 2)), {})
    alone = [whole[0][0], points, whole[1][0], nothing, whole[2][0], points]
    stack = together(alone)
    for x, y in tiles_at(whole[2][1], zoom, 40, np.random.default_rng(zoom)):
        assert stack.tile(x, y) == b"".join(layer.tile(x, y) for layer in alone)


def test_a_layer_without_features_is_no_layer() -> None:
    empty = layer_of_areas("unit", np.array([], np.int64), np.array([], object), {"n": []})
    assert empty.tile(0, 0) == b""
    assert layer_of_points("unit", np.array([], np.int64), np.empty((0, 2)), {}).tile(0, 0) == b""
