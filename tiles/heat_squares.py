"""
The vector tile of counts in square cells: one layer, each filled cell a polygon with its counts.

It has an encoder of its own because the cells are always of one shape: a feature differs from the next one in its first
place and in two attributes. All but the attributes is the same in every tile, and is written once for all.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tiles.kernels import bare, taking
from tiles.wire import (
    CLOSE,
    EXTENT,
    FEATURE,
    GEOMETRY,
    KEY,
    KIND,
    LAYER,
    MOVE_ONCE,
    NAME,
    POLYGON,
    TAGS,
    UINT,
    VALUE,
    VERSION,
    Bytes,
    field,
    line_to,
    put_varint,
    varint,
    varint_size,
    zigzag,
)

UNITS = 4096
"""Tile units along a tile's side."""
SHAPE_BYTES = 24
"""Room for the kind and the geometry of one feature."""
MOST_BYTES = 64
"""Of one feature and its two values."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


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
    body = squares_of(n, open_n, *shapes(len(n)))
    if not len(body):
        return b""
    head, tail = field(NAME, name.encode()), bytes([EXTENT]) + varint(UNITS) + bytes([VERSION, 2])
    return field(LAYER, b"".join([head, body.tobytes(), field(KEY, b"n"), field(KEY, b"open"), tail]))


@cache
def shapes(cells: int) -> tuple[Bytes, Int64s]:
    """The kind and geometry of each of so many cells as bytes, shape (cells, `SHAPE_BYTES`), and how many they are."""
    out, sizes = np.zeros((cells, SHAPE_BYTES), np.uint8), np.zeros(cells, np.int64)
    put_shapes(UNITS // round(cells**0.5), out, sizes)
    return out, sizes


@taking
def put_shapes(side: int, out: Bytes, sizes: Int64s) -> None:
    """Write the kinds and geometries of cells of a side in tile units."""
    for cell in range(sizes.size):
        x, y = 0, 0
        for bit in range(16):
            x |= ((cell >> (2 * bit)) & 1) << bit
            y |= ((cell >> (2 * bit + 1)) & 1) << bit
        sizes[cell] = put_shape(x * side, y * side, side, out[cell])


@bare
def put_shape(x: int, y: int, side: int, out: Bytes) -> int:
    """Write one kind and geometry; its length stays below 128 and is filled in once it is known."""
    out[0], out[1], out[2] = KIND, POLYGON, GEOMETRY
    put = put_step(out, put_varint(out, 4, MOVE_ONCE), x, y)
    put = put_step(out, put_varint(out, put, line_to(3)), side, 0)
    put = put_step(out, put_step(out, put, 0, side), -side, 0)
    put = put_varint(out, put, CLOSE)
    out[3] = put - 4
    return put


@bare
def put_step(out: Bytes, at: int, x: int, y: int) -> int:
    """Write a move by so many tile units."""
    return put_varint(out, put_varint(out, at, zigzag(x)), zigzag(y))


@taking
def squares_of(n: Int32s, open_n: Int32s, shape: Bytes, sizes: Int64s) -> Bytes:
    """The features of the filled cells, and after them the values that they name by their places."""
    filled = np.flatnonzero(n)
    out = np.empty(MOST_BYTES * filled.size, np.uint8)
    values, bits = np.empty(2 * filled.size, np.int32), 4
    while 1 << bits < 4 * filled.size:
        bits += 1
    slots, known, at = np.full(1 << bits, -1, np.int32), 0, 0
    for cell in filled:
        n_at, known = place_of(n[cell], values, known, slots, bits)
        open_at, known = place_of(open_n[cell], values, known, slots, bits)
        start = at + 4
        out[at], out[at + 2] = FEATURE, TAGS
        put = put_varint(out, put_varint(out, start, 0), n_at)
        put = put_varint(out, put_varint(out, put, 1), open_at)
        out[at + 3] = put - start
        out[put : put + SHAPE_BYTES] = shape[cell]  # all of the room: a copy of one length is the quickest
        put += sizes[cell]
        out[at + 1], at = put - at - 2, put
    for k in range(known):
        out[at], out[at + 1], out[at + 2] = VALUE, 1 + varint_size(values[k]), UINT
        at = put_varint(out, at + 3, values[k])
    return out[:at]


@bare
def place_of(value: int, values: Int32s, known: int, slots: Int32s, bits: int) -> tuple[int, int]:
    """The place of a value among those known, and how many these are with it; `slots` hash them into so many bits."""
    slot = np.int64((np.uint64(value) * FACTOR) >> np.uint64(64 - bits))
    while slots[slot] >= 0:
        if values[slots[slot]] == value:
            return slots[slot], known
        slot = (slot + 1) & (slots.size - 1)
    slots[slot], values[known] = known, value
    return known, known + 1
