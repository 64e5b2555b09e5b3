"""The words that maps show, in Chinese and in English: the one catalogue."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from geo.lifecycle import NAMES, State

Language = Literal["zh", "en"]

WORDS: Mapping[str, tuple[str, str]] = {
    "legend": ("图例", "Legend"),
    "layers": ("图层", "Layers"),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "close": ("关闭", "Close"),
    "play": ("播放", "Play"),
    "pause": ("暂停", "Pause"),
    "time": ("时间", "Time"),
    "synthetic": ("合成示例数据 · synthetic demonstration data", "合成示例数据 · synthetic demonstration data"),
    "nothing": ("没有数据", "No data"),
    "home": ("首页", "Front page"),
    "no_incidents": (
        "该时段没有事项。请放宽时段（days）或换一个单元；尚未载入的，用 wangge load incidents 载入。",
        "No incidents in this period. Ask for more days or another unit; load some with wangge load incidents.",
    ),
    "no_stations": (
        "没有服务站。请用 wangge load stations 载入。",
        "No stations. Load them with wangge load stations.",
    ),
    "no_routes": (
        "没有巡逻路线。请用 wangge load routes 载入。",
        "No patrol routes. Load them with wangge load routes.",
    ),
    "no_homes": (
        "网格没有户数，无法计算每千户事项数。请在 wangge load units 时给出 households。",
        "No households are known, so there is no rate. Give households with wangge load units.",
    ),
    "league": ("盟市", "League or city"),
    "banner": ("旗县市", "Banners and counties"),
    "township": ("苏木乡镇街道", "Townships and streets"),
    "community": ("嘎查村社区", "Villages and communities"),
    "grid": ("网格", "Grids"),
    "micro_grid": ("微网格", "Micro-grids"),
    "one.micro_grid": ("微网格", "Micro-grid"),
    "one.incidents": ("事项", "Incidents"),
    "one.code": ("编码", "Code"),
    "one.households": ("户数", "Households"),
    "incidents": ("事项", "Incidents"),
    "coverage": ("覆盖情况", "Coverage"),
    "reached_by_several": ("两个及以上可达", "By several"),
    "reached_by_one": ("一个可达", "By one"),
    "reached_by_none": ("无一可达", "By none"),
    "one.nearest": ("最近", "Nearest"),
    "one.distance": ("距离", "Distance"),
    "one.reach": ("可达数", "Reached by"),
    "micro_grids_reached": ("微网格可达 {n}/{all}（{share}）", "{n} of {all} micro-grids reached ({share})"),
    "households_reached": ("住户可达 {share}", "{share} of households reached"),
    "within": ("半径 {radius}", "Within {radius}"),
    "metres": ("{n} 米", "{n} m"),
    "kilometres": ("{n} 公里", "{n} km"),
    "heat": ("事项热力", "Incident heat"),
    "heat_over_time": ("事项热力（按时间）", "Incident heat over time"),
    "log_scale": ("对数刻度，随缩放重算", "Logarithmic scale, set anew at each zoom"),
    "heat_count": ("共 {n} 件", "{n} incidents"),
    "few": ("少", "Few"),
    "many": ("多", "Many"),
    "rates": ("每千户事项数", "Incidents per 1,000 households"),
    "one.rate": ("每千户", "Per 1,000 households"),
    "zero": ("0", "0"),
    "no_households": ("无户数", "No households"),
    "routes": ("巡逻路线", "Patrol routes"),
    "one.team": ("队伍", "Team"),
    "one.length": ("长度", "Length"),
    "more": ("另有 {n} 个", "and {n} more"),
    "one.state": ("状态", "State"),
    "one.occurred": ("发生时间", "Occurred"),
    "open": ("办理中", "Open"),
    "done": ("已办结", "Closed"),
    "capped": ("显示最近 {n} 件，共 {all} 件", "Showing the latest {n} of {all}"),
    "unnamed": ("未命名", "Unnamed"),
    "stations": ("服务站", "Stations"),
    "one.kind": ("类型", "Kind"),
    "base_map": ("街道与楼栋", "Streets and buildings"),
    "water": ("水系", "Water"),
    "changes": ("变更", "Changes"),
    "unchanged": ("未变更", "Unchanged"),
    "no_changes": ("两个版本没有差别。", "There is no difference between the two editions."),
    "made": ("新设", "Made"),
    "retired": ("撤销", "Retired"),
    "redrawn": ("调整边界", "Redrawn"),
    "altered": ("变更名称或隶属", "Name or parent altered"),
    "formerly": ("原 {what}", "formerly {what}"),
    "took": ("取得{whom}的 {share}", "took {share} of {whom}"),
    "gave": ("{share} 划归{whom}", "{share} to {whom}"),
    "one.unit": ("单元", "Unit"),
    "one.change": ("变更", "Change"),
    "one.area": ("面积", "Area"),
    "one.ground": ("来源与去向", "Ground taken and given"),
    "hectares": ("{n} 公顷", "{n} ha"),
    "square_kilometres": ("{n} 平方公里", "{n} km²"),
    "edition_at": ("{at} 生效", "In force at {at}"),
}
WEEKDAYS = (
    ("周一", "Mon"),
    ("周二", "Tue"),
    ("周三", "Wed"),
    ("周四", "Thu"),
    ("周五", "Fri"),
    ("周六", "Sat"),
    ("周日", "Sun"),
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def label(word: str, lang: Language, **values: object) -> str:
    """The word in a language, with its blanks filled in."""
    return WORDS[word][lang == "en"].format(**values)


def state_label(state: str, lang: Language) -> str:
    """The name of an incident's state; one that is not of `lifecycle.State` is shown as it is written."""
    return NAMES[State(state)][lang == "en"] if state in set(State) else state


def distance_label(distance_m: float, lang: Language) -> str:
    """A distance as people say it: metres below a kilometre, kilometres from there on."""
    if distance_m < 1000:
        return label("metres", lang, n=f"{distance_m:.0f}")
    return label("kilometres", lang, n=f"{distance_m / 1000:.1f}".removesuffix(".0"))


def area_label(area_m2: float, lang: Language) -> str:
    """An area as people say it: hectares below a square kilometre, square kilometres from there on."""
    if area_m2 < 1e6:
        return label("hectares", lang, n=f"{area_m2 / 1e4:.2f}")
    return label("square_kilometres", lang, n=f"{area_m2 / 1e6:,.2f}")


def distances(distances_m: Iterable[float], lang: Language) -> list[str | None]:
    """Distances as people say them; None where one is not known."""
    return [None if math.isnan(distance_m) else distance_label(distance_m, lang) for distance_m in distances_m]
