"""Coverages: what is an area, what tiles, and what a parent is."""

from random import Random

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.topology import NotACoverage, area_faults, faults, multi, require_coverage, unions

BOW_TIE = shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))")


def geometries(*shapes: object) -> np.ndarray:
    return np.array([*shapes, None], dtype=object)[:-1]  # the None keeps numpy from looking into the shapes


def square(x: float, y: float, size: float = 1) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def test_squares_side_by_side_are_a_coverage() -> None:
    tiles = geometries(square(0, 0), square(1, 0), square(0, 1))
    assert faults(tiles).size == 0
    require_coverage(tiles, ["a", "b", "c"])


def test_areas_apart_are_a_coverage() -> None:
    require_coverage(geometries(square(0, 0), square(5, 5)), ["a", "b"])


@pytest.mark.parametrize(
    "other",
    [
        square(0.5, 0),  # overlaps
        square(0, 0),  # lies on it
        shapely.from_wkt("POLYGON ((1 0.5, 2 0.5, 2 1.5, 1 1.5, 1 0.5))"),  # touches with a node that the edge lacks
        shapely.from_wkt("POLYGON ((1 0, 2 0, 2 1, 1 1, 1.000000001 0.5, 1 0))"),  # leaves a tenth of a millimetre
    ],
)
def test_overlaps_and_unequal_nodes_are_named(other: shapely.Polygon) -> None:
    tiles = geometries(square(9, 9), square(0, 0), other)
    assert faults(tiles).tolist() == [1, 2]
    with pytest.raises(NotACoverage, match="2 at fault, among them one, two"):
        require_coverage(tiles, ["apart", "one", "two"])


def with_node(y: float) -> shapely.Polygon:
    return shapely.transform(shapely.Polygon([(0, 0), (1, 0), (1, 1)]), lambda xy: np.where(xy == [1, 1], [1, y], xy))


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (None, "it has none"),
        (shapely.Polygon(), "it has none"),
        (shapely.MultiPolygon(), "it has none"),
        (BOW_TIE, "Self-intersection"),
        (shapely.from_wkt("POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0), (2 2, 3 2, 3 3, 2 2))"), "Hole lies outside shell"),
        (shapely.Point(0, 0), "a Point is no area"),
        (shapely.LineString([(0, 0), (1, 1)]), "a LineString is no area"),
        (shapely.GeometryCollection([square(0, 0)]), "a GeometryCollection is no area"),
        (square(180, 0), "it does not lie on earth in degrees"),
        (square(500_000, 4_600_000), "it does not lie on earth in degrees"),
        (with_node(np.nan), "Invalid Coordinate"),
        (with_node(np.inf), "Invalid Coordinate"),
    ],
)
def test_what_is_no_area_says_why(shape: object, why: str) -> None:
    found = area_faults(geometries(square(0, 0), shape))
    assert found.keys() == {1}
    assert found[1].startswith(why)


def test_polygons_with_holes_parts_and_heights_are_areas() -> None:
    ring = square(0, 0, 3).difference(square(1, 1))
    assert area_faults(
        geometries(ring, shapely.MultiPolygon([square(5, 5), square(7, 7)]), square(180, 89, 0.0001))
    ) == {2: "it does not lie on earth in degrees"}
    assert area_faults(geometries(shapely.force_3d(square(0, 0), 7.0))) == {}


def test_an_area_within_another_is_named() -> None:
    assert faults(geometries(square(0, 0), square(0.25, 0.25, 0.5))).tolist() == [1]


def test_areas_are_stored_as_multipolygons() -> None:
    both = shapely.MultiPolygon([square(0, 0), square(2, 2)])
    out = multi(geometries(square(5, 5), both))
    assert [shape.geom_type for shape in out] == ["MultiPolygon", "MultiPolygon"]
    assert out[0].geoms[0] == square(5, 5)
    assert out[1] == both


@given(
    owners=st.lists(st.integers(0, 5), min_size=16, max_size=16),
    above=st.lists(st.integers(0, 2), min_size=6, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_a_parent_is_the_union_of_its_children_in_whatever_order(
    owners: list[int], above: list[int], order: Random
) -> None:
    """Sixteen squares, each under one of six communities, each of those under one of three banners, under a league."""
    areas = {f"m{i}": square(i % 4, i // 4) for i in range(16)}
    children: dict[str, list[str]] = {}
    for i, owner in enumerate(owners):
        children.setdefault(f"c{owner}", []).append(f"m{i}")
    for owner in sorted(set(owners)):
        children.setdefault(f"b{above[owner]}", []).append(f"c{owner}")
    children["l"] = sorted(name for name in children if name.startswith("b"))
    made = unions(children, areas)
    assert made.keys() == children.keys()
    leaves = {name: {name} for name in areas}
    for name in sorted(children, key=lambda name: "cbl".index(name[0])):
        leaves[name] = set().union(*(leaves[child] for child in children[name]))
        expected = shapely.union_all([areas[leaf] for leaf in sorted(leaves[name])])
        assert made[name].equals(expected), name
    shuffled = {name: order.sample(group, len(group)) for name, group in children.items()}
    again = unions(dict(order.sample(list(shuffled.items()), len(shuffled))), areas)
    assert all(again[name] == made[name] for name in made)  # node by node
