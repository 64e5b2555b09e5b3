"""Heat: tiles of counts in square cells, the breaks of their legend, and counts step by step for playing time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.db import Scope
from geo.errors import Invalid
from geo.heat_columns import Batch, Names, View, changed, view_of
from geo.heat_count import NO_SUMS, cells_of_tile, filled_cells, steps_of, wanted_new, whole
from geo.heat_filter import HeatFilter, Plan, microseconds, plan_of
from geo.heat_index import OPEN
from geo.heat_rows import FINEST, NO_HANDED, TYPES, Int32s, Int64s, Rows, Words, codes_of, interleave
from geo.slices import Slice
from tiles.heat_squares import squares
from tiles.layers import HEAT

DEEPER = 6
"""A tile has 64 by 64 cells."""
BREAKS = (0.5, 0.75, 0.9, 0.97, 0.995)
"""Shares of the filled cells that the classes of a legend end at: a town with most incidents is not all of it."""
STEADY = 1000
MOST_STEPS = 2000
MICROSECONDS = 1_000_000
Step = Literal["hour", "day", "week", "month"]
_FREQUENCIES: Mapping[Step, str] = {"hour": "h", "day": "D", "week": "W-MON", "month": "MS"}


class TooManySteps(Invalid):
    """The time asked for has more than 2,000 such steps; ask for a shorter time or longer steps."""

    zh = "所选时段的步数超过 2000；请缩短时段或加大步长。"


class NoTime(Invalid):
    """The time asked for ends before it begins, or has no end."""

    zh = "所选时段的结束早于开始，或缺少起止时间。"


@dataclass(frozen=True)
class Desk:
    """
    Who looks at what: all that a heat map depends on beside its place.

    Attributes
    ----------
    view
        The incidents in memory.
    seen
        What the session may see.
    wanted
        What it asks for.
    now
        The present, by which hand-overs end.
    """

    view: View
    seen: Slice
    wanted: HeatFilter
    now: datetime

    def plan(self) -> Plan:
        """The tables of the filter."""
        return plan_of(self.view, self.seen, self.wanted, self.now)


@dataclass(frozen=True)
class Slot:
    """A step of time: from when on, how many incidents occurred in it, and how many of these are open."""

    since: datetime
    n: int
    open: int


@dataclass(frozen=True)
class Legend:
    """
    What a map of counts is coloured by.

    Attributes
    ----------
    total
        All incidents that are wanted.
    most
        The greatest count of a cell, by zoom.
    breaks
        The counts at which a next class begins, rising, by zoom.
    last_at
        When the last incident of all that are seen occurred, wanted or not; None if none are seen.
    classed
        How many were wanted when the classes were made.
    """

    total: int
    most: Mapping[int, int]
    breaks: Mapping[int, list[int]]
    last_at: datetime | None
    classed: int


def warm() -> None:
    """Compile the kernels, so that the first map does not wait for it; done at installation."""
    place, code = np.zeros(1), np.zeros(1, np.int64)
    rows = Rows(codes_of(place, place), code, *(np.zeros(1, dtype) for dtype in TYPES[2:]))  # pyright: ignore[reportArgumentType]
    view = view_of(rows, NO_HANDED, Names((), ("1.",), ("other",)))
    batch = Batch(rows.high, rows.low, rows, NO_HANDED, ("1.",), ("other",), ())
    now = datetime.now(UTC)
    for one in (view, changed(view, batch)):
        desk = Desk(one, Slice("", "~"), HeatFilter(since=now - timedelta(days=1), until=now), now)
        tile(desk, 0, 0, 0)
        legend(desk)
        slots(desk, None, "day", "UTC")


def tile(desk: Desk, zoom: int, x: int, y: int) -> bytes:
    """
    A heat tile: a layer ``heat`` of squares with how many incidents lie in them (``n``), and how many are open.

    Parameters
    ----------
    desk
        Who looks at what.
    zoom, x, y
        The tile, in the usual Web Mercator numbering.
    """
    return squares(HEAT.name, *counts(desk, zoom, x, y))


def counts(desk: Desk, zoom: int, x: int, y: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The counts of a tile's cells in Morton order, and the open ones among them, each of shape (4096,)."""
    view, plan = desk.view, desk.plan()
    sums = view.sums if plan.everything else NO_SUMS
    return cells_of_tile(view.index, view.alive, view.new, plan, sums, (zoom, interleave(x, y)), DEEPER)


