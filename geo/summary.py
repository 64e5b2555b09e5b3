"""
The published figures of what is loaded: one object for a front page, nothing in it about a single incident.

Where incidents are counted by area, month or cell, a count below `LEAST` is not told, nor can it be had by
subtraction: where what is left out is too little, another count is left out too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geo import db, units
from geo.outlines import outlines

LEAST = 5
MOST_DRAWN = 200
SQL = db.statements("summary")


@dataclass(frozen=True)
class Counted:
    """How many there are of a kind, and how many of them are synthetic."""

    kind: str
    total: int
    synthetic: int


@dataclass(frozen=True)
class Incidents:
    """
    Counts of incidents.

    Attributes
    ----------
    settled
        Closed, revisited or archived.
    open
        Neither settled nor refused.
    outside
        Located in no micro-grid; the root answers for them.
    first_on, last_on
        The days on the city's clock when the first and the last of them occurred; None if there are none.
    """

    total: int
    settled: int
    open: int
    outside: int
    synthetic: int
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True)
class Part:
    """
    A unit of the level that the overview shows.

    Attributes
    ----------
    incidents
        None where the count would tell too much.
    outline
        A simplified GeoJSON geometry in EPSG:4326; None where there are too many areas for a small drawing.
    """

    unit_id: int
    code: str
    name: str
    name_en: str | None
    incidents: int | None
    stations: int
    households: int
    outline: dict[str, Any] | None


@dataclass(frozen=True)
class Month:
    """Incidents of a month such as ``2026-03``, on the city's clock."""

    month: str
    total: int


@dataclass(frozen=True)
class Cell:
    """How many lie in a cell of a tenth of a degree; `lon` and `lat` (EPSG:4326) are its south-west corner."""

    lon: float
    lat: float
    total: int


@dataclass(frozen=True)
class Named:
    """A unit by its names."""

    unit_id: int
    code: str
    name: str
    name_en: str | None


@dataclass(frozen=True)
class Outline:
    """
    What the whole is called and made of.

    Attributes
    ----------
    parts
        Of the level that the overview shows; none where there are more than `MOST_DRAWN`.
    """

    name: str | None
    name_en: str | None
    units: list[Counted]
    parts_level: str | None
    parts: list[Named]


@dataclass(frozen=True)
class Summary:
    """What is loaded, in figures."""

    name: str | None
    name_en: str | None
    units: list[Counted]
    incidents: Incidents
    teams: list[Counted]
    stations: Counted
    routes: Counted
    parts_level: str | None
    parts: list[Part]
    months: list[Month]
    incident_cells: list[Cell]
    station_cells: list[Cell]
    route_cells: list[Cell]


def read(conn: db.Connection, *, timezone: str) -> Summary:
    """
    Read the figures of everything the session may see.

    Parameters
    ----------
    conn
        In a transaction of `db.begin`; with scope ``EVERYTHING`` the figures are those of the whole.
    timezone
        The clock of the months, such as ``Asia/Shanghai``.

    Returns
    -------
    Summary
        Zeros and empty lists where nothing is loaded.
    """
    counted = per_level(conn)
    root = _only_root(conn)
    level = overview_level(counted)
    return Summary(
        name=root.get("name"),
        name_en=root.get("name_en"),
        units=counted,
        incidents=incidents(conn, timezone),
        teams=[Counted(**row) for row in _rows(conn, "teams")],
        stations=_places(conn, "stations"),
        routes=_places(conn, "routes"),
        parts_level=level,
        parts=parts(conn, level) if level else [],
        months=months(conn, timezone),
        incident_cells=_told(_cells(conn, "incident_cells")),
        station_cells=_cells(conn, "station_cells"),
        route_cells=_cells(conn, "route_cells"),
    )


