"""Incidents: read, find, follow and change them. Events are the truth; the current row is set with them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from geo import feed, lifecycle, masking, paging, units
from geo.db import Connection, Row, Scope, execute, first, one, rows, statements
from geo.errors import Invalid, NotFound, StaleVersion
from geo.places import Doubt

SQL = statements("incidents")

Handling = Literal["direct", "assisted", "on_behalf"]
Located = Literal["inside", "edge", "building", "outside", "settled"]


class IncidentNotFound(NotFound):
    """There is no such incident in your scope."""

    zh = "您的管辖范围内没有此事项。"


class UnknownTeam(Invalid):
    """There is no such team in your scope."""

    zh = "您的管辖范围内没有此队伍。"


class UnknownDepartment(Invalid):
    """There is no such department in your scope."""

    zh = "您的管辖范围内没有此部门。"


@dataclass(frozen=True)
class Incident:
    """
    An incident as it now stands; coordinates in EPSG:4326, names of unit and team as they are at present.

    It is ambiguous while there are doubts about its place; a dispatcher settles them (`settlement.settle`).
    """

    id: uuid.UUID
    path: str
    unit_id: int
    unit_code: str | None
    unit_name: str | None
    located: Located
    category: str
    channel: str
    handling: Handling
    state: lifecycle.State
    priority: int
    title: str
    description: str | None
    address: str | None
    lon: float
    lat: float
    accuracy_m: float | None
    building_code: str | None
    doubts: list[Doubt]
    ambiguous: bool
    occurred_at: datetime
    received_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    team_id: uuid.UUID | None
    team_code: str | None
    team_name: str | None
    department_id: uuid.UUID | None
    synthetic: bool
    version: int


@dataclass(frozen=True)
class Event:
    """One thing that happened to an incident; `number` is the version that it made."""

    number: int
    kind: str
    at: datetime
    account: str
    state: lifecycle.State
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """
    A wanted change of state.

    Attributes
    ----------
    state
        Where the incident shall go.
    reason
        Why; some steps demand it.
    team_id, department_id
        Who shall have it; the present ones if not given.
    """

    state: lifecycle.State
    reason: str | None = None
    team_id: uuid.UUID | None = None
    department_id: uuid.UUID | None = None


@dataclass(frozen=True)
class IncidentFilter:
    """
    Which incidents to list; None for any.

    Attributes
    ----------
    unit, path
        The code or the path of a unit, for all that lies in its subtree.
    category
        A category with all below it.
    state, channel, located
        Codes.
    ambiguous
        Whether there are doubts about its place.
    team
        Code of the team that has it.
    bbox
        west, south, east, north in EPSG:4326.
    occurred_from, occurred_to
        Half-open interval of time.
    text
        A part of title, description or address.
    cursor
        Where the page before ended.
    limit
        Most rows of a page.
    """

    unit: str | None = None
    path: str | None = None
    category: str | None = None
    state: lifecycle.State | None = None
    channel: str | None = None
    located: Located | None = None
    ambiguous: bool | None = None
    team: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    text: str | None = None
    cursor: str | None = None
    limit: int = 100


def read(conn: Connection, incident_id: uuid.UUID) -> Incident:
    """One incident; raises `IncidentNotFound`."""
    found = first(conn, SQL["read"], id=incident_id)
    if found is None:
        raise IncidentNotFound
    return _incident(found)


def find(conn: Connection, wanted: IncidentFilter) -> paging.Page[Incident]:
    """A page of incidents, newest first by the instant they were received."""
    found = [_incident(row) for row in _find(conn, wanted)]
    return paging.page(found, wanted.limit, lambda last: (last.received_at.isoformat(), str(last.id)))


def history(conn: Connection, incident_id: uuid.UUID) -> list[Event]:
    """All that happened to an incident, from its beginning; raises `IncidentNotFound`."""
    events = [Event(**row | _state(row)) for row in rows(conn, SQL["history"], id=incident_id)]
    if not events:
        raise IncidentNotFound
    return events


def change_state(conn: Connection, incident_id: uuid.UUID, change: Change, expected_version: int) -> Incident:
    """
    Take an incident one step further.

    Parameters
    ----------
    conn
        A transaction from `db.begin`.
    incident_id
        Which incident.
    change
        The wanted step.
    expected_version
        The version that the change was decided on.

    Raises
    ------
    StaleVersion
        The incident has changed since.
    TransitionRefused
        The step is not in `lifecycle.STEPS`, or lacks what it must say.
    """
    now = first(conn, SQL["lock"], id=incident_id)
    if now is None:
        raise IncidentNotFound
    if now["version"] != expected_version:
        raise StaleVersion
    before = lifecycle.State(now["state"])
    lifecycle.check_step(before, change.state, reason=bool(change.reason), department=change.department_id is not None)
    _check_known(conn, change)
    execute(
        conn,
        SQL["change"],
        id=incident_id,
        state=change.state,
        team_id=change.team_id,
        department_id=change.department_id,
        settled=change.state in lifecycle.SETTLED,
        payload=Jsonb({"from": before, **_said(change)}),
    )
    incident = read(conn, incident_id)
    feed.append(conn, [entry("incident.changed", incident)])
    return incident


def _find(conn: Connection, wanted: IncidentFilter) -> list[Row]:
    path = units.read(conn, wanted.unit)["path"] if wanted.unit is not None else wanted.path
    west, south, east, north = wanted.bbox or (None, None, None, None)
    before_at, before_id = _key(wanted.cursor)
    execute(conn, SQL["plan_each_time"])
    return rows(
        conn,
        SQL["find"],
        path_from=path,
        path_to=None if path is None else Scope(path).upper,
        category=wanted.category,
        state=wanted.state,
        channel=wanted.channel,
        located=wanted.located,
        ambiguous=wanted.ambiguous,
        team=wanted.team,
        occurred_from=wanted.occurred_from,
        occurred_to=wanted.occurred_to,
        west=west,
        south=south,
        east=east,
        north=north,
        text=wanted.text,
        before_at=before_at,
        before_id=before_id,
        limit=wanted.limit + 1,
    )


def _incident(row: Row) -> Incident:
    return Incident(**row | _state(row))


def _state(row: Row) -> Row:
    return {"state": lifecycle.State(row["state"])}


def _key(cursor: str | None) -> tuple[datetime, uuid.UUID] | tuple[None, None]:
    if cursor is None:
        return None, None
    at, last = paging.parts(cursor, 2)
    try:
        return datetime.fromisoformat(at), uuid.UUID(last)
    except ValueError:
        raise paging.BadCursor from None


def _check_known(conn: Connection, change: Change) -> None:
    known = one(conn, SQL["known"], team_id=change.team_id, department_id=change.department_id)
    if not known["team_known"]:
        raise UnknownTeam
    if not known["department_known"]:
        raise UnknownDepartment


def _said(change: Change) -> dict[str, str]:
    reason = None if change.reason is None else masking.mask(change.reason).text
    said = {"reason": reason, "team_id": change.team_id, "department_id": change.department_id}
    return {name: str(value) for name, value in said.items() if value is not None}


def entry(kind: str, incident: Incident) -> feed.Entry:
    """What the feed tells of an incident."""
    body = {"state": incident.state, "category": incident.category, "version": incident.version}
    return feed.Entry(incident.path, kind, str(incident.id), body)
