"""
What every worker can do, and what is due by itself: the one place where jobs are registered.

A new kind of job is a line in `every_work`; one that runs by itself is a line in `UPKEEP` too.
"""

from collections.abc import Mapping
from types import MappingProxyType

import procrastinate
from psycopg import Rollback

from geo import audit, jobs, public_figures, seal, sessions, weights
from geo.activation import activate
from geo.db import execute, instant, statements
from geo.jobs import Job, Work
from geo.keys import KeyRing, ring_of
from geo.settings import Settings

SQL = statements("upkeep")

# By cron, in UTC. Retention is looked at four times a day: a machine that is off at night comes to it too.
UPKEEP: Mapping[str, str] = MappingProxyType(
    {
        "chain_audit": "*/3 * * * *",
        "end_retention": "41 */6 * * *",
        "finish_loads": "* * * * *",
        "follow_editions": "* * * * *",
        "publish_figures": "7 * * * *",
        "tidy": "11 * * * *",
    }
)


def every_work(chosen: Settings) -> Mapping[str, Work]:
    """All that a worker can do, by kind."""

    def ring() -> KeyRing:
        return ring_of(chosen)

    def end_retention(job: Job) -> str:
        return _end_retention(job, ring(), chosen.retention_months)

    def publish_figures(job: Job) -> str:
        return _publish_figures(job, chosen.timezone)

    return {
        **jobs.WORK,
        "activate_edition": activate_edition,
        "chain_audit": audit.work(ring),
        "end_retention": end_retention,
        "finish_loads": finish_loads,
        "follow_editions": activate_edition,
        "publish_figures": publish_figures,
        "tidy": tidy,
    }


def queue_of(chosen: Settings, dsn: str) -> procrastinate.App:
    """The queue of an installation, with all that its workers can do."""
    return jobs.queue(dsn, every_work(chosen), UPKEEP)


def activate_edition(job: Job) -> str:
    """
    Bring everything to the units in force.

    The job of an instant of change; by itself too, for an edition of which no job knew, as by a load.
    """
    done = activate(job.pool)
    if not (done.incidents or done.places):
        return ""
    return f"{done.incidents} incidents and {done.places} places and teams went to other units."


def finish_loads(job: Job) -> str:
    """Do what large loads leave to be done once they stand."""
    proven = weights.finish(job.pool)
    return f"the keys of {proven} tables were proven." if proven else ""


def tidy(job: Job) -> str:
    """Take away what has served: ended credentials, old keys of reports, journeys, feed entries and progress."""
    with job.begin() as conn:
        gone = {"credentials": sessions.forget(conn)}
        for name in ("idempotency", "journeys", "feed", "progress"):
            gone[name] = execute(conn, SQL[name])
    return ", ".join(f"{count} {name}" for name, count in gone.items())


def _publish_figures(job: Job, timezone: str) -> str:
    """Make the public figures of the last week, month and year that are not finished yet, by the city's clock."""
    with job.begin() as conn:
        made = public_figures.publish(conn, instant(conn), timezone)
    return f"{made} figures were published."


def _end_retention(job: Job, ring: KeyRing, months: int) -> str:
    """As `wangge purge` does; where nothing is past retention nothing is logged."""
    with job.begin() as conn:
        month = seal.first_month_kept(conn, months)
        purged = seal.purge(conn, month)
        found = purged.contacts + purged.originals + purged.photos
        if not found:
            raise Rollback
    gone = ring.older_than(month)
    for key_id in gone:
        ring.destroy(key_id)
    return f"{found} rows and {len(gone)} keys from before {month} ended."
