"""
Kernels that count incidents: which of an index a plan wants, in words of 64, and how many of these lie in each cell.

All are serial and release the interpreter's lock. Words are made in blocks that stay in the nearest cache.
"""

# pyright: reportArgumentType=false, reportAssignmentType=false, reportReturnType=false
# (in a kernel the numbers of numpy are plain numbers)

import numpy as np
from numba import njit

from geo.heat_filter import Booleans, Plan
from geo.heat_index import OPEN, Index, Words
from geo.heat_rows import FINEST, FOREVER, HOURS, Int32s, Int64s, Rows

BLOCK = 512
_ONE, _NONE = np.uint64(1), np.uint64(0)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@njit(cache=True, nogil=True, inline="always")
def ones(word: int) -> int:
    """The number of set bits; LLVM makes one instruction of this."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def keep_units(index: Index, alive: Words, plan: Plan, first: int, part: Words) -> bool:
    """Begin with the incidents that stand and lie in the units asked for; whether there are any."""
    anything = False
    for i in range(part.size):
        w = first + i
        word = alive[w]
        if index.high[w] < plan.low or index.low[w] >= plan.high:
            word = _NONE
        elif index.low[w] < plan.low or index.high[w] >= plan.high:
            word &= units_of_word(index, plan, w)
        part[i] = word
        anything = anything or word != _NONE
    return anything


@njit(cache=True, nogil=True)
def units_of_word(index: Index, plan: Plan, w: int) -> int:
    """Which incidents of a word lie in the units asked for, one by one."""
    word, units = _NONE, index.rows.unit
    for i in range(64 * w, min(64 * w + 64, units.size)):
        if plan.low <= units[i] < plan.high:
            word |= _ONE << np.uint64(i & 63)
    return word


@njit(cache=True, nogil=True)
def keep_values(bits: Words, wanted: Booleans, first: int, part: Words, scratch: Words) -> None:
    """Keep the incidents that have one of the values asked for, by those or by the others if these are less."""
    known = wanted[: bits.shape[0]]
    asked = known.sum()
    if asked == known.size:
        return
    by_others = 2 * asked > known.size
    turned = _ALL if by_others else _NONE
    scratch[:] = turned
    for value in range(known.size):
        if known[value] != by_others:
            for i in range(part.size):
                scratch[i] ^= bits[value, first + i]  # an incident has one value: no bit is met twice
    for i in range(part.size):
        part[i] &= scratch[i]


@njit(cache=True, nogil=True)
def fill_before(index: Index, at: int, first: int, part: Words, less: Words) -> None:
    """Fill words with the incidents that occurred before an instant; right where `part` has ones."""
    bucket = np.searchsorted(index.edges, at, side="right")
    equal = np.full(part.size, _ALL)
    less[:] = _NONE
    for k in range(index.planes.shape[0] - 1, -1, -1):
        plane = index.planes[k]
        if (bucket >> k) & 1:
            for i in range(part.size):
                less[i] |= equal[i] & ~plane[first + i]
                equal[i] &= plane[first + i]
        else:
            for i in range(part.size):
                equal[i] &= ~plane[first + i]
    for i in range(part.size):
        less[i] |= earlier(index.rows.at, at, first + i, equal[i] & part[i])


@njit(cache=True, nogil=True)
def earlier(instants: Int64s, at: int, w: int, word: int) -> int:
    """Those of a word's incidents that occurred before an instant."""
    left = _NONE
    while word:
        lowest = word & (~word + _ONE)
        if instants[64 * w + ones(lowest - _ONE)] < at:
            left |= lowest
        word ^= lowest
    return left


@njit(cache=True, nogil=True)
def select(index: Index, alive: Words, plan: Plan, first: int, out: Words) -> None:
    """Fill words with the incidents of the index that a plan wants by the range of its slice, from word `first` on."""
    scratch = np.empty(BLOCK, dtype=np.uint64)
    for start in range(0, out.size, BLOCK):
        part = out[start : start + BLOCK]
        spare, at = scratch[: part.size], first + start
        if not keep_units(index, alive, plan, at, part):
            continue
        keep_values(index.categories, plan.categories, at, part, spare)
        keep_values(index.states, plan.states, at, part, spare)
        keep_values(index.hours, plan.hours, at, part, spare)
        keep_values(index.days, plan.days, at, part, spare)
        if plan.since > -FOREVER:
            fill_before(index, plan.since, at, part, spare)
            part &= ~spare
        if plan.until < FOREVER:
            fill_before(index, plan.until, at, part, spare)
            part &= spare


