"""
The index of sorted incidents: what a filter may ask for in bit planes, so that 64 of them are tested at once.

Incidents lie in Morton order, a word of a bitmap is 64 neighbours, and so one word mostly belongs to one unit: `low`
and `high` are the least and the last unit of each word. Values are compared by their bits (`heat_planes`), times by
buckets and their order (`heat_times`). A cell of a map is a run of incidents: its count is the number of set bits
between two places.
"""

# pyright: reportArgumentType=false, reportAssignmentType=false, reportReturnType=false
# (in a kernel the numbers of numpy are plain numbers)

from typing import NamedTuple

import numpy as np
from numba import njit

from geo import lifecycle
from geo.heat_planes import WORD, planes_of
from geo.heat_rows import DAYS, HOURS, Int32s, Int64s, Rows, Words
from geo.heat_times import order_of, times_of

LEVELS = 25
"""Cells of zooms below this one have their first rows kept, where there are much fewer cells than incidents."""
SPARSE = 4
STATES = tuple(lifecycle.State)
OPEN = np.array([state not in lifecycle.SETTLED for state in STATES])


class Index(NamedTuple):
    """
    Sorted incidents with their bitmaps; kernels take it whole.

    Attributes
    ----------
    rows
        In Morton order, n of them; ``w = ceil(n / 64)``.
    by_id
        Places of the rows in the order of their ids, shape (n,).
    categories, states, hours, days
        The planes of these numbers, shape (bits, w).
    open
        The bitmap of incidents that are not settled, shape (w,).
    by_time
        Places of the rows in the order of their times, shape (n,).
    times
        The planes of the buckets of times, shape (bits, w).
    low, high
        Least and greatest unit of each word, shape (w,).
    starts, offsets
        Of zoom z, ``starts[offsets[z]:offsets[z + 1]]`` are the first rows of its cells, in their order; none where
        the cells are nearly as many as the incidents.
    """

    rows: Rows
    by_id: Int32s
    categories: Words
    states: Words
    hours: Words
    days: Words
    open: Words
    by_time: Int32s
    times: Words
    low: Int32s
    high: Int32s
    starts: Int32s
    offsets: Int64s


def index_of(rows: Rows, categories: int) -> Index:
    """
    Build the index of rows in Morton order.

    Parameters
    ----------
    rows
        Sorted by code; `unit` must be the rank of a path in sorted paths.
    categories
        How many categories there are names for.
    """
    words = -(-len(rows.code) // WORD)
    by_time = order_of(rows.at)
    low, high = unit_ranges(rows.unit, words)
    starts, offsets = _starts(rows.code)
    return Index(
        rows=rows,
        by_id=np.lexsort((rows.low, rows.high)).astype(np.int32),
        categories=planes_of(rows.category, categories),
        states=planes_of(rows.state, len(STATES)),
        hours=planes_of(rows.hour % HOURS, HOURS),
        days=planes_of(rows.hour // HOURS, DAYS),
        open=planes_of(OPEN[rows.state], 2)[0],
        by_time=by_time,
        times=times_of(by_time),
        low=low,
        high=high,
        starts=starts,
        offsets=offsets,
    )


def all_alive(count: int) -> Words:
    """A bitmap of ones for so many rows, zeros after them."""
    words = np.full(-(-count // WORD), ~np.uint64(0))
    if count % WORD:
        words[-1] = np.uint64((1 << (count % WORD)) - 1)
    return words


def size_of(index: Index) -> int:
    """Bytes of the index with its rows."""
    arrays = (*index.rows, *index[1:])
    return sum(array.nbytes for array in arrays)


@njit(cache=True, nogil=True)
def unit_ranges(units: Int32s, words: int) -> tuple[Int32s, Int32s]:
    """The least and the greatest unit of each word."""
    low, high = np.full(words, 2**31 - 1, np.int32), np.full(words, -1, np.int32)
    for i in range(units.size):
        low[i >> 6] = min(low[i >> 6], units[i])
        high[i >> 6] = max(high[i >> 6], units[i])
    return low, high


@njit(cache=True, nogil=True)
def ones(word: int) -> int:
    """The number of set bits; LLVM makes one instruction of this."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def sums_of(alive: Words, open_words: Words) -> Int32s:
    """How many of the incidents that stand, and of the open ones among them, lie before each word, shape (2, w + 1)."""
    sums = np.zeros((2, alive.size + 1), np.int32)
    for w in range(alive.size):
        sums[0, w + 1] = sums[0, w] + ones(alive[w])
        sums[1, w + 1] = sums[1, w] + ones(alive[w] & open_words[w])
    return sums


@njit(cache=True, nogil=True)
def find(rows: Rows, by_id: Int32s, high: Words, low: Words) -> Int64s:
    """The places of ids among the rows, -1 for those that are not there."""
    found = np.full(high.size, -1, dtype=np.int64)
    for i in range(high.size):
        start, stop = 0, by_id.size
        while start < stop:
            middle = (start + stop) >> 1
            row = by_id[middle]
            before = rows.high[row] < high[i] or (rows.high[row] == high[i] and rows.low[row] < low[i])
            start, stop = (middle + 1, stop) if before else (start, middle)
        if start < by_id.size and rows.high[by_id[start]] == high[i] and rows.low[by_id[start]] == low[i]:
            found[i] = by_id[start]
    return found


def _starts(code: Int64s) -> tuple[Int32s, Int64s]:
    """The first rows of the cells of each zoom below `LEVELS`, from the finest that is worth it."""
    kept: list[Int32s] = []
    changed = np.bitwise_xor(code[1:], code[:-1])
    for zoom in range(LEVELS):
        starts = np.flatnonzero(np.r_[len(code) > 0, changed >> 2 * (31 - zoom) > 0]).astype(np.int32)
        kept.append(starts if len(starts) * SPARSE <= len(code) else starts[:0])
    return np.concatenate(kept), np.cumsum([0, *map(len, kept)]).astype(np.int64)
