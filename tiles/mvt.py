"""
Mapbox vector tiles (2.1) out of memory: what lies inside of a tile is copied, what its border crosses is cut.

`columns_of_areas` and `columns_of_points` prepare the features of one zoom: geometry as whole tile units of the whole
world, and already written as a tile has it but for its first place, which is the only part that depends on the tile.
`layer` then finds the features of a tile, copies these bytes, cuts the few areas on the border by `tiles.clip`, and
gives those that are not plain to GEOS. The kernels are serial and release the GIL.

References
----------
Mapbox Vector Tile Specification 2.1, sections 4.3 (geometry) and 4.4 (attributes).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from tiles.clip import UNCLEAR, Rings, Space, cut, is_plain, room, shorten, space
from tiles.quantise import EXTENT, cut_by_geos, quantised
from tiles.wire import (
    CLOSE,
    FEATURE,
    FEATURE_ID,
    GEOMETRY,
    KEY,
    KIND,
    LAYER,
    MOVE_ONCE,
    NAME,
    POINT,
    POLYGON,
    TAGS,
    VERSION,
    Bytes,
    field,
    line_to,
    put_varint,
    value,
    varint,
    varint_size,
    zigzag,
)
from tiles.wire import (
    EXTENT as EXTENT_FIELD,
)

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Geometries = NDArray[Any]
Attributes = Mapping[str, Sequence[str | int | float | bool | None]]

BUFFER = 64
"""Tile units that areas reach beyond their tile, so that outlines along its border are not seen."""
BLOCK = 64
"""Features that share one box, by which a search leaves them out together."""
HEAD = 64
"""Most bytes of a feature beside its attributes and the rest of its geometry."""
MOST_TAG = 6
"""Most bytes of the numbers of a key and of its value."""


class Columns(NamedTuple):
    """
    The features of one layer at one zoom; kernels take it whole.

    Attributes
    ----------
    kind
        Of all geometries: `wire.POINT` or `wire.POLYGON`.
    ids
        Permanent ids, shape (n,).
    boxes, block_boxes
        West, north, east, south in tile units, shape (n, 4), and of each `BLOCK` of features.
    first
        The first vertex, shape (n, 2).
    rest, rest_starts
        Of each feature, what follows its first vertex, as bytes of a tile.
    keys, values, value_starts
        Of each attribute its key and its value as bytes of a tile.
    key_starts
        Where the attributes of a feature begin, shape (n + 1,).
    parts, rings, x, y
        Where the polygons of a feature, the rings of a polygon and the vertices of a ring begin, and the vertices.
    """

    kind: int
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
    parts: Int64s
    rings: Int64s
    vertices: Int64s
    x: Int32s
    y: Int32s


@njit(cache=True, nogil=True)
def search(
    columns: Columns, west: int, north: int, low: int, high: int, found: Int32s, within: NDArray[np.bool_]
) -> int:
    """List the features whose boxes reach into a tile's square, and whether they lie within it; returns how many."""
    n = 0
    left, right, top, bottom = west + low, west + high, north + low, north + high
    boxes, blocks = columns.boxes, columns.block_boxes
    for b in range(len(blocks)):
        if blocks[b, 0] > right or blocks[b, 2] < left or blocks[b, 1] > bottom or blocks[b, 3] < top:
            continue
        for i in range(b * BLOCK, min(len(boxes), (b + 1) * BLOCK)):
            if boxes[i, 0] > right or boxes[i, 2] < left or boxes[i, 1] > bottom or boxes[i, 3] < top:
                continue
            found[n] = i
            within[n] = boxes[i, 0] >= left and boxes[i, 2] <= right and boxes[i, 1] >= top and boxes[i, 3] <= bottom
            n += 1
    return n


@njit(cache=True, nogil=True)
def put_bytes(out: Bytes, at: int, source: Bytes, first: int, last: int) -> int:
    """Copy bytes; returns where the next byte goes."""
    for k in range(last - first):
        out[at + k] = source[first + k]
    return at + last - first


