"""
What follows when an edition comes into force: open incidents, places and who answers go to the units as they are now.

It looks at what stands under units that are no longer so, not at what was published, so that it is safe to run twice,
late, and after a crash; and it is run once more a minute later, for what was reported before that instant and committed
after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg_pool import ConnectionPool

from geo import lifecycle, reassign
from geo.assign import new_run
from geo.db import EVERYTHING, Connection, Row, begin, execute, instant, one, rows, statements
from geo.edition import key_of
from geo.places import Decided
from geo.sql_twin import SqlTwin

SQL = statements("activation")
SET = 20_000
STRAGGLERS = timedelta(minutes=1)
"""How long a transaction may take that began before the instant of change."""
ACTIVATION = replace(EVERYTHING, account="activation")
FOLLOWING = ("team", "department", "default_team", "post", "route", "station", "block", "building")
PLACES = ("station", "block", "building")
BEGINNING = ("", datetime.min.replace(tzinfo=UTC), UUID(int=0))

Pool = ConnectionPool[Connection]
Place = tuple[str, datetime, UUID]
"""Of an incident in the order that sets are read in."""


@dataclass(frozen=True)
class Activated:
    """How many incidents, and how many rows of places and of who answers, went to other units."""

    incidents: int = 0
    places: int = 0


def activate(pool: Pool, now: datetime | None = None) -> Activated:
    """
    Bring everything to the units in force, if an edition came into force since that was last done.

    Parameters
    ----------
    pool
        From `db.open_pool`; each set of incidents is a transaction of its own.
    now
        The instant to take for the present; the database's clock if not given.
    """
    with begin(pool, ACTIVATION, now) as conn:
        execute(conn, SQL["one_at_a_time"])
        key = key_of(conn)
        since = None if key is None else one(conn, SQL["due"], **key._asdict())["since"]
        if key is None or since is None:
            return Activated()
        places = _follow(conn, since)
    incidents = _move(pool, since, now)
    with begin(pool, ACTIVATION, now) as conn:
        if instant(conn) >= max(key) + STRAGGLERS:
            execute(conn, SQL["activated"], **key._asdict())
    return Activated(incidents, places)


def _follow(conn: Connection, since: datetime) -> int:
    for name in ("stage_paths", "find_paths"):
        execute(conn, SQL[name])
    moved = sum(execute(conn, SQL[f"follow_{table}"]) for table in FOLLOWING)
    execute(conn, SQL["stage_places"])
    execute(conn, SQL["find_places"], since=since)
    return moved + sum(execute(conn, SQL[f"place_{table}"]) for table in PLACES)


def _move(pool: Pool, since: datetime, now: datetime | None) -> int:
    moved, after = 0, BEGINNING
    while after is not None:
        with begin(pool, ACTIVATION, now) as conn:
            found = rows(conn, SQL["open_incidents"], **_asked(since, after))
            moved += _move_set(conn, found)
        after = _place_of(found[-1]) if len(found) == SET else None
    return moved


def _place_of(row: Row) -> Place:
    return row["path"], row["occurred_at"], row["id"]


def _asked(since: datetime, after: Place) -> dict[str, Any]:
    path, at, last = after
    settled = list(lifecycle.SETTLED)
    return {
        "since": since, "after_path": path, "after_at": at, "after_id": last, "limit": SET, "settled": settled,
    }  # fmt: skip


def _move_set(conn: Connection, found: Sequence[Row]) -> int:
    key = key_of(conn)
    if not found or key is None:
        return 0
    twin = SqlTwin(conn, key)
    decided = reassign.placed(twin, found)
    chosen = [(n, row) for n, row in enumerate(found) if _differs(decided, n, row)]
    return reassign.move_open(conn, new_run(conn, twin, "edition_changed"), decided, chosen) if chosen else 0


def _differs(decided: Decided, n: int, row: Row) -> bool:
    owners = decided.owners
    stands = (row["path"], row["located"], row["doubts"])
    if (owners.path[n], owners.located[n], decided.doubts.get(n, [])) != stands:
        return True
    return row["state"] in lifecycle.UNTAKEN and owners.team_id[n] != row["team_id"]
