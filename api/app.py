"""The application: routes, layers and shared state, put together; nothing happens at import."""

import gc
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool

from api import description, errors, pages, sign_in
from api.auth import Doors
from api.body import BodyLimit
from api.compress import Compress
from api.edge import Edge
from api.guard import Guard
from api.heat import Hearth
from api.held import Held
from api.live import Live
from api.logging import log, place_of
from api.methods import Methods
from api.metrics import Metrics
from api.routes import (
    audit,
    health,
    heat,
    incidents,
    lists,
    live,
    locate,
    maps,
    photos,
    providers,
    public_heat,
    recuts,
    reporters,
    routes,
    session,
    stations,
    summary,
    teams,
    tiles,
    tracking,
    units,
)
from api.scope import Service, declare, known_parameters
from api.shortcut import Shortcut
from api.tiles import Tiles
from api.watch import CONNECTION_WITHIN_S, Watch
from geo import cluster, keys, passwords, pictures
from geo.db import open_pool
from geo.editions import Editions
from geo.settings import Settings
from tiles.cache import Cache

MOST_OF_PAGES = 32 << 20  # bytes of maps as pages, compressed: about forty of a league
DESCRIPTION = """\
Units of six levels, incidents that find their micro-grid and team, teams, stations, routes, maps. Errors are
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
        responses={"4XX": {}},  # in place of the framework's own 422; `description` says which there are
        lifespan=_lifespan(settings, metrics),
    )
    kinds = (
        units, locate, incidents, tracking, photos, reporters, teams, stations, routes, recuts, lists, summary, maps,
        heat, public_heat, tiles,  # the addresses of heat are more special than those of tiles
        session, providers, live, audit, health,
    )  # fmt: skip
    for module in kinds:
        declare(module.router.routes)
        app.include_router(module.router)
    errors.install(app, settings.language)
    pages.add(app, settings)
    sign_in.add(app)
    declare(app.routes)
    description.install(app)
    app.state.parameters = _parameters(app.openapi())
    # The last one added is the outermost.
    app.add_middleware(
        BodyLimit,
        most_bytes=settings.max_body_bytes,
        language=settings.language,
        larger={PICTURES: pictures.MOST_BYTES},
    )
    app.add_middleware(Compress)
    app.add_middleware(Methods)
    app.add_middleware(Shortcut)
    app.add_middleware(Guard, hosts=settings.host_names, language=settings.language)
    app.add_middleware(Edge, metrics=metrics, language=settings.language, base_map=settings.base_map)
    return app


# Where the body is a photograph.
PICTURES = re.compile(r"/v1/incidents/[0-9A-Fa-f-]{36}/(photos|reported-photos/\d{1,2})")


def _lifespan(settings: Settings, metrics: Metrics) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        ring = keys.ring_of(settings)  # where keys would be unsafe nothing is taken in
        dsn = cluster.connection_string(settings)
        editions = Editions(dsn, settings.state_dir / "editions", tell=_tell)
        with open_pool(dsn, settings.pool_size) as pool, open_pool(dsn, 1, CONNECTION_WITHIN_S) as watched, editions:
            streams, hearth = Live(dsn, pool, "map.read"), Hearth(pool, settings.timezone)
            app.state.service = Service(
                settings=settings,
                dsn=dsn,
                pool=pool,
                editions=editions,
                metrics=metrics,
                doors=Doors(pool),
                watch=Watch(dsn, watched, editions),
                figures=Held(),
                outline=Held(),
                ring=ring,
                live=streams,
                tiles=Tiles(pool, editions),
                hearth=hearth,
                pages=Cache(MOST_OF_PAGES),
            )
            await run_in_threadpool(passwords.nobodys)
            hearth.heat.start()
            # What stands at the beginning stays: a full collection that looks through it all stops everything for long.
            gc.freeze()
            try:
                yield
            finally:
                gc.unfreeze()
                await streams.close()
                for held in (app.state.service.figures, app.state.service.outline):
                    await held.stop()
                await run_in_threadpool(pool.close)  # or heat would wait for a database that is away, and we for heat
                await run_in_threadpool(hearth.heat.stop)

    return lifespan


def _tell(fault: Exception) -> None:
    log.warning("editions", **place_of(fault))


def _parameters(document: dict[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    """The query parameters that each route documents."""
    return {
        (method.upper(), path): frozenset(
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
