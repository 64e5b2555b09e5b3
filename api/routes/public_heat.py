"""The public heat: finished figures of finished periods, the same for everyone."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from api.body import StrictRoute
from api.routes.tiles import ADDRESS, TILE, Column, Row, Zoom
from api.schemas import Level, Slug, Strict
from api.scope import begin, needs, service_of
from api.tilejson import TileJson
from api.tiles import answer
from geo import public_figures
from geo.db import PUBLIC
from geo.public_figures import Kind
from tiles.cache import Packed
from tiles.layers import PUBLIC_HEAT, tilejson

router = APIRouter(tags=["heat"], route_class=StrictRoute)


class PublicQuery(Strict):
    """Which of the finished figures."""

    period: Annotated[Kind, Query(description="The last full week, month or year. 最近完整的周、月、年。")] = "month"
    category: Annotated[
        Slug | None, Query(description="A category of the highest level; all if none is said. 一级类别。")
    ] = None


class PublicFigure(BaseModel):
    """Incidents of a unit; `finest` where nothing is told of its parts. A root has the depth 1."""

    unit_id: int
    level: Level
    depth: int
    code: str
    name: str
    name_en: str | None
    incidents: int
    finest: bool


class PublicHeat(BaseModel):
    """Figures from the root down; without instants if nothing was published yet."""

    period: Kind
    category: str | None
    since: datetime | None
    until: datetime | None
    published_at: datetime | None
    figures: list[PublicFigure]


@router.get("/v1/public/heat", summary="Public heat 公开热度", dependencies=[needs("stats.read")])
def read(request: Request, query: Annotated[PublicQuery, Query()]) -> PublicHeat:
    """Incidents by unit in the last full week, month or year; what tells of fewer than five is not split further."""
    with begin(request, PUBLIC) as conn:
        found = public_figures.read(conn, query.period, query.category or public_figures.ALL)
    first = found[0] if found else {}
    times = {name: first.get(name) for name in ("since", "until", "published_at")}
    return PublicHeat(
        period=query.period,
        category=query.category,
        **times,
        figures=[PublicFigure(**{name: row[name] for name in PublicFigure.model_fields}) for row in found],
    )


@router.get(
    f"/tiles/{PUBLIC_HEAT.name}.json", summary="TileJSON of public heat 公开热力图层说明", response_class=JSONResponse,
    responses={200: {"model": TileJson}}, dependencies=[needs(PUBLIC_HEAT.permission)],
)  # fmt: skip
async def describe(request: Request, query: Annotated[PublicQuery, Query()]) -> JSONResponse:
    """The tiles of a period and a category."""
    root = str(request.base_url).rstrip("/")
    description = tilejson(PUBLIC_HEAT, root, await service_of(request).tiles.bounds())
    asked = urlencode(query.model_dump(exclude_none=True))
    description["tiles"] = [f"{address}?{asked}" for address in description["tiles"]]
    return JSONResponse(description)


@router.get(
    f"/tiles/{PUBLIC_HEAT.name}{ADDRESS}", summary="Tile of public heat 公开热力瓦片", response_class=Response,
    responses=TILE, dependencies=[needs(PUBLIC_HEAT.permission)],
)  # fmt: skip
async def tile(request: Request, z: Zoom, x: Column, y: Row, query: Annotated[PublicQuery, Query()]) -> Response:
    """The same as areas of units (`n`), finer the closer one looks, as far as the figures go."""
    PUBLIC_HEAT.check(z, x, y)
    service = service_of(request)
    drawn = await service.tiles.drawn()
    depth = drawn.tiles.depth(z) if drawn else 0
    packed = await service.hearth.count(lambda: _pack(request, query, (z, x, y), depth))
    return answer(request.headers, packed, public=PUBLIC_HEAT.public)


def _pack(request: Request, query: PublicQuery, place: tuple[int, int, int], depth: int) -> Packed:
    with begin(request, PUBLIC) as conn:
        made = public_figures.tile(conn, query.period, query.category or public_figures.ALL, *place, depth)
    return Packed.of(made)
