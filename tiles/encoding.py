"""
Geometry as a page carries it: whole steps of 1e-5 degrees (about a metre) from each point to the next.

That is a third of the same shapes as GeoJSON, and shared edges stay shared. `templates/sheet.js` reads it.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

STEPS = 100_000
Shapes = NDArray[np.object_]


def lighter(areas: Shapes, most_points: int = 120_000) -> Shapes:
    """
    Areas drawn with at most about `most_points`, simplified together so that neighbours keep their common edges.

    Parameters
    ----------
    areas
        Polygons of one coverage, EPSG:4326, shape (n,). For the eye only: do not measure the result.
    most_points
        Coordinates that a page should carry.
    """
    tolerance, drawn = 2e-5, areas
    while len(areas) and shapely.get_num_coordinates(drawn).sum() > most_points and tolerance < 1e-2:
        drawn = shapely.coverage_simplify(areas, tolerance)
        tolerance *= 2
    return drawn


def area_steps(areas: Shapes) -> dict[str, Any]:
    """Polygons and multi-polygons, EPSG:4326, as steps with the sizes of rings, polygons and areas."""
    multi = polygons_of(areas)
    if not len(multi):
        return {"xy": [], "sizes": [], "parts": [], "groups": []}
    _, xy, (rings, polygons, groups) = shapely.to_ragged_array(multi)
    return {"xy": _steps(xy), "sizes": _sizes(rings), "parts": _sizes(polygons), "groups": _sizes(groups)}


def polygons_of(shapes: Shapes) -> Shapes:
    """The polygons in each shape as one multi-polygon, empty where there are none."""
    return np.array([_parts(shape, "Polygon") for shape in shapes], dtype=object)


def line_steps(lines: Shapes) -> dict[str, Any]:
    """Lines and multi-lines, EPSG:4326, as steps with the sizes of lines and groups."""
    if not len(lines):
        return {"xy": [], "sizes": [], "groups": []}
    multi = np.array([_parts(line, "LineString") for line in lines], dtype=object)
    _, xy, (sizes, groups) = shapely.to_ragged_array(multi)
    return {"xy": _steps(xy), "sizes": _sizes(sizes), "groups": _sizes(groups)}


def point_steps(points: Shapes) -> list[int]:
    """Points, EPSG:4326, as one run of steps."""
    return _steps(np.column_stack([shapely.get_x(points), shapely.get_y(points)]))


def column(title: str, values: Iterable[object]) -> dict[str, Any]:
    """A column of a table in a page; words that repeat are written once."""
    words = pd.Series(list(values), dtype=object)
    codes, distinct = pd.factorize(words)
    if len(distinct) * 2 < len(words):
        return {"title": title, "words": [str(word) for word in distinct], "at": codes.tolist()}
    return {
        "title": title,
        "values": [None if missing else str(word) for word, missing in zip(words, words.isna(), strict=True)],
    }


def _parts(shape: shapely.Geometry, kind: str) -> shapely.Geometry:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == kind]
    return shapely.MultiPolygon(parts) if kind == "Polygon" else shapely.MultiLineString(parts)


def _steps(xy: NDArray[np.float64]) -> list[int]:
    whole = np.rint(xy * STEPS).astype(np.int64)
    return np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist()


def _sizes(offsets: NDArray[np.signedinteger[Any]]) -> list[int]:
    return np.diff(offsets).tolist()
