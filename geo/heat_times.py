"""
The time of sorted incidents: by rank, so that any instant is exact and few are looked at one by one.

All incidents in the order of their times fall into buckets of equally many, whose numbers are kept in bit planes. A
time range is first rounded to the nearest borders of buckets. What lies between a border and the instant is a run of
the order, at most half a bucket, set bit by bit; so is all of a short range.
"""

# pyright: reportArgumentType=false, reportAssignmentType=false, reportReturnType=false
# (in a kernel the numbers of numpy are plain numbers)

import numpy as np
from numba import njit

from geo.heat_planes import BLOCK, keep_range, planes_of
from geo.heat_rows import Int32s, Int64s, Words

BUCKETS = 256
_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


def order_of(at: Int64s) -> Int32s:
    """The places of instants in their order, shape (n,)."""
    return np.argsort(at, kind="stable").astype(np.int32)


def times_of(by_time: Int32s) -> Words:
    """The planes of the bucket numbers."""
    buckets = np.empty(len(by_time), np.uint8)
    buckets[by_time] = np.arange(len(by_time)) // bucket_size(len(by_time))
    return planes_of(buckets, BUCKETS)


@njit(cache=True, nogil=True)
def bucket_size(count: int) -> int:
    """How many incidents of so many are in one bucket."""
    return max(1, (count + BUCKETS - 1) // BUCKETS)


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
    Set the bits of the incidents of a range of time, and no others.

    Parameters
    ----------
    by_time, planes
        Of an index.
    start, stop
        The range, by `rank`: `stop` is not in it, nor below `start`.
    first
        The word of the index that `out` begins with.
    out
        Words of any content; bits after the last incident may be set.
    """
    size = bucket_size(by_time.size)
    low, high = (start + size // 2) // size, (stop + size // 2) // size
    if stop - start <= size:
        high = low
    fill_buckets(planes, low, high, first, out)
    after_low, after_high = min(by_time.size, low * size), min(by_time.size, high * size)
    put(by_time[start:after_low], first, out, True)  # all that is added first: both borders may be the same
    put(by_time[after_high:stop], first, out, True)
    put(by_time[after_low:start], first, out, False)
    put(by_time[stop:after_high], first, out, False)


@njit(cache=True, nogil=True)
def fill_buckets(planes: Words, low: int, high: int, first: int, out: Words) -> None:
    """Set the bits of the incidents in buckets from `low` and below `high`, and no others."""
    out[:] = _ALL if low < high else np.uint64(0)
    if low < high:
        spare = np.empty(min(BLOCK, out.size), dtype=np.uint64)
        for start in range(0, out.size, BLOCK):
            part = out[start : start + BLOCK]
            keep_range(planes, low, high, first + start, part, spare[: part.size])


@njit(cache=True, nogil=True)
def put(rows: Int32s, first: int, out: Words, present: bool) -> None:
    """Set or clear the bits of those rows that lie in words from `first` on."""
    for row in rows:
        w, bit = (row >> 6) - first, _ONE << np.uint64(row & 63)
        if 0 <= w < out.size:
            out[w] = out[w] | bit if present else out[w] & ~bit
