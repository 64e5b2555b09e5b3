"""
Which unit owns this point: exactly, and a hundred times faster than a spatial join.

An index is built once from polygons and asked with arrays; a point on a shared edge or corner goes to the lowest
slot, so that callers who pass polygons in the order of permanent unit ids get the one-owner rule. It knows neither
database nor settings.
"""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.cell_assembly import Geometries, assemble
from geo.cell_blocks import on_edges, owners_of
from geo.cell_query import owner_by_parts
from geo.cells import Cells, Float64s, Int32s
from geo.crs import SAME_AS_STORAGE
from geo.errors import BadCoordinate, MixedCrs
from geo.index_file import Arrays, read, write
from geo.point_columns import from_arrow, from_shapely

CHUNK = 1 << 18
"""Points that one thread takes at a time."""
POINTS_CHUNK = 1 << 13
"""The same for shapely's points: the second coordinate is taken out while the point is still in the cache."""

OnBad = Literal["raise", "outside"]
Coordinates = Callable[[slice], tuple[Float64s, Float64s]]
"""Gives x and y of a range of rows."""


class CellIndex:
    """
    Point location over polygons; make one with `CellIndex.build` or `CellIndex.load`.

    Attributes
    ----------
    units
        How many polygons there are.
    crs
        The reference system that the polygons declared, as a GeoSeries does; None if they did not. Files do not keep
        it. Where points declare one too, `locate_points` compares the two.

    Examples
    --------
    >>> index = CellIndex.build(shapely.box([0, 1], 0, [1, 2], 1))
    >>> index.locate([0.5, 1.0, 1.5, 3.0], [0.5, 0.5, 0.5, 0.5])
    array([ 0,  0,  1, -1], dtype=int32)
    """

    def __init__(self, cells: Cells, owners: Int32s, units: int) -> None:
        self._cells = cells
        self._owners = owners
        self._owner: Callable[[float, float], int] = partial(owner_by_parts, *cells)
        self.units = units
        self.crs: Any = None

    @classmethod
    def build(cls, polygons: Geometries, *, cells: int | None = None) -> "CellIndex":
        """
        Index polygons; slot i is ``polygons[i]``.

        Gaps, holes, multipolygons and vertices on a neighbour's edge are fine. Units may overlap: a point in
        several goes to the lowest slot, as on a shared edge, and `overlaps` lists the pairs.

        Parameters
        ----------
        polygons
            Polygons or multipolygons, shape (n,), in any planar reference system, such as EPSG:4326 taken as a plane.
        cells
            About how many cells the grid shall have; four for each edge if not given.

        Raises
        ------
        BadGeometry
            A row is missing, empty, not an area, not valid, of another SRID than the first, or has coordinates beyond
            what can be computed exactly (nonzero magnitudes from 1e-60 to 1e30). The row is named.

        References
        ----------
        Kipf et al. (2020), Adaptive Main-Memory Indexing for High-Performance Point-Polygon Joins, EDBT.
        """
        areas = np.asarray(polygons, dtype=object)
        index = cls(*assemble(areas, cells), len(areas))
        index.crs = getattr(polygons, "crs", None)
        return index

    @classmethod
    def load(cls, path: Path, *, verify: bool = True) -> "CellIndex":
        """
        Map a saved index into memory.

        Parameters
        ----------
        path
            From `save`.
        verify
            Whether to compare everything with the digest it was saved with: half a second for each gigabyte. Without,
            only the head and the length are compared.

        Raises
        ------
        BadIndexFile
            The file is not a whole index of this version.
        """
        return cls.of_parts(*read(path, verify=verify))

    def save(self, path: Path) -> None:
        """Write the index to a file that is either whole or not there: aside, synchronised, renamed."""
        write(path, *self.parts())

    @classmethod
    def of_parts(cls, numbers: Mapping[str, float], arrays: Arrays) -> "CellIndex":
        """Put an index together from its `parts`."""
        leaves = cast("Float64s", arrays["leaves"])
        cells = Cells(
            numbers["x0"],
            numbers["y0"],
            numbers["per_unit"],
            int(numbers["columns"]),
            int(numbers["rows"]),
            cast("Int32s", arrays["slots"]),
            leaves,
            leaves.view(np.int32),
            leaves.view(np.float32),
            cast("Float64s", arrays["edges"]),
            cast("Int32s", arrays["crowds"]),
        )
        return cls(cells, cast("Int32s", arrays["owners"]), int(numbers["units"]))

    def parts(self) -> tuple[dict[str, float], Arrays]:
        """The numbers and arrays that `of_parts` puts together again, for a file that holds more than an index."""
        cells = self._cells
        numbers: dict[str, float] = {name: getattr(cells, name) for name in ("x0", "y0", "per_unit", "columns", "rows")}
        arrays: Arrays = {name: getattr(cells, name) for name in ("slots", "leaves", "edges", "crowds")}
        return numbers | {"units": self.units}, arrays | {"owners": self._owners}

    @property
    def nbytes(self) -> int:
        """Memory that the index takes."""
        cells = self._cells
        return sum(a.nbytes for a in (cells.slots, cells.leaves, cells.edges, cells.crowds, self._owners))

    def locate(self, lon: ArrayLike, lat: ArrayLike, *, threads: int = 1, bad: OnBad = "raise") -> Int32s:
        """
        The slot of the unit that owns each point, -1 where nobody does.

        Parameters
        ----------
        lon, lat
            Coordinates in the polygons' reference system, shape (n,).
        threads
            How many threads share the points.
        bad
            What a coordinate that is not finite means: an error, or a point outside.

        Raises
        ------
        BadCoordinate
            A coordinate is not finite, or there are not as many of one as of the other. The first row is named.
        """
        x, y = one_row(lon, lat)
        return self._owners_of(lambda part: (writable(x[part]), writable(y[part])), len(x), CHUNK, threads, bad)

    def _owners_of(self, coordinates: Coordinates, count: int, size: int, threads: int, bad: OnBad) -> Int32s:
        """Ask for the points chunk by chunk, in this thread or in several."""
        out = np.empty(count, np.int32)

        def ask(part: slice) -> bool:
            return owners_of(self._cells, *coordinates(part), out[part])

        parts = parts_of(count, size)
        with ThreadPoolExecutor(threads) as pool:  # it starts no thread before the first task
            finite = list((pool.map if threads > 1 and len(parts) > 1 else map)(ask, parts))
        if bad == "raise" and not all(finite):
            raise first_bad(parts[finite.index(False)], coordinates)
        return out

    def locate_one(self, lon: float, lat: float) -> int:
        """
        The slot of the unit that owns one point, or -1: as `locate`, in a microsecond.

        Raises
        ------
        BadCoordinate
            A coordinate is not finite.
        """
        slot = self._owner(lon, lat)
        if slot < 0 and not (math.isfinite(lon) and math.isfinite(lat)):
            raise BadCoordinate(f"({lon}, {lat}).")
        return slot

    def on_edge(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
        """
        Whether each point lies on an edge or corner of any unit, exactly; shape (n,).

        Parameters
        ----------
        lon, lat
            Coordinates in the polygons' reference system, shape (n,).

        Raises
        ------
        BadCoordinate
            As `locate`.
        """
        x, y = one_row(lon, lat)
        out = np.zeros(len(x), np.bool_)
        for part in parts_of(len(x), CHUNK):
            if not on_edges(self._cells, writable(x[part]), writable(y[part]), out[part]):
                raise first_bad(part, lambda part: (x[part], y[part]))
        return out

    def surely_one(self, west: Float64s, south: Float64s, east: Float64s, north: Float64s) -> NDArray[np.bool_]:
        """
        Whether rectangles lie in one unit, or outside of all, as far as the grid alone tells: true is certain.

        It looks at the cells of the four corners, and hence knows nothing of a rectangle wider than two cells.

        Parameters
        ----------
        west, south, east, north
            Of the rectangles, in the polygons' reference system, shape (n,).
        """
        cells = self._cells
        low, high = ((np.floor((x - cells.x0) * cells.per_unit)) for x in (west, east))
        down, up = ((np.floor((y - cells.y0) * cells.per_unit)) for y in (south, north))
        corners = [(column, row) for column in (low, high) for row in (down, up)]
        slots = np.stack([self._slots_at(column, row) for column, row in corners])
        return (high - low <= 1) & (up - down <= 1) & (slots[0] >= 0) & (slots == slots[0]).all(axis=0)

    def _slots_at(self, column: Float64s, row: Float64s) -> Int32s:
        cells = self._cells
        there = (column >= 0) & (row >= 0) & (column < cells.columns) & (row < cells.rows)
        at = np.where(there, row * cells.columns + column, 0).astype(np.int64)
        return np.where(there, cells.slots[at], 0).astype(np.int32)

    def locate_points(
        self,
        points: Any,
        *,
        threads: int = 1,
        bad: OnBad = "raise",
    ) -> Int32s:
        """
        As `locate`, for a column of points.

        Parameters
        ----------
        points
            A GeoSeries, an array of shapely points, or a pyarrow column of GeoArrow points.
        threads
            How many threads share the points.
        bad
            What a missing or empty point, a coordinate that is not finite, or what is no point shall mean.

        Raises
        ------
        BadCoordinate
            Such a row; the first is named.
        BadGeometry
            A GeoArrow row is missing, or the column is not of points.
        MixedCrs
            The points declare another reference system than the polygons did.
        """
        refuse_other_crs(self.crs, getattr(points, "crs", None))
        if isinstance(points, (pa.Array, pa.ChunkedArray)):
            return self.locate(*from_arrow(points), threads=threads, bad=bad)
        geometries = cast("Geometries", np.asarray(points, dtype=object))
        return self._owners_of(
            lambda part: from_shapely(geometries[part]),
            len(geometries),
            POINTS_CHUNK,
            threads,
            bad,
        )

    def polygons(self) -> Geometries:
        """The units as polygons, put together again from the edges, shape (units,)."""
        if self.units == 0:
            return np.empty(0, dtype=object)
        units = self._owners.T.ravel()
        there = units >= 0
        units, edges = units[there], np.concatenate([self._cells.edges, self._cells.edges[:, [2, 3, 0, 1]]])[there]
        order = np.argsort(units, kind="stable")
        lines = cast("Geometries", shapely.linestrings(edges[order].reshape(-1, 2, 2)))
        borders = cast("Geometries", shapely.multilinestrings(lines, indices=units[order]))
        faces, of = shapely.get_parts(shapely.polygonize(borders[:, np.newaxis]), return_index=True)
        # A face is the unit's if the unit is on the left of its shell; else it is a hole, or lies between parts.
        shells = shapely.get_exterior_ring(shapely.orient_polygons(faces))
        firsts = shapely.get_coordinates(shapely.get_point(shells, [[0], [1]]).T.ravel()).reshape(-1, 4)
        own = np.isin(directed(of, firsts), directed(units, edges))
        return cast("Geometries", shapely.multipolygons(faces[own], indices=of[own]))

    def overlaps(self) -> Int32s:
        """
        Pairs of slots whose units overlap in more than a border, shape (m, 2), the lower first, in order.

        It takes a few seconds for 20,000 units: a check before publication, not a part of each build.
        """
        units = self.polygons()
        pairs = shapely.STRtree(units).query(units, predicate="intersects")
        pairs = pairs[:, pairs[0] < pairs[1]]
        pairs = pairs[:, shapely.relate_pattern(units[pairs[0]], units[pairs[1]], "T********")]
        return pairs[:, np.lexsort((pairs[1], pairs[0]))].T.astype(np.int32)


def warm() -> None:
    """Compile every kernel and keep the result on disk: at installation, so that no first question waits for it."""
    units = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object)
    index = CellIndex.build(units)
    index.locate([0.5], [0.5])
    index.locate_one(0.5, 0.5)
    index.on_edge([0.5], [0.5])


