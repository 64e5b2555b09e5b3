"""Tiles of the units of one edition: each zoom is prepared once, and a tile then takes a fraction of a millisecond."""

import threading
from collections import Counter
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.columns import Attributes
from tiles.layers import (
    FINEST,
    LABEL_ZOOMS,
    LEVEL_ZOOMS,
    READABLE_PX,
    VISIBLE_PX,
    TileLayer,
    room_at,
    units_of,
    zooms_of,
)
from tiles.mvt import Layers, layer_of_areas, layer_of_points, together
from tiles.quantise import quantised, units_at, world

HOUSEHOLDS_FROM = 14
"""From this zoom on units tell their households."""


class UnitTiles:
    """
    Tiles of units: a layer for each level, and the places of their names.

    Parameters
    ----------
    units
        As `units.in_force` gives them, in EPSG:4326: unit_id, parent_id, level, code, path, name, name_en, households.
        Each level is a coverage, and is simplified as a whole.

    Attributes
    ----------
    bounds
        West, south, east, north of all units in degrees (EPSG:4326).
    layer
        The levels that there are, each with the zoom that it is drawn from.
    """

    def __init__(self, units: gpd.GeoDataFrame) -> None:
        self._units = units.sort_values("path", kind="stable", ignore_index=True)
        areas = self._units.geometry.to_numpy()
        self._areas: NDArray[Any] = shapely.transform(areas, world)
        self._places = world(shapely.get_coordinates(shapely.point_on_surface(areas)))
        self._levels = self._units["level"].to_numpy()
        counts = Counter[str](self._units["level"].tolist())
        wide = np.sqrt(shapely.area(self._areas))
        sides = {level: float(np.median(wide[self._levels == level])) for level in counts}
        visible, readable = ({at: room_at(sides[at], px) for at in sides} for px in (VISIBLE_PX, READABLE_PX))
        self._drawn_from, self._named_from = (
            zooms_of(counts, LEVEL_ZOOMS, visible),
            zooms_of(counts, LABEL_ZOOMS, readable),
        )
        self.layer: TileLayer = units_of(self._drawn_from, self._named_from)
        self._zooms: dict[int, Layers] = {}
        self._turn = threading.Lock()
        self.bounds: tuple[float, ...] = tuple(np.round(shapely.total_bounds(areas), 6).tolist())

    def depth(self, zoom: int) -> int:
        """How many levels are drawn at a zoom."""
        return sum(least <= zoom for least in self._drawn_from.values())

    def is_ready(self, zoom: int) -> bool:
        """Whether tiles of a zoom can be made at once."""
        return zoom in self._zooms

    def prepare(self, zoom: int) -> Layers:
        """The layers of a zoom; takes about a second for 20,000 units the first time."""
        with self._turn:
            if zoom not in self._zooms:
                self._zooms[zoom] = self._layers(zoom)
            return self._zooms[zoom]

    def prepare_all(self) -> None:
        """Every zoom, the ones that are looked at most first."""
        for zoom in sorted(range(FINEST + 1), key=lambda zoom: abs(zoom - 12)):
            self.prepare(zoom)

    def tile(self, zoom: int, x: int, y: int) -> bytes:
        """
        One tile; empty if there are no units in it.

        Parameters
        ----------
        zoom, x, y
            Of `layers.MATRICES`, column from the west and row from the north.
        """
        return (self._zooms.get(zoom) or self.prepare(zoom)).tile(x, y)

    def _layers(self, zoom: int) -> Layers:
        drawn = [level for level, least in self._drawn_from.items() if zoom >= least]
        named = [level for level, least in self._named_from.items() if zoom >= least]
        return together([*(self._of_level(level, zoom) for level in drawn), self._labels(named, zoom)])

    def _of_level(self, level: str, zoom: int) -> Layers:
        here = np.flatnonzero(self._levels == level)
        return layer_of_areas(level, self._ids(here), quantised(self._areas[here], zoom), self._told(here, zoom))

    def _labels(self, levels: list[str], zoom: int) -> Layers:
        here = np.flatnonzero(np.isin(self._levels, levels))
        told = {name: self._column(name, here) for name in ("unit_id", "level", "name", "name_en")}
        return layer_of_points("unit_label", self._ids(here), self._places[here] * units_at(zoom), told)

    def _told(self, here: NDArray[np.int64], zoom: int) -> Attributes:
        names = ["unit_id", "level", "code", "name", "name_en", "parent_id"]
        if zoom >= HOUSEHOLDS_FROM:
            names.append("households")
        return {name: self._column(name, here) for name in names}

    def _ids(self, here: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._units["unit_id"].to_numpy(dtype=np.int64)[here]

    def _column(self, name: str, here: NDArray[np.int64]) -> list[Any]:
        column = self._units[name].iloc[here]
        numbers = name in {"unit_id", "parent_id", "households"}
        return [
            None if empty else (int(cell) if numbers else str(cell))
            for cell, empty in zip(column, column.isna(), strict=True)
        ]