def outline(conn: db.Connection) -> Outline:
    """Read what the whole is called and made of: nothing that takes counting incidents."""
    counted = per_level(conn)
    root = _only_root(conn)
    level = overview_level(counted)
    several = {each.kind: each.total for each in counted}.get(level or "", 0)
    parts = [Named(**row) for row in _rows(conn, "named", level=level)] if several <= MOST_DRAWN else []
    return Outline(root.get("name"), root.get("name_en"), counted, level, parts)


def per_level(conn: db.Connection) -> list[Counted]:
    """Units in force of each level, from the league down; levels without units are left out."""
    found = {row["kind"]: Counted(**row) for row in _rows(conn, "units_per_level")}
    return [found[level] for level in units.LEVELS if level in found]


def overview_level(counted: Sequence[Counted]) -> str | None:
    """The coarsest level with more than one unit, else the finest there is; None if there are no units."""
    several = [level.kind for level in counted if level.total > 1]
    return several[0] if several else counted[-1].kind if counted else None


def incidents(conn: db.Connection, timezone: str) -> Incidents:
    """Count all incidents the session may see."""
    row = _rows(conn, "incidents", timezone=timezone)[0]
    refused = row.pop("refused")
    return Incidents(open=row["total"] - row["settled"] - refused, **row)


def parts(conn: db.Connection, level: str) -> list[Part]:
    """The units of `level` with their counts; a count of incidents only where it may be told."""
    found = _rows(conn, "parts", level=level)
    told = tellable([row["incidents"] for row in found])
    drawn = _drawn(conn, level) if len(found) <= MOST_DRAWN else {}
    return [_part(row, drawn.get(row["unit_id"]), told=may) for row, may in zip(found, told, strict=True)]


def months(conn: db.Connection, timezone: str) -> list[Month]:
    """Incidents by month of occurrence, without the months whose count may not be told."""
    found = _rows(conn, "months", timezone=timezone)
    told = tellable([row["total"] for row in found], latest=True)
    return [Month(**row) for row, may in zip(found, told, strict=True) if may]


def tellable(counts: Sequence[int], *, latest: bool = False) -> list[bool]:
    """
    Which of the counts of a split may be told beside their sum.

    Parameters
    ----------
    counts
        Incidents of each part of the split.
    latest
        Leave out the last of the other counts rather than the least: a month that has just begun is the usual
        small one, and a gap beside it misleads nobody.

    Returns
    -------
    list of bool
        False for counts from 1 to `LEAST` - 1; where these come to less than `LEAST` together, the sum would give
        them away, and one of the other counts is not told either.
    """
    small = [0 < count < LEAST for count in counts]
    left_out = sum(count for count, hidden in zip(counts, small, strict=True) if hidden)
    rest = [i for i, count in enumerate(counts) if count >= LEAST]
    chosen = rest[-1:] if latest else sorted(rest, key=lambda i: counts[i])[:1]
    also = chosen if 0 < left_out < LEAST else []
    return [not hidden and i not in also for i, hidden in enumerate(small)]


def _part(row: db.Row, outline: dict[str, Any] | None, *, told: bool) -> Part:
    counts: db.Row = {} if told else {"incidents": None}
    return Part(**(row | counts), outline=outline)


def _drawn(conn: db.Connection, level: str) -> dict[int, dict[str, Any]]:
    areas = units.in_force(conn, level=level)
    return dict(zip(areas["unit_id"], outlines(areas.geometry.to_numpy()), strict=True))


def _only_root(conn: db.Connection) -> db.Row:
    roots = _rows(conn, "roots")
    return roots[0] if len(roots) == 1 else {}


def _places(conn: db.Connection, name: str) -> Counted:
    return Counted(name, **_rows(conn, name)[0])


def _cells(conn: db.Connection, name: str) -> list[Cell]:
    return [Cell(**row) for row in _rows(conn, name)]


def _told(cells: Sequence[Cell]) -> list[Cell]:
    told = tellable([cell.total for cell in cells])
    return [cell for cell, may in zip(cells, told, strict=True) if may]


def _rows(conn: db.Connection, name: str, **params: object) -> list[db.Row]:
    return db.rows(conn, SQL[name], **params)
