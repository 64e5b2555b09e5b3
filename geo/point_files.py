"""
Files of points of any size, a batch of rows at a time: CSV, spreadsheets, Parquet, GeoParquet, and what GDAL reads.

Batches stay Arrow from the file to the answer, so that memory is bounded by a batch, whatever the file's length or the
size of a Parquet file's row groups. Spreadsheets are the exception: they have at most a million rows.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pyogrio
import pyogrio.errors
from numpy.typing import NDArray

from geo import readers
from geo.errors import BadFile

BATCH_ROWS = 1 << 17
BLOCK_BYTES = 1 << 24
PAGE_BYTES = 1 << 20
"""Read-ahead of a column of Parquet; without, a whole column of a row group is taken into memory."""


@dataclass(frozen=True)
class Rows:
    """
    Some rows of a file.

    Attributes
    ----------
    numbers
        Their numbers in the file, from 1 and without a heading, shape (n,).
    columns
        Their columns but the geometry, as a record batch.
    points
        Their geometries as WKB or GeoArrow points, or None if the file has none.
    ragged
        Rows that do not fit the heading and were left out since the batch before, by number.
    """

    numbers: NDArray[np.int64]
    columns: pa.RecordBatch
    points: pa.Array | None = None
    ragged: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PointFile:
    """
    A file that is about to be read.

    Attributes
    ----------
    format, encoding, layer
        What it is and how it is read; None where that has no meaning.
    crs
        The reference system of its geometries, as text; None if it declares none.
    columns
        The names of its columns but the geometry, each only once.
    has_points
        Whether it has geometries of its own.
    total
        How many rows there are, where that is known before they are read.
    row_groups
        Of Parquet, the rows in each group, in order.
    batches
        Reads its rows, from the first; of Parquet, those of some row groups if they are named.
    """

    format: str
    encoding: str | None
    layer: str | None
    crs: str | None
    columns: list[str]
    has_points: bool
    total: int | None
    row_groups: list[int]
    batches: Callable[..., Iterator[Rows]]


def open_points(path: Path, *, layer: str | None = None, encoding: str | None = None) -> PointFile:
    """
    Open a file of points.

    Parameters
    ----------
    path
        Its suffix tells the format.
    layer
        The layer or sheet; the first if not given.
    encoding
        Of CSV and Shapefile; found if not given.

    Raises
    ------
    BadFile
        It is not there, is empty, is of no known format, or is not what its suffix says.
    """
    if not path.is_file():
        raise BadFile(f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise BadFile(f"{path.name} is empty")
    kinds = (readers.TABLES, _csv), (readers.PARQUET, _parquet), (readers.SHEETS, _sheet), (readers.VECTORS, _vectors)
    opener = next((opener for suffixes, opener in kinds if path.suffix.lower() in suffixes), None)
    if opener is None:
        known = ", ".join(sorted(suffix for suffixes, _ in kinds for suffix in suffixes))
        raise BadFile(f"{path.name}: its suffix is none of {known}")
    try:
        return opener(path, layer, encoding)
    except FAILURES as error:
        raise BadFile(f"{path.name}: {error}") from error


FAILURES = (OSError, ValueError, pa.ArrowException, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError)
"""What reading a damaged file may raise, then or later."""


def _csv(path: Path, _layer: str | None, asked: str | None) -> PointFile:
    encoding = readers.text_encoding(path, asked)
    with path.open(encoding=encoding, newline="") as file:
        start = "".join(islice(file, 20))
    if not start.strip():
        raise BadFile(f"{path.name} has no heading")
    separator = readers.separator_of(start.splitlines()[0])
    columns = readers.unlike(next(csv.reader(io.StringIO(start), delimiter=separator)))

    def batches() -> Iterator[Rows]:
        return _csv_rows(path, columns, encoding, separator)

    return PointFile("CSV", encoding.removesuffix("-sig"), None, None, columns, False, None, [], batches)


def _csv_rows(path: Path, columns: list[str], encoding: str, separator: str) -> Iterator[Rows]:
    ragged: dict[int, str] = {}

    def note(row: pc.InvalidRow) -> str:
        ragged[row.number - 1] = f"{row.actual_columns} fields, not {row.expected_columns}: {row.text[:200]}"
        return "skip"

    reader = pc.open_csv(
        path,
        pc.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=columns, skip_rows=1, encoding=encoding),
        pc.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
        pc.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), null_values=[""], strings_can_be_null=True),
    )
    taken = 0
    for batch in reader:
        numbers = _numbers_between(taken, batch.num_rows, ragged)
        taken = int(numbers[-1]) if len(numbers) else taken
        yield Rows(numbers, batch, ragged={row: ragged.pop(row) for row in [k for k in ragged if k <= taken]})
    yield Rows(np.empty(0, np.int64), _empty(reader.schema), ragged=ragged)


def _numbers_between(after: int, count: int, without: dict[int, str]) -> NDArray[np.int64]:
    """The next `count` numbers after one, leaving out those of rows that were skipped."""
    numbers = np.arange(after + 1, after + 1 + count + len(without), dtype=np.int64)
    return numbers[~np.isin(numbers, list(without))][:count]


def _sheet(path: Path, layer: str | None, _encoding: str | None) -> PointFile:
    opened = readers.open_file(path, layer=layer)

    held = list(opened.batches)

    def batches() -> Iterator[Rows]:
        for batch in held:
            texts = {
                name: pa.array([_text(cell) for cell in batch.frame[name]], pa.string()) for name in opened.columns
            }
            yield Rows(batch.rows, pa.RecordBatch.from_pydict(texts))

    return PointFile(opened.format, None, opened.layer, None, opened.columns, False, opened.total, [], batches)


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)


def _parquet(path: Path, _layer: str | None, _encoding: str | None) -> PointFile:
    file = pq.ParquetFile(path)
    geo = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"null"))
    primary = geo["primary_column"] if geo else None
    columns = readers.unlike(name for name in file.schema_arrow.names if name != primary)
    groups = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]

    def batches(chosen: range = range(len(groups))) -> Iterator[Rows]:
        return _parquet_rows(path, primary, columns, chosen, sum(groups[: chosen.start]))

    name, crs = ("GeoParquet", readers.geoparquet_crs(geo)) if geo else ("Parquet", None)
    return PointFile(name, None, None, crs, columns, bool(geo), file.metadata.num_rows, groups, batches)


def _parquet_rows(path: Path, primary: str | None, columns: list[str], groups: range, before: int) -> Iterator[Rows]:
    with pq.ParquetFile(path, buffer_size=PAGE_BYTES, pre_buffer=False) as file:
        found = file.iter_batches(BATCH_ROWS, row_groups=list(groups), use_threads=False)
        for batch in chain(found, [_empty(file.schema_arrow)]):
            numbers = np.arange(before + 1, before + 1 + batch.num_rows, dtype=np.int64)
            before += batch.num_rows
            yield Rows(numbers, *_without(batch, primary, columns))


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    """No rows: the last batch of every file, and of an empty one the only, so that its columns are known."""
    return pa.RecordBatch.from_arrays([pa.array([], kind) for kind in schema.types], schema=schema)


def _without(batch: pa.RecordBatch, geometry: str | None, names: list[str]) -> tuple[pa.RecordBatch, pa.Array | None]:
    """The columns but the geometry under their new names, and the geometry."""
    plain = [_owned(column) for name, column in zip(batch.schema.names, batch.columns, strict=True) if name != geometry]
    found = None if geometry is None else batch.column(batch.schema.get_field_index(geometry))
    fields = [pa.field(name, column.type) for name, column in zip(names, plain, strict=True)]
    rows = pa.StructArray.from_arrays(plain, fields=fields) if plain else pa.array([{}] * batch.num_rows, pa.struct([]))
    return pa.RecordBatch.from_struct_array(rows), found


def _owned(column: pa.Array) -> pa.Array:
    """Views of text as text: Arrow cannot filter views."""
    kinds = ((pa.types.is_string_view, pa.string()), (pa.types.is_binary_view, pa.binary()))
    return next((column.cast(kind) for is_view, kind in kinds if is_view(column.type)), column)


def _vectors(path: Path, layer: str | None, asked: str | None) -> PointFile:
    osm = path.suffix.lower() == ".pbf"
    layer = layer or ("points" if osm else None)
    encoding, source = readers.vector_encoding(path, asked)
    options: dict[str, Any] = {} if encoding is None or osm or isinstance(source, bytes) else {"encoding": encoding}
    told = pyogrio.read_info(source, layer=layer, **options)
    columns = readers.unlike(told["fields"])
    has_points = told["geometry_type"] is not None

    def batches() -> Iterator[Rows]:
        taken = 0
        with pyogrio.open_arrow(
            source, layer=layer, batch_size=BATCH_ROWS, use_pyarrow=True, datetime_as_string=False, **options
        ) as (meta, reader):
            for batch in chain(reader, [_empty(reader.schema)]):
                numbers = np.arange(taken + 1, taken + 1 + batch.num_rows, dtype=np.int64)
                taken += batch.num_rows
                geometry = (meta["geometry_name"] or "wkb_geometry") if has_points else None
                yield Rows(numbers, *_without(batch, geometry, columns))

    total = told["features"] if told["features"] >= 0 else None
    name = "OpenStreetMap" if osm else path.suffix.lower().removeprefix(".")
    return PointFile(name, encoding, told["layer_name"], told["crs"], columns, has_points, total, [], batches)
