"""
Kernels that build a cell index from distinct edges.

1. `edges_of_cells` lists for every cell the edges that come near it.
2. `cover_references` gives every cell a reference point and the units that cover it, by sweeping one
   horizontal line a row: along it, each edge crossed takes away the unit behind it and adds the one before it.
3. `fill` writes slot and leaf of each cell; a cell with many edges is cut into a finer grid, and that swept too.

Cells are counted in a grid's own coordinates ``u = (x - x0) * per_unit``: the difference is rounded once and
relatively, so that a cell is known within 1e-9 of its width however far the polygons lie from zero. Every list
reaches `PAD` beyond its cell and is never short of an edge; what is decided *by* the lists is decided exactly.
"""

import numpy as np
from numba import njit

from geo.cell_leaves import Corner, Memory, Reference, viewed, write_leaf
from geo.cells import EDGE_SIZE, FINER, FINEST, JUNCTION_SIZE, Float64s, Int32s, packed
from geo.predicates import in_box, parted, side

PAD = 1e-6
"""In cells, and far more than the 1e-9 that places in the grid may be wrong by."""
COLUMN = 0.5123
"""Where in its cell a reference lies, from the left; rows choose their own height."""
FEW = 2
"""A cell with more edges than this is cut."""
SPARSE = 5
"""A cut makes about this many cells for each edge."""
TRIES = 256
"""Heights that are tried for a line of references before the polygons are called too fine."""


@njit(cache=True, nogil=True)
def height(attempt: int) -> float:
    """Heights in the middle of a row, spread evenly: 0.3 to 0.7."""
    return 0.3 + 0.4 * ((0.5 + attempt * 0.6180339887498949) % 1.0)


@njit(cache=True, nogil=True)
def reference_x(x0: float, column: int, width: float) -> float:
    """Where the reference of a column lies."""
    return x0 + (column + COLUMN) * width


@njit(cache=True, nogil=True)
def span(u1: float, v1: float, u2: float, v2: float, row: int) -> tuple[float, float]:
    """From where to where, along u, an edge (v1 <= v2) is in a row and `PAD` around it."""
    low, high = row - PAD, row + 1 + PAD
    a = u1 if v1 >= low else u1 + (u2 - u1) * ((low - v1) / (v2 - v1))
    b = u2 if v2 <= high else u1 + (u2 - u1) * ((high - v1) / (v2 - v1))
    return (a - PAD, b + PAD) if a <= b else (b - PAD, a + PAD)


@njit(cache=True, nogil=True)
def mark(
    u1: float, v1: float, u2: float, v2: float, columns: int, rows: int, edge: int, starts: Int32s, items: Int32s
) -> None:
    """Count an edge in the cells it comes near, or list it there if `items` has room."""
    if v1 > v2:
        u1, v1, u2, v2 = u2, v2, u1, v1
    for row in range(max(0, int(np.floor(v1 - PAD))), min(rows - 1, int(np.floor(v2 + PAD))) + 1):
        low, high = span(u1, v1, u2, v2, row)
        first = max(0, int(np.floor(max(low, min(u1, u2) - PAD))))
        last = min(columns - 1, int(np.floor(min(high, max(u1, u2) + PAD))))
        for cell in range(row * columns + first, row * columns + last + 1):
            if len(items):
                items[starts[cell]] = edge
            starts[cell] += 1


@njit(cache=True, nogil=True)
def accumulate(counts: Int32s) -> None:
    """Turn counts into where each list starts."""
    total = 0
    for i in range(len(counts)):
        total, counts[i] = total + counts[i], total


@njit(cache=True, nogil=True)
def rewind(starts: Int32s) -> None:
    """Lists were filled by moving their starts to their ends: move them back."""
    for i in range(len(starts) - 1, 0, -1):
        starts[i] = starts[i - 1]
    starts[0] = 0


