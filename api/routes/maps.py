"""Maps as pages, and the files that they load: a fixed list, never a folder."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from api.errors import NoSuchRoute, language_of
from api.schemas import ComparisonQuery, MapQuery
from api.scope import Principal, begin, needs, service_of
from geo.db import instant
from tiles import atlas, offline
from tiles.labels import Language
from tiles.pair import Pair
from tiles.sheet import Sheet

router = APIRouter(tags=["maps"])

ASSETS = "/assets/folium/"
HOME = "/"
PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}

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
    "/v1/maps/coverage", summary="Coverage by stations 服务站覆盖图", response_class=HTMLResponse, responses=PAGE
)
def draw_coverage(
    request: Request, asking: Annotated[Principal, needs("station.read")], query: Annotated[MapQuery, Query()]
) -> HTMLResponse:
    """Which micro-grids the stations reach, as a page that loads nothing from beyond this service."""
    return _page(request, asking, "coverage", query)


@router.get("/v1/maps/routes", summary="Patrol routes 巡逻路线图", response_class=HTMLResponse, responses=PAGE)
def draw_routes(
    request: Request, asking: Annotated[Principal, needs("route.read")], query: Annotated[MapQuery, Query()]
) -> HTMLResponse:
    """Where patrols walk, as a page that loads nothing from beyond this service."""
    return _page(request, asking, "routes", query)


@router.get(
    "/v1/maps/compare", summary="Two editions compared 网格版本对比", response_class=HTMLResponse, responses=PAGE
)
def compare(
    request: Request, asking: Annotated[Principal, needs("unit.read")], query: Annotated[ComparisonQuery, Query()]
) -> HTMLResponse:
    """Two maps that move together, and a list of the units made, retired, redrawn or altered in between."""
    language, timezone = _language(request, query.lang), service_of(request).settings.timezone
    with begin(request, asking.scope) as conn:
        pair = atlas.compare(conn, query.at, query.other or instant(conn), query.unit, language, timezone)
    return _answer(pair)


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
    language, timezone = _language(request, query.lang), service_of(request).settings.timezone
    with begin(request, asking.scope) as conn:
        wanted = atlas.Wanted(query.unit, query.days, query.radius_m)
        sheet = atlas.draw(conn, kind, wanted, language, timezone)
    return _answer(sheet)


def _language(request: Request, asked: Language | None) -> Language:
    configured = service_of(request).settings.language
    return asked or language_of(request.headers.get("accept-language", ""), configured)


def _answer(drawn: Sheet | Pair) -> HTMLResponse:
    return HTMLResponse(offline.linked_page(drawn, ASSETS, home=HOME), headers=PAGE_HEADERS)
