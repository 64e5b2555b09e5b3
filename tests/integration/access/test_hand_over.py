"""Incidents handed over to an organisation from elsewhere, and reports that are put in without reading."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import errors
from psycopg_pool import ConnectionPool

from geo import db, incidents, reports
from geo.assign import Assigner
from geo.db import EVERYTHING, INTAKE, PUBLIC, SIGN_IN, Scope, begin
from geo.incidents import Change, Incident
from geo.lifecycle import State
from geo.reports import Report

from .conftest import PARENTS, City

Pool = ConnectionPool[db.Connection]
ABOVE = [code for code in PARENTS if code[0] != "M"]
DEPARTMENT = UUID(int=4000 + ABOVE.index("B2"))
HANDLER = Scope("0.", "handler", str(DEPARTMENT), "department_handler")
KEPT = timedelta(days=30)


def reported(city: City, lon: float = 122.005) -> Incident:
    what = Report("hazard.flue", "snap", "私改烟道", lon, 46.005, "EPSG:4326")
    with begin(city.pool, EVERYTHING) as conn:
        assigner = Assigner.load(conn)
    with begin(city.pool, INTAKE) as conn:
        return reports.report(conn, what, assigner)


def step(city: City, scope: Scope, incident: UUID, version: int, state: State, at: datetime | None = None) -> Incident:
    change = Change(state, reason="说明", department_id=DEPARTMENT if state is State.ASSIGNED else None)
    with begin(city.pool, scope, at) as conn:
        return incidents.change_state(conn, incident, change, version)


def assigned(city: City) -> UUID:
    """An incident in M1 that T1's desk gave to the department of B2."""
    incident = reported(city).id
    desk = Scope(city.paths["T1"], "desk", role="dispatcher")
    step(city, desk, incident, 1, State.ACCEPTED)
    step(city, desk, incident, 2, State.ASSIGNED)
    return incident


def sees(city: City, scope: Scope, incident: UUID, at: datetime | None = None) -> set[str]:
    """The tables in which a scope finds an incident."""
    with begin(city.pool, scope, at) as conn:
        counts = db.one(
            conn,
            """
            SELECT (SELECT count(*) FROM incident WHERE id = %(id)s) AS incident,
                   (SELECT count(*) FROM incident_event WHERE incident_id = %(id)s) AS incident_event,
                   (SELECT count(*) FROM assignment WHERE incident_id = %(id)s) AS assignment,
                   (SELECT count(*) FROM feed WHERE subject = %(id)s::text) AS feed
            """,
            id=incident,
        )
    return {table for table, count in counts.items() if count}


EVERY = {"incident", "incident_event", "assignment", "feed"}


def test_a_department_sees_what_it_was_given_wherever_it_lies_and_nothing_else(city: City) -> None:
    incident, other = assigned(city), reported(city).id
    assert sees(city, HANDLER, incident) == EVERY
    assert sees(city, HANDLER, other) == set()
    assert sees(city, Scope("0.", "handler", str(UUID(int=1)), "department_handler"), incident) == set()
    assert sees(city, PUBLIC, incident) == sees(city, SIGN_IN, incident) == sees(city, INTAKE, incident) == set()


def test_a_department_handles_what_it_was_given_up_to_the_check(city: City) -> None:
    incident = assigned(city)
    for version, state in enumerate([State.SIGNED, State.HANDLING, State.CHECKING], 3):
        assert step(city, HANDLER, incident, version, state).state == state
    assert sees(city, HANDLER, incident) == EVERY
    with begin(city.pool, Scope(city.paths["M1"])) as conn:
        assert [event.account for event in incidents.history(conn, incident)][-3:] == ["handler"] * 3


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("incident_event", "INSERT INTO incident_event SELECT %s, 99, '9.', 'x', now(), 'x', 'closed'"),
        ("hand_over", "INSERT INTO hand_over VALUES (%s, '00000000-0000-0000-0000-000000000001', '1.', now())"),
        ("hand_over", "UPDATE hand_over SET until = NULL WHERE incident_id = %s"),
        ("hand_over", "DELETE FROM hand_over WHERE incident_id = %s"),
    ],
)
def test_nobody_hands_anything_to_himself(city: City, table: str, change: str) -> None:
    for scope, incident in [(HANDLER, reported(city).id), (Scope(city.paths["T3"], role="dispatcher"), assigned(city))]:
        with pytest.raises(errors.InsufficientPrivilege), begin(city.pool, scope) as conn:
            conn.execute(change, [incident])  # type: ignore[arg-type]


