"""The share of a disc of uncertainty in each area, against shapely in a plane of its own."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from benchmarks.coverages import clustered
from geo.accuracy import NOBODY, Disc, Geometries, Outlines, bands, boxes, circle_and_edge, on_the_plane

# Five by five cells of a hundredth of a degree; one with a hole that nobody has, one in two parts with its neighbour.
EDGES = np.round(np.arange(122.0, 122.055, 0.01), 2)


def cells() -> Iterator[shapely.Geometry]:
    for west in EDGES[:-1]:
        for south in EDGES[:-1] - 76:
            yield shapely.box(west, south, west + 0.01, south + 0.01)


def areas() -> np.ndarray:
    made = np.array(list(cells()), dtype=object)
    made[7] = shapely.difference(made[7], made[7].centroid.buffer(0.002))
    corner = shapely.box(122.01, 46.0, 122.012, 46.002)
    made[5], made[24] = shapely.difference(made[5], corner), shapely.union(made[24], corner)
    return made


AREAS = areas()
OUTLINES = Outlines.of(AREAS)
EARTH = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def winding() -> Geometries:
    return clustered(400, seed=3)


LON = st.floats(121.99, 122.06)
LAT = st.floats(45.99, 46.06)
RADIUS = st.floats(0.5, 3_000.0)


def on_the_ground(lon: float, lat: float, shapes: Geometries) -> Geometries:
    """As they lie in the azimuthal equidistant plane about a point, edges kept straight in degrees."""
    plane = CRS.from_proj4(f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84")
    move = Transformer.from_crs("EPSG:4326", plane, always_xy=True).transform
    return shapely.transform(shapely.segmentize(shapes, 0.0005), lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])))


def by_shapely(lon: float, lat: float, radius_m: float) -> np.ndarray:
    """The shares by a polygon of 4,096 sides in the place of the circle; the last is what nobody has."""
    disc = shapely.buffer(shapely.Point(0, 0), radius_m, quad_segs=1024)
    held = shapely.area(shapely.intersection(on_the_ground(lon, lat, AREAS), disc)) / shapely.area(disc)
    return np.append(held, 1 - held.sum())


def shares(lon: float, lat: float, radius_m: float) -> np.ndarray:
    found = bands(np.array([lon]), np.array([lat]), np.array([radius_m]), OUTLINES)
    made = np.zeros(len(AREAS) + 1)
    made[found.slot] = found.share  # NOBODY is the last
    return made


@settings(max_examples=60, deadline=None)
@given(lon=LON, lat=LAT, radius_m=RADIUS)
def test_shares_are_those_that_shapely_finds(lon: float, lat: float, radius_m: float) -> None:
    expected, found = by_shapely(lon, lat, radius_m), shares(lon, lat, radius_m)
    if found.any():
        assert found.sum() == pytest.approx(1.0, abs=1e-9)
        assert np.abs(found - expected).max() < 1e-4
    else:
        assert expected.max() > 1 - 1e-4  # it lies in one alone, or outside of all


@settings(max_examples=40, deadline=None)
@given(points=st.lists(st.tuples(LON, LAT, RADIUS), max_size=6))
def test_many_discs_are_answered_as_each_by_itself(points: list[tuple[float, float, float]]) -> None:
    lon, lat, radius_m = np.array(points, dtype=float).reshape(-1, 3).T
    together = bands(lon, lat, radius_m, OUTLINES)
    assert (np.diff(together.point) >= 0).all()
    for position in range(len(points)):
        rows = together.slices.get(position, slice(0, 0))
        alone = bands(lon[[position]], lat[[position]], radius_m[[position]], OUTLINES)
        assert together.slot[rows].tolist() == alone.slot.tolist()
        assert together.share[rows] == pytest.approx(alone.share, abs=1e-12)


def test_a_disc_on_a_straight_edge_lies_half_in_each() -> None:
    found = bands(np.array([122.01]), np.array([46.025]), np.array([100.0]), OUTLINES)
    assert found.share == pytest.approx([0.5, 0.5], abs=1e-6)


def test_what_a_disc_has_outside_of_all_comes_last() -> None:
    found = bands(np.array([122.0]), np.array([46.025]), np.array([50.0]), OUTLINES)
    assert found.slot[-1] == NOBODY
    assert found.share[-1] == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("radius_m", [0.0, np.nan])
def test_a_point_without_a_radius_has_no_disc(radius_m: float) -> None:
    found = bands(np.array([122.01]), np.array([46.025]), np.array([radius_m]), OUTLINES)
    assert (found.point.size, found.slices) == (0, {})


@given(lon=LON, lat=LAT, radius_m=RADIUS, angle=st.floats(0, 2 * np.pi))
def test_a_box_holds_its_disc(lon: float, lat: float, radius_m: float, angle: float) -> None:
    west, south, east, north = (side[0] for side in boxes(np.array([lon]), np.array([lat]), np.array([radius_m])))
    x, y, _ = EARTH.fwd(lon, lat, np.degrees(angle), radius_m)
    assert west <= x <= east
    assert south <= y <= north


@settings(deadline=None)
@given(
    square=st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.1, 5), st.floats(0.1, 5)),
    radius=st.floats(0.1, 5),
)
@example(square=(-0.0, -0.0, 1.0, 1.0), radius=1.0)
def test_a_circle_and_a_rectangle_have_in_common_what_shapely_says(
    square: tuple[float, float, float, float], radius: float
) -> None:
    x, y, width, height = square
    ring = shapely.get_coordinates(shapely.box(x, y, x + width, y + height, ccw=True))
    edges = pairwise(ring.tolist())
    held = sum(circle_and_edge(ax, ay, bx, by, radius) for (ax, ay), (bx, by) in edges)
    disc = shapely.buffer(shapely.Point(0, 0), radius, quad_segs=4096)
    expected = shapely.intersection(shapely.box(x, y, x + width, y + height), disc).area
    assert held == pytest.approx(expected, abs=1e-5 * radius**2)


@settings(deadline=None)
@given(lon=LON, lat=st.floats(-70, 70), far_m=st.floats(0, 5_000), towards=st.floats(0, 360))
def test_the_plane_about_a_point_keeps_distances_and_directions(
    lon: float, lat: float, far_m: float, towards: float
) -> None:
    east, north, _ = EARTH.fwd(lon, lat, towards, far_m)
    disc = Disc(lon, lat, 1.0, 1.0, 1.0, np.sin(np.radians(lat)), np.cos(np.radians(lat)))
    x, y = on_the_plane(disc, east - lon, north - lat)
    expected = far_m * np.sin(np.radians(towards)), far_m * np.cos(np.radians(towards))
    assert (x, y) == pytest.approx(expected, abs=far_m * 1e-6 + 1e-7)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), radius_m=st.sampled_from([3.0, 40.0, 180.0, 900.0]))
def test_shares_in_winding_areas_are_those_that_shapely_finds(winding: Geometries, seed: int, radius_m: float) -> None:
    """Rings with many vertices, most of them far away, and some on the very border of the box."""
    rng = np.random.default_rng(seed)
    lon, lat = (rng.permutation(shapely.get_coordinates(winding))[0] + rng.normal(0, 0.002, 2)).tolist()
    found = bands(np.array([lon]), np.array([lat]), np.array([radius_m]), Outlines.of(winding))
    disc = shapely.buffer(shapely.Point(0, 0), radius_m, quad_segs=1024)
    near = shapely.intersects(winding, shapely.Point(lon, lat).buffer(0.03))
    held = np.zeros(len(winding))
    common = shapely.intersection(on_the_ground(lon, lat, winding[near]), disc)
    held[near] = shapely.area(common) / (np.pi * radius_m**2)
    made = np.zeros(len(winding) + 1)
    made[found.slot] = found.share
    expected = np.append(held, 1 - held.sum())
    assert np.abs(made - expected).max() < 1e-4 or (not made.any() and expected.max() > 1 - 1e-4)