@njit(cache=True, nogil=True)
def put_ring(out: Bytes, at: int, rings: Rings, r: int, cursor: Int64s) -> int:
    """Write a ring from where the cursor is, and move it; returns where the next byte goes."""
    first, last = rings.starts[r], rings.starts[r + 1]
    x, y = cursor[0], cursor[1]
    for i in range(first, last):
        if i == first:
            at = put_varint(out, at, MOVE_ONCE)
        elif i == first + 1:
            at = put_varint(out, at, line_to(last - first - 1))
        at = put_varint(out, at, zigzag(rings.x[i] - x))
        at = put_varint(out, at, zigzag(rings.y[i] - y))
        x, y = rings.x[i], rings.y[i]
    cursor[0], cursor[1] = x, y
    return put_varint(out, at, CLOSE)


@njit(cache=True, nogil=True, inline="always")
def put_front(columns: Columns, i: int, value_number: int, shape: int, out: Bytes, at: int) -> int:
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
    out[at], out[at + 1], out[at + 2] = KIND, columns.kind, GEOMETRY
    return put_varint(out, at + 3, shape)


@njit(cache=True, nogil=True, inline="always")
def put_within(columns: Columns, i: int, west: int, north: int, value_number: int, out: Bytes, at: int) -> int:
    """Write a feature that lies within the tile; returns where the next byte goes."""
    x, y = zigzag(int(columns.first[i, 0]) - west), zigzag(int(columns.first[i, 1]) - north)
    first, last = columns.rest_starts[i], columns.rest_starts[i + 1]
    shape = 1 + varint_size(x) + varint_size(y) + int(last - first)
    at = put_front(columns, i, value_number, shape, out, at)
    at = put_varint(out, put_varint(out, put_varint(out, at, MOVE_ONCE), x), y)
    return put_bytes(out, at, columns.rest, int(first), int(last))


@njit(cache=True, nogil=True, inline="always")
def put_cut(
    columns: Columns, i: int, value_number: int, rings: Rings, count: int, shape: Bytes, out: Bytes, at: int
) -> int:
    """
    Write a feature of which so many rings are left; `shape` is space for its geometry.

    Returns where the next byte goes, or `UNCLEAR` if there is no room.
    """
    size = put_shape(rings, count, shape)
    if at + size + HEAD + MOST_TAG * (columns.key_starts[i + 1] - columns.key_starts[i]) > len(out):
        return UNCLEAR
    return put_bytes(out, put_front(columns, i, value_number, size, out, at), shape, 0, size)


@njit(cache=True, nogil=True)
def put_shape(rings: Rings, count: int, shape: Bytes) -> int:
    """Write the geometry of an area in tile units; returns how many bytes it takes."""
    size, cursor = 0, np.zeros(2, np.int64)
    for r in range(count):
        size = put_ring(shape, size, rings, r, cursor)
    return size


@njit(cache=True, nogil=True)
def shape_room(rings: Rings) -> Bytes:
    """Space for the geometry of any rings that there is room for."""
    return np.empty(11 * (len(rings.x) + 3 * len(rings.starts)), np.uint8)


class Workshop(NamedTuple):
    """Space for cutting the features on the border of a tile: a polygon, its rest, the feature's rest and its bytes."""

    space: Space
    part: Rings
    whole: Rings
    shape: Bytes


@njit(cache=True, nogil=True)
def workshop(vertices: int, rings: int) -> Workshop:
    """Space for cutting any feature of up to so many vertices in so many rings."""
    whole = room(vertices, rings)
    return Workshop(space(vertices, rings), room(vertices, rings), whole, shape_room(whole))


@njit(cache=True, nogil=True, inline="always")
def sides_of(columns: Columns, i: int, west: int, north: int, low: int, high: int) -> int:
    """By their bits, the sides of the tile's square that a feature reaches beyond: west, east, north, south."""
    box = columns.boxes[i]
    sides = 1 if box[0] < west + low else 0
    sides |= 2 if box[2] > west + high else 0
    sides |= 4 if box[1] < north + low else 0
    return sides | (8 if box[3] > north + high else 0)


