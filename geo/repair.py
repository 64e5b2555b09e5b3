"""
Repairs of areas, each of them told: rings that cross themselves, slivers, small overlaps and gaps between units.

Lines are straight in the coordinates they are stored in, and so are the repairs made: in degrees scaled to metres at
one latitude. A projection would bend every border, and open slivers where one area's edge passes another's corner.
"""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import Invalid
from geo.topology import NARROW

Geometries = NDArray[Any]

# Within this width two borders are meant to be one: digitising errors of city data are metres.
GAP_M = 5.0
# Beyond this share of the smaller unit an overlap is no digitising error.
OVERLAP_SHARE = 0.1
_NOTABLE_M2 = 0.01
_A_M = 6378137.0
_E2 = 0.0066943799901413165


class NotACity(Invalid):
    """The areas overlap by far: they are no division of a place into units."""

    zh = "区域大面积重叠，不是对一个地方的划分。"


@dataclass(frozen=True)
class Repair:
    """
    One repair.

    Attributes
    ----------
    what
        ``ring``, ``parts``, ``overlap``, ``gap`` or ``border``.
    of
        The keys of the areas that it touched.
    change_m2
        By how much the area changed, or how large the overlap or gap was, in square metres.
    """

    what: str
    of: tuple[str, ...]
    change_m2: float


@dataclass(frozen=True)
class Overlap:
    """Two areas, by position, that overlap, and by how much: m², and the share of the smaller one."""

    first: int
    second: int
    area_m2: float
    share: float


def rings(geometry: Geometries, keys: Sequence[str]) -> tuple[Geometries, list[Repair]]:
    """
    Make areas valid: polygons in EPSG:4326, shape (n,); what is left without area becomes None.

    Returns
    -------
    tuple
        The areas as multipolygons or polygons, and a repair for each that was not valid.
    """
    broken = np.flatnonzero(~shapely.is_valid(geometry) & ~shapely.is_missing(geometry))
    repaired = geometry.copy()
    repaired[broken] = [_polygonal(one) for one in shapely.make_valid(geometry[broken], method="structure")]
    before, after = square_metres(geometry[broken]), square_metres(repaired[broken])
    told = [
        Repair("ring", (keys[int(k)],), float(np.nan_to_num(b) - a))
        for k, a, b in zip(broken, before, after, strict=True)
    ]
    return repaired, told


def _polygonal(geometry: Any) -> Any:
    parts = [part for part in shapely.get_parts(geometry, return_index=False) if part.geom_type == "Polygon"]
    flat = [one for part in parts for one in shapely.get_parts(part)] or [
        one for part in shapely.get_parts(geometry) for one in shapely.get_parts(part) if one.geom_type == "Polygon"
    ]
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else shapely.MultiPolygon(flat)


def overlaps(geometry: Geometries) -> list[Overlap]:
    """Pairs of valid areas in EPSG:4326 whose overlap is of notable size, largest share first."""
    first, second = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    area = square_metres(shapely.intersection(geometry[first], geometry[second]))
    smaller = np.minimum(square_metres(geometry[first]), square_metres(geometry[second]))
    notable = area > _NOTABLE_M2
    found = [
        Overlap(int(a), int(b), float(m2), float(m2 / least))
        for a, b, m2, least in zip(first[notable], second[notable], area[notable], smaller[notable], strict=True)
    ]
    return sorted(found, key=lambda pair: -pair.share)


