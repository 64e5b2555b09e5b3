"""
Rings without their excursions beyond a square: what a cut need not look at, left out by whole stretches.

The plane about a square falls into five: what lies west of it, what lies east, between these what lies north and what
lies south, and the square. The four outer ones are convex, and each is parted from the others and from the square by
the lines that a cut runs along. Hence a run of vertices in one of them may be replaced by the chord from its first to
its last, which crosses these lines where the run did, which is nowhere.
"""

from typing import NamedTuple

from tiles.clip import Rings
from tiles.columns import STRETCH, Int32s
from tiles.kernels import bare, inlined

WITHIN, WEST, EAST, NORTH, SOUTH = range(5)


class Box(NamedTuple):
    """A square in the tile units of the world, its borders included."""

    left: int
    right: int
    top: int
    bottom: int


@inlined
def region(box: Box, x: int, y: int) -> int:
    """In which of the five a vertex lies."""
    if x < box.left:
        return WEST
    if x > box.right:
        return EAST
    return NORTH if y < box.top else (SOUTH if y > box.bottom else WITHIN)


@inlined
def region_of_stretch(box: Box, span: Int32s) -> int:
    """In which of the four outer ones a whole stretch lies; `WITHIN` if in none of them."""
    if span[1] < box.left:
        return WEST
    if span[0] > box.right:
        return EAST
    if span[0] < box.left or span[1] > box.right:
        return WITHIN
    return NORTH if span[3] < box.top else (SOUTH if span[2] > box.bottom else WITHIN)


@bare
def kept_at_most(box: Box, vertices: int, spans: Int32s) -> int:
    """How many of a ring's vertices `shorten` keeps at the most."""
    kept = 0
    for b in range(len(spans)):
        size = min(STRETCH, vertices - b * STRETCH)
        kept += size if region_of_stretch(box, spans[b]) == WITHIN else 1
    return kept


@bare
def shorten(box: Box, x: Int32s, y: Int32s, spans: Int32s, dx: int, dy: int, out: Rings, at: int) -> int:
    """
    Add a ring, moved by (-dx, -dy), without its excursions; returns where it ends.

    An outline of ten thousand vertices is cut to a small tile in one pass over the spans of its stretches, see
    `columns.Shapes`.
    """
    n, run = len(x), WITHIN
    for b in range(len(spans)):
        first, last = b * STRETCH, min(n, (b + 1) * STRETCH)
        here = region_of_stretch(box, spans[b])
        if here != WITHIN:  # with the vertex after it: of an excursion its first vertex is enough
            if first == 0 or run != here:
                out.x[at], out.y[at] = int(x[first]) - dx, int(y[first]) - dy
                at += 1
                run = here
            continue
        here = region(box, x[first], y[first])
        for i in range(first, last):
            j = i + 1 if i + 1 < n else 0
            after = region(box, x[j], y[j])
            if i == 0 or here == WITHIN or run != here or after != here:
                out.x[at], out.y[at] = int(x[i]) - dx, int(y[i]) - dy
                at += 1
                run = here
            here = after
    return at
