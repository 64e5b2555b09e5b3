"""The verbs of incidents, against a real database."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from geo import feed, incidents, lifecycle, paging, reports
from geo.assign import Assigner
from geo.db import EVERYTHING, Connection, Scope, begin, rows
from geo.errors import BadCoordinate, IdempotencyMismatch, StaleVersion, TransitionRefused
from geo.incidents import Change, Incident, IncidentFilter, IncidentNotFound
from geo.lifecycle import State
from geo.reassign import reassign
from geo.reports import Report

DESK = Scope(path="", account="local")
Pool = ConnectionPool[Connection]


def flue(lon: float = 122.005, lat: float = 46.005, **more: object) -> Report:
    said = {"category": "hazard.flue", "channel": "snap", "title": "私改烟道", "crs": "EPSG:4326"}
    return Report(lon=lon, lat=lat, **said | more)  # type: ignore[arg-type]


def report(pool: Pool, what: Report, key: str | None = None) -> Incident:
    with begin(pool, DESK) as conn:
        return reports.report(conn, what, Assigner.load(conn), key)


def stored(pool: Pool, incident: Incident) -> Incident:
    with begin(pool, DESK) as conn:
        return incidents.read(conn, incident.id)


def step(pool: Pool, incident: Incident, state: State, version: int, **more: object) -> Incident:
    with begin(pool, DESK) as conn:
        return incidents.change_state(conn, incident.id, Change(state, **more), version)  # type: ignore[arg-type]


def everything(pool: Pool, wanted: IncidentFilter) -> Iterator[Incident]:
    with begin(pool, DESK) as conn:
        page = incidents.find(conn, wanted)
    yield from page.items
    while page.next:
        with begin(pool, DESK) as conn:
            page = incidents.find(conn, IncidentFilter(limit=wanted.limit, cursor=page.next))
        yield from page.items


def test_a_report_goes_to_its_micro_grid_and_the_nearest_team_above(city: Pool):
    incident = report(city, flue())
    assert (incident.unit_code, incident.located, incident.team_code, incident.version) == ("M1", "inside", "T1", 1)
    assert incident == stored(city, incident)
    assert incident.due_at == incident.received_at + timedelta(hours=12)
    assert incident.priority == 1


def test_a_report_on_a_shared_corner_belongs_to_the_lowest_unit_and_keeps_the_candidates(city: Pool):
    incident = report(city, flue(122.01, 46.01))
    assert (incident.unit_code, incident.located) == ("M1", "edge")
    with begin(city, DESK) as conn:
        why = rows(conn, "SELECT * FROM assignment WHERE incident_id = %(id)s", id=incident.id)
        codes = rows(conn, "SELECT code FROM unit_version WHERE unit_id = any(%(ids)s)", ids=why[0]["candidates"])
    assert [row["owner_rule"] for row in why] == ["lowest_of_edge"]
    assert {row["code"] for row in codes} == {"M1", "M2", "M3", "M4"}


def test_a_report_from_outside_waits_in_the_queue_of_the_root(city: Pool):
    incident = report(city, flue(121.0, 45.0))
    assert (incident.unit_code, incident.located, incident.team_code) == ("L", "outside", "T0")
    queue = list(everything(city, IncidentFilter(located="outside")))
    assert incident in queue
    assert {item.located for item in queue} == {"outside"}


def test_a_declared_gcj02_point_is_moved_before_it_is_located(city: Pool):
    # Here GCJ-02 lies some 600 m to the east and 200 m to the north: M1's middle, seen as GCJ-02, is beyond its edge.
    moved = report(city, flue(122.005, 46.005, crs="gcj02"))
    assert 0.001 < abs(moved.lon - 122.005) < 0.01
    with begin(city, DESK) as conn:
        (first,) = incidents.history(conn, moved.id)
    assert first.payload == {"declared": {"lon": 122.005, "lat": 46.005, "crs": "gcj02"}}


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (flue(category="nothing"), reports.UnknownCategory),
        (flue(channel="nothing"), reports.UnknownChannel),
        (flue(lon=181.0), BadCoordinate),
        (flue(lat=float("nan")), BadCoordinate),
        (flue(lon=1e300, lat=1e300, crs="EPSG:4549"), BadCoordinate),
        (flue(occurred_at=datetime(2999, 1, 1, tzinfo=UTC)), reports.FutureTime),
    ],
)
def test_a_bad_report_is_refused_and_leaves_nothing(city: Pool, what: Report, error: type[Exception]):
    before = len(list(everything(city, IncidentFilter())))
    with pytest.raises(error):
        report(city, what, key=str(uuid.uuid4()))
    assert len(list(everything(city, IncidentFilter()))) == before


def test_the_same_key_and_report_get_the_same_answer_even_after_a_change(city: Pool):
    key = str(uuid.uuid4())
    first = report(city, flue(), key)
    step(city, first, State.ACCEPTED, 1)
    assert report(city, flue(), key) == first


def test_the_same_key_with_another_report_is_refused(city: Pool):
    key = str(uuid.uuid4())
    report(city, flue(), key)
    with pytest.raises(IdempotencyMismatch):
        report(city, flue(title="另一件事"), key)


def test_two_accounts_may_use_the_same_key(city: Pool):
    key = str(uuid.uuid4())
    mine = report(city, flue(), key)
    with begin(city, Scope("", account="another")) as conn:
        theirs = reports.report(conn, flue(title="另一件事"), Assigner.load(conn), key)
    assert mine.id != theirs.id


def test_eight_at_once_with_one_key_make_one_report(city: Pool):
    key, assigner = str(uuid.uuid4()), loaded(city)

    def once(_: int) -> Incident:
        with begin(city, DESK) as conn:
            return reports.report(conn, flue(title=key), assigner, key)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(once, range(8)))
    assert len({answer.id for answer in answers}) == 1
    assert len(list(everything(city, IncidentFilter(text=key)))) == 1


def loaded(pool: Pool) -> Assigner:
    with begin(pool, EVERYTHING) as conn:
        return Assigner.load(conn)


def test_a_claimed_key_of_a_failed_report_is_free_again(city: Pool):
    key = str(uuid.uuid4())
    with pytest.raises(reports.UnknownCategory):
        report(city, flue(category="nothing"), key)
    assert report(city, flue(), key).version == 1


def test_a_change_appends_an_event_and_makes_the_next_version(city: Pool):
    incident = report(city, flue())
    step(city, incident, State.ACCEPTED, 1)
    changed = step(city, incident, State.REFUSED, 2, reason="不属于受理范围")
    assert (changed.state, changed.version) == ("refused", 3)
    assert changed.closed_at is not None
    with begin(city, DESK) as conn:
        events = incidents.history(conn, incident.id)
    assert [(event.number, event.kind, event.state) for event in events] == [
        (1, "reported", "reported"),
        (2, "changed", "accepted"),
        (3, "changed", "refused"),
    ]
    assert events[2].payload == {"from": "accepted", "reason": "不属于受理范围"}


def test_opening_a_settled_incident_again_clears_its_closing(city: Pool):
    incident = report(city, flue())
    step(city, incident, State.REFUSED, 1, reason="重复")
    opened = step(city, incident, State.ACCEPTED, 2, reason="复核后受理")
    assert opened.closed_at is None


def test_closing_keeps_its_instant_through_revisit_and_archive(city: Pool):
    incident = report(city, flue())
    way = [State.ACCEPTED, State.HANDLING, State.CHECKING, State.CLOSED]
    closed = [step(city, incident, state, version) for version, state in enumerate(way, start=1)][-1]
    archived = step(city, incident, State.ARCHIVED, 5)
    assert archived.closed_at == closed.closed_at


def test_a_dispatch_may_name_another_team(city: Pool):
    incident = report(city, flue())
    step(city, incident, State.ACCEPTED, 1)
    with begin(city, DESK) as conn:
        team = rows(conn, "SELECT id FROM team WHERE code = 'T2'")[0]["id"]
    assert step(city, incident, State.DISPATCHED, 2, team_id=team).team_code == "T2"


def test_a_dispatch_to_a_team_that_is_not_there_is_refused(city: Pool):
    incident = report(city, flue())
    step(city, incident, State.ACCEPTED, 1)
    with pytest.raises(incidents.UnknownTeam):
        step(city, incident, State.DISPATCHED, 2, team_id=uuid.uuid4())
    with pytest.raises(incidents.UnknownDepartment):
        step(city, incident, State.ASSIGNED, 2, department_id=uuid.uuid4())


def test_a_step_that_the_table_does_not_have_changes_nothing(city: Pool):
    incident = report(city, flue())
    with pytest.raises(TransitionRefused):
        step(city, incident, State.ARCHIVED, 1)
    assert stored(city, incident) == incident


def test_of_two_changes_on_one_version_one_wins(city: Pool):
    incident = report(city, flue())

    def attempt(state: State) -> str:
        try:
            return step(city, incident, state, 1, reason="说明").state
        except StaleVersion:
            return "stale"

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(attempt, [State.ACCEPTED, State.REFUSED]))
    assert sorted(outcomes).count("stale") == 1
    assert stored(city, incident).state in outcomes
    assert stored(city, incident).version == 2


def test_an_incident_that_is_not_there_is_not_found(city: Pool):
    nowhere = uuid.uuid4()
    with begin(city, DESK) as conn:
        for ask in (incidents.read, incidents.history):
            with pytest.raises(IncidentNotFound):
                ask(conn, nowhere)
        with pytest.raises(IncidentNotFound):
            incidents.change_state(conn, nowhere, Change(State.ACCEPTED), 1)


def test_a_scope_sees_and_changes_its_own_subtree_only(city: Pool):
    theirs = report(city, flue(122.005, 46.015))
    with begin(city, DESK) as conn:
        banner = rows(conn, "SELECT path FROM unit_version WHERE code = 'B1'")[0]["path"]
    with begin(city, Scope(banner, account="banner1")) as conn:
        assert all(item.path.startswith(banner) for item in incidents.find(conn, IncidentFilter()).items)
        with pytest.raises(IncidentNotFound):
            incidents.read(conn, theirs.id)
        with pytest.raises(IncidentNotFound):
            incidents.change_state(conn, theirs.id, Change(State.ACCEPTED), 1)


def test_each_filter_keeps_what_it_says(city: Pool):
    word = f"词{uuid.uuid4().hex}"
    made = report(city, flue(122.015, 46.005, description=f"前{word}后", occurred_at=datetime(2026, 3, 1, tzinfo=UTC)))
    keeps = [
        IncidentFilter(unit="M2"),
        IncidentFilter(unit="B1"),
        IncidentFilter(path=made.path),
        IncidentFilter(category="hazard"),
        IncidentFilter(category="hazard.flue"),
        IncidentFilter(state=State.REPORTED),
        IncidentFilter(channel="snap"),
        IncidentFilter(located="inside"),
        IncidentFilter(team="T1"),
        IncidentFilter(bbox=(122.014, 46.004, 122.016, 46.006)),
        IncidentFilter(occurred_from=datetime(2026, 3, 1, tzinfo=UTC), occurred_to=datetime(2026, 3, 2, tzinfo=UTC)),
        IncidentFilter(text=word.upper()),
    ]
    drops = [
        IncidentFilter(unit="B2"),
        IncidentFilter(category="haz"),
        IncidentFilter(category="facility"),
        IncidentFilter(state=State.CLOSED),
        IncidentFilter(channel="patrol"),
        IncidentFilter(located="edge"),
        IncidentFilter(team="T2"),
        IncidentFilter(bbox=(122.0, 46.0, 122.001, 46.001)),
        IncidentFilter(occurred_from=datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC)),
        IncidentFilter(occurred_to=datetime(2026, 3, 1, tzinfo=UTC)),
        IncidentFilter(text=word + "%"),
    ]
    with begin(city, DESK) as conn:
        for wanted in keeps:
            assert made in incidents.find(conn, wanted).items, wanted
        for wanted in drops:
            assert made not in incidents.find(conn, wanted).items, wanted


def test_paging_visits_every_row_once_while_rows_are_added(city: Pool):
    for _ in range(12):
        report(city, flue())
    before = {item.id for item in everything(city, IncidentFilter(limit=500))}
    seen = []
    for item in everything(city, IncidentFilter(limit=5)):
        if len(seen) % 3 == 0:
            report(city, flue())
        seen.append(item.id)
    assert len(seen) == len(set(seen))
    assert set(seen) == before


def test_rows_of_one_instant_are_paged_by_their_id(city: Pool):
    assigner, at = loaded(city), datetime(2026, 6, 1, tzinfo=UTC)
    with begin(city, DESK, now=at) as conn:
        made = [reports.report(conn, flue(title="同时"), assigner).id for _ in range(7)]
    seen = [item.id for item in everything(city, IncidentFilter(limit=2)) if item.received_at == at]
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    "cursor", ["abc", "", "W10", paging.cursor("x", "y"), paging.cursor("2026-01-01"), "é", "=" * 9]
)
def test_a_cursor_of_another_make_is_refused(city: Pool, cursor: str):
    with begin(city, DESK) as conn, pytest.raises(paging.BadCursor):
        incidents.find(conn, IncidentFilter(cursor=cursor))


def test_the_feed_tells_of_a_report_and_a_change_without_any_free_text(city: Pool):
    word = f"词{uuid.uuid4().hex}"
    incident = report(city, flue(title=word, description=word, address=word))
    step(city, incident, State.REFUSED, 1, reason=word)
    with begin(city, DESK) as conn:
        told = rows(conn, "SELECT * FROM feed WHERE subject = %(id)s ORDER BY id", id=str(incident.id))
    assert [row["kind"] for row in told] == ["incident.reported", "incident.changed"]
    assert told[1]["body"] == {"state": "refused", "category": "hazard.flue", "version": 2}
    assert word not in str(told)


def test_the_feed_wakes_its_listeners_when_a_report_is_kept(city: Pool, database: str):
    with psycopg.connect(database, autocommit=True) as ear:
        ear.execute("LISTEN wangge_feed")
        report(city, flue())
        (heard,) = list(ear.notifies(timeout=5, stop_after=1))
    with begin(city, DESK) as conn:
        assert int(heard.payload) == rows(conn, "SELECT max(id) AS id FROM feed")[0]["id"]


def test_ids_of_the_feed_become_visible_in_their_order(city: Pool):
    def tell(number: int) -> None:
        with begin(city, DESK) as conn:
            feed.append(conn, [feed.Entry("1.", "test", str(number), {})])

    seen: set[int] = set()
    with ThreadPoolExecutor(6) as threads:
        told = [threads.submit(tell, number) for number in range(60)]
        while not all(one.done() for one in told):
            with begin(city, DESK) as conn:
                now = {row["id"] for row in rows(conn, "SELECT id FROM feed WHERE kind = 'test'")}
            assert not {late for late in now - seen if late < max(seen, default=0)}
            seen = now
    assert not [one.exception() for one in told if one.exception()]


def test_everything_is_assigned_again_by_the_edition_in_force(city: Pool):
    moved, taken, stays = report(city, flue()), report(city, flue()), report(city, flue(122.005, 46.015))
    for version, state in enumerate([State.ACCEPTED, State.DISPATCHED], start=1):
        step(city, taken, state, version)
    # As if an older edition had given both to M4, whose default team is another one.
    with begin(city, DESK) as conn:
        conn.execute(
            """
            UPDATE incident SET unit_id = u.unit_id, path = u.path, team_id = t.id
            FROM unit_version AS u, team AS t WHERE u.code = 'M4' AND t.code = 'T2' AND incident.id = any(%(ids)s)
            """,
            {"ids": [moved.id, taken.id]},
        )
    with begin(city, DESK) as conn:
        last_feed = rows(conn, "SELECT max(id) AS id FROM feed")[0]["id"]
        done = reassign(conn, Assigner.load(conn))
    assert done.moved == 2
    assert (stored(city, moved).unit_code, stored(city, moved).team_code) == ("M1", "T1")
    assert (stored(city, taken).unit_code, stored(city, taken).team_code) == ("M1", "T2")
    assert stored(city, stays) == stays
    with begin(city, DESK) as conn:
        events = incidents.history(conn, moved.id)
        reasons = rows(conn, "SELECT * FROM assignment WHERE run_id = %(run)s", run=done.run_id)
        told = rows(conn, "SELECT * FROM feed WHERE id > %(id)s", id=last_feed)
        all_ids = rows(conn, "SELECT id FROM incident")
    assert (events[-1].kind, events[-1].number, events[-1].payload["run_id"]) == ("reassigned", 2, done.run_id)
    assert len(reasons) == done.seen == len(all_ids)
    assert {row["subject"] for row in told} == {str(done.run_id)}
    assert [row["body"] for row in told] == [{"incidents": 2}, {"incidents": 2}]


def test_assigning_again_without_another_edition_moves_nothing(city: Pool):
    with begin(city, DESK) as conn:
        reassign(conn, Assigner.load(conn))
    with begin(city, DESK) as conn:
        assert reassign(conn, Assigner.load(conn)).moved == 0


def test_a_change_of_state_waits_for_nobody_but_its_own_incident(city: Pool):
    held, free = report(city, flue()), report(city, flue())
    with begin(city, DESK) as conn:
        conn.execute("SELECT 1 FROM incident WHERE id = %(id)s FOR UPDATE", {"id": held.id})
        assert step(city, free, State.ACCEPTED, 1).version == 2


def test_every_state_that_the_program_knows_the_database_keeps(city: Pool):
    with begin(city, DESK) as conn:
        check = rows(
            conn,
            "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'incident_state_known'",
        )[0]["text"]
    assert all(f"'{state}'" in check for state in lifecycle.State)
