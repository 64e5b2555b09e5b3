"""Teams: the list, and one of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Code, PlaceQuery
from api.scope import Principal, begin, needs
from geo import organisations
from geo.organisations import PlaceFilter, Team
from geo.paging import Page

router = APIRouter(prefix="/v1/teams", tags=["teams"], route_class=StrictRoute)

Reader = Annotated[Principal, needs("team.read")]


@router.get("", summary="Teams 队伍列表")
def find(request: Request, asking: Reader, query: Annotated[PlaceQuery, Query()]) -> Page[Team]:
    """Teams, ascending by code."""
    with begin(request, asking.scope) as conn:
        return organisations.teams(conn, PlaceFilter(**query.model_dump()))


@router.get("/{code}", summary="One team 单个队伍")
def read(request: Request, asking: Reader, code: Annotated[Code, Path()]) -> Team:
    """One team by its code."""
    with begin(request, asking.scope) as conn:
        return organisations.team(conn, code)
