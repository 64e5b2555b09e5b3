"""The feed that live streams read: appended last in a transaction, so that its ids become visible in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from geo.db import Connection, Scope, execute, one, rows, statements

SQL = statements("feed")
NEWEST = 2**62


@dataclass(frozen=True)
class Entry:
    """
    One thing that happened, for who listens.

    Attributes
    ----------
    path
        Of the unit it happened in: who may see it.
    kind
        What happened, such as ``incident.reported``.
    subject
        The id of what it happened to.
    body
        What a stream shows without reading further; no free text and nothing personal.
    """

    path: str
    kind: str
    subject: str
    body: Mapping[str, Any]


def append(conn: Connection, entries: Sequence[Entry]) -> None:
    """
    Append entries and wake the listeners when the transaction commits.

    This must be the last statement of its transaction: the lock that keeps ids in the order of their commits is
    held from here on. Work in bulk appends one entry a unit, not one an incident.
    """
    if not entries:
        return
    execute(
        conn,
        SQL["append"],
        paths=[entry.path for entry in entries],
        kinds=[entry.kind for entry in entries],
        subjects=[entry.subject for entry in entries],
        bodies=[Jsonb(dict(entry.body)) for entry in entries],
    )
    execute(conn, SQL["wake"])


@dataclass(frozen=True)
class Read:
    """An entry as it is read: its number, its instant, and the organisations that have in hand what it tells of."""

    id: int
    path: str
    kind: str
    subject: str
    body: Mapping[str, Any]
    at: datetime
    organisations: Sequence[str]


def after(conn: Connection, last_seen: int, limit: int, last: int = NEWEST) -> list[Read]:
    """The entries of the scope behind `last_seen`, as far as `last`, in their order; at most `limit`."""
    return [Read(**row) for row in rows(conn, SQL["after"], after=last_seen, last=last, limit=limit)]


def ends(conn: Connection) -> tuple[int, int]:
    """The numbers of the oldest and the newest entry of the scope; zeros if there is none."""
    found = one(conn, SQL["ends"])
    return found["oldest"], found["newest"]


def visible(entry: Read, scope: Scope) -> bool:
    """Whether a scope may see an entry that was read with all others; as the policies of ``feed`` say it."""
    return scope.path <= entry.path < scope.upper or bool(
        scope.organisation and scope.organisation in entry.organisations
    )
