"""What comes in and goes out over HTTP, as types with their limits; examples in Chinese and English."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from geo.incidents import Change, Handling, Located
from geo.intake import Beside
from geo.lifecycle import State
from geo.organisations import Category, Channel
from geo.reports import Report
from geo.seal import Contact
from geo.settlement import Settlement
from geo.whereabouts import Owner

MOST_ROWS = 500
FIRST_YEAR = 1900

Level = Literal["league", "banner", "township", "community", "grid", "micro_grid"]


# Characters that are there and show nothing: letters by their category, but blank.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# Turn the order of what follows around, so that a text reads otherwise than it is written.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _wrong(code: LiteralString, says: LiteralString) -> PydanticCustomError:
    """What `faults` names by its code; the sentence is for who debugs the service."""
    return PydanticCustomError(code, says)


def _plain(text: str) -> str:
    """Refuse what PostgreSQL cannot keep, a terminal would obey, or a reader would be misled by."""
    if any((character < " " and character not in "\n\t") or "\x7f" <= character <= "\x9f" for character in text):
        raise _wrong("control_characters", "control characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _wrong("lone_surrogates", "lone surrogates")
    if not _TURNING.isdisjoint(text):
        raise _wrong("bidirectional_controls", "controls of the direction of writing")
    return text


def _visible(text: str) -> str:
    """Refuse text in which there is nothing to see; Mongolian and emoji have joiners, beside what is seen."""
    if not any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in text):
        raise _wrong("nothing_visible", "nothing visible")
    return text


def _zoned(at: datetime) -> datetime:
    """Refuse an instant without its offset from UTC, or one that no calendar of ours reaches."""
    if at.tzinfo is None:
        raise _wrong("no_offset", "no offset from UTC")
    if at.year < FIRST_YEAR or at.year > 2200:
        raise _wrong("out_of_range", "out of range")
    return at.astimezone(UTC)


def _written(at: Any) -> Any:
    """An instant is text as RFC 3339 writes it; a bare number would be taken for seconds."""
    if isinstance(at, str) and "T" in at.upper():
        return at
    raise _wrong("not_rfc3339", "not an instant as RFC 3339 writes it")


def _number(value: Any) -> Any:
    """A coordinate is a number, not text or truth that could be read as one; -0 is 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong("not_a_number", "not a number")
    return value + 0.0


def boxed(text: str) -> tuple[float, float, float, float]:
    """West, south, east, north; one across the antimeridian is two."""
    west, south, east, north = (float(part) for part in text.split(","))
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _wrong("out_of_range", "west,south,east,north in their order")
    return west, south, east, north


def _itself(box: Any) -> Any:
    """What the box was read as: four numbers, where its type says text."""
    return box


Plain = AfterValidator(_plain)
Visible = AfterValidator(_visible)
Instant = Annotated[datetime, BeforeValidator(_written), AfterValidator(_zoned)]
Code = Annotated[str, Field(min_length=1, max_length=64), Plain]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
Degrees = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Crs = Annotated[str, Field(pattern=r"^(EPSG:[1-9]\d{3,5}|gcj02|bd09)$", examples=["EPSG:4326", "gcj02"])]
Box = Annotated[
    str,
    Field(pattern=r"^-?\d{1,3}(\.\d{1,15})?(,-?\d{1,3}(\.\d{1,15})?){3}$", examples=["122.0,46.0,122.2,46.2"]),
]
Cursor = Annotated[str, Field(max_length=300, pattern=r"^[A-Za-z0-9_-]+$")]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS)]


