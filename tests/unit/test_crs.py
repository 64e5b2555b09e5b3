import geocoordinates_ffi as oracle
import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo import crs
from geo.errors import BadCoordinate, UndeclaredCrs, UnknownCrs

EVERYWHERE = {"lon": st.floats(-180, 180), "lat": st.floats(-89.9, 89.9)}
IN_CHINA = {"lon": st.floats(73.5, 135.0), "lat": st.floats(18.0, 53.6)}


def one(*values: float) -> list[np.ndarray]:
    return [np.array([value]) for value in values]


def metres(lon: np.ndarray, lat: np.ndarray, lon2: np.ndarray, lat2: np.ndarray) -> float:
    return float(np.max(Geod(ellps="WGS84").inv(lon, lat, lon2, lat2)[2]))


@given(**IN_CHINA)
def test_gcj02_and_back_is_the_same_point_to_a_micrometre(lon: float, lat: float) -> None:
    assert metres(*one(lon, lat), *crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(*one(lon, lat)))) < 1e-6


@given(**IN_CHINA)
def test_bd09_and_back_is_the_same_point_to_a_micrometre(lon: float, lat: float) -> None:
    assert metres(*one(lon, lat), *crs.bd09_to_wgs84(*crs.wgs84_to_bd09(*one(lon, lat)))) < 1e-6


@given(**EVERYWHERE)
def test_gcj02_agrees_with_the_oracle_inside_and_outside_of_china(lon: float, lat: float) -> None:
    expected = oracle.wgs84_to_gcj02(oracle.Wgs84(lat=lat, lon=lon))
    assert metres(*one(expected.lon, expected.lat), *crs.wgs84_to_gcj02(*one(lon, lat))) < 1e-6


@given(**IN_CHINA)
def test_bd09_agrees_with_the_oracle(lon: float, lat: float) -> None:
    expected = oracle.wgs84_to_bd09(oracle.Wgs84(lat=lat, lon=lon))
    assert metres(*one(expected.lon, expected.lat), *crs.wgs84_to_bd09(*one(lon, lat))) < 1e-6


def test_a_million_points_of_the_league_come_back_to_a_micrometre() -> None:
    random = np.random.default_rng(7)
    lon, lat = random.uniform(119, 124, 100_000), random.uniform(44, 47.5, 100_000)
    for there, back in ((crs.wgs84_to_gcj02, crs.gcj02_to_wgs84), (crs.wgs84_to_bd09, crs.bd09_to_wgs84)):
        assert metres(lon, lat, *back(*there(lon, lat))) < 1e-6
        assert 400 < metres(lon[:1], lat[:1], *there(lon[:1], lat[:1])) < 1500


def test_points_outside_of_china_stay_as_they_are() -> None:
    lon, lat = np.array([2.35, -70.6, 139.7]), np.array([48.85, -33.4, 35.7])
    assert np.array_equal(crs.wgs84_to_gcj02(lon, lat), (lon, lat))
    assert np.array_equal(crs.gcj02_to_wgs84(lon, lat), (lon, lat))


def test_cgcs2000_is_equal_to_storage() -> None:
    lon, lat = crs.points_to_storage(*one(122.07, 46.08), "EPSG:4490")
    assert (lon[0], lat[0]) == (122.07, 46.08)


def test_gauss_kruger_eastings_come_back_to_a_millimetre() -> None:
    for lon, lat in ((120.3, 46.0), (121.9, 46.5)):
        zone = f"EPSG:{crs.gauss_kruger(lon)}"
        x, y = crs.points_from_storage(*one(lon, lat), zone)
        assert 200_000 < x[0] < 800_000
        assert metres(*one(lon, lat), *crs.points_to_storage(x, y, zone)) < 1e-3


@pytest.mark.parametrize(
    ("lon", "width", "code"),
    [(120.0, 3, 4549), (121.49, 3, 4549), (121.5, 3, 4550), (123.0, 3, 4550), (122.0, 6, 4510), (75.0, 3, 4534)],
)
def test_the_zone_of_a_longitude_is_the_one_of_the_nearest_meridian(lon: float, width: int, code: int) -> None:
    assert crs.gauss_kruger(lon, width_deg=width) == code


def test_a_longitude_outside_of_the_zones_is_refused() -> None:
    with pytest.raises(BadCoordinate, match="no 3-degree zone"):
        crs.gauss_kruger(2.0)


