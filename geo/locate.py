"""
Which unit owns this point: exactly, and a hundred times faster than a spatial join.

An index is built once from polygons and asked with arrays; a point on a shared edge or corner goes to the lowest
slot, so that callers who pass polygons in the order of permanent unit ids get the one-owner rule. It knows neither
database nor settings.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, cast

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.cell_edges import distinct_edges
from geo.cell_index import TRIES, cover_references, edges_of_cells, fill
from geo.cell_blocks import owners_of
from geo.cell_query import owner_of
from geo.cells import FINER, JUNCTION, MOST_OFFSET, TAG_BITS, TAG_MASK, Cells, Float64s, Int32s
from geo.errors import BadCoordinate, BadGeometry, EmptyGeometry, NotAnArea
from geo.predicates import LARGEST, SMALLEST

Geometries = NDArray[np.object_]

CELLS_PER_EDGE = 4
FEWEST_CELLS, MOST_CELLS = 64, 1 << 22
CHUNK = 1 << 18
"""Points that one thread takes at a time."""


class CellIndex:
    """
    Point location over polygons; make one with `CellIndex.build` or `CellIndex.load`.

    Examples
    --------
    >>> index = CellIndex.build(shapely.box([0, 1], 0, [1, 2], 1))
    >>> index.locate([0.5, 1.0, 1.5, 3.0], [0.5, 0.5, 0.5, 0.5])
    array([ 0,  0,  1, -1], dtype=int32)
    """

    def __init__(self, cells: Cells, owners: Int32s, units: int) -> None:
        self._cells = cells
        self._owners = owners
        self.units = units

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
            A row is missing, empty, not an area, not valid, or has coordinates beyond what can be computed
            exactly (nonzero magnitudes from 1e-60 to 1e30). The row is named.

        References
        ----------
        Kipf et al. (2020), Adaptive Main-Memory Indexing for High-Performance Point-Polygon Joins, EDBT.
        """
        polygons = np.asarray(polygons, dtype=object)
        check(polygons)
        edges, owners = edges_of(polygons)
        grid = grid_over(shapely.total_bounds(polygons), len(edges), cells)
        return cls(_cells_of(polygons, edges, owners, *grid), owners, len(polygons))

    def locate(
        self, lon: ArrayLike, lat: ArrayLike, *, threads: int = 1, bad: Literal["raise", "outside"] = "raise"
    ) -> Int32s:
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
        x, y = np.ascontiguousarray(lon, dtype=np.float64), np.ascontiguousarray(lat, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise BadCoordinate(f"Shapes {x.shape} and {y.shape} are not one row of points.")
        out = np.empty(len(x), np.int32)
        if not all(run(self._cells, x, y, out, threads)) and bad == "raise":
            row = int(np.argmin(np.isfinite(x) & np.isfinite(y)))
            raise BadCoordinate(f"Row {row}: ({x[row]}, {y[row]}).")
        return out

    def locate_one(self, lon: float, lat: float) -> int:
        """The slot of the unit that owns one point, or -1."""
        return owner_of(self._cells, lon, lat)


def run(cells: Cells, x: Float64s, y: Float64s, out: Int32s, threads: int) -> list[bool]:
    """Ask the kernel chunk by chunk, in this thread or in several; whether each chunk was finite."""
    parts = [slice(start, start + CHUNK) for start in range(0, len(x), CHUNK)]
    if threads == 1 or len(parts) <= 1:
        return [owners_of(cells, x, y, out)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda part: owners_of(cells, x[part], y[part], out[part]), parts))


def check(polygons: Geometries) -> None:
    """Refuse the first row that is not a valid area, by name."""
    refuse(shapely.is_missing(polygons) | shapely.is_empty(polygons), EmptyGeometry)
    refuse(~np.isin(shapely.get_type_id(polygons), (3, 6)), NotAnArea)
    xy, rows = shapely.get_coordinates(polygons, return_index=True)
    size = np.abs(xy)
    within = ((size <= LARGEST) & ((size >= SMALLEST) | (size == 0))).all(axis=1)
    if not within.all():
        first = int(np.argmin(within))
        raise BadGeometry(f"Row {rows[first]}: the coordinate ({xy[first, 0]}, {xy[first, 1]}) cannot be used.")
    valid = shapely.is_valid(polygons)
    if not valid.all():
        row = int(np.argmin(valid))
        raise BadGeometry(f"Row {row}: {shapely.is_valid_reason(polygons[row])}.")