class Strict(BaseModel):
    """Nothing but the documented fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactIn(Strict):
    """How to reach the reporter: sealed apart from the incident, and destroyed when retention ends."""

    phone: Annotated[str, Field(max_length=40, pattern=r"\d"), Plain] | None = None
    name: Annotated[str, Field(max_length=40), Plain] | None = None
    other: Annotated[str, Field(max_length=200), Plain] | None = None


class ReportIn(Strict):
    """An incident as it is reported; the coordinate's reference system must be declared."""

    category: Slug
    channel: Slug
    title: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), Plain, Visible]
    lon: Annotated[Degrees, Field(ge=-1e8, le=1e8)]
    lat: Annotated[Degrees, Field(ge=-1e8, le=1e8)]
    crs: Crs
    description: Annotated[str, Field(max_length=4000), Plain] | None = None
    address: Annotated[str, Field(max_length=300), Plain] | None = None
    occurred_at: Instant | None = None
    accuracy_m: Annotated[float, BeforeValidator(_number), Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None
    handling: Handling = "direct"
    building_code: Code | None = None
    contact: ContactIn | None = None

    def report(self) -> Report:
        """The report that the verb takes."""
        return Report(**self.model_dump(exclude={"contact"}))

    def beside(self) -> Beside:
        """What comes with it, to be kept apart; raises `NoContact` for a contact that reaches nobody."""
        return Beside(contact=None if self.contact is None else Contact(**self.contact.model_dump()))


class ChangeIn(Strict):
    """A wanted step of an incident's life; returning, deferring, refusing and opening again need a reason."""

    state: State
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S"), Plain, Visible] | None = None
    team_id: UUID | None = None
    department_id: UUID | None = None

    def change(self) -> Change:
        """The change that the verb takes."""
        return Change(**self.model_dump())


class SettleIn(Strict):
    """The unit that shall own an incident, by its code, and why."""

    unit: Code
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S"), Plain, Visible]

    def settlement(self) -> Settlement:
        """The settlement that the verb takes."""
        return Settlement(**self.model_dump())


class IncidentQuery(Strict):
    """Filters of the list of incidents; all that are given must hold."""

    unit: Annotated[Code | None, Query(description="Code of a unit, for its whole subtree. 网格编码，含下级。")] = None
    path: Annotated[str | None, Query(pattern=r"^(\d{1,18}\.){1,12}$", description="Path of a unit. 网格路径。")] = None
    category: Annotated[Slug | None, Query(description="A category with all below it. 类别，含下级。")] = None
    state: Annotated[State | None, Query(description="State of the incident. 状态。")] = None
    channel: Annotated[Slug | None, Query(description="Where it came from. 来源。")] = None
    located: Annotated[
        Located | None,
        Query(description="`outside` is the queue of points outside every grid. 定位结果；outside 为界外。"),
    ] = None
    ambiguous: Annotated[
        bool | None,
        Query(description="`true` is the queue of those whose place leaves doubts. 位置存疑；true 为待确定归属。"),
    ] = None
    team: Annotated[Code | None, Query(description="Code of the team that has it. 队伍编码。")] = None
    bbox: Annotated[
        Annotated[Box, AfterValidator(boxed), PlainSerializer(_itself)] | None,
        Query(description="west,south,east,north in EPSG:4326. 范围：西,南,东,北。"),
    ] = None
    occurred_from: Annotated[Instant | None, Query(description="Happened at or after. 发生时间起（含）。")] = None
    occurred_to: Annotated[Instant | None, Query(description="Happened before. 发生时间止（不含）。")] = None
    text: Annotated[
        Annotated[str, Field(min_length=1, max_length=100), Plain] | None,
        Query(description="Part of title, description or address. 标题、描述或地址中的文字。"),
    ] = None
    cursor: Annotated[Cursor | None, Query(description="`next` of the page before. 上一页的 next。")] = None
    limit: Annotated[Limit, Query(description="Most rows of a page. 每页条数上限。")] = 100


class PlaceQuery(Strict):
    """Filters of the lists of teams, stations and routes."""

    unit: Annotated[Code | None, Query(description="Code of a unit, for its whole subtree. 网格编码，含下级。")] = None
    kind: Annotated[Slug | None, Query(description="Kind of team or station, shift of a route. 类型；路线为班次。")] = (
        None
    )
    name: Annotated[
        Annotated[str, Field(min_length=1, max_length=100), Plain] | None, Query(description="Part of the name. 名称。")
    ] = None
    cursor: Annotated[Cursor | None, Query(description="`next` of the page before. 上一页的 next。")] = None
    limit: Annotated[Limit, Query(description="Most rows of a page. 每页条数上限。")] = 100


class UnitQuery(Strict):
    """Filters of the list of units."""

    level: Annotated[Level | None, Query(description="One of the six levels. 层级。")] = None
    parent: Annotated[Code | None, Query(description="Code of the unit above. 上级编码。")] = None
    code: Annotated[Code | None, Query(description="Code of the unit. 编码。")] = None
    name: Annotated[
        Annotated[str, Field(min_length=1, max_length=100), Plain] | None,
        Query(description="Part of the Chinese or English name. 名称。"),
    ] = None
    q: Annotated[
        Annotated[str, Field(min_length=1, max_length=100), Plain] | None,
        Query(description="A code, or part of a name. 编码，或名称中的文字。"),
    ] = None
    bbox: Annotated[
        Annotated[Box, AfterValidator(boxed), PlainSerializer(_itself)] | None,
        Query(description="Whose box meets this one: west,south,east,north in EPSG:4326. 范围：西,南,东,北。"),
    ] = None
    geometry: Annotated[bool, Query(description="With the areas. 是否含边界。")] = True
    at: Annotated[Instant | None, Query(description="As in force at this instant. 该时刻生效的网格。")] = None
    known_at: Annotated[Instant | None, Query(description="As known at this instant. 该时刻所掌握的。")] = None
    cursor: Annotated[Cursor | None, Query(description="`next` of the page before. 上一页的 next。")] = None
    limit: Annotated[Limit, Query(description="Most rows of a page. 每页条数上限。")] = 100


class PointQuery(Strict):
    """A point, and the instant for which its owner is asked."""

    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, examples=[122.07])]
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, examples=[46.08])]
    crs: Annotated[Crs, Query(description="Must be declared. 必须声明坐标系。")]
    at: Annotated[Instant | None, Query(description="As in force at this instant. 该时刻生效的网格。")] = None
    known_at: Annotated[Instant | None, Query(description="As known at this instant. 该时刻所掌握的。")] = None