def refuse_other_crs(ours: Any, theirs: Any) -> None:
    """Raise `MixedCrs` if both declare a reference system, and not the same one; CGCS2000 counts as WGS84."""
    if ours is None or theirs is None or ours == theirs:
        return
    if not {ours.to_epsg(), theirs.to_epsg()} <= SAME_AS_STORAGE:
        raise MixedCrs(f"The polygons are in {ours.to_string():.60}, the points in {theirs.to_string():.60}.")


def one_row(lon: ArrayLike, lat: ArrayLike) -> tuple[Float64s, Float64s]:
    """
    Coordinates as contiguous doubles, NaN where a masked array has none.

    Raises
    ------
    BadCoordinate
        They are not numbers, or not as many of one as of the other.
    """
    x, y = doubles(lon), doubles(lat)
    if x.ndim != 1 or x.shape != y.shape:
        raise BadCoordinate(f"Shapes {x.shape} and {y.shape} are not one row of points.")
    return x, y


def doubles(values: ArrayLike) -> Float64s:
    """Numbers as contiguous doubles; raises `BadCoordinate` for text, times and other things, by row where it can."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    given = np.asarray(values)
    if given.dtype.kind not in "iufO":
        raise BadCoordinate(f"These are no numbers but {given.dtype}.")
    try:
        return np.ascontiguousarray(given, dtype=np.float64).reshape(given.shape)
    except (TypeError, ValueError) as error:
        row = next((k for k, value in enumerate(given.flat) if not isinstance(value, (int, float))), 0)
        raise BadCoordinate(f"Row {row}: {error}.") from error


def parts_of(count: int, size: int) -> list[slice]:
    """Ranges of rows of a size, one after another."""
    return [slice(start, start + size) for start in range(0, count, size)]


def writable(values: Float64s) -> Float64s:
    """The values, or a copy if they are read-only, as columns of pandas are: numba would compile all kernels anew."""
    return values if values.flags.writeable else values.copy()


def directed(units: NDArray[np.integer[Any]], edges: Float64s) -> NDArray[np.void]:
    """Keys that are the same for the same unit and the same edge in the same direction, shape (n,)."""
    table = np.column_stack([units.astype(np.float64), edges]) + 0.0
    return table.view(np.dtype((np.void, table.itemsize * 5))).ravel()


def first_bad(part: slice, coordinates: Coordinates) -> BadCoordinate:
    """The error that names the first row of a chunk whose coordinates are not finite."""
    x, y = coordinates(part)
    at = int(np.argmin(np.isfinite(x) & np.isfinite(y)))
    return BadCoordinate(f"Row {part.start + at}: ({x[at]}, {y[at]}).")
