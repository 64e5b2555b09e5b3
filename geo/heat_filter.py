"""What a heat map is asked for, and the tables that the kernels read instead."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.db import Scope
from geo.heat_columns import View
from geo.heat_index import STATES
from geo.heat_rows import DAYS, FOREVER, HOURS, Handed, Int32s
from geo.lifecycle import State
from geo.slices import Slice

Booleans = NDArray[np.bool_]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MOST_PLANS = 64
"""Plans that one view keeps; each takes two bytes a unit."""


@dataclass(frozen=True)
class HeatFilter:
    """
    Which incidents a heat map counts; all that are given must hold, and an empty set asks for nothing.

    Attributes
    ----------
    since, until
        Occurred at or after, and before.
    hours, weekdays
        Hours of the day (0 to 23) and days of the week (0 is Monday) on the city's clock.
    categories
        Codes, each with all below it.
    states
        States of the incident.
    path
        Of the unit whose subtree is meant; empty for all.
    """

    since: datetime | None = None
    until: datetime | None = None
    hours: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    categories: frozenset[str] = frozenset()
    states: frozenset[State] = frozenset()
    path: str = ""


class Plan(NamedTuple):
    """
    A filter within a slice, as tables by the numbers of a view.

    Attributes
    ----------
    low, high
        Ranks of the units asked for that the slice's range has, from `low` and below `high`.
    units
        The same for every unit of the view.
    elsewhere
        Units asked for that the range has not: incidents there count if they were handed over.
    everywhere, everything
        Whether the range has all units, and whether nothing at all is asked of what lies there.
    categories, states, hours, days
        Which values are asked for.
    since, until
        Microseconds since 1970.
    handed, handed_new
        Rows of the index and new rows that are in the hands of the slice's organisation.
    """

    low: int
    high: int
    units: Booleans
    elsewhere: Booleans
    everywhere: bool
    everything: bool
    categories: Booleans
    states: Booleans
    hours: Booleans
    days: Booleans
    since: int
    until: int
    handed: Int32s
    handed_new: Int32s


def plan_of(view: View, seen: Slice, wanted: HeatFilter, now: datetime) -> Plan:
    """
    The tables of a filter within a slice; kept, for a map asks for dozens of tiles under one filter.

    Parameters
    ----------
    view
        From `heat_columns`.
    seen
        What the session may see.
    wanted
        What it asks for.
    now
        Hand-overs that have ended by then are not seen.
    """
    if seen.organisation:  # what it has in hand ends with time
        return _made(view, seen, wanted, now)
    plan = view.plans.get((seen, wanted))
    if plan is None:
        if len(view.plans) >= MOST_PLANS:
            view.plans.clear()
        plan = view.plans[seen, wanted] = _made(view, seen, wanted, now)
    return plan


def _made(view: View, seen: Slice, wanted: HeatFilter, now: datetime) -> Plan:
    names = view.names
    asked = Slice.of(Scope(wanted.path))
    both = Slice(max(seen.first, asked.first), min(seen.end, asked.end))
    low, high = both.span(names.paths)
    units = both.marks(names.paths, names.new_paths)
    organisation, at = view.organisation(seen.organisation), microseconds(now)
    everywhere = low == 0 and high == len(names.paths)
    return Plan(
        low=low,
        high=max(low, high),
        units=units,
        elsewhere=asked.marks(names.paths, names.new_paths) & ~units,
        everywhere=everywhere,
        everything=everywhere and not _narrows(wanted),
        categories=_categories(names.categories, wanted.categories),
        states=_marked(len(STATES), [STATES.index(state) for state in wanted.states]),
        hours=_marked(HOURS, list(wanted.hours)),
        days=_marked(DAYS, list(wanted.weekdays)),
        since=-FOREVER if wanted.since is None else microseconds(wanted.since),
        until=FOREVER if wanted.until is None else microseconds(wanted.until),
        handed=_in_hand(view.handed, organisation, at),
        handed_new=_in_hand(view.new_handed, organisation, at),
    )


def microseconds(at: datetime) -> int:
    """An instant as microseconds since 1970."""
    return (at - BEGINNING) // timedelta(microseconds=1)


def _narrows(wanted: HeatFilter) -> bool:
    """Whether anything but a unit is asked for."""
    timed = wanted.since is not None or wanted.until is not None
    return timed or bool(wanted.hours or wanted.weekdays or wanted.categories or wanted.states)


def _marked(size: int, wanted: list[int]) -> Booleans:
    marks = np.full(size, not wanted)
    marks[wanted] = True
    return marks


def _categories(codes: tuple[str, ...], wanted: frozenset[str]) -> Booleans:
    if not wanted:
        return np.ones(len(codes), dtype=np.bool_)
    return np.array([_below(code, wanted) for code in codes], dtype=np.bool_)


def _below(code: str, wanted: frozenset[str]) -> bool:
    return any(code == above or code.startswith(f"{above}.") for above in wanted)


def _in_hand(handed: Handed, organisation: int, now: int) -> Int32s:
    if organisation < 0:
        return handed.row[:0]
    low, high = np.searchsorted(handed.organisation, [organisation, organisation + 1])
    return handed.row[low:high][handed.until[low:high] > now]
