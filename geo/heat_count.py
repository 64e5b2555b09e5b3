"""
Kernels that count incidents: which of an index a plan wants, in words of 64, and how many of these lie in each cell.

All are serial and release the interpreter's lock. Words are made in blocks that stay in the nearest cache.
"""

# pyright: reportArgumentType=false, reportAssignmentType=false, reportReturnType=false
# (in a kernel the numbers of numpy are plain numbers)

import numpy as np
from numba import njit

from geo.heat_filter import Booleans, Plan
from geo.heat_index import OPEN, Index, ones
from geo.heat_planes import BLOCK, borders_of, keep, keep_members
from geo.heat_rows import FINEST, FOREVER, HOURS, Int32s, Int64s, Rows, Words
from geo.heat_times import fill_between, rank

NO_SUMS = np.zeros((2, 0), np.int32)
_ONE, _NONE = np.uint64(1), np.uint64(0)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@njit(cache=True, nogil=True)
def keep_units(low: Int32s, high: Int32s, units: Int32s, span: tuple[int, int], first: int, part: Words) -> bool:
    """Keep the incidents in a span of units, by those of words and of single rows; whether there are any."""
    lows, highs, least, end = low[first : first + part.size], high[first : first + part.size], span[0], span[1]
    kept, mixed = _NONE, False
    for i in range(part.size):
        part[i] = _NONE if (highs[i] < least) | (lows[i] >= end) else part[i]
        kept |= part[i]
        mixed |= (lows[i] < least) & (highs[i] >= least) | (lows[i] < end) & (highs[i] >= end)
    if mixed:
        for i in range(part.size):
            if part[i] and (lows[i] < least or highs[i] >= end):
                part[i] &= units_of_word(units, span, first + i)
    return kept != _NONE


@njit(cache=True, nogil=True)
def units_of_word(units: Int32s, span: tuple[int, int], w: int) -> int:
    """Which incidents of a word lie in a span of units, one by one."""
    word = _NONE
    for i in range(64 * w, min(64 * w + 64, units.size)):
        if span[0] <= units[i] < span[1]:
            word |= _ONE << np.uint64(i & 63)
    return word


@njit(cache=True, nogil=True)
def select(index: Index, alive: Words, plan: Plan, first: int, out: Words) -> None:
    """Fill words with the incidents of the index that a plan wants by the range of its slice, from word `first` on."""
    if plan.since > -FOREVER or plan.until < FOREVER:
        start, stop = rank(index.rows.at, index.by_time, plan.since), rank(index.rows.at, index.by_time, plan.until)
        fill_between(index.by_time, index.times, start, max(start, stop), first, out)
        keep(out, alive[first : first + out.size])
    else:
        out[:] = alive[first : first + out.size]
    low, high, units, span = index.low, index.high, index.rows.unit, (np.int32(plan.low), np.int32(plan.high))
    categories, states, hours, days = index.categories, index.states, index.hours, index.days
    asked_categories, asked_states = borders_of(plan.categories), borders_of(plan.states)
    asked_hours, asked_days = borders_of(plan.hours), borders_of(plan.days)
    spares = np.empty((2, min(BLOCK, out.size)), dtype=np.uint64)
    for start in range(0, out.size, BLOCK):
        part, at = out[start : start + BLOCK], first + start
        if plan.everywhere or keep_units(low, high, units, span, at, part):
            keep_members(categories, asked_categories, at, part, spares)
            keep_members(states, asked_states, at, part, spares)
            keep_members(hours, asked_hours, at, part, spares)
            keep_members(days, asked_days, at, part, spares)


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
    """Which of the new rows a plan wants; column by column, for to pass rows whole costs more than to look at them."""
    marks = plan.units[rows.unit]
    for i in range(marks.size):
        marks[i] &= plan.since <= rows.at[i] < plan.until
    marks &= plan.categories[rows.category] & plan.states[rows.state]
    marks &= plan.hours[rows.hour % HOURS] & plan.days[rows.hour // HOURS]
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
    index: Index, alive: Words, new: Rows, plan: Plan, sums: Int32s, place: tuple[int, int], deeper: int
) -> tuple[Int32s, Int32s]:
    """
    Count the incidents of a tile in its cells.

    Parameters
    ----------
    index, alive, new
        Of a view.
    plan
        What is wanted.
    sums
        Of the view where everything is wanted, by which words need not be looked at; else `NO_SUMS`.
    place
        Zoom of the tile and its Morton number there.
    deeper
        The cells are the tiles of this many zooms further in.

    Returns
    -------
    (n, open) : ndarray of int32, shape (4**deeper,)
        All that are wanted and the open ones among them, cell by cell in Morton order.
    """
    found, open_found = np.zeros(4**deeper, np.int32), np.zeros(4**deeper, np.int32)
    zoom, tile = place
    code, mask = index.rows.code, 4**deeper - 1
    shift, side = 2 * (FINEST - zoom - deeper), 2 * (FINEST - zoom)
    start = np.searchsorted(code, tile << side)
    stop = np.searchsorted(code, (tile + 1) << side)
    if start < stop:
        cells, bounds = runs_of_cells(index, start, stop, zoom + deeper)
        if sums.size:
            count_by_sums(alive, index.open, sums, cells & mask, bounds, found, open_found)
        else:
            base = start >> 6
            words = np.empty(((stop - 1) >> 6) - base + 1, dtype=np.uint64)
            select(index, alive, plan, base, words)
            add_handed(index, alive, plan, base, words)
            count_by_words(words, index.open[base : base + words.size], base, cells & mask, bounds, found, open_found)
    for i in np.flatnonzero(wanted_new(new, plan)):
        if new.code[i] >> side == tile:
            found[(new.code[i] >> shift) & mask] += 1
            open_found[(new.code[i] >> shift) & mask] += OPEN[new.state[i]]
    return found, open_found