@njit(cache=True, nogil=True, inline="always")
def cut_part(
    columns: Columns, part: int, west: int, north: int, low: int, high: int, sides: int, taken: Space, out: Rings
) -> int:
    """Cut one polygon of a feature to the tile's square; returns how many rings `out` has, or `clip.UNCLEAR`."""
    first, last = columns.rings[part], columns.rings[part + 1]
    rings, count, at = taken.rings, 0, 0
    rings.starts[0] = 0
    for r in range(first, last):
        a, b = columns.vertices[r], columns.vertices[r + 1]
        at = shorten(columns.x[a:b], columns.y[a:b], west, north, low, high, rings, at)
        count += 1
        rings.starts[count] = at
    return cut(taken, count, low, high, sides, out)


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True, inline="always")
def cut_feature(columns: Columns, i: int, west: int, north: int, low: int, high: int, shop: Workshop) -> int:
    """
    Cut an area that a tile's border crosses.

    Returns how many rings are left of it in `shop.whole`: 0 if nothing is, less if what is left is not plain.
    """
    first, last, sides = columns.parts[i], columns.parts[i + 1], sides_of(columns, i, west, north, low, high)
    if last - first == 1:
        return cut_part(columns, first, west, north, low, high, sides, shop.space, shop.whole)
    count = 0
    shop.whole.starts[0] = 0
    for part in range(first, last):
        found = cut_part(columns, part, west, north, low, high, sides, shop.space, shop.part)
        if found > 0:
            count = add_rings(shop.part, found, shop.whole, count)
        if found < 0 or count < 0:
            return UNCLEAR
    return count if is_plain(shop.whole, count, low, high) else UNCLEAR


@njit(cache=True, nogil=True)
def put_features(
    columns: Columns, found: Int32s, within: NDArray[np.bool_], west: int, north: int, low: int, high: int,
    shop: Workshop, unclear: Int32s, out: Bytes,
) -> tuple[int, int, int, int]:  # fmt: skip
    """
    Write the features of a tile.

    Returns where the next byte goes, how many features were written, how many values they have, and how many are left;
    `found` lists those that were written, and `unclear` those that are left because their cut is not plain.
    """
    at, written, left, values = 0, 0, 0, 0
    for k in range(len(found)):
        i = found[k]
        if within[k]:
            at = put_within(columns, i, west, north, values, out, at)
        else:
            count = cut_feature(columns, i, west, north, low, high, shop)
            after = put_cut(columns, i, values, shop.whole, count, shop.shape, out, at) if count > 0 else count
            if after < 0:
                unclear[left] = i
                left += 1
            if count == 0 or after < 0:
                continue
            at = after
        found[written] = i
        written += 1
        values += int(columns.key_starts[i + 1] - columns.key_starts[i])
    return at, written, values, left


