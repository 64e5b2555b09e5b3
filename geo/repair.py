"""
Repairs of areas, each of them told: rings that cross themselves, slivers, small overlaps and gaps between units.

Repairs are measured on the ground: in square metres, geodesic for one area, in an equal-area projection between two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo import crs
from geo.errors import Invalid

Geometries = NDArray[Any]

# Within this width two borders are meant to be one: digitising errors of city data are metres.
GAP_M = 5.0
# Beyond this share of the smaller unit an overlap is no digitising error.
OVERLAP_SHARE = 0.1
_NOTABLE_M2 = 0.01


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
    before, after = crs.areas_m2(geometry[broken]), crs.areas_m2(repaired[broken])
    told = [Repair("ring", (keys[k],), float(b - a)) for k, a, b in zip(broken, before, after, strict=True)]
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
    flat = _flat(geometry)
    tree = shapely.STRtree(flat)
    first, second = tree.query(flat, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    area = shapely.area(shapely.intersection(flat[first], flat[second]))
    smaller = np.minimum(shapely.area(flat[first]), shapely.area(flat[second]))
    notable = area > _NOTABLE_M2
    found = [
        Overlap(int(a), int(b), float(m2), float(m2 / least))
        for a, b, m2, least in zip(first[notable], second[notable], area[notable], smaller[notable], strict=True)
    ]
    return sorted(found, key=lambda pair: -pair.share)


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
    if shapely.coverage_is_valid(geometry, gap_width=0.0):
        return geometry, []
    plane = crs.equal_area(geometry)
    flat = _flat(geometry)
    pairs = overlaps(geometry)
    clean = shapely.coverage_clean(flat, gap_width=gap_m, merge_strategy="longest_border")
    told = [Repair("overlap", (keys[pair.first], keys[pair.second]), pair.area_m2) for pair in pairs]
    told += _gaps(flat, clean, keys)
    told += _borders(flat, clean, keys)
    back = np.asarray(gpd.GeoSeries(clean, crs=plane).to_crs(crs.STORAGE).to_numpy(), dtype=object)
    back[shapely.is_empty(back)] = None
    return back, told


def _flat(geometry: Geometries) -> Geometries:
    series = gpd.GeoSeries(geometry, crs=crs.STORAGE).to_crs(crs.equal_area(geometry))
    return np.asarray(series.to_numpy(), dtype=object)


def _gaps(before: Geometries, after: Geometries, keys: Sequence[str]) -> list[Repair]:
    """The gaps that were closed: what the cleaned areas cover together and the areas before did not."""
    closed = shapely.difference(shapely.union_all(after), shapely.union_all(before))
    parts = [part for part in shapely.get_parts(closed) if part.area > _NOTABLE_M2]
    tree = shapely.STRtree(before)
    found = ((tree.query(part, predicate="intersects"), part.area) for part in parts)
    return [Repair("gap", tuple(sorted(keys[k] for k in near)), float(m2)) for near, m2 in found]


def _borders(before: Geometries, after: Geometries, keys: Sequence[str]) -> list[Repair]:
    change = shapely.area(after) - shapely.area(before)
    return [Repair("border", (keys[k],), float(change[k])) for k in np.flatnonzero(np.abs(change) > _NOTABLE_M2)]