@njit(cache=True, nogil=True)
def runs_of_cells(index: Index, start: int, stop: int, zoom: int) -> tuple[Int64s, Int64s]:
    """The cells of a zoom that rows from `start` and before `stop` lie in, shape (k,), and their bounds, (k + 1,)."""
    code, shift = index.rows.code, 2 * (FINEST - zoom)
    if zoom + 1 < index.offsets.size and index.offsets[zoom] < index.offsets[zoom + 1]:
        level = index.starts[index.offsets[zoom] : index.offsets[zoom + 1]]
        k = np.searchsorted(level, start)
        size = np.searchsorted(level, stop) - k
        cells, bounds = np.empty(size, np.int64), np.empty(size + 1, np.int64)
        for i in range(size):
            bounds[i], cells[i] = level[k + i], code[level[k + i]] >> shift
        bounds[size] = stop
        return cells, bounds
    most, size = min(stop - start, ((code[stop - 1] >> shift) - (code[start] >> shift)) + 1), 0
    cells, bounds = np.empty(most, np.int64), np.empty(most + 1, np.int64)
    while start < stop:
        bounds[size], cells[size] = start, code[start] >> shift
        start = lower(code, start, stop, (cells[size] + 1) << shift)
        size += 1
    bounds[size] = stop
    return cells[:size], bounds[: size + 1]


@njit(cache=True, nogil=True)
def count_by_words(
    words: Words, open_words: Words, base: int, cells: Int64s, bounds: Int64s, found: Int32s, open_found: Int32s
) -> None:
    """Count the bits between bounds in words that begin with word `base`, all and the open ones."""
    for k in range(cells.size):
        w, last = (bounds[k] >> 6) - base, ((bounds[k + 1] - 1) >> 6) - base
        head, tail = _ALL << np.uint64(bounds[k] & 63), _ALL >> np.uint64(63 - ((bounds[k + 1] - 1) & 63))
        if w == last:
            head &= tail
            tail = _NONE
        n, open_n = ones(words[w] & head), ones(words[w] & open_words[w] & head)
        n, open_n = n + ones(words[last] & tail), open_n + ones(words[last] & open_words[last] & tail)
        if last > w + 1:
            more, more_open = count_both(words[w + 1 : last], open_words[w + 1 : last])
            n, open_n = n + more, open_n + more_open
        found[cells[k]], open_found[cells[k]] = n, open_n


@njit(cache=True, nogil=True)
def count_both(words: Words, others: Words) -> tuple[int, int]:
    """How many bits are set in words, and how many in both of two."""
    n, both = 0, 0
    for i in range(words.size):
        n += ones(words[i])
        both += ones(words[i] & others[i])
    return n, both


@njit(cache=True, nogil=True)
def count_by_sums(
    alive: Words, open_words: Words, sums: Int32s, cells: Int64s, bounds: Int64s, found: Int32s, open_found: Int32s
) -> None:
    """Count all that stand between bounds, and the open ones, by how many stand before each bound."""
    n, open_n = before(alive, open_words, sums, bounds[0])
    for k in range(cells.size):
        end, open_end = before(alive, open_words, sums, bounds[k + 1])
        found[cells[k]], open_found[cells[k]] = end - n, open_end - open_n
        n, open_n = end, open_end


@njit(cache=True, nogil=True)
def before(alive: Words, open_words: Words, sums: Int32s, row: int) -> tuple[int, int]:
    """How many incidents before a row stand, and how many of these are open."""
    w, within = row >> 6, row & 63
    n, open_n = np.int64(sums[0, w]), np.int64(sums[1, w])
    if within:
        word = alive[w] & ~(_ALL << np.uint64(within))
        n, open_n = n + ones(word), open_n + ones(word & open_words[w])
    return n, open_n


@njit(cache=True, nogil=True)
def whole(index: Index, alive: Words, plan: Plan) -> Words:
    """All incidents of the index that a plan wants, shape (w,)."""
    words = np.empty(alive.size, dtype=np.uint64)
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
