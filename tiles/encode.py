"""
The kernels of vector tiles: the features of all layers of a tile are found, and copied or cut, in one call.

They are serial and release the GIL. What they take is prepared in `tiles.columns`.

References
----------
Mapbox Vector Tile Specification 2.1, sections 4.3 (geometry) and 4.4 (attributes).
"""

from typing import NamedTuple

import numpy as np

from tiles.clip import UNCLEAR, Rings, Space, cut, is_plain, room, space
from tiles.columns import Columns, Int32s, Int64s, Shapes
from tiles.excursions import kept_at_most, shorten
from tiles.kernels import bare, inlined, taking
from tiles.search import Square, box_of, crossed_of, room_to_find, search, square_of, whole_of, widened
from tiles.wire import (
    CLOSE,
    FEATURE,
    FEATURE_ID,
    GEOMETRY,
    KIND,
    MOVE_ONCE,
    TAGS,
    Bytes,
    line_to,
    put_varint,
    varint_size,
    zigzag,
)

HEAD = 64
"""Most bytes of a feature beside its attributes and the rest of its geometry."""
MOST_TAG = 6
"""Most bytes of the numbers of a key and of its value."""
WIDER = (0, 7, 19)
"""Tile units by which the square of a feature grows until what is cut is plain; nobody sees what lies out there."""


@bare
def put_bytes(out: Bytes, at: int, source: Bytes, first: int, last: int) -> int:
    """Copy bytes; returns where the next byte goes."""
    to, begin = np.uint64(at), np.uint64(first)  # an index that cannot be negative lets the loop copy in blocks
    for k in range(np.uint64(last - first)):
        out[to + k] = source[begin + k]
    return at + last - first


@bare
def put_ring(out: Bytes, at: int, rings: Rings, r: int, x: int, y: int) -> int:
    """Write a ring, the one before it having ended at (x, y); returns where the next byte goes."""
    first, last = rings.starts[r], rings.starts[r + 1]
    for i in range(first, last):
        if i == first:
            at = put_varint(out, at, MOVE_ONCE)
        elif i == first + 1:
            at = put_varint(out, at, line_to(last - first - 1))
        at = put_varint(out, at, zigzag(rings.x[i] - x))
        at = put_varint(out, at, zigzag(rings.y[i] - y))
        x, y = rings.x[i], rings.y[i]
    return put_varint(out, at, CLOSE)


@inlined
def put_front(columns: Columns, kind: int, i: int, value_number: int, shape: int, out: Bytes, at: int) -> int:
    """Write a feature up to its geometry, which takes `shape` bytes; returns where that goes."""
    first, last = columns.key_starts[i], columns.key_starts[i + 1]
    tags = 0
    for k in range(first, last):
        tags += 1 + varint_size(value_number + k - first)
    size = 1 + varint_size(columns.ids[i]) + 1 + varint_size(tags) + tags + 2 + 1 + varint_size(shape) + shape
    out[at] = FEATURE
    at = put_varint(out, at + 1, size)
    out[at] = FEATURE_ID
    at = put_varint(out, at + 1, columns.ids[i])
    out[at] = TAGS
    at = put_varint(out, at + 1, tags)
    for k in range(first, last):
        out[at] = columns.keys[k]
        at = put_varint(out, at + 1, value_number + k - first)
    out[at], out[at + 1], out[at + 2] = KIND, kind, GEOMETRY
    return put_varint(out, at + 3, shape)


@inlined
def put_within(columns: Columns, kind: int, i: int, square: Square, value_number: int, out: Bytes, at: int) -> int:
    """Write a feature that lies within the square; returns where the next byte goes."""
    x, y = zigzag(int(columns.first[i, 0]) - square.west), zigzag(int(columns.first[i, 1]) - square.north)
    first, last = columns.rest_starts[i], columns.rest_starts[i + 1]
    shape = 1 + varint_size(x) + varint_size(y) + int(last - first)
    at = put_front(columns, kind, i, value_number, shape, out, at)
    at = put_varint(out, put_varint(out, put_varint(out, at, MOVE_ONCE), x), y)
    return put_bytes(out, at, columns.rest, int(first), int(last))


