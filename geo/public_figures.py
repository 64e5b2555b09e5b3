"""
The public heat: figures of finished periods, made once, from which no count of one to four can be had by subtraction.

A figure is the number of incidents of a unit, a category (or all) and a period. It is told with its whole family or not
at all: all parts of a unit, or all categories, have none or at least `LEAST` incidents, and so has what stands at the
unit itself. Categories are told only beneath a unit whose categories are told. So the difference between any two
figures of a period is a sum of parts of which each is none or enough. Between periods of which one lies in the other
the same is asked of what is left of the longer one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import pandas as pd

from geo.db import Connection, Row, execute, one, rows, statements

SQL = statements("heat")
LEAST = 5
ALL = ""
Kind = Literal["week", "month", "year"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_FREQUENCIES: Mapping[Kind, str] = {"week": "W-SUN", "month": "M", "year": "Y"}
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Period:
    """A finished week (from Monday), month or year of the city's clock."""

    kind: Kind
    since: datetime
    until: datetime

    def holds(self, other: "Period") -> bool:
        """Whether another period lies in this one."""
        return self.since <= other.since and other.until <= self.until


@dataclass(frozen=True)
class Figure:
    """
    What is told of a unit.

    Attributes
    ----------
    category
        A root of the categories, or `ALL`.
    path
        Of the unit.
    incidents
        None or at least `LEAST`.
    finest
        Whether nothing is told of this category below the unit.
    """

    category: str
    path: str
    incidents: int
    finest: bool


@dataclass(frozen=True)
class Told:
    """A figure that was published: its period and its number."""

    period: Period
    incidents: int


Earlier = Mapping[tuple[str, str], Sequence[Told]]


def last(kind: Kind, now: datetime, timezone: str) -> Period:
    """The last finished period of a kind."""
    wall = pd.Timestamp(now).tz_convert(timezone).tz_localize(None)
    period = wall.to_period(_FREQUENCIES[kind]) - 1
    since, until = (
        at.start_time.tz_localize(timezone).tz_convert("UTC").to_pydatetime() for at in (period, period + 1)
    )
    return Period(kind, since, until)


def tellable(incidents: int, period: Period, earlier: Sequence[Told]) -> bool:
    """
    Whether a count may be told beside those that were told of the same unit and category for other periods.

    Parameters
    ----------
    incidents
        The count.
    period
        What it is of.
    earlier
        Counts of the same unit and category.
    """
    around = [told for told in earlier if told.period.holds(period)]
    inside = [told for told in earlier if period.holds(told.period)]
    rests = [told.incidents - incidents for told in around] + [incidents - told.incidents for told in inside]
    rests += [incidents - _sum(inside, kind) for kind in KINDS]
    rests += [told.incidents - incidents - _sum(_within(earlier, told.period), period.kind) for told in around]
    return all(_enough(count) for count in (incidents, *rests))


def figures(paths: Sequence[str], standing: Counts, period: Period, earlier: Earlier) -> list[Figure]:
    """
    Everything that may be told of a period.

    Parameters
    ----------
    paths
        Of the units in force, sorted.
    standing
        Incidents by the path where they stand and by category, every category named for each path; a path that is not
        in force counts at the nearest unit above it.
    period
        What the counts are of.
    earlier
        What was told before, by (path, category).
    """
    tree = _Tree.of(paths, standing)
    found: list[Figure] = []
    for root in tree.roots:
        if tellable(tree.total(root, ALL), period, earlier.get((root, ALL), ())):
            by_category = _categories_tellable(tree, [root], period, earlier)
            _tell(tree, root, by_category, period, earlier, found)
    return found


def publish(conn: Connection, now: datetime, timezone: str) -> int:
    """
    Make the figures of the last week, month and year that are not finished yet; returns how many figures there are.

    Parameters
    ----------
    conn
        In a transaction of the service itself, with the scope of everything.
    now
        The present.
    timezone
        The city's clock.
    """
    return sum(_publish(conn, last(kind, now, timezone)) for kind in reversed(KINDS))


def read(conn: Connection, kind: Kind, category: str) -> list[Row]:
    """The last finished figures of a kind of period and a category, from the root down."""
    return rows(conn, SQL["figures"], period=kind, category=category)


def tile(conn: Connection, kind: Kind, category: str, zoom: int, x: int, y: int, depth: int) -> bytes:
    """The same as a vector tile of the units `depth` steps down the tree, or as far as the figures go."""
    asked = {"period": kind, "category": category, "z": zoom, "x": x, "y": y, "depth": depth}
    return bytes(one(conn, SQL["figures_tile"], **asked)["tile"])