def guilty(pairs: Sequence[Overlap], broken: AbstractSet[int] = frozenset()) -> list[tuple[int, list[Overlap]]]:
    """
    The few areas without which no two overlap by more than `OVERLAP_SHARE`, worst first, each with its overlaps.

    Again and again the one goes that overlaps the most others by far, so that one bad area takes none of those under
    it along. Of equals goes the one whose ring was broken, then the one that overlaps the more square metres in all,
    then the later one.

    Parameters
    ----------
    pairs
        From `overlaps`.
    broken
        Positions of areas whose rings crossed themselves.
    """
    square = Counter[int]()
    others: dict[int, dict[int, Overlap]] = {}
    for pair in pairs:
        square.update({pair.first: round(pair.area_m2), pair.second: round(pair.area_m2)})
        if pair.share > OVERLAP_SHARE:
            others.setdefault(pair.first, {})[pair.second] = pair
            others.setdefault(pair.second, {})[pair.first] = pair
    found: list[tuple[int, list[Overlap]]] = []
    while others:
        worst = max(others, key=lambda one: (len(others[one]), one in broken, square[one], one))
        theirs = others.pop(worst)
        found.append((worst, sorted(theirs.values(), key=lambda pair: -pair.area_m2)))
        for other in theirs:
            del others[other][worst]
            if not others[other]:
                del others[other]
    return found


def coverage(geometry: Geometries, keys: Sequence[str], *, gap_m: float = GAP_M) -> tuple[Geometries, list[Repair]]:
    """
    Make areas a coverage: no gap narrower than `gap_m`, no overlap, and neighbours that share their border's points.

    Parameters
    ----------
    geometry
        Valid areas in EPSG:4326, shape (n,).
    keys
        What each is called in the repairs.
    gap_m
        Gaps as wide as this are meant: a lake, a farm. Narrower ones go to the neighbour along them.

    Returns
    -------
    tuple
        The areas, None where nothing was left, and every overlap, gap and change of area that was repaired. Areas that
        are a coverage already come back as they are.
    """
    if shapely.coverage_is_valid(geometry, gap_width=NARROW):
        return geometry, []
    scale = _metres_a_degree(float(np.mean(shapely.total_bounds(geometry)[1::2])))
    flat = shapely.transform(geometry, lambda xy: xy * scale)
    # The stubs of shapely are of 2.1, without this function.
    clean = cast(Any, shapely).coverage_clean(flat, gap_width=gap_m, merge_strategy="longest_border")
    back = shapely.transform(clean, lambda xy: xy / scale)
    told = [Repair("overlap", (keys[pair.first], keys[pair.second]), pair.area_m2) for pair in overlaps(geometry)]
    told += _gaps(geometry, back, keys)
    told += _borders(geometry, back, keys)
    back[shapely.is_empty(back)] = None
    return back, told


def square_metres(geometry: Geometries) -> NDArray[np.float64]:
    """
    Areas of geometries in EPSG:4326, m², shape (n,), on the ellipsoid at each one's latitude.

    Unlike a geodesic area this does not change when a straight edge is given another point, so that two states of a
    border can be compared.
    """
    middle = shapely.bounds(geometry)[..., [1, 3]].mean(axis=-1)
    return shapely.area(geometry) * np.prod(_metres_a_degree(np.nan_to_num(middle)), axis=0)


def _metres_a_degree(lat: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Of longitude and of latitude, on WGS84."""
    sin2 = np.sin(np.radians(lat)) ** 2
    w = np.sqrt(1 - _E2 * sin2)
    east, north = _A_M * np.cos(np.radians(lat)) / w, _A_M * (1 - _E2) / w**3
    return np.radians(1) * np.array([east, north])


def _gaps(before: Geometries, after: Geometries, keys: Sequence[str]) -> list[Repair]:
    """The gaps that were closed: what the cleaned areas cover together and the areas before did not."""
    closed = shapely.difference(shapely.union_all(after), shapely.union_all(before))
    parts = shapely.get_parts(closed)
    areas = square_metres(parts)
    tree = shapely.STRtree(before)
    notable = areas > _NOTABLE_M2
    found = (
        (tree.query(part, predicate="intersects"), m2) for part, m2 in zip(parts[notable], areas[notable], strict=True)
    )
    return [Repair("gap", tuple(sorted(keys[int(k)] for k in near)), float(m2)) for near, m2 in found]


def _borders(before: Geometries, after: Geometries, keys: Sequence[str]) -> list[Repair]:
    change = square_metres(after) - square_metres(before)
    return [Repair("border", (keys[int(k)],), float(change[k])) for k in np.flatnonzero(np.abs(change) > _NOTABLE_M2)]
