"""
Work that takes long: a queue in PostgreSQL, the progress of each job, and the worker that does it.

A job is deferred in the transaction of the verb that wants it, hence runs only if that commits. Its arguments are ids;
scope and account stand with its progress, and the worker enters that scope again. A worker that dies leaves its job to
the next one, so work must be safe to run twice.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString, cast

import procrastinate
from psycopg_pool import ConnectionPool

from geo import public_figures
from geo.db import EVERYTHING, Connection, Row, Scope, begin, execute, first, instant, one, rows, statements
from geo.errors import NotFound, WanggeError

SQL = statements("jobs")
Pool = ConnectionPool[Connection]


class JobNotFound(NotFound):
    """There is no such job in your scope, or it has finished."""

    zh = "您的管辖范围内没有该任务，或任务已结束。"


class JobCancelled(WanggeError):
    """The job was cancelled."""

    zh = "任务已取消。"


@dataclass(frozen=True)
class Job:
    """
    What a piece of work is given: its own id, the scope of who asked for it, and a way into the database.

    Attributes
    ----------
    id
        Of the queue's job and of its progress.
    scope
        What the work may see and change.
    pool
        From `db.open_pool`.
    """

    id: int
    scope: Scope
    pool: Pool

    @contextmanager
    def begin(self) -> Generator[Connection]:
        """Open a transaction in the scope of who asked; work takes many short ones, and says `advance` in each."""
        with begin(self.pool, self.scope) as conn:
            yield conn


Work = Callable[..., str]  # (job: Job, **ids: int | str) -> what came of it, in one line


def check_paths(job: Job, *, batch: int = 20_000) -> str:
    """Count the incidents that stand under a path which their unit does not have now, as after a change of parent."""
    with job.begin() as conn:
        total = one(conn, SQL["count_incidents"])["total"]
        advance(conn, job.id, 0, total)
    checked = astray = 0
    last = None
    while True:
        with job.begin() as conn:
            found = one(conn, SQL["incidents_astray"], after=last, limit=batch)
            checked += found["checked"]
            astray += found["astray"]
            advance(conn, job.id, checked)
        if found["checked"] < batch:
            return f"{astray} of {checked} incidents stand under a path that their unit does not have."
        last = found["last"]


def publish_figures(job: Job, *, timezone: str) -> str:
    """Make the public figures of the last week, month and year that are not finished yet, by the city's clock."""
    with job.begin() as conn:
        made = public_figures.publish(conn, instant(conn), timezone)
    return f"{made} figures were published."


WORK: Mapping[str, Work] = {"check_paths": check_paths, "publish_figures": publish_figures}


def queue(dsn: str, work: Mapping[str, Work] = WORK) -> procrastinate.App:
    """
    The queue, for `defer` and `run_worker`.

    Parameters
    ----------
    dsn
        Of the login role.
    work
        What a worker can do, by kind.
    """
    connector = procrastinate.PsycopgConnector(
        conninfo=dsn, kwargs={"options": "-c role=wangge_app -c search_path=jobs,public"}
    )
    app = procrastinate.App(connector=connector)
    for kind, function in work.items():
        app.task(name=kind, pass_context=True)(_as_task(function))
    revive = app.task(name="revive_stalled", queueing_lock="revive_stalled", pass_context=True)(_revive_stalled)
    app.periodic(cron="* * * * *")(revive)
    return app


def run_worker(app: procrastinate.App, pool: Pool, *, wait: bool = True) -> None:
    """Do what is in the queue; with `wait`, until the process is told to end, else until nothing is left."""
    app.run_worker(wait=wait, additional_context={"pool": pool}, listen_notify=wait)


async def revive(app: procrastinate.App, *, silent_s: float = 30.0) -> int:
    """Put back the jobs of workers that were not heard of for a while; returns how many there were."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_s))
    for job in stalled:
        await app.job_manager.retry_job(job)
    return len(stalled)


def defer(conn: Connection, app: procrastinate.App, kind: LiteralString, **ids: int | str) -> int:
    """
    Put work into the queue when this transaction commits; jobs of one kind and scope run one after another.

    Parameters
    ----------
    conn
        A transaction from `db.begin`: the work runs in its scope, for its account.
    app
        From `queue`.
    kind
        One of the keys of `WORK`.
    ids
        What the work is about, by permanent ids; never the data itself.

    Returns
    -------
    int
        The id of the job.
    """
    execute(conn, SQL["see_queue"])
    scope = one(conn, "SELECT current_setting('wangge.path_from') AS path")["path"]
    job_id = app.configure_task(kind, lock=f"{kind} {scope}", connection=conn).defer(**ids)
    execute(conn, SQL["ask"], job_id=job_id, kind=kind)
    return job_id


def start(conn: Connection, job_id: int) -> Row | None:
    """Begin a job; returns its path and account, or None for one that has finished."""
    return first(conn, SQL["start"], job_id=job_id)


def advance(conn: Connection, job_id: int, done: int, total: int | None = None) -> None:
    """Say how far a job is; raises `JobCancelled` if somebody asked it to stop."""
    if one(conn, SQL["advance"], job_id=job_id, done=done, total=total)["cancel_asked"]:
        raise JobCancelled


def finish(conn: Connection, job_id: int, message: str, failed: str | None = None) -> None:
    """End a job: what came of it, or the stable code of the error."""
    execute(conn, SQL["finish"], job_id=job_id, message=message, failed=failed)


def ask_cancel(conn: Connection, job_id: int) -> None:
    """Ask a job to stop at its next step, or before it starts; raises `JobNotFound`."""
    if first(conn, SQL["ask_cancel"], job_id=job_id) is None:
        raise JobNotFound


def find(conn: Connection, limit: int = 50) -> list[Row]:
    """The newest jobs in scope, with their progress."""
    return rows(conn, SQL["find"], job_id=None, limit=limit)


def read(conn: Connection, job_id: int) -> Row:
    """One job with its progress; raises `JobNotFound`."""
    found = rows(conn, SQL["find"], job_id=job_id, limit=1)
    if not found:
        raise JobNotFound
    return found[0]


def _as_task(work: Work) -> Callable[..., None]:
    def task(context: procrastinate.JobContext, **ids: int | str) -> None:
        _do(cast(Pool, context.additional_context["pool"]), cast(int, context.job.id), work, ids)

    return task


def _do(pool: Pool, job_id: int, work: Work, ids: Mapping[str, int | str]) -> None:
    with begin(pool, EVERYTHING) as conn:
        asked = start(conn, job_id)
    if asked is None:
        return
    job = Job(job_id, Scope(asked["path"], asked["account"]), pool)
    try:
        with job.begin() as conn:
            advance(conn, job_id, 0)
        message = work(job, **ids)
    except Exception as fault:
        _end(job, "", fault.code() if isinstance(fault, WanggeError) else type(fault).__name__)
        if not isinstance(fault, JobCancelled):
            raise
    else:
        _end(job, message)


def _end(job: Job, message: str, failed: str | None = None) -> None:
    with begin(job.pool, EVERYTHING) as conn:
        finish(conn, job.id, message, failed)


async def _revive_stalled(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
    await revive(context.app)
