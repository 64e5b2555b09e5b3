"""Work that takes long, through a real worker: deferred with its verb, cancellable, and done though a worker dies."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import procrastinate
import psycopg
import pytest
from psycopg_pool import ConnectionPool

from geo import db, jobs
from geo.db import EVERYTHING, Scope, begin

Pool = ConnectionPool[db.Connection]
ROOT = Path(__file__).parents[2]
BANNER, SIBLING = Scope("1.2.", "duty"), Scope("1.3.")
AREA = "ST_Multi(ST_MakeEnvelope(120, 46, 121, 47, 4326))"

# A worker whose work takes one step and then hangs, to be killed.
HANGS = """
import sys, time
from geo import db, jobs

def steps(job):
    with job.begin() as conn:
        jobs.advance(conn, job.id, 1, 2)
    time.sleep(600)

with db.open_pool(sys.argv[1], 2) as pool:
    jobs.run_worker(jobs.queue(sys.argv[1], {"steps": steps}), pool)
"""


@pytest.fixture(scope="module")
def filled(pool: Pool) -> Pool:
    """A banner 1.2. with three incidents, of which one stands under the path that the banner had before."""
    with begin(pool, EVERYTHING) as conn:
        db.execute(conn, "INSERT INTO unit (id) VALUES (1), (2), (3)")
        db.execute(
            conn,
            "INSERT INTO unit_version (unit_id, parent_id, level, code, path, name, geom, derived, valid, recorded) "
            "SELECT id, nullif(1, id), CASE id WHEN 1 THEN 'league' ELSE 'banner' END, 'c' || id, "
            "CASE id WHEN 1 THEN '1.' ELSE format('1.%s.', id) END, 'u' || id, "
            f"{AREA}, false, tstzrange('2020-01-01', NULL), tstzrange('2020-01-01', NULL) "
            "FROM generate_series(1, 3) AS id",
        )
        for number, path, unit in [(1, "1.2.", 2), (2, "1.2.", 2), (3, "1.9.2.", 2), (4, "1.3.", 3)]:
            db.execute(
                conn,
                "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, "
                "received_at, source, source_key) VALUES (%(id)s, %(path)s, %(unit)s, 'inside', 'other', 'import', "
                "'x', ST_SetSRID(ST_MakePoint(120.5, 46.5), 4326), now(), now(), 'test', %(key)s)",
                id=UUID(int=number),
                path=path,
                unit=unit,
                key=str(number),
            )
    return pool


@pytest.fixture
def app(database: str) -> procrastinate.App:
    return jobs.queue(database)


def deferred(pool: Pool, app: procrastinate.App, scope: Scope = EVERYTHING, kind: str = "check_paths") -> int:
    with begin(pool, scope) as conn:
        return jobs.defer(conn, app, kind)


def queued(pool: Pool) -> int:
    with begin(pool, EVERYTHING) as conn:
        return db.one(conn, "SELECT count(*) AS n FROM jobs.procrastinate_jobs")["n"]


def progress(pool: Pool, job_id: int) -> db.Row:
    with begin(pool, EVERYTHING) as conn:
        return jobs.read(conn, job_id)


def test_work_is_done_in_the_scope_of_who_asked(filled: Pool, app: procrastinate.App) -> None:
    whole, banner = deferred(filled, app), deferred(filled, app, BANNER)
    assert progress(filled, whole)["started_at"] is None
    jobs.run_worker(app, filled, wait=False)
    assert progress(filled, whole)["message"].startswith("1 of 4 incidents")
    found = progress(filled, banner)
    assert found["message"].startswith("0 of 2 incidents")
    assert (found["path"], found["account"], found["done"], found["total"]) == ("1.2.", "duty", 2, 2)
    assert found["finished_at"] is not None
    assert found["failed"] is None


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5])
def test_every_incident_is_checked_whatever_the_batch(filled: Pool, database: str, batch: int) -> None:
    app = jobs.queue(database, {"check_paths": lambda job: jobs.check_paths(job, batch=batch)})
    job_id = deferred(filled, app)
    jobs.run_worker(app, filled, wait=False)
    assert progress(filled, job_id)["message"].startswith("1 of 4 incidents")


def test_a_job_of_a_transaction_that_fails_is_never_run(filled: Pool, app: procrastinate.App) -> None:
    with filled.connection() as conn:
        before = (
            conn.execute("SELECT set_config('role', 'wangge_app', true)")
            and conn.execute("SELECT count(*) AS n FROM jobs.procrastinate_jobs").fetchone()
        )
    with pytest.raises(ZeroDivisionError), begin(filled, EVERYTHING) as conn:  # noqa: PT012
        jobs.defer(conn, app, "check_paths")
        raise ZeroDivisionError
    with filled.connection() as conn:
        conn.execute("SELECT set_config('role', 'wangge_app', true)")
        assert conn.execute("SELECT count(*) AS n FROM jobs.procrastinate_jobs").fetchone() == before


def test_a_job_is_seen_in_its_scope_and_above_only(filled: Pool, app: procrastinate.App) -> None:
    job_id = deferred(filled, app, BANNER)
    with begin(filled, SIBLING) as conn:
        assert job_id not in {row["job_id"] for row in jobs.find(conn)}
        with pytest.raises(jobs.JobNotFound):
            jobs.read(conn, job_id)
        with pytest.raises(jobs.JobNotFound):
            jobs.ask_cancel(conn, job_id)
    with begin(filled, Scope("1.")) as conn:
        assert job_id in {row["job_id"] for row in jobs.find(conn)}
    jobs.run_worker(app, filled, wait=False)


def test_a_job_cancelled_before_it_starts_does_nothing(filled: Pool, app: procrastinate.App) -> None:
    job_id = deferred(filled, app)
    with begin(filled, EVERYTHING) as conn:
        jobs.ask_cancel(conn, job_id)
    jobs.run_worker(app, filled, wait=False)
    found = progress(filled, job_id)
    assert (found["failed"], found["message"]) == ("job-cancelled", "")
    with begin(filled, EVERYTHING) as conn, pytest.raises(jobs.JobNotFound):
        jobs.ask_cancel(conn, job_id)


def test_a_job_cancelled_on_the_way_stops_at_its_next_step(filled: Pool, database: str) -> None:
    taken: list[int] = []

    def steps(job: jobs.Job) -> str:
        for step in range(5):
            taken.append(step)
            with job.begin() as conn:
                jobs.advance(conn, job.id, step, 5)
            if step == 2:
                with begin(filled, EVERYTHING) as conn:
                    jobs.ask_cancel(conn, job.id)
        return "never said"

    app = jobs.queue(database, {"steps": steps})
    job_id = deferred(filled, app, kind="steps")
    jobs.run_worker(app, filled, wait=False)
    assert taken == [0, 1, 2, 3]
    assert progress(filled, job_id)["failed"] == "job-cancelled"


def test_work_that_fails_says_which_error_and_not_its_text(filled: Pool, database: str) -> None:
    def fails(job: jobs.Job) -> str:
        raise LookupError("the text of an incident")

    app = jobs.queue(database, {"fails": fails})
    job_id = deferred(filled, app, kind="fails")
    jobs.run_worker(app, filled, wait=False)
    found = progress(filled, job_id)
    assert (found["failed"], found["message"]) == ("LookupError", "")


def wait_until_done(pool: Pool, job_id: int, steps: int) -> None:
    until = time.monotonic() + 60
    while progress(pool, job_id)["done"] < steps:
        assert time.monotonic() < until, "the worker never took its first step"
        time.sleep(0.05)


def test_a_job_whose_worker_was_killed_is_done_by_the_next(filled: Pool, database: str) -> None:
    runs: list[int] = []

    def steps(job: jobs.Job) -> str:
        runs.append(job.id)
        return "all steps taken"

    app = jobs.queue(database, {"steps": steps})
    job_id = deferred(filled, app, BANNER, kind="steps")
    with subprocess.Popen([sys.executable, "-c", HANGS, database], cwd=ROOT) as worker:
        wait_until_done(filled, job_id, 1)
        os.kill(worker.pid, signal.SIGKILL)
    jobs.run_worker(app, filled, wait=False)
    assert runs == []  # not yet: its worker may still be alive for all anyone knows

    async def revived() -> int:
        async with app.open_async():
            return await jobs.revive(app, silent_s=0)

    assert asyncio.run(revived()) >= 1  # more if the hour struck, and it had taken up what is due then
    jobs.run_worker(app, filled, wait=False)
    assert runs == [job_id]
    assert progress(filled, job_id)["message"] == "all steps taken"


def test_a_job_that_has_finished_is_not_done_again(filled: Pool, database: str) -> None:
    runs: list[int] = []

    def once(job: jobs.Job) -> str:
        runs.append(job.id)
        return "done"

    app = jobs.queue(database, {"once": once})
    job_id = deferred(filled, app, kind="once")
    jobs.run_worker(app, filled, wait=False)
    with psycopg.connect(database, options="-c role=wangge_app -c search_path=jobs") as conn:
        # As if the worker had died between the end of the work and the queue's own note of it.
        conn.execute("UPDATE procrastinate_jobs SET status = 'todo' WHERE id = %s", [job_id])
    jobs.run_worker(app, filled, wait=False)
    assert runs == [job_id]
    with psycopg.connect(database, options="-c role=wangge_app -c search_path=jobs") as conn:
        found = conn.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", [job_id]).fetchone()
    assert found == ("succeeded",)
