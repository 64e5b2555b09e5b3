"""
Areas on the whole numbers of one zoom: simplified as a coverage, rounded, valid, and none lost.

Every tile of a zoom cuts its part out of the same whole numbers, so that neighbours share their edges across tiles too,
and what lies inside of a tile needs no second look.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[Any]
Float64s = NDArray[np.float64]

AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
EXTENT = 4096
"""Tile units along a side of a tile."""
MOST_NORTH = 85.0511287798066
FINEST_SIMPLIFIED = 14
"""From the next zoom on a tile unit is a third of a metre, and outlines are shown as they are."""
TOLERANCE = 1.0
"""In tile units: a vertex goes if the triangle with its neighbours is smaller than the square of this."""


def world(coordinates: Float64s) -> Float64s:
    """
    Degrees (EPSG:4326) to the unit square of Web Mercator (EPSG:3857): x from west to east, y from north to south.

    Parameters
    ----------
    coordinates
        Longitude and latitude, shape (n, 2); latitudes beyond `MOST_NORTH` are taken for it.
    """
    lat = np.radians(np.clip(coordinates[:, 1], -MOST_NORTH, MOST_NORTH))
    return np.column_stack([coordinates[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)])


def units_at(zoom: int) -> int:
    """Tile units along the side of the world at a zoom."""
    return EXTENT << zoom


def quantised(areas: Geometries, zoom: int) -> Geometries:
    """
    Polygons and multipolygons in whole tile units of a zoom.

    Parameters
    ----------
    areas
        A coverage in the unit square, see `world`, shape (n,).
    zoom
        Of the tiles.

    Returns
    -------
    ndarray
        Valid areas with whole coordinates, outer rings with a positive area where y runs downwards, shape (n,).
        Neighbours share their edges, but where one had to be repaired: it then differs by less than a tile unit.
        What is smaller than a tile unit becomes one square of it.
    """
    units = units_at(zoom)
    if zoom <= FINEST_SIMPLIFIED:
        areas = shapely.coverage_simplify(areas, tolerance=TOLERANCE / units)
    scaled = shapely.transform(areas, lambda at: at * units)
    whole = shapely.transform(scaled, np.rint)
    faulty = np.flatnonzero(~shapely.is_valid(whole))
    whole[faulty] = [_repaired(area) for area in scaled[faulty]]
    return shapely.orient_polygons(whole)


def _repaired(area: Any) -> Any:
    """A valid area with whole coordinates that differs from the area by less than a unit."""
    return _snapped(area if area.is_valid else shapely.make_valid(area)) or _pixel(area)


def _snapped(shape: Any) -> Any:
    """The areas in a geometry, rounded and valid; None if there are none."""
    parts = shapely.get_parts(shapely.set_precision(shape, 1.0))
    areas = parts[np.isin(shapely.get_type_id(parts), AREAS) & ~shapely.is_empty(parts)]
    return shapely.union_all(areas) if len(areas) else None


def _pixel(area: Any) -> Any:
    west, north = np.floor(shapely.get_coordinates(shapely.point_on_surface(area))[0])
    return shapely.box(west, north, west + 1, north + 1)


def cut_by_geos(area: Any, low: float, high: float) -> Any:
    """
    The part of an area with whole coordinates in the square from (low, low) to (high, high), rounded and valid.

    Parameters
    ----------
    area
        A polygon or multipolygon, moved to the tile.
    low, high
        Of the square.

    Returns
    -------
    Polygon, MultiPolygon or None
        None if nothing but points and lines is left.
    """
    snapped = _snapped(shapely.intersection(area, shapely.box(low, low, high, high)))
    return None if snapped is None else shapely.orient_polygons(snapped)