@pytest.mark.parametrize("name", [None, "", "  "])
def test_an_undeclared_system_is_refused(name: str | None) -> None:
    with pytest.raises(UndeclaredCrs):
        crs.declared(name)


@pytest.mark.parametrize("name", ["gcj2", "EPSG:999999", "mars", "EPSG:4978", "EPSG:5773"])
def test_an_unknown_system_is_refused(name: str) -> None:
    with pytest.raises(UnknownCrs):
        crs.declared(name)


@pytest.mark.parametrize(
    ("lon", "lat"), [(np.nan, 1.0), (1.0, np.inf), (181.0, 0.0), (0.0, -90.1), (-np.inf, np.nan), (1e308, 1e308)]
)
def test_a_coordinate_that_is_no_place_names_its_row(lon: float, lat: float) -> None:
    with pytest.raises(BadCoordinate, match="Row 2"):
        crs.points_to_storage(np.array([120.0, lon]), np.array([46.0, lat]), "EPSG:4326")


def test_swapped_coordinates_are_named_as_such() -> None:
    with pytest.raises(BadCoordinate, match="look swapped"):
        crs.points_to_storage(np.array([46.0, 46.1]), np.array([122.0, 122.1]), "EPSG:4326")


def test_coordinates_in_metres_declared_as_degrees_are_named_as_such() -> None:
    with pytest.raises(BadCoordinate, match="metres"):
        crs.points_to_storage(np.array([500000.0]), np.array([5100000.0]), "EPSG:4490")


def test_a_frame_in_gcj02_comes_to_storage_and_keeps_what_is_empty() -> None:
    point = shapely.Point(122.0, 46.0)
    shifted = shapely.Point(*(float(v[0]) for v in crs.wgs84_to_gcj02(*one(122.0, 46.0))))
    stored = crs.to_storage(gpd.GeoDataFrame(geometry=[shifted, None]), "gcj02")
    assert stored.crs.to_epsg() == 4326
    assert stored.geometry[0].distance(point) < 1e-11
    assert stored.geometry[1] is None


def test_areas_and_lengths_are_geodesic_whatever_the_direction_of_the_ring() -> None:
    square = shapely.box(120, 46, 120.01, 46.01)
    hole = shapely.Polygon(square.exterior.coords, [shapely.box(120.004, 46.004, 120.006, 46.006).exterior.coords])
    # 0.01 degrees at 46 degrees north: 1,111.6 m by 774.4 m on the ellipsoid.
    areas = crs.areas_m2([square, square.reverse(), hole, shapely.MultiPolygon([square]), None, shapely.Point(1, 1)])
    assert areas[0] == pytest.approx(1111.6 * 774.4, rel=1e-3)
    assert areas[1] == areas[0] == areas[3]
    assert areas[2] == pytest.approx(areas[0] * 0.96, rel=1e-4)
    assert areas[4] == areas[5] == 0
    two = shapely.MultiLineString([[(120, 46), (120, 46.01)], [(121, 46), (121, 46.01), (121, 46.02)]])
    assert crs.lengths_m([two, shapely.Point(0, 0)]) == pytest.approx([3 * 1111.6, 0], rel=1e-4)


def test_the_equal_area_projection_agrees_with_the_geodesic_area() -> None:
    league = shapely.box(119, 44, 124, 47.5)
    dense = shapely.segmentize(league, 0.01)
    projected = gpd.GeoSeries([dense], crs=4326).to_crs(crs.equal_area(np.array([league])))
    assert projected.area[0] == pytest.approx(crs.areas_m2([dense])[0], rel=1e-5)


def test_points_in_gcj02_that_were_declared_as_wgs84_are_noticed() -> None:
    random = np.random.default_rng(3)
    x, y = np.meshgrid(122 + np.arange(30) * 0.003, 46 + np.arange(30) * 0.003)
    buildings = shapely.box(x.ravel(), y.ravel(), x.ravel() + 0.0005, y.ravel() + 0.0005)
    pick = random.integers(0, 900, 500)
    lon, lat = x.ravel()[pick] + 0.00025, y.ravel()[pick] + 0.00025
    assert not crs.evidence_of_gcj02(lon, lat, buildings).likely
    assert crs.evidence_of_gcj02(*crs.wgs84_to_gcj02(lon, lat), buildings).likely


def test_no_points_prove_no_shift() -> None:
    nowhere = np.array([])
    assert not crs.evidence_of_gcj02(nowhere, nowhere, np.array([shapely.box(0, 0, 1, 1)])).likely
