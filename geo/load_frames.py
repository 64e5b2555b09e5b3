"""Batches of a file as typed frames in EPSG:4326, with a verdict on every row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo import crs, db
from geo.errors import BadColumn, BadCoordinate, Invalid, UnknownTimezone
from geo.keys import KeyRing
from geo.load_fields import FIELDS, Field, Reading, propose, read_field, texts
from geo.load_order import LoadOrder, LoadReport
from geo.readers import Batch, Opened
from geo.rejects import RejectsFile, Verdicts
from geo.staging import Counted

DIMENSIONS: Mapping[str, tuple[int, ...]] = {
    "units": (2,), "buildings": (2,), "streets": (1,), "water": (1, 2), "routes": (1,), "stations": (0,),
    "incidents": (0,), "teams": (),
}  # fmt: skip
_TYPES: Mapping[int, tuple[int, ...]] = {1: (1, 2, 5), 2: (3, 6)}  # of lines, rings and areas, as Shapely numbers them
EARLIEST = pd.Timestamp("1900-01-01", tz="UTC")


@dataclass(frozen=True)
class Plan:
    """
    How the columns of a file become the fields of its kind.

    Attributes
    ----------
    order, reading
        What is asked.
    fields
        The fields, with the choices that the database knows.
    columns
        By field, its column.
    frame
        The reference system of the coordinates; None for a kind that has none.
    own_geometry
        Whether the file's own geometries are taken, and no column.
    """

    order: LoadOrder
    reading: Reading
    fields: Mapping[str, Field]
    columns: Mapping[str, str]
    frame: crs.Frame | None
    own_geometry: bool


@dataclass
class Underway:
    """
    A load under way, in its transaction.

    Attributes
    ----------
    conn, order, planned, report, rejects
        What it works with.
    load_id
        Its row in table ``load``.
    now
        The present, by the database.
    ring
        The keys that seal text as it was written.
    seen
        The keys of the file's rows so far.
    times
        How often rows without a key said the same, by the digest of what they said.
    outside
        Whether rows lie outside of every unit.
    """

    conn: db.Connection
    order: LoadOrder
    planned: "Plan"
    report: LoadReport
    rejects: RejectsFile
    load_id: UUID
    now: datetime
    ring: KeyRing | None
    seen: set[str] = field(default_factory=set)
    times: dict[str, int] = field(default_factory=dict)
    outside: bool = False

    def count(self, counted: Counted) -> None:
        """Add what a bulk verb wrote to the report."""
        self.report.loaded += counted.loaded
        self.report.unchanged += counted.unchanged
        self.report.kept += counted.kept

    def refuse_seen(self, keys: pd.Series, verdicts: Verdicts) -> None:
        """Refuse keys that an earlier row of the file has; a refused row has none."""
        fine = verdicts.fine
        given = keys[fine].tolist()
        new = set(given)
        if len(new) < len(given) or not self.seen.isdisjoint(new):
            mine = keys.where(fine)
            # Asked key by key: Series.isin would make a table of all that were seen, once a batch.
            seen = np.fromiter((key in self.seen for key in mine.tolist()), dtype=bool, count=len(mine))
            verdicts.refuse(
                fine & (mine.duplicated().to_numpy(dtype=bool) | seen), "repeated_key", lambda row: str(keys.iloc[row])
            )
        self.seen |= new


@dataclass(frozen=True)
class Converted:
    """
    A batch understood: its rows' numbers, fields, geometries (or columns lon, lat for points) and verdicts.

    Each has as many rows as the batch; `raw` is what the file said.
    """

    rows: NDArray[np.int64]
    raw: pd.DataFrame
    frame: pd.DataFrame
    geometry: NDArray[Any] | None
    verdicts: Verdicts


def plan(order: LoadOrder, opened: Opened, fields: Mapping[str, Field], *, has_geometry: bool) -> Plan:
    """
    Settle how a file will be read.

    Parameters
    ----------
    order, opened
        What is asked, and the file.
    fields
        Of its kind, with the choices that the database knows.
    has_geometry
        Whether the file has geometries of its own.

    Raises
    ------
    BadColumn
        A needed field has neither column nor constant.
    UndeclaredCrs, UnknownCrs
    """
    unknown = [name for name in (*order.constants, *order.values, *order.defaults) if name not in fields]
    if unknown:
        raise BadColumn(f"{order.kind} have no field {unknown[0]}; the fields are {', '.join(fields)}")
    columns = propose(order.kind, opened.columns, order.columns)
    columns = {name: column for name, column in columns.items() if name not in order.constants}
    own = has_geometry and not {"lon", "lat", "geometry"} & set(order.columns)
    for name in ("lon", "lat", "geometry") if own else ():
        columns.pop(name, None)
    missing = [name for name, spec in fields.items() if spec.needed and name not in {*columns, *order.constants}]
    if missing:
        raise BadColumn(f"{', '.join(missing)}; the file has {', '.join(opened.columns)}")
    reading = Reading(zone_of(order.timezone), order.time_format, order.values, order.defaults)
    return Plan(order, reading, fields, columns, _frame(order, opened, columns, own=own), own)


def _frame(order: LoadOrder, opened: Opened, columns: Mapping[str, str], *, own: bool) -> crs.Frame | None:
    if not DIMENSIONS[order.kind]:
        return None
    if not own and "geometry" not in columns and not {"lon", "lat"} <= set(columns):
        raise BadColumn(f"geometry, or lon and lat; the file has {', '.join(opened.columns)}")
    return crs.declared(order.crs or (opened.crs if own else None))


def convert(batch: Batch, planned: Plan, now: datetime) -> Converted:
    """
    Understand a batch.

    Raises
    ------
    BadCoordinate
        Most coordinates are of another system than the one declared, or are swapped.
    """
    verdicts = Verdicts.of(len(batch.rows))
    values = {
        name: read_field(name, planned.fields[name], _raw(batch, planned, name), planned.reading, verdicts)
        for name in planned.fields
        if name != "geometry" and name in {*planned.columns, *planned.order.constants}
    }
    frame = pd.DataFrame(values, index=batch.frame.index)
    geometry = None
    match DIMENSIONS[planned.order.kind]:
        case ():
            pass
        case (0,):
            frame = frame.assign(**_points(batch, planned, frame, verdicts))
        case dimensions:
            geometry = _shapes(batch, planned, dimensions, verdicts)
    _check_times(frame, now, verdicts)
    return Converted(batch.rows, batch.frame, frame, geometry, verdicts)


def _raw(batch: Batch, planned: Plan, name: str) -> pd.Series:
    if name in planned.order.constants:
        return pd.Series(planned.order.constants[name], index=batch.frame.index, dtype="str")
    return batch.frame[planned.columns[name]]


def unknown_words(batch: Converted, planned: Plan, name: str) -> pd.Series:
    """What a choice's column says where a default stands in its place; missing elsewhere."""
    spec, reading = planned.fields[name], planned.reading
    if name not in planned.columns or name not in reading.defaults:
        return pd.Series(pd.NA, index=batch.frame.index, dtype="str")
    strict = Reading(reading.timezone, None, reading.values, {})
    plain = texts(name, batch.raw[planned.columns[name]], Verdicts.of(len(batch.rows)))
    known = read_field(name, spec, batch.raw[planned.columns[name]], strict, Verdicts.of(len(batch.rows)))
    return plain.where(known.isna())


