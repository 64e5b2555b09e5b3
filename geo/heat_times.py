"""
The time of sorted incidents: by rank, so that any instant is exact and few are looked at one by one.

All incidents in the order of their times fall into buckets of equally many; the buckets' numbers are kept in bit planes
(O'Neil & Quass), by which 64 incidents are compared at once. A time range is first rounded to the nearest borders of
buckets. What lies between a border and the instant is a run of the order, at most half a bucket, set bit by bit.

References
----------
O'Neil & Quass (1997), Improved Query Performance with Variant Indexes, SIGMOD.
"""

# pyright: reportArgumentType=false, reportAssignmentType=false, reportReturnType=false
# (in a kernel the numbers of numpy are plain numbers)

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.heat_rows import Int32s, Int64s, Words

PLANES = 8
BLOCK = 512
"""Words that stay in the nearest cache while several arrays go over them."""
_ONE, _NONE = np.uint64(1), np.uint64(0)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


def order_of(at: Int64s) -> Int32s:
    """The places of instants in their order, shape (n,)."""
    return np.argsort(at, kind="stable").astype(np.int32)


def planes_of(by_time: Int32s, words: int) -> Words:
    """The bits of the bucket numbers, lowest first, shape (`PLANES`, words)."""
    buckets = np.empty(len(by_time), np.uint8)
    buckets[by_time] = np.arange(len(by_time)) // bucket_size(len(by_time))
    return bit_planes(buckets, words)


@njit(cache=True, nogil=True)
def bucket_size(count: int) -> int:
    """How many incidents of so many are in one bucket."""
    return max(1, (count + (1 << PLANES) - 1) >> PLANES)


@njit(cache=True, nogil=True)
def bit_planes(buckets: NDArray[np.uint8], words: int) -> Words:
    """The bits of numbers, shape (PLANES, words)."""
    planes = np.zeros((PLANES, words), dtype=np.uint64)
    for i in range(buckets.size):
        for k in range(PLANES):
            planes[k, i >> 6] |= np.uint64((buckets[i] >> k) & 1) << np.uint64(i & 63)
    return planes


@njit(cache=True, nogil=True)
def rank(at: Int64s, by_time: Int32s, instant: int) -> int:
    """How many occurred before an instant."""
    start, stop = 0, by_time.size
    while start < stop:
        middle = (start + stop) >> 1
        start, stop = (middle + 1, stop) if at[by_time[middle]] < instant else (start, middle)
    return start


@njit(cache=True, nogil=True)
def fill_between(by_time: Int32s, planes: Words, start: int, stop: int, first: int, out: Words) -> None:
    """
    Set the bits of the incidents of a range of time, and no others of the index.

    Parameters
    ----------
    by_time, planes
        Of an index.
    start, stop
        The range, by `rank`; what is before `stop`.
    first
        The word of the index that `out` begins with.
    out
        Words of any content; bits after the last incident may be set.
    """
    size = bucket_size(by_time.size)
    low, high = (start + size // 2) // size, (stop + size // 2) // size
    fill_buckets(planes, low, high, first, out)
    low_rank, high_rank = min(by_time.size, low * size), min(by_time.size, high * size)
    put(by_time[start:low_rank], first, out, True)  # all that is added first: both borders may be the same
    put(by_time[high_rank:stop], first, out, True)
    put(by_time[low_rank:start], first, out, False)
    put(by_time[stop:high_rank], first, out, False)


@njit(cache=True, nogil=True)
def fill_buckets(planes: Words, low: int, high: int, first: int, out: Words) -> None:
    """Set the bits of the incidents in buckets from `low` and below `high`."""
    out[:] = _NONE
    if low >= high:
        return
    scratch = np.empty(min(BLOCK, out.size), dtype=np.uint64)
    for start in range(0, out.size, BLOCK):
        part = out[start : start + BLOCK]
        spare = scratch[: part.size]
        spare[:] = _NONE
        for k in range(planes.shape[0]):
            plane = planes[k, first + start : first + start + part.size]
            narrow(part, plane, (high >> k) & 1)
            narrow(spare, plane, (low >> k) & 1)
        if high >> PLANES:
            part[:] = _ALL
        for i in range(part.size):
            part[i] &= ~spare[i]


@njit(cache=True, nogil=True)
def narrow(below: Words, plane: Words, bit: int) -> None:
    """Take the next higher bit into a comparison of numbers with one that has this bit there."""
    if bit:
        for i in range(below.size):
            below[i] |= ~plane[i]
    else:
        for i in range(below.size):
            below[i] &= ~plane[i]


@njit(cache=True, nogil=True)
def put(rows: Int32s, first: int, out: Words, present: bool) -> None:
    """Set or clear the bits of those rows that lie in words from `first` on."""
    for row in rows:
        w, bit = (row >> 6) - first, _ONE << np.uint64(row & 63)
        if 0 <= w < out.size:
            out[w] = out[w] | bit if present else out[w] & ~bit
