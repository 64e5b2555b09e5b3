"""Which micro-grid owns a point, or some points, as of any instant and as known at any other."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from fastapi.requests import Request

from api.body import StrictRoute
from api.description import refusals
from api.schemas import EditionKey, OwnersAnswer, PointQuery, PointsIn
from api.scope import Principal, begin, needs
from geo import declared, whereabouts

router = APIRouter(prefix="/v1/locate", tags=["units"], route_class=StrictRoute)

Reader = Annotated[Principal, needs("unit.read")]


@router.get("", summary="The owner of a point 某点所属微网格")
def one(request: Request, asking: Reader, query: Annotated[PointQuery, Query()]) -> OwnersAnswer:
    """The one owner, all micro-grids that the point touches, and the edition that says so."""
    return _owners(request, asking, [(query.lon, query.lat)], query)


@router.post("", summary="The owners of points 多点所属微网格", responses=refusals(404))
def many(request: Request, asking: Reader, body: PointsIn) -> OwnersAnswer:
    """As for one point, for up to a thousand, in the order given."""
    return _owners(request, asking, body.points, body)


def _owners(
    request: Request, asking: Principal, points: Sequence[tuple[float, float]], asked: PointQuery | PointsIn
) -> OwnersAnswer:
    places = np.array(points, dtype=np.float64)
    lon, lat = declared.all_stored(places[:, 0], places[:, 1], asked.crs)
    with begin(request, asking.scope) as conn:
        key, owners = whereabouts.locate(conn, lon, lat, asked.at, asked.known_at)
    return OwnersAnswer(edition=EditionKey(**key._asdict()), owners=owners)
