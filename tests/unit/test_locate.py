"""The cell index against shapely and against plain fractions, where it hurts: on borders and beside them."""

from fractions import Fraction
from itertools import pairwise

import geopandas
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.coverages import border_points, clustered, mixed_points, patchwork
from geo.cell_blocks import owners_of
from geo.errors import BadCoordinate, BadGeometry, EmptyGeometry, MixedCrs, NotAnArea
from geo.locate import CellIndex

SQUARES = shapely.box([0, 1, 0, 1], [0, 0, 1, 1], [1, 2, 1, 2], [1, 1, 2, 2])


def lowest_by_shapely(polygons, x, y):
    """The lowest row that `intersects` each point: the tie rule, by another library."""
    rows, points = shapely.STRtree(shapely.points(x, y)).query(polygons, predicate="intersects")
    order = np.lexsort((rows, points))[::-1]
    owners = np.full(len(x), -1)
    owners[points[order]] = rows[order]
    return owners


def lowest_by_fractions(polygons, x, y):
    """The same by crossing numbers in rational arithmetic: nothing is rounded."""
    edges = [fraction_edges(polygon) for polygon in polygons]
    return np.array(
        [next((i for i, e in enumerate(edges) if covers(e, px, py)), -1) for px, py in zip(x, y, strict=True)]
    )


def fraction_edges(polygon):
    lines = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(polygon))]
    return [tuple(map(Fraction, (*a, *b))) for line in lines for a, b in pairwise(line)]


def covers(edges, px, py):
    px, py, inside = Fraction(float(px)), Fraction(float(py)), False
    for ax, ay, bx, by in edges:
        cross = (ax - px) * (by - py) - (ay - py) * (bx - px)
        if cross == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
            return True
        if (ay <= py) != (by <= py) and (cross > 0) == (by > ay):
            inside = not inside
    return inside


def is_on(edge, px, py):
    ax, ay, bx, by = edge
    in_box = min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by)
    return in_box and (ax - px) * (by - py) == (ay - py) * (bx - px)


def hostile_points(polygons, index, seed=1):
    """Vertices, midpoints, their neighbours by one unit in the last place, cell borders, and points anywhere."""
    rng = np.random.default_rng(seed)
    xy = shapely.get_coordinates(polygons)
    xy = np.vstack([xy, (xy[1:] + xy[:-1]) / 2])
    near = [np.nextafter(xy, to) for to in (np.inf, -np.inf)]
    mixed = [np.column_stack([near[0][:, 0], near[1][:, 1]]), np.column_stack([near[0][:, 0], xy[:, 1]])]
    low, high = xy.min(axis=0), xy.max(axis=0)
    anywhere = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), (300, 2))
    cells = index._cells
    lines = np.array([cells.x0, cells.y0]) + rng.integers(0, max(cells.columns, cells.rows), (100, 2)) / cells.per_unit
    beside = [np.nextafter(lines, to) for to in (np.inf, -np.inf)]
    return np.vstack([xy, *near, *mixed, anywhere, lines, *beside]).T.copy()


@st.composite
def coverages(draw, overlapping=False):
    """
    Units on a lattice: random labels join its squares to units with holes, islands and several parts.

    Vertices may be moved, collinear ones dropped (which leaves T-junctions), units left out (gaps), put down a
    second time with a shift (overlaps), and everything stretched and moved far away.
    """
    n = draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    moved = draw(st.booleans())
    lattice = np.stack(np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0)), axis=-1)
    lattice += rng.uniform(-0.3, 0.3, lattice.shape) * moved
    squares = [shapely.Polygon(lattice[[j, j, j + 1, j + 1], [i, i + 1, i + 1, i]]) for j in range(n) for i in range(n)]
    labels = rng.integers(0, draw(st.integers(1, n * n)), n * n)
    units = [shapely.union_all([s for s, k in zip(squares, labels, strict=True) if k == u]) for u in set(labels)]
    units = [u if moved else u.simplify(0) for u in units if draw(st.integers(0, 9))]
    if overlapping:
        shift = draw(st.sampled_from([0.0, 0.5, 0.25, 1e-12]))
        units += [shapely.transform(u, lambda xy: xy + shift) for u in units if draw(st.booleans())]
    scale = draw(st.sampled_from([(1.0, 1.0), (1e-5, 1e-5), (1e-9, 1.0), (3e-40, 7e-41), (1e12, 1e12), (0.1, 0.3)]))
    offset = draw(st.sampled_from([(0.0, 0.0), (121.5, 46.1), (-179.9, 1e-7)])) if min(scale) > 1e-8 else (0.0, 0.0)
    units = [shapely.transform(u, lambda xy: xy * scale + offset) for u in units]
    units = [u for u in units if u.is_valid and not u.is_empty]
    return np.array(units or [shapely.box(0, 0, 1, 1)], dtype=object)


