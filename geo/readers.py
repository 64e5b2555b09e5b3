"""
Files of any city, read in batches: CSV, XLSX, Parquet and GeoParquet, GeoJSON, GeoPackage, Shapefile, FlatGeobuf, OSM.

A reader tells what it saw (format, encoding, reference system, columns) and gives every row its number in the file.
Nothing is guessed silently: text is decoded strictly, as UTF-8 if it is that and as GB18030 (which holds GBK) if it
is that, and the one used is told.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

import csv
import io
import json
import struct
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pyogrio
import pyogrio.errors
import shapely
from numpy.typing import NDArray
from python_calamine import CalamineError, CalamineWorkbook

from geo.encodings import MARK, marked_copy, row_encoding, text_encoding
from geo.errors import BadFile

BATCH_ROWS = 65_536
TABLES = frozenset({".csv", ".tsv", ".txt"})
SHEETS = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
PARQUET = frozenset({".parquet", ".geoparquet", ".pq"})
VECTORS = frozenset({".geojson", ".json", ".geojsonl", ".gpkg", ".shp", ".fgb", ".pbf", ".zip", ".kml", ".gml"})
# What OpenStreetMap calls the things that are loaded from it.
OSM_LAYERS = {
    "streets": (("lines", "highway IS NOT NULL"),),
    "buildings": (("multipolygons", "building IS NOT NULL"),),
    "water": (
        ("lines", "waterway IN ('river', 'stream', 'canal', 'drain', 'ditch')"),
        (
            "multipolygons",
            """ "natural" = 'water' OR landuse IN ('reservoir', 'basin')
            OR other_tags LIKE '%"waterway"=>"riverbank"%' """,
        ),
    ),
}
_AS_IT_IS: dict[str, Any] = {"on_invalid": "ignore", "datetime_as_string": False}


@dataclass(frozen=True)
class Batch:
    """
    Some rows of a file.

    Attributes
    ----------
    rows
        Their numbers in the file, from 1 and without a heading, shape (n,).
    frame
        Their columns.
    geometry
        Their geometries as the file has them, shape (n,), None where it has none; None for a file without any.
    """

    rows: NDArray[np.int64]
    frame: pd.DataFrame
    geometry: NDArray[Any] | None = None


@dataclass
class Opened:
    """
    A file that is being read.

    Attributes
    ----------
    format, encoding, layer
        What it is and how it was read; None where that has no meaning.
    crs
        The reference system that the file itself declares, as text; None if it declares none.
    columns
        The names of its columns.
    batches
        Its rows, to be taken once.
    unread
        Rows that could not be read, by number, with the reason and what was seen: filled while `batches` are taken.
    notes
        What else was seen, in Chinese and English.
    total
        How many rows there are, where that is known before they are read.
    """

    format: str
    encoding: str | None
    layer: str | None
    crs: str | None
    columns: list[str]
    batches: Iterator[Batch]
    unread: dict[int, tuple[str, str]] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    total: int | None = None


def open_file(path: Path, *, kind: str = "", layer: str | None = None, encoding: str | None = None) -> Opened:
    """
    Open a file for reading.

    Parameters
    ----------
    path
        Its suffix tells the format.
    kind
        ``streets``, ``buildings`` or ``water``: what to take out of OpenStreetMap.
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
    reader = _reader(path)
    try:
        return reader(path, kind, layer, encoding)
    except (OSError, pa.ArrowInvalid, CalamineError, pyogrio.errors.DataSourceError, ValueError) as error:
        raise BadFile(f"{path.name}: {error}") from error


def _reader(path: Path) -> Callable[[Path, str, str | None, str | None], Opened]:
    readers = ((TABLES, _csv), (SHEETS, _sheet), (PARQUET, _parquet), (VECTORS, _vectors))
    for suffixes, reader in readers:
        if path.suffix.lower() in suffixes:
            return reader
    known = ", ".join(sorted(TABLES | SHEETS | PARQUET | VECTORS))
    raise BadFile(f"{path.name}: its suffix is none of {known}")