def legend(desk: Desk, before: Legend | None = None) -> Legend:
    """
    The breaks of each zoom, by quantiles of all cells that hold what is wanted.

    Parameters
    ----------
    desk
        Who looks at what.
    before
        Of the same eyes and wishes, a while ago. Its classes stand where the total has changed by less than one in
        `STEADY`; the total itself is always counted.
    """
    view, plan = desk.view, desk.plan()
    marks = wanted_new(view.new, plan)
    words = whole(view.index, view.alive, plan)
    total = int(np.bitwise_count(words).sum()) + int(marks.sum())
    if before and abs(total - before.classed) * STEADY < before.classed:
        return replace(before, total=total, last_at=_later(before.last_at, _last_new(desk)))
    cells, n = filled_cells(view.index.rows.code, words, HEAT.maxzoom + DEEPER)
    cells, n = _with(cells, n, view.new.code[marks] >> 2 * (FINEST - HEAT.maxzoom - DEEPER))
    most, breaks = dict[int, int](), dict[int, list[int]]()
    for zoom in range(HEAT.maxzoom, -1, -1):
        most[zoom], breaks[zoom] = int(n.max(initial=0)), _breaks(n)
        cells, n = _coarser(cells, n)
    return Legend(total, most, breaks, _later(_last_indexed(desk), _last_new(desk)), total)


def _last_indexed(desk: Desk) -> datetime | None:
    view, plan = desk.view, replace(desk, wanted=HeatFilter()).plan()
    return _latest(view.index.rows.at[_marked(view.index.rows, whole(view.index, view.alive, plan))])


def _last_new(desk: Desk) -> datetime | None:
    plan = replace(desk, wanted=HeatFilter()).plan()
    return _latest(desk.view.new.at[wanted_new(desk.view.new, plan)])


def _latest(at: Int64s) -> datetime | None:
    return datetime.fromtimestamp(int(at.max()) / MICROSECONDS, UTC) if at.size else None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at), default=None)


def slots(desk: Desk, bbox: tuple[float, float, float, float] | None, step: Step, timezone: str) -> list[Slot]:
    """
    Counts step by step, none left out in between.

    Parameters
    ----------
    desk
        Who looks at what; the filter must say from when until when.
    bbox
        West, south, east, north in EPSG:4326, borders included (to two centimetres); None for everywhere.
    step
        Its length; days, weeks (from Monday) and months are those of the city's clock, the first and last are cut.
    timezone
        The city's clock.

    Raises
    ------
    NoTime
        The filter has no beginning or no end, or they are the wrong way round.
    TooManySteps
        There are more than `MOST_STEPS`.
    """
    edges = _edges(desk.wanted, step, timezone)
    view, plan = desk.view, desk.plan()
    words = whole(view.index, view.alive, plan)
    found, still_open = steps_of(view.index, words, view.new, wanted_new(view.new, plan), _box(bbox), _instants(edges))
    starts = edges[:-1].to_pydatetime()
    return [Slot(at, int(n), int(o)) for at, n, o in zip(starts, found, still_open, strict=True)]


