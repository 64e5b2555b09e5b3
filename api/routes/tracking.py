"""How far one's own report has come."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.requests import Request

from api.scope import begin, needs
from geo import tracking
from geo.db import EVERYTHING
from geo.tracking import Progress

router = APIRouter(prefix="/v1/tracking", tags=["incidents"])


@router.get(
    "/{report_number}", summary="How far a report has come 查询上报进度", dependencies=[needs("incident.report")]
)
def follow(
    request: Request,
    report_number: Annotated[
        UUID, Path(description="The number that the reporter was given. 查询编号。", examples=[str(UUID(int=7))])
    ],
) -> Progress:
    """State and times of one report, for whoever has its number; not what it says, where it is, or who handles it."""
    # Whoever has the number may follow the incident wherever it lies; the verb reads nothing but state and times.
    with begin(request, EVERYTHING) as conn:
        return tracking.follow(conn, report_number)
