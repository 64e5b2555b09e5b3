"""
A file into the database: read, map columns, check, repair, refuse, write, and account for every row.

One transaction a file: all of it stands, with a row in table ``load`` whose counts add up, or none of it.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from geo import crs, db, identifiers, load_units, registers, units
from geo.assign import Assigner
from geo.errors import BadCoordinate, BadFile
from geo.incident_load import lightened, put_incidents
from geo.load_fields import FIELDS
from geo.load_frames import Converted, Plan, convert, fields_of, plan, unknown_words
from geo.load_order import LoadOrder, LoadReport
from geo.readers import Batch, Opened, open_file
from geo.rejects import RejectsFile, Verdicts
from geo.repair import rings
from geo.staging import Counted

SQL = db.statements("loads")
Progress = Callable[[int, int | None], None]
_PREVIEW_ROWS = 5


@dataclass
class _Load:
    """One load under way."""

    conn: db.Connection
    order: LoadOrder
    planned: Plan
    report: LoadReport
    rejects: RejectsFile
    load_id: UUID
    now: datetime
    seen: set[str] = field(default_factory=set)
    times: dict[str, int] = field(default_factory=dict)


def load_file(pool: ConnectionPool[db.Connection], order: LoadOrder, progress: Progress | None = None) -> LoadReport:
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

    Returns
    -------
    LoadReport
        ``read = loaded + unchanged + rejected``. Of a dry run the same, and nothing stands.

    Raises
    ------
    BadFile, BadColumn, UndeclaredCrs, UnknownCrs, BadCoordinate, repair.NotACity, assign.NoUnits
        The file as a whole cannot be loaded; nothing is changed.
    """
    opened = open_file(order.path, kind=order.kind, layer=order.layer, encoding=order.encoding)
    scope = db.Scope(path="", account=order.account)
    with db.begin(pool, scope) as conn, conn.transaction(force_rollback=order.dry_run):
        return _load(conn, order, opened, progress or (lambda _read, _total: None))


def _load(conn: db.Connection, order: LoadOrder, opened: Opened, progress: Progress) -> LoadReport:
    batches = _peeked(opened)
    first = next(batches)
    planned = plan(order, opened, _fields(conn, order.kind), has_geometry=first.geometry is not None)
    report = LoadReport(
        opened.format,
        opened.encoding,
        opened.layer,
        planned.frame.name if planned.frame else None,
        planned.columns,
        [column for column in opened.columns if column not in planned.columns.values()],
    )
    _note_overruled_crs(order, opened, report)
    rejects = RejectsFile(None if order.dry_run else order.rejects)
    load = _Load(conn, order, planned, report, rejects, _begin(conn, order), db.instant(conn))
    _write(load, _counted(load, batches, opened, progress, first), opened.total)
    load.rejects.add_ragged(opened.ragged, opened.columns)
    report.read += len(opened.ragged)
    report.reasons, report.examples = load.rejects.counts, load.rejects.examples
    _finish(conn, load)
    return report


def _peeked(opened: Opened) -> Iterator[Batch]:
    empty = Batch(np.empty(0, dtype=np.int64), pd.DataFrame(columns=opened.columns, dtype="str"))
    found = False
    for batch in opened.batches:
        found = True
        yield batch
    if not found:
        yield empty


def _counted(
    load: _Load, rest: Iterator[Batch], opened: Opened, progress: Progress, first: Batch
) -> Iterator[Converted]:
    batch: Batch | None = first
    while batch is not None:
        load.report.read += len(batch.rows)
        converted = convert(batch, load.planned, load.now)
        if not load.report.preview:
            load.report.preview = _preview(converted)
        yield converted
        progress(load.report.read, opened.total)
        try:
            batch = next(rest, None)
        except (ValueError, OSError) as error:
            raise BadFile(f"{load.order.path.name}: {error}") from error


def _preview(converted: Converted) -> list[dict[str, str]]:
    head = converted.frame.head(_PREVIEW_ROWS)
    shapes = (
        [] if converted.geometry is None else [f"{one:.60}" for one in map(str, converted.geometry[:_PREVIEW_ROWS])]
    )
    rows = [
        {str(name): "" if _is_na(value) else str(value) for name, value in row.items()}
        for row in head.to_dict("records")
    ]
    return [row | ({"geometry": shapes[k]} if shapes else {}) for k, row in enumerate(rows)]


