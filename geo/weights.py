"""
What a large load takes off the tables of incidents and makes again: indexes, triggers, primary, unique, foreign keys.

Keeping them row by row costs several times what the rows cost. Made again, indexes are built sorted, and foreign keys
hold from then on for every new row. What the triggers do is done for all of the load at once. What nothing depends on
is done after the load has committed, by two sessions: indexes that only serve speed are built, and foreign keys proven
for what was loaded.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from enum import IntEnum
from functools import partial
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool

from geo import db

LIGHTEN_FROM = 20_000
SQL = db.statements("weights")


class Taken(IntEnum):
    """Whether weights were taken off, and of tables that were empty: what is copied into those may be frozen."""

    NOTHING = 0
    OFF = 1
    OFF_EMPTY = 2


@contextmanager
def lightened(conn: db.Connection, coming: int, load_id: UUID) -> Generator[Taken]:
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
    Taken
        Whether they were taken off.
    """
    taken = _taken_off(conn) if coming >= LIGHTEN_FROM and _worth_it(conn, coming) else Taken.NOTHING
    yield taken
    if taken:
        for name in ("become_owner", "join_whole"):
            db.execute(conn, SQL[name])
        for name in ("note_made", "hand_over_made"):
            db.execute(conn, SQL[name], load_id=load_id)
        for name in ("join_as_before", "put_back", "become_app", "forget"):
            db.execute(conn, SQL[name])


def finish(pool: ConnectionPool[db.Connection]) -> None:
    """
    Build the indexes and prove the foreign keys that loads have left; reads go on meanwhile, writes after the indexes.

    What a killed process leaves, the next load does, or the next start of the service. Two at a time.
    """
    with db.begin(pool, db.EVERYTHING) as conn:
        db.execute(conn, SQL["become_owner"])
        indexes = [_build_owed] * db.one(conn, SQL["owed"])["indexes"]
        proofs = [partial(_validate, of_table=row["name"]) for row in db.rows(conn, SQL["unproven"])]
    with ThreadPoolExecutor(min(2, pool.max_size)) as workers:
        list(workers.map(lambda work: work(pool), [*indexes, *proofs]))


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


def _build_owed(pool: ConnectionPool[db.Connection]) -> None:
    with db.begin(pool, db.EVERYTHING) as conn:
        for name in ("become_owner", "build_owed"):
            db.execute(conn, SQL[name])


def _validate(pool: ConnectionPool[db.Connection], of_table: str) -> None:
    with db.begin(pool, db.EVERYTHING) as conn:
        db.execute(conn, SQL["validate"], of_table=of_table)
