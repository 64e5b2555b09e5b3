"""The feed that live streams read: appended last in a transaction, so that its ids become visible in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from geo.db import Connection, execute, statements

SQL = statements("feed")


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
    held from here on. Work in bulk appends one entry a unit, not one a matter.
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
