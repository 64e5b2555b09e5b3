"""The figures of the front page."""

from fastapi import APIRouter
from fastapi.requests import Request

from api.scope import Scoped, begin, service_of
from geo import summary
from geo.summary import Summary

router = APIRouter(prefix="/v1", tags=["summary"])


@router.get("/summary", summary="What is loaded, in figures 数据概览")
def read(request: Request, scope: Scoped) -> Summary:
    """Counts of units, matters, teams, stations and routes; small counts of matters are not shown."""
    with begin(request, scope) as conn:
        return summary.read(conn, timezone=service_of(request).settings.timezone)
