"""Gaps inside a city: what no unit covers, and why; told at every load of units and written for a map program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo import crs
from geo.repair import Geometries, square_metres

LEAST_M2 = 1.0
"""A smaller gap is no place that anything happens in."""

Why = Literal["refused", "broken_ring", "hole"]


@dataclass(frozen=True)
class Gap:
    """
    A place that no unit covers.

    Attributes
    ----------
    area
        A polygon in EPSG:4326.
    square_m
        Its area, m².
    why
        ``refused``: an area of the file that was refused lies there. ``broken_ring``: it borders on an area whose ring
        crossed itself. ``hole``: neither; it may be meant, such as a lake.
    of
        The keys of those areas; of a hole those around it.
    """

    area: Any
    square_m: float
    why: Why
    of: tuple[str, ...]


@dataclass(frozen=True)
class Suspects:
    """Areas of a file that may have left a gap: refused ones, those whose rings were broken, and the keys of both."""

    refused: Geometries
    refused_keys: Sequence[str]
    broken_keys: frozenset[str]


def gaps(areas: Geometries, keys: Sequence[str], suspects: Suspects) -> list[Gap]:
    """
    What a coverage leaves open inside of itself, and what its refused areas would have covered; largest first.

    Parameters
    ----------
    areas
        A valid coverage in EPSG:4326, shape (n,).
    keys
        What each is called, n of them.
    suspects
        Whom to blame.
    """
    covered = shapely.union_all(shapely.coverage_union_all(areas))
    parts = shapely.get_parts(covered)
    holes = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    outer = shapely.union_all([shapely.Polygon(part.exterior) for part in parts])
    lost = shapely.get_parts(shapely.difference(shapely.union_all(suspects.refused), outer))
    open_places = np.array([*holes, *lost[shapely.get_type_id(lost) == shapely.GeometryType.POLYGON]], dtype=object)
    sizes = square_metres(open_places)
    blame = _Blame(suspects, shapely.STRtree(suspects.refused), shapely.STRtree(areas), keys)
    found = [
        Gap(place, float(size), *blame.of(place))
        for place, size in zip(open_places, sizes, strict=True)
        if size > LEAST_M2
    ]
    return sorted(found, key=lambda gap: -gap.square_m)


@dataclass(frozen=True)
class _Blame:
    suspects: Suspects
    refused: shapely.STRtree
    areas: shapely.STRtree
    keys: Sequence[str]

    def of(self, place: Any) -> tuple[Why, tuple[str, ...]]:
        inside = self.refused.query(place.point_on_surface(), predicate="intersects")
        if len(inside):
            return "refused", tuple(self.suspects.refused_keys[int(k)] for k in np.sort(inside))
        around = tuple(self.keys[int(k)] for k in np.sort(self.areas.query(place, predicate="intersects")))
        broken = tuple(key for key in around if key in self.suspects.broken_keys)
        return ("broken_ring", broken) if broken else ("hole", around)


def write(path: Path, found: Sequence[Gap]) -> None:
    """Write gaps as GeoJSON: ``square_m``, ``why`` and ``of`` of each."""
    columns = {
        "square_m": [round(gap.square_m, 1) for gap in found],
        "why": [gap.why for gap in found],
        "of": [", ".join(gap.of) for gap in found],
    }
    areas: NDArray[Any] = np.array([gap.area for gap in found], dtype=object)
    gpd.GeoDataFrame(columns, geometry=areas, crs=crs.STORAGE).to_file(path, driver="GeoJSON")
