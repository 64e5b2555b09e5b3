"""
History under other boundaries: the owner that every incident would have, beside the one that it has.

A re-cut never touches an incident. It is kept as a run with its rows, so that figures can be compared across a redraw,
can be made again to the same answer, and can be deleted.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import crs, paging
from geo.db import Connection, execute, first, one, rows, statements
from geo.division import Division, areas
from geo.edition import NOBODY, Edition
from geo.errors import BadFile, BadGeometry, NotFound
from geo.load_fields import propose
from geo.readers import open_file

SQL = statements("recut")

_PACKED = np.dtype([("high", ">u8"), ("low", ">u8"), ("lon", ">f8"), ("lat", ">f8"), ("unit_id", ">i8")])
# A row of a binary COPY into the staging table: how many columns, then each after its length.
_STAGED = np.dtype(
    [
        *(("columns", ">i2"), ("id_bytes", ">i4"), ("high", ">u8"), ("low", ">u8")),
        *(("number_bytes", ">i4"), ("number", ">i4"), ("located_bytes", ">i4"), ("located", ">i2")),
        *(("unit_bytes", ">i4"), ("unit_id", ">i8"), ("moved_bytes", ">i4"), ("moved", "u1")),
    ]
)
_LENGTHS = {"columns": 5, "id_bytes": 16, "number_bytes": 4, "located_bytes": 2, "unit_bytes": 8, "moved_bytes": 1}
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"


class RecutNotFound(NotFound):
    """There is no such re-cut."""

    zh = "没有此重划统计。"


class OverlappingAreas(BadGeometry):
    """Areas overlap, so that a point would have two owners."""

    zh = "区域相互重叠，点的归属不唯一。"


@dataclass(frozen=True)
class Boundaries:
    """
    What incidents are re-cut to.

    Attributes
    ----------
    kind
        ``edition`` or ``file``.
    name
        What people call it.
    digest
        The same for the same boundaries.
    division
        The units, and their index.
    valid, recorded
        The key of an edition; None for a file.
    """

    kind: str
    name: str
    digest: str
    division: Division
    valid: datetime | None = None
    recorded: datetime | None = None

    @classmethod
    def of_edition(cls, edition: Edition) -> "Boundaries":
        """The base micro-grids of an edition: past, present, or of a day to come."""
        division = Division.of(edition.base, edition.index)
        return cls("edition", f"{edition.key.valid:%Y-%m-%d %H:%M%z}", edition.digest, division, *edition.key)

    @classmethod
    def of_file(
        cls, path: Path, declared: str | None = None, layer: str | None = None, code: str | None = None
    ) -> "Boundaries":
        """
        The areas of a file; on a shared edge the first of them wins.

        Parameters
        ----------
        path
            Of any format that `readers.open_file` reads, with geometries of its own.
        declared
            The reference system; that of the file if not given.
        layer
            The layer; the first if not given.
        code
            The column that names each area; one with a common name if not given.

        Raises
        ------
        BadFile
            It cannot be read, has no areas, or a code is missing or stands twice; the row is named.
        BadColumn, UndeclaredCrs, UnknownCrs, BadCoordinate
        BadGeometry
            An area is missing, not valid or not an area; the row is named, counted from 0.
        OverlappingAreas
            Names the first pair.
        """
        frame, geometry, system = _areas_of(path, layer)
        codes = _codes(frame, path, code)
        named = propose("units", frame.columns, {}).get("name")
        names = codes if named is None else frame[named].fillna(codes)
        moved = crs.geometries_to_storage(geometry, declared or system)
        division = Division.of(areas(codes.tolist(), moved, names.tolist()))
        pairs = division.index.overlaps()
        if len(pairs):
            raise OverlappingAreas(
                f"{codes.iloc[pairs[0][0]]} and {codes.iloc[pairs[0][1]]}, and {len(pairs) - 1} more."
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls("file", path.name, digest, division)


@dataclass(frozen=True)
class Recut:
    """
    A run.

    Attributes
    ----------
    id, at, account
        Which, when, by whom.
    kind, name
        What it was cut to: ``edition`` or ``file``, and its name.
    edition_valid, edition_recorded
        The key of the edition; None for a file.
    digest
        The same for the same boundaries.
    """

    id: int
    at: datetime
    account: str
    kind: str
    name: str
    edition_valid: datetime | None
    edition_recorded: datetime | None
    digest: str


@dataclass(frozen=True)
class RecutTotals(Recut):
    """
    A run with what it did to the incidents that the session sees.

    Attributes
    ----------
    incidents
        How many were re-cut.
    moved
        How many would have another unit, or none; of a file, all.
    outside
        How many lie outside of all of its units.
    """

    incidents: int
    moved: int
    outside: int


@dataclass(frozen=True)
class RecutUnit:
    """
    A unit with its incidents.

    Attributes
    ----------
    unit_id
        None for an area of a file.
    code, name
        Of the unit.
    before
        Incidents that it owned when they were re-cut.
    after
        Incidents that it owns under the boundaries of the run.
    """

    unit_id: int | None
    code: str
    name: str
    before: int
    after: int


def recut(conn: Connection, boundaries: Boundaries) -> int:
    """
    Re-cut every incident of the scope; returns the id of the run.

    Parameters
    ----------
    conn
        A transaction of the service itself.
    boundaries
        What to cut to.

    Raises
    ------
    BadCoordinate
        An incident has no place.
    """
    units = boundaries.division.units
    run = one(
        conn,
        SQL["begin"],
        kind=boundaries.kind,
        name=boundaries.name,
        valid=boundaries.valid,
        recorded=boundaries.recorded,
        digest=boundaries.digest,
    )["id"]
    execute(
        conn,
        SQL["put_units"],
        recut_id=run,
        unit_ids=[None if pd.isna(unit) else int(unit) for unit in units["unit_id"]],
        codes=units["code"].tolist(),
        names=units["name"].tolist(),
    )
    answers = _answers(_places(conn), boundaries.division)
    execute(conn, SQL["stage"])
    with conn.cursor().copy("COPY staged_recut FROM STDIN (FORMAT binary)") as copy:
        copy.write(answers)
    execute(conn, SQL["put"], recut_id=run)
    for name in ("unstage", "become_owner", "note_sizes", "become_app"):
        execute(conn, SQL[name])
    return run


def find(conn: Connection, *, cursor: str | None = None, limit: int = 100) -> paging.Page[Recut]:
    """Runs, the newest first; raises `paging.BadCursor`."""
    before = None if cursor is None else _number(*paging.parts(cursor, 1))
    found = [Recut(**row) for row in rows(conn, SQL["find"], before=before, limit=limit + 1)]
    return paging.page(found, limit, lambda run: [str(run.id)])


def read(conn: Connection, recut_id: int) -> RecutTotals:
    """One run, with counts of the incidents that the session sees; raises `RecutNotFound`."""
    row = first(conn, SQL["read"], recut_id=recut_id)
    if row is None:
        raise RecutNotFound(str(recut_id))
    return RecutTotals(**row)


def counts(conn: Connection, recut_id: int, *, cursor: str | None = None, limit: int = 100) -> paging.Page[RecutUnit]:
    """
    Incidents by unit before and after, of those that the session sees, ascending by code; units with none are left out.

    Raises
    ------
    RecutNotFound, paging.BadCursor
    """
    read(conn, recut_id)
    code, unit_id = (None, None) if cursor is None else _after(cursor)
    found = rows(conn, SQL["counts"], recut_id=recut_id, code=code, unit_id=unit_id, limit=limit + 1)
    units = [RecutUnit(**row) for row in found]
    return paging.page(units, limit, lambda unit: [unit.code, str(unit.unit_id or 0)])


def delete(conn: Connection, recut_id: int) -> None:
    """Delete a run with its rows; raises `RecutNotFound`."""
    execute(conn, SQL["delete_rows"], recut_id=recut_id)
    if execute(conn, SQL["delete"], recut_id=recut_id) == 0:
        raise RecutNotFound(str(recut_id))


def _after(cursor: str) -> tuple[str, int]:
    code, unit_id = paging.parts(cursor, 2)
    if not code.isprintable():
        raise paging.BadCursor
    return code, _number(unit_id)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise paging.BadCursor
    return int(text)


def _areas_of(path: Path, layer: str | None) -> tuple[pd.DataFrame, NDArray[Any], str | None]:
    opened = open_file(path, layer=layer)
    batches = list(opened.batches)
    shapes = [batch.geometry for batch in batches if batch.geometry is not None]
    if not shapes or not sum(map(len, shapes)):
        raise BadFile(f"{path.name} has no areas")
    return pd.concat([batch.frame for batch in batches], ignore_index=True), np.concatenate(shapes), opened.crs


def _codes(frame: pd.DataFrame, path: Path, asked: str | None) -> pd.Series:
    column = propose("units", frame.columns, {} if asked is None else {"code": asked}).get("code")
    if column is None:
        raise BadFile(f"{path.name} has no column of codes; it has {', '.join(frame.columns)}; name it with --code")
    codes = frame[column].astype("str")
    for wrong, said in (
        (frame[column].isna() | (codes == ""), "no code"),
        (codes.duplicated(), "a code that is taken"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise BadFile(f"{path.name}, row {row + 1} has {said}: {codes[row]}")
    return codes


def _places(conn: Connection) -> NDArray[np.void]:
    """Id, place and owner of every incident that the session sees, ascending by id, shape (n,)."""
    packed = b"".join(row["packed"] for row in conn.execute(SQL["places"], binary=True))
    found = np.frombuffer(packed, _PACKED)
    return found[np.lexsort((found["low"], found["high"]))]


def _answers(places: NDArray[np.void], division: Division) -> bytes:
    """The owner of each incident, as a binary COPY of the staging table."""
    found = division.find(places["lon"].astype(np.float64), places["lat"].astype(np.float64))
    ids = np.append(division.units["unit_id"].to_numpy(dtype=np.int64, na_value=NOBODY), NOBODY)
    made = np.zeros(len(places), _STAGED)
    for name, length in _LENGTHS.items():
        made[name] = length
    for name in ("high", "low", "unit_id"):
        made[name] = places[name]
    made["number"], made["located"] = found.slots, found.located
    made["moved"] = ids[found.slots] != places["unit_id"]
    return _COPY_HEAD + made.tobytes() + _COPY_END
