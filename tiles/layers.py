"""The catalogue of tiles: which layers there are, who may have them, and what they hold; TileJSON is made of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import morecantile

from geo.errors import NotFound
from geo.roles import ANYONE, Permission

MATRICES = morecantile.tms.get("WebMercatorQuad")
"""The square that every web map cuts the world into (OGC 17-083r4, annex E.4)."""
COARSEST, FINEST = 0, 16
WORLD = (-180.0, -85.0511, 180.0, 85.0511)


class NoSuchTile(NotFound):
    """There is no such tile: the zoom is beyond what the layer has, or the column or row beyond the zoom."""

    zh = "没有此瓦片：级别超出该图层范围，或行列号超出该级别范围。"


@dataclass(frozen=True)
class Within:
    """
    A layer inside of a tile.

    Attributes
    ----------
    id
        What a style calls it.
    fields
        What its features tell, by name: ``String``, ``Number`` or ``Boolean``.
    minzoom
        From which zoom on it is there.
    """

    id: str
    fields: Mapping[str, str]
    minzoom: int = COARSEST


@dataclass(frozen=True)
class TileLayer:
    """
    Tiles that are asked for by one name.

    Attributes
    ----------
    name
        In the address.
    zh, en
        For people.
    permission
        What whoever asks must be allowed.
    layers
        What a tile holds.
    minzoom, maxzoom
        Of its tiles.
    """

    name: str
    zh: str
    en: str
    permission: Permission
    layers: Sequence[Within]
    minzoom: int = COARSEST
    maxzoom: int = FINEST

    @property
    def public(self) -> bool:
        """Whether anyone may have it, and everyone the same."""
        return self.permission in ANYONE

    def check(self, zoom: int, x: int, y: int) -> None:
        """Raise `NoSuchTile` for a tile that this layer cannot have."""
        if not self.minzoom <= zoom <= self.maxzoom:
            raise NoSuchTile(f"{self.name} has zooms {self.minzoom} to {self.maxzoom}.")
        if not (0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
            raise NoSuchTile(f"Zoom {zoom} has columns and rows 0 to {(1 << zoom) - 1}.")


def _fields(*, text: str = "", number: str = "") -> Mapping[str, str]:
    return MappingProxyType({**dict.fromkeys(text.split(), "String"), **dict.fromkeys(number.split(), "Number")})


UNIT = _fields(text="level code name name_en", number="unit_id parent_id households")
LEVEL_ZOOMS: Mapping[str, int] = MappingProxyType(
    {"league": 0, "banner": 5, "township": 8, "community": 10, "grid": 11, "micro_grid": 12}
)
"""From which zoom on a level is drawn where there are all: its units are then some ten pixels wide."""
LABEL_ZOOMS: Mapping[str, int] = MappingProxyType(
    {"league": 3, "banner": 6, "township": 9, "community": 12, "grid": 13, "micro_grid": 14}
)

FEW = 2_000
"""Units of a level that are drawn as early as a level above it would be that there is not."""


VISIBLE_PX, READABLE_PX = 3, 72
"""How wide the middling unit of a level must be to be more than its border, and for its name to stand in it."""


def room_at(side: float, pixels: int) -> int:
    """
    The zoom from which on a unit is so many pixels wide.

    Parameters
    ----------
    side
        Of the unit, as a part of the side of the world; a tile is drawn 512 pixels wide.
    pixels
        `VISIBLE_PX` or `READABLE_PX`.
    """
    return FINEST if side <= 0 else max(COARSEST, math.ceil(math.log2(pixels / (512 * side))))


def zooms_of(
    counts: Mapping[str, int], zooms: Mapping[str, int] = LEVEL_ZOOMS, room: Mapping[str, int] | None = None
) -> Mapping[str, int]:
    """
    From which zoom on the levels are drawn that an edition has.

    A level takes the place of those missing above it, as in a city that is one flat set of areas; by a zoom later for
    every four times as many units as `FEW`, and never later than its own.

    Parameters
    ----------
    counts
        How many units of each level there are.
    zooms
        `LEVEL_ZOOMS` or `LABEL_ZOOMS`.
    room
        From which zoom on there is room for a level; a level that comes early waits for it, up to its own zoom.
    """
    found: dict[str, int] = {}
    earliest = None
    for level, own in zooms.items():
        earliest = own if earliest is None else earliest
        if count := counts.get(level, 0):
            crowded = earliest + max(0, math.ceil(math.log(count / FEW, 4)))
            found[level] = min(own, max(crowded, (room or {}).get(level, COARSEST)))
            earliest = None
    return found


UNITS = TileLayer(
    "units", "网格", "units", "unit.read",
    (
        *(Within(level, UNIT, COARSEST if level == "league" else LEVEL_ZOOMS["banner"]) for level in LEVEL_ZOOMS),
        Within("unit_label", _fields(text="level name name_en", number="unit_id"), min(LABEL_ZOOMS.values())),
    ),
)  # fmt: skip
BASE = TileLayer(
    "base", "底图", "base map", "unit.read",
    (
        Within("water", _fields(text="kind name name_en"), 6),
        Within("block", _fields(text="code", number="households"), 12),
        Within("building", _fields(text="code name use", number="floors"), 14),
        Within("street", _fields(text="name class"), 8),
        Within("place_label", _fields(text="kind name name_en"), 6),
    ),
    minzoom=6,
)  # fmt: skip
STATIONS = TileLayer(
    "stations", "服务站", "stations", "station.read",
    (Within("station", _fields(text="id code kind name")),), minzoom=8,
)  # fmt: skip
ROUTES = TileLayer(
    "routes", "巡逻路线", "patrol routes", "route.read",
    (Within("route", _fields(text="id code name shift", number="length_m")),), minzoom=8,
)  # fmt: skip
INCIDENTS = TileLayer(
    "incidents", "事项", "incidents", "incident.read",
    (
        Within("incident", _fields(text="id category state", number="priority")),
        Within("incident_more", _fields(number="count")),
    ),
    minzoom=10,
)  # fmt: skip

OVERLAYS = TileLayer(
    "overlays", "专属网格", "dedicated grids", "unit.read",
    (
        Within("overlay", _fields(text="layer kind code name name_en", number="unit_id")),
        Within("overlay_label", _fields(text="name name_en", number="unit_id"), 13),
    ),
    minzoom=10,
)  # fmt: skip
"""Units of layers other than the base, which may lie across its units and across one another."""

CATALOGUE: Mapping[str, TileLayer] = MappingProxyType(
    {layer.name: layer for layer in (UNITS, OVERLAYS, BASE, STATIONS, ROUTES, INCIDENTS)}
)
HEAT = TileLayer("heat", "热力", "heat", "map.read", (Within("heat", _fields(number="n open")),))
PUBLIC_HEAT = TileLayer(
    "public-heat", "公开热力", "public heat", "stats.read",
    (Within("public_heat", _fields(text="level code name", number="unit_id n")),),
    maxzoom=14,
)  # fmt: skip
LISTED = (*CATALOGUE.values(), HEAT, PUBLIC_HEAT)
"""The layers with a description of their own; heat is made of what memory or finished figures hold, by a query."""


def units_of(drawn_from: Mapping[str, int], named_from: Mapping[str, int]) -> TileLayer:
    """
    `UNITS` as one edition has them: its levels alone, each from the zoom on that it is drawn from.

    Parameters
    ----------
    drawn_from, named_from
        Of `zooms_of`, for areas and for names.
    """
    label = UNITS.layers[-1]
    areas = (Within(level, UNIT, least) for level, least in drawn_from.items())
    return replace(UNITS, layers=(*areas, replace(label, minzoom=min(named_from.values(), default=COARSEST))))


def tilejson(layer: TileLayer, root: str, bounds: Sequence[float] = WORLD) -> dict[str, Any]:
    """
    The description of a layer's tiles, as TileJSON 3.0.

    Parameters
    ----------
    layer
        Of the catalogue.
    root
        The address of the service, such as ``http://127.0.0.1:8000``; maps want whole addresses.
    bounds
        West, south, east, north in degrees (EPSG:4326).
    """
    west, south, east, north = bounds
    return {
        "tilejson": "3.0.0",
        "name": layer.zh,
        "description": layer.en,
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [f"{root}/tiles/{layer.name}/{{z}}/{{x}}/{{y}}"],
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "bounds": list(bounds),
        "center": [round((west + east) / 2, 6), round((south + north) / 2, 6), max(layer.minzoom, 6)],
        "vector_layers": vector_layers([layer]),
    }


def vector_layers(layers: Sequence[TileLayer]) -> list[dict[str, Any]]:
    """What tiles hold, as TileJSON and PMTiles describe it."""
    return [
        {
            "id": inner.id,
            "fields": dict(inner.fields),
            "minzoom": max(inner.minzoom, layer.minzoom),
            "maxzoom": layer.maxzoom,
        }
        for layer in layers
        for inner in layer.layers
    ]


def tiles_in(bounds: tuple[float, float, float, float], zooms: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Zoom, column and row of every tile that meets a box in degrees (EPSG:4326)."""
    return ((tile.z, tile.x, tile.y) for tile in MATRICES.tiles(*bounds, zooms=list(zooms), truncate=True))
