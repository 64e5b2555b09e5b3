"""
What is in force: an immutable value with all units, their areas, and the exact index that finds the owner of a point.

An edition is keyed by two instants. What is true at v as known at k is made of everything that was recorded by k to
hold from v or before; its key is the last instant of both kinds, so that all questions with the same answer have the
same key. Its digest says whether two keys mean the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import ArrayLike, NDArray

from geo import index_file
from geo.db import Connection, one, rows, statements
from geo.locate import CellIndex, OnBad

SQL = statements("editions")
BASE = "base"
NOBODY = -1
SCHEMA = pa.schema(
    [
        ("unit_id", pa.int64()),
        ("parent_id", pa.int64()),
        ("layer", pa.string()),
        ("level", pa.string()),
        ("code", pa.string()),
        ("path", pa.string()),
        ("name", pa.string()),
        ("name_en", pa.string()),
        ("name_mn", pa.string()),
        ("kind", pa.string()),
        ("derived", pa.bool_()),
        ("households", pa.int64()),
        ("synthetic", pa.bool_()),
        ("geometry", pa.large_binary()),
    ]
)
"""What is read of a unit; the geometry as WKB."""

IntArray = NDArray[np.int64]


class Key(NamedTuple):
    """Which edition: since when it is in force, and since when that is known."""

    valid: datetime
    recorded: datetime


@dataclass(frozen=True, eq=False)
class Edition:
    """
    The units in force at an instant as known at another.

    Attributes
    ----------
    key
        Which edition it is.
    digest
        SHA-256 in hexadecimal of all that it carries: the same for two keys that mean the same.
    units
        A row a unit in EPSG:4326, in the order of ``path``, numbered from 0: unit_id, parent_id, layer, level, code,
        path, name, name_en, name_mn, kind, derived, households, synthetic, geometry. The layer is ``base``, or that of
        an overlay.
    index
        Of the base micro-grids; slot i is row ``base_rows[i]`` of `units`, ascending by unit id.
    overlays
        Of the units without children in other layers; slot i is row ``overlay_rows[i]``.
    """

    key: Key
    digest: str
    units: gpd.GeoDataFrame
    index: CellIndex
    overlays: CellIndex

    @cached_property
    def base_rows(self) -> IntArray:
        """The rows of the base micro-grids in `units`, ascending by unit id, shape (m,)."""
        return leaves_of(self.units, base=True)

    @cached_property
    def overlay_rows(self) -> IntArray:
        """The rows of the overlays' units without children in `units`, ascending by unit id, shape (k,)."""
        return leaves_of(self.units, base=False)

    @property
    def base(self) -> gpd.GeoDataFrame:
        """The base micro-grids, a row a slot of `index`."""
        return self.units.iloc[self.base_rows]

    @cached_property
    def root(self) -> int | None:
        """The row of the unit that keeps what lies outside of every micro-grid: the oldest root; None if empty."""
        roots = self.units.loc[(self.units["layer"] == BASE) & self.units["parent_id"].isna(), "unit_id"]
        return None if roots.empty else int(cast(int, roots.idxmin()))

    def locate(self, lon: ArrayLike, lat: ArrayLike, *, threads: int = 1, bad: OnBad = "raise") -> IntArray:
        """
        The id of the base micro-grid that owns each point, -1 outside of all.

        Parameters
        ----------
        lon, lat
            Degrees in EPSG:4326, shape (n,).
        threads, bad
            As in `CellIndex.locate`.
        """
        return self._ids_of(self.base_rows)[self.index.locate(lon, lat, threads=threads, bad=bad)]

    def locate_overlay(self, lon: ArrayLike, lat: ArrayLike, *, bad: OnBad = "raise") -> IntArray:
        """As `locate`, the id of the overlay's unit; of several that lie over one another, the lowest."""
        return self._ids_of(self.overlay_rows)[self.overlays.locate(lon, lat, bad=bad)]

    def _ids_of(self, chosen: IntArray) -> IntArray:
        return np.append(self.units["unit_id"].to_numpy()[chosen], NOBODY)


def key_of(conn: Connection, valid: datetime | None = None, recorded: datetime | None = None) -> Key | None:
    """The key of what is in force at an instant as known at another, both now if not given; None if nothing is."""
    found = one(conn, SQL["key"], valid=valid, recorded=recorded)
    return None if found["valid"] is None else Key(found["valid"], found["recorded"])


def digest_of(conn: Connection, key: Key) -> str:
    """The digest of an edition, without reading it."""
    return one(conn, SQL["digest"], **key._asdict())["digest"]


def read(conn: Connection, key: Key, digest: str) -> Edition:
    """Read an edition of that digest from the database and build its indexes: seconds for 20,000 micro-grids."""
    found = pa.Table.from_pylist(rows(conn, SQL["units"], **key._asdict()), schema=SCHEMA)
    units = frame_of(found)
    return Edition(key, digest, units, _index(units, base=True), _index(units, base=False))


def save(edition: Edition, path: Path) -> None:
    """Write an edition to a file that is either whole or not there."""
    frame = pd.DataFrame(edition.units.drop(columns="geometry"))
    table = pa.Table.from_pandas(
        frame.assign(geometry=shapely.to_wkb(edition.units.geometry.to_numpy())), schema=SCHEMA, preserve_index=False
    )
    numbers: dict[str, float] = {}
    arrays: index_file.Arrays = {"units": _as_bytes(table)}
    for name, index in (("base", edition.index), ("overlay", edition.overlays)):
        parts = index.parts()
        numbers |= {f"{name}.{key}": value for key, value in parts[0].items()}
        arrays |= {f"{name}.{key}": value for key, value in parts[1].items()}
    index_file.write(path, numbers, arrays)


def load(path: Path, key: Key, digest: str) -> Edition:
    """
    Map a saved edition into memory, compared with the digest that it was saved with.

    Raises
    ------
    BadIndexFile
        The file is not a whole edition of this version.
    """
    numbers, arrays = index_file.read(path, verify=True)
    units = frame_of(pa.ipc.open_stream(pa.py_buffer(arrays["units"])).read_all())
    base, overlay = (CellIndex.of_parts(_below(name, numbers), _below(name, arrays)) for name in ("base", "overlay"))
    return Edition(key, digest, units, base, overlay)


def frame_of(table: pa.Table) -> gpd.GeoDataFrame:
    """Units as read, with areas in place of WKB."""
    frame = table.drop_columns("geometry").to_pandas()
    nullable = dict.fromkeys(("parent_id", "households"), "Int64")
    geometry = shapely.from_wkb(table["geometry"].to_numpy())
    return gpd.GeoDataFrame(frame.astype(nullable), geometry=geometry, crs="EPSG:4326")


def leaves_of(units: gpd.GeoDataFrame, *, base: bool) -> IntArray:
    """The rows of units without children in the base layer, or in all others; ascending by unit id, shape (m,)."""
    chosen = np.flatnonzero(~units["derived"].to_numpy(dtype=bool) & ((units["layer"] == BASE) == base).to_numpy())
    return chosen[np.argsort(units["unit_id"].to_numpy()[chosen])]


def _index(units: gpd.GeoDataFrame, *, base: bool) -> CellIndex:
    return CellIndex.build(units.geometry.to_numpy()[leaves_of(units, base=base)])


def _as_bytes(table: pa.Table) -> NDArray[np.uint8]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return np.frombuffer(sink.getvalue(), dtype=np.uint8)


def _below(name: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    """What is filed under a name, with the rest of its name."""
    return {key.removeprefix(f"{name}."): value for key, value in parts.items() if key.startswith(f"{name}.")}
