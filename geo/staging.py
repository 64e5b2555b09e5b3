"""
Tables of a bulk load on their way into the database: columns checked, then streamed as CSV into a staging table.

COPY does not pass row security, so it fills a temporary table; an INSERT ... SELECT under the policies follows.
CSV out of Arrow is written by compiled code: a million rows take seconds where ``write_row`` takes a minute.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

import io
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, LiteralString, cast

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import shapely

from geo import db, errors

ROWS_A_CHUNK = 65_536

TEXT = pa.string()
WHOLE = pa.int64()
NUMBER = pa.float64()
YES_NO = pa.bool_()
AT = pa.timestamp("us", tz="UTC")
UUID = pa.string()


@dataclass(frozen=True)
class Counted:
    """
    What became of the rows given to a bulk verb: ``loaded + unchanged`` of them.

    Attributes
    ----------
    loaded
        Rows made or changed.
    unchanged
        Rows that stood already as given.
    kept
        Of the unchanged ones, those that differ from what was given because they were worked on here since.
    """

    loaded: int
    unchanged: int
    kept: int = 0


@dataclass(frozen=True)
class Columns:
    """
    The columns of a staging table, in its order.

    Attributes
    ----------
    types
        Arrow type of each column.
    needed
        Those that a frame must have.
    geometry
        Whether a geometry follows as the last column.
    """

    types: Mapping[str, pa.DataType]
    needed: frozenset[str]
    geometry: bool = False

    def table(self, frame: pd.DataFrame) -> pa.Table:
        """
        Give the frame these columns and types; an optional column that it lacks is null.

        Raises
        ------
        errors.BadColumn
            A needed column is missing, or a column's values do not fit its type.
        """
        missing = sorted(self.needed - set(frame.columns))
        if missing:
            raise errors.BadColumn(", ".join(missing))
        columns = {name: _column(frame, name, kind) for name, kind in self.types.items()}
        if self.geometry:
            columns["geom"] = _hex_ewkb(frame)
        return pa.table(columns)


def stage(conn: db.Connection, create: LiteralString, copy: LiteralString, table: pa.Table) -> None:
    """Make a temporary staging table and stream an Arrow table into it."""
    db.execute(conn, create)
    stream(conn, copy, table.to_batches(ROWS_A_CHUNK))


def stream(conn: db.Connection, copy: LiteralString, batches: Iterable[pa.RecordBatch]) -> None:
    """Stream record batches through one ``COPY ... FROM STDIN (FORMAT csv)``; null is the empty unquoted field."""
    # Text is made by another thread while the server reads what was made before.
    with ThreadPoolExecutor(1) as ahead, conn.cursor().copy(copy) as target:
        for chunk in ahead.map(_csv, batches):
            target.write(chunk)


def distinct(values: pa.Array | pa.ChunkedArray) -> list[str]:
    """The distinct texts of a column, sorted, without null."""
    return sorted(cast(list[str], values.unique().drop_null().to_pylist()))


def refuse_repeated(frame: pd.DataFrame, key: Sequence[str]) -> None:
    """
    Refuse a frame in which a key occurs twice.

    Raises
    ------
    errors.Invalid
        Names the first keys that are repeated.
    """
    repeated = frame[frame.duplicated(list(key))]
    if len(repeated):
        named = repeated[list(key)].head(3).to_dict("records")
        raise errors.Invalid(f"{len(repeated)} rows repeat a key: {named}")


def _csv(batch: pa.RecordBatch) -> memoryview:
    sink = io.BytesIO()
    pc.write_csv(batch, sink, pc.WriteOptions(include_header=False))
    return sink.getbuffer()


def _column(frame: pd.DataFrame, name: str, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if name not in frame.columns:
        return pa.nulls(len(frame), TEXT if pa.types.is_nested(kind) else kind)
    try:
        return _typed(frame[name], kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, ValueError) as error:
        raise errors.BadColumn(f"{name}: {error}") from error


def _typed(values: pd.Series, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_list(kind):
        return pa.array([_array_literal(value) for value in values], TEXT)
    if pa.types.is_struct(kind):
        return pa.array([_json(value) for value in values], TEXT)
    if pa.types.is_timestamp(kind):
        return pa.array(pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]"), kind, from_pandas=True)
    if pa.types.is_string(kind) and values.dtype == object:
        return pa.array(values.to_numpy(), from_pandas=True).cast(kind) if len(values) else pa.array([], kind)
    return pa.array(values, from_pandas=True).cast(kind)


def _array_literal(value: object) -> str | None:
    if not isinstance(value, (list, tuple, np.ndarray)):
        return None
    words = (str(word).replace("\\", "\\\\").replace('"', '\\"') for word in cast(Sequence[object], value))
    return "{" + ",".join(f'"{word}"' for word in words) + "}"


def _json(value: object) -> str | None:
    return orjson.dumps(value).decode() if isinstance(value, dict) else None


def _hex_ewkb(frame: pd.DataFrame) -> pa.Array:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise errors.UndeclaredCrs
    if frame.crs.to_epsg() not in (4326, 4490):
        raise errors.Invalid(f"geometry is stored in EPSG:4326, not in {frame.crs.to_string()}")
    flat = shapely.set_srid(shapely.force_2d(cast(Any, frame.geometry.to_numpy())), 4326)
    return pa.array(shapely.to_wkb(flat, hex=True, include_srid=True), TEXT, from_pandas=True)
