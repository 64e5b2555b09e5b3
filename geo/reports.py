"""Reports: each becomes an incident, with its micro-grid and team, its first event and the reasons for its owner."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

import numpy as np
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from geo import buildings, crs, feed, identifiers, lifecycle
from geo.assign import Answering
from geo.buildings import Building
from geo.db import Connection, Row, execute, first, one, statements
from geo.declared import stored
from geo.errors import IdempotencyMismatch, Invalid
from geo.incidents import Handling, Incident, entry
from geo.places import Decided, Doubt, Places, decide

SQL = statements("reports")
CLOCK_SKEW = timedelta(minutes=5)
LOADED_ONLY = frozenset({"import"})


class UnknownCategory(Invalid):
    """There is no such category in use."""

    zh = "没有此类别，或已停用。"


class UnknownChannel(Invalid):
    """There is no such channel."""

    zh = "没有此来源。"


class ReservedChannel(Invalid):
    """The channel is for what is loaded from files; a report names the way by which it came in."""

    zh = "此来源仅用于批量导入；上报须注明实际来源。"


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
