"""Points counted in Web Mercator cells, and their periods: what keeps a heat map's page small."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Invalid
from tiles.labels import MONTHS, WEEKDAYS, Language

FINEST = 20
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """
    Weights summed in cells of one zoom, frame by frame.

    Attributes
    ----------
    zoom
        The cells are those of a Web Mercator grid of 2**zoom by 2**zoom.
    frame, x, y
        Frame, column and row of each cell that is not empty, in rising order, shape (k,).
    weight
        Sum of the weights of the cell's points, shape (k,).
    """

    zoom: int
    frame: IntArray
    x: IntArray
    y: IntArray
    weight: FloatArray


def cells_of(lonlat: FloatArray, weights: FloatArray, frames: IntArray, most: int) -> Cells:
    """
    Count points in the finest cells of which at most `most` are filled.

    Parameters
    ----------
    lonlat
        Longitude and latitude, EPSG:4326, within the latitudes of Web Mercator, shape (n, 2).
    weights
        Weight of each point, shape (n,).
    frames
        The frame of each point, 0 for all where there is one frame, shape (n,).
    most
        Cells, over all frames, that a page should carry.
    """
    side = 2.0**FINEST
    x = np.floor((lonlat[:, 0] / 360 + 0.5) * side).astype(np.int64)
    y = np.floor((0.5 - np.arcsinh(np.tan(np.radians(lonlat[:, 1]))) / (2 * np.pi)) * side).astype(np.int64)
    cells = Cells(FINEST, frames.astype(np.int64), x, y, weights.astype(float))
    cells = _merged(cells, 0)
    while len(cells.x) > most and cells.zoom > 4:
        cells = _merged(cells, 1)
    return cells


def cell_steps(cells: Cells, frames: int) -> list[list[float]]:
    """Each frame's cells as one run of column step, row step, weight; `templates/heat.js` reads it."""
    bounds = np.searchsorted(cells.frame, np.arange(frames + 1))
    return [_steps(cells, slice(low, high)) for low, high in pairwise(bounds)]


def periods_of(times: pd.Series, period: str, lang: Language) -> tuple[IntArray, list[str]]:
    """
    The frame of each instant, and the names of the frames in order, none left out in between.

    Parameters
    ----------
    times
        Instants or local times, none missing, shape (n,).
    period
        ``hour`` (of the day), ``weekday``, ``day``, ``month`` or ``year``.
    lang
        The language of the names.
    """
    if period == "hour":
        return times.dt.hour.to_numpy(np.int64), [f"{hour:02d}:00–{hour + 1:02d}:00" for hour in range(24)]
    if period == "weekday":
        return times.dt.weekday.to_numpy(np.int64), [names[lang == "en"] for names in WEEKDAYS]
    if period not in _CALENDAR:
        raise Invalid(f"period {period!r}; say hour, weekday, day, month or year")
    wall = times.dt.tz_localize(None).dt.to_period(_CALENDAR[period])
    if wall.empty:
        return np.zeros(0, dtype=np.int64), []
    first = wall.min().ordinal
    ordinals = np.array([at.ordinal for at in wall.unique()])
    at = wall.map(dict(zip(wall.unique(), ordinals - first, strict=True))).to_numpy(np.int64)
    return at, [_calendar_name(one, period, lang) for one in pd.period_range(wall.min(), wall.max())]


_CALENDAR: Mapping[str, str] = {"day": "D", "month": "M", "year": "Y"}


def _calendar_name(at: Any, period: str, lang: Language) -> str:
    if period == "year":
        return f"{at.year}年" if lang == "zh" else str(at.year)
    if period == "month":
        return f"{at.year}年{at.month}月" if lang == "zh" else f"{MONTHS[at.month - 1]} {at.year}"
    return f"{at.year}年{at.month}月{at.day}日" if lang == "zh" else f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def _merged(cells: Cells, levels: int) -> Cells:
    """Sum cells that fall into one, `levels` zooms further out."""
    frame, x, y = cells.frame, cells.x >> levels, cells.y >> levels
    order = np.lexsort((x, y, frame))
    frame, x, y, weight = frame[order], x[order], y[order], cells.weight[order]
    changed = (np.diff(frame) != 0) | (np.diff(x) != 0) | (np.diff(y) != 0)
    starts = np.flatnonzero(np.r_[True, changed]) if len(x) else np.zeros(0, dtype=np.int64)
    sums = np.add.reduceat(weight, starts) if len(x) else weight
    return Cells(cells.zoom - levels, frame[starts], x[starts], y[starts], sums)


def _steps(cells: Cells, part: slice) -> list[float]:
    x, y = np.diff(cells.x[part], prepend=0), np.diff(cells.y[part], prepend=0)
    weights = [int(w) if w.is_integer() else round(w, 3) for w in cells.weight[part].tolist()]
    return [number for step in zip(x.tolist(), y.tolist(), weights, strict=True) for number in step]