@njit(cache=True, nogil=True)
def room_for(columns: Columns, found: Int32s, within: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Bytes that the features of a tile and their values take at the most; vertices and rings of the largest to cut."""
    size, most_vertices, most_rings = values_size(columns, found), 0, 0
    for k in range(len(found)):
        i = found[k]
        size += HEAD + MOST_TAG * int(columns.key_starts[i + 1] - columns.key_starts[i])
        if within[k]:
            size += int(columns.rest_starts[i + 1] - columns.rest_starts[i])
        else:
            a, b = columns.rings[columns.parts[i]], columns.rings[columns.parts[i + 1]]
            vertices = int(columns.vertices[b] - columns.vertices[a])
            size += 33 * (vertices + 32)
            most_vertices, most_rings = max(most_vertices, vertices), max(most_rings, int(b - a))
    return size, most_vertices, most_rings


@njit(cache=True, nogil=True)
def put_values(columns: Columns, used: Int32s, out: Bytes, at: int) -> int:
    """Write the values of features in their order; returns where the next byte goes."""
    for i in used:
        first, last = columns.key_starts[i], columns.key_starts[i + 1]
        at = put_bytes(out, at, columns.values, int(columns.value_starts[first]), int(columns.value_starts[last]))
    return at


@njit(cache=True, nogil=True)
def values_size(columns: Columns, used: Int32s) -> int:
    """How many bytes the values of features take."""
    size = 0
    for i in used:
        size += int(columns.value_starts[columns.key_starts[i + 1]] - columns.value_starts[columns.key_starts[i]])
    return size


@njit(cache=True, nogil=True)
def encode(columns: Columns, west: int, north: int, low: int, high: int) -> tuple[Bytes, int, Int32s]:
    """The features of a tile and their values, how many values these are, and the features whose cut is not plain."""
    found, within = np.empty(len(columns.ids), np.int32), np.empty(len(columns.ids), np.bool_)
    n = search(columns, west, north, low, high, found, within)
    found, unclear = found[:n], np.empty(n, np.int32)
    size, vertices, rings = room_for(columns, found, within)
    out, shop = np.empty(size, np.uint8), workshop(vertices, rings)
    at, written, count, left = put_features(columns, found, within, west, north, low, high, shop, unclear, out)
    at = put_values(columns, found[:written], out, at)
    return out[:at], count, unclear[:left]


@njit(cache=True, nogil=True)
def rest_of_areas(parts: Int64s, rings: Int64s, vertices: Int64s, x: Int32s, y: Int32s) -> tuple[Bytes, Int64s]:
    """What follows the first vertex of each area, as a tile has it wherever the tile is; and where each begins."""
    out, at = np.empty(11 * (len(x) + 3 * len(vertices)), np.uint8), 0
    starts, cursor = np.zeros(len(parts), np.int64), np.zeros(2, np.int64)
    whole = Rings(x.astype(np.int64), y.astype(np.int64), vertices)
    for i in range(len(parts) - 1):
        first, last = rings[parts[i]], rings[parts[i + 1]]
        for r in range(first, last):
            begun = at
            if r == first:
                cursor[0], cursor[1] = x[vertices[r]], y[vertices[r]]
            at = put_ring(out, at, whole, r, cursor)
            if r == first:  # the first vertex, one command and two zeros, is the tile's
                at = put_bytes(out, begun, out[begun:at].copy(), 3, at - begun)
        starts[i + 1] = at
    return out[:at].copy(), starts


class Layer(NamedTuple):
    """
    The features of one layer at one zoom, ready for any tile of it.

    Attributes
    ----------
    name, keys
        As bytes of a tile.
    columns
        What the kernels take.
    low, high
        In tile units: the square, beyond which nothing is written.
    """

    name: bytes
    keys: bytes
    columns: Columns
    low: int
    high: int

    def tile(self, x: int, y: int) -> bytes:
        """
        The layer in one tile of its zoom, as bytes of a tile; empty if it has no feature there.

        Parameters
        ----------
        x, y
            Column from the west, row from the north.
        """
        west, north = x * EXTENT, y * EXTENT
        written, count, unclear = encode(self.columns, west, north, self.low, self.high)
        pieces: list[Any] = [written.data]
        for i in unclear.tolist():
            piece = self.by_geos(i, west, north, count)
            count += int(self.columns.key_starts[i + 1] - self.columns.key_starts[i]) if piece else 0
            pieces.append(piece)
        return field(LAYER, b"".join([self.name, self.keys, *pieces, END])) if any(map(len, pieces)) else b""

    def by_geos(self, i: int, west: int, north: int, value_number: int) -> bytes:
        """A feature and its values, cut by GEOS to the tile whose corner is given; empty if nothing is left."""
        area = cut_by_geos(_area_of(self.columns, i, west, north), self.low, self.high)
        if area is None:
            return b""
        found = _rings(np.array([area]))
        rings = Rings(found.x.astype(np.int64), found.y.astype(np.int64), found.vertices)
        shape, alone = shape_room(rings), np.array([i], np.int32)
        keys = int(self.columns.key_starts[i + 1] - self.columns.key_starts[i])
        out = np.empty(HEAD + MOST_TAG * keys + len(shape) + values_size(self.columns, alone), np.uint8)
        at = put_cut(self.columns, i, value_number, rings, len(found.vertices) - 1, shape, out, 0)
        return out[: put_values(self.columns, alone, out, at)].tobytes()


END = bytes([EXTENT_FIELD]) + varint(EXTENT)


class _Rings(NamedTuple):
    parts: Int64s
    rings: Int64s
    vertices: Int64s
    x: Int32s
    y: Int32s


def warm() -> None:
    """Compile the kernels, so that the first tile after an installation is quick."""
    ring = np.array([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.1), (0.1, 0.9)])
    areas = quantised(np.array([shapely.box(0.1, 0.1, 0.2, 0.2), shapely.make_valid(shapely.Polygon(ring))]), 3)
    drawn = layer_of_areas("warm", np.arange(2), areas, {"n": [1, 2]})
    for x in range(8):
        drawn.tile(x, 1)
    layer_of_points("warm", np.arange(1), np.zeros((1, 2)), {}).tile(0, 0)
    drawn.by_geos(1, 0, 0, 0)


def layer_of_areas(name: str, ids: Int64s, areas: Geometries, attributes: Attributes) -> Layer:
    """
    A layer of areas.

    Parameters
    ----------
    name
        Of the layer.
    ids
        Permanent ids, zero or more, shape (n,).
    areas
        From `quantise.quantised`, shape (n,); features near each other in the order are found faster.
    attributes
        Columns of n values by their names; None is left out of the tile.
    """
    found = _rings(areas)
    rest, rest_starts = rest_of_areas(found.parts, found.rings, found.vertices, found.x, found.y)
    return _layer(
        name, POLYGON, ids, attributes, shapely.bounds(areas), found, rest, rest_starts, (-BUFFER, EXTENT + BUFFER)
    )


def layer_of_points(name: str, ids: Int64s, places: NDArray[np.float64], attributes: Attributes) -> Layer:
    """
    A layer of points, each in the one tile that it lies in; on the border between two, in the eastern or southern one.

    Parameters
    ----------
    name, ids, attributes
        As of `layer_of_areas`.
    places
        In tile units of the zoom, shape (n, 2); they are rounded down.
    """
    at = np.floor(places).astype(np.int32)
    nothing = np.zeros(len(at) + 1, np.int64)
    found = _Rings(nothing, np.zeros(1, np.int64), np.zeros(1, np.int64), at[:, 0].copy(), at[:, 1].copy())
    return _layer(
        name, POINT, ids, attributes, np.hstack([at, at]), found, np.empty(0, np.uint8), nothing, (0, EXTENT - 1)
    )


def _layer(
    name: str, kind: int, ids: Int64s, attributes: Attributes, boxes: NDArray[Any], found: _Rings, rest: Bytes,
    rest_starts: Int64s, square: tuple[int, int],
) -> Layer:  # fmt: skip
    key_starts, keys, values, value_starts = _attributes(attributes, len(ids))
    firsts = found.vertices[found.rings[found.parts[:-1]]] if kind == POLYGON else np.arange(len(ids))
    bounds = np.ascontiguousarray(boxes, dtype=np.int32).reshape(-1, 4)
    columns = Columns(
        kind=kind,
        ids=np.ascontiguousarray(ids, dtype=np.int64),
        boxes=bounds,
        block_boxes=_block_boxes(bounds),
        first=np.column_stack([found.x[firsts], found.y[firsts]]),
        rest=rest,
        rest_starts=rest_starts,
        key_starts=key_starts,
        keys=keys,
        values=values,
        value_starts=value_starts,
        parts=found.parts,
        rings=found.rings,
        vertices=found.vertices,
        x=found.x,
        y=found.y,
    )
    version = bytes([VERSION, 2])
    named = b"".join(field(KEY, key.encode()) for key in attributes)
    return Layer(version + field(NAME, name.encode()), named, columns, *square)


def _rings(areas: Geometries) -> _Rings:
    """Areas as flat arrays; no vertex is there twice in a row."""
    parts, of_part = shapely.get_parts(areas, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    places, of_vertex = shapely.get_coordinates(rings, return_index=True)
    places = places.astype(np.int32)
    # A ring's last vertex is its first again, and it always goes.
    kept = np.zeros(len(places), np.bool_)
    kept[:-1] = (of_vertex[1:] == of_vertex[:-1]) & (places[1:] != places[:-1]).any(axis=1)
    places, of_vertex = places[kept], of_vertex[kept]
    return _Rings(
        _starts(of_part, len(areas)), _starts(of_ring, len(parts)), _starts(of_vertex, len(rings)),
        np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1]),
    )  # fmt: skip


def _starts(owners: NDArray[Any], count: int) -> Int64s:
    return np.searchsorted(owners, np.arange(count + 1)).astype(np.int64)


def _block_boxes(boxes: Int32s) -> Int32s:
    starts = np.arange(0, len(boxes), BLOCK)
    if not len(starts):
        return np.empty((0, 4), np.int32)
    least, most = np.minimum.reduceat(boxes, starts), np.maximum.reduceat(boxes, starts)
    return np.column_stack([least[:, :2], most[:, 2:]])


def _attributes(attributes: Attributes, count: int) -> tuple[Int64s, Bytes, Bytes, Int64s]:
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


def _area_of(columns: Columns, i: int, west: int, north: int) -> Any:
    """An area of the columns, moved to a tile."""
    parts = []
    for part in range(columns.parts[i], columns.parts[i + 1]):
        rings = [
            np.column_stack([columns.x[a:b], columns.y[a:b]]) - (west, north)
            for a, b in (columns.vertices[r : r + 2] for r in range(columns.rings[part], columns.rings[part + 1]))
        ]
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.MultiPolygon(parts)
