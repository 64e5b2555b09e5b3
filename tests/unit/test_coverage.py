import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.coverage import coverage_of, nearest_of, reach_of
from geo.errors import BadColumn, Invalid, UndeclaredCrs

GEOD = Geod(ellps="WGS84")


def every_distance(homes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The oracle: all pairs, one by one."""
    return np.array([[GEOD.inv(*home, *place)[2] for place in places] for home in homes]).reshape(
        len(homes), len(places)
    )


def some_points(seed: int, count: int, spread: float) -> np.ndarray:
    return np.array([122.07, 46.08]) + np.random.default_rng(seed).normal(0, spread, (count, 2))


def squares(points: np.ndarray, **columns: object) -> gpd.GeoDataFrame:
    codes = [str(i) for i in range(len(points))]
    shapes = shapely.box(*(points - 1e-4).T, *(points + 1e-4).T)
    return gpd.GeoDataFrame({"code": codes, **columns}, geometry=shapes, crs="EPSG:4326")


def stations_at(points: np.ndarray) -> gpd.GeoDataFrame:
    names = [f"s{i}" for i in range(len(points))]
    return gpd.GeoDataFrame({"name": names}, geometry=gpd.points_from_xy(*points.T), crs="EPSG:4326")


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.001, 0.1, 3.0, 8.0]))
def test_the_nearest_place_and_the_reach_are_those_of_all_pairs(seed: int, n: int, m: int, spread: float) -> None:
    homes, places = some_points(seed, n, spread), some_points(seed + 1, m, spread)
    every = every_distance(homes, places)
    radius_m = float(np.median(every))
    nearest, distance_m = nearest_of(homes, places)
    np.testing.assert_allclose(distance_m, every.min(axis=1), rtol=1e-12, atol=1e-6)
    np.testing.assert_array_equal(nearest, every.argmin(axis=1))
    np.testing.assert_array_equal(reach_of(homes, places, radius_m), (every <= radius_m).sum(axis=1))


def test_of_two_stations_in_one_place_the_first_is_the_nearest() -> None:
    here = np.array([[122.0, 46.0]])
    nearest, _ = nearest_of(here + 0.01, np.vstack([here + 1, here, here]))
    assert nearest.tolist() == [1]


def test_a_degree_east_is_shorter_than_a_degree_north() -> None:
    homes = np.array([[122.0, 46.0]])
    places = np.array([[122.0, 46.9], [123.0, 46.0]])
    nearest, distance_m = nearest_of(homes, places)
    assert nearest.tolist() == [1]
    assert distance_m[0] == pytest.approx(77_464, abs=5)


def test_coverage_names_the_nearest_station_and_counts_those_in_reach() -> None:
    grids = squares(np.array([[122.0, 46.0], [122.5, 46.0]]))
    stations = stations_at(np.array([[122.0, 46.005], [122.01, 46.0]]))
    covered = coverage_of(grids, stations, 1000)
    assert covered["code"].tolist() == ["0", "1"]
    assert covered["nearest"].tolist() == ["s0", "s1"]
    assert covered["reach"].tolist() == [2, 0]
    assert covered["reached"].tolist() == [True, False]
    assert covered["distance_m"][0] == pytest.approx(556, abs=1)


def test_coverage_without_stations_reaches_nothing() -> None:
    covered = coverage_of(squares(np.array([[122.0, 46.0]])), stations_at(np.empty((0, 2))), 1000)
    assert covered["nearest"].tolist() == [None]
    assert covered["reach"].tolist() == [0]
    assert covered["distance_m"].isna().all()


def test_coverage_of_no_micro_grids_has_no_rows() -> None:
    assert coverage_of(squares(np.empty((0, 2))), stations_at(np.array([[122.0, 46.0]])), 1000).empty


def test_coverage_measures_from_where_people_live_when_that_is_given() -> None:
    far = gpd.points_from_xy([122.5], [46.0])
    grids = squares(np.array([[122.0, 46.0]]), point=far)
    assert not coverage_of(grids, stations_at(np.array([[122.0, 46.0]])), 1000)["reached"][0]


def test_coverage_is_the_same_from_frames_in_other_reference_systems() -> None:
    grids, stations = squares(some_points(1, 30, 0.02)), stations_at(some_points(2, 5, 0.02))
    here = coverage_of(grids, stations, 1500)
    there = coverage_of(grids.to_crs("EPSG:4549"), stations.to_crs("EPSG:3857"), 1500)
    assert here["nearest"].tolist() == there["nearest"].tolist()
    np.testing.assert_allclose(here["distance_m"], there["distance_m"], atol=0.01)


def test_coverage_refuses_what_it_cannot_measure() -> None:
    grids, stations = squares(np.array([[122.0, 46.0]])), stations_at(np.array([[122.0, 46.0]]))
    with pytest.raises(UndeclaredCrs):
        coverage_of(grids.set_crs(None, allow_override=True), stations, 1000)
    with pytest.raises(BadColumn, match="name"):
        coverage_of(grids, stations.drop(columns="name"), 1000)
    with pytest.raises(Invalid, match="radius_m"):
        coverage_of(grids, stations, float("nan"))
    with pytest.raises(Invalid, match="row 0"):
        coverage_of(grids, stations.set_geometry([shapely.Point()], crs="EPSG:4326"), 1000)
    with pytest.raises(Invalid, match="row 0"):
        coverage_of(grids, stations.set_geometry([shapely.Point(46, 122)], crs="EPSG:4326"), 1000)
