"""Incidents read from the database for memory: all of them once, then what changed."""

from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from geo.db import Connection, Row, execute, one, rows, statements
from geo.heat_columns import Batch, Names, View, view_of
from geo.heat_index import STATES, find
from geo.heat_rows import NO_HANDED, Handed, Rows, codes_of, halves, hours_of_week, join, sorted_handed

SQL = statements("heat")
PART = 50_000
NOTHING = UUID(int=0)
_HEADER = 20  # of an array: dimensions, flags, type, length, lower bound


def snapshot(conn: Connection) -> tuple[str, datetime]:
    """What is committed now, and the database's clock."""
    row = one(conn, SQL["seen"])
    return row["seen"], row["at"]


def load(conn: Connection, timezone: str) -> View:
    """
    All incidents of the database.

    Parameters
    ----------
    conn
        In a transaction with the scope of everything.
    timezone
        The city's clock.
    """
    execute(conn, SQL["stage_names"])
    execute(conn, SQL["put_paths"])
    execute(conn, SQL["put_categories"], states=list(STATES))
    execute(conn, SQL["count_names"])
    named = {kind: tuple(row["value"] for row in group) for kind, group in _by_kind(conn)}
    found = _all_rows(conn, timezone)
    names = Names((), named.get("path", ()), named.get("category", ()), named.get("organisation", ()))
    return view_of(found, _all_handed(conn, found), names)


def changes(conn: Connection, seen: str, most: int) -> list[UUID] | None:
    """The ids of what was committed since a snapshot; None if they are more than `most`."""
    found = rows(conn, SQL["changed"], seen=seen)
    return None if len(found) > most else [row["id"] for row in found]


def batch(conn: Connection, ids: list[UUID], timezone: str) -> Batch:
    """What the database says of some incidents now."""
    found, handed = rows(conn, SQL["rows"], ids=ids), rows(conn, SQL["rows_handed"], ids=ids)
    high, low = halves(b"".join(one_id.bytes for one_id in ids))
    paths, unit = _numbered([row["path"] for row in found])
    categories, category = _numbered([row["category"] for row in found])
    at = np.array([row["at"] for row in found], np.int64)
    own_high, own_low = halves(b"".join(row["id"].bytes for row in found))
    whole = Rows(
        code=codes_of(*(np.array([row[axis] for row in found], np.float64) for axis in ("lon", "lat"))),
        at=at,
        unit=unit,
        category=category.astype(np.int16),
        state=np.array([STATES.index(row["state"]) for row in found], np.uint8),
        hour=hours_of_week(at, timezone),
        high=own_high,
        low=own_low,
    )
    place = {row["id"]: at for at, row in enumerate(found)}
    held = [row for row in handed if row["incident_id"] in place]
    organisations, organisation = _numbered([row["organisation"] for row in held])
    in_hand = sorted_handed(
        organisation,
        np.array([place[row["incident_id"]] for row in held], np.int32),
        np.array([row["until"] for row in held], np.int64),
    )
    return Batch(high, low, whole, in_hand, paths, categories, organisations)


def forget(conn: Connection, before: datetime) -> None:
    """Take away the notes of changes that everybody has seen."""
    execute(conn, SQL["forget_changes"], before=before)


def _by_kind(conn: Connection) -> Any:
    return groupby(rows(conn, SQL["names"]), key=lambda row: row["kind"])


def _all_rows(conn: Connection, timezone: str) -> Rows:
    parts, after = [_columns({}, timezone)], NOTHING
    while (part := one(conn, SQL["load"], after=after, limit=PART))["last"] is not None:
        parts.append(_columns(part, timezone))
        after = UUID(part["last"])
    return join(parts)


def _columns(part: Row, timezone: str) -> Rows:
    high, low = halves(_values(part.get("id"), "V16").tobytes())
    at = _values(part.get("at"), ">i8").astype(np.int64)
    return Rows(
        code=codes_of(_values(part.get("lon"), ">f8"), _values(part.get("lat"), ">f8")),
        at=at,
        unit=_values(part.get("unit"), ">i4").astype(np.int32),
        category=_values(part.get("category"), ">i4").astype(np.int16),
        state=_values(part.get("state"), ">i4").astype(np.uint8),
        hour=hours_of_week(at, timezone),
        high=high,
        low=low,
    )


def _all_handed(conn: Connection, found: Rows) -> Handed:
    sent = one(conn, SQL["load_handed"])
    if sent["id"] is None:
        return NO_HANDED
    by_id = np.lexsort((found.low, found.high)).astype(np.int32)
    place = find(found, by_id, *halves(_values(sent["id"], "V16").tobytes())).astype(np.int32)
    there = place >= 0
    organisation = _values(sent["organisation"], ">i4").astype(np.int32)
    return sorted_handed(organisation[there], place[there], _values(sent["until"], ">i8").astype(np.int64)[there])


def _values(sent: bytes | None, kind: str) -> NDArray[Any]:
    """The values of an array of fixed-width elements, none of them NULL, as PostgreSQL sends it."""
    pairs = np.dtype([("length", ">i4"), ("value", kind)])
    return np.frombuffer(sent or b"", pairs, offset=_HEADER if sent else 0)["value"]


def _numbered(values: list[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    distinct = tuple(dict.fromkeys(values))
    number = {value: at for at, value in enumerate(distinct)}
    return distinct, np.array([number[value] for value in values], np.int32)