def _points(batch: Batch, planned: Plan, frame: pd.DataFrame, verdicts: Verdicts) -> dict[str, NDArray[np.float64]]:
    if planned.own_geometry or ("geometry" in planned.columns and not {"lon", "lat"} <= set(frame.columns)):
        geometry = _given(batch, planned)
        verdicts.refuse(shapely.is_missing(geometry) | shapely.is_empty(geometry), "no_geometry")
        verdicts.refuse(shapely.get_type_id(geometry) > 0, "wrong_geometry", lambda row: geometry[row].geom_type)
        x, y = shapely.get_x(geometry), shapely.get_y(geometry)
    else:
        x, y = (frame[name].to_numpy(dtype="float64", na_value=np.nan) for name in ("lon", "lat"))
        verdicts.refuse(frame["lon"].isna().to_numpy() & frame["lat"].isna().to_numpy(), "no_geometry")
    lon, lat, good = crs.try_points(x, y, _system(planned))
    _refuse_wrong_system(x, y, good, verdicts, planned)
    verdicts.refuse(~good, "bad_coordinate", lambda row: f"({x[row]}, {y[row]})")
    return {"lon": lon, "lat": lat}


def _system(planned: Plan) -> crs.Frame:
    if planned.frame is None:
        raise Invalid(f"{planned.order.kind} have no coordinates")
    return planned.frame


