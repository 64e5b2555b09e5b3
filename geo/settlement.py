"""Whose an incident is and why: the decisions so far, and the one that a dispatcher makes where there are doubts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import numpy as np
from psycopg.types.json import Jsonb

from geo import feed, incidents, lifecycle, masking, units
from geo.assign import Answering, Owners, Reason, new_run
from geo.db import Connection, Row, first, one, rows, statements
from geo.errors import Invalid, StaleVersion
from geo.incidents import Incident, IncidentNotFound, entry

SQL = statements("settlement")


class NotACandidate(Invalid):
    """An incident is settled for one of its candidates, or for a micro-grid of your scope."""

    zh = "只能确定为候选网格之一，或您管辖范围内的微网格。"


@dataclass(frozen=True)
class Settlement:
    """The unit that shall own an incident, by its code, and why."""

    unit: str
    reason: str


@dataclass(frozen=True)
class Candidate:
    """
    A unit that may own an incident.

    Attributes
    ----------
    unit_id, code, name
        The unit.
    share
        Of the disc of uncertainty; None where there is no disc.
    outside
        Whether it is the root, which keeps what lies outside of every micro-grid.
    """

    unit_id: int
    code: str | None
    name: str | None
    share: float | None
    outside: bool


@dataclass(frozen=True)
class Decision:
    """
    A decision on whose an incident is.

    Attributes
    ----------
    run_id, at, account, reason
        Of the run that made it.
    edition_valid, edition_recorded
        The key of the edition that it answered by.
    unit_id, owner_rule, candidates
        The owner, the rule that found it, and who else it might have been.
    team_id, team_rule, team_unit_id
        The default team, the rule that found it, and the unit that names it.
    """

    run_id: int
    at: datetime
    account: str
    reason: Reason
    edition_valid: datetime
    edition_recorded: datetime
    unit_id: int
    owner_rule: str
    candidates: list[Candidate]
    team_id: UUID
    team_rule: str
    team_unit_id: int


def decisions(conn: Connection, incident_id: UUID) -> list[Decision]:
    """Every decision on whose an incident is, newest first; raises `IncidentNotFound`."""
    incidents.read(conn, incident_id)
    found = rows(conn, SQL["decided"], id=incident_id)
    ids = sorted({unit for row in found for unit in row["candidates"]})
    called = {row["unit_id"]: row for row in rows(conn, SQL["units_called"], ids=ids)}
    return [_decision(row, called) for row in found]


def _decision(row: Row, called: Mapping[int, Row]) -> Decision:
    said: Row = {name: value for name, value in row.items() if name != "shares"}
    said["candidates"] = _candidates(row, called)
    return Decision(**said)


def _candidates(row: Row, called: Mapping[int, Row]) -> list[Candidate]:
    shares: Sequence[float | None] = row["shares"] or [None] * len(row["candidates"])
    named = ((called.get(unit, {}), unit, share) for unit, share in zip(row["candidates"], shares, strict=True))
    return [
        Candidate(unit, of.get("code"), of.get("name"), share, outside=bool(of.get("derived")))
        for of, unit, share in named
    ]


def settle(
    conn: Connection, incident_id: UUID, settlement: Settlement, expected_version: int, assigner: Answering
) -> Incident:
    """
    Settle whose an incident is; it stays so, whatever is assigned again, as long as the unit is in force.

    Parameters
    ----------
    conn
        A transaction from `db.begin` of the incident's own scope; what was handed over is settled by nobody else.
    incident_id
        Which incident.
    settlement
        One of the candidates of the last decision, which may lie beyond the scope, or a micro-grid of the scope.
    expected_version
        The version that it was decided on.
    assigner
        Of the edition in force.

    Returns
    -------
    Incident
        As it stands now; the scope may see it no more.

    Raises
    ------
    IncidentNotFound, StaleVersion, NotACandidate
    """
    now = first(conn, SQL["lock_to_settle"], id=incident_id)
    if now is None:
        raise IncidentNotFound
    if now["version"] != expected_version:
        raise StaleVersion
    chosen = first(conn, SQL["choice"], id=incident_id, codes=units.spellings(settlement.unit))
    if chosen is None:
        raise NotACandidate
    at = np.array([now["lon"]]), np.array([now["lat"]])
    owners, held = assigner.settle(assigner.assign(*at), np.array([chosen["unit_id"]]))
    if not held[0]:
        raise NotACandidate
    before = incidents.read(conn, incident_id)
    after = _settled(conn, before, settlement, owners, new_run(conn, assigner, "settled"))
    gone = [] if after.path == before.path else [replace(after, path=before.path)]
    feed.append(conn, [entry("incident.settled", one) for one in (*gone, after)])
    return after


def _settled(conn: Connection, before: Incident, said: Settlement, owners: Owners, run_id: int) -> Incident:
    unit_id, path = int(owners.unit_id[0]), owners.path[0]
    team_id = owners.team_id[0] if before.state in lifecycle.UNTAKEN else before.team_id
    version = one(
        conn,
        SQL["settle"],
        id=before.id,
        unit_id=unit_id,
        path=path,
        team_id=owners.team_id[0],
        team_rule=owners.team_rule[0],
        team_unit_id=int(owners.team_unit_id[0]),
        run_id=run_id,
        untaken=list(lifecycle.UNTAKEN),
        said=Jsonb({"reason": masking.mask(said.reason).text}),
    )["version"]
    told = one(conn, SQL["settled_as"], unit_id=unit_id, team_id=team_id)
    stands = {"path": path, "unit_id": unit_id, "team_id": team_id, "version": version, **told}
    return replace(before, **stands, located="settled", doubts=[], ambiguous=False)
