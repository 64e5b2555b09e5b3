"""
Bulk writing of incidents: a million in seconds, each with its first event and the assignment that explains its owner.

Loading twice changes nothing. What the source tells differently is changed and noted as an event, except for an
incident that was worked on here since: that one is kept as it stands here, and counted as such.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

from collections.abc import Mapping
from uuid import UUID

import pandas as pd
import pyarrow as pa

from geo import assign, db
from geo.binary_copy import Stream, pour
from geo.buildings import Buildings
from geo.incident_rows import Filling, Prepared
from geo.keys import KeyRing
from geo.staging import TEXT, Counted
from geo.weights import Lightened, Taken

SQL = db.statements("incident_load")
# In this order, and whether into a table that a large load may have emptied: such rows are frozen from the start.
STRAIGHT = {
    "copy_incidents": True, "copy_events": True, "copy_assignments": True, "copy_originals": False,
    "copy_changes": False,
}  # fmt: skip
_CATEGORY = pa.schema({"code": TEXT, "name_zh": TEXT, "priority": pa.int16(), "deadline_hours": pa.int64()})


def put_incidents(
    conn: db.Connection,
    frame: pd.DataFrame,
    assigner: assign.Assigner,
    load_id: UUID | None,
    ring: KeyRing | None = None,
) -> Counted:
    """
    Write incidents, their first events and their assignments.

    Identity and telephone numbers in title, description and address are masked; the text as it was written is sealed.

    Parameters
    ----------
    conn
        In a transaction whose scope holds every incident of the frame.
    frame
        Columns source, source_key, category, occurred_at, lon, lat (degrees, EPSG:4326), and if known id, channel,
        handling, state, priority, title, description, address, received_at, due_at, closed_at, accuracy_m (metres),
        synthetic. What is not known: a new id, channel ``import``, received when it occurred, ``closed`` if it has a
        `closed_at` else ``reported``, priority, title and deadline those of the category. Where an accuracy is known,
        what its disc touches is listed, and it is doubted if that is several units.
    assigner
        Answers for the owner and the team of each.
    load_id
        The row of table ``load`` that tells where they come from, or None.
    ring
        From `keys.ring_of`; needed where a text holds a number.

    Raises
    ------
    errors.Invalid
        A category or channel is not known, or a (source, source_key) is repeated.
    errors.BadCoordinate
        A coordinate is no number; names the first row.
    incident_text.NoKeyRing
        A text holds a number of a person, and there is no key to seal it with.
    """
    filling = begin_filling(conn, assigner, load_id, ring)
    return put(conn, filling, filling.prepare(frame))


def begin_filling(
    conn: db.Connection,
    assigner: assign.Assigner,
    load_id: UUID | None,
    ring: KeyRing | None = None,
    *,
    light: Lightened | None = None,
    buildings: Buildings | None = None,
    as_wgs84: bool = False,
) -> Filling:
    """
    Begin to write one load, of which `Filling.prepare` and `put` take a part at a time.

    Parameters
    ----------
    conn, assigner, load_id, ring
        As for `put_incidents`.
    light
        Write by COPY straight into the tables, past row security, without looking for what stands: for a source that
        `is_new`, within `weights.lightened`, which gives this. Row security has nothing to say there: only who holds
        everything gets in, and of everything each path is a part.
    buildings, as_wgs84
        See `Filling`.
    """
    common = db.one(conn, SQL["common"])
    return Filling(
        assigner,
        pa.Table.from_pylist(db.rows(conn, SQL["categories"]), _CATEGORY),
        frozenset(row["code"] for row in db.rows(conn, SQL["channels"])),
        assign.new_run(conn, assigner, "loaded"),
        load_id,
        ring,
        common["at"],
        common["account"],
        light,
        buildings,
        as_wgs84,
    )


def is_new(conn: db.Connection, source: str) -> bool:
    """Whether no incident of this source stands."""
    return db.one(conn, SQL["is_new"], source=source)["is_new"]


def put(conn: db.Connection, filling: Filling, prepared: Prepared) -> Counted:
    """Write rows that were prepared; see `put_incidents`."""
    if filling.light is not None:
        return _put_straight(conn, filling.light, prepared)
    return _put_staged(conn, filling, prepared)


def _put_straight(conn: db.Connection, light: Lightened, prepared: Prepared) -> Counted:
    db.execute(conn, SQL["become_owner"])
    for statement, emptied in STRAIGHT.items():
        if stream := prepared.streams.get(statement):
            pour(conn, SQL[statement], stream, frozen=emptied and light.taken is Taken.OFF_EMPTY)
    db.execute(conn, SQL["become_app"])
    light.noted = True
    light.owners |= prepared.owners
    return Counted(prepared.count, 0)


def _put_staged(conn: db.Connection, filling: Filling, prepared: Prepared) -> Counted:
    db.execute(conn, SQL["stage"])
    pour(conn, SQL["copy"], prepared.streams["copy"])
    db.execute(conn, SQL["stage_stored"])
    db.execute(conn, SQL["compare"])
    db.execute(conn, SQL["mark_worked_on"])
    counts = db.one(conn, SQL["count_stored"])
    ids = _written_as(conn, prepared.ids) if counts["stored"] else prepared.ids
    if counts["changed"]:
        db.execute(conn, SQL["change"], load_id=filling.load_id)
        db.execute(conn, SQL["note_change"])
        db.execute(conn, SQL["reassign_moved"], run_id=filling.run_id)
        for name in ("lend_stored", "become_owner", "forget_originals", "become_app"):
            db.execute(conn, SQL[name])
    if counts["stored"]:
        db.execute(conn, SQL["forget_stored"])
    made = db.execute(conn, SQL["put"], load_id=filling.load_id)
    db.execute(conn, SQL["put_events"])
    db.execute(conn, SQL["put_assignments"], run_id=filling.run_id)
    for name in ("unstage", "unstage_stored"):
        db.execute(conn, SQL[name])
    if ids:
        _keep_originals(conn, filling.sealed(ids, prepared.originals))
    return Counted(made + counts["changed"], counts["stored"] - counts["changed"], counts["kept"])


def _written_as(conn: db.Connection, ids: Mapping[int, UUID]) -> Mapping[int, UUID]:
    """Under which id each row is written: a new one under its own, a changed one as it stands, others not at all."""
    found = db.rows(conn, SQL["stored_as"], ids=list(ids.values()))
    stored = {row["staged_id"]: row["id"] if row["changed"] else None for row in found}
    written = {row: stored.get(staged, staged) for row, staged in ids.items()}
    return {row: incident for row, incident in written.items() if incident is not None}


def _keep_originals(conn: db.Connection, sealed: Stream) -> None:
    """The policy would look each incident up, and in a large load there is no index to do it by: the owner writes."""
    db.execute(conn, SQL["become_owner"])
    pour(conn, SQL["copy_originals"], sealed)
    db.execute(conn, SQL["become_app"])
