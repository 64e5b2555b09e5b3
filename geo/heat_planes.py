"""
Numbers of sorted incidents in bit planes: one bitmap for each bit of the numbers, so that 64 of them are compared at
once.

A comparison with one number takes one pass over each plane. A set of numbers is made of comparisons: a number belongs
to it if an odd number of those lie above it at which the set begins or ends.

References
----------
O'Neil & Quass (1997), Improved Query Performance with Variant Indexes, SIGMOD.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.heat_rows import Int64s, Words

Booleans = NDArray[np.bool_]
WORD = 64
BLOCK = 1024
"""Words that stay in the nearest cache while several arrays go over them."""
ENDLESS = 1 << 32
_NONE = np.uint64(0)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


def planes_of(numbers: NDArray[np.integer], distinct: int) -> Words:
    """The bits of numbers below `distinct`, lowest first, shape (k, ceil(n / 64))."""
    planes = np.zeros((max(1, (distinct - 1).bit_length()), -(-len(numbers) // WORD)), np.uint64)
    put_bits(numbers.astype(np.uint16), planes)
    return planes


@njit(cache=True, nogil=True)
def put_bits(numbers: NDArray[np.uint16], planes: Words) -> None:
    """Set the bits of numbers in planes of zeros."""
    for i in range(numbers.size):
        for k in range(planes.shape[0]):
            planes[k, i >> 6] |= np.uint64((numbers[i] >> k) & 1) << np.uint64(i & 63)


@njit(cache=True, nogil=True)
def fill_below(planes: Words, number: int, first: int, part: Words) -> None:
    """Set the bits, in words from `first` on, of the numbers below a number, and no others."""
    part[:] = _ALL if number >> planes.shape[0] else _NONE
    met = False
    for k in range(planes.shape[0]):
        bit = ((number >> k) & 1) != 0
        met = met or bit  # before the lowest bit that is set nothing is below
        if met:
            narrow(part, planes[k, first : first + part.size], bit)


@njit(cache=True, nogil=True)
def narrow(below: Words, plane: Words, bit: bool) -> None:
    """Take the next higher bit into a comparison with a number that has this bit there."""
    if bit:
        for i in range(below.size):  # a loop over whole arrays goes over several words at once
            below[i] |= ~plane[i]
    else:
        for i in range(below.size):
            below[i] &= ~plane[i]


@njit(cache=True, nogil=True)
def keep_range(planes: Words, low: int, high: int, first: int, part: Words, spare: Words) -> None:
    """Keep the bits of the numbers from `low` and below `high`."""
    fill_below(planes, high, first, spare)
    keep(part, spare)
    fill_below(planes, low, first, spare)
    for i in range(part.size):
        part[i] &= ~spare[i]


@njit(cache=True, nogil=True)
def borders_of(wanted: Booleans) -> Int64s:
    """The numbers at which a set begins or ends, rising; not zero, and `ENDLESS` if the last number belongs to it."""
    borders, count = np.empty(wanted.size + 1, np.int64), 0
    for number in range(1, wanted.size):
        if wanted[number] != wanted[number - 1]:
            borders[count] = number
            count += 1
    if wanted.size and wanted[-1]:
        borders[count] = ENDLESS
        count += 1
    return borders[:count]


@njit(cache=True, nogil=True)
def keep_members(planes: Words, borders: Int64s, first: int, part: Words, spares: Words) -> None:
    """
    Keep the bits of the numbers of a set.

    Parameters
    ----------
    planes
        Of an index.
    borders
        Of the set.
    first
        The word of the index that `part` begins with.
    part
        Words to be narrowed.
    spares
        Two rows of words, no fewer, of any content.
    """
    if not borders.size:
        part[:] = _NONE
    elif borders[0] != ENDLESS:
        members, below = spares[0, : part.size], spares[1, : part.size]
        fill_below(planes, borders[0], first, members)
        for border in borders[1:]:
            fill_below(planes, border, first, below)
            for i in range(members.size):
                members[i] ^= below[i]
        keep(part, members)


@njit(cache=True, nogil=True)
def keep(words: Words, others: Words) -> None:
    """Keep the bits that are set in others."""
    for i in range(words.size):
        words[i] &= others[i]
