"""Units: the list, one with its path, its area, and who answers for a point."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.requests import Request
from fastapi.responses import JSONResponse

from api.body import StrictRoute
from api.schemas import Code, Instant, PointAnswer, PointQuery, UnitAnswer, UnitFeature, UnitFeatures, UnitQuery
from api.scope import Principal, begin, needs
from geo import areas, assign, declared, paging, units
from geo.db import Connection, Row, first, instant

router = APIRouter(prefix="/v1/units", tags=["units"], route_class=StrictRoute)

Reader = Annotated[Principal, needs("unit.read")]
UnitCode = Annotated[Code, Path(description="Code of the unit. 网格编码。")]
At = Annotated[Instant | None, Query(description="As in force at this instant. 该时刻生效的网格。")]
KnownAt = Annotated[Instant | None, Query(description="As known at this instant. 该时刻所掌握的。")]


class GeoJson(JSONResponse):
    """An answer in GeoJSON's own media type."""

    media_type = "application/geo+json"

    def render(self, content: Any) -> bytes:
        """As bytes; what is written here holds nothing that JSON has no word for."""
        return orjson.dumps(content)


@router.get("", summary="Units in force 网格列表", response_model=UnitFeatures, response_class=GeoJson)
def find(request: Request, asking: Reader, query: Annotated[UnitQuery, Query()]) -> GeoJson:
    """Units of any level as GeoJSON, ascending by code."""
    with begin(request, asking.scope) as conn:
        page = paging.page(_found(conn, query), query.limit, lambda last: (last["code"],))
        shapes = (
            areas.of_units(conn, [unit["unit_id"] for unit in page.items], query.at, query.known_at)
            if query.geometry
            else {}
        )
    features = [_feature(unit, shapes.get(unit["unit_id"])) for unit in page.items]
    return GeoJson({"type": "FeatureCollection", "features": features, "next": page.next})


@router.get("/at", summary="Who answers for a point 某点归谁管")
def at(request: Request, asking: Reader, query: Annotated[PointQuery, Query()]) -> PointAnswer:
    """The one micro-grid that owns a point, on a shared edge the one with the lowest permanent id; and its team."""
    lon, lat = declared.stored(query.lon, query.lat, query.crs)
    with begin(request, asking.scope) as conn:
        owner = units.owner(conn, lon, lat, query.at, query.known_at)
        answer = _answer(conn, (owner or _root(conn, query))["path"], query.at, query.known_at)
    return PointAnswer(lon=lon, lat=lat, located="inside" if owner else "outside", **answer)


@router.get("/{code}", summary="One unit 单个网格")
def read(request: Request, asking: Reader, code: UnitCode, at: At = None, known_at: KnownAt = None) -> UnitAnswer:
    """A unit with all above it, and its default team."""
    with begin(request, asking.scope) as conn:
        unit = units.read(conn, code, at, known_at)
        return UnitAnswer(unit=unit, **_answer(conn, unit["path"], at, known_at))  # pyright: ignore[reportArgumentType]


@router.get(
    "/{code}/geometry", summary="The area of a unit 网格边界", response_model=UnitFeature, response_class=GeoJson
)
def geometry(request: Request, asking: Reader, code: UnitCode, at: At = None, known_at: KnownAt = None) -> GeoJson:
    """A unit as a GeoJSON feature in EPSG:4326, with a centimetre's precision."""
    with begin(request, asking.scope) as conn:
        unit = units.read(conn, code, at, known_at)
        return GeoJson(_feature(unit, units.geometry(conn, code, at, known_at)))


def _found(conn: Connection, query: UnitQuery) -> list[Row]:
    wanted = units.UnitFilter(
        level=query.level,
        parent=query.parent,
        code=query.code,
        name=query.name,
        bbox=cast(Any, query.bbox),
        after=None if query.cursor is None else paging.parts(query.cursor, 1)[0],
        limit=query.limit + 1,
    )
    if query.q is None:
        return units.find(conn, wanted, query.at, query.known_at)
    by_code = units.find(conn, replace(wanted, code=query.q), query.at, query.known_at)
    return by_code or units.find(conn, replace(wanted, name=query.q), query.at, query.known_at)


def _answer(conn: Connection, path: str, at: datetime | None, known_at: datetime | None) -> dict[str, Any]:
    return {
        "units": units.ancestors(conn, path, at, known_at),
        "team": areas.default_team(conn, units.path_ids(path), at),
    }


def _root(conn: Connection, query: PointQuery) -> Row:
    now = instant(conn)
    root = first(conn, assign.SQL["root"], at=query.at or now, known=query.known_at or now)
    if root is None:
        raise assign.NoUnits if query.at is None and query.known_at is None else assign.NoUnitsThen
    return root


def _feature(unit: Row, area: dict[str, Any] | None) -> dict[str, Any]:
    return {"type": "Feature", "id": unit["unit_id"], "bbox": unit["bbox"], "properties": unit, "geometry": area}
