"""
Bulk writing of incidents: a million in seconds, each with its first event and the assignment that explains its owner.

Loading twice changes nothing. What the source tells differently is changed and noted as an event, except for an
incident that was worked on here since: that one is kept as it stands here, and counted as such.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import cast
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo import assign, db, errors, identifiers
from geo.staging import AT, NUMBER, TEXT, WHOLE, YES_NO, Columns, Counted, distinct, refuse_repeated, stage

GIVEN = Columns(
    {
        "id": TEXT, "source": TEXT, "source_key": TEXT, "category": TEXT, "channel": TEXT, "handling": TEXT,
        "state": TEXT, "priority": WHOLE, "title": TEXT, "description": TEXT, "address": TEXT, "occurred_at": AT,
        "received_at": AT, "due_at": AT, "closed_at": AT, "lon": NUMBER, "lat": NUMBER, "accuracy_m": NUMBER,
        "synthetic": YES_NO,
    },
    frozenset({"source", "source_key", "category", "occurred_at", "lon", "lat"}),
)  # fmt: skip

LIGHTEN_FROM = 20_000
SQL = db.statements("incident_load")


def put_incidents(conn: db.Connection, frame: pd.DataFrame, assigner: assign.Assigner, load_id: UUID | None) -> Counted:
    """
    Write incidents, their first events and their assignments.

    Parameters
    ----------
    conn
        In a transaction whose scope holds every incident of the frame.
    frame
        Columns source, source_key, category, occurred_at, lon, lat (degrees, EPSG:4326), and if known id, channel,
        handling, state, priority, title, description, address, received_at, due_at, closed_at, accuracy_m (metres),
        synthetic. What is not known: a new id, channel ``import``, received when it occurred, ``closed`` if it has a
        `closed_at` else ``reported``, priority, title and deadline those of the category.
    assigner
        Answers for the owner and the team of each.
    load_id
        The row of table ``load`` that tells where they come from, or None.

    Raises
    ------
    errors.Invalid
        A category or channel is not known, or a (source, source_key) is repeated.
    errors.BadCoordinate
        A coordinate is no number; names the first row.
    """
    refuse_repeated(frame, ["source", "source_key"])
    given = _completed(conn, GIVEN.table(frame))
    return _put(conn, _owned(given, assigner), assign.new_run(conn, assigner, "loaded"), load_id)


@contextmanager
def lightened(conn: db.Connection, coming: int) -> Generator[None]:
    """
    Take the secondary indexes and foreign keys off for a load larger than what stands, and make them again after.

    Keeping eight foreign keys and seven indexes row by row costs several times what the rows themselves cost; made
    again at the end they are built sorted, and the keys are checked for all rows at once. Nobody else can read
    incidents until the transaction ends, hence only for a load that is larger than all that stands; else this does
    nothing. What is made again is what the catalogue said before.

    Parameters
    ----------
    conn
        In a transaction with the scope of everything.
    coming
        How many rows the load has.
    """
    light = coming >= LIGHTEN_FROM and coming > db.one(conn, SQL["standing"])["standing"]
    if not light:
        yield
        return
    for name in ("note_weights", "list_weights", "lend_weights", "become_owner", "take_weights_off", "become_app"):
        db.execute(conn, SQL[name])
    yield
    for name in ("become_owner", "put_weights_back", "become_app", "forget_weights"):
        db.execute(conn, SQL[name])


def _put(conn: db.Connection, table: pa.Table, run_id: int, load_id: UUID | None) -> Counted:
    stage(conn, SQL["stage"], SQL["copy"], table)
    db.execute(conn, SQL["stage_stored"])
    db.execute(conn, SQL["compare"])
    db.execute(conn, SQL["mark_worked_on"])
    counts = db.one(conn, SQL["count_stored"])
    if counts["changed"]:
        db.execute(conn, SQL["change"], load_id=load_id)
        db.execute(conn, SQL["note_change"])
        db.execute(conn, SQL["reassign_moved"], run_id=run_id)
    if counts["stored"]:
        db.execute(conn, SQL["forget_stored"])
    made = db.execute(conn, SQL["put"], load_id=load_id)
    db.execute(conn, SQL["put_events"])
    db.execute(conn, SQL["put_assignments"], run_id=run_id)
    for name in ("unstage", "unstage_stored"):
        db.execute(conn, SQL[name])
    return Counted(made + counts["changed"], counts["stored"] - counts["changed"], counts["kept"])


def _completed(conn: db.Connection, given: pa.Table) -> pa.Table:
    categories = db.rows(conn, SQL["categories"])
    _refuse_unknown("category", given["category"], {row["code"] for row in categories})
    codes = pa.array([row["code"] for row in categories])
    place = pc.index_in(given["category"], codes)
    hours = pa.array([row["deadline_hours"] for row in categories]).cast(pa.duration("s"))
    channel = pc.fill_null(given["channel"], "import")
    _refuse_unknown("channel", channel, {row["code"] for row in db.rows(conn, SQL["channels"])})
    received = pc.coalesce(given["received_at"], given["occurred_at"])
    deadline = pc.multiply(hours.take(pc.fill_null(place, 0)), 3600)
    state = pc.if_else(pc.is_valid(given["closed_at"]), "closed", "reported")
    return _replaced(
        given,
        channel=channel,
        handling=pc.fill_null(given["handling"], "direct"),
        state=pc.coalesce(given["state"], state),
        priority=pc.coalesce(given["priority"], pa.array([row["priority"] for row in categories]).take(place)),
        title=pc.coalesce(given["title"], pa.array([row["name_zh"] for row in categories]).take(place)),
        received_at=received,
        due_at=pc.coalesce(given["due_at"], pc.add(received, deadline)),
        synthetic=pc.fill_null(given["synthetic"], False),
    )


def _replaced(table: pa.Table, **columns: pa.Array | pa.ChunkedArray) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def _refuse_unknown(what: str, values: pa.ChunkedArray, known: set[str]) -> None:
    unknown = [value for value in distinct(values) if value not in known]
    if unknown or values.null_count:
        raise errors.Invalid(f"{what} not known: {unknown[:5] or 'empty'}")


def _owned(given: pa.Table, assigner: assign.Assigner) -> pa.Table:
    lon, lat = _finite(given, "lon"), _finite(given, "lat")
    owners = assigner.assign(lon, lat)
    ids = pc.coalesce(given["id"], pa.array(identifiers.make(given.num_rows)).cast(TEXT))
    return pa.table(
        {
            "id": ids,
            **{name: given[name] for name in given.column_names if name != "id"},
            "path": pa.array(owners.path, TEXT),
            "unit_id": pa.array(owners.unit_id),
            "located": pa.array(owners.located, TEXT),
            "team_id": _texts(owners.team_id),
            "team_unit_id": pa.array(owners.team_unit_id),
            "team_rule": pa.array(owners.team_rule, TEXT),
            "owner_rule": pa.array(owners.owner_rule, TEXT),
            "candidates": _candidates(owners.candidates, given.num_rows),
        }
    )


def _finite(given: pa.Table, name: str) -> NDArray[np.float64]:
    values = cast(NDArray[np.float64], given[name].to_numpy())
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise errors.BadCoordinate(f"row {bad[0]}: {name} is {values[bad[0]]}")
    return values


def _texts(teams: NDArray[np.object_]) -> pa.Array:
    codes, distinct_teams = pd.factorize(teams)
    return pa.array([str(team) for team in distinct_teams], TEXT).take(pa.array(codes))


def _candidates(candidates: Mapping[int, list[int]], count: int) -> pa.Array:
    texts: NDArray[np.object_] = np.full(count, None, dtype=object)
    for row, units in candidates.items():
        texts[row] = "{" + ",".join(map(str, units)) + "}"
    return pa.array(texts, TEXT)