@inlined
def put_cut(
    columns: Columns, kind: int, i: int, value_number: int, rings: Rings, count: int, shape: Bytes, out: Bytes, at: int
) -> int:
    """
    Write a feature of which so many rings are left; `shape` is space for its geometry.

    Returns where the next byte goes, or `UNCLEAR` if there is no room.
    """
    size = put_shape(rings, count, shape)
    if at + size + HEAD + MOST_TAG * (columns.key_starts[i + 1] - columns.key_starts[i]) > len(out):
        return UNCLEAR
    return put_bytes(out, put_front(columns, kind, i, value_number, size, out, at), shape, 0, size)


@bare
def put_shape(rings: Rings, count: int, shape: Bytes) -> int:
    """Write the geometry of an area in tile units; returns how many bytes it takes."""
    size = x = y = 0
    for r in range(count):
        size = put_ring(shape, size, rings, r, x, y)
        last = rings.starts[r + 1] - 1
        x, y = int(rings.x[last]), int(rings.y[last])
    return size


@taking
def shape_room(rings: Rings) -> Bytes:
    """Space for the geometry of any rings that there is room for."""
    return np.empty(11 * (len(rings.x) + 3 * len(rings.starts)), np.uint8)


class Workshop(NamedTuple):
    """Space for cutting the features on the border of a tile: a polygon, its rest, the feature's rest and its bytes."""

    space: Space
    part: Rings
    whole: Rings
    shape: Bytes


@taking
def workshop(vertices: int, rings: int) -> Workshop:
    """Space for cutting any feature of up to so many vertices in so many rings."""
    whole = room(vertices, rings)
    return Workshop(space(vertices, rings), room(vertices, rings), whole, shape_room(whole))


@inlined
def sides_of(columns: Columns, i: int, square: Square) -> int:
    """By their bits, the sides of a square that a feature reaches beyond: west, east, north, south."""
    left, right, top, bottom = box_of(square)
    west, north, east, south = columns.boxes[i]
    sides = 1 if west < left else 0
    sides |= 2 if east > right else 0
    sides |= 4 if north < top else 0
    return sides | (8 if south > bottom else 0)


@inlined
def cut_part(shapes: Shapes, part: int, square: Square, sides: int, taken: Space, out: Rings) -> int:
    """Cut one polygon of a feature to a square; returns how many rings `out` has, or `clip.UNCLEAR`."""
    first, last = shapes.rings[part], shapes.rings[part + 1]
    rings, count, at, box = taken.rings, 0, 0, box_of(square)
    rings.starts[0] = 0
    for r in range(first, last):
        a, b = shapes.vertices[r], shapes.vertices[r + 1]
        spans = shapes.spans[shapes.stretches[r] : shapes.stretches[r + 1]]
        at = shorten(box, shapes.x[a:b], shapes.y[a:b], spans, square.west, square.north, rings, at)
        count += 1
        rings.starts[count] = at
    return cut(taken, count, square.low, square.high, sides, out)


@bare
def add_rings(part: Rings, found: int, whole: Rings, count: int) -> int:
    """Add the rings of a part to those of its feature; returns their count, or `clip.UNCLEAR`."""
    at = whole.starts[count]
    if at + part.starts[found] > len(whole.x) or count + found + 1 > len(whole.starts):
        return UNCLEAR
    for r in range(found):
        for i in range(part.starts[r], part.starts[r + 1]):
            whole.x[at], whole.y[at] = part.x[i], part.y[i]
            at += 1
        count += 1
        whole.starts[count] = at
    return count


