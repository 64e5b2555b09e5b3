"""
Bulk writing of incidents: a million in seconds, each with its first event and the assignment that explains its owner.

Loading twice changes nothing. What the source tells differently is changed and noted as an event, except for an
incident that was worked on here since: that one is kept as it stands here, and counted as such.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo import assign, db, errors, identifiers, incident_text
from geo.assign import FloatArray
from geo.binary_copy import Stream, constant, encoded, packed_uuids, points, pour, uuids
from geo.buildings import NONE, Buildings
from geo.incident_text import Originals
from geo.keys import KeyRing
from geo.places import Decided, Places, decide
from geo.staging import AT, NUMBER, TEXT, WHOLE, YES_NO, Columns, Counted, distinct, refuse_repeated

GIVEN = Columns(
    {
        "id": TEXT, "source": TEXT, "source_key": TEXT, "category": TEXT, "channel": TEXT, "handling": TEXT,
        "state": TEXT, "priority": WHOLE, "title": TEXT, "description": TEXT, "address": TEXT, "occurred_at": AT,
        "received_at": AT, "due_at": AT, "closed_at": AT, "lon": NUMBER, "lat": NUMBER, "accuracy_m": NUMBER,
        "synthetic": YES_NO, "building": TEXT,
    },
    frozenset({"source", "source_key", "category", "occurred_at", "lon", "lat"}),
)  # fmt: skip

# The columns of each table as its COPY statement names them; what is not of the row itself is the same for all.
INCIDENT = (
    "id", "path", "unit_id", "located", "category", "channel", "handling", "state", "priority", "title", "description",
    "address", "geom", "accuracy_m", "occurred_at", "received_at", "due_at", "closed_at", "team_id", "source",
    "source_key", "load_id", "synthetic", "building_id", "doubts",
)  # fmt: skip
EVENT = ("id", "number", "path", "kind", "at", "account", "state")
ASSIGNMENT = (
    "id", "run_id", "path", "unit_id", "owner_rule", "candidates", "shares", "team_id", "team_rule",
    "team_unit_id",
)  # fmt: skip
SQL = db.statements("incident_load")


@dataclass(frozen=True)
class Filling:
    """
    What all rows of one load have in common; from `begin_filling`.

    Attributes
    ----------
    assigner
        Answers for the owner and the team of each.
    categories, channels
        The reference lists.
    run_id, load_id
        The run of the assigner, and the row of table ``load`` that tells where the rows come from.
    ring
        Seals text as it was written where numbers of persons were masked in it.
    at, account
        When and by whom.
    straight, frozen
        Whether the rows go straight into the tables, and into such as were empty; see `binary_copy.pour`.
    buildings
        Those that rows may name; None if they name none.
    as_wgs84
        Whether the coordinates were declared to be WGS84 or CGCS2000.
    """

    assigner: assign.Assigner
    categories: pa.Table
    channels: frozenset[str]
    run_id: int
    load_id: UUID | None
    ring: KeyRing | None
    at: datetime
    account: str
    straight: bool
    frozen: bool
    buildings: Buildings | None = None
    as_wgs84: bool = False

    def prepare(self, frame: pd.DataFrame) -> "Prepared":
        """
        Understand, locate, mask and encode rows; needs no connection, hence any thread may do it.

        Parameters and errors are those of `put_incidents`.
        """
        refuse_repeated(frame, ["source", "source_key"])
        given, originals = incident_text.masked(_completed(self, GIVEN.table(frame)))
        table = _owned(given, self)
        ids = table["id"].combine_chunks().take(pa.array(list(originals), pa.int64())).to_pylist()
        named = {row: UUID(bytes=packed) for row, packed in zip(originals, ids, strict=True)}
        if not self.straight:
            return Prepared(table.num_rows, {"copy": encoded(table)}, named, originals)
        streams = self._streams(table) | ({"copy_originals": self.sealed(named, originals)} if named else {})
        return Prepared(table.num_rows, streams, named, originals)

    def sealed(self, ids: Mapping[int, UUID], originals: Originals) -> Stream:
        """The texts of rows as they were written, sealed for the incidents that the rows became; by row both."""
        if self.ring is None:
            raise incident_text.NoKeyRing
        return encoded(incident_text.sealed(self.ring, self.ring.of_month(self.at), ids, originals))

    def _streams(self, table: pa.Table) -> dict[str, Stream]:
        count = table.num_rows
        columns = {name: table[name] for name in table.column_names} | {
            "geom": points(table["lon"].to_numpy(), table["lat"].to_numpy()),
            "load_id": constant(self.load_id and self.load_id.bytes, pa.binary(), count),
            "number": constant(1, pa.int32(), count),
            "kind": constant("imported", TEXT, count),
            "at": constant(self.at, AT, count),
            "account": constant(self.account, TEXT, count),
            "run_id": constant(self.run_id, WHOLE, count),
        }
        tables = {"copy_incidents": INCIDENT, "copy_events": EVENT, "copy_assignments": ASSIGNMENT}
        return {
            statement: encoded(pa.table({name: columns[name] for name in names})) for statement, names in tables.items()
        }


@dataclass(frozen=True)
class Prepared:
    """
    Rows ready to be written.

    Attributes
    ----------
    count
        How many.
    streams
        By COPY statement, what it is sent.
    ids
        Of the rows whose text was masked, by row.
    originals
        Their text as it was written.
    """

    count: int
    streams: Mapping[str, Stream]
    ids: Mapping[int, UUID]
    originals: Originals


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
    straight: bool = False,
    frozen: bool = False,
    buildings: Buildings | None = None,
    as_wgs84: bool = False,
) -> Filling:
    """
    Begin to write one load, of which `Filling.prepare` and `put` take a part at a time.

    Parameters
    ----------
    conn, assigner, load_id, ring
        As for `put_incidents`.
    straight
        Write by COPY straight into the tables, past row security, without looking for what stands: for a source that
        `is_new`, within `weights.lightened`. Row security has nothing to say there: only who holds everything gets
        in, and of everything each path is a part.
    frozen, buildings, as_wgs84
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
        straight,
        frozen,
        buildings,
        as_wgs84,
    )