def test_what_was_handed_over_is_seen_until_thirty_days_after_closing(city: City) -> None:
    incident = assigned(city)
    now = datetime.now(UTC)
    assert sees(city, HANDLER, incident, now + timedelta(days=400)) == EVERY  # open as long as it takes
    closed = now + timedelta(days=5)
    for version, state in enumerate([State.SIGNED, State.HANDLING, State.CHECKING, State.CLOSED], 3):
        step(city, HANDLER, incident, version, state, closed)
    assert sees(city, HANDLER, incident, closed + KEPT - timedelta(minutes=1)) == EVERY
    assert sees(city, HANDLER, incident, closed + KEPT + timedelta(minutes=1)) == set()
    desk = Scope(city.paths["T1"], "desk", role="dispatcher")
    step(city, desk, incident, 7, State.REVISITED, closed)
    step(
        city, desk, incident, 8, State.HANDLING, closed + timedelta(days=60)
    )  # opened again: it is the department's again
    assert sees(city, HANDLER, incident, closed + timedelta(days=90)) == EVERY


def test_a_team_at_home_needs_no_hand_over_and_one_from_elsewhere_gets_it(city: City) -> None:
    incident = reported(city).id
    home, away = (UUID(int=1000 + ABOVE.index(code)) for code in ("C1", "T3"))
    with begin(city.pool, EVERYTHING) as conn:
        for team in (home, away):
            conn.execute("UPDATE incident SET team_id = %s WHERE id = %s", [team, incident])
        found = db.rows(conn, "SELECT organisation FROM hand_over WHERE incident_id = %(id)s", id=incident)
    assert [row["organisation"] for row in found] == [away]
    assert sees(city, Scope("0.", "walk", str(away), "patrol"), incident) == EVERY


def test_an_incident_that_moves_takes_its_hand_over_along(city: City) -> None:
    incident = assigned(city)
    with begin(city.pool, EVERYTHING) as conn:
        conn.execute("UPDATE incident SET path = %s WHERE id = %s", [city.paths["M7"], incident])
        found = db.one(conn, "SELECT path FROM hand_over WHERE incident_id = %(id)s", id=incident)
    assert found["path"] == city.paths["M7"]
    assert "incident" in sees(city, HANDLER, incident)


def test_the_intake_puts_in_and_reads_nothing(city: City) -> None:
    incident = reported(city, 122.075)
    assert sees(city, INTAKE, incident.id) == set()
    assert sees(city, Scope(city.paths["M8"]), incident.id) == EVERY
    for change in ("UPDATE incident SET title = 'x'", "DELETE FROM incident"):
        with begin(city.pool, INTAKE) as conn:
            assert conn.execute(change).rowcount == 0  # type: ignore[arg-type]


def test_only_the_sign_in_and_the_keepers_read_password_hashes(city: City) -> None:
    with begin(city.pool, EVERYTHING) as conn:
        conn.execute("INSERT INTO account (name, password_hash) VALUES ('hashed', 'x')")
    seen = {}
    for role in ("system", "admin", "sign_in", "dispatcher", "auditor", "public", "intake", ""):
        with begin(city.pool, Scope("", "x", role=role)) as conn:
            seen[role] = db.one(conn, "SELECT count(*) AS n FROM account")["n"] > 0
    assert {role for role, found in seen.items() if found} == {"system", "admin", "sign_in"}


def test_whoever_is_signed_in_finds_every_department_and_nobody_else(city: City) -> None:
    def found(scope: Scope) -> int:
        with begin(city.pool, scope) as conn:
            return db.one(conn, "SELECT count(*) AS n FROM department")["n"]

    assert found(Scope(city.paths["M1"], "x", role="dispatcher")) == len(ABOVE)
    assert [found(scope) for scope in (PUBLIC, INTAKE, SIGN_IN)] == [0, 0, 0]
