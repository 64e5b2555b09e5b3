"""Which features of a layer reach into a tile's square: those that lie within it, and those that its border crosses."""

from typing import NamedTuple

import numpy as np

from tiles.columns import BLOCK, Columns, Int32s, Int64s
from tiles.excursions import Box
from tiles.kernels import bare, inlined, taking


class Square(NamedTuple):
    """A tile as a layer sees it: its north-western corner, and from where to where beyond it features are written."""

    west: int
    north: int
    low: int
    high: int


@inlined
def widened(square: Square, by: int) -> Square:
    """A square about the same tile that is larger on all sides."""
    return Square(square.west, square.north, square.low - by, square.high + by)


@inlined
def box_of(square: Square) -> Box:
    """A square in the tile units of the world."""
    west, north = square.west, square.north
    return Box(west + square.low, west + square.high, north + square.low, north + square.high)


class Found(NamedTuple):
    """
    The features that a tile shows, one layer after another.

    Attributes
    ----------
    whole, whole_starts
        Those that lie within its square, and where those of a layer begin.
    crossed, crossed_starts
        Those that its border crosses.
    """

    whole: Int32s
    whole_starts: Int64s
    crossed: Int32s
    crossed_starts: Int64s


@bare
def square_of(columns: Columns, layer: int, west: int, north: int) -> Square:
    """The square of a layer about the tile at a corner."""
    return Square(west, north, columns.lows[layer], columns.highs[layer])


@bare
def search(columns: Columns, layer: int, square: Square, found: Found) -> None:
    """Add the features of a layer that reach into a square to those of the layers before it."""
    left, right, top, bottom = box_of(square)
    boxes, blocks = columns.boxes, columns.block_boxes
    whole, crossed = found.whole_starts[layer], found.crossed_starts[layer]
    first, last = columns.features[layer], columns.features[layer + 1]
    for b in range(columns.blocks[layer], columns.blocks[layer + 1]):
        if not (blocks[b, 0] > right or blocks[b, 2] < left or blocks[b, 1] > bottom or blocks[b, 3] < top):
            for i in range(first, min(last, first + BLOCK)):
                if boxes[i, 0] > right or boxes[i, 2] < left or boxes[i, 1] > bottom or boxes[i, 3] < top:
                    continue
                if boxes[i, 0] >= left and boxes[i, 2] <= right and boxes[i, 1] >= top and boxes[i, 3] <= bottom:
                    found.whole[whole] = i
                    whole += 1
                else:
                    found.crossed[crossed] = i
                    crossed += 1
        first += BLOCK
    found.whole_starts[layer + 1], found.crossed_starts[layer + 1] = whole, crossed


@taking
def room_to_find(columns: Columns) -> Found:
    """Space for what a search finds."""
    most, layers = len(columns.ids), len(columns.kinds)
    return Found(
        np.empty(most, np.int32), np.zeros(layers + 1, np.int64),
        np.empty(most, np.int32), np.zeros(layers + 1, np.int64),
    )  # fmt: skip


@taking
def whole_of(found: Found, layer: int) -> Int32s:
    """The features of a layer that were found within the square."""
    return found.whole[found.whole_starts[layer] : found.whole_starts[layer + 1]]


@taking
def crossed_of(found: Found, layer: int) -> Int32s:
    """The features of a layer that the border of the square was found to cross."""
    return found.crossed[found.crossed_starts[layer] : found.crossed_starts[layer + 1]]
