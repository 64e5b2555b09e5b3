"""Whether the process lives, whether it is ready to work, and its metrics."""

from fastapi import APIRouter, Response
from fastapi.requests import Request

from api.scope import needs, service_of
from api.watch import Health

router = APIRouter(tags=["health"])


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
async def ready(request: Request, response: Response) -> Health:
    """The database is reachable and up to date, units are in force, each root names a team, and the clock is right."""
    health = await service_of(request).watch.health()
    response.status_code = 200 if health.ready else 503
    response.headers["cache-control"] = "no-store"
    return health


@router.get(
    "/metrics",
    summary="Metrics for Prometheus 指标",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    dependencies=[needs("metrics.read")],
)
async def metrics(request: Request) -> Response:
    """Counts and times of answers by route, method and status."""
    return Response(service_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
