"""
What a large load takes off the tables of incidents and makes again: indexes, triggers, primary, unique, foreign keys.

Keeping them row by row costs several times what the rows cost. Made again, indexes are built sorted, and foreign keys
hold from then on for every new row. What the triggers do is done for all of the load at once. Indexes that only serve
speed are built after the load has committed, by two sessions; and that the foreign keys hold for what was loaded too is
proven by the worker, for nothing waits for it.
"""

from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool

from geo import db

Pool = ConnectionPool[db.Connection]
Owner = tuple[str, bytes]
"""The path of an incident, and the 16 bytes of its team."""
LIGHTEN_FROM = 20_000
SQL = db.statements("weights")


class Taken(IntEnum):
    """Whether weights were taken off, and of tables that were empty: what is copied into those may be frozen."""

    NOTHING = 0
    OFF = 1
    OFF_EMPTY = 2


@dataclass
class Lightened:
    """
    The tables of incidents while a load fills them.

    Attributes
    ----------
    taken
        Whether weights were taken off.
    noted
        Whether the load itself has noted all incidents that it made, which then nobody has to look for.
    owners
        All owners of these incidents.
    """

    taken: Taken
    noted: bool = False
    owners: set[Owner] = field(default_factory=set)


@contextmanager
def lightened(conn: db.Connection, coming: int, load_id: UUID) -> Generator[Lightened]:
    """
    Take the weights off for a load that is larger than all that stands, and make them again after.

    Until the transaction ends nobody else reads or writes incidents or what they refer to. Hence this is done only
    where no report has come in for a day, and not where it would have to wait for others, such as a backup; a load
    without it is slower and disturbs nobody.

    Parameters
    ----------
    conn
        In a transaction of the service itself, with the scope of everything.
    coming
        How many rows the load has.
    load_id
        That each row carries.

    Yields
    ------
    Lightened
        Whether they were taken off, and what the load then tells of what it made.
    """
    worth_it = coming >= LIGHTEN_FROM and _worth_it(conn, coming)
    light = Lightened(_taken_off(conn) if worth_it else Taken.NOTHING)
    yield light
    if light.taken:
        for name in ("become_owner", "join_whole"):
            db.execute(conn, SQL[name])
        _do_as_triggers_would(conn, light, load_id)
        for name in ("join_as_before", "put_back", "become_app", "forget"):
            db.execute(conn, SQL[name])


def build(pool: Pool) -> None:
    """Build the indexes that loads have left to be built, two at a time; reads go on meanwhile, writes after."""
    with db.begin(pool, db.EVERYTHING) as conn:
        db.execute(conn, SQL["become_owner"])
        left = db.one(conn, SQL["owed"])["indexes"]
    _two_at_a_time(pool, [_build_owed] * left)


def finish(pool: Pool) -> int:
    """
    Build the indexes that a killed load has left, and prove the foreign keys that loads leave; all goes on meanwhile.

    The worker does it within a minute of a load, and when it starts. Returns how many tables have proven keys now.
    """
    build(pool)
    with db.begin(pool, db.EVERYTHING) as conn:
        tables = [row["name"] for row in db.rows(conn, SQL["unproven"])]
    _two_at_a_time(pool, [partial(_validate, of_table=name) for name in tables])
    return len(tables)


def _do_as_triggers_would(conn: db.Connection, light: Lightened, load_id: UUID) -> None:
    if not light.noted:
        db.execute(conn, SQL["note_made"], load_id=load_id)
    if not light.noted or _any_of_another_subtree(conn, light.owners):
        db.execute(conn, SQL["hand_over_made"], load_id=load_id)


def _any_of_another_subtree(conn: db.Connection, owners: Collection[Owner]) -> bool:
    """Whether a team answers for a unit outside of its own subtree; mostly none does, and no row is looked at then."""
    paths, teams = [path for path, _ in owners], [team for _, team in owners]
    return db.one(conn, SQL["any_of_another_subtree"], paths=paths, teams=teams)["found"]


def _two_at_a_time(pool: Pool, works: Sequence[Callable[[ConnectionPool[db.Connection]], None]]) -> None:
    with ThreadPoolExecutor(min(2, pool.max_size)) as workers:
        list(workers.map(lambda work: work(pool), works))


def _worth_it(conn: db.Connection, coming: int) -> bool:
    found = db.one(conn, SQL["standing"])
    return coming > found["standing"] and not found["reporting"]


def _taken_off(conn: db.Connection) -> Taken:
    """What was taken off, if the tables could be had for this transaction alone without making others wait in line."""
    try:
        with conn.transaction():
            for name in ("note", "list", "lend", "be_quick", "become_owner", "take_off"):
                db.execute(conn, SQL[name])
    except psycopg.errors.LockNotAvailable:
        return Taken.NOTHING
    empty = db.one(conn, SQL["is_empty"])["is_empty"]
    for name in (*(["begin_anew"] if empty else []), "take_time", "become_app"):
        db.execute(conn, SQL[name])
    return Taken.OFF_EMPTY if empty else Taken.OFF


def _build_owed(pool: Pool) -> None:
    with db.begin(pool, db.EVERYTHING) as conn:
        for name in ("become_owner", "build_owed"):
            db.execute(conn, SQL[name])


def _validate(pool: Pool, of_table: str) -> None:
    with db.begin(pool, db.EVERYTHING) as conn:
        db.execute(conn, SQL["validate"], of_table=of_table)
