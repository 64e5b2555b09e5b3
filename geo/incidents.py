"""Incidents: report, read, find, follow and change them. Events are the truth; the current row is set with them."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from geo import buildings, crs, feed, identifiers, lifecycle, masking, paging, units
from geo.assign import Answering, FloatArray
from geo.buildings import Building
from geo.db import Connection, Row, Scope, execute, first, one, rows, statements
from geo.errors import BadCoordinate, IdempotencyMismatch, Invalid, NotFound, StaleVersion
from geo.places import Decided, Doubt, Places, decide

SQL = statements("incidents")
CLOCK_SKEW = timedelta(minutes=5)
LOADED_ONLY = frozenset({"import"})

Handling = Literal["direct", "assisted", "on_behalf"]
Located = Literal["inside", "edge", "building", "outside", "settled"]


class IncidentNotFound(NotFound):
    """There is no such incident in your scope."""

    zh = "您的管辖范围内没有此事项。"


class UnknownCategory(Invalid):
    """There is no such category in use."""

    zh = "没有此类别，或已停用。"


class UnknownChannel(Invalid):
    """There is no such channel."""

    zh = "没有此来源。"


class ReservedChannel(Invalid):
    """The channel is for what is loaded from files; a report names the way by which it came in."""

    zh = "此来源仅用于批量导入；上报须注明实际来源。"


class UnknownTeam(Invalid):
    """There is no such team in your scope."""

    zh = "您的管辖范围内没有此队伍。"


class UnknownDepartment(Invalid):
    """There is no such department in your scope."""

    zh = "您的管辖范围内没有此部门。"


class FutureTime(Invalid):
    """What is reported cannot have happened in the future."""

    zh = "发生时间不能晚于现在。"


@dataclass(frozen=True)
class Report:
    """
    What is reported.

    Attributes
    ----------
    category, channel
        Codes of the reference lists.
    title, description, address
        Free text.
    lon, lat
        In degrees of `crs`.
    crs
        The declared reference system: ``EPSG:4326``, ``EPSG:4490``, ``gcj02``, ``bd09``, another EPSG code.
    occurred_at
        When it happened; the present instant if not given.
    accuracy_m
        Radius of the position's uncertainty, in metres.
    handling
        直办, 帮办 or 代办.
    building_code
        The building that it is about, which says more than the point does whose it is.
    """

    category: str
    channel: str
    title: str
    lon: float
    lat: float
    crs: str
    description: str | None = None
    address: str | None = None
    occurred_at: datetime | None = None
    accuracy_m: float | None = None
    handling: Handling = "direct"
    building_code: str | None = None

    @property
    def sha256(self) -> str:
        """The same for two reports that say the same."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()


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


_JSON = TypeAdapter(Incident)


def report(conn: Connection, what: Report, assigner: Answering, key: str | None = None) -> Incident:
    """
    Take a report: find its micro-grid and team, and store incident, first event and assignment.

    Parameters
    ----------
    conn
        A transaction from `db.begin`.
    what
        The report.
    assigner
        Of the edition in force.
    key
        A repeated report with the same key gets the first one's answer and changes nothing.

    Raises
    ------
    IdempotencyMismatch
        The key was used for another report.
    Invalid
        One of its kinds: an unknown category or channel, a bad coordinate or time.
    """
    if key is not None and not execute(conn, SQL["claim"], key=key, sha256=what.sha256):
        return _answered(conn, key, what.sha256)
    values = _values(conn, what, assigner)
    incident = Incident(**{field.name: values[field.name] for field in fields(Incident)})
    execute(conn, SQL["report"], **values)
    if key is not None:
        execute(conn, SQL["remember"], key=key, response=Jsonb(_JSON.dump_python(incident, mode="json")))
    feed.append(conn, [entry("incident.reported", incident)])
    return incident


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


def _answered(conn: Connection, key: str, sha256: str) -> Incident:
    earlier = one(conn, SQL["claimed"], key=key)
    if earlier["request_sha256"] != sha256:
        raise IdempotencyMismatch
    return _JSON.validate_python(earlier["response"])


def _values(conn: Connection, what: Report, assigner: Answering) -> Row:
    """
    All that is kept of a report, and all that is told of it.

    The answer is made of it and not read back: who reports may put in what they may not read.
    """
    lon, lat = stored(what.lon, what.lat, what.crs)
    building, decided = _decided(conn, what, assigner, lon, lat)
    owners = decided.owners
    unit_id, team_id = int(owners.unit_id[0]), owners.team_id[0]
    doubts = decided.doubts.get(0, [])
    return {
        **asdict(what) | _ruling(conn, what, unit_id, team_id) | {"lon": lon, "lat": lat},
        "id": uuid.UUID(identifiers.one()),
        "state": lifecycle.FIRST,
        "unit_id": unit_id,
        "path": owners.path[0],
        "located": owners.located[0],
        "building_id": building and building.id,
        "building_code": building and building.code,
        "doubts": doubts,
        "ambiguous": bool(doubts),
        "owner_rule": owners.owner_rule[0],
        "candidates": owners.candidates.get(0, [unit_id]),
        "shares": owners.shares.get(0),
        "team_id": team_id,
        "team_rule": owners.team_rule[0],
        "team_unit_id": int(owners.team_unit_id[0]),
        **assigner.key._asdict(),
        "payload": Jsonb(_evidence(what, doubts, lon, lat)),
        **_AS_MADE,
    }


def _decided(
    conn: Connection, what: Report, assigner: Answering, lon: float, lat: float
) -> tuple[Building | None, Decided]:
    """The building that a report names, by code or address, and who answers for it."""
    x, y = np.array([lon]), np.array([lat])
    building = None
    if what.building_code is not None:
        building = buildings.named(conn, what.building_code)
    elif what.address:
        building = buildings.of_address(conn, what.address, assigner.assign(x, y).path[0])
    places = Places(
        x,
        y,
        accuracy_m=None if what.accuracy_m is None else np.array([what.accuracy_m]),
        building_lon=building and np.array([building.lon]),
        building_lat=building and np.array([building.lat]),
        by_address=np.array([what.building_code is None]),
        as_wgs84=crs.is_storage(crs.declared(what.crs)),
    )
    return building, decide(assigner, places)


def _evidence(what: Report, doubts: Sequence[Doubt], lon: float, lat: float) -> Row:
    """What the history keeps of a place: as it was declared, the doubts, and where it were if it is GCJ-02."""
    said: Row = {"declared": {"lon": what.lon, "lat": what.lat, "crs": what.crs}}
    if doubts:
        said["doubts"] = doubts
    if "gcj02" in doubts:
        back = (float(value[0]) for value in crs.gcj02_to_wgs84(np.array([lon]), np.array([lat])))
        said["unshifted"] = dict(zip(("lon", "lat"), back, strict=True))
    return said


_AS_MADE: Row = {"closed_at": None, "department_id": None, "synthetic": False, "version": 1}


def _ruling(conn: Connection, what: Report, unit_id: int, team_id: uuid.UUID) -> Row:
    ruling = first(
        conn,
        SQL["ruling"],
        category=what.category,
        channel=what.channel,
        occurred_at=what.occurred_at,
        accuracy_m=what.accuracy_m,
        unit_id=unit_id,
        team_id=team_id,
    )
    if ruling is None:
        raise UnknownCategory
    if not ruling.pop("channel_known"):
        raise UnknownChannel
    if what.channel in LOADED_ONLY:
        raise ReservedChannel
    if ruling["occurred_at"] > ruling["received_at"] + CLOCK_SKEW:
        raise FutureTime
    return ruling


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
