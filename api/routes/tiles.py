"""Vector tiles: the catalogue, each layer's description and tiles, and the styles of the base map."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from api.body import StrictRoute
from api.errors import language_of
from api.schemas import Instant
from api.scope import Principal, needs, service_of
from api.tilejson import Catalogue, StyleJson, TileJson
from api.tiles import MEDIA_TYPE, answer
from tiles.labels import Language
from tiles.layers import CATALOGUE, LISTED, OVERLAYS, UNITS, WORLD, TileLayer, tilejson
from tiles.styles import Theme, style
from tiles.unit_book import Prepared

router = APIRouter(prefix="/tiles", tags=["tiles"], route_class=StrictRoute)

Zoom = Annotated[int, Path(ge=0, le=30, description="Zoom. 级别。", examples=[14])]
Column = Annotated[int, Path(ge=0, description="Column from the west. 列号（自西向东）。", examples=[13744])]
Row = Annotated[int, Path(ge=0, description="Row from the north. 行号（自北向南）。", examples=[5821])]
At = Annotated[Instant | None, Query(description="As in force at this instant. 该时刻生效的网格。")]
TILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    204: {"description": "Nothing is there 该处无内容"},
    304: {"description": "As the client has it 未变化"},
}
ADDRESS = "/{z}/{x}/{y}"


@router.get("/", summary="Layers of tiles 瓦片图层", response_class=JSONResponse, responses={200: {"model": Catalogue}})
def catalogue(request: Request, asking: Annotated[Principal, needs("unit.read")]) -> JSONResponse:
    """The layers that whoever asks may have, and the styles of the base map."""
    root = _root(request)
    layers = [
        {
            "name": layer.name,
            "zh": layer.zh,
            "en": layer.en,
            "public": layer.public,
            "tilejson": f"{root}/tiles/{layer.name}.json",
        }
        for layer in LISTED
        if layer.permission in asking.permissions
    ]
    styles = {theme: f"{root}/tiles/styles/{theme}.json" for theme in Theme.__args__}
    return JSONResponse({"layers": layers, "styles": styles})


@router.get(
    "/styles/{theme}.json", summary="Style of the base map 底图样式", response_class=JSONResponse,
    responses={200: {"model": StyleJson}}, dependencies=[needs("unit.read")],
)  # fmt: skip
def read_style(
    request: Request,
    theme: Annotated[Theme, Path()],
    lang: Annotated[Language | None, Query(description="Which names are shown. 显示哪种名称。")] = None,
) -> JSONResponse:
    """A MapLibre style that loads nothing from elsewhere."""
    settings = service_of(request).settings
    chosen = lang or language_of(request.headers.get("accept-language", ""), settings.language)
    return JSONResponse(style(theme, _root(request), chosen, settings.base_map))


@router.get(f"/{UNITS.name}{ADDRESS}", summary="Tile of units 网格瓦片", response_class=Response, responses=TILE,
            dependencies=[needs(UNITS.permission)])  # fmt: skip
async def unit_tile(request: Request, z: Zoom, x: Column, y: Row, at: At = None) -> Response:
    """Units of every level with their names, as in force now or at an instant."""
    UNITS.check(z, x, y)
    packed = await service_of(request).tiles.unit_tile(z, x, y, at)
    return answer(request.headers, packed, public=UNITS.public)


@router.get(
    f"/{UNITS.name}.json", summary="TileJSON of units 网格图层说明", response_class=JSONResponse,
    responses={200: {"model": TileJson}}, dependencies=[needs(UNITS.permission)], operation_id="describe_units",
)  # fmt: skip
async def describe_units(request: Request, at: At = None) -> JSONResponse:
    """What the tiles of units hold and where they are, as TileJSON 3.0, now or as they were at an instant."""
    if at is None:
        return await _describes(UNITS)(request)
    drawn = await service_of(request).tiles.drawn_at(at)
    description = tilejson(drawn.tiles.layer, _root(request), drawn.tiles.bounds)
    description["tiles"] = [f"{address}?{urlencode({'at': at.isoformat()})}" for address in description["tiles"]]
    return JSONResponse(description)


def _describes(layer: TileLayer) -> Callable[..., Awaitable[JSONResponse]]:
    async def describe(request: Request) -> JSONResponse:
        """What the layer's tiles hold and where they are, as TileJSON 3.0."""
        drawn = await service_of(request).tiles.drawn()
        bounds = drawn.tiles.bounds if drawn else WORLD
        return JSONResponse(tilejson(_as_drawn(layer, drawn), _root(request), bounds))

    return describe


def _as_drawn(layer: TileLayer, drawn: Prepared | None) -> TileLayer:
    """With what there is of it: the levels of the units in force, and nothing of overlays where there are none."""
    if layer is UNITS and drawn:
        return drawn.tiles.layer
    return replace(layer, layers=()) if layer is OVERLAYS and not (drawn and drawn.overlaid) else layer


def _reads(layer: TileLayer) -> Callable[..., Awaitable[Response]]:
    async def read(
        request: Request, asking: Annotated[Principal, needs(layer.permission)], z: Zoom, x: Column, y: Row
    ) -> Response:
        """What lies in the tile, of what whoever asks sees."""
        layer.check(z, x, y)
        packed = await service_of(request).tiles.row_tile(layer, z, x, y, asking.scope)
        return answer(request.headers, packed, public=layer.public)

    return read


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/")


for _layer in CATALOGUE.values():
    if _layer is not UNITS:
        router.add_api_route(
            f"/{_layer.name}.json", _describes(_layer), summary=f"TileJSON of {_layer.en} {_layer.zh}图层说明",
            response_class=JSONResponse, responses={200: {"model": TileJson}}, dependencies=[needs(_layer.permission)],
            operation_id=f"describe_{_layer.name}",
        )  # fmt: skip
        router.add_api_route(
            f"/{_layer.name}{ADDRESS}", _reads(_layer), summary=f"Tile of {_layer.en} {_layer.zh}瓦片",
            response_class=Response, responses=TILE, operation_id=f"read_{_layer.name}_tile",
        )  # fmt: skip