@njit(cache=True, nogil=True)
def edges_of_cells(
    edges: Float64s, x0: float, y0: float, per_unit: float, columns: int, rows: int, starts: Int32s
) -> Int32s:
    """The edges near each cell, one list after another; `starts` (zeros, cells + 1) becomes where they begin."""
    items = np.empty(0, np.int32)
    for filling in range(2):
        for e in range(len(edges)):
            u1, v1 = (edges[e, 0] - x0) * per_unit, (edges[e, 1] - y0) * per_unit
            u2, v2 = (edges[e, 2] - x0) * per_unit, (edges[e, 3] - y0) * per_unit
            mark(u1, v1, u2, v2, columns, rows, e, starts, items)
        if not filling:
            accumulate(starts)
            items = np.empty(max(1, starts[-1]), np.int32)
    rewind(starts)
    return items


@njit(cache=True, nogil=True)
def upward(edges: Float64s, e: int, x: float, y: float) -> float:
    """Exact side of a point along an edge taken upward."""
    if edges[e, 1] < edges[e, 3]:
        return side(edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3], x, y)
    return side(edges[e, 2], edges[e, 3], edges[e, 0], edges[e, 1], x, y)


@njit(cache=True, nogil=True)
def column_after(edges: Float64s, e: int, y: float, x0: float, width: float, columns: int) -> int:
    """
    The first column whose reference on the line `y` is right of an edge that crosses the line.

    Places are guessed in doubles and then moved until the exact sides agree. -1 if a reference lies on the edge.
    """
    x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
    guess = (x1 + (x2 - x1) * ((y - y1) / (y2 - y1)) - x0) / width - COLUMN
    column = int(min(max(guess, -1.0), columns - 1.0)) + 1
    while column < columns:
        s = upward(edges, e, reference_x(x0, column, width), y)
        if s == 0.0:
            return -1
        if s < 0.0:
            break
        column += 1
    while column > 0:
        s = upward(edges, e, reference_x(x0, column - 1, width), y)
        if s == 0.0:
            return -1
        if s > 0.0:
            break
        column -= 1
    return column


@njit(cache=True, nogil=True)
def step_over(
    edges: Float64s, owners: Int32s, e: int, y: float, x0: float, width: float, sums: Int32s, counts: Int32s
) -> bool:
    """
    Note the change that an edge brings to the references of a line right of it, if it crosses the line.

    False if an end of the edge lies on the line, or the edge on a reference: the line must be moved.
    """
    y1, y2 = edges[e, 1], edges[e, 3]
    if y in (y1, y2):
        return False
    if (y1 < y) == (y2 < y):
        return True
    column = column_after(edges, e, y, x0, width, len(sums))
    if column < 0:
        return False
    if column < len(sums):
        left, right = owners[e, 0], owners[e, 1]
        sign = 1 if y1 < y2 else -1
        sums[column] += sign * (right - left)
        counts[column] += sign * ((right >= 0) - (left >= 0))
    return True


@njit(cache=True, nogil=True)
def cover_references(
    edges: Float64s, owners: Int32s, x0: float, y0: float, width: float, columns: int, attempts: Int32s
) -> tuple[Float64s, Int32s, Int32s]:
    """
    Heights of the lines of references, and sum and count of the units that cover each reference.

    The grid begins left of all polygons, where nobody covers anything. `attempts` (a row) says which height
    to take; rows that must be moved are moved on, and any row past `TRIES` is the caller's to refuse.
    """
    rows = len(attempts)
    heights = np.empty(rows)
    sums, counts = np.zeros((rows, columns), np.int32), np.zeros((rows, columns), np.int32)
    moved = True
    while moved:
        moved = False
        for row in range(rows):
            heights[row] = y0 + (row + height(attempts[row])) * width
        sums[:], counts[:] = 0, 0
        for e in range(len(edges)):
            low, high = min(edges[e, 1], edges[e, 3]), max(edges[e, 1], edges[e, 3])
            for row in range(int((low - y0) / width), int((high - y0) / width) + 1):
                fits = step_over(edges, owners, e, heights[row], x0, width, sums[row], counts[row])
                if not fits and attempts[row] < TRIES:
                    attempts[row] += 1
                    heights[row] = y0 + (row + height(attempts[row])) * width
                    moved = True
    for row in range(rows):
        for column in range(1, columns):
            sums[row, column] += sums[row, column - 1]
            counts[row, column] += counts[row, column - 1]
    return heights, sums, counts


