"""
The only way into the database: a pool, `begin`, and named statements run with bound parameters.

Row security reads the scope from settings that `begin` makes for one transaction. A session-level
``SET`` would leak to the pool's next user, so nothing here makes one.
"""

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, cast

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

Connection = psycopg.Connection[DictRow]
Row = dict[str, Any]
OPTIONS = "-c search_path=wangge,public -c max_parallel_workers_per_gather=0"
"""Of every session. The planner would start a second process for the exact test of a viewport: 17 ms in place of 3."""


@dataclass(frozen=True)
class Scope:
    """
    What one session may see: the subtree under `path`, and the incidents in the hands of its organisation.

    Attributes
    ----------
    path
        Path of the unit whose subtree is seen, such as ``1.7.``; the empty path is everything.
    account
        Who acts, for the record; a duty's account, never a resident.
    organisation
        The id of the team or department that acts, or nothing.
    role
        One of `roles.Role`, or ``system``, ``intake``, ``sign_in`` for what the service does itself.
    """

    path: str
    account: str = "system"
    organisation: str = ""
    role: str = "system"

    @property
    def upper(self) -> str:
        """The least text above every path of the subtree: ``.`` is followed by ``/`` in ASCII."""
        return self.path[:-1] + "/" if self.path else "~"


EVERYTHING = Scope(path="")
# No unit has the id 0: what is published, and nothing scoped.
PUBLIC = Scope(path="0.", account="public", role="public")
INTAKE = Scope(path="0.", account="public", role="intake")  # puts reports in, and reads none
SIGN_IN = Scope(path="0.", account="sign-in", role="sign_in")  # accounts, grants and credentials


def open_pool(dsn: str, size: int, wait_s: float = 30.0) -> ConnectionPool[Connection]:
    """
    Open a pool of connections whose sessions see nothing until `begin`.

    Parameters
    ----------
    dsn
        Of the login role.
    size
        Connections at the most.
    wait_s
        How long `begin` waits for one of them before it raises `psycopg_pool.PoolTimeout`.
    """
    return ConnectionPool(
        dsn,
        connection_class=Connection,
        kwargs={"row_factory": dict_row, "options": OPTIONS},
        min_size=1,
        max_size=size,
        timeout=wait_s,
        open=True,
    )


@contextmanager
def begin(pool: ConnectionPool[Connection], scope: Scope, now: datetime | None = None) -> Generator[Connection]:
    """
    Open a transaction as the scope's session; it commits at the end of the block.

    Parameters
    ----------
    pool
        From `open_pool`.
    scope
        What may be seen and changed.
    now
        The instant that the transaction takes for the present; the database's clock if not given.
    """
    with pool.connection() as conn, conn.transaction():
        enter(conn, scope, now)
        yield conn


@contextmanager
def begin_apart(dsn: str, scope: Scope) -> Generator[Connection]:
    """As `begin`, on a connection of its own: for what the service reads for all, whoever waits for the pool."""
    with Connection.connect(dsn, row_factory=dict_row, options=OPTIONS) as conn, conn.transaction():
        enter(conn, scope)
        yield conn


def enter(conn: Connection, scope: Scope, now: datetime | None = None) -> None:
    """Make an open transaction the scope's session, until it ends."""
    execute(
        conn,
        """
        SELECT set_config('role', 'wangge_app', true),
               set_config('wangge.path_from', %(path)s, true),
               set_config('wangge.path_to', %(upper)s, true),
               set_config('wangge.account', %(account)s, true),
               set_config('wangge.organisation', %(organisation)s, true),
               set_config('wangge.role', %(role)s, true),
               set_config('wangge.now', coalesce(%(now)s::timestamptz, now())::text, true)
        """,
        path=scope.path,
        upper=scope.upper,
        account=scope.account,
        organisation=scope.organisation,
        role=scope.role,
        now=now,
    )


def instant(conn: Connection) -> datetime:
    """The instant that this transaction takes for the present."""
    return cast(datetime, one(conn, "SELECT wangge.instant() AS at")["at"])


def execute(conn: Connection, query: LiteralString, **params: object) -> int:
    """Run a statement; returns the number of rows it touched."""
    return conn.execute(query, params or None).rowcount


def rows(conn: Connection, query: LiteralString, **params: object) -> list[Row]:
    """All rows of a query."""
    return conn.execute(query, params or None).fetchall()


def one(conn: Connection, query: LiteralString, **params: object) -> Row:
    """The one row of a query that always has one."""
    row = first(conn, query, **params)
    if row is None:
        raise LookupError("a query that always has a row had none")
    return row


def first(conn: Connection, query: LiteralString, **params: object) -> Row | None:
    """The first row of a query, or None."""
    return conn.execute(query, params or None).fetchone()


def copy_rows(conn: Connection, statement: LiteralString, records: Iterable[Sequence[object]]) -> None:
    """
    Stream records through ``COPY ... FROM STDIN``.

    COPY does not pass row security, so the target is a temporary staging table of the same
    transaction; an INSERT ... SELECT then moves the rows under the policies.
    """
    with conn.cursor().copy(statement) as copy:
        for record in records:
            copy.write_row(record)


_NAME = re.compile(r"^-- ([a-z][a-z0-9_]*) --$", re.MULTILINE)


@cache
def statements(topic: LiteralString) -> Mapping[str, LiteralString]:
    """The named statements of ``geo/sql/<topic>.sql``; they ship with the program, hence are literal."""
    text = files("geo").joinpath("sql", f"{topic}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {name: cast(LiteralString, body.strip()) for name, body in zip(parts[1::2], parts[2::2], strict=True)}
