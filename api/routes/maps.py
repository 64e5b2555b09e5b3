"""Maps as pages, and the files that they load: a fixed list, never a folder."""

from collections.abc import Callable, Hashable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from api.errors import NoSuchRoute, language_of
from api.schemas import ComparisonQuery, MapQuery
from api.scope import Principal, begin, needs, service_of
from api.tiles import answer as answer_of
from geo import edition
from geo.db import Connection, instant
from tiles import atlas, offline, row_tiles
from tiles.cache import Packed
from tiles.labels import Language
from tiles.pair import Pair
from tiles.sheet import Sheet

router = APIRouter(tags=["maps"])

ASSETS = "/assets/folium/"
HOME = "/"
HTML = "text/html; charset=utf-8"
PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
KEPT = PAGE | {304: {"description": "As the client has it 未变化"}}

# The page brings the policy of its scripts itself, by their hashes; the sandbox keeps it away from our cookies and API.
PAGE_HEADERS = {
    "content-security-policy": "sandbox allow-scripts allow-popups allow-downloads; frame-ancestors 'self'",
    "cache-control": "no-store",
}
# A sandboxed page has no origin of its own: what it loads must be open to any.
ASSET_HEADERS = {
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
    "cache-control": "max-age=86400",
}


@router.get(
    "/v1/maps/coverage", summary="Coverage by stations 服务站覆盖图", response_class=HTMLResponse, responses=KEPT
)
def draw_coverage(
    request: Request, asking: Annotated[Principal, needs("station.read")], query: Annotated[MapQuery, Query()]
) -> Response:
    """Which micro-grids the stations reach, as a page that loads nothing from beyond this service."""
    language = _language(request, query.lang)
    with begin(request, asking.scope) as conn:
        # The mark is read first: what is written meanwhile is drawn again, never missed.
        on = (row_tiles.mark(conn), edition.key_of(conn))
        key = ("coverage", asking.scope, query.unit, query.radius_m, language, *on)
        return _kept(request, key, lambda: _sheet(request, conn, "coverage", query))


@router.get("/v1/maps/routes", summary="Patrol routes 巡逻路线图", response_class=HTMLResponse, responses=PAGE)
def draw_routes(
    request: Request, asking: Annotated[Principal, needs("route.read")], query: Annotated[MapQuery, Query()]
) -> HTMLResponse:
    """Where patrols walk, as a page that loads nothing from beyond this service."""
    return _page(request, asking, "routes", query)


@router.get(
    "/v1/maps/compare", summary="Two editions compared 网格版本对比", response_class=HTMLResponse, responses=KEPT
)
def compare(
    request: Request, asking: Annotated[Principal, needs("unit.read")], query: Annotated[ComparisonQuery, Query()]
) -> Response:
    """Two maps that move together, and a list of the units made, retired, redrawn or altered in between."""
    language, timezone = _language(request, query.lang), service_of(request).settings.timezone
    with begin(request, asking.scope) as conn:
        times = query.at, query.other or instant(conn)
        on = [(edition.key_of(conn, at), atlas.caption(at, language, timezone)) for at in times]
        key = ("compare", asking.scope, query.unit, language, *on)
        return _kept(request, key, lambda: atlas.compare(conn, *times, query.unit, language, timezone))


@router.get("/v1/maps/{kind}", summary="A map as a page 地图", response_class=HTMLResponse, responses=PAGE)
def draw(
    request: Request,
    asking: Annotated[Principal, needs("map.read")],
    kind: Annotated[atlas.Kind, Path()],
    query: Annotated[MapQuery, Query()],
) -> HTMLResponse:
    """A page that loads nothing from beyond this service."""
    return _page(request, asking, kind, query)


@router.get(ASSETS + "{path:path}", include_in_schema=False, dependencies=[needs("public")])
async def asset(path: str) -> Response:
    """One of the files that maps load."""
    file = (await run_in_threadpool(offline.asset_files)).get(path)
    if file is None:
        raise NoSuchRoute
    return FileResponse(file, headers=ASSET_HEADERS)


def _page(request: Request, asking: Principal, kind: atlas.Kind, query: MapQuery) -> HTMLResponse:
    with begin(request, asking.scope) as conn:
        sheet = _sheet(request, conn, kind, query)
    return HTMLResponse(_written(sheet), headers=PAGE_HEADERS)


def _sheet(request: Request, conn: Connection, kind: atlas.Kind, query: MapQuery) -> Sheet:
    wanted = atlas.Wanted(query.unit, query.days, query.radius_m)
    return atlas.draw(conn, kind, wanted, _language(request, query.lang), service_of(request).settings.timezone)


def _kept(request: Request, key: Hashable, draw: Callable[[], Sheet | Pair]) -> Response:
    """A page of published things alone: kept by all that it depends on, and not sent again to who has it."""
    pages = service_of(request).pages
    packed = pages.get(key)
    if packed is None:
        packed = Packed.of(_written(draw()).encode())
        pages.put(key, packed)
    answer = answer_of(request.headers, packed, public=False, media_type=HTML)
    answer.headers["content-security-policy"] = PAGE_HEADERS["content-security-policy"]
    answer.headers.add_vary_header("accept-language")
    return answer


def _language(request: Request, asked: Language | None) -> Language:
    configured = service_of(request).settings.language
    return asked or language_of(request.headers.get("accept-language", ""), configured)


def _written(drawn: Sheet | Pair) -> str:
    return offline.linked_page(drawn, ASSETS, home=HOME)
