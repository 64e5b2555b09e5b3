"""
What a large load takes off the tables of incidents and makes again: indexes, and primary, unique and foreign keys.

Keeping them row by row costs several times what the rows cost. Made again, indexes are built sorted, and foreign keys
hold from then on for every new row; that they hold for what was loaded is validated after the load has committed,
when nobody has to wait for it.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from psycopg_pool import ConnectionPool

from geo import db

LIGHTEN_FROM = 20_000
SQL = db.statements("weights")


@contextmanager
def lightened(conn: db.Connection, coming: int) -> Generator[bool]:
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

    Yields
    ------
    bool
        Whether they were taken off.
    """
    light = coming >= LIGHTEN_FROM and _worth_it(conn, coming) and _taken_off(conn)
    yield light
    if light:
        for name in ("become_owner", "put_back", "become_app", "forget"):
            db.execute(conn, SQL[name])


def validate_keys(pool: ConnectionPool[db.Connection]) -> None:
    """
    Prove the foreign keys that loads have left to be proven; reads and writes go on meanwhile.

    What a killed process leaves unproven, the next load proves. Two tables at a time.
    """
    with db.begin(pool, db.EVERYTHING) as conn:
        tables = [row["name"] for row in db.rows(conn, SQL["unproven"])]
    with ThreadPoolExecutor(min(2, pool.max_size)) as workers:
        list(workers.map(lambda name: _validate(pool, name), tables))


def _worth_it(conn: db.Connection, coming: int) -> bool:
    found = db.one(conn, SQL["standing"])
    return coming > found["standing"] and not found["reporting"]


def _taken_off(conn: db.Connection) -> bool:
    """Whether the tables could be had for this transaction alone, without making others wait in a line behind it."""
    try:
        with conn.transaction():
            for name in ("note", "list", "lend", "be_quick", "become_owner", "take_off"):
                db.execute(conn, SQL[name])
    except psycopg.errors.LockNotAvailable:
        return False
    for name in ("take_time", "become_app"):
        db.execute(conn, SQL[name])
    return True


def _validate(pool: ConnectionPool[db.Connection], table: str) -> None:
    with db.begin(pool, db.EVERYTHING) as conn:
        db.execute(conn, SQL["validate"], of_table=table)
