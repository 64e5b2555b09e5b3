"""
How the cell index lies in memory: slots, leaves, edges, and the rule that gives each point its cell.

A square grid of cells covers the polygons. The *slot* of a cell holds, as one number:

- zero or more: no edge comes near the cell, and this is its owner plus one (0: nobody's);
- less than zero: ``~slot`` is an offset and a tag in the low bits: a leaf, or a finer grid in the place of the cell.

A *leaf* describes the edges that come near its cell, in units of eight bytes:

=========  ==============================================================================================
line       one edge, right through: a, b, c of its line (float32); owners left and right, the edge (int32)
wedge      two edges that meet, right through: two lines; owners left and right, two edges, ``~edge`` if the
           edge runs against the chain. The left side is where both are positive if the chain turns left,
           where one is if it turns right
junction   anything else: a reference point off all edges (2 float64), the sum of (owner + 1) and the count of
           the units that cover it, the number of edges, where `crowds` lists these units if they are several
           (4 int32), then each edge with the reference on its right (4 float64) and its owners (2 int32)
=========  ==============================================================================================

A line in float32 decides a point that is further from it than `NEAR`; nearer, the edges themselves do, exactly.

References
----------
Kipf et al. (2020), Adaptive Main-Memory Indexing for High-Performance Point-Polygon Joins, EDBT.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float64s = NDArray[np.float64]
Int32s = NDArray[np.int32]
Float32s = NDArray[np.float32]

LINE, WEDGE_LEFT, WEDGE_RIGHT, JUNCTION, FINER = 0, 1, 2, 3, 4
"""Tags of a slot; ``FINER + n`` is a grid of 2^n x 2^n cells in the place of one."""
TAG_BITS = 4
TAG_MASK = (1 << TAG_BITS) - 1
FINEST = 6
"""A finer grid has at most 2^6 x 2^6 cells."""
MOST_OFFSET = 2**31 // (1 << TAG_BITS)

LINE_SIZE, WEDGE_SIZE, JUNCTION_SIZE, EDGE_SIZE = 3, 5, 4, 5
"""Sizes in units of eight bytes; a junction has `EDGE_SIZE` more for each edge."""

NEAR = 2e-6
"""
In cells: three times what a line in float32 can be wrong by. The coefficients are at most 1, 1 and 1.5: rounding them
costs 1.2e-7, rounding the point's place in its cell 0.6e-7, computing 2.7e-7, and the place itself is within 1e-7 on
a grid of up to 2^24 columns.
"""


class Cells(NamedTuple):
    """
    The arrays of one index; kernels take it whole.

    Attributes
    ----------
    x0, y0
        Lower left corner of the grid.
    per_unit
        Cells per unit of a coordinate.
    columns, rows
        Extent of the grid; its slots come first in `slots`, row by row.
    slots
        Of the grid and of all finer grids.
    leaves
        The leaves, one after another.
    words, singles
        The same memory as int32 and as float32.
    edges
        Distinct edges, shape (e, 4): x, y of both ends.
    crowds
        Lists of the units that cover a junction's reference: their number, then their slots.
    """

    x0: float
    y0: float
    per_unit: float
    columns: int
    rows: int
    slots: Int32s
    leaves: Float64s
    words: Int32s
    singles: Float32s
    edges: Float64s
    crowds: Int32s


@njit(cache=True, nogil=True)
def packed(offset: int, tag: int) -> int:
    """The slot that leads to `offset` with `tag`."""
    return ~((offset << TAG_BITS) | tag)
