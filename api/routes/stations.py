"""Stations: the list, and one of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Code, PlaceQuery
from api.scope import Scoped, begin
from geo import organisations
from geo.organisations import PlaceFilter, Station
from geo.paging import Page

router = APIRouter(prefix="/v1/stations", tags=["stations"], route_class=StrictRoute)


@router.get("", summary="Stations 服务站列表")
def find(request: Request, scope: Scoped, query: Annotated[PlaceQuery, Query()]) -> Page[Station]:
    """Stations, ascending by code."""
    with begin(request, scope) as conn:
        return organisations.stations(conn, PlaceFilter(**query.model_dump()))


@router.get("/{code}", summary="One station 单个服务站")
def read(request: Request, scope: Scoped, code: Annotated[Code, Path()]) -> Station:
    """One station by its code."""
    with begin(request, scope) as conn:
        return organisations.station(conn, code)
