"""
Mapbox vector tiles (2.1) out of memory: what lies inside of a tile is copied, what its border crosses is cut.

`layer_of_areas` and `layer_of_points` prepare the features of one zoom: geometry as whole tile units of the whole
world, and already written as a tile has it but for its first place, which is the only part that depends on the tile.
`Layers.tile` then has `tiles.encode` find the features of a tile, copy these bytes, and cut the few areas on the border
by `tiles.clip`; those whose cut is not plain go to GEOS.

References
----------
Mapbox Vector Tile Specification 2.1, sections 4.3 (geometry) and 4.4 (attributes).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.clip import Rings
from tiles.columns import (
    Attributes,
    Columns,
    Geometries,
    Int32s,
    Int64s,
    Shapes,
    attributes_of,
    block_boxes,
    no_shapes,
    shapes_of_areas,
    stacked,
)
from tiles.encode import HEAD, MOST_TAG, encode, put_cut, put_values, rest_of_areas, shape_room, values_size
from tiles.quantise import EXTENT, cut_by_geos, quantised
from tiles.wire import EXTENT as EXTENT_FIELD
from tiles.wire import KEY, LAYER, NAME, POINT, POLYGON, VERSION, Bytes, field, varint

BUFFER = 64
"""Tile units that areas reach beyond their tile, so that outlines along its border are not seen."""
END = bytes([EXTENT_FIELD]) + varint(EXTENT)
LAYER_TAG = bytes([LAYER])


class Layers(NamedTuple):
    """
    Layers of one zoom, ready for any tile of it.

    Attributes
    ----------
    heads
        Of each layer its version, its name and its keys, as bytes of a tile.
    columns
        What the kernels take.
    """

    heads: tuple[bytes, ...]
    columns: Columns

    def tile(self, x: int, y: int) -> bytes:
        """
        One tile, without the layers that have no feature there; empty if none has.

        Parameters
        ----------
        x, y
            Column from the west, row from the north.
        """
        west, north = x * EXTENT, y * EXTENT
        written, told, unclear = encode(self.columns, west, north)
        more = self._by_geos(unclear, west, north, told[1]) if len(unclear) else {}
        content, begin, pieces = written.data, 0, []
        for number, (head, end) in enumerate(zip(self.heads, told[0].tolist(), strict=True)):
            cut = more.get(number, b"")
            if size := end - begin + len(cut):
                length = varint(len(head) + size + len(END))
                pieces += (LAYER_TAG, length, head, content[begin:end], cut, END)
            begin = end
        return b"".join(pieces)

    def _by_geos(self, unclear: Int32s, west: int, north: int, counts: Int64s) -> dict[int, bytes]:
        """By layer, the features and values that GEOS cuts; counts say how many values each layer has already."""
        pieces: dict[int, bytes] = {}
        numbers = np.searchsorted(self.columns.features, unclear, side="right") - 1
        for i, number in zip(unclear.tolist(), numbers.tolist(), strict=True):
            piece = self.by_geos(i, number, west, north, int(counts[number]))
            if piece:
                counts[number] += self.columns.key_starts[i + 1] - self.columns.key_starts[i]
                pieces[number] = pieces.get(number, b"") + piece
        return pieces

    def by_geos(self, i: int, number: int, west: int, north: int, value_number: int) -> bytes:
        """A feature of a layer and its values, cut by GEOS to the tile at a corner; empty if nothing is left."""
        columns = self.columns
        area = cut_by_geos(_area_of(columns.shapes, i, west, north), columns.lows[number], columns.highs[number])
        if area is None:
            return b""
        found = shapes_of_areas(np.array([area]))
        rings = Rings(found.x.astype(np.int64), found.y.astype(np.int64), found.vertices)
        shape, alone = shape_room(rings), np.array([i], np.int32)
        keys = int(columns.key_starts[i + 1] - columns.key_starts[i])
        out = np.empty(HEAD + MOST_TAG * keys + len(shape) + values_size(columns, alone), np.uint8)
        at = put_cut(columns, POLYGON, i, value_number, rings, len(found.vertices) - 1, shape, out, 0)
        return out[: put_values(columns, alone, out, at)].tobytes()


def warm() -> None:
    """Compile the kernels, so that the first tile after an installation is quick."""
    ring = np.array([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.1), (0.1, 0.9)])
    areas = quantised(np.array([shapely.box(0.1, 0.1, 0.2, 0.2), shapely.make_valid(shapely.Polygon(ring))]), 3)
    drawn = layer_of_areas("warm", np.arange(2), areas, {"n": [1, 2]})
    drawn = together([drawn, layer_of_points("place", np.arange(1), np.zeros((1, 2)), {})])
    for x in range(8):
        drawn.tile(x, 1)
    drawn.by_geos(1, 0, 0, 0, 0)


def together(layers: Sequence[Layers]) -> Layers:
    """Layers of one zoom as those of the same tiles, in their order."""
    heads = tuple(head for layer in layers for head in layer.heads)
    return Layers(heads, stacked([layer.columns for layer in layers]))


def layer_of_areas(name: str, ids: Int64s, areas: Geometries, attributes: Attributes) -> Layers:
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
    shapes = shapes_of_areas(areas)
    firsts = shapes.vertices[shapes.rings[shapes.parts[:-1]]]
    first = np.column_stack([shapes.x[firsts], shapes.y[firsts]])
    square = (POLYGON, -BUFFER, EXTENT + BUFFER)
    return _layer(name, square, ids, attributes, shapely.bounds(areas), first, rest_of_areas(shapes), shapes)


def layer_of_points(name: str, ids: Int64s, places: NDArray[np.float64], attributes: Attributes) -> Layers:
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
    rest = np.empty(0, np.uint8), np.zeros(len(at) + 1, np.int64)
    return _layer(
        name, (POINT, 0, EXTENT - 1), ids, attributes, np.hstack([at, at]), at, rest, no_shapes(len(at))
    )  # fmt: skip


def _layer(
    name: str, square: tuple[int, int, int], ids: Int64s, attributes: Attributes, boxes: NDArray[Any], first: Int32s,
    rest: tuple[Bytes, Int64s], shapes: Shapes,
) -> Layers:  # fmt: skip
    key_starts, keys, values, value_starts = attributes_of(attributes, len(ids))
    bounds = np.ascontiguousarray(boxes, dtype=np.int32).reshape(-1, 4)
    blocks = block_boxes(bounds)
    kind, low, high = (np.array([number]) for number in square)
    columns = Columns(
        kinds=kind,
        lows=low,
        highs=high,
        features=np.array([0, len(ids)]),
        blocks=np.array([0, len(blocks)]),
        ids=np.ascontiguousarray(ids, dtype=np.int64),
        boxes=bounds,
        block_boxes=blocks,
        first=np.ascontiguousarray(first, dtype=np.int32),
        rest=rest[0],
        rest_starts=rest[1],
        key_starts=key_starts,
        keys=keys,
        values=values,
        value_starts=value_starts,
        shapes=shapes,
    )
    named = b"".join(field(KEY, key.encode()) for key in attributes)
    return Layers((bytes([VERSION, 2]) + field(NAME, name.encode()) + named,), columns)


def _area_of(shapes: Shapes, i: int, west: int, north: int) -> Any:
    """An area, moved to a tile."""
    parts = []
    for part in range(shapes.parts[i], shapes.parts[i + 1]):
        rings = [
            np.column_stack([shapes.x[a:b], shapes.y[a:b]]) - (west, north)
            for a, b in (shapes.vertices[r : r + 2] for r in range(shapes.rings[part], shapes.rings[part + 1]))
        ]
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.MultiPolygon(parts)
