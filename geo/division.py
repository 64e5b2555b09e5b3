"""The base micro-grids of one edition, or the areas of a file, ready to name the owner of many points at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.cell_assembly import Geometries
from geo.cells import Float64s, Int32s
from geo.locate import CellIndex

LOCATED = ("outside", "inside", "edge")
OUTSIDE, INSIDE, EDGE = range(3)
_INDEX, _UNITS = "units.cells", "units.parquet"


@dataclass(frozen=True)
class Found:
    """
    Where n points lie.

    Attributes
    ----------
    slots
        The row of the owner in the division, -1 outside; shape (n,).
    located
        Positions in `LOCATED`, shape (n,); an edge is one that several units share.
    touching
        The rows of all units that each point on an edge touches, ascending, point after point.
    counts
        How many these are for each point, shape (n,); 0 where it is not on an edge.
    """

    slots: Int32s
    located: NDArray[np.int8]
    touching: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Division:
    """
    Units in the order of their precedence, which for micro-grids is that of their permanent ids, and their index.

    Attributes
    ----------
    units
        Columns unit_id, code, path, name and a geometry in EPSG:4326; a row a unit. What a file of areas does not
        have (unit_id, path) is missing there.
    index
        Over ``units.geometry``; slot i is row i.
    """

    units: gpd.GeoDataFrame
    index: CellIndex

    @classmethod
    def of(cls, units: gpd.GeoDataFrame, index: CellIndex | None = None) -> "Division":
        """
        Make one.

        Parameters
        ----------
        units
            See `Division`; further columns are left out.
        index
            Over these very units in this very order, if there is one already.

        Raises
        ------
        BadGeometry
            A unit is missing, empty, not an area or not valid; its row is named.
        """
        named = units[["unit_id", "code", "path", "name", "geometry"]].reset_index(drop=True)
        return cls(named, index or CellIndex.build(named.geometry.to_numpy()))

    def find(self, lon: Float64s, lat: Float64s, *, threads: int = 1) -> Found:
        """
        Where points lie.

        Parameters
        ----------
        lon, lat
            Degrees in EPSG:4326, shape (n,).
        threads
            How many threads share the points.

        Raises
        ------
        BadCoordinate
            One is not finite; the row is named.
        """
        slots = self.index.locate(lon, lat, threads=threads)
        located = (slots >= 0).astype(np.int8)
        on_edge = np.flatnonzero(self.index.on_edge(lon, lat))
        point, unit = self._tree.query(shapely.points(lon[on_edge], lat[on_edge]), predicate="intersects")
        order = np.lexsort((unit, point))
        many = np.bincount(point, minlength=len(on_edge))
        kept = order[many[point[order]] > 1]
        counts = np.zeros(len(slots), np.int64)
        counts[on_edge] = np.where(many > 1, many, 0)
        located[counts > 0] = EDGE
        return Found(slots, located, unit[kept], counts)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(cast("Geometries", self.units.geometry.to_numpy()))

    def save(self, folder: Path) -> None:
        """Write index and units into a folder, for other processes to map."""
        self.index.save(folder / _INDEX)
        self.units.to_parquet(folder / _UNITS)

    @classmethod
    def load(cls, folder: Path) -> "Division":
        """
        Map what `save` wrote.

        Raises
        ------
        BadIndexFile
            The index is not whole.
        """
        return cls(gpd.read_parquet(folder / _UNITS), CellIndex.load(folder / _INDEX))


def areas(codes: Sequence[object], geometry: Any, names: Sequence[object] | None = None) -> gpd.GeoDataFrame:
    """Areas that are no units of ours, in EPSG:4326, as the units of a `Division`: the first of a file wins an edge."""
    count = len(codes)
    frame = pd.DataFrame(
        {
            "unit_id": pd.array([pd.NA] * count, dtype="Int64"),
            "code": [str(code) for code in codes],
            "path": pd.array([pd.NA] * count, dtype="str"),
            "name": [str(name) for name in (codes if names is None else names)],
        }
    )
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")