def by_unit(desk: Desk, paths: Sequence[str]) -> tuple[Int64s, Int64s]:
    """
    Count the incidents of units with all below them.

    Parameters
    ----------
    desk
        Who looks at what.
    paths
        Of the units, shape (k,).

    Returns
    -------
    (n, open) : ndarray of int64, shape (k,)
    """
    view, plan = desk.view, desk.plan()
    words, marks = whole(view.index, view.alive, plan), wanted_new(view.new, plan)
    found = _units_of(view.index.rows, words), view.new.unit[marks]
    still_open = _units_of(view.index.rows, words & view.index.open), view.new.unit[marks & OPEN[view.new.state]]
    known = np.array([*view.names.paths, *view.names.new_paths], dtype=object)
    order = np.argsort(known)
    ends = [Slice.of(Scope(path)).span(cast(Any, known[order])) for path in paths]
    return _within(np.concatenate(found), order, ends), _within(np.concatenate(still_open), order, ends)


def _units_of(rows: Rows, words: Words) -> Int32s:
    """The units of the rows whose bits are set."""
    return rows.unit[_marked(rows, words)]


def _marked(rows: Rows, words: Words) -> NDArray[np.bool_]:
    """Which rows' bits are set."""
    return np.unpackbits(words.view(np.uint8), bitorder="little", count=len(rows.unit)).view(np.bool_)


def _within(units: Int32s, order: NDArray[np.intp], ends: list[tuple[int, int]]) -> Int64s:
    """How many of the units lie in each range of ranks."""
    before = np.r_[0, np.cumsum(np.bincount(units, minlength=len(order))[order])]
    return np.array([before[high] - before[low] for low, high in ends], np.int64)


def _edges(wanted: HeatFilter, step: Step, timezone: str) -> pd.DatetimeIndex:
    if wanted.since is None or wanted.until is None or wanted.since >= wanted.until:
        raise NoTime
    since, until = (pd.Timestamp(at).tz_convert(timezone) for at in (wanted.since, wanted.until))
    if (until - since) / pd.Timedelta(hours=1 if step == "hour" else 24) > MOST_STEPS * (31 if step == "month" else 7):
        raise TooManySteps
    frequency = _FREQUENCIES[step]
    first = since.tz_convert("UTC").ceil("h").tz_convert(timezone) if step == "hour" else since.normalize()
    between = pd.date_range(first, until, freq=frequency, normalize=step != "hour")
    between = between[(between > since) & (between < until)]
    if len(between) >= MOST_STEPS:
        raise TooManySteps
    return pd.DatetimeIndex([since, *between, until])


def _instants(edges: pd.DatetimeIndex) -> Int64s:
    return np.array([microseconds(at) for at in edges.to_pydatetime()], np.int64)


def _box(bbox: tuple[float, float, float, float] | None) -> tuple[int, int, int, int]:
    west, south, east, north = bbox or (-180.0, -90.0, 180.0, 90.0)
    code = codes_of(np.array([west, east]), np.array([north, south]))
    (left, right), (top, bottom) = _half(code), _half(code >> 1)
    return left, top, right, bottom


def _half(code: Int64s) -> list[int]:
    bits = ((code[:, None] >> np.arange(0, 62, 2)) & 1) << np.arange(31)
    return bits.sum(axis=1).tolist()


def _with(cells: Int64s, n: Int64s, new: Int64s) -> tuple[Int64s, Int64s]:
    """Cells and counts with one more for each of the new rows' cells."""
    if not len(new):
        return cells, n
    both = np.concatenate([cells, new])
    order = np.argsort(both, kind="stable")
    return _summed(both[order], np.concatenate([n, np.ones(len(new), np.int64)])[order])


def _coarser(cells: Int64s, n: Int64s) -> tuple[Int64s, Int64s]:
    return _summed(cells >> 2, n)


def _summed(cells: Int64s, n: Int64s) -> tuple[Int64s, Int64s]:
    starts = np.flatnonzero(np.r_[len(cells) > 0, cells[1:] != cells[:-1]])
    return cells[starts], np.add.reduceat(n, starts) if len(starts) else n[:0]


def _breaks(n: Int64s) -> list[int]:
    """Rising counts at which classes begin: of equal ones, the first."""
    if not len(n):
        return []
    quantiles = np.quantile(n, BREAKS, method="higher").astype(np.int64)
    return sorted({int(count) for count in quantiles if count > 1})