class PointsIn(Strict):
    """Points, and the instants for which their owners are asked."""

    # The first fault ends the reading: thousands of empty lists would make twice as many.
    points: Annotated[
        list[Annotated[tuple[Degrees, Degrees], FailFast()]], Field(min_length=1, max_length=1000), FailFast()
    ]
    crs: Crs
    at: Instant | None = None
    known_at: Instant | None = None


class EditionKey(BaseModel):
    """Which edition answers: since when it is in force, and since when that is known."""

    valid: datetime
    recorded: datetime


class OwnersAnswer(BaseModel):
    """The owner of each point, by one edition."""

    edition: EditionKey
    owners: list[Owner]


class MapQuery(Strict):
    """What a map shows."""

    unit: Annotated[Code | None, Query(description="Code of a unit, for its whole subtree. 网格编码，含下级。")] = None
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of the page. 页面语言。")] = None
    days: Annotated[int | None, Query(ge=1, le=36_600, description="Only the last days. 仅最近若干天。")] = None
    radius_m: Annotated[int, Query(ge=50, le=50_000, description="How far a station reaches. 服务半径（米）。")] = 1000


class ComparisonQuery(Strict):
    """Which two editions a map compares."""

    at: Annotated[
        Instant,
        Query(
            description="The edition in force at this instant. 该时刻生效的版本。",
            examples=["2026-06-01T00:00:00+08:00"],
        ),
    ]
    other: Annotated[
        Instant | None,
        Query(
            alias="with",
            description="And the one at this instant; now. 与该时刻的版本相比，默认现在。",
            examples=["2026-11-01T00:00:00+08:00"],
        ),
    ] = None
    unit: Annotated[Code | None, Query(description="Code of a unit, for its whole subtree. 网格编码，含下级。")] = None
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of the page. 页面语言。")] = None


