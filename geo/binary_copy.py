"""
Arrow tables into the database by COPY in PostgreSQL's binary format: the server parses no text, which halves its work.

`encoded` is pure computing and may run in another thread while the server takes in what was encoded before.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

import binascii
import struct
from collections.abc import Sequence
from typing import LiteralString

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pgpq import ArrowToPostgresBinaryEncoder

from geo import db, errors

UUID_BYTES = 16
HEX_DIGITS = 32
# Extended WKB of a point: little-endian, type Point with an SRID, EPSG:4326, x, y.
_EWKB = np.dtype([("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
_POINT_WITH_SRID = 0x20000001

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = struct.pack("!h", -1)
_UUID_OID = 2950
_ELEMENT = np.dtype([("length", ">i4"), ("id", f"V{UUID_BYTES}")])
# The encoder keeps every other thread of the process waiting. In half a millisecond the server does not run out of what
# the thread that sends has sent before; with all rows of a part at once it stood still for a fifth of a load.
ROWS_AT_ONCE = 1_024

Stream = Sequence[bytes]


def encoded(table: pa.Table) -> Stream:
    """
    The table as a whole binary COPY stream: text as ``text``, 16 bytes of `uuids` as ``uuid``, `points` as geometry.

    The types are not checked by the server beyond their lengths: an ``int64`` goes into a ``bigint`` and nothing else.
    """
    encoder = ArrowToPostgresBinaryEncoder(table.schema)
    batches = table.combine_chunks().to_batches(ROWS_AT_ONCE)
    return [encoder.write_header(), *(encoder.write_batch(batch) for batch in batches), encoder.finish()]


def uuid_lists(ids: pa.Array | pa.ChunkedArray, most: int) -> Stream:
    """A whole binary COPY stream of one column ``uuid[]``: ids of 16 bytes in their order, at most so many to a row."""
    plain = pa.chunked_array(ids).combine_chunks().cast(pa.binary(UUID_BYTES))
    elements = np.empty(len(plain), dtype=_ELEMENT)
    elements["length"] = UUID_BYTES
    elements["id"] = np.frombuffer(plain.buffers()[1], _ELEMENT["id"], len(plain), plain.offset * UUID_BYTES)
    rows = [_list(elements[first : first + most]) for first in range(0, len(elements), most)]
    return [_SIGNATURE, *rows, _END]


def _list(elements: NDArray[np.void]) -> bytes:
    """A row of one list: its dimensions, whether it holds nulls, the type, the count, the first index, the elements."""
    value = struct.pack("!iiIii", 1, 0, _UUID_OID, len(elements), 1) + elements.tobytes()
    return struct.pack("!hi", 1, len(value)) + value


def pour(conn: db.Connection, copy: LiteralString, stream: Stream, *, frozen: bool = False) -> None:
    """
    Send a stream through one ``COPY ... FROM STDIN (FORMAT binary)``.

    Rows that are `frozen` count as seen by everybody from the start; the table must be made or emptied by the same
    transaction, and be locked until that ends.
    """
    with conn.cursor().copy(copy.replace("(FORMAT binary)", "(FORMAT binary, FREEZE)") if frozen else copy) as target:
        for part in stream:
            target.write(part)


def uuids(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """
    UUIDs of 32 hexadecimal digits, with hyphens or without, as 16 bytes each.

    Raises
    ------
    errors.BadColumn
        One is no UUID.
    """
    plain = pc.replace_substring(texts, "-", "")
    if plain.null_count or set(pc.unique(pc.utf8_length(plain)).to_pylist()) - {HEX_DIGITS}:
        raise errors.BadColumn("id: not a UUID")
    try:
        return packed_uuids("".join(plain.to_pylist()).encode())
    except ValueError as error:
        raise errors.BadColumn(f"id: {error}") from error


def packed_uuids(digits: bytes) -> pa.Array:
    """UUIDs of 32 hexadecimal digits each, one after the other, as 16 bytes each; raises ValueError if one is none."""
    return _fixed(binascii.unhexlify(digits), UUID_BYTES)


def points(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> pa.Array:
    """Points in EPSG:4326 as extended WKB; degrees, shape (n,)."""
    made = np.empty(len(lon), dtype=_EWKB)
    made["order"], made["type"], made["srid"] = 1, _POINT_WITH_SRID, 4326
    made["x"], made["y"] = lon, lat
    return _fixed(made.tobytes(), _EWKB.itemsize)


def constant(value: object, kind: pa.DataType, count: int) -> pa.Array:
    """The same value `count` times; None for a column of nulls."""
    return pa.nulls(count, kind) if value is None else pa.repeat(pa.scalar(value, kind), count)


def _fixed(packed: bytes, width: int) -> pa.Array:
    count = len(packed) // width
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), count, [None, pa.py_buffer(packed)])
    return fixed.cast(pa.binary())
