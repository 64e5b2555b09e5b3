"""
The Mapbox Vector Tile of counts in square cells: one layer, each filled cell a polygon with its counts.

It is written byte by byte, for it is always of one shape: a cell's geometry differs from the next one's in two numbers.
Mapbox Vector Tile 2.1, https://github.com/mapbox/vector-tile-spec.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

EXTENT = 4096
Bytes = NDArray[np.uint8]
Int32s = NDArray[np.int32]
MOST_BYTES = 40
"""Of one feature: twelve for its frame and tags, up to 28 for its geometry."""


def squares(name: str, n: Int32s, open_n: Int32s) -> bytes:
    """
    A tile of counts.

    Parameters
    ----------
    name
        Of the layer.
    n, open_n
        Counts of the cells in Morton order, shape (4**k,); attributes ``n`` and ``open``. Empty cells are left out.

    Returns
    -------
    bytes
        The tile; of no length where every cell is empty.
    """
    filled = np.flatnonzero(n)
    if not len(filled):
        return b""
    values, places = np.unique(np.concatenate([n[filled], open_n[filled]]), return_inverse=True)
    out = np.empty(MOST_BYTES * len(filled), np.uint8)
    side = EXTENT // round(len(n) ** 0.5)
    size = write_squares(filled, places[: len(filled)], places[len(filled) :], side, out)
    layer = (
        _field(1, name.encode()) + out[:size].tobytes() + _field(3, b"n") + _field(3, b"open") + _values(values.tolist())
        + b"\x28" + _varint(EXTENT) + b"\x78\x02"
    )  # fmt: skip
    return _field(3, layer)


@njit(cache=True, nogil=True)
def write_squares(cells: NDArray[np.int64], n_at: NDArray[np.int64], open_at: NDArray[np.int64], side: int, out: Bytes) -> int:  # noqa: E501
    """Write the features of cells, whose values stand at `n_at` and `open_at` of the list of values; the bytes used."""
    at = 0
    for i in range(cells.size):
        x, y = 0, 0
        for bit in range(16):
            x |= ((cells[i] >> (2 * bit)) & 1) << bit
            y |= ((cells[i] >> (2 * bit + 1)) & 1) << bit
        at = write_square(x * side, y * side, side, n_at[i], open_at[i], out, at)
    return at


@njit(cache=True, nogil=True)
def write_square(x: int, y: int, side: int, n_at: int, open_at: int, out: Bytes, at: int) -> int:
    """Write one feature; what it takes is written behind it first, to be measured."""
    begin = at + 2  # key and length of the feature: never above 127
    put = begin
    out[put], put = 0x12, put + 2  # tags
    put = write_varint(out, write_varint(out, write_varint(out, write_varint(out, put, 0), n_at), 1), open_at)
    out[begin + 1] = put - begin - 2
    out[put], out[put + 1], out[put + 2] = 0x18, 3, 0x22  # a polygon, and its geometry
    start = put + 4
    put = write_varint(out, start, 9)  # move to
    put = write_varint(out, write_varint(out, put, 2 * x), 2 * y)
    put = write_varint(out, put, 26)  # three lines: right, down, left
    put = write_varint(out, write_varint(out, put, 2 * side), 0)
    put = write_varint(out, write_varint(out, put, 0), 2 * side)
    put = write_varint(out, write_varint(out, put, 2 * side - 1), 0)
    put = write_varint(out, put, 15)  # close
    out[start - 1] = put - start
    out[at], out[at + 1] = 0x12, put - begin
    return put


@njit(cache=True, nogil=True)
def write_varint(out: Bytes, at: int, value: int) -> int:
    """Write a number in groups of seven bits; the place after it."""
    while value > 127:
        out[at] = (value & 127) | 128
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


def _values(counts: list[int]) -> bytes:
    return b"".join(_field(4, b"\x28" + _varint(count)) for count in counts)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 127:
        groups.append((value & 127) | 128)
        value >>= 7
    groups.append(value)
    return bytes(groups)
