"""
A file into the database: read, map columns, check, repair, refuse, write, and account for every row.

One transaction a file: all of it stands, with a row in table ``load`` whose counts add up, or none of it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import shapely
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from geo import crs, db, gaps, identifiers, load_incidents, load_registers, load_units, registers, units
from geo.errors import BadFile
from geo.keys import KeyRing
from geo.load_fields import FIELDS, Field, Kind, check_words, nearest
from geo.load_frames import Converted, Plan, Underway, convert, fields_of, plan
from geo.load_order import OUTSIDE, LoadOrder, LoadReport, Unknown
from geo.readers import Batch, Opened, open_file
from geo.rejects import RejectsFile, Verdicts
from geo.weights import build

SQL = db.statements("loads")
Progress = Callable[[int, int | None], None]
_PREVIEW_ROWS = 3


def load_file(
    pool: ConnectionPool[db.Connection],
    order: LoadOrder,
    progress: Progress | None = None,
    ring: KeyRing | None = None,
) -> LoadReport:
    """
    Load a file.

    Parameters
    ----------
    pool
        From `db.open_pool`.
    order
        What to load and how.
    progress
        Called with the rows read so far and, where it is known, how many there are.
    ring
        From `keys.ring_of`; needed where the text of an incident holds an identity or telephone number.

    Returns
    -------
    LoadReport
        ``read = loaded + unchanged + rejected``. Of a dry run the same, and nothing stands.

    Raises
    ------
    BadFile, BadColumn, BadOption, UndeclaredCrs, UnknownCrs, BadCoordinate, repair.NotACity, assign.NoUnits
        The file as a whole cannot be loaded; nothing is changed.
    """
    with ThreadPoolExecutor(1) as aside:
        digest = aside.submit(_digest, order.path)
        opened = open_file(order.path, kind=order.kind, layer=order.layer, encoding=order.encoding)
    scope = db.Scope(path="", account=order.account)
    with db.begin(pool, scope) as conn, conn.transaction(force_rollback=order.dry_run):
        if order.kind == "incidents":
            db.execute(conn, SQL["one_at_a_time"])
        report = _load(conn, order, opened, digest.result(), progress or (lambda _read, _total: None), ring)
    if order.kind == "incidents":
        build(pool)
    return report


def _load(
    conn: db.Connection, order: LoadOrder, opened: Opened, digest: str, progress: Progress, ring: KeyRing | None
) -> LoadReport:
    batches = _peeked(opened)
    first = next(batches)
    planned = plan(order, opened, fields(conn, order.kind), has_geometry=first.geometry is not None)
    report = LoadReport(
        opened.format,
        opened.encoding,
        opened.layer,
        planned.frame.name if planned.frame else None,
        planned.columns,
        [column for column in opened.columns if column not in planned.columns.values()],
    )
    check_words(planned.fields, order.constants, order.values, order.defaults)
    _note_overruled_crs(order, opened, report)
    rejects = RejectsFile(None if order.dry_run else order.rejects)
    load = Underway(conn, order, planned, report, rejects, _begin(conn, order, digest), db.instant(conn), ring)
    _write(load, _counted(load, batches, opened, progress, first), opened.total)
    load.rejects.add_unread(opened.unread, opened.columns)
    report.read += len(opened.unread)
    report.reasons, report.examples = load.rejects.counts, load.rejects.examples
    report.notes += opened.notes
    report.unknown = [
        Unknown(name, word, count, nearest(planned.fields[name], word, order.values.get(name, {})))
        for (name, word), count in planned.reading.unknown.most_common()
    ]
    if load.outside:
        report.outside = _outside(conn, load.load_id)
    _finish(conn, load)
    return report


def _outside(conn: db.Connection, load_id: UUID) -> dict[str, int]:
    found = {row["how"]: row["incidents"] for row in db.rows(conn, SQL["outside_of_load"], load_id=load_id)}
    return {how: found[how] for how in OUTSIDE if how in found}


def _peeked(opened: Opened) -> Iterator[Batch]:
    empty = Batch(np.empty(0, dtype=np.int64), pd.DataFrame(columns=opened.columns, dtype="str"))
    found = False
    for batch in opened.batches:
        found = True
        yield batch
    if not found:
        yield empty


def _counted(
    load: Underway, rest: Iterator[Batch], opened: Opened, progress: Progress, first: Batch
) -> Iterator[Converted]:
    batch: Batch | None = first
    while batch is not None:
        load.report.read += len(batch.rows)
        converted = convert(batch, load.planned, load.now)
        if not load.report.preview:
            load.report.preview = _preview(converted, load.planned)
        yield converted
        progress(load.report.read, opened.total)
        try:
            batch = next(rest, None)
        except (ValueError, OSError) as error:
            raise BadFile(f"{load.order.path.name}: {error}") from error


def _preview(converted: Converted, planned: Plan) -> list[dict[str, str]]:
    """The first rows by field: the value, and what the file said where that is not the same."""
    made: list[dict[str, str]] = []
    for row in range(min(_PREVIEW_ROWS, len(converted.rows))):
        one = {str(name): _understood(converted, planned, str(name), row) for name in converted.frame}
        if converted.geometry is not None:
            one["geometry"] = f"{converted.geometry[row]!s:.60}"
        made.append({"row": str(converted.rows[row])} | one)
    return made


def _understood(converted: Converted, planned: Plan, name: str, row: int) -> str:
    value = converted.frame[name].iloc[row]
    plain = "" if _is_na(value) else str(value)
    if name not in planned.columns:
        return plain
    raw = converted.raw[planned.columns[name]].iloc[row]
    said = "" if _is_na(raw) else str(raw)
    return plain if said in (plain, plain.removesuffix(".0")) else f"{plain or '—'} ← {said}"


def _is_na(value: Any) -> bool:
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def fields(conn: db.Connection, kind: Kind) -> Mapping[str, Field]:
    """The fields of a kind of load, with the values that the database knows for its choices."""
    if kind != "incidents":
        return FIELDS[kind]
    choices = {name: _named(db.rows(conn, SQL[statement])) for name, statement in _CATALOGUES.items()}
    return fields_of(kind, choices)


_CATALOGUES = {"category": "categories", "channel": "channels"}


def _named(found: list[db.Row]) -> dict[str, str]:
    """Each code by itself and by its names."""
    named = {str(name).lower(): row["code"] for row in found for key, name in row.items() if key != "code" and name}
    return named | {row["code"]: row["code"] for row in found}


def _note_overruled_crs(order: LoadOrder, opened: Opened, report: LoadReport) -> None:
    if order.crs and opened.crs and report.crs and crs.declared(opened.crs).crs != crs.declared(order.crs).crs:
        name = crs.declared(opened.crs).name
        zh, en = (
            f"文件自称 {name}，按您声明的 {report.crs} 读取",
            f"the file says {name}; read as {report.crs}, as you declared",
        )
        report.notes.append((zh, en))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begin(conn: db.Connection, order: LoadOrder, digest: str) -> UUID:
    load_id = UUID(identifiers.one())
    db.execute(
        conn,
        SQL["begin_load"],
        load_id=load_id,
        kind=order.kind,
        source=order.named_source,
        file_name=order.path.name,
        sha256=digest,
        options=Jsonb(order.options()),
    )
    return load_id


def _finish(conn: db.Connection, load: Underway) -> None:
    report = load.report
    db.execute(
        conn,
        SQL["finish_load"],
        load_id=load.load_id,
        read=report.read,
        loaded=report.loaded,
        unchanged=report.unchanged,
        rejected=report.rejected,
    )


def _write(load: Underway, batches: Iterator[Converted], total: int | None) -> None:
    if load.order.kind == "incidents":
        load_incidents.write(load, batches, total)
        return
    whole = _whole(list(batches))
    if load.order.kind == "units":
        _write_units(load, whole)
    else:
        load_registers.write(load, whole)


def _whole(parts: list[Converted]) -> Converted:
    if len(parts) == 1:
        return parts[0]
    shapes = [part.geometry for part in parts if part.geometry is not None]
    verdicts = Verdicts(
        np.concatenate([part.verdicts.reason for part in parts]),
        np.concatenate([part.verdicts.detail for part in parts]),
    )
    return Converted(
        np.concatenate([part.rows for part in parts]),
        pd.concat([part.raw for part in parts], ignore_index=True),
        pd.concat([part.frame for part in parts], ignore_index=True),
        np.concatenate(shapes) if shapes else None,
        verdicts,
    )


def _write_units(load: Underway, whole: Converted) -> None:
    standing = load_units.Standing.read(load.conn)
    geometry = whole.geometry if whole.geometry is not None else np.full(len(whole.rows), None, dtype=object)
    city = load_units.prepare(whole.frame, geometry, load.order, whole.verdicts, standing)
    load.rejects.add(whole.rows, whole.verdicts, whole.raw)
    load.report.repairs += city.repairs
    if whole.verdicts.fine.any():
        load.count(load_units.publish(load.conn, city, load.order))
        _note_gaps(load, city)
    _give_roots_a_team(load)


def _note_gaps(load: Underway, city: load_units.City) -> None:
    base = units.base(load.conn)
    areas = np.asarray(base.geometry.to_numpy(), dtype=object)
    west, south, east, north = city.frame.total_bounds.tolist()
    here = shapely.box(west, south, east, north)
    found = gaps.gaps(areas, base["code"].tolist(), city.suspects)
    load.report.gaps = [gap for gap in found if gap.area.intersects(here)]
    if load.report.gaps and load.order.gaps_file and not load.order.dry_run:
        gaps.write(load.order.gaps_file, load.report.gaps)


def _give_roots_a_team(load: Underway) -> None:
    """A root without a default team gets a duty desk, so that nothing is unassigned."""
    roots = pd.DataFrame(db.rows(load.conn, SQL["roots_without_team"]))
    if roots.empty:
        return
    desk = roots["code"] + "-duty"
    teams = roots.assign(code=desk, kind="duty_desk", name=roots["name"] + "值班室", shift="all", source="wangge")
    registers.put_teams(load.conn, teams)
    registers.put_default_teams(load.conn, roots.assign(team_code=desk))
    for name in roots["name"]:
        load.report.notes.append((f"已为“{name}”设兜底值班室", f"{name} was given a duty desk as its default team"))


def default_rejects(path: Path, folder: Path) -> Path:
    """Where refused rows go if nobody says: the folder that the command runs in."""
    return folder / f"{path.stem}.rejects.csv"
