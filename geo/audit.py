"""
The audit log: who did what to which subject, when and why, and never contents; with a chain that shows tampering.

Entries are appended in the transaction of what they tell of. A job chains them in their order: each link is a keyed
digest (HMAC-SHA256) of the link before it and of its entry. Key and end of the chain lie with the other keys, outside
the database, so that whoever owns the tables cannot make a chain anew, nor cut its end off. What was never chained
is only as safe as the database: the job runs every few minutes.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, LiteralString

from geo import paging
from geo.db import Connection, Row, execute, first, one, rows, statements
from geo.errors import Conflict
from geo.jobs import Job, Work
from geo.keys import KeyRing

SQL = statements("audit")
BEFORE_ALL: Mapping[str, Any] = MappingProxyType({"number": 0, "entry_id": 0, "seal": b"\0" * 32})
HEAD = "audit.head"
BATCH = 5_000
MOST_FAULTS = 100


class ChainBroken(Conflict):
    """The audit log was tampered with, or the database was restored from a backup; see `wangge audit verify`."""

    zh = "审计日志被改动，或数据库由备份恢复；请查看 wangge audit verify。"


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did; `subject` is an id, `path` the scope that it was done from."""

    id: int
    at: datetime
    account: str
    role: str
    path: str
    kind: str
    subject: str
    reason: str


@dataclass(frozen=True)
class AuditFilter:
    """Which entries to list; None for any. `kind` is such as ``reporter.revealed``, `subject` an id."""

    kind: str | None = None
    subject: str | None = None
    account: str | None = None
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True)
class Fault:
    """
    Something that is not as it was written.

    Attributes
    ----------
    how
        An entry was changed, removed or inserted, or the end of the chain was cut off.
    entry_id
        Which entry; None where only its place in the chain is known.
    number
        The place in the chain; None for an entry that is not in it.
    """

    how: Literal["changed", "removed", "inserted", "cut"]
    entry_id: int | None
    number: int | None


@dataclass(frozen=True)
class Verdict:
    """How many links were checked, how many entries wait for theirs, and what is wrong."""

    checked: int
    waiting: int
    faults: Sequence[Fault]


def append(conn: Connection, kind: LiteralString, subject: str, reason: str = "") -> None:
    """
    Log what this transaction does; who, when and from which scope are taken from the transaction.

    Appended before the feed and late in the transaction: entries of others wait from here to its end.

    Parameters
    ----------
    conn
        A transaction from `db.begin`.
    kind
        A noun and a verb of the past, such as ``reporter.revealed``.
    subject
        The id of what it was done to; never contents.
    reason
        Why, in the words of who did it.
    """
    execute(conn, SQL["append"], kind=kind, subject=subject, reason=reason)


def find(conn: Connection, wanted: AuditFilter) -> paging.Page[Entry]:
    """A page of entries, newest first; auditors see those from their subtree, others none."""
    before = None if wanted.cursor is None else _before(wanted.cursor)
    found = rows(
        conn,
        SQL["find"],
        kind=wanted.kind,
        subject=wanted.subject,
        account=wanted.account,
        before=before,
        limit=wanted.limit + 1,
    )
    return paging.page([Entry(**row) for row in found], wanted.limit, lambda last: (str(last.id),))


def chain(conn: Connection, ring: KeyRing) -> int:
    """
    Chain the entries that wait, at most `BATCH`; returns how many there were.

    After the transaction has committed, `remember_end` keeps the new end beside the keys.
    """
    execute(conn, SQL["lock"])
    end = _end(conn)
    waiting = rows(conn, SQL["unlinked"], after=end["entry_id"], limit=BATCH)
    seals = list(_seals(ring.audit_key(make=not end["number"]), end["seal"], end["number"], waiting))
    if waiting:
        numbers = list(range(end["number"] + 1, end["number"] + 1 + len(waiting)))
        execute(conn, SQL["link"], numbers=numbers, entries=[row["id"] for row in waiting], seals=seals)
    return len(waiting)


def remember_end(conn: Connection, ring: KeyRing) -> None:
    """
    Keep the end of the chain beside the keys, so that cutting it off shows.

    Parameters
    ----------
    conn
        A transaction after the one that chained.
    ring
        From `keys.open_ring`.

    Raises
    ------
    ChainBroken
        The chain does not contain the end that was kept before.
    """
    execute(conn, SQL["lock"])
    if _cut(conn, ring):
        raise ChainBroken
    _keep_end(conn, ring)


