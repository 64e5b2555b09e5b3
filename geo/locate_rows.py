"""Rows of a file with the unit that owns each: what becomes of one batch, in this process or in another."""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo import crs
from geo.cells import Float64s
from geo.division import LOCATED, Division, Found
from geo.errors import BadCoordinate, BadGeometry, NoCoordinates, UnfitColumn
from geo.load_fields import propose
from geo.locate_order import LocateOrder
from geo.point_columns import from_arrow, from_numbers, from_wkb
from geo.point_files import PointFile, Rows
from geo.readers import unlike
from geo.rejects import Verdicts

OURS = ("row", "unit_id", "unit_code", "unit_path", "located", "candidates")
SOME = 20
"""Fewer places than this tell nothing of the whole."""


@dataclass(frozen=True)
class Reading:
    """
    How the rows of a file are understood and written.

    Attributes
    ----------
    coordinates
        The columns of x and y; empty where the file's own geometries are taken.
    frame
        The reference system of the coordinates.
    names
        Of the columns that are written.
    as_text
        Whether all columns must fit into CSV.
    """

    coordinates: tuple[str, ...]
    frame: crs.Frame
    names: list[str]
    as_text: bool


@dataclass(frozen=True)
class Located:
    """
    What became of a batch.

    Attributes
    ----------
    table
        The rows that could be located, in order.
    read
        How many rows there were, ragged ones included.
    counts
        Rows by `division.LOCATED`.
    numbers, verdicts, refused
        The rows that could not, their numbers, and why.
    ragged
        Rows that did not fit the heading, by number.
    """

    table: pa.RecordBatch
    read: int
    counts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    verdicts: Verdicts
    refused: pd.DataFrame
    ragged: dict[int, str]


def plan(order: LocateOrder, opened: PointFile) -> Reading:
    """
    Settle how a file will be read.

    Raises
    ------
    NoCoordinates
        Only one of x and y is named, a column is guessed where two have its name, or there are neither geometries nor
        columns of coordinates.
    BadColumn
        A column that is named is not there.
    UndeclaredCrs, UnknownCrs
    """
    named = _coordinates(order, opened)
    frame = crs.declared(order.crs or (None if named else opened.crs))
    added = OURS if named else (*OURS, "lon", "lat")
    return Reading(named, frame, unlike([*added, *opened.columns]), order.out.suffix.lower() == ".csv")


def _coordinates(order: LocateOrder, opened: PointFile) -> tuple[str, ...]:
    if (order.x is None) != (order.y is None):
        raise NoCoordinates("Only one of the two is named.")
    if order.x is None and opened.has_points:
        return ()
    asked = {} if order.x is None or order.y is None else {"lon": order.x, "lat": order.y}
    found = propose("incidents", opened.columns, asked)
    if not {"lon", "lat"} <= set(found):
        raise NoCoordinates(f"The file has {', '.join(opened.columns)}.")
    for name in {"lon", "lat"} - set(asked):
        if f"{found[name]}_2" in opened.columns:
            raise NoCoordinates(f"There are two columns {found[name]}; the second is {found[name]}_2.")
    return found["lon"], found["lat"]


def locate_rows(rows: Rows, reading: Reading, division: Division) -> Located:
    """
    Locate a batch.

    Parameters
    ----------
    rows
        From `PointFile.batches`.
    reading
        From `plan`.
    division
        What to locate in.

    Raises
    ------
    UnfitColumn
        A column of coordinates holds neither numbers nor text, or a column does not fit into CSV.
    """
    lon, lat, verdicts = places(rows, reading)
    fine = np.isfinite(lon)
    whole = bool(fine.all())
    kept = rows.columns if whole else rows.columns.filter(pa.array(fine))
    found = division.find(lon[fine], lat[fine])
    ours = [pa.array(rows.numbers[fine]), *_answers(found, division, as_text=reading.as_text)]
    own_places = [] if reading.coordinates else [pa.array(lon[fine]), pa.array(lat[fine])]
    columns = [*ours, *own_places, *kept.columns]
    return Located(
        table=pa.RecordBatch.from_arrays(_fitting(columns, reading), names=reading.names),
        read=len(rows.numbers) + len(rows.ragged),
        counts=np.bincount(found.located, minlength=len(LOCATED)),
        numbers=rows.numbers[~fine],
        verdicts=verdicts,
        refused=_refused(rows, fine),
        ragged=rows.ragged,
    )


def _refused(rows: Rows, fine: NDArray[np.bool_]) -> pd.DataFrame:
    bad = rows.columns.slice(0, 0) if fine.all() else rows.columns.filter(pa.array(~fine))
    cells = {k: pd.Series(column.to_pylist(), dtype=object) for k, column in enumerate(bad.columns)}
    frame = pd.DataFrame(cells, index=range(bad.num_rows))
    frame.columns = bad.schema.names
    return frame


def places(rows: Rows, reading: Reading) -> tuple[Float64s, Float64s, Verdicts]:
    """
    The places of a batch in EPSG:4326, NaN for those that are refused, and the verdicts on these alone.

    Raises
    ------
    UnfitColumn
        A column of coordinates holds neither numbers nor text.
    """
    if reading.coordinates:
        x, y, verdicts_on = _from_columns(rows, *reading.coordinates)
    else:
        x, y, verdicts_on = _from_points(rows.points)
    lon, lat, good = crs.try_points(x, y, reading.frame)
    bad = np.flatnonzero(~good)
    verdicts = Verdicts.of(len(bad))
    verdicts_on(bad, verdicts)
    verdicts.refuse(verdicts.fine, "bad_coordinate", lambda k: f"({x[bad[k]]}, {y[bad[k]]})")
    return lon, lat, verdicts


