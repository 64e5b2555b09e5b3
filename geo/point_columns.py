"""Columns of points as pairs of coordinate arrays: from GeoArrow, WKB, numbers, text, or what shapely holds."""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.errors import BadGeometry, UnfitColumn

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


WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
"""A plain point in little endian, as nearly every file has it."""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^(?i:[+-]?(nan|inf|infinity))$"


def from_wkb(column: Any) -> tuple[Coordinates, NDArray[np.object_]]:
    """
    Take x and y out of a pyarrow column of WKB; what is no point has NaN and is given back as a shapely geometry.

    Returns
    -------
    coordinates, others
        x and y, shape (n,); shape (n,): None for a point, a missing, an empty and an unreadable one alike; else the
        geometry that is no point.
    """
    others = np.full(len(column), None, dtype=object)
    size = WKB_POINT.itemsize
    if len(column) and column.null_count == 0 and bool(pc.all(pc.equal(pc.binary_length(column), size)).as_py()):
        wide = pa.types.is_large_binary(column.type)
        first = np.frombuffer(column.buffers()[1], np.int64 if wide else np.int32)[column.offset]
        raw = np.frombuffer(column.buffers()[2], WKB_POINT, len(column), int(first))
        if (raw["order"] == 1).all() and (raw["type"] == 1).all():
            return (raw["x"].copy(), raw["y"].copy()), others
    shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")
    no_point = shapely.get_type_id(shapes) > 0
    others[no_point] = shapes[no_point]
    shapes[no_point] = None
    return from_shapely(shapes), others


def from_numbers(name: str, column: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """
    Take coordinates out of a pyarrow column of numbers or of text.

    Text is a number with a decimal point, in ASCII; nothing is guessed, neither decimal commas nor degrees and minutes.

    Parameters
    ----------
    name
        Of the column, for the error.
    column
        A pyarrow Array: whole numbers, floats, decimals, text, or a dictionary of these.

    Returns
    -------
    values, missing, wrong
        Shape (n,): the numbers, NaN where there is none; where nothing stands; where text is no number.

    Raises
    ------
    UnfitColumn
        The column is of neither numbers nor text.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind, wrong = column.type, np.zeros(len(column), dtype=bool)
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan), ~wrong, wrong
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column, wrong = _from_text(column)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise UnfitColumn(f"{name} holds {kind}; coordinates are numbers, or text that is one")
    missing = np.asarray(column.is_null()) & ~wrong
    values = pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan)
    return np.array(values, dtype=np.float64), missing, wrong


def _from_text(column: Any) -> tuple[Any, NDArray[np.bool_]]:
    """Text as numbers, null where it is empty or no number, and where it is no number."""
    plain = pc.utf8_trim_whitespace(column.cast(pa.string()))
    plain = pc.if_else(pc.equal(plain, ""), None, plain)
    fits = pc.fill_null(pc.match_substring_regex(plain, _NUMBER), True)
    numbers = pc.cast(pc.utf8_ltrim(pc.if_else(fits, plain, None), "+"), pa.float64())
    return numbers, ~np.asarray(fits)
