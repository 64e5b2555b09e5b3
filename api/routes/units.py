"""Units: the list, one with its path, its area, and the owner of a point."""

from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Path, Query
from fastapi.requests import Request
from fastapi.responses import Response

from api.body import StrictRoute
from api.schemas import Code, Instant, Owner, PointQuery, Unit, UnitQuery, UnitWithPath
from api.scope import Scoped, begin
from geo import crs, paging, units

router = APIRouter(prefix="/v1/units", tags=["units"], route_class=StrictRoute)

UnitCode = Annotated[Code, Path(description="Code of the unit. 网格编码。")]
At = Annotated[Instant | None, Query(description="As in force at this instant. 该时刻生效的网格。")]
GEOJSON: dict[int | str, dict[str, Any]] = {200: {"content": {"application/geo+json": {"schema": {"type": "object"}}}}}


@router.get("", summary="Units in force 网格列表")
def find(request: Request, scope: Scoped, query: Annotated[UnitQuery, Query()]) -> paging.Page[Unit]:
    """Units of any level, ascending by code."""
    after = None if query.cursor is None else paging.parts(query.cursor, 1)[0]
    wanted = query.model_dump(include={"level", "parent", "code", "name"})
    with begin(request, scope) as conn:
        found = units.find(conn, units.UnitFilter(**wanted, after=after, limit=query.limit + 1), query.at)
    return paging.page([Unit(**row) for row in found], query.limit, lambda last: (last.code,))


@router.get("/at", summary="The owner of a point 某点所属网格")
def at(request: Request, scope: Scoped, query: Annotated[PointQuery, Query()]) -> Owner:
    """The one micro-grid that owns a point: on a shared edge the one with the lowest permanent id."""
    lon, lat = (float(number[0]) for number in crs.to_wgs84(np.array([query.lon]), np.array([query.lat]), query.crs))
    with begin(request, scope) as conn:
        found = units.owner(conn, lon, lat, query.at)
        owner = None if found is None else units.read(conn, found["code"], query.at)
        above = [] if owner is None else units.ancestors(conn, owner["path"], query.at)
    return Owner.model_validate(
        {"lon": lon, "lat": lat, "inside": owner is not None, "owner": owner, "above": above}
    )


@router.get("/{code}", summary="One unit 单个网格")
def read(request: Request, scope: Scoped, code: UnitCode, at: At = None) -> UnitWithPath:
    """A unit with all above it."""
    with begin(request, scope) as conn:
        unit = units.read(conn, code, at)
        above = units.ancestors(conn, unit["path"], at)
    return UnitWithPath.model_validate(unit | {"above": above})


@router.get("/{code}/geometry", summary="The area of a unit 网格边界", response_class=Response, responses=GEOJSON)
def geometry(request: Request, scope: Scoped, code: UnitCode, at: At = None) -> Response:
    """The area of a unit as a GeoJSON feature in EPSG:4326, with a centimetre's precision."""
    with begin(request, scope) as conn:
        unit = units.read(conn, code, at)
        area = units.geometry(conn, code, at)
    named = {name: unit[name] for name in ("unit_id", "level", "code", "name", "name_en", "synthetic")}
    feature = {"type": "Feature", "id": unit["unit_id"], "bbox": unit["bbox"], "properties": named, "geometry": area}
    return Response(orjson.dumps(feature), media_type="application/geo+json")
