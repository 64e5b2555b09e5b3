"""Which part of each former area went to which new one: of its ground, and of the points that lie in it."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.locate import CellIndex, Geometries
from geo.repair import square_metres

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LEAST_M2 = 1.0
"""What is smaller than a square metre went nowhere: two drawings of one border differ by more."""


@dataclass(frozen=True)
class Points:
    """
    Places with a weight, in EPSG:4326.

    Attributes
    ----------
    lon, lat, weight
        Each of shape (n,).
    """

    lon: FloatArray
    lat: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class Handed:
    """
    The pairs of former and new areas that share ground, each array of shape (m,).

    Attributes
    ----------
    former, new
        Positions in the areas given.
    area
        The share of the former area, greater than 0.
    """

    former: IntArray
    new: IntArray
    area: FloatArray


def handed(former: Geometries, new: Geometries) -> Handed:
    """
    Which former areas went to which new ones.

    Parameters
    ----------
    former, new
        Two coverages of the same ground in EPSG:4326, shapes (n,) and (k,).
    """
    pairs = shapely.STRtree(former).query(new, predicate="intersects")[::-1]
    common = square_metres(shapely.intersection(former[pairs[0]], new[pairs[1]]))
    pairs, common = pairs[:, common > LEAST_M2], common[common > LEAST_M2]
    return Handed(pairs[0], pairs[1], np.minimum(common / square_metres(former)[pairs[0]], 1.0))


def shares(pairs: Handed, former: Geometries, new: Geometries, points: Points) -> FloatArray:
    """
    The share of each former area's points that went to the new one, by weight, shape (m,); NaN where it had none.

    Parameters
    ----------
    pairs
        From `handed`, of the same areas.
    former, new
        In the order of permanent ids: a point on a shared edge counts for the first.
    points
        What is counted.
    """
    counts = np.zeros((len(former) + 1, len(new) + 1))  # the last row and column take what lies outside
    at = CellIndex.build(former).locate(points.lon, points.lat), CellIndex.build(new).locate(points.lon, points.lat)
    np.add.at(counts, at, points.weight)
    whole = counts.sum(axis=1)[pairs.former]
    return np.divide(counts[pairs.former, pairs.new], whole, out=np.full(len(whole), np.nan), where=whole > 0)