@njit(cache=True, nogil=True)
def passes(rows: Rows, i: int, units: Booleans, plan: Plan) -> bool:
    """Whether one row is wanted."""
    return (
        units[rows.unit[i]]
        and plan.since <= rows.at[i] < plan.until
        and plan.categories[rows.category[i]]
        and plan.states[rows.state[i]]
        and plan.hours[rows.hour[i] % HOURS]
        and plan.days[rows.hour[i] // HOURS]
    )


@njit(cache=True, nogil=True)
def add_handed(index: Index, alive: Words, plan: Plan, first: int, out: Words) -> None:
    """Add the incidents that are in the hands of the slice's organisation, and lie out of its range."""
    for k in range(np.searchsorted(plan.handed, 64 * first), plan.handed.size):
        row = plan.handed[k]
        w, bit = (row >> 6) - first, _ONE << np.uint64(row & 63)
        if w >= out.size:
            return
        if alive[row >> 6] & bit and passes(index.rows, row, plan.elsewhere, plan):
            out[w] |= bit


@njit(cache=True, nogil=True)
def wanted_new(rows: Rows, plan: Plan) -> Booleans:
    """Which of the new rows a plan wants."""
    marks = np.zeros(rows.code.size, dtype=np.bool_)
    for i in range(rows.code.size):
        marks[i] = passes(rows, i, plan.units, plan)
    for i in plan.handed_new:
        marks[i] = marks[i] or passes(rows, i, plan.elsewhere, plan)
    return marks


@njit(cache=True, nogil=True)
def lower(code: Int64s, start: int, stop: int, value: int) -> int:
    """The first place from `start` on whose code is not below a value, looked for near `start` first."""
    step = 1
    while start + step < stop and code[start + step] < value:
        start, step = start + step, 2 * step
    stop = min(stop, start + step)
    while start < stop:
        middle = (start + stop) >> 1
        start, stop = (middle + 1, stop) if code[middle] < value else (start, middle)
    return start


@njit(cache=True, nogil=True)
def set_bits(words: Words, base: int, start: int, stop: int) -> int:
    """How many rows from `start` and before `stop` are set in words that begin with word `base`."""
    if start >= stop:
        return 0
    w, last = (start >> 6) - base, ((stop - 1) >> 6) - base
    head, tail = _ALL << np.uint64(start & 63), _ALL >> np.uint64(63 - ((stop - 1) & 63))
    if w == last:
        return ones(words[w] & head & tail)
    total = ones(words[w] & head) + ones(words[last] & tail)
    for i in range(w + 1, last):
        total += ones(words[i])
    return total


@njit(cache=True, nogil=True)
def cells_of_tile(
    index: Index, alive: Words, new: Rows, plan: Plan, zoom: int, tile: int, deeper: int
) -> tuple[Int32s, Int32s]:
    """
    Count the incidents of a tile in its cells.

    Parameters
    ----------
    index, alive, new
        Of a view.
    plan
        What is wanted.
    zoom, tile
        Zoom of the tile and its Morton number there.
    deeper
        The cells are the tiles of this many zooms further in.

    Returns
    -------
    (n, open) : ndarray of int32, shape (4**deeper,)
        All that are wanted and the open ones among them, cell by cell in Morton order.
    """
    found, open_found = np.zeros(4**deeper, np.int32), np.zeros(4**deeper, np.int32)
    code, mask = index.rows.code, 4**deeper - 1
    shift, side = 2 * (FINEST - zoom - deeper), 2 * (FINEST - zoom)
    start = np.searchsorted(code, tile << side)
    stop = np.searchsorted(code, (tile + 1) << side)
    if start < stop:
        base = start >> 6
        words = np.zeros(((stop - 1) >> 6) - base + 1, dtype=np.uint64)
        select(index, alive, plan, base, words)
        add_handed(index, alive, plan, base, words)
        count_cells(index, words, (base, start, stop, zoom + deeper), found, open_found)
    for i in np.flatnonzero(wanted_new(new, plan)):
        if new.code[i] >> side == tile:
            found[(new.code[i] >> shift) & mask] += 1
            open_found[(new.code[i] >> shift) & mask] += OPEN[new.state[i]]
    return found, open_found


@njit(cache=True, nogil=True)
def count_cells(index: Index, words: Words, run: tuple[int, int, int, int], found: Int32s, open_found: Int32s) -> None:
    """Add up the words of a run (its first word, first row, end, and the zoom of the cells) cell by cell."""
    base, start, stop, zoom = run
    shift, mask = 2 * (FINEST - zoom), found.size - 1
    open_words = words & index.open[base : base + words.size]
    level = (
        index.starts[index.offsets[zoom] : index.offsets[zoom + 1]]
        if zoom + 1 < index.offsets.size
        else index.starts[:0]
    )
    k = np.searchsorted(level, start)
    while start < stop:
        cell = index.rows.code[start] >> shift
        k += 1
        if level.size:
            end = min(stop, level[k]) if k < level.size else stop
        else:
            end = lower(index.rows.code, start, stop, (cell + 1) << shift)
        n = set_bits(words, base, start, end)
        if n:
            found[cell & mask] += n
            open_found[cell & mask] += set_bits(open_words, base, start, end)
        start = end


@njit(cache=True, nogil=True)
def whole(index: Index, alive: Words, plan: Plan) -> Words:
    """All incidents of the index that a plan wants, shape (w,)."""
    words = np.zeros(alive.size, dtype=np.uint64)
    select(index, alive, plan, 0, words)
    add_handed(index, alive, plan, 0, words)
    return words


@njit(cache=True, nogil=True)
def in_box(code: int, box: tuple[int, int, int, int]) -> bool:
    """Whether a place lies in a box of columns and rows of the finest zoom, its borders included."""
    x, y = squeeze(code), squeeze(code >> 1)
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


@njit(cache=True, nogil=True)
def squeeze(value: int) -> int:
    """Every second bit of a number, from the lowest on."""
    value &= 0x5555555555555555
    value = (value | (value >> 1)) & 0x3333333333333333
    value = (value | (value >> 2)) & 0x0F0F0F0F0F0F0F0F
    value = (value | (value >> 4)) & 0x00FF00FF00FF00FF
    value = (value | (value >> 8)) & 0x0000FFFF0000FFFF
    return (value | (value >> 16)) & 0x7FFFFFFF


@njit(cache=True, nogil=True)
def steps_of(
    index: Index, words: Words, new: Rows, marks: Booleans, box: tuple[int, int, int, int], edges: Int64s
) -> tuple[Int64s, Int64s]:
    """
    Count incidents in a box by the step of time that they occurred in.

    Parameters
    ----------
    index, words
        The index, and which of its incidents are wanted.
    new, marks
        The new rows, and which of them are.
    box
        First column, first row, last column, last row, of the finest zoom.
    edges
        The instants between the steps with both ends, microseconds, shape (k + 1,).

    Returns
    -------
    (n, open) : ndarray of int64, shape (k,)
    """
    found, open_found = np.zeros(edges.size - 1, np.int64), np.zeros(edges.size - 1, np.int64)
    for w in range(words.size):
        word = words[w]
        while word:
            lowest = word & (~word + _ONE)
            word ^= lowest
            i = 64 * w + ones(lowest - _ONE)
            if in_box(index.rows.code[i], box):
                add_step(index.rows, i, edges, found, open_found)
    for i in np.flatnonzero(marks):
        if in_box(new.code[i], box):
            add_step(new, i, edges, found, open_found)
    return found, open_found


@njit(cache=True, nogil=True)
def add_step(rows: Rows, i: int, edges: Int64s, found: Int64s, open_found: Int64s) -> None:
    """Count one row in its step."""
    step = np.searchsorted(edges, rows.at[i], side="right") - 1
    if 0 <= step < found.size:
        found[step] += 1
        open_found[step] += OPEN[rows.state[i]]


@njit(cache=True, nogil=True)
def filled_cells(code: Int64s, words: Words, zoom: int) -> tuple[Int64s, Int64s]:
    """The cells of a zoom that hold wanted incidents of sorted codes, and how many, each of shape (k,)."""
    shift, count = 2 * (FINEST - zoom), 0
    cells, counts = np.empty(code.size, np.int64), np.empty(code.size, np.int64)
    start = 0
    while start < code.size:
        cell = code[start] >> shift
        end = lower(code, start, code.size, (cell + 1) << shift)
        n = set_bits(words, 0, start, end)
        if n:
            cells[count], counts[count] = cell, n
            count += 1
        start = end
    return cells[:count].copy(), counts[:count].copy()
