"""Whether the process lives, whether it is ready to work, and its metrics."""

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.requests import Request
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError as ConnectionFailed

from api.scope import Service, needs, service_of
from geo import db, migrate, readiness
from geo.editions import MOST_OFF

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """
    What was checked.

    `spatial_index` says `fallback` where the server allows no leakproof mark, `edition` says `building` while the
    database finds the owners: answers are right but slow. `clock_off_ms` is how far the database's clock is ahead of
    this process's, which is not ready if that is more than a tenth of a second either way.
    """

    ready: bool
    database: Literal["reachable", "unreachable"]
    revision: str | None = None
    newest: str | None = None
    units: bool = False
    default_team: bool = False
    spatial_index: Literal["used", "fallback", "unknown"] = "unknown"
    edition: Literal["held", "building", "none"] = "none"
    clock_off_ms: float | None = None


@router.get("/health/live", summary="The process answers 存活", dependencies=[needs("public")])
async def live() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "live"}


@router.get(
    "/health/ready",
    summary="Ready to take reports 就绪",
    responses={503: {"model": Health}},
    dependencies=[needs("public")],
)
def ready(request: Request, response: Response) -> Health:
    """The database is reachable and up to date, units are in force, each root names a team, and the clock is right."""
    try:
        health = _look(service_of(request))
    except (ConnectionFailed, OperationalError, PoolTimeout):
        health = Health(ready=False, database="unreachable")
    response.status_code = 200 if health.ready else 503
    response.headers["cache-control"] = "no-store"
    return health


@router.get(
    "/metrics",
    summary="Metrics for Prometheus 指标",
    response_class=Response,
    dependencies=[needs("metrics.read")],
)
async def metrics(request: Request) -> Response:
    """Counts and times of answers by route, method and status."""
    return Response(service_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _look(service: Service) -> Health:
    revision, newest = migrate.revision(service.dsn), migrate.newest()
    if revision != newest:
        return Health(ready=False, database="reachable", revision=revision, newest=newest)
    with db.begin(service.pool, db.EVERYTHING) as conn:
        found = readiness.check(conn)
        off = service.editions.compare_clocks(conn)
        held = found.units and service.editions.ready(conn) is not None
    return Health(
        ready=found.units and found.default_team and abs(off) <= MOST_OFF,
        database="reachable",
        revision=revision,
        newest=newest,
        units=found.units,
        default_team=found.default_team,
        spatial_index="used" if found.leakproof else "fallback",
        edition="held" if held else "building" if found.units else "none",
        clock_off_ms=round(off.total_seconds() * 1000, 1),
    )
