"""The features of the layers of one zoom as flat arrays, which the kernels of `tiles.encode` take whole."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.wire import Bytes, value

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Geometries = NDArray[Any]
Attributes = Mapping[str, Sequence[str | int | float | bool | None]]

BLOCK = 64
"""Features that share one box, by which a search leaves them out together."""
STRETCH = 32
"""Vertices of a ring that share one span, by which a cut leaves them out together."""


class Shapes(NamedTuple):
    """
    Areas in whole tile units of the whole world.

    Attributes
    ----------
    parts, rings, vertices
        Where the polygons of a feature, the rings of a polygon and the vertices of a ring begin, the end after them.
    x, y
        Vertices, of rings without the last, which is the first again; shape (v,).
    stretches
        Where the stretches of a ring begin, and where the last ends.
    spans
        The least and the largest x, the least and the largest y of a stretch and of the vertex after it, shape (s, 4).
    """

    parts: Int64s
    rings: Int64s
    vertices: Int64s
    x: Int32s
    y: Int32s
    stretches: Int64s
    spans: Int32s


class Columns(NamedTuple):
    """
    The features of some layers, one layer after another.

    Attributes
    ----------
    kinds
        Of each layer: `wire.POINT` or `wire.POLYGON`, shape (l,).
    lows, highs
        Of each layer, in tile units: the square, beyond which nothing is written.
    features, blocks
        Where the features and the blocks of a layer begin, and where the last ends, shape (l + 1,).
    ids
        Permanent ids, shape (n,).
    boxes, block_boxes
        West, north, east, south in tile units, shape (n, 4), and of each `BLOCK` of features.
    first
        The first vertex, shape (n, 2).
    rest, rest_starts
        Of each feature, what follows its first vertex, as bytes of a tile.
    key_starts
        Where the attributes of a feature begin, shape (n + 1,).
    keys, values, value_starts
        Of each attribute its key and its value as bytes of a tile.
    shapes
        The features as they are cut.
    """

    kinds: Int64s
    lows: Int64s
    highs: Int64s
    features: Int64s
    blocks: Int64s
    ids: Int64s
    boxes: Int32s
    block_boxes: Int32s
    first: Int32s
    rest: Bytes
    rest_starts: Int64s
    key_starts: Int64s
    keys: Bytes
    values: Bytes
    value_starts: Int64s
    shapes: Shapes


def shapes_of_areas(areas: Geometries) -> Shapes:
    """Areas from `quantise.quantised`; no vertex is there twice in a row."""
    parts, of_part = shapely.get_parts(areas, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    places, of_vertex = shapely.get_coordinates(rings, return_index=True)
    places = places.astype(np.int32)
    # A ring's last vertex is its first again, and it always goes.
    kept = np.zeros(len(places), np.bool_)
    kept[:-1] = (of_vertex[1:] == of_vertex[:-1]) & (places[1:] != places[:-1]).any(axis=1)
    places, of_vertex = places[kept], of_vertex[kept]
    vertices = _starts(of_vertex, len(rings))
    x, y = np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])
    return Shapes(_starts(of_part, len(areas)), _starts(of_ring, len(parts)), vertices, x, y, *_spans(vertices, places))


def no_shapes(count: int) -> Shapes:
    """Of so many points, which nothing is cut of."""
    parts, start, none = np.zeros(count + 1, np.int64), np.zeros(1, np.int64), np.empty(0, np.int32)
    return Shapes(parts, start, start, none, none, start, np.empty((0, 4), np.int32))


def block_boxes(boxes: Int32s) -> Int32s:
    """The box of each `BLOCK` of boxes."""
    starts = np.arange(0, len(boxes), BLOCK)
    if not len(starts):
        return np.empty((0, 4), np.int32)
    least, most = np.minimum.reduceat(boxes, starts), np.maximum.reduceat(boxes, starts)
    return np.column_stack([least[:, :2], most[:, 2:]])


def attributes_of(attributes: Attributes, count: int) -> tuple[Int64s, Bytes, Bytes, Int64s]:
    """Where the attributes of each feature begin, their keys, their values, and where each value begins."""
    keys, values, starts = bytearray(), bytearray(), [0]
    key_starts = [0]
    for row in zip(*attributes.values(), strict=True) if attributes else [()] * count:
        for key, content in enumerate(row):
            if content is not None:
                keys.append(key)
                values += value(content)
                starts.append(len(values))
        key_starts.append(len(keys))
    return (
        np.array(key_starts, np.int64), np.frombuffer(bytes(keys), np.uint8).copy(),
        np.frombuffer(bytes(values), np.uint8).copy(), np.array(starts, np.int64),
    )  # fmt: skip


def stacked(parts: Sequence[Columns]) -> Columns:
    """The columns of several layers as those of one after another."""
    return Columns(
        kinds=np.concatenate([part.kinds for part in parts]),
        lows=np.concatenate([part.lows for part in parts]),
        highs=np.concatenate([part.highs for part in parts]),
        features=_chained([part.features for part in parts]),
        blocks=_chained([part.blocks for part in parts]),
        ids=np.concatenate([part.ids for part in parts]),
        boxes=np.concatenate([part.boxes for part in parts]),
        block_boxes=np.concatenate([part.block_boxes for part in parts]),
        first=np.concatenate([part.first for part in parts]),
        rest=np.concatenate([part.rest for part in parts]),
        rest_starts=_chained([part.rest_starts for part in parts]),
        key_starts=_chained([part.key_starts for part in parts]),
        keys=np.concatenate([part.keys for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        value_starts=_chained([part.value_starts for part in parts]),
        shapes=_stacked_shapes([part.shapes for part in parts]),
    )


def _stacked_shapes(parts: Sequence[Shapes]) -> Shapes:
    return Shapes(
        parts=_chained([part.parts for part in parts]),
        rings=_chained([part.rings for part in parts]),
        vertices=_chained([part.vertices for part in parts]),
        x=np.concatenate([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        stretches=_chained([part.stretches for part in parts]),
        spans=np.concatenate([part.spans for part in parts]),
    )


def _chained(starts: Sequence[Int64s]) -> Int64s:
    """Starts within each of several arrays as starts within all of them, one after another."""
    ends = np.cumsum([part[-1] for part in starts])
    return np.concatenate([starts[0], *(part[1:] + end for part, end in zip(starts[1:], ends[:-1], strict=True))])


def _starts(owners: NDArray[Any], count: int) -> Int64s:
    return np.searchsorted(owners, np.arange(count + 1)).astype(np.int64)


def _spans(vertices: Int64s, places: Int32s) -> tuple[Int64s, Int32s]:
    """Where the stretches of each ring begin, and the spans of each."""
    counts = -(-np.diff(vertices) // STRETCH)
    stretches = np.concatenate([[0], np.cumsum(counts)])
    if not len(places):
        return stretches, np.empty((0, 4), np.int32)
    number = np.arange(stretches[-1]) - np.repeat(stretches[:-1], counts)
    starts = np.repeat(vertices[:-1], counts) + number * STRETCH
    after = np.append(starts[1:], 0)
    last = stretches[1:][counts > 0] - 1
    after[last] = vertices[:-1][counts > 0]  # after its last vertex a ring has its first
    least = np.minimum(np.minimum.reduceat(places, starts), places[after])
    most = np.maximum(np.maximum.reduceat(places, starts), places[after])
    return stretches, np.column_stack([least[:, 0], most[:, 0], least[:, 1], most[:, 1]])