@inlined
def cut_feature(columns: Columns, i: int, square: Square, shop: Workshop) -> int:
    """
    Cut an area that a tile's border crosses.

    Returns how many rings are left of it in `shop.whole`: 0 if nothing is, less if what is left is not plain.
    """
    shapes, sides = columns.shapes, sides_of(columns, i, square)
    first, last = shapes.parts[i], shapes.parts[i + 1]
    if last - first == 1:
        return cut_part(shapes, first, square, sides, shop.space, shop.whole)
    count = 0
    shop.whole.starts[0] = 0
    for part in range(first, last):
        found = cut_part(shapes, part, square, sides, shop.space, shop.part)
        if found > 0:
            count = add_rings(shop.part, found, shop.whole, count)
        if found < 0 or count < 0:
            return UNCLEAR
    return count if is_plain(shop.whole, count, square.low, square.high) else UNCLEAR


@bare
def cut_plain(columns: Columns, i: int, square: Square, shop: Workshop) -> int:
    """
    Cut an area as `cut_feature` does, a little further out where that is what makes it plain.

    A border that runs through a crossing which rounds onto another edge seldom does so a few units beyond.
    """
    count = UNCLEAR
    for by in WIDER:
        if count == UNCLEAR:
            count = cut_feature(columns, i, widened(square, by), shop)
    return count


@bare
def put_whole(columns: Columns, layer: int, square: Square, whole: Int32s, out: Bytes, at: int) -> tuple[int, int]:
    """Write features that lie within a square; returns where the next byte goes, and how many values they have."""
    kind, values = columns.kinds[layer], 0
    for i in whole:
        at = put_within(columns, kind, i, square, values, out, at)
        values += int(columns.key_starts[i + 1] - columns.key_starts[i])
    return at, values


