"""What is due by itself, through real workers, once whatever their number; and jobs under the grant of who asked."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from psycopg_pool import ConnectionPool

from geo import accounts, audit, db, jobs, keys, seal, sessions, work
from geo.db import EVERYTHING, INTAKE, SIGN_IN, Scope, begin
from geo.jobs import Job
from geo.keys import KeyRing
from geo.roles import Role
from geo.settings import Settings
from tests.city import furnish

Pool = ConnectionPool[db.Connection]
DEPARTMENT = "D1"


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING) as conn:
        furnish(conn)
    return pool


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return keys.open_ring(tmp_path_factory.mktemp("keys"), Path("/nowhere"))


def holder(pool: Pool, name: str, unit: str = "B1", organisation: str | None = DEPARTMENT) -> Scope:
    """The scope of an account under its one grant."""
    with begin(pool, EVERYTHING) as conn:
        made = accounts.add(conn, name)
        accounts.grant(conn, made, Role.DISPATCHER, unit, organisation=organisation)
        return accounts.grants(conn, made.id)[0].scope(name)


def done(pool: Pool, database: str, scope: Scope, steps: Callable[[Job], str], before: Callable[[], None]) -> db.Row:
    """The progress of a job that was asked for in a scope, with something between the asking and the doing."""
    app = jobs.queue(database, {"steps": steps})
    with begin(pool, scope) as conn:
        job_id = jobs.defer(conn, app, "steps")
    before()
    jobs.run_worker(app, pool, wait=False)
    with begin(pool, EVERYTHING) as conn:
        return jobs.read(conn, job_id)


def nothing() -> None:
    pass


def test_a_job_acts_as_who_asked_with_organisation_and_role(city: Pool, database: str) -> None:
    scope = holder(city, "asks.whole")
    seen: list[str] = []

    def steps(job: Job) -> str:
        with job.begin() as conn:
            names = ("account", "organisation", "role", "path_from")
            seen.extend(
                db.one(conn, "SELECT current_setting('wangge.' || %(n)s) AS is", n=name)["is"] for name in names
            )
        return "looked"

    assert done(city, database, scope, steps, nothing)["message"] == "looked"
    assert seen == [scope.account, scope.organisation, "dispatcher", scope.path]
    assert scope.organisation


@pytest.mark.parametrize("how", ["grant", "account", "organisation"])
def test_a_job_whose_grant_has_ended_is_not_done(city: Pool, database: str, how: str) -> None:
    scope = holder(city, f"asks.{how}")
    runs: list[int] = []

    def end() -> None:
        with begin(city, EVERYTHING) as conn:
            if how == "account":
                conn.execute("UPDATE account SET active = false WHERE name = %s", [scope.account])
                return
            account = accounts.find(conn, scope.account)
            accounts.revoke(conn, account)
            if how == "organisation":
                accounts.grant(conn, account, Role.DISPATCHER, "B1", organisation="T1")

    def steps(job: Job) -> str:
        runs.append(job.id)
        return "done"

    found = done(city, database, scope, steps, end)
    assert (found["failed"], found["message"], runs) == ("job-not-granted", "", [])


def test_a_job_stops_at_its_next_step_when_the_grant_ends(city: Pool, database: str) -> None:
    scope = holder(city, "asks.midway")
    taken: list[int] = []

    def steps(job: Job) -> str:
        for step in range(4):
            with job.begin() as conn:
                jobs.advance(conn, job.id, step)
            taken.append(step)
            if step == 1:
                with begin(city, EVERYTHING) as conn:
                    accounts.revoke(conn, accounts.find(conn, scope.account))
        return "never said"

    assert done(city, database, scope, steps, nothing)["failed"] == "job-not-granted"
    assert taken == [0, 1]


def test_a_grant_above_the_job_s_scope_holds_and_one_beside_it_does_not(city: Pool, database: str) -> None:
    scope = holder(city, "asks.above", organisation=None)
    with begin(city, EVERYTHING) as conn:
        below = db.one(conn, "SELECT path FROM unit_version WHERE code = 'M1'")["path"]
        beside = db.one(conn, "SELECT path FROM unit_version WHERE code = 'M3'")["path"]
    narrow = Scope(below, scope.account, "", scope.role)
    foreign = Scope(beside, scope.account, "", scope.role)
    assert done(city, database, narrow, lambda job: "done", nothing)["message"] == "done"
    assert done(city, database, foreign, lambda job: "done", nothing)["failed"] == "job-not-granted"


def test_two_workers_that_chain_at_once_chain_each_entry_once(city: Pool, database: str, ring: KeyRing) -> None:
    with begin(city, EVERYTHING) as conn:
        for number in range(300):
            audit.append(conn, "test.happened", str(number))
    chained: list[str] = []
    with db.open_pool(database, 8) as wide:
        chain = audit.work(lambda: ring)
        together = threading.Barrier(4)

        def run() -> None:
            together.wait()
            chained.append(chain(Job(0, EVERYTHING, wide)))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with begin(city, EVERYTHING) as conn:
        verdict = audit.verify(conn, ring)
        links = db.one(conn, "SELECT count(*) AS n, count(DISTINCT entry_id) AS entries FROM audit_link")
    assert (verdict.waiting, list(verdict.faults)) == (0, [])
    assert links["n"] == links["entries"] >= 300
    assert sum(int(said.split()[0]) for said in chained if said) == links["n"]


def test_what_is_due_is_done_once_by_two_workers(city: Pool, database: str) -> None:
    """Two real workers over more than a tick of the clock, each second one in cron's six-field form."""
    runs: list[int] = []

    def once(job: Job) -> str:
        runs.append(int(time.time()))
        return "done"

    async def two_workers() -> None:
        apps = [jobs.queue(database, {"once": once}, {"once": "* * * * * */2"}) for _ in range(2)]
        async with apps[0].open_async(), apps[1].open_async():
            given = {"pool": city}
            workers = [
                asyncio.create_task(
                    app.run_worker_async(
                        additional_context=given, install_signal_handlers=False, fetch_job_polling_interval=0.2
                    )
                )
                for app in apps
            ]
            until = time.monotonic() + 30
            while len(runs) < 3 and time.monotonic() < until:
                await asyncio.sleep(0.1)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    asyncio.run(two_workers())
    with begin(city, EVERYTHING) as conn:
        found = db.rows(
            conn,
            "SELECT defer_timestamp, count(*) AS n FROM jobs.procrastinate_periodic_defers "
            "WHERE task_name = 'upkeep_once' GROUP BY defer_timestamp",
        )
    assert len(runs) >= 3
    assert {row["n"] for row in found} == {1}
    assert len(runs) == len(set(runs))


