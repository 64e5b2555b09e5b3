"""What describes tiles, as types: TileJSON, the catalogue of layers, a style."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel


class VectorLayer(BaseModel):
    """A layer inside of the tiles, and what its features tell."""

    id: str
    fields: dict[str, Literal["String", "Number", "Boolean"]]
    minzoom: int
    maxzoom: int


class TileJson(BaseModel):
    """TileJSON 3.0; `bounds` and `center` in EPSG:4326."""

    tilejson: Literal["3.0.0"]
    name: str
    description: str
    version: str
    scheme: Literal["xyz"]
    tiles: list[str]
    minzoom: int
    maxzoom: int
    bounds: tuple[float, float, float, float]
    center: tuple[float, float, int]
    vector_layers: list[VectorLayer]


class Classes(BaseModel):
    """
    Of a legend, by zoom: the greatest count of a cell, and the counts at which a next class begins, rising; and the day
    on which the last incident seen occurred, whatever the filters.
    """

    total: int
    most: dict[str, int]
    breaks: dict[str, list[int]]
    last_on: date | None


class HeatJson(TileJson):
    """TileJSON of heat, with the classes of its legend."""

    heat: Classes


class CatalogueLayer(BaseModel):
    """Tiles that are asked for by one name, and where they are described."""

    name: str
    zh: str
    en: str
    public: bool
    tilejson: str


class Catalogue(BaseModel):
    """The layers that whoever asks may have, and the styles of the base map."""

    layers: list[CatalogueLayer]
    styles: dict[str, str]


class StyleJson(BaseModel):
    """A MapLibre style, version 8."""

    version: Literal[8]
    name: str
    sources: dict[str, dict[str, Any]]
    layers: list[dict[str, Any]]
