"""Every incident assigned again by the edition in force: set by set, with result and reason kept."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from geo import feed, lifecycle
from geo.assign import OUTSIDE, Answering, Assigner, FloatArray, new_run
from geo.db import Connection, Row, copy_rows, execute, rows, statements
from geo.places import Decided, Places, decide

SQL = statements("reassign")
SET = 50_000
NOWHERE = UUID(int=0)


@dataclass(frozen=True)
class Reassigned:
    """
    What a run did.

    Attributes
    ----------
    run_id
        Of ``assignment_run``; each incident has an assignment of this run with its reason.
    seen
        How many incidents were assigned.
    moved
        How many of them got another unit or another team.
    settled
        How many of those were settled (`lifecycle.SETTLED`): their unit follows, their team stays.
    """

    run_id: int
    seen: int
    moved: int
    settled: int


def reassign(conn: Connection, assigner: Assigner) -> Reassigned:
    """
    Assign every incident of the scope again, settled ones too (docs/decisions/0006).

    The unit follows the edition whatever the state; the team only while nobody has taken the incident
    (`lifecycle.UNTAKEN`), for who works on it goes on. Each moved incident gets an event and a new version; the feed
    gets one entry a unit that lost or won incidents, so that its lock is held for an instant only.
    """
    run_id = new_run(conn, assigner, "asked")
    open_stage(conn)
    seen, moved, settled, last, touched = 0, 0, 0, NOWHERE, Counter[str]()
    while found := rows(conn, SQL["next_set"], after=last, limit=SET):
        seen, last = seen + len(found), found[-1]["id"]
        moves = _assign_set(conn, assigner, run_id, found)
        moved += sum(move["incidents"] for move in moves)
        settled += sum(move["settled"] for move in moves)
        touched += _touched(moves)
    feed.append(conn, _entries(touched, run_id))
    return Reassigned(run_id=run_id, seen=seen, moved=moved, settled=settled)


def placed(assigner: Answering, found: Sequence[Row]) -> Decided:
    """
    Who answers for incidents as they stand, and what is doubtful about them.

    Parameters
    ----------
    assigner
        Of the edition.
    found
        Incidents with lon, lat, accuracy_m, building_lon, building_lat, settled and doubts. That a place has the offset
        of GCJ-02 is not asked again, since what was declared is not known any more: that doubt stays, unless settled.
    """
    columns = {name: np.array([row[name] for row in found], dtype=np.float64) for name in _NUMBERS}
    settled = np.array([OUTSIDE if row["settled"] is None else row["settled"] for row in found], dtype=np.int64)
    accuracy, at_lon, at_lat = (_known(columns[name]) for name in _NUMBERS[2:])
    decided = decide(assigner, Places(columns["lon"], columns["lat"], accuracy, at_lon, at_lat, settled=settled))
    kept = [n for n, row in enumerate(found) if "gcj02" in row["doubts"]]
    return replace(decided, doubts={**decided.doubts, **{n: [*decided.doubts.get(n, ()), "gcj02"] for n in kept}})


def _known(values: FloatArray) -> FloatArray | None:
    return None if np.isnan(values).all() else values


_NUMBERS = ("lon", "lat", "accuracy_m", "building_lon", "building_lat")


def move_open(conn: Connection, run_id: int, decided: Decided, chosen: Iterable[tuple[int, Row]]) -> int:
    """
    Move those of some incidents that are still open to their new owners, with an event and an assignment each.

    Parameters
    ----------
    conn
        A transaction from `db.begin` that does nothing after this; the feed gets one entry a unit.
    run_id
        Of `assign.new_run`.
    decided
        The new owners.
    chosen
        Positions in `decided`, and the incident of each.

    Returns
    -------
    int
        How many were moved.
    """
    open_stage(conn)
    stage(conn, decided, chosen)
    states = {"untaken": list(lifecycle.UNTAKEN), "settled": list(lifecycle.SETTLED)}
    moves = rows(conn, SQL["move_open"], run_id=run_id, **states)
    feed.append(conn, _entries(_touched(moves), run_id))
    return sum(move["incidents"] for move in moves)


def open_stage(conn: Connection) -> None:
    """Make the table that new assignments wait in, until the transaction ends."""
    execute(conn, SQL["stage"])


def stage(conn: Connection, decided: Decided, chosen: Iterable[tuple[int, Row]]) -> None:
    """Put the new owners of some incidents there."""
    copy_rows(conn, "COPY staged_assignment FROM STDIN", (_record(decided, at, row) for at, row in chosen))


def _touched(moves: list[Row]) -> Counter[str]:
    """How many incidents each unit lost or won."""
    touched = Counter[str]()
    for move in moves:
        for path in {move["path"], move["from_path"]}:
            touched[path] += move["incidents"]
    return touched


def _assign_set(conn: Connection, assigner: Assigner, run_id: int, found: list[Row]) -> list[Row]:
    stage(conn, placed(assigner, found), enumerate(found))
    execute(conn, SQL["assign"], run_id=run_id)
    told = {"untaken": list(lifecycle.UNTAKEN), "settled": list(lifecycle.SETTLED)}
    moves = rows(conn, SQL["move"], run_id=run_id, **told)
    execute(conn, SQL["unstage"])
    return moves


def _record(decided: Decided, at: int, row: Row) -> list[object]:
    owners = decided.owners
    unit_id = int(owners.unit_id[at])
    return [
        *(row["id"], owners.path[at], unit_id, owners.located[at], owners.owner_rule[at]),
        *(owners.candidates.get(at, [unit_id]), owners.shares.get(at), owners.team_id[at], owners.team_rule[at]),
        *(int(owners.team_unit_id[at]), decided.doubts.get(at, [])),
    ]


def _entries(touched: Counter[str], run_id: int) -> list[feed.Entry]:
    return [
        feed.Entry(path, "unit.reassigned", str(run_id), {"incidents": incidents})
        for path, incidents in sorted(touched.items())
    ]
