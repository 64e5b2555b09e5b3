"""The application: routes, layers and shared state, put together; nothing happens at import."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool

from api import errors, pages
from api.auth import Doors
from api.body import BodyLimit
from api.edge import Edge
from api.guard import Guard
from api.heat import Hearth
from api.metrics import Metrics
from api.routes import (
    audit,
    health,
    heat,
    incidents,
    lists,
    maps,
    photos,
    public_heat,
    reporters,
    routes,
    session,
    stations,
    summary,
    teams,
    tiles,
    units,
)
from api.scope import Service, declare, known_parameters
from api.tiles import Tiles
from geo import cluster, passwords
from geo.db import open_pool
from geo.editions import InForce
from geo.settings import Settings

DESCRIPTION = """\
Units of six levels, matters that find their micro-grid and team, teams, stations, routes, maps. Errors are
application/problem+json with a stable `code`.

六级网格、事项定位派单、队伍、服务站、巡逻路线与地图。
错误一律为 application/problem+json，其中 `code` 稳定不变。
"""


def create_app(settings: Settings) -> FastAPI:
    """
    The service over HTTP.

    Parameters
    ----------
    settings
        Without a `dsn` the embedded cluster is meant; it must run before the application starts.
    """
    metrics = Metrics()
    app = FastAPI(
        title="Wangge 网格",
        version="v1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        dependencies=[Depends(known_parameters)],
        responses=PROBLEM,
        lifespan=_lifespan(settings, metrics),
    )
    kinds = (
        units,
        incidents,
        photos,
        reporters,
        teams,
        stations,
        routes,
        lists,
        summary,
        maps,
        heat,  # its addresses are more special than those of tiles
        public_heat,
        tiles,
        session,
        audit,
        health,
    )
    for module in kinds:
        declare(module.router.routes)
        app.include_router(module.router)
    errors.install(app, settings.language)
    pages.add(app, settings)
    declare(app.routes)
    app.state.parameters = _parameters(app.openapi())
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, most_bytes=settings.max_body_bytes, language=settings.language)
    app.add_middleware(Guard, hosts=settings.host_names, language=settings.language)
    app.add_middleware(Edge, metrics=metrics, language=settings.language)
    return app


PROBLEM: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Refused 请求被拒绝", "content": {"application/problem+json": {}}},
}


def _lifespan(settings: Settings, metrics: Metrics) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        dsn = cluster.connection_string(settings)
        with open_pool(dsn, settings.pool_size) as pool:
            hearth = Hearth(pool, settings.timezone)
            app.state.service = Service(settings, dsn, pool, InForce(), metrics, Doors(pool), Tiles(pool), hearth)
            await run_in_threadpool(passwords.nobodys)
            hearth.heat.start()
            yield
            await run_in_threadpool(hearth.heat.stop)

    return lifespan


def _parameters(document: dict[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    """The query parameters that each route documents."""
    return {
        (method.upper(), path): frozenset(
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
