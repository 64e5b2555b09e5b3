"""
The base map as MapLibre styles: units, blocks, buildings, streets, water and names, our own tiles, on three grounds.

Nothing is loaded from elsewhere: no glyphs and no sprite. Text is drawn with a font of the page, and areas differ by
lightness, so that no kind of colour vision and no grey print loses them (Okabe and Ito, 2008, for the few hues).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from tiles.labels import Language
from tiles.layers import BASE, LABEL_ZOOMS, LEVEL_ZOOMS, UNITS

Theme = Literal["light", "dark", "print"]
Style = dict[str, Any]

FONT = ["Noto Sans SC Variable", "Noto Sans CJK SC", "sans-serif"]

PALETTES: Mapping[Theme, Mapping[str, str]] = MappingProxyType(
    {
        "light": MappingProxyType({
            "ground": "#f4f3ef", "block": "#eae8e1", "building": "#d5d1c7", "street": "#ffffff", "casing": "#c9c5ba",
            "border": "#3b4a5a", "minor_border": "#8593a0", "text": "#1f2933", "halo": "#ffffff",
            "water": "#9fc4de", "water_text": "#24557d",
        }),
        "dark": MappingProxyType({
            "ground": "#14191f", "block": "#1b222a", "building": "#2a333d", "street": "#3a4552", "casing": "#0e1216",
            "border": "#b7c4d1", "minor_border": "#627181", "text": "#e6ecf2", "halo": "#10151a",
            "water": "#2b5474", "water_text": "#9cc9ec",
        }),
        "print": MappingProxyType({
            "ground": "#ffffff", "block": "#f2f2f2", "building": "#d9d9d9", "street": "#ffffff", "casing": "#999999",
            "border": "#000000", "minor_border": "#666666", "text": "#000000", "halo": "#ffffff",
            "water": "#a9c4d6", "water_text": "#24557d",
        }),
    }
)  # fmt: skip

WIDTHS: Mapping[str, float] = MappingProxyType(
    {"league": 2.6, "banner": 1.9, "township": 1.4, "community": 1.1, "grid": 0.8, "micro_grid": 0.6}
)
DASHES: Mapping[str, Sequence[float]] = MappingProxyType({"community": (4, 2), "grid": (2, 2)})
STREETS: Mapping[str, float] = MappingProxyType(
    {"motorway": 5, "trunk": 5, "primary": 4, "secondary": 3, "tertiary": 2.4}
)
RIVER, BROOK = 6, 2
"""Widths of rivers and of all smaller water that is a line, in pixels at zoom 16."""
SIZES: Mapping[str, int] = MappingProxyType(
    {"league": 17, "banner": 16, "township": 14, "community": 13, "grid": 12, "micro_grid": 11}
)
_DRAWN_AS = MappingProxyType(
    {"area": ["==", ["geometry-type"], "Polygon"], "line": ["==", ["geometry-type"], "LineString"]}
)


def style(theme: Theme, root: str, lang: Language, outer: str = "") -> Style:
    """
    The base map as a MapLibre style, version 8.

    Parameters
    ----------
    theme
        The ground that it is drawn on.
    root
        The address of the service, such as ``http://127.0.0.1:8000``.
    lang
        Which names are shown where there are both.
    outer
        The address of raster tiles beneath, with ``{z}``, ``{x}`` and ``{y}``, which the reader's browser asks for;
        nothing if empty.
    """
    colours = PALETTES[theme]
    sources: dict[str, Any] = {
        layer.name: {"type": "vector", "url": f"{root}/tiles/{layer.name}.json"} for layer in (BASE, UNITS)
    }
    layers: list[Style] = [{"id": "ground", "type": "background", "paint": {"background-color": colours["ground"]}}]
    if outer:
        sources["outer"] = {"type": "raster", "tiles": [outer], "tileSize": 256, "maxzoom": 18}
        layers.append({"id": "outer", "type": "raster", "source": "outer"})
    layers += [
        *_ground(colours, see_through=bool(outer)),
        *_streets(colours),
        *_borders(colours),
        *_names(colours, lang),
    ]
    return {"version": 8, "name": f"wangge-{theme}", "sources": sources, "layers": layers}


def _ground(colours: Mapping[str, str], *, see_through: bool) -> list[Style]:
    return [
        _area("block", 12, colours, see_through=see_through),
        {**_area("water", 6, colours, see_through=see_through), "filter": _DRAWN_AS["area"]},
        _rivers(colours),
        _area("building", 14, colours, see_through=see_through),
    ]


def _area(name: str, least: int, colours: Mapping[str, str], *, see_through: bool) -> Style:
    return {
        "id": name, "type": "fill", "source": BASE.name, "source-layer": name, "minzoom": least,
        "paint": {"fill-color": colours[name], "fill-opacity": 0.4 if see_through else 1},
    }  # fmt: skip


def _rivers(colours: Mapping[str, str]) -> Style:
    width = ["match", ["get", "kind"], "river", RIVER, BROOK]
    return {
        "id": "water-line", "type": "line", "source": BASE.name, "source-layer": "water", "minzoom": 6,
        "filter": _DRAWN_AS["line"], "layout": {"line-cap": "round", "line-join": "round"},
        "paint": {
            "line-color": colours["water"],
            "line-width": [
                "interpolate", ["exponential", 1.4], ["zoom"], 6, ["*", width, 0.15], 10, ["*", width, 0.3], 16, width,
            ],
        },
    }  # fmt: skip


def _streets(colours: Mapping[str, str]) -> list[Style]:
    width = ["match", ["get", "class"], *(part for pair in STREETS.items() for part in pair), 1.6]
    return [
        {
            "id": name, "type": "line", "source": BASE.name, "source-layer": "street", "minzoom": 8,
            "layout": {"line-cap": "round", "line-join": "round"},
            "paint": {
                "line-color": colours[colour],
                "line-width": [
                    "interpolate", ["exponential", 1.6], ["zoom"], 8, ["*", width, 0.2], 16, ["*", width, more],
                ],
            },
        }
        for name, colour, more in (("street-casing", "casing", 2.5), ("street", "street", 2))
    ]  # fmt: skip


def _borders(colours: Mapping[str, str]) -> list[Style]:
    made: list[Style] = []
    for level in reversed(list(LEVEL_ZOOMS)):
        minor = level in {"grid", "micro_grid"}
        paint: Style = {"line-color": colours["minor_border" if minor else "border"], "line-width": WIDTHS[level]}
        if level in DASHES:
            paint["line-dasharray"] = list(DASHES[level])
        made.append({
            "id": f"{level}-border", "type": "line", "source": UNITS.name, "source-layer": level,
            "layout": {"line-join": "round"}, "paint": paint,
        })  # fmt: skip
    return made


def _names(colours: Mapping[str, str], lang: Language) -> list[Style]:
    """Names of water, streets and buildings, then of units, whose labels go first where there is no room for all."""
    name = ["coalesce", ["get", "name_en"], ["get", "name"]] if lang == "en" else ["get", "name"]
    paint = {"text-color": colours["text"], "text-halo-color": colours["halo"], "text-halo-width": 1.4}
    along = {"symbol-placement": "line", "text-field": ["get", "name"], "text-font": FONT, "text-size": 11}
    blue = paint | {"text-color": colours["water_text"]}
    made: list[Style] = [
        {
            "id": "river-name", "type": "symbol", "source": BASE.name, "source-layer": "water", "minzoom": 9,
            "filter": _DRAWN_AS["line"], "layout": along | {"text-field": name, "symbol-spacing": 400}, "paint": blue,
        },
        {
            "id": "lake-name", "type": "symbol", "source": BASE.name, "source-layer": "place_label", "minzoom": 6,
            "filter": ["==", ["get", "kind"], "water"],
            "layout": {"text-field": name, "text-font": FONT, "text-size": 11, "text-max-width": 6}, "paint": blue,
        },
        {
            "id": "street-name", "type": "symbol", "source": BASE.name, "source-layer": "street", "minzoom": 14,
            "layout": along, "paint": paint,
        },
        {
            "id": "building-name", "type": "symbol", "source": BASE.name, "source-layer": "place_label", "minzoom": 16,
            "filter": ["==", ["get", "kind"], "building"],
            "layout": {"text-field": ["get", "name"], "text-font": FONT, "text-size": 10}, "paint": paint,
        },
    ]  # fmt: skip
    return made + [
        {
            "id": f"{level}-name", "type": "symbol", "source": UNITS.name, "source-layer": "unit_label",
            "filter": ["==", ["get", "level"], level],
            "layout": {"text-field": name, "text-font": FONT, "text-size": SIZES[level], "text-max-width": 8},
            "paint": paint,
        }
        for level in reversed(list(LABEL_ZOOMS))
    ]  # fmt: skip
