"""
Rows of a load of incidents on their way to be written: completed, located, masked and encoded, without a connection.

`incident_load` begins a load (`begin_filling`) and writes what `Filling.prepare` makes ready.
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

from geo import assign, errors, identifiers, incident_text
from geo.assign import FloatArray
from geo.binary_copy import Stream, constant, encoded, packed_uuids, points, uuid_lists, uuids
from geo.buildings import NONE, Buildings
from geo.incident_text import Originals
from geo.keys import KeyRing
from geo.places import Decided, Places, decide
from geo.staging import AT, NUMBER, TEXT, WHOLE, YES_NO, Columns, distinct, refuse_repeated
from geo.weights import Lightened, Owner

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
IDS_NOTED = 10_000  # at most, to a row of table ``incident_change``


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
    light
        The tables without their weights, if the rows go straight into them; None if they are compared first.
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
    light: Lightened | None = None
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
        outside = pc.any(pc.equal(table["located"], assign.LOCATED[0])).as_py() or False
        if self.light is None:
            return Prepared(table.num_rows, {"copy": encoded(table)}, named, originals, outside, frozenset())
        streams = self._streams(table) | ({"copy_originals": self.sealed(named, originals)} if named else {})
        return Prepared(table.num_rows, streams, named, originals, outside, _owners(table))

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
        streams = {
            statement: encoded(pa.table({name: columns[name] for name in names})) for statement, names in tables.items()
        }
        return streams | {"copy_changes": uuid_lists(table["id"], IDS_NOTED)}


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
    outside
        Whether rows lie outside of every unit.
    owners
        Of rows that go straight into the tables, who owns them.
    """

    count: int
    streams: Mapping[str, Stream]
    ids: Mapping[int, UUID]
    originals: Originals
    outside: bool
    owners: frozenset[Owner]


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


def _owners(table: pa.Table) -> frozenset[Owner]:
    """The distinct paths and teams of the rows."""
    found = table.select(["path", "team_id"]).group_by(["path", "team_id"], use_threads=False).aggregate([])
    return frozenset(zip(found["path"].to_pylist(), found["team_id"].to_pylist(), strict=True))


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
