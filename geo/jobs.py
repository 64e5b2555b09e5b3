"""
Work that takes long: a queue in PostgreSQL, the progress of each job, and the worker that does it.

A job is deferred in the transaction of the verb that wants it, hence runs only if that commits. Its arguments are ids;
scope and account stand with its progress, and the worker enters that scope again, as long as the grant behind it
stands. A worker that dies leaves its job to the next one, so work must be safe to run twice. `geo.work` registers all
that workers can do.
"""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import LiteralString, cast

import procrastinate
from psycopg_pool import ConnectionPool

from geo.db import EVERYTHING, Connection, Row, Scope, begin, enter, execute, first, one, rows, statements
from geo.errors import NotFound, WanggeError

SQL = statements("jobs")
LOG = logging.getLogger("wangge.jobs")
Pool = ConnectionPool[Connection]
AT_ONCE = 2  # so that what takes hours does not keep the chain of the audit log waiting
OLD_AFTER_H = 72  # when a job that has ended leaves the queue; its progress stays longer


class JobNotFound(NotFound):
    """There is no such job in your scope, or it has finished."""

    zh = "您的管辖范围内没有该任务，或任务已结束。"


class JobCancelled(WanggeError):
    """The job was cancelled."""

    zh = "任务已取消。"


class JobNotGranted(WanggeError):
    """The grant of who asked for the job has ended."""

    zh = "任务发起人的授权已结束。"


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
        """
        Open a transaction in the scope of who asked; work takes many short ones, and says `advance` in each.

        Raises
        ------
        JobNotGranted
            Who asked may act in this scope no more.
        """
        with begin(self.pool, EVERYTHING) as conn:
            _check_granted(conn, self.scope)
            enter(conn, self.scope)
            yield conn


Work = Callable[..., str]  # (job: Job, **ids: int | str) -> what came of it, in one line; empty if there was nothing


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


WORK: Mapping[str, Work] = MappingProxyType({"check_paths": check_paths})


def queue(
    dsn: str, work: Mapping[str, Work] = WORK, upkeep: Mapping[str, str] = MappingProxyType({})
) -> procrastinate.App:
    """
    The queue, for `defer` and `run_worker`.

    Parameters
    ----------
    dsn
        Of the login role.
    work
        What a worker can do, by kind.
    upkeep
        When which kind of `work` is due by itself, as cron says it (UTC); once, however many workers there are.
    """
    connector = procrastinate.PsycopgConnector(
        conninfo=dsn, kwargs={"options": "-c role=wangge_app -c search_path=jobs,public"}
    )
    app = procrastinate.App(connector=connector)
    for kind, function in work.items():
        app.task(name=kind, pass_context=True)(_as_task(function))
    for kind, cron in upkeep.items():
        due = app.task(name=f"upkeep_{kind}", lock=f"upkeep {kind}", queueing_lock=f"upkeep {kind}", pass_context=True)
        app.periodic(cron=cron)(due(_as_upkeep(kind, work[kind])))
    each_half_minute, now_and_then = "* * * * * */30", "29 * * * *"
    for cron, function in ((each_half_minute, _revive_stalled), (now_and_then, _forget_old)):
        name = function.__name__.removeprefix("_")
        app.periodic(cron=cron)(app.task(name=name, queueing_lock=name, pass_context=True)(function))
    return app


def run_worker(app: procrastinate.App, pool: Pool, *, wait: bool = True) -> None:
    """Do what is in the queue; with `wait`, until the process is told to end, else until nothing is left."""
    app.run_worker(wait=wait, additional_context={"pool": pool}, listen_notify=wait, concurrency=AT_ONCE if wait else 1)


async def revive(app: procrastinate.App, *, silent_s: float = 30.0) -> int:
    """Put back the jobs of workers that were not heard of for a while; returns how many there were."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_s))
    for job in stalled:
        await app.job_manager.retry_job(job)
    return len(stalled)


def defer(
    conn: Connection,
    app: procrastinate.App,
    kind: LiteralString,
    *,
    schedule_at: datetime | None = None,
    **ids: int | str,
) -> int:
    """
    Put work into the queue when this transaction commits; jobs of one kind and scope run one after another.

    Parameters
    ----------
    conn
        A transaction from `db.begin`: the work runs in its scope, for its account.
    app
        From `queue`.
    kind
        One of the keys of the `work` that a worker's `queue` is given.
    schedule_at
        Not before this instant, and then without regard to others of its kind; as soon as may be if not given.
    ids
        What the work is about, by permanent ids; never the data itself.

    Returns
    -------
    int
        The id of the job.
    """
    execute(conn, SQL["see_queue"])
    scope = one(conn, "SELECT current_setting('wangge.path_from') AS path")["path"]
    # A job that waits for its instant would hold up all later ones with its lock.
    lock = f"{kind} {scope}" if schedule_at is None else None
    job_id = app.configure_task(kind, lock=lock, schedule_at=schedule_at, connection=conn).defer(**ids)
    execute(conn, SQL["ask"], job_id=job_id, kind=kind)
    return job_id


def start(conn: Connection, job_id: int) -> Row | None:
    """Begin a job; returns the fields of its scope, or None for one that has finished."""
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


def _check_granted(conn: Connection, scope: Scope) -> None:
    """What the service does by itself needs no grant."""
    if scope.role == EVERYTHING.role:
        return
    asked = {"account": scope.account, "role": scope.role, "organisation": scope.organisation, "path": scope.path}
    if not one(conn, SQL["still_granted"], **asked)["granted"]:
        raise JobNotGranted


def _as_task(work: Work) -> Callable[..., None]:
    def task(context: procrastinate.JobContext, **ids: int | str) -> None:
        _do(cast(Pool, context.additional_context["pool"]), cast(int, context.job.id), work, ids)

    return task


def _as_upkeep(kind: str, work: Work) -> Callable[..., None]:
    """Work that nobody asked for: for everything, without progress."""

    def task(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
        pool, job_id = cast(Pool, context.additional_context["pool"]), cast(int, context.job.id)
        try:
            message = work(Job(job_id, EVERYTHING, pool))
        except Exception as fault:
            LOG.error("%s failed: %s", kind, _code(fault))  # noqa: TRY400 - the text of a fault may repeat data
            raise
        LOG.log(logging.INFO if message else logging.DEBUG, "%s: %s", kind, message or "nothing to do")

    return task


def _do(pool: Pool, job_id: int, work: Work, ids: Mapping[str, int | str]) -> None:
    with begin(pool, EVERYTHING) as conn:
        asked = start(conn, job_id)
    if asked is None:
        return
    job = Job(job_id, Scope(**asked), pool)
    try:
        with job.begin() as conn:
            advance(conn, job_id, 0)
        message = work(job, **ids)
    except (JobCancelled, JobNotGranted) as ended:
        _end(job, "", ended.code())
    except Exception as fault:
        LOG.error("job %s failed: %s", job_id, _code(fault))  # noqa: TRY400 - the text of a fault may repeat data
        _end(job, "", _code(fault))
        raise
    else:
        _end(job, message)


def _code(fault: Exception) -> str:
    return fault.code() if isinstance(fault, WanggeError) else type(fault).__name__


def _end(job: Job, message: str, failed: str | None = None) -> None:
    with begin(job.pool, EVERYTHING) as conn:
        finish(conn, job.id, message, failed)


async def _revive_stalled(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
    await revive(context.app)


async def _forget_old(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
    await context.app.job_manager.delete_old_jobs(
        OLD_AFTER_H, include_failed=True, include_cancelled=True, include_aborted=True
    )
