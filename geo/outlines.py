"""Outlines for small drawings: neighbouring areas simplified together, so that they still share their edges."""

from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

PIXELS = 800
DECIMALS = 4


def outlines(areas: NDArray[np.object_]) -> list[dict[str, Any]]:
    """
    Simplify the areas of a coverage to what a drawing of `PIXELS` can show.

    Parameters
    ----------
    areas
        Polygons or multipolygons in EPSG:4326 without gaps and overlaps, shape (n,).

    Returns
    -------
    list of dict
        GeoJSON geometries in the same order, rounded to `DECIMALS` of a degree.
    """
    if len(areas) == 0:
        return []
    west, south, east, north = shapely.total_bounds(areas)
    simple = shapely.coverage_simplify(areas, max(east - west, north - south) / PIXELS)
    rounded = shapely.transform(simple, lambda xy: np.round(xy, DECIMALS))
    return [orjson.loads(text) for text in shapely.to_geojson(rounded)]