@dataclass(frozen=True)
class _Tree:
    """Units with their parts, and how many incidents stand in each subtree and at each unit itself."""

    roots: list[str]
    parts: Mapping[str, list[str]]
    own: Mapping[str, Mapping[str, int]]
    totals: Mapping[str, Mapping[str, int]]
    categories: list[str]

    @classmethod
    def of(cls, paths: Sequence[str], standing: Counts) -> "_Tree":
        known, parts = set(paths), defaultdict[str, list[str]](list)
        roots: list[str] = []
        for path in paths:
            above = _nearest(_above(path), known)
            (roots if above is None else parts[above]).append(path)
        categories = sorted({category for counts in standing.values() for category in counts})
        own, totals = (defaultdict[str, dict[str, int]](lambda: dict.fromkeys(categories, 0)) for _ in range(2))
        for path, counts in standing.items():
            home: str | None = _nearest(path, known)
            for category, count in counts.items() if home else ():
                own[str(home)][category] += count
        for path in sorted(paths, reverse=True):
            for category in categories:
                totals[path][category] += own[path][category] + sum(totals[one][category] for one in parts[path])
        return cls(roots, parts, own, totals, categories)

    def total(self, path: str, category: str) -> int:
        return sum(self.totals[path].values()) if category == ALL else self.totals[path][category]

    def left(self, path: str, category: str) -> int:
        """What stands at the unit itself, beside its parts."""
        return sum(self.own[path].values()) if category == ALL else self.own[path][category]


def _tell(
    tree: _Tree,
    path: str,
    by_category: bool,
    period: Period,
    earlier: Earlier,
    found: list[Figure],
) -> None:
    parts = tree.parts[path]
    splits = bool(parts) and _enough(tree.left(path, ALL)) and _all_tellable(tree, parts, [ALL], period, earlier)
    deeper = splits and by_category and _categories_tellable(tree, parts, period, earlier, path)
    found.append(Figure(ALL, path, tree.total(path, ALL), not splits))
    if by_category:
        found += [Figure(one, path, tree.total(path, one), not deeper) for one in tree.categories]
    for part in parts if splits else ():
        _tell(tree, part, deeper, period, earlier, found)


def _categories_tellable(
    tree: _Tree, parts: Sequence[str], period: Period, earlier: Earlier, above: str | None = None
) -> bool:
    left = [tree.left(above, category) for category in tree.categories] if above else []
    return all(map(_enough, left)) and _all_tellable(tree, parts, tree.categories, period, earlier)


def _all_tellable(
    tree: _Tree, parts: Sequence[str], categories: Sequence[str], period: Period, earlier: Earlier
) -> bool:
    return all(
        tellable(tree.total(part, category), period, earlier.get((part, category), ()))
        for part in parts
        for category in categories
    )


def _publish(conn: Connection, period: Period) -> int:
    if one(conn, SQL["figures_done"], period=period.kind, since=period.since)["done"]:
        return 0
    units = {row["path"]: row["unit_id"] for row in rows(conn, SQL["figure_units"])}
    found = figures(list(units), _standing(conn, period), period, _earlier(conn, period, units))
    execute(
        conn,
        SQL["put_figures"],
        period=period.kind,
        since=period.since,
        until=period.until,
        categories=[figure.category for figure in found],
        unit_ids=[units[figure.path] for figure in found],
        paths=[figure.path for figure in found],
        incidents=[figure.incidents for figure in found],
        finest=[figure.finest for figure in found],
    )
    return len(found)


def _standing(conn: Connection, period: Period) -> Counts:
    categories = [row["code"] for row in rows(conn, SQL["figure_categories"])]
    counts = defaultdict[str, dict[str, int]](lambda: dict.fromkeys(categories, 0))
    for row in rows(conn, SQL["figure_counts"], since=period.since, until=period.until):
        counts[row["path"]][row["category"]] += row["incidents"]
    return counts


def _earlier(conn: Connection, period: Period, units: Mapping[str, int]) -> Earlier:
    path_of = {unit_id: path for path, unit_id in units.items()}
    told = defaultdict[tuple[str, str], list[Told]](list)
    for row in rows(conn, SQL["figures_before"], since=period.since, until=period.until):
        if row["unit_id"] in path_of:
            other = Period(row["period"], row["since"], row["until"])
            told[path_of[row["unit_id"]], row["category"]].append(Told(other, row["incidents"]))
    return told


def _enough(count: int) -> bool:
    return count <= 0 or count >= LEAST


def _sum(told: Sequence[Told], kind: Kind) -> int:
    return sum(one.incidents for one in told if one.period.kind == kind)


def _within(told: Sequence[Told], period: Period) -> list[Told]:
    return [one for one in told if period.holds(one.period) and one.period != period]


def _above(path: str) -> str:
    return path[: path.rstrip(".").rfind(".") + 1]


def _nearest(path: str, known: set[str]) -> str | None:
    while path and path not in known:
        path = _above(path)
    return path or None
