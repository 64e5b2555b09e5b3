"""From polygons to a cell index: checked, cut into distinct edges, laid on a grid, given to the kernels."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cell_edges import distinct_edges
from geo.cell_index import TRIES, cover_references, edges_of_cells, fill
from geo.cells import JUNCTION, MOST_OFFSET, TAG_BITS, TAG_MASK, Cells, Float64s, Int32s
from geo.errors import BadGeometry, EmptyGeometry, NotAnArea
from geo.predicates import LARGEST, SMALLEST

Geometries = NDArray[np.object_]  # of shapely

CELLS_PER_EDGE = 4
FEWEST_CELLS, MOST_CELLS = 64, 1 << 22


class Grid(NamedTuple):
    """Lower left corner, cells per unit of a coordinate, extent in cells."""

    x0: float
    y0: float
    per_unit: float
    columns: int
    rows: int


def assemble(polygons: Geometries, cells: int | None) -> tuple[Cells, Int32s]:
    """The index of polygons, with about so many cells, and the units left and right of each of its edges."""
    check(polygons)
    edges, owners = edges_of(polygons)
    bounds = shapely.total_bounds(polygons) if len(polygons) else np.zeros(4)
    return cells_of(polygons, edges, owners, grid_over(bounds, len(edges), cells)), owners


def check(polygons: Geometries) -> None:
    """Refuse the first row that is not a valid area, by name."""
    refuse(shapely.is_missing(polygons) | shapely.is_empty(polygons), EmptyGeometry)
    refuse(~np.isin(shapely.get_type_id(polygons), (3, 6)), NotAnArea)
    srids = shapely.get_srid(polygons)
    if (srids != srids[:1]).any():
        row = int(np.argmax(srids != srids[0]))
        raise BadGeometry(f"Row {row} is in SRID {srids[row]}, row 0 in {srids[0]}.")
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
    table = np.full(1 << len(xy).bit_length(), -1, np.int32)
    return distinct_edges(xy, ring_starts, part_starts, units.astype(np.int32), table)


def grid_over(bounds: Float64s, edges: int, cells: int | None) -> Grid:
    """
    A square grid with a margin around the bounds, outside all polygons.

    A cell is never so narrow that its own coordinates could not be told apart: 4,096 units in the last place.
    """
    wanted = cells or min(max(CELLS_PER_EDGE * edges, FEWEST_CELLS), MOST_CELLS)
    wide, high = bounds[2] - bounds[0], bounds[3] - bounds[1]
    width = float(max(np.sqrt(wide / wanted * high), 4 * max(wide, high) / wanted, np.abs(bounds).max() * 2.0**-40))
    width = width or 1.0
    columns, rows = int(wide / width) + 4, int(high / width) + 4
    return Grid(float(bounds[0] - 1.5 * width), float(bounds[1] - 1.5 * width), 1.0 / width, columns, rows)


def cells_of(polygons: Geometries, edges: Float64s, owners: Int32s, grid: Grid) -> Cells:
    """Run the building kernels and list the crowds."""
    x0, y0, per_unit, columns, rows = grid
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