def unlike(names: Iterable[object]) -> list[str]:
    """Names of columns as text, each only once: the second ``x`` is ``x_2``, one without a name ``column_3``."""
    seen: Counter[str] = Counter()
    made: list[str] = []
    for number, name in enumerate(names, start=1):
        plain = str(name).strip() if name is not None and str(name).strip() else f"column_{number}"
        seen[plain] += 1
        made.append(plain if seen[plain] == 1 else f"{plain}_{seen[plain]}")
    return made


def _csv(path: Path, _kind: str, _layer: str | None, asked: str | None) -> Opened:
    encoding, damaged = row_encoding(path, asked)
    source = marked_copy(path, encoding) if damaged else path
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        start = "".join(islice(file, 20))
    if not start.strip():
        raise BadFile(f"{path.name} has no heading")
    separator = separator_of(start.splitlines()[0])
    columns = unlike(next(csv.reader(io.StringIO(start), delimiter=separator)))
    opened = Opened("CSV", encoding.removesuffix("-sig"), None, None, columns, iter(()))
    opened.batches = _csv_batches(source, opened, "utf8" if damaged else encoding, separator)
    return opened


def separator_of(heading: str) -> str:
    """The separator of a table, by its heading."""
    return max(",\t;|", key=heading.count)


def _csv_batches(source: Path | IO[bytes], opened: Opened, encoding: str, separator: str) -> Generator[Batch]:
    def note(row: pc.InvalidRow) -> str:
        text = row.text[:200].replace(MARK, "\ufffd")
        opened.unread[row.number - 1] = (
            "ragged_row",
            f"{row.actual_columns} fields, not {row.expected_columns}: {text}",
        )
        return "skip"

    reader = pc.open_csv(
        source,
        pc.ReadOptions(
            use_threads=False, block_size=1 << 23, column_names=opened.columns, skip_rows=1, encoding=encoding
        ),
        pc.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
        pc.ConvertOptions(
            column_types=dict.fromkeys(opened.columns, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    )
    taken = 0
    for batch in reader:
        rows = _numbers(taken, batch.num_rows, opened.unread)
        taken = int(rows[-1]) if len(rows) else taken
        read = Batch(rows, batch.to_pandas(types_mapper=_strings))
        yield read if isinstance(source, Path) else _undamaged(read, opened)


def _undamaged(batch: Batch, opened: Opened) -> Batch:
    """The batch without the rows that hold the mark of bytes that could not be decoded, which are noted."""
    marked = batch.frame.apply(lambda column: column.str.contains(MARK, regex=False).fillna(False).astype(bool))
    whole = ~marked.any(axis=1).to_numpy(dtype=bool)
    for place in np.flatnonzero(~whole):
        where = batch.frame.columns[marked.iloc[place].to_numpy(dtype=bool)][0]
        seen = str(batch.frame[where].iloc[place])[:80].replace(MARK, "\ufffd")
        opened.unread[int(batch.rows[place])] = ("bad_text", f"{where}: not {opened.encoding}: {seen}")
    return Batch(batch.rows[whole], batch.frame.loc[whole].reset_index(drop=True))


def _strings(kind: pa.DataType) -> Any:
    return pd.StringDtype("pyarrow", na_value=np.nan) if pa.types.is_string(kind) else None


def _numbers(after: int, count: int, without: Iterable[int]) -> NDArray[np.int64]:
    """The next `count` numbers after one, leaving out those of rows that were skipped."""
    left_out = list(without)
    numbers = np.arange(after + 1, after + 1 + count + len(left_out), dtype=np.int64)
    return numbers[~np.isin(numbers, left_out)][:count]


def _sheet(path: Path, _kind: str, layer: str | None, _encoding: str | None) -> Opened:
    book = CalamineWorkbook.from_path(path)
    if layer is not None and layer not in book.sheet_names:
        raise BadFile(f"{path.name} has no sheet {layer}; it has {', '.join(book.sheet_names)}")
    sheet = book.get_sheet_by_name(layer or book.sheet_names[0])
    lines = cast(Sequence[Sequence[object]], sheet.to_python(skip_empty_area=True))
    if not lines:
        raise BadFile(f"sheet {sheet.name} of {path.name} has no heading")
    above = _above_heading(lines)
    columns = unlike(name or None for name in lines[above])
    cells = [[_cell(value) for value in line] for line in lines[above + 1 :]]
    frame = pd.DataFrame(cells, columns=columns, dtype=object).dropna(how="all")
    rows = frame.index.to_numpy(dtype=np.int64) + 1
    opened = Opened("spreadsheet", None, sheet.name, None, columns, iter(()), total=len(frame))
    opened.batches = iter([Batch(rows, frame.reset_index(drop=True))])
    opened.notes += _others(sheet.name, book.sheet_names)
    if above:
        opened.notes.append((f"表头取自第 {above + 1} 行", f"row {above + 1} was taken for the heading"))
    return opened


def _above_heading(lines: Sequence[Sequence[object]]) -> int:
    """How many lines stand above the heading: titles, which fill one cell where the lines below fill several."""
    filled = [sum(cell != "" for cell in line) for line in lines[:20]]
    return next((number for number, count in enumerate(filled) if count > 1), 0)


def _others(taken: str, all_of_them: Sequence[str]) -> list[tuple[str, str]]:
    """A note that a file has more layers or sheets than the one that is read."""
    others = [name for name in all_of_them if name != taken]
    if not others:
        return []
    names = ", ".join(others[:10])
    return [(f"读取的是 {taken}；另有 {names}（--layer）", f"{taken} is read; there are also {names} (--layer)")]


def _cell(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None if value == "" else value


def _parquet(path: Path, _kind: str, _layer: str | None, _encoding: str | None) -> Opened:
    file = pq.ParquetFile(path)
    metadata = file.schema_arrow.metadata or {}
    geo = json.loads(metadata[b"geo"]) if b"geo" in metadata else None
    primary = geo["primary_column"] if geo else None
    columns = unlike(name for name in file.schema_arrow.names if name != primary)
    crs = geoparquet_crs(geo) if geo else None
    name, batches = "GeoParquet" if geo else "Parquet", _parquet_batches(file, primary)
    return Opened(name, None, None, crs, columns, batches, total=file.metadata.num_rows)


def geoparquet_crs(geo: dict[str, Any]) -> str | None:
    """Of the primary column: without the key it is longitude and latitude in WGS84, with null it is undeclared."""
    column = geo["columns"][geo["primary_column"]]
    if "crs" not in column:
        return "OGC:CRS84"
    return json.dumps(column["crs"]) if column["crs"] else None


def _parquet_batches(file: pq.ParquetFile, primary: str | None) -> Generator[Batch]:
    taken = 0
    for batch in file.iter_batches(BATCH_ROWS):
        rows = np.arange(taken + 1, taken + 1 + batch.num_rows, dtype=np.int64)
        taken += batch.num_rows
        names = [name for name in batch.schema.names if name != primary]
        # A whole number beside a missing one would become a float, and lose what is beyond 2^53.
        frame = batch.select(names).to_pandas(types_mapper=_strings, integer_object_nulls=True)
        frame.columns = unlike(names)
        yield Batch(rows, frame, None if primary is None else _from_wkb(batch.column(primary)))


def _from_wkb(column: pa.Array) -> NDArray[Any]:
    return shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")


def _vectors(path: Path, kind: str, layer: str | None, asked: str | None) -> Opened:
    osm = path.suffix.lower() == ".pbf"
    encoding, source = vector_encoding(path, asked)
    layers = [] if isinstance(source, bytes) else [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    if layer is not None and layers and layer not in layers:
        raise BadFile(f"{path.name} has no layer {layer}; it has {', '.join(layers)}")
    if osm:
        layer, frame = _osm(path, kind, layer or "points")
    else:
        layer = layer or next(iter(layers), None)
        options: dict[str, Any] = {} if encoding is None or isinstance(source, bytes) else {"encoding": encoding}
        frame = pyogrio.read_dataframe(source, layer=layer, **_AS_IT_IS, **options)
    crs = _vector_crs(frame)
    geometry = np.asarray(frame.geometry.to_numpy(), dtype=object) if isinstance(frame, gpd.GeoDataFrame) else None
    plain = pd.DataFrame(frame.drop(columns="geometry")) if geometry is not None else pd.DataFrame(frame)
    plain.columns = unlike(plain.columns)
    rows = np.arange(1, len(plain) + 1, dtype=np.int64)
    name = "OpenStreetMap" if osm else path.suffix.lower().removeprefix(".")
    opened = Opened(name, encoding, layer, crs, list(plain.columns), iter([Batch(rows, plain, geometry)]))
    opened.total = len(plain)
    opened.notes += [] if osm or layer is None else _others(layer, layers)
    return opened


def _vector_crs(frame: pd.DataFrame) -> str | None:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        return None
    code = frame.crs.to_epsg()
    return f"EPSG:{code}" if code else frame.crs.to_wkt()


def vector_encoding(path: Path, asked: str | None) -> tuple[str | None, Path | bytes]:
    """The encoding to read by, and the file, or what GDAL shall read in its place."""
    suffix = path.suffix.lower()
    if suffix in (".geojson", ".json", ".geojsonl"):
        encoding = text_encoding(path, asked)
        # GeoJSON is UTF-8 by its standard, and GDAL reads it as nothing else.
        plain = encoding == "utf-8"
        return encoding.removesuffix("-sig"), path if plain else path.read_text(encoding=encoding).encode()
    if suffix == ".shp" and asked is None and not path.with_suffix(".cpg").exists():
        return _dbf_encoding(path.with_suffix(".dbf")), path
    return asked, path


def _dbf_encoding(path: Path) -> str | None:
    """A dBase table without a .cpg tells nothing of its encoding: UTF-8 if its text is that, else GB18030."""
    if not path.exists():
        return None
    data = path.read_bytes()
    heading = struct.unpack_from("<H", data, 8)[0]
    for encoding in ("utf-8", "gb18030"):
        try:
            data[32:heading].decode(encoding, "ignore")
            data[heading:].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadFile(f"{path.name} is not text in utf-8 or gb18030; name its --encoding")


def _osm(path: Path, kind: str, layer: str) -> tuple[str, pd.DataFrame]:
    """The rows that a kind of load is made of, of one layer below another; of any other kind a layer as it is."""
    wanted = OSM_LAYERS.get(kind, ((layer, None),))
    parts = [pyogrio.read_dataframe(path, layer=name, where=where, **_AS_IT_IS) for name, where in wanted]
    frame = pd.concat([_with_osm_tags(part) for part in parts], ignore_index=True)
    if kind == "water":
        frame = frame.assign(kind=_water_kind(frame))
    return ", ".join(name for name, _ in wanted), frame


def _with_osm_tags(frame: pd.DataFrame) -> pd.DataFrame:
    """Add to what OpenStreetMap gives: one key for ways and relations, English names, one-way streets, floors, ..."""
    tags = _tags(frame)
    way = frame["osm_way_id"] if "osm_way_id" in frame else pd.Series(None, index=frame.index, dtype=object)
    key = "w" + way.astype("str")
    return frame.assign(
        osm_key=key.where(way.notna(), ("r" if "osm_way_id" in frame else "w") + frame["osm_id"].astype("str")),
        name_en=tags.str.extract(r'"name:en"=>"([^"]+)"', expand=False),
        oneway=tags.str.extract(r'"oneway"=>"(yes|1|-1)"', expand=False).notna(),
        floors=tags.str.extract(r'"building:levels"=>"(\d+)"', expand=False),
        address=tags.str.extract(r'"addr:full"=>"([^"]+)"', expand=False),
    )


def _tags(frame: pd.DataFrame) -> pd.Series:
    return frame["other_tags"].astype("str") if "other_tags" in frame else pd.Series("", index=frame.index, dtype="str")


def _water_kind(frame: pd.DataFrame) -> pd.Series:
    """What each water is, by the most telling of its tags; one that we have no word for is water."""
    tags = _tags(frame)
    refined = r'"water"=>"(river|stream|canal|ditch|lake|oxbow|lagoon|reservoir|pond|basin)"'
    return (
        tags.str.extract(refined, expand=False)
        .fillna(frame["landuse"].where(frame["landuse"].isin(["reservoir", "basin"])))
        .fillna(frame["waterway"])
        .fillna(tags.str.extract(r'"waterway"=>"([^"]+)"', expand=False))
        .fillna("water")
    )
