"""Coverages: areas that tile the ground with neither gap nor overlap, and the parents that are their unions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import BadGeometry

Geometries = NDArray[Any]


class NotACoverage(BadGeometry):
    """The areas overlap, or their shared edges do not match; repair them with `wangge load units --snap-m`."""

    zh = "各区域相互重叠或公共边不一致；请用 wangge load units --snap-m 修复。"


def faults(areas: Geometries) -> NDArray[np.int64]:
    """
    Positions of the areas whose edges break the coverage: an overlap, or a shared edge with unequal nodes.

    Parameters
    ----------
    areas
        Polygons and multipolygons, shape (n,).

    Returns
    -------
    ndarray
        Positions in `areas`, ascending; empty if the areas are a coverage.
    """
    edges = shapely.coverage_invalid_edges(areas)
    return np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))


def require_coverage(areas: Geometries, names: list[str]) -> None:
    """Raise `NotACoverage` with the names of the first areas at fault, if any is."""
    if shapely.coverage_is_valid(areas):
        return
    wrong = [names[i] for i in faults(areas)]
    raise NotACoverage(f"{len(wrong)} areas, among them {', '.join(wrong[:5])}.")


def multi(areas: Geometries) -> Geometries:
    """The same areas as multipolygons, which is how they are stored."""
    single = shapely.get_type_id(areas) == shapely.GeometryType.POLYGON
    out = areas.copy()
    out[single] = shapely.multipolygons(areas[single][:, np.newaxis])
    return out


def unions(children: Mapping[str, Sequence[str]], areas: Mapping[str, Any]) -> dict[str, Any]:
    """
    The area of each parent, as the union of its children's, however many levels lie between.

    Parameters
    ----------
    children
        The children of each parent; the relation has no cycle.
    areas
        The areas of those that have no children; together they are a valid coverage.

    Returns
    -------
    dict
        The area of every parent.
    """
    made: dict[str, Any] = {}
    for parent in _deepest_first(children):
        parts = [made[child] if child in made else areas[child] for child in children[parent]]
        made[parent] = shapely.coverage_union_all(parts)
    return made


def _deepest_first(children: Mapping[str, Sequence[str]]) -> list[str]:
    below = {child for group in children.values() for child in group}
    order: list[str] = []
    front = [parent for parent in children if parent not in below]
    while front:
        order.extend(front)
        front = [child for parent in front for child in children[parent] if child in children]
    return order[::-1]