@njit(cache=True, nogil=True)
def walk(
    edges: Float64s, owners: Int32s, items: Int32s, ax: float, ay: float, bx: float, by: float
) -> tuple[int, int, bool]:
    """Change of sum and count from a to b over the edges in `items`; false if b lies on one of them."""
    total, count = 0, 0
    for e in items:
        x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        b_side = side(x1, y1, x2, y2, bx, by)
        if b_side == 0.0 and in_box(x1, y1, x2, y2, bx, by):
            return 0, 0, False
        if (side(x1, y1, x2, y2, ax, ay) > 0.0) == (b_side > 0.0) or not parted(x1, y1, x2, y2, ax, ay, bx, by):
            continue
        left, right = owners[e, 0], owners[e, 1]
        sign = 1 if b_side > 0.0 else -1
        total += sign * (left - right)
        count += sign * ((left >= 0) - (right >= 0))
    return total, count, True


@njit(cache=True, nogil=True)
def finer_lists(edges: Float64s, items: Int32s, corner: Corner) -> tuple[Int32s, Int32s]:
    """Where the lists begin, and the edges near each cell, of a finer grid in the place of one cell."""
    x0, y0, per_unit, column, row, times = corner
    starts = np.zeros(times * times + 1, np.int32)
    listed = np.empty(0, np.int32)
    for filling in range(2):
        for e in items:
            u1, v1 = ((edges[e, 0] - x0) * per_unit - column) * times, ((edges[e, 1] - y0) * per_unit - row) * times
            u2, v2 = ((edges[e, 2] - x0) * per_unit - column) * times, ((edges[e, 3] - y0) * per_unit - row) * times
            mark(u1, v1, u2, v2, times, times, e, starts, listed)
        if not filling:
            accumulate(starts)
            listed = np.empty(max(1, starts[-1]), np.int32)
    rewind(starts)
    return starts, listed


@njit(cache=True, nogil=True)
def finer_row(
    edges: Float64s,
    owners: Int32s,
    items: Int32s,
    reference: Reference,
    x0: float,
    y: float,
    width: float,
    sums: Int32s,
    counts: Int32s,
) -> bool:
    """
    Cover the references of one line in a finer grid: walk to the first, then sweep; false if the line must be moved.
    """
    total, count, fits = walk(edges, owners, items, reference[0], reference[1], reference_x(x0, 0, width), y)
    sums[:], counts[:] = 0, 0
    for e in items:
        fits = fits and step_over(edges, owners, e, y, x0, width, sums, counts)
    sums[0], counts[0] = reference[2] + total, reference[3] + count
    for column in range(1, len(sums)):
        sums[column] += sums[column - 1]
        counts[column] += counts[column - 1]
    return fits


@njit(cache=True, nogil=True)
def finer_references(
    edges: Float64s, owners: Int32s, items: Int32s, reference: Reference, corner: Corner
) -> tuple[tuple[Float64s, Int32s, Int32s], bool]:
    """As `cover_references`, for a finer grid; false if no line fits between the vertices."""
    grid_x, grid_y, per_unit, column, row, times = corner
    width = 1.0 / per_unit / times
    x0, y0 = grid_x + column / per_unit, grid_y + row / per_unit
    heights = np.empty(times)
    sums, counts = np.zeros((times, times), np.int32), np.zeros((times, times), np.int32)
    for r in range(times):
        fits = False
        for attempt in range(TRIES):
            heights[r] = y0 + (r + height(attempt)) * width
            fits = finer_row(edges, owners, items, reference, x0, heights[r], width, sums[r], counts[r])
            if fits:
                break
        if not fits:
            return (heights, sums, counts), False
    return (heights, sums, counts), True