@pytest.mark.parametrize("x", [0.5, 1.0])
def test_a_point_on_a_shared_edge_belongs_to_the_lower_unit(x):
    assert CellIndex.build(SQUARES).locate([x], [0.5]).tolist() == [0]
    assert CellIndex.build(SQUARES[::-1]).locate([1.0], [0.5]).tolist() == [2]


def test_a_point_on_a_corner_of_four_belongs_to_the_lowest():
    for turn in range(4):
        assert CellIndex.build(np.roll(SQUARES, turn)).locate([1.0], [1.0]).tolist() == [0]


def test_the_outer_border_belongs_to_its_unit_and_beyond_it_to_nobody():
    x = np.array([0.0, np.nextafter(0, -1), 2.0, np.nextafter(2, 3), 1e300, -1e300])
    assert CellIndex.build(SQUARES).locate(x, np.full(6, 0.5)).tolist() == [0, -1, 1, -1, -1, -1]


def test_a_hole_is_outside_unless_an_island_fills_it():
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    assert CellIndex.build([ring]).locate([1.5, 1.0, 0.5], [1.5, 1.5, 0.5]).tolist() == [-1, 0, 0]
    assert CellIndex.build([ring, shapely.box(1, 1, 2, 2)]).locate([1.5, 1.0], [1.5, 1.5]).tolist() == [1, 0]


def test_overlapping_units_give_the_lowest_never_another():
    units = np.array([shapely.box(1, 0, 3, 1), shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)], dtype=object)
    assert CellIndex.build(units).locate([0.5, 1.5, 2.5, 1.0, 2.0], [0.5] * 5).tolist() == [1, 0, 0, 0, 0]


@given(coverages())
@settings(max_examples=40, deadline=None)
def test_coverages_agree_with_fractions(polygons):
    index = CellIndex.build(polygons)
    x, y = hostile_points(polygons, index)
    pick = np.random.default_rng(0).permutation(len(x))[:150]
    assert index.locate(x[pick], y[pick]).tolist() == lowest_by_fractions(polygons, x[pick], y[pick]).tolist()


@given(coverages(overlapping=True), st.sampled_from([None, 4, 100, 5000]))
@settings(max_examples=120, deadline=None)
def test_coverages_with_overlaps_agree_with_shapely(polygons, cells):
    index = CellIndex.build(polygons, cells=cells)
    x, y = hostile_points(polygons, index)
    assert index.locate(x, y).tolist() == lowest_by_shapely(polygons, x, y).tolist()


