"""
Signs that are never wrong: on which side of a line a point lies, in doubles.

A float filter decides nearly always; what it cannot decide is computed without rounding, as an
expansion: a sum of doubles that do not overlap, whose last nonzero term has the sign of the whole.

numba keeps compiled kernels beside each source file and looks at that file alone: whoever changes this
one must remove the ``*.nbi`` files of ``geo/__pycache__``, or the callers keep the old signs.

References
----------
Shewchuk (1997), Adaptive precision floating-point arithmetic and fast robust geometric predicates,
Discrete & Computational Geometry 18(3).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LARGEST = 1e30
SMALLEST = 1e-60
"""Vertices are zero or between these in magnitude: their products then neither overflow nor underflow."""

FILTER = 3.3306690738754716e-16  # (3 + 16 u) u with u = 2^-53: Shewchuk's ccwerrboundA
UNDERFLOW = 1e-290  # what products of admitted coordinates may lose below the smallest normal double
SPLITTER = 134217729.0  # 2^27 + 1 cuts a double into two halves whose products are exact
LIFT = 2.0**400  # a power of two: exact, and it brings 5e-324 beside a vertex of 180 back into range


@njit(cache=True, nogil=True)
def two_sum(a: float, b: float) -> tuple[float, float]:
    """``a + b`` rounded, and the exact error of that rounding (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@njit(cache=True, nogil=True)
def two_product(a: float, b: float) -> tuple[float, float]:
    """``a * b`` rounded, and the exact error of that rounding (Dekker, Veltkamp)."""
    product = a * b
    cut = SPLITTER * a
    a_high = cut - (cut - a)
    a_low = a - a_high
    cut = SPLITTER * b
    b_high = cut - (cut - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(cache=True, nogil=True)
def grow(terms: np.ndarray, size: int, value: float) -> int:
    """Add a double to an expansion of `size` terms without rounding; the new size (Shewchuk's Grow-Expansion)."""
    for i in range(size):
        value, terms[i] = two_sum(value, terms[i])
    terms[size] = value
    return size + 1


@njit(cache=True, nogil=True)
def exact_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    """
    The sign of ``(a - p) x (b - p)`` as 1.0, 0.0 or -1.0, computed without rounding.

    The determinant is multiplied out into six products of the coordinates as given, because their
    differences are already rounded.
    """
    ax, ay, bx, by, px, py = ax * LIFT, ay * LIFT, bx * LIFT, by * LIFT, px * LIFT, py * LIFT
    left = (ax, -ax, -px, -ay, ay, py)
    right = (by, py, by, bx, px, bx)
    terms = np.empty(12)
    size = 0
    for i in range(6):
        product, error = two_product(left[i], right[i])
        size = grow(terms, size, error)
        size = grow(terms, size, product)
    for i in range(size - 1, -1, -1):
        if terms[i] != 0.0:
            return 1.0 if terms[i] > 0.0 else -1.0
    return 0.0


@njit(cache=True, nogil=True)
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    """
    Where p lies as seen along a -> b: positive left, negative right, 0.0 exactly on the line.

    Coordinates of a and b are zero or of magnitude `SMALLEST` to `LARGEST`, those of p at most `LARGEST`.
    """
    first = (ax - px) * (by - py)
    second = (ay - py) * (bx - px)
    determinant = first - second
    bound = FILTER * (abs(first) + abs(second)) + UNDERFLOW
    if determinant > bound or determinant < -bound:
        return determinant
    return exact_side(ax, ay, bx, by, px, py)


@njit(cache=True, nogil=True)
def edge_side(edges: NDArray[np.float64], edge: int, x: float, y: float) -> float:
    """The side of a point as seen along a row of `edges` (x, y of both ends), or against it if `edge` is inverted."""
    e = edge if edge >= 0 else ~edge
    s = side(edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3], x, y)
    return s if edge >= 0 else -s


@njit(cache=True, nogil=True)
def in_box(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> bool:
    """Whether p lies in the closed box of a and b: for a p on their line, whether it is on the segment."""
    return min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by)


@njit(cache=True, nogil=True)
def parted(ax: float, ay: float, bx: float, by: float, px: float, py: float, qx: float, qy: float) -> bool:
    """
    Whether the line p -> q passes between a and b, the line itself counting as its left.

    Counting a vertex on the line to one side is what makes two edges that meet there be crossed once, not twice.
    """
    return (side(px, py, qx, qy, ax, ay) >= 0.0) != (side(px, py, qx, qy, bx, by) >= 0.0)
