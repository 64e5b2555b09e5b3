"""
Kernels that find the owner of a point in a cell index.

The general case is a telescoping sum. Walking from a reference point whose units are known to the point P,
each edge that is crossed takes away the unit behind it and adds the one before it: what remains is the sum
of the units that cover P, and their count. A count of one makes the sum an owner; a count of more is an
overlap of units, which `lowest_of_crowd` settles. No edge need have a neighbour on its other side,
so gaps, holes and T-junctions need no noding.
"""

import numpy as np
from numba import njit

from geo.cells import (
    EDGE_SIZE,
    FINER,
    JUNCTION,
    JUNCTION_SIZE,
    LINE,
    TAG_BITS,
    TAG_MASK,
    WEDGE_LEFT,
    Cells,
    Float32s,
    Float64s,
    Int32s,
)
from geo.predicates import edge_side, in_box, parted, side

NOBODY = 2**31 - 1


@njit(cache=True, nogil=True)
def lower_owner(left: int, right: int) -> int:
    """The lower of two slots, where -1 is nobody."""
    if left < 0 or right < 0:
        return max(left, right)
    return min(left, right)


@njit(cache=True, nogil=True)
def side_of_line(cells: Cells, at: int, x: float, y: float) -> float:
    """Exact side of the only edge of a leaf: it has no end near the cell, so its line is the edge."""
    return edge_side(cells.edges, cells.words[2 * at + 5], x, y)


@njit(cache=True, nogil=True)
def side_of_wedge(cells: Cells, at: int, tag: int, x: float, y: float) -> float:
    """Exact side of two edges that meet: the signs of both, or of either, as the chain turns left or right."""
    first = edge_side(cells.edges, cells.words[2 * at + 8], x, y)
    second = edge_side(cells.edges, cells.words[2 * at + 9], x, y)
    return min(first, second) if tag == WEDGE_LEFT else max(first, second)


@njit(cache=True, nogil=True)
def chosen(left: int, right: int, which: float) -> int:
    """The owner on a side of a border; on the border itself, the lower of the two."""
    if which > 0.0:
        return left
    return right if which < 0.0 else lower_owner(left, right)


@njit(cache=True, nogil=True)
def crosses(leaves: Float64s, q: int, rx: float, ry: float, x: float, y: float) -> bool:
    """Whether the way from the reference to a point on the left of the edge at `q` passes over the edge."""
    return parted(leaves[q], leaves[q + 1], leaves[q + 2], leaves[q + 3], rx, ry, x, y)


@njit(cache=True, nogil=True)
def edge_side_at(leaves: Float64s, q: int, x: float, y: float) -> float:
    """Exact side of a point along the edge kept at `q`; 0.0 only on the edge itself, not on its prolongation."""
    s = side(leaves[q], leaves[q + 1], leaves[q + 2], leaves[q + 3], x, y)
    if s == 0.0 and not in_box(leaves[q], leaves[q + 1], leaves[q + 2], leaves[q + 3], x, y):
        return -1.0
    return s


@njit(cache=True, nogil=True)
def at_junction(cells: Cells, at: int, x: float, y: float) -> int:
    """
    The owner of a point in a cell of several edges: the telescoping sum, exact.

    A point on edges is walked to without crossing these: that gives the face beside it. If nobody covers
    that face, or one unit that has the point on its border, then no unit holds the point in its
    interior, and the lowest unit of the edges is the owner. All else is a crowd.
    """
    leaves, words = cells.leaves, cells.words
    rx, ry, total, count = leaves[at], leaves[at + 1], words[2 * at + 4], words[2 * at + 5]
    start = at + JUNCTION_SIZE
    stop = start + EDGE_SIZE * words[2 * at + 6]
    lowest = NOBODY
    for q in range(start, stop, EDGE_SIZE):
        s = edge_side_at(leaves, q, x, y)
        if s < 0.0:
            continue
        left, right = words[2 * q + 8], words[2 * q + 9]
        if s == 0.0:
            lowest = min(lowest, lower_owner(left, right))
        elif crosses(leaves, q, rx, ry, x, y):
            total += left - right
            count += (left >= 0) - (right >= 0)
    owner: int = np.int32(total - 1)  # pyright: ignore[reportAssignmentType] - sums wrap around, on purpose
    if lowest == NOBODY:
        return owner if count <= 1 else lowest_of_crowd(cells, at, x, y)
    if count == 0 or (count == 1 and on_border_of(cells, start, stop, owner, x, y)):
        return lowest
    return lowest_of_crowd(cells, at, x, y)


@njit(cache=True, nogil=True)
def on_border_of(cells: Cells, start: int, stop: int, unit: int, x: float, y: float) -> bool:
    """Whether a point lies on an edge of `unit`, among those kept from `start` to `stop`."""
    for q in range(start, stop, EDGE_SIZE):
        is_its_own = cells.words[2 * q + 8] == unit or cells.words[2 * q + 9] == unit
        if is_its_own and edge_side_at(cells.leaves, q, x, y) == 0.0:
            return True
    return False