def refuse(wrong: NDArray[np.bool_], error: type[BadGeometry]) -> None:
    """Raise `error` with the first row that is wrong, if any."""
    if wrong.any():
        raise error(f"Row {int(np.argmax(wrong))}.")


def edges_of(polygons: Geometries) -> tuple[Float64s, Int32s]:
    """Distinct edges and the units beside them."""
    parts, units = shapely.get_parts(polygons, return_index=True)
    rings, parts_of_rings = shapely.get_rings(parts, return_index=True)
    xy, rings_of_vertices = shapely.get_coordinates(rings, return_index=True)
    xy += 0.0  # -0.0 becomes 0.0: edges are the same if their bits are
    ring_starts = np.searchsorted(rings_of_vertices, np.arange(len(rings) + 1))
    part_starts = np.searchsorted(parts_of_rings, np.arange(len(parts) + 1))
    table = np.full(1 << int(len(xy)).bit_length(), -1, np.int32)
    return distinct_edges(xy, ring_starts, part_starts, units.astype(np.int32), table)


def grid_over(bounds: Float64s, edges: int, cells: int | None) -> tuple[float, float, float, int, int]:
    """
    A square grid with a margin around the bounds: x0, y0, width of a cell, columns and rows.

    A cell is never so narrow that its own coordinates could not be told apart: 4,096 units in the last place.
    """
    wanted = cells or min(max(CELLS_PER_EDGE * edges, FEWEST_CELLS), MOST_CELLS)
    wide, high = bounds[2] - bounds[0], bounds[3] - bounds[1]
    width = float(max(np.sqrt(wide / wanted * high), 4 * max(wide, high) / wanted, np.abs(bounds).max() * 2.0**-40))
    columns, rows = int(wide / width) + 4, int(high / width) + 4
    return float(bounds[0] - 1.5 * width), float(bounds[1] - 1.5 * width), width, columns, rows


def _cells_of(
    polygons: Geometries, edges: Float64s, owners: Int32s, x0: float, y0: float, width: float, columns: int, rows: int
) -> Cells:
    """Run the building kernels."""
    per_unit = 1.0 / width
    starts = np.zeros(columns * rows + 1, np.int32)
    items = edges_of_cells(edges, x0, y0, per_unit, columns, rows, starts)
    attempts = np.zeros(rows, np.int32)
    covers = cover_references(edges, owners, x0, y0, 1.0 / per_unit, columns, attempts)
    if attempts.max() >= TRIES:
        raise BadGeometry("The vertices lie so dense on the coordinates' own raster that nothing fits between them.")
    slots, leaves = fill(edges, owners, (x0, y0, per_unit), (starts, items), covers)
    if max(len(slots), len(leaves)) >= MOST_OFFSET:
        raise BadGeometry("The index would be larger than its offsets reach; use fewer cells.")
    slots, leaves = slots.copy(), leaves.copy()
    words = leaves.view(np.int32)
    crowds = crowds_of(polygons, slots, leaves, words)
    return Cells(x0, y0, per_unit, columns, rows, slots, leaves, words, leaves.view(np.float32), edges, crowds)


def crowds_of(polygons: Geometries, slots: Int32s, leaves: Float64s, words: Int32s) -> Int32s:
    """List the units over each junction's reference that several cover, and note in the junction where."""
    at = ~slots[(slots < 0) & ((~slots & TAG_MASK) == JUNCTION)] >> TAG_BITS
    at = at[words[2 * at + 5] > 1].astype(np.int64)
    if len(at) == 0:
        return np.zeros(1, np.int32)
    references = shapely.points(leaves[at], leaves[at + 1])
    which, units = shapely.STRtree(polygons).query(references, predicate="intersects")
    order = np.lexsort((units, which))
    counts = np.bincount(which, minlength=len(at))
    starts = np.concatenate([[0], np.cumsum(counts + 1)])
    crowds = np.empty(starts[-1], np.int32)
    words[2 * at + 7] = starts[:-1]
    crowds[starts[:-1]] = counts
    is_unit = np.ones(len(crowds), bool)
    is_unit[starts[:-1]] = False
    crowds[is_unit] = units[order]
    return crowds