def _is_na(value: Any) -> bool:
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def _fields(conn: db.Connection, kind: str) -> Any:
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


def _begin(conn: db.Connection, order: LoadOrder) -> UUID:
    load_id = UUID(identifiers.make(1)[0].decode())
    with order.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
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


def _finish(conn: db.Connection, load: _Load) -> None:
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


def _write(load: _Load, batches: Iterator[Converted], total: int | None) -> None:
    if load.order.kind == "incidents":
        _write_incidents(load, batches, total)
        return
    whole = _whole(list(batches))
    if load.order.kind == "units":
        _write_units(load, whole)
    else:
        _write_register(load, whole)


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


def _count(load: _Load, counted: Counted) -> None:
    load.report.loaded += counted.loaded
    load.report.unchanged += counted.unchanged
    load.report.kept += counted.kept


def _write_incidents(load: _Load, batches: Iterator[Converted], total: int | None) -> None:
    assigner = Assigner.load(load.conn)
    quiet = load.order.dry_run
    with nullcontext() if quiet else lightened(load.conn, total or load.order.path.stat().st_size // 200):
        for number, part in enumerate(_ahead(batches)):
            _check_incidents(part)
            ready = _ready_incidents(load, part)
            load.rejects.add(part.rows, part.verdicts, part.raw)
            if number == 0:
                _look_at_places(load, ready, assigner)
            _count(load, put_incidents(load.conn, ready, assigner, load.load_id))


def _ahead(batches: Iterator[Converted]) -> Iterator[Converted]:
    """The same batches, the next of them understood by another thread while this one is written."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, batches, None)
        while (part := coming.result()) is not None:
            coming = worker.submit(next, batches, None)
            yield part


def _check_incidents(part: Converted) -> None:
    frame, verdicts = part.frame, part.verdicts
    if "priority" in frame:
        wrong = frame["priority"].notna() & ~frame["priority"].between(1, 5)
        verdicts.refuse(wrong.fillna(False).to_numpy(dtype=bool), "bad_number", "priority is 1 to 5")
    if "accuracy_m" in frame:
        verdicts.refuse((frame["accuracy_m"] < 0).to_numpy(dtype=bool), "bad_number", "accuracy_m is a radius")


def _ready_incidents(load: _Load, part: Converted) -> pd.DataFrame:
    frame = part.frame
    if "source_key" in frame:
        _refuse_seen(load, frame["source_key"], part.verdicts)
    else:
        frame = frame.assign(source_key=_content_keys(load, frame, part.verdicts.fine))
    said = unknown_words(part, load.planned, "category")
    if said.notna().any():
        told = frame["description"].fillna("") if "description" in frame else ""
        frame = frame.assign(description=("[" + said + "] " + told).fillna(frame.get("description")))
    return frame.loc[part.verdicts.fine].assign(source=load.order.named_source)


def _refuse_seen(load: _Load, keys: pd.Series, verdicts: Verdicts) -> None:
    """Refuse keys that an earlier row of the file has; a refused row has none."""
    fine = verdicts.fine
    mine = keys.where(fine)
    doubled = fine & (mine.duplicated() | mine.isin(load.seen)).to_numpy(dtype=bool)
    verdicts.refuse(doubled, "repeated_key", lambda row: str(keys.iloc[row]))
    load.seen.update(mine[verdicts.fine].tolist())


def _content_keys(load: _Load, frame: pd.DataFrame, fine: NDArray[np.bool_]) -> pd.Series:
    """A key of 128 bits out of what a row says, with a number where rows say the same: the same at every load."""
    said = frame.reindex(columns=sorted(frame.columns))
    halves = [
        pd.util.hash_pandas_object(said, index=False, hash_key=key) for key in ("wangge-content-1", "wangge-content-2")
    ]
    digests = pd.Series([f"{a:016x}{b:016x}" for a, b in zip(*halves, strict=True)], index=frame.index)
    mine = digests.where(fine)
    before = mine.map(load.times).fillna(0).astype(int) if load.times else 0
    number = mine.groupby(mine).cumcount() + before
    for digest, count in mine.value_counts().items():
        load.times[str(digest)] = load.times.get(str(digest), 0) + int(count)
    return digests.where(number.fillna(0) == 0, digests + "-" + number.fillna(0).astype(int).astype(str))


def _look_at_places(load: _Load, ready: pd.DataFrame, assigner: Assigner) -> None:
    """Stop where longitude and latitude are swapped, and tell where WGS84 is likely GCJ-02, by where points fall."""
    sample = ready.sample(min(len(ready), 2000), random_state=0)
    lon, lat = sample["lon"].to_numpy(), sample["lat"].to_numpy()
    if len(sample) < 20:
        return
    outside = (assigner.assign(lon, lat).located == "outside").mean()
    swappable = np.abs(lon) <= 90
    if outside > 0.9 and swappable.any():
        swapped = (assigner.assign(lat[swappable], lon[swappable]).located == "outside").mean()
        if swapped < 0.5:
            raise BadCoordinate(
                "Longitude and latitude look swapped: as they are, the points lie outside of every unit."
            )
    if outside > 0.5:
        zh, en = f"抽样 {outside:.0%} 的点落在所有网格之外", f"{outside:.0%} of a sample lie outside of every unit"
        load.report.notes.append((zh, en))


def _write_units(load: _Load, whole: Converted) -> None:
    known = set(units.in_force(load.conn)["code"])
    geometry = whole.geometry if whole.geometry is not None else np.full(len(whole.rows), None, dtype=object)
    city = load_units.prepare(whole.frame, geometry, load.order, whole.verdicts, known)
    load.rejects.add(whole.rows, whole.verdicts, whole.raw)
    load.report.repairs += city.repairs
    if whole.verdicts.fine.any():
        _count(load, load_units.publish(load.conn, city, load.order))
    _give_roots_a_team(load)


def _give_roots_a_team(load: _Load) -> None:
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


def _write_register(load: _Load, whole: Converted) -> None:
    _refuse_seen(load, whole.frame["code"], whole.verdicts)
    ready = _PREPARED[load.order.kind](load, whole)
    load.rejects.add(whole.rows, whole.verdicts, whole.raw)
    ready = ready.loc[whole.verdicts.fine].assign(source=load.order.named_source)
    put = _PUT[load.order.kind]
    _count(load, put(load.conn, ready))
    if "default" in ready and "unit_id" in ready:
        chosen = ready.loc[ready["default"].fillna(False).astype(bool)]
        registers.put_default_teams(
            load.conn, chosen.rename(columns={"code": "team_code"})[["unit_id", "path", "team_code"]]
        )


_PUT = {
    "buildings": registers.put_buildings,
    "streets": registers.put_streets,
    "stations": registers.put_stations,
    "teams": registers.put_teams,
    "routes": registers.put_routes,
}


def _located(load: _Load, frame: pd.DataFrame, geometry: NDArray[Any], verdicts: Verdicts) -> gpd.GeoDataFrame:
    """With the path of the unit that each lies in, by a point on it; in place of refused rows a point on the sea."""
    where = np.where(verdicts.fine, geometry, shapely.Point(0, 0))
    points = shapely.point_on_surface(where)
    owners = Assigner.load(load.conn).assign(shapely.get_x(points), shapely.get_y(points))
    outside = int(((owners.located == "outside") & verdicts.fine).sum())
    if outside:
        load.report.notes.append(
            (f"{outside} 行位于所有网格之外，归根级", f"{outside} rows outside of every unit: the root's")
        )
    return gpd.GeoDataFrame(frame.assign(path=owners.path), geometry=where, crs=crs.STORAGE)


def _shapes(whole: Converted) -> NDArray[Any]:
    return whole.geometry if whole.geometry is not None else np.full(len(whole.rows), None, dtype=object)


def _buildings(load: _Load, whole: Converted) -> gpd.GeoDataFrame:
    areas, verdicts = _shapes(whole).copy(), whole.verdicts
    fine = verdicts.fine
    areas[fine], told = rings(areas[fine], whole.frame["code"][fine].tolist())
    load.report.repairs += told
    verdicts.refuse(fine & shapely.is_missing(areas), "beyond_repair")
    if "floors" in whole.frame:
        verdicts.refuse((whole.frame["floors"] == 0).fillna(False).to_numpy(dtype=bool), "bad_number", "floors: 0")
    return _located(load, whole.frame, areas, verdicts)


def _lines(whole: Converted) -> NDArray[Any]:
    """Each line as one part; what has several is refused."""
    lines, verdicts = _shapes(whole).copy(), whole.verdicts
    several = ~shapely.is_missing(lines) & (shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING)
    lines[several] = shapely.line_merge(lines[several])
    parts = shapely.get_num_geometries(lines)
    verdicts.refuse(
        shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING, "several_parts", lambda r: str(parts[r])
    )
    verdicts.refuse(verdicts.fine & ~(shapely.length(lines) > 0), "no_geometry", "a line of no length")
    return lines


def _streets(_load: _Load, whole: Converted) -> gpd.GeoDataFrame:
    lines = _lines(whole)
    frame = whole.frame.assign(length_m=crs.lengths_m(lines))
    for name, end in (("from_node", 0), ("to_node", -1)):
        if name not in frame:
            frame[name] = _node(shapely.get_point(lines, end))
    return gpd.GeoDataFrame(frame, geometry=lines, crs=crs.STORAGE)


def _node(points: NDArray[Any]) -> NDArray[np.int64]:
    """A number for each end: lines that end at the same centimetre meet there."""
    rounded = pd.DataFrame({"x": shapely.get_x(points), "y": shapely.get_y(points)}).round(7)
    return (pd.util.hash_pandas_object(rounded, index=False).to_numpy() >> np.uint64(1)).astype(np.int64)


def _routes(load: _Load, whole: Converted) -> gpd.GeoDataFrame:
    lines = _lines(whole)
    _refuse_unknown_codes(load, whole, "team_code", "team_codes", "unknown_team")
    return _located(load, whole.frame.assign(length_m=crs.lengths_m(lines)), lines, whole.verdicts)


def _stations(load: _Load, whole: Converted) -> gpd.GeoDataFrame:
    points = shapely.points(whole.frame["lon"].to_numpy(), whole.frame["lat"].to_numpy())
    return _located(load, whole.frame.drop(columns=["lon", "lat"]), points, whole.verdicts)


def _teams(load: _Load, whole: Converted) -> pd.DataFrame:
    _refuse_unknown_codes(load, whole, "station_code", "station_codes", "unknown_station")
    frame = whole.frame
    known = units.in_force(load.conn).set_index("code")
    root = Assigner.load(load.conn).answers.path[-1]
    codes = frame["unit_code"] if "unit_code" in frame else pd.Series(None, index=frame.index, dtype="str")
    unknown = (codes.notna() & ~codes.isin(known.index)).to_numpy(dtype=bool)
    whole.verdicts.refuse(unknown, "unknown_unit", lambda row: str(codes.iloc[row]))
    paths = codes.map(known["path"].to_dict()).fillna(root)
    ids = codes.map(known["unit_id"].to_dict()).fillna(units.path_ids(root)[-1]).astype("int64")
    return frame.assign(path=paths, unit_id=ids)


def _refuse_unknown_codes(load: _Load, whole: Converted, name: str, statement: str, reason: str) -> None:
    if name not in whole.frame:
        return
    codes = whole.frame[name]
    found = {row["code"] for row in db.rows(load.conn, SQL[statement], codes=codes.dropna().unique().tolist())}
    unknown = (codes.notna() & ~codes.isin(found)).to_numpy(dtype=bool)
    whole.verdicts.refuse(unknown, reason, lambda row: str(codes.iloc[row]))


_PREPARED: dict[str, Callable[[_Load, Converted], pd.DataFrame]] = {
    "buildings": _buildings,
    "streets": _streets,
    "routes": _routes,
    "stations": _stations,
    "teams": _teams,
}


def default_rejects(path: Path, folder: Path) -> Path:
    """Where refused rows go if nobody says: the folder that the command runs in."""
    return folder / f"{path.stem}.rejects.csv"
