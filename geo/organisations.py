"""Who and what stands ready: teams, stations and routes, and the reference lists of categories and channels."""

from dataclasses import dataclass, replace
from typing import Any, Literal, LiteralString, TypeVar
from uuid import UUID

from geo import units
from geo.db import Connection, Row, Scope, one, rows, statements
from geo.errors import NotFound
from geo.paging import Page, page, parts

SQL = statements("organisations")

Shift = Literal["day", "evening", "night", "all"]


class TeamNotFound(NotFound):
    """There is no such team in your scope."""

    zh = "您的管辖范围内没有此队伍。"


class StationNotFound(NotFound):
    """There is no such station."""

    zh = "没有此服务站。"


class RouteNotFound(NotFound):
    """There is no such route in your scope."""

    zh = "您的管辖范围内没有此路线。"


@dataclass(frozen=True)
class Team:
    """A team; `phone` is an office's."""

    id: UUID
    code: str
    path: str
    kind: str
    name: str
    station_code: str | None
    skills: list[str]
    shift: Shift
    members: int
    capacity_per_day: int
    phone: str | None
    active: bool
    synthetic: bool
    version: int


@dataclass(frozen=True)
class Station:
    """A service station, in EPSG:4326; `phone` is an office's."""

    id: UUID
    code: str
    path: str
    kind: str
    name: str
    address: str | None
    phone: str | None
    lon: float
    lat: float
    synthetic: bool
    version: int


@dataclass(frozen=True)
class CheckPoint:
    """A place that a patrol must pass, in EPSG:4326."""

    number: int
    name: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Route:
    """A patrol route; the line (GeoJSON in EPSG:4326) and the check-points come with a single route only."""

    id: UUID
    code: str
    path: str
    name: str
    team_code: str | None
    team_name: str | None
    shift: Shift
    length_m: float
    synthetic: bool
    version: int
    geometry: dict[str, Any] | None = None
    check_points: list[CheckPoint] | None = None


@dataclass(frozen=True)
class Category:
    """A category of incidents; `deadline_hours` counts from the report."""

    code: str
    parent: str | None
    name_zh: str
    name_en: str
    name_mn: str | None
    priority: int
    deadline_hours: int


@dataclass(frozen=True)
class Channel:
    """A way that incidents come in."""

    code: str
    name_zh: str
    name_en: str


Place = TypeVar("Place", Team, Station, Route)


@dataclass(frozen=True)
class PlaceFilter:
    """
    Which teams, stations or routes to list; None for any.

    Attributes
    ----------
    unit
        The code of a unit, for all that belongs to its subtree.
    code
        The code of the one that is wanted.
    kind
        The kind of a team or station, the shift of a route.
    name
        A part of the name.
    cursor
        Where the page before ended.
    limit
        Most rows of a page.
    """

    unit: str | None = None
    code: str | None = None
    kind: str | None = None
    name: str | None = None
    cursor: str | None = None
    limit: int = 100


def teams(conn: Connection, wanted: PlaceFilter) -> Page[Team]:
    """A page of teams, ascending by code."""
    return _page([Team(**row) for row in _rows(conn, SQL["teams"], wanted)], wanted)


def stations(conn: Connection, wanted: PlaceFilter) -> Page[Station]:
    """A page of stations, ascending by code."""
    return _page([Station(**row) for row in _rows(conn, SQL["stations"], wanted)], wanted)


def routes(conn: Connection, wanted: PlaceFilter) -> Page[Route]:
    """A page of routes without their lines, ascending by code."""
    return _page([Route(**row) for row in _rows(conn, SQL["routes"], wanted)], wanted)


def team(conn: Connection, code: str) -> Team:
    """One team; raises `TeamNotFound`."""
    for found in teams(conn, PlaceFilter(code=code, limit=1)).items:
        return found
    raise TeamNotFound


def station(conn: Connection, code: str) -> Station:
    """One station; raises `StationNotFound`."""
    for found in stations(conn, PlaceFilter(code=code, limit=1)).items:
        return found
    raise StationNotFound


def route(conn: Connection, code: str) -> Route:
    """One route with its line; raises `RouteNotFound`."""
    for found in routes(conn, PlaceFilter(code=code, limit=1)).items:
        line = one(conn, SQL["route_line"], code=code)
        return replace(
            found, geometry=line["geometry"], check_points=[CheckPoint(**point) for point in line["check_points"]]
        )
    raise RouteNotFound


def categories(conn: Connection) -> list[Category]:
    """The categories in use, parents before their children."""
    return [Category(**row) for row in rows(conn, SQL["categories"])]


def channels(conn: Connection) -> list[Channel]:
    """The channels, ascending by code."""
    return [Channel(**row) for row in rows(conn, SQL["channels"])]


def _rows(conn: Connection, query: LiteralString, wanted: PlaceFilter) -> list[Row]:
    path = "" if wanted.unit is None else units.read(conn, wanted.unit)["path"]
    return rows(
        conn,
        query,
        code=wanted.code,
        path_from=path,
        path_to=Scope(path).upper,
        kind=wanted.kind,
        name=wanted.name,
        after=None if wanted.cursor is None else parts(wanted.cursor, 1)[0],
        limit=wanted.limit + 1,
    )


def _page(found: list[Place], wanted: PlaceFilter) -> Page[Place]:
    return page(found, wanted.limit, lambda last: (last.code,))
