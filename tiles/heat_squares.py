"""
The vector tile of counts in square cells: one layer, each filled cell a polygon with its counts.

It has an encoder of its own because the cells are always of one shape: a feature differs from the next one in its first
place and in two attributes.
"""

import numpy as np
from numpy.typing import NDArray

from tiles.kernels import bare
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
    VERSION,
    Bytes,
    field,
    line_to,
    put_varint,
    value,
    varint,
    zigzag,
)

UNITS = 4096
"""Tile units along a tile's side."""
MOST_BYTES = 48
"""Of one feature."""
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
    filled = np.flatnonzero(n)
    if not len(filled):
        return b""
    values, at = np.unique(np.concatenate([n[filled], open_n[filled]]), return_inverse=True)
    out = np.empty(MOST_BYTES * len(filled), np.uint8)
    side = UNITS // round(len(n) ** 0.5)
    size = put_squares(filled, at[: len(filled)], at[len(filled) :], side, out)
    counts = b"".join(value(count) for count in values.tolist())
    names = field(KEY, b"n") + field(KEY, b"open")
    head, tail = field(NAME, name.encode()), bytes([EXTENT]) + varint(UNITS) + bytes([VERSION, 2])
    return field(LAYER, head + out[:size].tobytes() + names + counts + tail)


@bare
def put_squares(cells: Int64s, n_at: Int64s, open_at: Int64s, side: int, out: Bytes) -> int:
    """Write the features of cells whose values stand at `n_at` and `open_at` of the values; returns the bytes used."""
    at = 0
    for i in range(cells.size):
        x, y = 0, 0
        for bit in range(16):
            x |= ((cells[i] >> (2 * bit)) & 1) << bit
            y |= ((cells[i] >> (2 * bit + 1)) & 1) << bit
        at = put_square(x * side, y * side, side, n_at[i], open_at[i], out, at)
    return at


@bare
def put_square(x: int, y: int, side: int, n_at: int, open_at: int, out: Bytes, at: int) -> int:
    """Write one feature; its lengths stay below 128 and are filled in once they are known."""
    out[at], out[at + 2] = FEATURE, TAGS
    put = put_varint(out, put_varint(out, at + 4, 0), n_at)
    put = put_varint(out, put_varint(out, put, 1), open_at)
    out[at + 3] = put - at - 4
    out[put], out[put + 1], out[put + 2] = KIND, POLYGON, GEOMETRY
    start = put + 4
    put = put_step(out, put_varint(out, start, MOVE_ONCE), x, y)
    put = put_step(out, put_varint(out, put, line_to(3)), side, 0)
    put = put_step(out, put_step(out, put, 0, side), -side, 0)
    put = put_varint(out, put, CLOSE)
    out[start - 1] = put - start
    out[at + 1] = put - at - 2
    return put


@bare
def put_step(out: Bytes, at: int, x: int, y: int) -> int:
    """Write a move by so many tile units."""
    return put_varint(out, put_varint(out, at, zigzag(x)), zigzag(y))
