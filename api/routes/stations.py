"""Stations: the list, and one of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.schemas import Code, PlaceQuery
from api.scope import Principal, begin, needs
from geo import organisations
from geo.organisations import PlaceFilter, Station
from geo.paging import Page

router = APIRouter(prefix="/v1/stations", tags=["stations"], route_class=StrictRoute)

Reader = Annotated[Principal, needs("station.read")]


@router.get("", summary="Stations 服务站列表")
def find(request: Request, asking: Reader, query: Annotated[PlaceQuery, Query()]) -> Page[Station]:
    """Stations, ascending by code."""
    with begin(request, asking.scope) as conn:
        return organisations.stations(conn, PlaceFilter(**query.model_dump()))


@router.get("/{code}", summary="One station 单个服务站")
def read(request: Request, asking: Reader, code: Annotated[Code, Path()]) -> Station:
    """One station by its code."""
    with begin(request, asking.scope) as conn:
        return organisations.station(conn, code)
