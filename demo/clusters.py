"""Groups of points on the plane: parts of wanted sizes, which is how ground is shared out before lines are drawn."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_ENOUGH = 120  # points a part, to find where it lies


def lattice(area: Any, spacing: float, rng: np.random.Generator) -> FloatArray:
    """
    Points spread evenly over an area: one at random in each cell of a square lattice.

    Parameters
    ----------
    area
        A polygon or multipolygon, in metres.
    spacing
        Side of a cell, in metres.
    rng
        Draws the point in each cell.

    Returns
    -------
    ndarray
        Shape (n, 2).
    """
    x0, y0, x1, y1 = shapely.bounds(area)
    x, y = np.meshgrid(np.arange(x0, x1, spacing), np.arange(y0, y1, spacing))
    points = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(0, spacing, (x.size, 2))
    shapely.prepare(area)
    return points[shapely.contains_xy(area, points[:, 0], points[:, 1])]


def share_out(
    points: FloatArray,
    sites: FloatArray,
    shares: FloatArray,
    fixed: NDArray[np.bool_] | None = None,
    rounds: int = 24,
) -> tuple[FloatArray, IntArray]:
    """
    Share points out among sites by a power diagram whose parts approach the wanted shares.

    Parameters
    ----------
    points
        Shape (n, 2), in metres, spread evenly.
    sites
        Where the k parts begin, shape (k, 2).
    shares
        Wanted sizes, shape (k,), of any sum.
    fixed
        Sites that stay where they are, shape (k,); the others move to the middle of their part.
    rounds
        How often sizes and sites are corrected.

    Returns
    -------
    sites, labels
        Shapes (k, 2) and (n,).
    """
    wanted = shares / shares.sum()
    step = 0.3 * float(np.prod(np.ptp(points, axis=0) + 1.0))
    weights = np.zeros(len(sites))
    held = np.zeros(len(sites), dtype=bool) if fixed is None else fixed
    sample = points[:: max(1, len(points) // (_ENOUGH * len(sites)))]
    for left in range(rounds, 0, -1):
        labels = _nearest(sample, sites, weights)
        counts = np.bincount(labels, minlength=len(sites))
        weights += (wanted - counts / len(sample)) * step * (left / rounds + 0.2)
        middle = np.column_stack([np.bincount(labels, sample[:, axis], len(sites)) for axis in (0, 1)])
        sites = np.where((held | (counts == 0))[:, None], sites, middle / np.maximum(counts, 1)[:, None])
    return sites, _without_empty(points, sites, _nearest(points, sites, weights))


def _without_empty(points: FloatArray, sites: FloatArray, labels: IntArray) -> IntArray:
    """Give a part that came out empty the half of the largest part that is nearer to its site."""
    counts = np.bincount(labels, minlength=len(sites))
    for empty in np.flatnonzero(counts == 0):
        largest = np.flatnonzero(labels == np.bincount(labels, minlength=len(sites)).argmax())
        away = ((points[largest] - sites[empty]) ** 2).sum(axis=1)
        labels[largest[np.argsort(away, kind="stable")[: len(largest) // 2]]] = empty
    return labels


def starts(points: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """`count` of the points, far from each other: each is the farthest of eight drawn at random."""
    chosen = [points[rng.integers(len(points))]]
    for _ in range(count - 1):
        drawn = points[rng.integers(len(points), size=8)]
        apart = ((drawn[:, None] - np.array(chosen)[None]) ** 2).sum(axis=2).min(axis=1)
        chosen.append(drawn[apart.argmax()])
    return np.array(chosen)


def reading_order(points: FloatArray) -> IntArray:
    """Positions of points as one reads: bands from north to south, and from west to east in each."""
    bands = max(1, round(len(points) ** 0.5))
    rank = np.argsort(np.argsort(-points[:, 1], kind="stable"), kind="stable")
    return np.lexsort((points[:, 0], rank * bands // len(points)))


def bisect(points: FloatArray, parts: int) -> IntArray:
    """Labels of `parts` parts of nearly equal numbers, cut again and again across the longer side."""
    labels = np.zeros(len(points), dtype=np.int64)
    if parts == 1:
        return labels
    along = points[:, np.ptp(points, axis=0).argmax()]
    half = parts // 2
    order = np.argsort(along, kind="stable")
    size = round(len(points) * half / parts)
    labels[order[:size]] = bisect(points[order[:size]], half)
    labels[order[size:]] = half + bisect(points[order[size:]], parts - half)
    return labels


def split_evenly(total: int, count: int, low: int, high: int, rng: np.random.Generator) -> IntArray:
    """`count` different whole numbers in [low, high] that add up to `total`."""
    mean = total / count
    noise = rng.uniform(-1, 1, count)
    noise -= noise.mean()
    room = min(high - mean, mean - low) / max(float(np.abs(noise).max()), 1e-9)
    return _rounded(mean + noise * 0.98 * max(room, 0.0), total)


def by_weight(total: int, weights: FloatArray) -> IntArray:
    """Whole numbers in proportion to weights that add up to `total`."""
    return _rounded(total * weights / weights.sum(), total)


def _rounded(values: FloatArray, total: int) -> IntArray:
    whole = np.floor(values + 1e-9).astype(np.int64)
    rest = np.argsort(whole - values, kind="stable")[: total - int(whole.sum())]
    whole[rest] += 1
    return whole


def _nearest(points: FloatArray, sites: FloatArray, weights: FloatArray) -> IntArray:
    # |p - s|² - w without |p|², which is the same for all sites.
    return (points @ (-2.0 * sites.T) + ((sites**2).sum(axis=1) - weights)).argmin(axis=1)
