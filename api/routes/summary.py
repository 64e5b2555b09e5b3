"""The figures of the front page."""

from fastapi import APIRouter
from fastapi.requests import Request

from api.scope import begin, needs, service_of
from geo import summary
from geo.db import EVERYTHING
from geo.summary import Summary

router = APIRouter(prefix="/v1", tags=["summary"])


@router.get("/summary", summary="What is loaded, in figures 数据概览", dependencies=[needs("stats.read")])
def read(request: Request) -> Summary:
    """Counts of units, matters, teams, stations and routes; small counts of matters are not shown."""
    # A published product of the whole, the same for everyone: small counts are left out of it.
    with begin(request, EVERYTHING) as conn:
        return summary.read(conn, timezone=service_of(request).settings.timezone)