class UnitName(BaseModel):
    """A unit as one step of a path."""

    unit_id: int
    level: Level
    code: str
    name: str
    name_en: str | None
    name_mn: str | None
    synthetic: bool


class Unit(UnitName):
    """A unit in force; `area_m2` on the ellipsoid, `bbox` as west, south, east, north in EPSG:4326."""

    path: str
    parent_code: str | None
    kind: str | None
    households: int | None
    derived: bool
    area_m2: float
    bbox: list[float]


class UnitFeature(BaseModel):
    """A unit as a GeoJSON feature in EPSG:4326."""

    type: Literal["Feature"] = "Feature"
    id: int
    bbox: list[float]
    properties: Unit
    geometry: dict[str, Any] | None


class UnitFeatures(BaseModel):
    """A page of units as GeoJSON; `next` is the cursor of the page after it."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[UnitFeature]
    next: str | None


class DefaultTeam(BaseModel):
    """The team that answers for a unit by default, and the unit that names it."""

    id: UUID
    code: str
    kind: str
    name: str
    phone: str | None
    unit_id: int


class UnitAnswer(BaseModel):
    """A unit, all above it from the root down and itself last, and its default team."""

    unit: Unit
    units: list[UnitName]
    team: DefaultTeam | None


class PointAnswer(BaseModel):
    """Who answers for a point: the units from the root down to the owner; outside of all, the oldest root."""

    lon: float
    lat: float
    located: Literal["inside", "outside"]
    units: list[UnitName]
    team: DefaultTeam | None


class Categories(BaseModel):
    """The categories in use."""

    categories: list[Category]


class Channels(BaseModel):
    """The ways that incidents come in."""

    channels: list[Channel]


class Step(BaseModel):
    """A state of an incident's life, its names, and where it may go from there."""

    state: State
    name_zh: str
    name_en: str
    next: list[State]
    needs_reason: bool
    settled: bool


class Faulty(BaseModel):
    """A place in the request and what is wrong there."""

    at: str
    code: str


class Problem(BaseModel):
    """An error (RFC 9457); `code` is stable, `title` is in the language that was asked for."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str | None = None
    faults: list[Faulty] | None = None


EXAMPLES: dict[str, Any] = {
    "zh": {
        "summary": "私改烟道（高德坐标）",
        "value": {
            "category": "hazard.flue",
            "channel": "snap",
            "title": "三单元私改烟道",
            "description": "厨房烟道改接到采暖烟囱。",
            "address": "示例小区 5 号楼 3 单元",
            "lon": 122.0921,
            "lat": 46.0747,
            "crs": "gcj02",
            "occurred_at": "2026-03-01T09:30:00+08:00",
        },
    },
    "en": {
        "summary": "A street light that is out (WGS 84)",
        "value": {
            "category": "facility.light",
            "channel": "patrol",
            "title": "Street light out at the corner",
            "lon": 122.0856,
            "lat": 46.0733,
            "crs": "EPSG:4326",
            "accuracy_m": 12,
        },
    },
}
SETTLEMENTS: dict[str, Any] = {
    "zh": {"summary": "现场核实后确定归属", "value": {"unit": "152201001001001", "reason": "现场核实在路北"}},
    "en": {"summary": "Settled after a look", "value": {"unit": "152201001001001", "reason": "Seen north of the road"}},
}
CHANGES: dict[str, Any] = {
    "zh": {"summary": "退回并说明理由", "value": {"state": "returned", "reason": "不属本队职责范围"}},
    "en": {"summary": "Accept a report", "value": {"state": "accepted"}},
}
