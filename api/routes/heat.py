"""Heat for who is signed in: tiles of counts under any filter, their legend, and counts step by step."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, Field

from api.body import StrictRoute
from api.description import refusals
from api.routes.tiles import ADDRESS, TILE, Column, Row, Zoom
from api.schemas import Box, Code, Cursor, Instant, Level, Limit, Strict, boxed
from api.scope import Principal, begin, needs, service_of
from api.tilejson import HeatJson
from api.tiles import answer
from geo import paging, units
from geo.db import PUBLIC
from geo.heat_filter import HeatFilter
from geo.lifecycle import SETTLED, State
from geo.paging import Page
from geo.slices import Slice
from geo.units import UnitFilter
from tiles import heat
from tiles.cache import Packed
from tiles.heat import Desk, Step
from tiles.layers import HEAT, tilejson

router = APIRouter(tags=["heat"], route_class=StrictRoute)

Reader = Annotated[Principal, needs(HEAT.permission)]
STATES: Mapping[str, frozenset[State]] = MappingProxyType(
    {state.value: frozenset({state}) for state in State} | {"open": frozenset(State) - SETTLED, "settled": SETTLED}
)


def _numbers(text: str, first: int, last: int) -> frozenset[int]:
    """Numbers and ranges such as ``8-18,20``."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        if not first <= int(low) <= int(high or low) <= last:
            raise ValueError("out of range")
        found.update(range(int(low), int(high or low) + 1))
    return frozenset(found)


def _hours(text: str) -> str:
    _numbers(text, 0, 23)
    return text


def _weekdays(text: str) -> str:
    _numbers(text, 1, 7)
    return text


def _states(text: str) -> str:
    if not set(text.split(",")) <= set(STATES):
        raise ValueError("no such state")
    return text


RANGES = r"^\d{1,2}(-\d{1,2})?(,\d{1,2}(-\d{1,2})?){0,23}$"
CATEGORIES = r"^[a-z][a-z0-9_.]{0,63}(,[a-z][a-z0-9_.]{0,63}){0,63}$"


class Filters(Strict):
    """Filters of heat beside the time; all that are given must hold."""

    hours: Annotated[
        Annotated[str, Field(pattern=RANGES, examples=["8-18"]), AfterValidator(_hours)] | None,
        Query(description="Hours of the day, 0 to 23, such as `8-18,20`. 一日中的小时。"),
    ] = None
    weekdays: Annotated[
        Annotated[str, Field(pattern=RANGES, examples=["1-5"]), AfterValidator(_weekdays)] | None,
        Query(description="Days of the week, 1 is Monday, such as `1-5`. 星期，1 为周一。"),
    ] = None
    category: Annotated[
        Annotated[str, Field(pattern=CATEGORIES, examples=["hazard,facility.light"])] | None,
        Query(description="Categories with all below them. 类别，含下级，可多个。"),
    ] = None
    state: Annotated[
        Annotated[str, Field(pattern=r"^[a-z]+(,[a-z]+){0,14}$", examples=["open"]), AfterValidator(_states)] | None,
        Query(description="States, or `open`, `settled`. 状态；open 未办结，settled 已办结。"),
    ] = None
    unit: Annotated[Code | None, Query(description="Code of a unit, for its whole subtree. 网格编码，含下级。")] = None

    def filter(self, since: datetime | None, until: datetime | None, path: str) -> HeatFilter:
        """What is asked for, within a time and the unit of a path."""
        return HeatFilter(
            since=since,
            until=until,
            hours=_numbers(self.hours, 0, 23) if self.hours else frozenset(),
            weekdays=frozenset(day - 1 for day in _numbers(self.weekdays, 1, 7)) if self.weekdays else frozenset(),
            categories=frozenset(self.category.split(",")) if self.category else frozenset(),
            states=frozenset[State]().union(*(STATES[name] for name in self.state.split(",")))
            if self.state
            else frozenset(),
            path=path,
        )


class HeatQuery(Filters):
    """Filters of heat."""

    since: Annotated[Instant | None, Query(alias="from", description="Occurred at or after. 发生时间起（含）。")] = None
    until: Annotated[Instant | None, Query(description="Occurred before. 发生时间止（不含）。")] = None


class SliceQuery(Filters):
    """Filters of heat step by step."""

    since: Annotated[
        Instant, Query(alias="from", description="From when. 起。", examples=["2026-01-01T00:00:00+08:00"])
    ]
    until: Annotated[Instant, Query(description="Until when. 止。", examples=["2026-02-01T00:00:00+08:00"])]
    step: Annotated[Step, Query(description="Length of a step. 步长。")] = "day"
    bbox: Annotated[
        Annotated[Box, AfterValidator(boxed)] | None,
        Query(description="west,south,east,north in EPSG:4326. 范围：西,南,东,北。"),
    ] = None


class SliceOut(BaseModel):
    """A step: since when, how many incidents occurred in it, and how many of these are open now."""

    since: datetime
    n: int
    open: int


class Slices(BaseModel):
    """Counts step by step, the empty steps too; the last step ends at `until`."""

    step: Literal["hour", "day", "week", "month"]
    until: datetime
    total: int
    slices: list[SliceOut]