def _refuse_wrong_system(
    x: NDArray[np.float64], y: NDArray[np.float64], good: NDArray[np.bool_], verdicts: Verdicts, planned: Plan
) -> None:
    present = verdicts.fine
    if present.any() and good[present].mean() < 0.5:
        hint = crs.hint(x[present], y[present], _system(planned))
        if hint:
            raise BadCoordinate(f"Most coordinates are no place in {_system(planned).name}. {hint}")


def _given(batch: Batch, planned: Plan) -> NDArray[Any]:
    if planned.own_geometry:
        return cast(NDArray[Any], batch.geometry)
    values = batch.frame[planned.columns["geometry"]]
    binary = len(values) > 0 and all(isinstance(value, bytes) for value in values.dropna())
    array = values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
    if binary:
        return shapely.from_wkb(array, on_invalid="ignore")
    plain = np.array([value if isinstance(value, str) else None for value in array], dtype=object)
    hexadecimal = next((value[:1] == "0" for value in plain if value), False)
    return (shapely.from_wkb if hexadecimal else shapely.from_wkt)(plain, on_invalid="ignore")


def _shapes(batch: Batch, planned: Plan, dimensions: tuple[int, ...], verdicts: Verdicts) -> NDArray[Any]:
    geometry = _given(batch, planned)
    verdicts.refuse(_childless_without(geometry, planned), "no_geometry")
    present = ~shapely.is_missing(geometry)
    right = [number for dimension in dimensions for number in _TYPES[dimension]]
    wrong = present & ~np.isin(shapely.get_type_id(geometry), right)
    verdicts.refuse(wrong, "wrong_geometry", lambda row: geometry[row].geom_type)
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    moved, good = crs.try_geometries(geometry, _system(planned))
    if present.any() and good[present].mean() < 0.5:
        _refuse_wrong_system(xy[:, 0], xy[:, 1], good[owner], Verdicts.of(len(owner)), planned)
    verdicts.refuse(present & ~good, "bad_coordinate")
    return moved


def _childless_without(geometry: NDArray[Any], planned: Plan) -> NDArray[np.bool_]:
    """Rows without a geometry; a unit's parent has none of its own, which is looked at when all rows are known."""
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    return missing & (planned.order.kind != "units" or "parent_code" not in planned.columns)


def _check_times(frame: pd.DataFrame, now: datetime, verdicts: Verdicts) -> None:
    latest = pd.Timestamp(now) + timedelta(hours=1)
    for name in ("occurred_at", "received_at", "closed_at", "due_at"):
        if name in frame:
            times = frame[name]
            if name != "due_at":
                verdicts.refuse((times > latest).to_numpy(dtype=bool), "time_in_future", _when(name, times))
            verdicts.refuse((times < EARLIEST).to_numpy(dtype=bool), "time_too_early", _when(name, times))
    for name, reason in (
        ("closed_at", "closed_before_it_occurred"),
        ("received_at", "received_before_it_occurred"),
    ):
        if name in frame and "occurred_at" in frame:
            early = (frame[name] < frame["occurred_at"]).to_numpy(dtype=bool)
            verdicts.refuse(early, reason, _when(name, frame[name]))


def _when(name: str, times: pd.Series) -> Any:
    return lambda row: f"{name}: {times.iloc[row]}"


def fields_of(kind: str, choices: Mapping[str, Mapping[str, str]]) -> dict[str, Field]:
    """The fields of a kind, with the choices that only the database knows."""
    return {
        name: Field(spec.type, spec.names, spec.needed, choices[name]) if name in choices else spec
        for name, spec in FIELDS[kind].items()
    }


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; raises `UnknownTimezone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnknownTimezone(name) from error