@njit(cache=True, nogil=True)
def roomy(memory: np.ndarray, used: int, needed: int) -> np.ndarray:
    """The same array, or a longer copy if `needed` more would not fit."""
    if used + needed <= len(memory):
        return memory
    longer = np.empty(2 * (used + needed), memory.dtype)
    longer[:used] = memory[:used]
    return longer


@njit(cache=True, nogil=True)
def roomy_memory(memory: Memory, used: int, needed: int) -> Memory:
    """As `roomy`, for leaves."""
    return memory if used + needed <= len(memory[0]) else viewed(roomy(memory[0], used, needed))


@njit(cache=True, nogil=True)
def fineness(count: int) -> int:
    """How often to halve a cell with so many edges."""
    halvings = 1
    while halvings < FINEST and (1 << (2 * halvings)) < count * SPARSE:
        halvings += 1
    return halvings


@njit(cache=True, nogil=True)
def write_finer(
    slots: Int32s,
    first_slot: int,
    memory: Memory,
    at: int,
    edges: Float64s,
    owners: Int32s,
    lists: tuple[Int32s, Int32s],
    covers: tuple[Float64s, Int32s, Int32s],
    corner: Corner,
) -> int:
    """Write the slots and leaves of a finer grid; where the leaves end then."""
    starts, items = lists
    heights, sums, counts = covers
    x0, y0, per_unit, column, row, times = corner
    left, width = x0 + column / per_unit, 1.0 / per_unit / times
    for r in range(times):
        for c in range(times):
            cell = r * times + c
            reference = (reference_x(left, c, width), heights[r], sums[r, c], counts[r, c])
            place = (x0, y0, per_unit, column + c / times, row + r / times, times)
            near = items[starts[cell] : starts[cell + 1]]
            slots[first_slot + cell], at = write_leaf(memory, at, edges, owners, near, reference, place)
    return at


@njit(cache=True, nogil=True)
def fill(
    edges: Float64s,
    owners: Int32s,
    grid: tuple[float, float, float],
    lists: tuple[Int32s, Int32s],
    covers: tuple[Float64s, Int32s, Int32s],
) -> tuple[Int32s, Float64s]:
    """
    Slots and leaves of all cells.

    Parameters
    ----------
    edges, owners
        From `distinct_edges`.
    grid
        x0, y0 and cells per unit.
    lists
        From `edges_of_cells`.
    covers
        From `cover_references`.
    """
    starts, items = lists
    heights, sums, counts = covers
    x0, y0, per_unit = grid
    rows, columns = sums.shape
    used, at = rows * columns, 0
    slots, leaves = np.empty(used + used // 2, np.int32), np.empty(3 * len(items) + 64)
    memory = viewed(leaves)
    for row in range(rows):
        for column in range(columns):
            cell = row * columns + column
            near = items[starts[cell] : starts[cell + 1]]
            if len(near) == 0 and counts[row, column] <= 1:
                slots[cell] = sums[row, column]
                continue
            x = reference_x(x0, column, 1.0 / per_unit)
            reference = (x, heights[row], sums[row, column], counts[row, column])
            place = (x0, y0, per_unit, float(column), float(row), 1)
            memory = roomy_memory(memory, at, JUNCTION_SIZE + EDGE_SIZE * len(near))
            slots[cell], end = write_leaf(memory, at, edges, owners, near, reference, place)
            if len(near) <= FEW:
                at = end
                continue
            halvings = fineness(len(near))
            place = (x0, y0, per_unit, float(column), float(row), 1 << halvings)
            cut = finer_lists(edges, near, place)
            finer_covers, fits = finer_references(edges, owners, near, reference, place)
            if not fits:
                at = end
                continue
            memory = roomy_memory(memory, at, JUNCTION_SIZE * len(cut[0]) + EDGE_SIZE * len(cut[1]))
            slots = roomy(slots, used, len(cut[0]))
            at = write_finer(slots, used, memory, at, edges, owners, cut, finer_covers, place)
            slots[cell] = packed(used, FINER + halvings)
            used += len(cut[0]) - 1
    return slots[:used], memory[0][:at]