@bare
def put_crossed(
    columns: Columns, layer: int, square: Square, crossed: Int32s, shop: Workshop, unclear: Int32s, left: int,
    values: int, out: Bytes, at: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """
    Write features that the border of a square crosses.

    Of `crossed` those that were written come first afterwards; those whose cut is not plain are added to the `left`
    features of `unclear`. Returns where the next byte goes, how many were written, how many values there are now, and
    how many features are left.
    """
    kind, written = columns.kinds[layer], 0
    for k in range(len(crossed)):
        i = crossed[k]
        count = cut_plain(columns, i, square, shop)
        after = put_cut(columns, kind, i, values, shop.whole, count, shop.shape, out, at) if count > 0 else count
        if after < 0:
            unclear[left] = i
            left += 1
        if count == 0 or after < 0:
            continue
        at = after
        crossed[written] = i
        written += 1
        values += int(columns.key_starts[i + 1] - columns.key_starts[i])
    return at, written, values, left


@bare
def vertices_to_cut(shapes: Shapes, i: int, square: Square) -> int:
    """How many vertices of a feature a cut to a square looks at, at the most."""
    count, box = 0, box_of(square)
    for r in range(shapes.rings[shapes.parts[i]], shapes.rings[shapes.parts[i + 1]]):
        spans = shapes.spans[shapes.stretches[r] : shapes.stretches[r + 1]]
        size = int(shapes.vertices[r + 1] - shapes.vertices[r])
        count += kept_at_most(box, size, spans)
    return count


@bare
def size_of_whole(columns: Columns, whole: Int32s) -> int:
    """Bytes that features and their values take at the most, where nothing is cut."""
    size = values_size(columns, whole)
    for i in whole:
        size += HEAD + MOST_TAG * int(columns.key_starts[i + 1] - columns.key_starts[i])
        size += int(columns.rest_starts[i + 1] - columns.rest_starts[i])
    return size


@bare
def size_of_crossed(columns: Columns, square: Square, crossed: Int32s) -> tuple[int, int, int]:
    """The same of features that are cut; and the vertices and the rings of the largest of them."""
    size, most_vertices, most_rings = values_size(columns, crossed), 0, 0
    parts, rings = columns.shapes.parts, columns.shapes.rings
    for i in crossed:
        vertices = vertices_to_cut(columns.shapes, i, widened(square, WIDER[-1]))
        size += HEAD + MOST_TAG * int(columns.key_starts[i + 1] - columns.key_starts[i]) + 33 * (vertices + 32)
        most_vertices = max(most_vertices, vertices)
        most_rings = max(most_rings, int(rings[parts[i + 1]] - rings[parts[i]]))
    return size, most_vertices, most_rings


@bare
def put_values(columns: Columns, used: Int32s, out: Bytes, at: int) -> int:
    """Write the values of features in their order; returns where the next byte goes."""
    for i in used:
        first, last = columns.key_starts[i], columns.key_starts[i + 1]
        at = put_bytes(out, at, columns.values, int(columns.value_starts[first]), int(columns.value_starts[last]))
    return at


@bare
def values_size(columns: Columns, used: Int32s) -> int:
    """How many bytes the values of features take."""
    size = 0
    for i in used:
        size += int(columns.value_starts[columns.key_starts[i + 1]] - columns.value_starts[columns.key_starts[i]])
    return size


@taking
def encode(columns: Columns, west: int, north: int) -> tuple[Bytes, Int64s, Int32s]:
    """
    The layers of the tile at a corner.

    Returns
    -------
    ndarray
        The features and the values of one layer after another.
    ndarray
        Where the bytes of each layer end, and how many values each has, shape (2, l).
    ndarray
        The features whose cut is not plain, which are left out.
    """
    layers, found = len(columns.kinds), room_to_find(columns)
    size = vertices = rings = 0
    for layer in range(layers):
        square = square_of(columns, layer, west, north)
        search(columns, layer, square, found)
        size += size_of_whole(columns, whole_of(found, layer))
        more, here_vertices, here_rings = size_of_crossed(columns, square, crossed_of(found, layer))
        size, vertices, rings = size + more, max(vertices, here_vertices), max(rings, here_rings)
    out, shop = np.empty(size, np.uint8), workshop(vertices, rings)
    told, unclear = np.zeros((2, layers), np.int64), np.empty(found.crossed_starts[layers], np.int32)
    at = left = 0
    for layer in range(layers):
        square, whole, crossed = (
            square_of(columns, layer, west, north),
            whole_of(found, layer),
            crossed_of(found, layer),
        )
        at, values = put_whole(columns, layer, square, whole, out, at)
        at, written, values, left = put_crossed(
            columns, layer, square, crossed, shop, unclear, left, values, out, at
        )  # fmt: skip
        at = put_values(columns, crossed[:written], out, put_values(columns, whole, out, at))
        told[0, layer], told[1, layer] = at, values
    return out[:at], told, unclear[:left]


@taking
def rest_of_areas(shapes: Shapes) -> tuple[Bytes, Int64s]:
    """What follows the first vertex of each area, as a tile has it wherever the tile is; and where each begins."""
    x, y, parts, rings, vertices = shapes.x, shapes.y, shapes.parts, shapes.rings, shapes.vertices
    out, at = np.empty(11 * (len(x) + 3 * len(vertices)), np.uint8), 0
    starts = np.zeros(len(parts), np.int64)
    whole = Rings(x.astype(np.int64), y.astype(np.int64), vertices)
    for i in range(len(parts) - 1):
        first, last = rings[parts[i]], rings[parts[i + 1]]
        for r in range(first, last):
            begun, before = at, vertices[r] if r == first else vertices[r] - 1
            at = put_ring(out, at, whole, r, int(whole.x[before]), int(whole.y[before]))
            if r == first:  # the first vertex, one command and two zeros, is the tile's
                at = put_bytes(out, begun, out[begun:at].copy(), 3, at - begun)
        starts[i + 1] = at
    return out[:at].copy(), starts