class UnitsQuery(HeatQuery):
    """Filters of heat by unit, and of which units."""

    level: Annotated[Level, Query(description="One of the six levels. 层级。")]
    bbox: Annotated[
        Annotated[Box, AfterValidator(boxed)] | None,
        Query(description="west,south,east,north in EPSG:4326. 范围：西,南,东,北。"),
    ] = None
    cursor: Annotated[Cursor | None, Query(description="`next` of the page before. 上一页的 next。")] = None
    limit: Annotated[Limit, Query(description="Most rows of a page. 每页条数上限。")] = 100


class UnitHeat(BaseModel):
    """Incidents of a unit with all below it, and open ones; no counts where it is not wholly within the scope."""

    unit_id: int
    level: Level
    code: str
    name: str
    name_en: str | None
    households: int | None
    bbox: list[float]
    n: int | None
    open: int | None


@router.get(
    "/tiles/heat.json", summary="TileJSON of heat 热力图层说明", response_class=JSONResponse,
    responses={200: {"model": HeatJson}},
)  # fmt: skip
async def describe(request: Request, asking: Reader, query: Annotated[HeatQuery, Query()]) -> JSONResponse:
    """
    The heat tiles under these filters, with the counts at which the classes of a legend begin, by zoom, and the last
    day on which anything seen occurred, on the city's clock.
    """
    hearth = service_of(request).hearth
    found = await hearth.count(lambda: hearth.legend(_desk(request, asking, query)))
    description = tilejson(HEAT, str(request.base_url).rstrip("/"), await service_of(request).tiles.bounds())
    asked = urlencode([(name, value) for name, value in request.query_params.multi_items()])
    if asked:
        description["tiles"] = [f"{address}?{asked}" for address in description["tiles"]]
    zone = ZoneInfo(service_of(request).settings.timezone)
    last_on = found.last_at and found.last_at.astimezone(zone).date().isoformat()
    description["heat"] = {"total": found.total, "most": found.most, "breaks": found.breaks, "last_on": last_on}
    headers = {"cache-control": "private, no-cache", "vary": "cookie, authorization"}
    return JSONResponse(_by_text(description), headers=headers)


@router.get(f"/tiles/heat{ADDRESS}", summary="Heat tile 热力瓦片", response_class=Response, responses=TILE)
async def tile(
    request: Request, asking: Reader, z: Zoom, x: Column, y: Row, query: Annotated[HeatQuery, Query()]
) -> Response:
    """Squares with the number of incidents in them (`n`) and of open ones (`open`), of what whoever asks sees."""
    HEAT.check(z, x, y)
    packed = await service_of(request).hearth.count(lambda: _pack(_desk(request, asking, query), z, x, y))
    return answer(request.headers, packed, public=False)


@router.get("/v1/heat/slices", summary="Heat step by step 分时热度", responses=refusals(422))
async def slices(request: Request, asking: Reader, query: Annotated[SliceQuery, Query()]) -> Slices:
    """How many incidents occurred in each hour, day, week or month, for playing a day or a year."""
    timezone = service_of(request).settings.timezone
    found = await service_of(request).hearth.count(
        lambda: heat.slots(_desk(request, asking, query), cast(Any, query.bbox), query.step, timezone)
    )
    rows = [SliceOut(since=one.since, n=one.n, open=one.open) for one in found]
    return Slices(step=query.step, until=query.until, total=sum(one.n for one in rows), slices=rows)


@router.get("/v1/heat/units", summary="Heat by unit 各单元热度", responses=refusals(422))
async def by_unit(request: Request, asking: Reader, query: Annotated[UnitsQuery, Query()]) -> Page[UnitHeat]:
    """The incidents of each unit of a level, ascending by code: what a heat map shows, as a table."""
    return await service_of(request).hearth.count(lambda: _by_unit(request, asking, query))


def _by_unit(request: Request, asking: Principal, query: UnitsQuery) -> Page[UnitHeat]:
    after = None if query.cursor is None else paging.parts(query.cursor, 1)[0]
    wanted = UnitFilter(level=query.level, bbox=cast(Any, query.bbox), after=after, limit=query.limit + 1)
    with begin(request, PUBLIC) as conn:
        page = paging.page(units.find(conn, wanted), query.limit, lambda last: (last["code"],))
    n, still_open = heat.by_unit(_desk(request, asking, query), [unit["path"] for unit in page.items])
    seen = Slice(asking.scope.path, asking.scope.upper)
    told = [{"n": int(a), "open": int(b)} for a, b in zip(n, still_open, strict=True)]
    rows = [
        UnitHeat.model_validate(unit | (counts if seen.holds(unit["path"]) else NOT_TOLD))
        for unit, counts in zip(page.items, told, strict=True)
    ]
    return Page(rows, page.next)


NOT_TOLD = {"n": None, "open": None}


def _pack(desk: Desk, zoom: int, x: int, y: int) -> Packed:
    return Packed.of(heat.tile(desk, zoom, x, y))


def _desk(request: Request, asking: Principal, query: HeatQuery | SliceQuery) -> Desk:
    hearth = service_of(request).hearth
    wanted = query.filter(query.since, query.until, hearth.path_of(query.unit))
    return Desk(hearth.heat.view(), Slice.of(asking.scope), wanted, datetime.now(UTC))


def _by_text(value: Any) -> Any:
    """JSON has no names but texts."""
    if isinstance(value, Mapping):
        return {str(key): _by_text(inner) for key, inner in value.items()}
    return value