def restart(conn: Connection, ring: KeyRing, reason: str) -> None:
    """
    Go on from the chain as it now ends, giving up the end that was kept: after a restore, for a reason that is logged.

    Raises
    ------
    KeyMissing
        The chain's key is not there.
    """
    append(conn, "audit.restarted", "chain", reason)
    while chain(conn, ring) == BATCH:
        pass
    _keep_end(conn, ring)


def verify(conn: Connection, ring: KeyRing) -> Verdict:
    """
    Check every link and entry of the log; at most `MOST_FAULTS` faults are told.

    Parameters
    ----------
    conn
        A transaction of role ``system`` that holds everything.
    ring
        From `keys.open_ring`.
    """
    faults: list[Fault] = []
    links = 0
    key = ring.audit_key(make=not _end(conn)["number"])
    for before, row in pairwise(_links(conn)):
        links += 1
        if len(faults) < MOST_FAULTS:
            faults += _faults_of(key, before, row)
    faults += _cut(conn, ring)
    faults += [Fault("inserted", row["id"], None) for row in rows(conn, SQL["strays"], limit=MOST_FAULTS)]
    return Verdict(links, one(conn, SQL["waiting"])["entries"], faults[:MOST_FAULTS])


def work(open_ring: Callable[[], KeyRing]) -> Work:
    """The job that chains: pass it to `jobs.queue` as ``chain_audit``; `open_ring` is called by each run."""

    def chain_audit(job: Job) -> str:
        ring = open_ring()
        total = 0
        while True:
            with job.begin() as conn:
                chained = chain(conn, ring)
            with job.begin() as conn:
                remember_end(conn, ring)
            total += chained
            if chained < BATCH:
                return f"{total} entries chained." if total else ""

    return chain_audit


def _keep_end(conn: Connection, ring: KeyRing) -> None:
    end = _end(conn)
    ring.write_text(HEAD, json.dumps({"number": end["number"], "seal": end["seal"].hex()}))


def _end(conn: Connection) -> Row:
    """The last link, or what stands before the first."""
    return first(conn, SQL["end_of_chain"]) or dict(BEFORE_ALL)


def _links(conn: Connection) -> Iterator[Row]:
    """All links in their order, after what stands before the first."""
    last: Row = dict(BEFORE_ALL)
    yield last
    while batch := rows(conn, SQL["linked"], after=last["number"], limit=BATCH):
        yield from batch
        last = batch[-1]


def _faults_of(key: bytes, before: Row, row: Row) -> list[Fault]:
    """What is wrong with one link, given the one before it as it is stored."""
    if row["number"] != before["number"] + 1:
        return [Fault("removed", None, before["number"] + 1)]
    if row["id"] is None:
        return [Fault("removed", row["entry_id"], row["number"])]
    sealed = _seal(key, before["seal"], row["number"], row)
    if row["entry_id"] > before["entry_id"] and hmac.compare_digest(sealed, row["seal"]):
        return []
    return [Fault("changed", row["entry_id"], row["number"])]


def _cut(conn: Connection, ring: KeyRing) -> list[Fault]:
    """Whether the end that was kept beside the keys is missing from the chain."""
    kept = ring.read_text(HEAD)
    head = json.loads(kept) if kept else {"number": 0}
    if not head["number"]:
        return []
    found = rows(conn, SQL["linked"], after=head["number"] - 1, limit=1)
    if found and found[0]["number"] == head["number"] and found[0]["seal"].hex() == head["seal"]:
        return []
    return [Fault("cut", None, head["number"])]


def _seals(key: bytes, seal: bytes, number: int, entries: Sequence[Row]) -> Iterator[bytes]:
    for place, entry in enumerate(entries, number + 1):
        seal = _seal(key, seal, place, entry)
        yield seal


def _seal(key: bytes, before: bytes, number: int, entry: Row) -> bytes:
    said = [
        number,
        entry["id"],
        entry["at"].astimezone(UTC).isoformat(),
        *(entry[name] for name in ("account", "role", "path", "kind", "subject", "reason", "written_in")),
    ]
    return hmac.digest(key, before + json.dumps(said, ensure_ascii=True).encode(), "sha256")


def _before(cursor: str) -> int:
    (last,) = paging.parts(cursor, 1)
    if not last.isdecimal() or len(last) > 18:
        raise paging.BadCursor
    return int(last)