def is_new(conn: db.Connection, source: str) -> bool:
    """Whether no incident of this source stands."""
    return db.one(conn, SQL["is_new"], source=source)["is_new"]


def put(conn: db.Connection, filling: Filling, prepared: Prepared) -> Counted:
    """Write rows that were prepared; see `put_incidents`."""
    if filling.straight:
        return _put_straight(conn, filling, prepared)
    return _put_staged(conn, filling, prepared)


def _put_straight(conn: db.Connection, filling: Filling, prepared: Prepared) -> Counted:
    db.execute(conn, SQL["become_owner"])
    for statement, stream in prepared.streams.items():
        pour(conn, SQL[statement], stream, frozen=filling.frozen and statement != "copy_originals")
    db.execute(conn, SQL["become_app"])
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


_CATEGORY = pa.schema({"code": TEXT, "name_zh": TEXT, "priority": pa.int16(), "deadline_hours": pa.int64()})


def _completed(filling: Filling, given: pa.Table) -> pa.Table:
    known = filling.categories
    _refuse_unknown("category", given["category"], frozenset(known["code"].to_pylist()))
    place = pc.index_in(given["category"], known["code"].combine_chunks())
    channel = pc.fill_null(given["channel"], "import")
    _refuse_unknown("channel", channel, filling.channels)
    received = pc.coalesce(given["received_at"], given["occurred_at"])
    hours = known["deadline_hours"].take(place)
    deadline = pc.multiply(hours, 3_600_000_000).cast(pa.duration("us"))
    state = pc.if_else(pc.is_valid(given["closed_at"]), "closed", "reported")
    return _replaced(
        given,
        channel=channel,
        handling=pc.fill_null(given["handling"], "direct"),
        state=pc.coalesce(given["state"], state),
        priority=pc.coalesce(given["priority"].cast(pa.int16()), known["priority"].take(place)),
        title=pc.coalesce(given["title"], known["name_zh"].take(place)),
        received_at=received,
        due_at=pc.coalesce(given["due_at"], pc.add(received, deadline)),
        accuracy_m=given["accuracy_m"].cast(pa.float32()),
        synthetic=pc.fill_null(given["synthetic"], False),
    )


def _replaced(table: pa.Table, **columns: pa.Array | pa.ChunkedArray) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def _refuse_unknown(what: str, values: pa.ChunkedArray, known: frozenset[str]) -> None:
    unknown = [value for value in distinct(values) if value not in known]
    if unknown or values.null_count:
        raise errors.Invalid(f"{what} not known: {unknown[:5] or 'empty'}")