@given(coverages(overlapping=True))
@settings(max_examples=30, deadline=None)
def test_one_point_at_a_time_gives_what_an_array_gives(polygons):
    index = CellIndex.build(polygons)
    x, y = hostile_points(polygons, index)
    assert [index.locate_one(*p) for p in zip(x.tolist(), y.tolist(), strict=True)] == index.locate(x, y).tolist()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (None, EmptyGeometry),
        (shapely.Polygon(), EmptyGeometry),
        (shapely.Point(0, 0), NotAnArea),
        (shapely.GeometryCollection([shapely.box(0, 0, 1, 1)]), NotAnArea),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), BadGeometry),
        (shapely.Polygon([(0, 0), (1, np.nan), (1, 0)]), BadGeometry),
        (shapely.Polygon([(0, 0), (1, np.inf), (1, 0)]), BadGeometry),
        (shapely.Polygon([(0, 0), (1, 1e31), (1, 0)]), BadGeometry),
    ],
)
def test_a_bad_polygon_is_refused_by_its_row(wrong, error):
    with pytest.raises(error, match="Row 4"):
        CellIndex.build(np.append(SQUARES, np.array([wrong], dtype=object)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_coordinate_that_is_not_finite_is_refused_by_its_row_or_taken_as_outside(value):
    index = CellIndex.build(SQUARES)
    with pytest.raises(BadCoordinate, match="Row 1"):
        index.locate([0.5, value], [0.5, 0.5])
    with pytest.raises(BadCoordinate, match="Row 1"):
        index.locate([0.5, 0.5], [0.5, value])
    assert index.locate([0.5, value], [0.5, 0.5], bad="outside").tolist() == [0, -1]


@pytest.mark.parametrize(
    "wrong", [["a", "b"], [True, False], np.array(["2026-01-01", "2026-01-02"], "M8[D]"), [1j, 2j]]
)
def test_what_is_no_number_is_refused_and_never_read_as_one(wrong):
    index = CellIndex.build(SQUARES)
    for lon, lat in ((wrong, [0.5, 0.5]), ([0.5, 0.5], wrong)):
        with pytest.raises(BadCoordinate, match="no numbers but"):
            index.locate(lon, lat)
    with pytest.raises(BadCoordinate, match="Row 1"):
        index.locate([0.5, 0.5], np.array([0.5, "x"], dtype=object))


def test_what_is_masked_or_missing_has_no_owner_whatever_stands_beneath():
    index = CellIndex.build(SQUARES)
    for x in (np.ma.array([0.5, 0.5], mask=[False, True]), pa.array([0.5, None]), [0.5, None]):
        assert index.locate(x, [0.5, 0.5], bad="outside").tolist() == [0, -1]
        with pytest.raises(BadCoordinate, match="Row 1"):
            index.locate(x, [0.5, 0.5])


def test_points_and_polygons_of_different_systems_are_refused():
    squares = geopandas.GeoSeries(SQUARES, crs=4326)
    points = geopandas.GeoSeries(shapely.points([0.5, 1.5], 0.5), crs=4326)
    index = CellIndex.build(squares)
    for same in (points, points.to_crs(4490), points.set_crs(None, allow_override=True)):
        assert index.locate_points(same).tolist() == [0, 1]
    with pytest.raises(MixedCrs, match="EPSG:4549"):
        index.locate_points(points.to_crs(4549))
    with pytest.raises(BadGeometry, match="Row 1 is in SRID 4490, row 0 in 4326"):
        CellIndex.build(np.array([shapely.set_srid(a, b) for a, b in zip(SQUARES[:2], (4326, 4490), strict=True)]))


def test_the_ends_of_the_earth_have_owners_and_heights_are_nothing():
    halves = shapely.force_3d(shapely.box([-180, 0], -90, [0, 180], 90), 7.5)
    index = CellIndex.build(halves)
    x, y = [-180, 180, -180, 180, 0, 0, np.nextafter(180, 181)], [-90, -90, 90, 90, 90, -90, 0]
    assert index.locate(x, y).tolist() == [0, 1, 0, 1, 0, 0, -1]
    assert index.on_edge(x, y).tolist() == [True] * 6 + [False]


@given(coverages(overlapping=True), st.sampled_from([None, 4, 5000]))
@settings(max_examples=40, deadline=None)
def test_a_point_is_on_an_edge_if_fractions_say_so(polygons, cells):
    index = CellIndex.build(polygons, cells=cells)
    x, y = hostile_points(polygons, index)
    pick = np.random.default_rng(0).permutation(len(x))[:150]
    edges = [edge for polygon in polygons for edge in fraction_edges(polygon)]
    assert index.on_edge(x[pick], y[pick]).tolist() == [
        any(is_on(edge, Fraction(px), Fraction(py)) for edge in edges)
        for px, py in zip(x[pick].tolist(), y[pick].tolist(), strict=True)
    ]


def test_on_edge_names_the_first_row_that_is_not_finite():
    x = np.full(600_000, 0.5)
    x[300_000] = np.inf
    with pytest.raises(BadCoordinate, match="Row 300000"):
        CellIndex.build(SQUARES).on_edge(x, x)


def test_a_column_of_points_may_be_a_series_an_array_or_arrow():
    index = CellIndex.build(SQUARES)
    x, y = np.random.default_rng(1).uniform(-0.5, 2.5, (2, 20_000))
    expected = index.locate(x, y).tolist()
    points = shapely.points(x, y)
    assert index.locate_points(points).tolist() == expected
    assert index.locate_points(geopandas.GeoSeries(points, index=range(5, 20_005)), threads=2).tolist() == expected
    for encoding in ("geoarrow", "WKB"):
        arrow = pa.array(geopandas.GeoSeries(points).to_arrow(geometry_encoding=encoding, interleaved=False))
        if encoding == "geoarrow":
            assert index.locate_points(arrow).tolist() == expected
            assert index.locate_points(arrow[100:200]).tolist() == expected[100:200]
        else:
            with pytest.raises(BadGeometry, match="not of GeoArrow points"):
                index.locate_points(arrow)
    interleaved = pa.array(geopandas.GeoSeries(points).to_arrow(geometry_encoding="geoarrow"))
    assert index.locate_points(pa.chunked_array([interleaved[:7], interleaved[7:]])).tolist() == expected


@pytest.mark.parametrize("wrong", [None, shapely.Point(), shapely.box(0, 0, 1, 1), shapely.Point(np.nan, 1)])
def test_what_is_no_point_in_a_column_is_refused_by_its_row_or_taken_as_outside(wrong):
    points = np.append(shapely.points(np.full(9_000, 0.5), 0.5), np.array([wrong], dtype=object))
    index = CellIndex.build(SQUARES)
    with pytest.raises(BadCoordinate, match="Row 9000"):
        index.locate_points(points)
    assert index.locate_points(points, bad="outside", threads=2)[-2:].tolist() == [0, -1]


def test_a_missing_arrow_row_is_named():
    rows = pa.array([{"x": 0.5, "y": 0.5}, None], pa.struct({"x": pa.float64(), "y": pa.float64()}))
    with pytest.raises(BadGeometry, match="Row 1 is missing"):
        CellIndex.build(SQUARES).locate_points(rows)


def test_read_only_arrays_are_answered_by_the_kernels_that_are_there():
    index, kernels = CellIndex.build(SQUARES), len(owners_of.signatures)
    x = np.array([0.5, 1.5])
    x.flags.writeable = False
    assert index.locate(x, x).tolist() == [0, 3]
    assert len(owners_of.signatures) == kernels == 1


def test_threads_share_the_points_and_change_nothing():
    index = CellIndex.build(SQUARES)
    x, y = np.random.default_rng(1).uniform(-0.5, 2.5, (2, 600_001))
    assert (index.locate(x, y, threads=3) == index.locate(x, y)).all()
    x[500_000] = np.nan
    with pytest.raises(BadCoordinate, match="Row 500000"):
        index.locate(x, y, threads=3)


def test_arrays_of_different_length_are_refused_and_empty_ones_are_answered():
    index = CellIndex.build(SQUARES)
    with pytest.raises(BadCoordinate, match="Shapes"):
        index.locate([0.5, 0.5], [0.5])
    assert index.locate([], []).tolist() == []
    with pytest.raises(BadCoordinate):
        index.locate_one(float("nan"), 0.5)


def test_no_polygons_are_an_index_that_owns_nothing():
    assert CellIndex.build(np.empty(0, dtype=object)).locate([0.0], [0.0]).tolist() == [-1]


def test_overlaps_are_listed_and_shared_borders_are_none():
    shifted = shapely.transform(SQUARES[:1], lambda xy: xy + 0.5)
    index = CellIndex.build(np.concatenate([SQUARES, shifted, SQUARES[3:]]))
    assert index.overlaps().tolist() == [[0, 4], [1, 4], [2, 4], [3, 4], [3, 5], [4, 5]]
    assert CellIndex.build(SQUARES).overlaps().tolist() == []


@given(coverages(overlapping=True))
@settings(max_examples=30, deadline=None)
def test_the_index_keeps_its_polygons(polygons):
    assert shapely.equals(CellIndex.build(polygons).polygons(), polygons).all()


@pytest.mark.parametrize("cells", [1, 100_000])
def test_a_border_of_thousands_of_vertices_in_one_cell_is_exact(cells):
    turn = np.linspace(0, 2 * np.pi, 4001)[:-1]
    radius = 1 + 0.01 * np.random.default_rng(3).random(4000)
    star = shapely.Polygon(np.column_stack([radius * np.cos(turn), radius * np.sin(turn)]))
    units = np.array([star, shapely.box(-9, -9, 9, 9).difference(star)], dtype=object)
    index = CellIndex.build(units, cells=cells)
    x, y = hostile_points(units, index)
    assert (index.locate(x, y) == lowest_by_shapely(units, x, y)).all()


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("make", [clustered, patchwork])
def test_millions_of_points_agree_with_shapely(make):
    polygons = make()
    index = CellIndex.build(polygons)
    for x, y in (mixed_points(polygons, 2_000_000), border_points(polygons)):
        assert np.count_nonzero(index.locate(x, y, threads=2) != lowest_by_shapely(polygons, x, y)) == 0
