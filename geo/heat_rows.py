"""
Incidents as columns of numbers: one row an incident, what a heat map may ask of it and nothing more.

A place is one number: its Web Mercator cell of zoom 31 (two centimetres), with the bits of column and row interleaved
(Morton order), so that the cells of every coarser zoom, and hence every tile, are runs of sorted numbers.
"""

from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FINEST = 31
HOURS, DAYS = 24, 7
FOREVER = np.iinfo(np.int64).max
Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]
Words = NDArray[np.uint64]
N = TypeVar("N", int, Int64s)


class Rows(NamedTuple):
    """
    Incidents, one in each place of the arrays; 44 bytes an incident.

    Attributes
    ----------
    code
        Morton number of the place, int64.
    at
        When it occurred, microseconds since 1970 UTC, int64.
    unit, category
        Places in the lists of paths and of categories, int32 and int16.
    state
        Place in `lifecycle.State`, uint8.
    hour
        Hour of the week on the city's clock, 0 is Monday's first, uint8.
    high, low
        Halves of the id, uint64.
    """

    code: Int64s
    at: Int64s
    unit: Int32s
    category: NDArray[np.int16]
    state: NDArray[np.uint8]
    hour: NDArray[np.uint8]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]


class Handed(NamedTuple):
    """
    Incidents in the hands of organisations, sorted by (organisation, row); 16 bytes each.

    Attributes
    ----------
    organisation
        Place in the list of organisations, int32.
    row
        Place of the incident in its `Rows`, int32.
    until
        When it leaves their hands, microseconds since 1970, `FOREVER` if that is open, int64.
    """

    organisation: Int32s
    row: Int32s
    until: Int64s


TYPES = (np.int64, np.int64, np.int32, np.int16, np.uint8, np.uint8, np.uint64, np.uint64)
NO_ROWS = Rows(*(np.zeros(0, dtype) for dtype in TYPES))  # pyright: ignore[reportArgumentType] - one type each
NO_HANDED = Handed(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))


def join(parts: list[Rows]) -> Rows:
    """Rows after one another."""
    return Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def take(rows: Rows, which: NDArray[np.bool_] | NDArray[np.int64]) -> Rows:
    """The rows at places, or where a mask holds."""
    columns: list[NDArray[Any]] = [column[which] for column in rows]
    return Rows(*columns)


def sorted_handed(organisation: Int32s, row: Int32s, until: Int64s) -> Handed:
    """Hand-overs in their order."""
    order = np.lexsort((row, organisation))
    return Handed(organisation[order], row[order], until[order])


def codes_of(lon: Floats, lat: Floats) -> Int64s:
    """
    Morton numbers of places.

    Parameters
    ----------
    lon, lat
        Degrees in EPSG:4326, shape (n,); what lies beyond the latitudes of Web Mercator is counted at its edge.
    """
    side = float(1 << FINEST)
    y = (0.5 - np.arctanh(np.sin(np.radians(lat.clip(-89.9, 89.9)))) / (2 * np.pi)) * side
    return interleave(_whole((lon / 360 + 0.5) * side), _whole(y))


def interleave(x: N, y: N) -> N:
    """The Morton number of columns and rows, each below 2**31; of one place, or of arrays."""
    return _spread(x) | (_spread(y) << 1)


def hours_of_week(at: Int64s, timezone: str) -> NDArray[np.uint8]:
    """The hour of the week on a city's clock for instants in microseconds since 1970."""
    local = pd.DatetimeIndex(at.astype("datetime64[us]"), tz="UTC").tz_convert(timezone)
    return (local.day_of_week.to_numpy() * HOURS + local.hour.to_numpy()).astype(np.uint8)


def halves(ids: bytes | memoryview) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The upper and lower halves of ids of 16 bytes each."""
    pairs = np.frombuffer(ids, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def _whole(place: Floats) -> Int64s:
    return np.floor(place).clip(0, (1 << FINEST) - 1).astype(np.int64)


def _spread(value: N) -> N:
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        value = (value | (value << shift)) & mask
    return value
