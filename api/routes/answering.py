"""Who answers for a unit."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Code
from api.scope import Scoped, begin
from geo import answering

router = APIRouter(prefix="/v1/units", tags=["units"], route_class=StrictRoute)


@router.get("/{code}/team", summary="The team that answers for a unit 负责队伍")
def team(request: Request, scope: Scoped, code: Annotated[Code, Path()]) -> answering.AnsweringTeam:
    """The default team of the unit, or of the nearest unit above that names one."""
    with begin(request, scope) as conn:
        return answering.team_of(conn, code)
