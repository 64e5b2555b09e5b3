"""Coordinates of a declared reference system as they are stored."""

import numpy as np
from numpy.typing import NDArray

from geo import crs
from geo.assign import FloatArray
from geo.errors import BadCoordinate


def stored(lon: float, lat: float, declared: str) -> tuple[float, float]:
    """
    One coordinate of a declared reference system as it is stored, in EPSG:4326.

    The error says what may be wrong, and never the coordinate: where somebody is stays out of messages and logs.
    """
    x, y = all_stored(np.array([lon]), np.array([lat]), declared)
    return float(x[0]), float(y[0])


def all_stored(x: FloatArray, y: FloatArray, declared: str) -> tuple[FloatArray, FloatArray]:
    """
    Coordinates of a declared reference system, shape (n,), as they are stored, in EPSG:4326.

    Raises
    ------
    UnknownCrs
    BadCoordinate
        Names the first row, if there are several, and what may be wrong; never the coordinate, as `stored`.
    """
    frame = crs.declared(declared)
    wrong = crs.bad(x, y, frame)
    if wrong.any():
        raise BadCoordinate(_named(wrong, crs.hint(x[wrong], y[wrong], frame)))
    lon, lat, good = crs.try_points(x, y, frame)
    if not good.all():
        raise BadCoordinate(_named(~good, ""))
    return lon, lat


def _named(wrong: NDArray[np.bool_], says: str) -> str:
    return f"Row {int(np.argmax(wrong)) + 1}. {says}".strip() if len(wrong) > 1 else says
