"""Patrol routes: the list, and one with its line and check-points."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Code, PlaceQuery
from api.scope import Scoped, begin
from geo import organisations
from geo.organisations import PlaceFilter, Route
from geo.paging import Page

router = APIRouter(prefix="/v1/routes", tags=["routes"], route_class=StrictRoute)


@router.get("", summary="Routes 巡逻路线列表")
def find(request: Request, scope: Scoped, query: Annotated[PlaceQuery, Query()]) -> Page[Route]:
    """Routes, ascending by code."""
    with begin(request, scope) as conn:
        return organisations.routes(conn, PlaceFilter(**query.model_dump()))


@router.get("/{code}", summary="One route 单个巡逻路线")
def read(request: Request, scope: Scoped, code: Annotated[Code, Path()]) -> Route:
    """One route by its code."""
    with begin(request, scope) as conn:
        return organisations.route(conn, code)
