"""The published figures of what is loaded, for the front page."""

from fastapi import APIRouter
from fastapi.requests import Request

from api.body import StrictRoute
from api.scope import Scoped, begin, service_of
from geo import summary

router = APIRouter(prefix="/v1", tags=["summary"], route_class=StrictRoute)


@router.get("/summary", summary="Figures of what is loaded 数据概览")
def read_summary(request: Request, scope: Scoped) -> summary.Summary:
    """
    Units of each level, matters, teams and stations, and how much of it is synthetic.

    Matters are split by area, month or cell only where each part has at least five of them.
    """
    with begin(request, scope) as conn:
        return summary.read(conn, timezone=service_of(request).settings.timezone)
