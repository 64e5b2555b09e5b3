"""
The index of sorted incidents: a bitmap for each value that a filter may ask for, so that 64 of them are tested at once.

Incidents lie in Morton order, a word of a bitmap is 64 neighbours, and so one word mostly belongs to one unit: `low`
and `high` are the least and the last unit of each word. The time is a bucket number in bit planes (O'Neil & Quass); the
buckets hold equally many incidents, and only those in the two buckets at the ends of a time range are looked at one by
one. A cell of a map is a run of incidents: its count is the number of set bits between two places.

References
----------
O'Neil & Quass (1997), Improved Query Performance with Variant Indexes, SIGMOD.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo import lifecycle
from geo.heat_rows import DAYS, HOURS, Int32s, Int64s, Rows

Words = NDArray[np.uint64]
PLANES = 10
WORD = 64
LEVELS = 25
"""Cells of zooms below this one have their first rows kept, where there are much fewer cells than incidents."""
SPARSE = 4
STATES = tuple(lifecycle.State)
OPEN = np.array([state not in lifecycle.SETTLED for state in STATES])
_ONE = np.uint64(1)


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
        A bitmap for each value, shape (values, w).
    open
        The bitmap of incidents that are not settled, shape (w,).
    planes
        The bits of the bucket numbers, lowest first, shape (`PLANES`, w).
    edges
        The first instant of each bucket but the first, shape (2**PLANES - 1,).
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
    planes: Words
    edges: Int64s
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
    edges = _edges(rows.at)
    states = bitmaps(rows.state, len(STATES), words)
    low, high = unit_ranges(rows.unit, words)
    starts, offsets = _starts(rows.code)
    return Index(
        rows=rows,
        by_id=np.lexsort((rows.low, rows.high)).astype(np.int32),
        categories=bitmaps(rows.category, categories, words),
        states=states,
        hours=bitmaps(rows.hour % HOURS, HOURS, words),
        days=bitmaps(rows.hour // HOURS, DAYS, words),
        open=np.bitwise_or.reduce(states[OPEN], axis=0),
        planes=bit_planes(np.searchsorted(edges, rows.at, side="right"), words),
        edges=edges,
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
def bitmaps(values: NDArray[np.integer], distinct: int, words: int) -> Words:
    """A bitmap for each value, shape (distinct, words)."""
    bits = np.zeros((distinct, words), dtype=np.uint64)
    for i in range(values.size):
        bits[values[i], i >> 6] |= _ONE << np.uint64(i & 63)
    return bits


@njit(cache=True, nogil=True)
def bit_planes(buckets: Int64s, words: int) -> Words:
    """The bits of numbers, shape (PLANES, words)."""
    planes = np.zeros((PLANES, words), dtype=np.uint64)
    for i in range(buckets.size):
        for k in range(PLANES):
            planes[k, i >> 6] |= np.uint64((buckets[i] >> k) & 1) << np.uint64(i & 63)
    return planes


@njit(cache=True, nogil=True)
def unit_ranges(units: Int32s, words: int) -> tuple[Int32s, Int32s]:
    """The least and the greatest unit of each word."""
    low, high = np.full(words, 2**31 - 1, np.int32), np.full(words, -1, np.int32)
    for i in range(units.size):
        low[i >> 6] = min(low[i >> 6], units[i])
        high[i >> 6] = max(high[i >> 6], units[i])
    return low, high


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


def _edges(at: Int64s) -> Int64s:
    """Instants that part the incidents into equally full buckets, by every n-th of them."""
    sample = np.sort(at[:: max(1, len(at) // 100_000)])
    count = (1 << PLANES) - 1
    if not len(sample):
        return np.zeros(count, np.int64)
    return sample[np.linspace(0, len(sample) - 1, count).astype(np.int64)]


def _starts(code: Int64s) -> tuple[Int32s, Int64s]:
    """The first rows of the cells of each zoom below `LEVELS`, from the finest that is worth it."""
    kept: list[Int32s] = []
    changed = np.bitwise_xor(code[1:], code[:-1])
    for zoom in range(LEVELS):
        starts = np.flatnonzero(np.r_[len(code) > 0, changed >> 2 * (31 - zoom) > 0]).astype(np.int32)
        kept.append(starts if len(starts) * SPARSE <= len(code) else starts[:0])
    return np.concatenate(kept), np.cumsum([0, *map(len, kept)]).astype(np.int64)