@njit(cache=True, nogil=True)
def covers_reference(cells: Cells, at: int, unit: int) -> bool:
    """Whether `unit` covers the reference of a junction."""
    words = cells.words
    if words[2 * at + 5] <= 1:
        return words[2 * at + 4] == unit + 1
    crowd = words[2 * at + 7]
    return unit in cells.crowds[crowd + 1 : crowd + 1 + cells.crowds[crowd]]


@njit(cache=True, nogil=True)
def holds(cells: Cells, at: int, unit: int, x: float, y: float) -> bool:
    """Whether `unit` covers a point: the parity of its own edges between the reference and the point."""
    leaves, words = cells.leaves, cells.words
    inside = covers_reference(cells, at, unit)
    start = at + JUNCTION_SIZE
    for q in range(start, start + EDGE_SIZE * words[2 * at + 6], EDGE_SIZE):
        if words[2 * q + 8] != unit and words[2 * q + 9] != unit:
            continue
        s = edge_side_at(leaves, q, x, y)
        if s == 0.0:
            return True
        if s > 0.0 and crosses(leaves, q, leaves[at], leaves[at + 1], x, y):
            inside = not inside
    return inside


@njit(cache=True, nogil=True)
def lowest_of_crowd(cells: Cells, at: int, x: float, y: float) -> int:
    """The lowest unit that covers a point where units overlap: each unit known near the cell is asked."""
    words = cells.words
    lowest = NOBODY
    if words[2 * at + 5] == 1 and holds(cells, at, words[2 * at + 4] - 1, x, y):
        lowest = words[2 * at + 4] - 1
    if words[2 * at + 5] > 1:
        crowd = words[2 * at + 7]
        for i in range(crowd + 1, crowd + 1 + cells.crowds[crowd]):
            unit = cells.crowds[i]
            if unit < lowest and holds(cells, at, unit, x, y):
                lowest = unit
    start = at + JUNCTION_SIZE
    for q in range(start, start + EDGE_SIZE * words[2 * at + 6], EDGE_SIZE):
        for w in (2 * q + 8, 2 * q + 9):
            if 0 <= words[w] < lowest and holds(cells, at, words[w], x, y):
                lowest = words[w]
    return lowest if lowest != NOBODY else -1


@njit(cache=True, nogil=True)
def in_leaf(cells: Cells, at: int, tag: int, x: float, y: float) -> int:
    """The owner of a point by the edges of its leaf: no float32 here, always exact."""
    if tag == JUNCTION:
        return at_junction(cells, at, x, y)
    if tag == LINE:
        return chosen(cells.words[2 * at + 3], cells.words[2 * at + 4], side_of_line(cells, at, x, y))
    return chosen(cells.words[2 * at + 6], cells.words[2 * at + 7], side_of_wedge(cells, at, tag, x, y))


@njit(cache=True, nogil=True)
def final_slot(cells: Cells, x: float, y: float) -> int:
    """The slot of a point's cell, in the finer grid if the cell is cut; 0, nobody's, off the grid."""
    u = (x - cells.x0) * cells.per_unit
    v = (y - cells.y0) * cells.per_unit
    if not (0.0 <= u < cells.columns and 0.0 <= v < cells.rows):
        return 0
    column, row = int(u), int(v)
    slot: int = cells.slots[row * cells.columns + column]
    if slot >= 0 or (~slot & TAG_MASK) <= FINER:
        return slot
    times = 1 << ((~slot & TAG_MASK) - FINER)
    return cells.slots[(~slot >> TAG_BITS) + int((v - row) * times) * times + int((u - column) * times)]


@njit(cache=True, nogil=True)
def owner_of(cells: Cells, x: float, y: float) -> int:
    """The owner of one point, -1 for nobody: the plain way, by edges only."""
    slot = final_slot(cells, x, y)
    if slot >= 0:
        return slot - 1
    return in_leaf(cells, ~slot >> TAG_BITS, ~slot & TAG_MASK, x, y)


@njit(cache=True, nogil=True)
def on_edge_in_leaf(cells: Cells, at: int, tag: int, x: float, y: float) -> bool:
    """Whether a point lies on an edge of any unit, by the edges of its leaf: always exact."""
    if tag == LINE:
        return side_of_line(cells, at, x, y) == 0.0
    if tag != JUNCTION:
        return side_of_wedge(cells, at, tag, x, y) == 0.0
    start = at + JUNCTION_SIZE
    for q in range(start, start + EDGE_SIZE * cells.words[2 * at + 6], EDGE_SIZE):
        if edge_side_at(cells.leaves, q, x, y) == 0.0:
            return True
    return False


@njit(cache=True, nogil=True)
def owner_by_parts(
    x0: float,
    y0: float,
    per_unit: float,
    columns: int,
    rows: int,
    slots: Int32s,
    leaves: Float64s,
    words: Int32s,
    singles: Float32s,
    edges: Float64s,
    crowds: Int32s,
    x: float,
    y: float,
) -> int:
    """`owner_of` with the index in pieces: handing over a named tuple takes twice as long as the search."""
    return owner_of(Cells(x0, y0, per_unit, columns, rows, slots, leaves, words, singles, edges, crowds), x, y)
