"""Coverages: areas that tile the ground with neither gap nor overlap, and the parents that are their unions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import BadGeometry

Geometries = NDArray[Any]


NARROW = 1e-7
"""Degrees, a centimetre: what is narrower between two areas is no gap that anybody meant."""


class NotACoverage(BadGeometry):
    """The areas overlap, or their shared edges do not match; repair them with `wangge load units --snap-m`."""

    zh = "各区域相互重叠或公共边不一致；请用 wangge load units --snap-m 修复。"


def faults(areas: Geometries) -> NDArray[np.int64]:
    """
    Positions of the areas whose edges break the coverage: an overlap, unequal nodes of a shared edge, or a sliver.

    Parameters
    ----------
    areas
        Polygons and multipolygons, shape (n,).

    Returns
    -------
    ndarray
        Positions in `areas`, ascending; empty if the areas are a coverage.
    """
    edges = shapely.coverage_invalid_edges(areas, gap_width=NARROW)
    return np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))


def require_coverage(areas: Geometries, names: list[str]) -> None:
    """Raise `NotACoverage` with the names of the first areas at fault, if any is."""
    if shapely.coverage_is_valid(areas, gap_width=NARROW):
        return
    wrong = [names[i] for i in faults(areas)]
    raise NotACoverage(f"{len(wrong)} at fault, among them {', '.join(wrong[:5])}.")


def area_faults(areas: Geometries) -> dict[int, str]:
    """
    Why some geometries are no areas on earth in degrees: missing, of another kind, crossing themselves, astray.

    Parameters
    ----------
    areas
        Geometries or None, shape (n,).

    Returns
    -------
    dict
        The reason by position; empty if all are areas.
    """
    west, south, east, north = shapely.bounds(areas).T
    with np.errstate(invalid="ignore"):
        on_earth = (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
    kind = np.isin(shapely.get_type_id(areas), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    valid = shapely.is_valid(areas)
    faulty = np.flatnonzero(~(valid & kind & on_earth))
    return {int(i): _why(areas[i], bool(valid[i]), bool(kind[i])) for i in faulty}


def _why(area: Any, valid: bool, kind: bool) -> str:
    if area is None or area.is_empty:
        return "it has none"
    if not kind:
        return f"a {area.geom_type} is no area"
    return "it does not lie on earth in degrees" if valid else str(shapely.is_valid_reason(area))


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
        # Normalised, so that the same area has the same nodes in the same order whatever the order of its parts.
        made[parent] = shapely.normalize(shapely.coverage_union_all(parts))
    return made


def _deepest_first(children: Mapping[str, Sequence[str]]) -> list[str]:
    below = {child for group in children.values() for child in group}
    order: list[str] = []
    front = [parent for parent in children if parent not in below]
    while front:
        order.extend(front)
        front = [child for parent in front for child in children[parent] if child in children]
    return order[::-1]