def test_the_housekeeping_takes_what_has_served_and_nothing_else(city: Pool) -> None:
    with begin(city, EVERYTHING) as conn:
        account = accounts.add(conn, "tidy.desk")
        accounts.grant(conn, account, Role.DISPATCHER, "B1")
        grant = accounts.grants(conn, account.id)[0]
    now = datetime.now(UTC)
    for age in (timedelta(days=60), timedelta(0)):
        with begin(city, SIGN_IN, now - age) as conn:
            sessions.start(conn, account.id, grant)
        with begin(city, Scope("0.", "public"), now - age) as conn:
            conn.execute(
                "INSERT INTO idempotency (account, key, request_sha256, status, response, at) "
                "VALUES ('public', %s, 'x', 201, '{}', instant())",
                [f"key-{age.days:08}"],
            )
    with begin(city, EVERYTHING) as conn:
        before = db.one(conn, "SELECT count(*) AS n FROM credential WHERE account_id = %(id)s", id=account.id)["n"]
    assert before == 2
    said = work.tidy(Job(0, EVERYTHING, city))
    assert said.startswith("1 credentials, 1 idempotency")
    assert work.tidy(Job(0, EVERYTHING, city)).startswith("0 credentials, 0 idempotency")


def test_retention_ends_by_itself_and_is_logged_only_where_something_ends(city: Pool, tmp_path: Path) -> None:
    chosen = Settings(key_dir=tmp_path / "keys", retention_months=1)
    own = keys.ring_of(chosen)
    end = work.every_work(chosen)["end_retention"]

    def logged() -> int:
        with begin(city, EVERYTHING) as conn:
            return db.one(conn, "SELECT count(*) AS n FROM audit_entry WHERE kind = 'retention.ended'")["n"]

    assert end(Job(0, EVERYTHING, city)).startswith("0 rows and 0 keys")
    assert logged() == 0
    made = UUID(int=77)
    with begin(city, EVERYTHING) as conn:
        conn.execute(
            "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, "
            "received_at, source, source_key) SELECT %s, path, unit_id, 'inside', 'other', 'import', 'x', "
            "ST_SetSRID(ST_MakePoint(122, 46), 4326), now(), now(), 'test', 'k' FROM unit_version WHERE code = 'M1'",
            [made],
        )
    with begin(city, INTAKE, datetime.now(UTC) - timedelta(days=100)) as conn:
        seal.put_contact(conn, own, made, seal.Contact(phone="1"))
    assert len(own.monthly()) == 1
    assert end(Job(0, EVERYTHING, city)).startswith("1 rows and 1 keys")
    assert own.monthly() == []
    assert logged() == 1
