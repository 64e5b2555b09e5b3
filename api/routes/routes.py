"""Patrol routes: the list, and one with its line and check-points."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Code, PlaceQuery
from api.scope import Principal, begin, needs
from geo import organisations
from geo.organisations import PlaceFilter, Route
from geo.paging import Page

router = APIRouter(prefix="/v1/routes", tags=["routes"], route_class=StrictRoute)

Reader = Annotated[Principal, needs("route.read")]


@router.get("", summary="Routes 巡逻路线列表")
def find(request: Request, asking: Reader, query: Annotated[PlaceQuery, Query()]) -> Page[Route]:
    """Routes, ascending by code."""
    with begin(request, asking.scope) as conn:
        return organisations.routes(conn, PlaceFilter(**query.model_dump()))


@router.get("/{code}", summary="One route 单个巡逻路线")
def read(request: Request, asking: Reader, code: Annotated[Code, Path()]) -> Route:
    """One route by its code."""
    with begin(request, asking.scope) as conn:
        return organisations.route(conn, code)
