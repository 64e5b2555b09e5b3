"""
The wire format of Protocol Buffers, as far as vector tiles need it: varints, zigzag, fields with a length.

References
----------
Mapbox Vector Tile Specification 2.1; Protocol Buffers, Encoding.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from tiles.kernels import bare

Bytes = NDArray[np.uint8]

LAYER, NAME, FEATURE, KEY, VALUE, EXTENT, VERSION = 0x1A, 0x0A, 0x12, 0x1A, 0x22, 0x28, 0x78
"""Fields of a tile and of a layer, with their wire types."""
FEATURE_ID, TAGS, KIND, GEOMETRY = 0x08, 0x12, 0x18, 0x22
"""Fields of a feature."""
POINT, LINE, POLYGON = 1, 2, 3
MOVE_ONCE, CLOSE = 9, 15
"""Commands of a geometry: one MoveTo, one ClosePath."""
TEXT, DOUBLE, UINT, BOOL = 0x0A, 0x19, 0x28, 0x38
"""Kinds of a value."""


@bare
def varint_size(number: int) -> int:
    """How many bytes a number of zero or more takes."""
    size = 1
    while number > 127:
        number >>= 7
        size += 1
    return size


@bare
def put_varint(out: Bytes, at: int, number: int) -> int:
    """Write a number of zero or more; returns where the next byte goes."""
    while number > 127:
        out[at] = (number & 127) | 128
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


@bare
def zigzag(number: int) -> int:
    """A signed number as one of zero or more, small where it was small."""
    return (number << 1) ^ (number >> 63)


@bare
def line_to(count: int) -> int:
    """The command of so many LineTo."""
    return (count << 3) | 2


def varint(number: int) -> bytes:
    """A number of zero or more."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(tag: int, content: bytes) -> bytes:
    """A field with its length before it."""
    return bytes([tag]) + varint(len(content)) + content


def value(content: str | float | bool) -> bytes:
    """A value of a layer, as a whole field; whole numbers of zero or more only."""
    if isinstance(content, str):
        return field(VALUE, field(TEXT, content.encode()))
    if isinstance(content, bool):
        return field(VALUE, bytes([BOOL, content]))
    if isinstance(content, int):
        return field(VALUE, bytes([UINT]) + varint(content))
    return field(VALUE, bytes([DOUBLE]) + struct.pack("<d", content))
