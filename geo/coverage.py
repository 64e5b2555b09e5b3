"""Which micro-grids a team or a station reaches, and which none."""

from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from scipy.spatial import KDTree

from geo.errors import BadColumn, Invalid, UndeclaredCrs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
WGS84 = Geod(ellps="WGS84")


def coverage_of(micro_grids: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, radius_m: float) -> pd.DataFrame:
    """
    Which stations reach each micro-grid: its inner point lies within `radius_m` of them, geodesically.

    Parameters
    ----------
    micro_grids
        Column ``code`` and polygons, shape (n,), with a CRS. The inner point is the representative
        point, or the column ``point`` of point geometries where there is one (where people live).
    stations
        Stations or home stations of teams: column ``name`` and points, shape (m,), with a CRS.
    radius_m
        How far a station reaches, in metres along the ellipsoid, the rim included.

    Returns
    -------
    DataFrame
        Rows as in `micro_grids`: ``code``; ``nearest``, the name of the nearest station (the first of
        equally near ones; None without stations); ``distance_m`` to it (NaN without stations);
        ``reach``, how many stations reach the micro-grid; ``reached``, whether any does.

    Raises
    ------
    UndeclaredCrs
        If one of the frames has no CRS.
    BadColumn
        If ``code`` or ``name`` is missing.
    Invalid
        If `radius_m` is not a positive number, or a place is empty.
    """
    if not (np.isfinite(radius_m) and radius_m > 0):
        raise Invalid(f"radius_m is {radius_m}; it must be a positive number of metres")
    codes, names = _named(micro_grids, "code"), _named(stations, "name")
    homes, places = _inner_points(micro_grids), _points(stations.geometry)
    nearest, distance_m = nearest_of(homes, places)
    reach = reach_of(homes, places, radius_m)
    known = np.array([*names, None], dtype=object)
    return pd.DataFrame(
        {"code": codes, "nearest": known[nearest], "distance_m": distance_m, "reach": reach, "reached": reach > 0}
    )


def nearest_of(homes: FloatArray, places: FloatArray) -> tuple[IntArray, FloatArray]:
    """
    The nearest place of each home, along the ellipsoid.

    Candidates come from straight lines through the earth; those whose chord is as short as the shortest
    to within the difference of the two measures are compared geodesically.

    Parameters
    ----------
    homes, places
        Longitude and latitude, EPSG:4326, shapes (n, 2) and (m, 2).

    Returns
    -------
    tuple
        Row of the nearest place, the lowest of equally near ones, -1 without places; metres, NaN without.
    """
    if not len(places) or not len(homes):
        return np.full(len(homes), -1), np.full(len(homes), np.nan)
    tree = KDTree(_geocentric(places))
    chord = np.asarray(tree.query(_geocentric(homes))[0], dtype=float)
    home, place = _pairs(tree, homes, chord * (1 + 1e-3) + 1e-3)
    length = geodesic_m(homes[home], places[place])
    order = np.lexsort((place, np.round(length, 6), home))
    first = order[np.unique(home[order], return_index=True)[1]]
    return place[first], length[first]


def reach_of(homes: FloatArray, places: FloatArray, radius_m: float) -> IntArray:
    """How many places lie within `radius_m` of each home, along the ellipsoid; shapes as in `nearest_of`."""
    if not len(places) or not len(homes):
        return np.zeros(len(homes), dtype=np.int64)
    home, place = _pairs(KDTree(_geocentric(places)), homes, np.full(len(homes), radius_m + 1e-3))
    near = geodesic_m(homes[home], places[place]) <= radius_m
    return np.bincount(home[near], minlength=len(homes))


def geodesic_m(start: FloatArray, end: FloatArray) -> FloatArray:
    """Metres along the WGS 84 ellipsoid, row by row; longitude and latitude, shapes (n, 2)."""
    return cast(FloatArray, WGS84.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])[2])


def _pairs(tree: KDTree, homes: FloatArray, reach_m: FloatArray) -> tuple[IntArray, IntArray]:
    """Homes and places whose chord is at most `reach_m`: never fewer than geodesically, for a chord is shorter."""
    found = tree.query_ball_point(_geocentric(homes), reach_m)
    sizes = np.fromiter(map(len, found), dtype=np.int64, count=len(homes))
    places = np.concatenate([*found, []]).astype(np.int64)
    return np.repeat(np.arange(len(homes)), sizes), places


def _geocentric(points: FloatArray) -> FloatArray:
    to_metres = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    return np.column_stack(to_metres.transform(points[:, 0], points[:, 1], np.zeros(len(points))))


def _named(frame: gpd.GeoDataFrame, column: str) -> pd.Series:
    if frame.crs is None:
        raise UndeclaredCrs
    if column not in frame:
        raise BadColumn(column)
    return frame[column].reset_index(drop=True)


def _inner_points(micro_grids: gpd.GeoDataFrame) -> FloatArray:
    if "point" in micro_grids:
        return _points(gpd.GeoSeries(micro_grids["point"], crs=micro_grids.crs))
    return _points(micro_grids.geometry.representative_point())


def _points(places: gpd.GeoSeries) -> FloatArray:
    degrees = places.to_crs("EPSG:4326")
    lonlat = np.column_stack([degrees.x, degrees.y]).astype(float).reshape(-1, 2)
    wrong = np.flatnonzero(~np.isfinite(lonlat).all(axis=1) | (np.abs(lonlat[:, 1]) > 90))
    if len(wrong):
        raise Invalid(f"row {wrong[0]} has no place on the earth")
    return lonlat