def _owned(given: pa.Table, filling: Filling) -> pa.Table:
    """The rows with their ids and owners, as table ``staged_incident`` has them."""
    building, decided = _decided(given, filling)
    owners = decided.owners
    return pa.table(
        {
            "id": _ids(given["id"]),
            **{name: given[name] for name in given.column_names if name not in ("id", "building")},
            "building_id": building,
            "doubts": _lists(decided.doubts, given.num_rows, TEXT),
            "path": pa.array(owners.path, TEXT),
            "unit_id": pa.array(owners.unit_id),
            "located": pa.array(owners.located, TEXT),
            "team_id": _packed_teams(owners),
            "team_unit_id": pa.array(owners.team_unit_id),
            "team_rule": pa.array(owners.team_rule, TEXT),
            "owner_rule": pa.array(owners.owner_rule, TEXT),
            "candidates": _candidates(owners),
            "shares": _shares(owners),
        }
    )


def _ids(given: pa.ChunkedArray) -> pa.Array:
    made = identifiers.make(len(given))
    if given.null_count == len(given):
        return packed_uuids(made.tobytes())
    return uuids(pc.coalesce(given, pa.array(made).cast(TEXT)))


def _decided(given: pa.Table, filling: Filling) -> tuple[pa.Array, Decided]:
    """The ids of the buildings that rows name, and who answers for each row."""
    lon, lat = _finite(given, "lon"), _finite(given, "lat")
    known = filling.buildings
    named = None if known is None else _buildings(given, filling.assigner, known, lon, lat)
    if known is None or named is None or not (named != NONE).any():
        building, (at_lon, at_lat) = pa.nulls(given.num_rows, WHOLE), (None, None)
    else:
        building = pa.array(known.id[named], mask=named == NONE)
        at_lon, at_lat = (np.where(named == NONE, np.nan, column[named]) for column in (known.lon, known.lat))
    accuracy = given["accuracy_m"]
    places = Places(
        lon,
        lat,
        accuracy_m=None if accuracy.null_count == len(accuracy) else accuracy.to_numpy().astype(np.float64),
        building_lon=at_lon,
        building_lat=at_lat,
        by_address=given["building"].is_null().to_numpy(),
        as_wgs84=filling.as_wgs84,
    )
    return building, decide(filling.assigner, places)


def _buildings(
    given: pa.Table, assigner: assign.Assigner, known: Buildings, lon: FloatArray, lat: FloatArray
) -> NDArray[np.int64]:
    """The positions of the buildings that rows name, by code, else by an address in the community of the point."""
    named = known.named(given["building"].to_pylist())
    left = np.flatnonzero(given["building"].is_null().to_numpy() & given["address"].is_valid().to_numpy())
    if left.size and not known.addresses.empty:
        paths = assigner.assign(lon[left], lat[left]).path.tolist()
        named[left] = known.of_addresses(given["address"].take(pa.array(left)).to_pylist(), paths)
    return named


def _finite(given: pa.Table, name: str) -> NDArray[np.float64]:
    values = cast(NDArray[np.float64], given[name].to_numpy())
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise errors.BadCoordinate(f"row {bad[0]}: {name} is {values[bad[0]]}")
    return values


def _packed_teams(owners: assign.Owners) -> pa.Array:
    """Each team as 16 bytes: a unit names one, so that a row's team is known by the unit."""
    _, first, place = np.unique(owners.team_unit_id, return_index=True, return_inverse=True)
    return pa.array([cast(UUID, team).bytes for team in owners.team_id[first]], pa.binary()).take(pa.array(place))


def _candidates(owners: assign.Owners) -> pa.Array:
    """The owner alone, or all units that the point on an edge, or the disc about it, touches."""
    counts = np.ones(len(owners.unit_id), dtype=np.int64)
    edges = np.array(list(owners.candidates), dtype=np.int64)
    counts[edges] = [len(units) for units in owners.candidates.values()]
    ends = np.cumsum(counts)
    units = np.repeat(owners.unit_id, counts)
    for row, touched in owners.candidates.items():
        units[ends[row] - counts[row] : ends[row]] = touched
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(units))


def _shares(owners: assign.Owners) -> pa.Array:
    """The share of each candidate, null where there is no disc that touches several."""
    if not owners.shares:
        return pa.nulls(len(owners.unit_id), pa.list_(pa.float32()))
    return pa.array([owners.shares.get(row) for row in range(len(owners.unit_id))], pa.list_(pa.float32()))


def _lists(values: Mapping[int, Sequence[str]], count: int, kind: pa.DataType) -> pa.Array:
    """A list for each row, empty for those that are not named."""
    sizes = np.zeros(count + 1, dtype=np.int32)
    rows = sorted(values)
    sizes[np.array(rows, dtype=np.int64) + 1] = [len(values[row]) for row in rows]
    flat = [value for row in rows for value in values[row]]
    return pa.ListArray.from_arrays(pa.array(np.cumsum(sizes, dtype=np.int32)), pa.array(flat, kind))
