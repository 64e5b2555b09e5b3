"""
The fields of each kind of load: what they are called in files, and how their text becomes values.

A column is taken for a field by its name, in Chinese or English, unless it is mapped by hand; what was taken is told.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from geo import plain_columns
from geo.errors import BadOption
from geo.rejects import Verdicts

Strings = Mapping[str, str]
Kind = Literal["units", "buildings", "streets", "water", "teams", "stations", "routes", "incidents"]
Type = Literal["text", "whole", "number", "yes_no", "time", "list", "choice", "geometry"]


@dataclass(frozen=True)
class Field:
    """
    A field of a kind of load.

    Attributes
    ----------
    type
        How its values are read.
    names
        What its column is commonly called, in lower case without blanks, underscores and hyphens.
    needed
        Whether a row without it is refused.
    choices
        Of a ``choice``: the values that the database knows, by what files call them.
    """

    type: Type
    names: tuple[str, ...] = ()
    needed: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)


def _choices(words: str) -> Mapping[str, str]:
    """Read ``value=word,word; value=...``: each value goes by its own name too."""
    made: dict[str, str] = {}
    for part in words.split(";"):
        value, _, names = part.strip().partition("=")
        made |= dict.fromkeys([value, *(name.strip().lower() for name in names.split(",") if name)], value)
    return MappingProxyType(made)


_LEVEL = _choices(
    "league=盟,市,地级市,city,prefecture,municipality; banner=旗县市,旗,县,区,旗县,区县,county,district,borough;"
    "township=苏木乡镇街道,苏木,乡,镇,街道,乡镇,town,subdistrict,ward; community=嘎查村社区,嘎查,村,社区,village,"
    "barrio,neighbourhood,neighborhood; grid=网格,大网格; micro_grid=微网格,微格,micro-grid,microgrid,cell,area"
)
_SHIFT = _choices("day=白班,日班; evening=晚班,中班; night=夜班; all=全天,24h")
_TEAM_KIND = _choices(
    "volunteer=志愿者,志愿服务队,志愿队; patrol=巡防队,巡逻队,义警; mediation=调委会,调解队,调解委员会;"
    "property_company=物业,物业企业,物业公司; duty_desk=值班室,值守台"
)
_WATER = _choices(
    "river=河,江,河流,riverbank,rapids; stream=溪,溪流,小河,brook; canal=渠,水渠,灌渠,运河; ditch=沟,沟渠,排水沟,drain;"
    "lake=湖,湖泊,泡子,淖尔,oxbow,lagoon; reservoir=水库; pond=塘,池塘,水塘,basin; water=水域,水面,水体,dock"
)
_HANDLING = _choices("direct=直办; assisted=帮办; on_behalf=代办")
_STATE = _choices(
    "reported=上报,已上报,待受理,open,new; accepted=受理,已受理; assigned=交办,已交办; dispatched=派单,已派单;"
    "signed=签收,已签收; handling=处置,处置中,处理中,办理中,in progress; checking=核查,核查中; deferred=挂账;"
    "returned=退回; closed=结案,已结案,办结,已办结,完成,done,resolved; revisited=回访,已回访; archived=归档,已归档;"
    "refused=不受理"
)

_LON = Field("number", ("lon", "lng", "long", "longitude", "x", "经度", "xcoord", "pointx", "jd"))
_LAT = Field("number", ("lat", "latitude", "y", "纬度", "ycoord", "pointy", "wd"))
_SHAPE = Field("geometry", ("wkt", "wkb", "geom", "geometry", "thegeom", "几何", "图形"))
_CODE = ("code", "id", "编码", "代码", "编号", "标识")
_NAME = ("name", "名称", "name:zh", "namezh")
_SYNTHETIC = Field("yes_no", ("synthetic", "合成"))

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType({
    "units": {
        "code": Field("text", (*_CODE, "网格编码", "区划代码", "unitcode", "gridcode", "adcode"), needed=True),
        "name": Field("text", (*_NAME, "网格名称", "label"), needed=True),
        "parent_code": Field("text", ("parentcode", "parent", "上级编码", "上级代码", "父级编码")),
        "level": Field("choice", ("level", "层级", "级别"), choices=_LEVEL),
        "name_en": Field("text", ("nameen", "name:en", "英文名", "英文名称")),
        "name_mn": Field("text", ("namemn", "name:mn", "蒙古文", "蒙文名称")),
        "kind": Field("text", ("kind", "类型", "性质")),
        "households": Field("whole", ("households", "户数", "住户数")),
        "synthetic": _SYNTHETIC,
        "geometry": _SHAPE,
    },
    "buildings": {
        "code": Field("text", ("osmkey", *_CODE, "楼栋编码", "buildingcode"), needed=True),
        "name": Field("text", (*_NAME, "楼栋名称")),
        "address": Field("text", ("address", "地址", "addr")),
        "use": Field("text", ("use", "building", "用途", "usage")),
        "floors": Field("whole", ("floors", "levels", "层数", "楼层数")),
        "households": Field("whole", ("households", "户数")),
        "synthetic": _SYNTHETIC,
        "geometry": _SHAPE,
    },
    "streets": {
        "code": Field("text", ("osmid", *_CODE, "道路编码"), needed=True),
        "name": Field("text", (*_NAME, "道路名称", "路名")),
        "class": Field("text", ("highway", "class", "等级", "道路等级", "fclass"), needed=True),
        "oneway": Field("yes_no", ("oneway", "单行")),
        "from_node": Field("whole", ("fromnode", "u")),
        "to_node": Field("whole", ("tonode", "v")),
        "synthetic": _SYNTHETIC,
        "geometry": _SHAPE,
    },
    "water": {
        "code": Field("text", ("osmkey", "osmid", *_CODE, "水体编码"), needed=True),
        "name": Field("text", (*_NAME, "河流名称", "水体名称")),
        "name_en": Field("text", ("nameen", "name:en", "英文名", "英文名称")),
        "kind": Field(
            "choice", ("kind", "类型", "水体类型", "water", "waterway", "fclass", "natural", "type"),
            needed=True, choices=_WATER,
        ),
        "synthetic": _SYNTHETIC,
        "geometry": _SHAPE,
    },
    "stations": {
        "code": Field("text", (*_CODE, "站点编码"), needed=True),
        "name": Field("text", (*_NAME, "站点名称", "站名"), needed=True),
        "kind": Field("text", ("kind", "类型", "站点类型", "type"), needed=True),
        "address": Field("text", ("address", "地址", "addr")),
        "phone": Field("text", ("phone", "电话", "办公电话", "tel", "telephone")),
        "synthetic": _SYNTHETIC,
        "lon": _LON,
        "lat": _LAT,
        "geometry": _SHAPE,
    },
    "teams": {
        "code": Field("text", (*_CODE, "队伍编码"), needed=True),
        "name": Field("text", (*_NAME, "队伍名称"), needed=True),
        "kind": Field("choice", ("kind", "类型", "队伍类型", "type"), needed=True, choices=_TEAM_KIND),
        "unit_code": Field("text", ("unitcode", "unit", "网格编码", "所属网格")),
        "default": Field("yes_no", ("default", "兜底")),
        "station_code": Field("text", ("stationcode", "station", "站点编码", "服务站编码")),
        "skills": Field("list", ("skills", "技能", "专长")),
        "shift": Field("choice", ("shift", "班次"), choices=_SHIFT),
        "members": Field("whole", ("members", "人数", "队员数")),
        "capacity_per_day": Field("whole", ("capacityperday", "capacity", "日处理量")),
        "phone": Field("text", ("phone", "电话", "办公电话", "tel", "telephone")),
        "synthetic": _SYNTHETIC,
    },
    "routes": {
        "code": Field("text", (*_CODE, "路线编码"), needed=True),
        "name": Field("text", (*_NAME, "路线名称"), needed=True),
        "team_code": Field("text", ("teamcode", "team", "队伍编码")),
        "shift": Field("choice", ("shift", "班次"), choices=_SHIFT),
        "synthetic": _SYNTHETIC,
        "geometry": _SHAPE,
    },
    "incidents": {
        "source_key": Field("text", ("sourcekey", *_CODE, "工单号", "工单编号", "事项编号", "案件编号", "ticket")),
        "category": Field("choice", ("category", "类别", "分类", "事项类别", "案件类型", "type"), needed=True),
        "occurred_at": Field(
            "time", ("occurredat", "发生时间", "事发时间", "时间", "date", "datetime", "created", "createdat"),
            needed=True,
        ),
        "received_at": Field("time", ("receivedat", "接报时间", "受理时间", "上报时间")),
        "closed_at": Field("time", ("closedat", "结案时间", "办结时间", "closed", "closeddate")),
        "due_at": Field("time", ("dueat", "截止时间", "时限", "due")),
        "title": Field("text", ("title", "标题", "事项名称", "主题")),
        "description": Field("text", ("description", "描述", "内容", "问题描述", "详情")),
        "address": Field("text", ("address", "地址", "发生地址", "位置", "addr")),
        "channel": Field("choice", ("channel", "来源", "渠道")),
        "handling": Field("choice", ("handling", "办理方式"), choices=_HANDLING),
        "state": Field("choice", ("state", "状态", "status"), choices=_STATE),
        "priority": Field("whole", ("priority", "优先级", "紧急程度")),
        "accuracy_m": Field("number", ("accuracym", "accuracy", "精度")),
        "building": Field("text", ("buildingcode", "building", "楼栋编码", "楼栋")),
        "synthetic": _SYNTHETIC,
        "lon": _LON,
        "lat": _LAT,
        "geometry": _SHAPE,
    },
})  # fmt: skip

_YES = frozenset({"1", "true", "t", "yes", "y", "是", "有", "sí", "si", "oui", "ja", "да", "тийм"})
_NO = frozenset({"0", "false", "f", "no", "n", "否", "无", "non", "nein", "нет", "үгүй"})
_TIMES = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M",
          "%Y年%m月%d日 %H时%M分", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d%H%M%S", "%Y%m%d",
          # With dots the day comes first wherever such dates are written; with slashes nobody knows.
          "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y, %H:%M", "%d.%m.%Y")  # fmt: skip
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_EXCEL_EPOCH = pd.Timestamp("1899-12-30")
_ZONED = r"(?:[Zz]|[+-]\d\d:?\d\d|[T ]\d\d?[\d:.,]*\s*[+-]\d\d?:?\d?\d?)$"
# Beyond, a clock of some zone shows a year that Python does not read: nobody could look at such a row.
_FIRST, _LAST = pd.Timestamp("0001-01-02", tz="UTC"), pd.Timestamp("9999-12-31", tz="UTC")
_MOVING = ("now", "today")  # pandas takes these for times
_WORDS = re.compile(r"\s*[;；,，、|]\s*")


def propose(kind: str, columns: Iterable[str], asked: Mapping[str, str]) -> dict[str, str]:
    """
    Which column each field is taken from: as asked, else by the column's name.

    Raises
    ------
    BadOption
        A field or column that was asked for does not exist.
    """
    columns = list(columns)
    fields = FIELDS[kind]
    for name, column in asked.items():
        if name not in fields:
            raise BadOption(f"--map {name}={column}: {kind} have no field {name}; the fields are {', '.join(fields)}")
        if column not in columns:
            raise BadOption(
                f"--map {name}={column}: the file has no column {column}; its columns are {', '.join(columns)}"
            )
    plain = {_plain(column): column for column in reversed(columns) if column not in asked.values()}
    guessed = {name: _guess(name, spec, plain) for name, spec in fields.items() if name not in asked}
    return dict(asked) | {name: column for name, column in guessed.items() if column is not None}


def _guess(name: str, spec: Field, plain: Mapping[str, str]) -> str | None:
    return next((plain[word] for word in (_plain(name), *spec.names) if word in plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name).lower()


@dataclass(frozen=True)
class Reading:
    """
    How the text of a load becomes values.

    Attributes
    ----------
    timezone
        Of times that name none.
    time_format
        As of strptime, or ``epoch``, ``epoch_ms`` or ``excel`` (days since 1899-12-30); the common ones are tried if
        not given.
    values
        By field, what a file's value stands for.
    defaults
        By field, what an unknown value stands for.
    unknown
        Words that no catalogue knows, by field, and how many rows said them: filled while a load is read.
    """

    timezone: ZoneInfo
    time_format: str | None
    values: Mapping[str, Mapping[str, str]]
    defaults: Mapping[str, str]
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)


def check_words(
    fields: Mapping[str, Field], constants: Strings, values: Mapping[str, Strings], defaults: Strings
) -> None:
    """
    See that every value that an option names is one that its field knows.

    Parameters
    ----------
    fields
        Of the load's kind, with all choices.
    constants, values, defaults
        See `load_order.LoadOrder`.

    Raises
    ------
    BadOption
        Names the option, the nearest value and all that are known.
    """
    named = [("--set", name, name, word) for name, word in constants.items() if name not in values]
    named += [("--map-value", name, f"{name}:{said}", word) for name, of in values.items() for said, word in of.items()]
    named += [("--default", name, name, word) for name, word in defaults.items()]
    for option, name, left, word in named:
        spec = fields[name]
        if spec.type == "choice" and known(spec, word) is None:
            near = nearest(spec, word)
            hint = f"did you mean {near}? " if near else ""
            allowed = ", ".join(sorted(set(spec.choices.values())))
            raise BadOption(f"{option} {left}={word}: {word} is no {name}; {hint}The values are {allowed}.")


def known(spec: Field, word: str) -> str | None:
    """The value that a word stands for, or None."""
    return spec.choices.get(word) or spec.choices.get(word.lower())


def nearest(spec: Field, word: str, said: Strings = MappingProxyType({})) -> str | None:
    """The value whose name, or what `said` stands for it, is most like a word; None if none is like it."""
    last = {value.rpartition(".")[2]: value for value in spec.choices.values()}
    names = last | dict(spec.choices) | {one.lower(): value for one, value in said.items()}
    found = get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def read_field(name: str, spec: Field, raw: pd.Series, reading: Reading, verdicts: Verdicts) -> pd.Series:
    """
    The values of a field out of a file's column; what cannot be read is refused in `verdicts`.

    Parameters
    ----------
    name, spec
        The field; for a ``choice`` with all its choices.
    raw
        The column, shape (n,).
    reading
        How text becomes values.
    verdicts
        Of the same rows.
    """
    values = _READERS[spec.type](name, spec, raw, reading, verdicts)
    if spec.needed:
        verdicts.refuse(values.isna().to_numpy(dtype=bool), "missing_value", name)
    return values


def texts(name: str, raw: pd.Series, verdicts: Verdicts) -> pd.Series:
    """A column as text without blanks at its ends; the empty text is no value."""
    if not isinstance(raw.dtype, pd.StringDtype):
        plain = [None if _missing(value) else _text(value) for value in raw]
        bad = np.array([value is not None and not _encodes(value) for value in plain], dtype=bool)
        verdicts.refuse(bad, "bad_text", name)
        usable = [None if refused else value for value, refused in zip(plain, bad, strict=True)]
        raw = pd.Series(usable, index=raw.index, dtype="str")
    stripped, has_nul = plain_columns.stripped(raw)
    if has_nul:
        verdicts.refuse(stripped.str.contains("\x00", regex=False).fillna(False).to_numpy(dtype=bool), "bad_text", name)
    return stripped


def _missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_text(name: str, _spec: Field, raw: pd.Series, reading: Reading, verdicts: Verdicts) -> pd.Series:
    values = texts(name, raw, verdicts)
    return values.replace(dict(reading.values[name])) if reading.values.get(name) else values


def _read_number(name: str, _spec: Field, raw: pd.Series, _reading: Reading, verdicts: Verdicts) -> pd.Series:
    if pd.api.types.is_numeric_dtype(raw.dtype) and not pd.api.types.is_bool_dtype(raw.dtype):
        numbers = raw.astype("float64")
        verdicts.refuse(np.isinf(numbers.to_numpy()), "bad_number", _seen(name, raw))
        return numbers
    plain = texts(name, raw, verdicts)
    numbers = plain_columns.numbers(plain)
    if numbers is None:
        if name in ("lon", "lat"):  # elsewhere a comma may part thousands
            plain = _with_points(plain)
        numbers = pd.to_numeric(plain, errors="coerce").astype("float64")
    # What reads as NaN is a value that is no number, unlike an empty field; one without end is none either.
    bad = plain.notna().to_numpy(dtype=bool) & ~np.isfinite(numbers.to_numpy())
    verdicts.refuse(bad, "bad_number", _seen(name, plain))
    return numbers


def _with_points(plain: pd.Series) -> pd.Series:
    return plain.where(~plain.str.fullmatch(_DECIMAL_COMMA).fillna(False).astype(bool), plain.str.replace(",", "."))


def _read_whole(name: str, spec: Field, raw: pd.Series, reading: Reading, verdicts: Verdicts) -> pd.Series:
    numbers = _read_number(name, spec, raw, reading, verdicts)
    with np.errstate(invalid="ignore"):
        bad = numbers.notna() & ~((numbers >= 0) & (numbers < 2**53) & (numbers % 1 == 0))
    verdicts.refuse(bad.to_numpy(dtype=bool), "bad_number", _seen(name, raw))
    return numbers.where(~bad).astype("Int64")


def _read_yes_no(name: str, _spec: Field, raw: pd.Series, _reading: Reading, verdicts: Verdicts) -> pd.Series:
    plain = texts(name, raw, verdicts).str.lower()
    known = plain.isin(_YES | _NO)
    verdicts.refuse((plain.notna() & ~known).to_numpy(dtype=bool), "unknown_value", _seen(name, raw))
    return plain.isin(_YES).astype("boolean").where(known)


def _read_list(name: str, _spec: Field, raw: pd.Series, _reading: Reading, verdicts: Verdicts) -> pd.Series:
    plain = texts(name, raw, verdicts)
    split = [[] if _missing(value) else [word for word in _WORDS.split(value) if word] for value in plain]
    return pd.Series(split, index=raw.index, dtype=object)


def _read_choice(name: str, spec: Field, raw: pd.Series, reading: Reading, verdicts: Verdicts) -> pd.Series:
    plain = texts(name, raw, verdicts)
    words = {str(word): _chosen(name, str(word), spec, reading) for word in plain.dropna().unique()}
    chosen = plain.map(words).astype("str")
    said = plain[plain.notna() & chosen.isna()].value_counts()
    reading.unknown.update({(name, str(word)): int(count) for word, count in said.items()})
    if name in reading.defaults:
        chosen = chosen.fillna(known(spec, reading.defaults[name]))
    verdicts.refuse((plain.notna() & chosen.isna()).to_numpy(dtype=bool), "unknown_value", _seen(name, raw))
    return chosen


def _chosen(name: str, word: str, spec: Field, reading: Reading) -> str | None:
    return known(spec, reading.values.get(name, {}).get(word, word))


def _read_time(name: str, _spec: Field, raw: pd.Series, reading: Reading, verdicts: Verdicts) -> pd.Series:
    times = _instants(name, raw, reading, verdicts)
    beyond = (times < _FIRST) | (times > _LAST)
    verdicts.refuse(beyond.to_numpy(dtype=bool), "bad_time", lambda row: f"{name}: in the year {times.iloc[row].year}")
    return times.where(~beyond) if beyond.any() else times


def _instants(name: str, raw: pd.Series, reading: Reading, verdicts: Verdicts) -> pd.Series:
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        return raw.dt.tz_convert("UTC")
    if pd.api.types.is_datetime64_dtype(raw.dtype):
        return plain_columns.localized(raw, reading.timezone)
    plain = texts(name, raw, verdicts)
    times = plain_columns.times(plain, reading.timezone) if reading.time_format is None else None
    if times is None:
        times = _times(plain, reading)
    # Keys are made of what a row says: in one unit, whatever the rows beside it are written in.
    times = times.dt.as_unit("us")
    verdicts.refuse((times.isna() & plain.notna()).to_numpy(dtype=bool), "bad_time", _seen(name, plain))
    return times


def _times(plain: pd.Series, reading: Reading) -> pd.Series:
    if reading.time_format in ("epoch", "epoch_ms"):
        unit = "s" if reading.time_format == "epoch" else "ms"
        return pd.to_datetime(pd.to_numeric(plain, errors="coerce"), unit=unit, utc=True, errors="coerce")
    if reading.time_format == "excel":
        days = pd.to_timedelta(pd.to_numeric(plain, errors="coerce"), unit="D").dt.round("s")
        return plain_columns.localized(_EXCEL_EPOCH + days, reading.timezone)
    if reading.time_format:
        return _parsed(plain, reading.time_format, reading.timezone)
    times = _parsed(plain, "ISO8601", reading.timezone)
    for one in _TIMES:
        left = times.isna() & plain.notna()
        if not left.any():
            break
        times = times.fillna(_parsed(plain.where(left), one, reading.timezone))
    return times


def _parsed(plain: pd.Series, time_format: str, timezone: ZoneInfo) -> pd.Series:
    plain = plain.where(~plain.str.lower().isin(_MOVING))
    zoned = _zoned(plain, time_format)
    local = pd.to_datetime(plain.where(~zoned), format=time_format, errors="coerce")
    if not zoned.any():
        return plain_columns.localized(local, timezone)
    there = pd.to_datetime(plain.where(zoned), format=time_format, errors="coerce", utc=True)
    return plain_columns.localized(local, timezone).dt.as_unit("us").fillna(there.dt.as_unit("us"))


def _zoned(plain: pd.Series, time_format: str) -> pd.Series:
    """Which times name a zone."""
    if time_format != "ISO8601":
        return plain.notna() & ("%z" in time_format.lower())
    return plain.str.contains(_ZONED).fillna(False).astype(bool)


def _seen(name: str, raw: pd.Series) -> Callable[[int], str]:
    return lambda row: f"{name}: {str(raw.iloc[row])[:80]}"


_READERS = {
    "text": _read_text,
    "whole": _read_whole,
    "number": _read_number,
    "yes_no": _read_yes_no,
    "time": _read_time,
    "list": _read_list,
    "choice": _read_choice,
}
