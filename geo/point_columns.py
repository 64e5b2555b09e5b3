"""Columns of points as pairs of coordinate arrays: from GeoArrow, or from what shapely and geopandas hold."""

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geo.errors import BadGeometry

Coordinates = tuple[NDArray[np.float64], NDArray[np.float64]]


def from_arrow(points: Any) -> Coordinates:
    """
    Take x and y out of a GeoArrow column of points.

    Parameters
    ----------
    points
        A pyarrow Array or ChunkedArray, separated (struct of x, y) or interleaved (lists of 2, 3 or 4 numbers).

    Raises
    ------
    BadGeometry
        A row is missing, or the column is neither.
    """
    column = points.combine_chunks() if isinstance(points, pa.ChunkedArray) else points
    column = column.storage if isinstance(column, pa.ExtensionArray) else column
    if column.null_count:
        raise BadGeometry(f"Row {int(np.argmin(column.is_valid().to_numpy(zero_copy_only=False)))} is missing.")
    if pa.types.is_struct(column.type):
        return tuple(np.asarray(field, dtype=np.float64) for field in column.flatten()[:2])  # pyright: ignore[reportReturnType]
    if pa.types.is_fixed_size_list(column.type):
        xy = np.asarray(column.flatten(), dtype=np.float64).reshape(len(column), -1)
        return np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    raise BadGeometry(f"The column is not of GeoArrow points but of {column.type}.")


def from_shapely(points: NDArray[np.object_]) -> Coordinates:
    """Take x and y out of shapely points, shape (n,); NaN for what is missing, empty or no point."""
    try:
        return shapely.get_x(points), shapely.get_y(points)
    except shapely.GEOSException:  # an empty point has no x, and GEOS says so by failing
        filled = points.copy()
        filled[shapely.is_empty(points)] = None
        return shapely.get_x(filled), shapely.get_y(filled)