def _from_columns(rows: Rows, x_name: str, y_name: str) -> tuple[Float64s, Float64s, Any]:
    at = {name: rows.columns.column(rows.columns.schema.get_field_index(name)) for name in (x_name, y_name)}
    read = {name: from_numbers(name, column) for name, column in at.items()}

    def judge(bad: NDArray[np.int64], verdicts: Verdicts) -> None:
        for name, (_, missing, wrong) in read.items():
            verdicts.refuse(missing[bad], "missing_value", name)
            verdicts.refuse(wrong[bad], "bad_number", lambda k, name=name: _said(name, at[name][int(bad[k])]))

    return read[x_name][0], read[y_name][0], judge


def _said(name: str, cell: Any) -> str:
    text = str(cell.as_py())[:80]
    return f"{name} is {text}" + (": write a decimal point" if "," in text else "")


def _from_points(points: Any) -> tuple[Float64s, Float64s, Any]:
    column = points.storage if isinstance(points, pa.ExtensionArray) else points
    others: NDArray[np.object_] = np.full(len(column), None, dtype=object)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        (x, y), others = from_wkb(column)
    elif not (pa.types.is_struct(column.type) or pa.types.is_fixed_size_list(column.type)):
        raise BadGeometry(f"The geometries are not points but {column.type}.")
    else:
        there = np.asarray(column.is_valid())
        x, y = np.full(len(column), np.nan), np.full(len(column), np.nan)
        x[there], y[there] = from_arrow(column.drop_null())

    def judge(bad: NDArray[np.int64], verdicts: Verdicts) -> None:
        verdicts.refuse(
            ~shapely.is_missing(others[bad]),
            "wrong_geometry",
            lambda k: others[bad[k]].geom_type,
        )
        verdicts.refuse(np.isnan(x[bad]) & np.isnan(y[bad]), "no_geometry")

    return x, y, judge


def _answers(found: Found, division: Division, *, as_text: bool) -> list[pa.Array]:
    """Columns unit_id, unit_code, unit_path, located and candidates."""
    nobody = found.slots < 0
    rows = pa.array(found.slots, mask=nobody)
    units = division.units
    ids, codes, paths = (pa.array(units[name], from_pandas=True) for name in ("unit_id", "code", "path"))
    offsets = np.concatenate([[0], np.cumsum(found.counts)]).astype(np.int32)
    alone = pa.array(found.counts == 0)
    # What has no id of ours is named by its code.
    numbered = ids.null_count == 0 and pa.types.is_integer(ids.type)
    touching = (ids if numbered else codes.cast(pa.string())).take(pa.array(found.touching))
    candidates = pa.ListArray.from_arrays(pa.array(offsets), touching, mask=alone)
    ids = ids.cast(pa.int64())
    return [
        ids.take(rows),
        _named(codes.cast(pa.string()), rows),
        _named(paths.cast(pa.string()), rows),
        pa.DictionaryArray.from_arrays(pa.array(found.located), pa.array(LOCATED)),
        pc.binary_join(candidates.cast(pa.list_(pa.string())), " ") if as_text else candidates,
    ]


def _named(names: pa.Array, rows: pa.Array) -> pa.Array:
    """The name of each row's unit, kept once; plain where a unit has none, which Parquet cannot keep so."""
    return names.take(rows) if names.null_count else pa.DictionaryArray.from_arrays(rows, names)


def _fitting(columns: list[pa.Array], reading: Reading) -> list[pa.Array]:
    """The columns as they are, or for CSV as plain values; raises `UnfitColumn` for what CSV cannot hold."""
    if not reading.as_text:
        return columns
    plain = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in columns]
    for name, column in zip(reading.names, plain, strict=True):
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            raise UnfitColumn(f"{name} holds {column.type}, which CSV cannot: write --out NAME.parquet")
    return plain


def refuse_wrong_system(rows: Rows, reading: Reading, division: Division) -> None:
    """
    Refuse a file by its first rows: coordinates of another system than the one declared, or swapped.

    Raises
    ------
    BadCoordinate
        Most are no place in the declared system, or lie outside of every unit as they are and inside once swapped.
    """
    lon, lat, verdicts = places(rows, reading)
    fine = np.isfinite(lon)
    if len(lon) < SOME:
        return
    if reading.coordinates:
        x, y, _ = _from_columns(rows, *reading.coordinates)
    else:
        x, y, _ = _from_points(rows.points)
    hint = crs.hint(x, y, reading.frame)
    if len(verdicts.reason) > len(lon) / 2 and hint:
        raise BadCoordinate(f"Most coordinates are no place in {reading.frame.name}. {hint}")
    turnable = fine & (np.abs(lon) <= 90)
    as_they_are, turned = division.index.locate(lon[fine], lat[fine]), None
    if turnable.sum() >= SOME and (as_they_are < 0).mean() > 0.9:
        turned = division.index.locate(lat[turnable], lon[turnable])
        if (turned < 0).mean() < 0.5:
            raise BadCoordinate(
                "Longitude and latitude look swapped: the points lie outside of every unit as they are."
            )
