"""
Who answers for the league's places: stations, departments, teams, default teams and posts. Duties, never persons.

Frames name units by `unit_code`; the ids and paths are known once the units are published. Which patrol team walks
where follows their names where those tell (红城 is Ulanhot, 雪城 is Arxan); the rest is our assumption.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from demo.clusters import by_weight
from demo.counties import COUNTIES, LEAGUE_CODE, LEAGUE_NAME
from demo.hierarchy import micro_grid_names
from demo.identity import identifiers, office_phones, picks
from demo.partition import Ground
from demo.plane import to_degrees
from demo.register import townships

STATIONS, VOLUNTEER_TEAMS, PATROL_MEMBERS = 1_475, 8_171, 3_000
SOURCE = "demo"
FOUNDED = pd.Timestamp("2023-01-01", tz="Asia/Shanghai")
_DEPARTMENTS = {
    "police": "公安局", "housing": "住房和城乡建设局", "urban_management": "综合行政执法局",
    "market": "市场监督管理局", "civil_affairs": "民政局", "emergency": "应急管理局", "petitions": "信访局",
    "justice": "司法局", "health": "卫生健康委员会", "environment": "生态环境局", "labour": "人力资源和社会保障局",
}  # fmt: skip
_SKILLS = {
    "mediation": 0.18, "first_aid": 0.12, "fire_safety": 0.15, "snow_clearing": 0.15, "elder_care": 0.14,
    "legal_aid": 0.06, "repair": 0.1, "bilingual_mn": 0.05, "environment": 0.1, "policy_talks": 0.1,
}  # fmt: skip
_SKILLS_ZH = {
    "mediation": "调解", "first_aid": "急救", "fire_safety": "消防", "snow_clearing": "清雪", "elder_care": "助老",
    "legal_aid": "普法", "repair": "便民维修", "bilingual_mn": "双语", "environment": "环保", "policy_talks": "宣讲",
}  # fmt: skip
_PATROLS = {
    "152201": "红城义警", "152202": "雪城义警", "152224": "春州义警", "152223": "红枫巡防队",
    "152221": "守望草原巡逻队", "152222": "守望草原巡逻队",
}  # fmt: skip
_PATROL_SKILLS = ["patrol", "fire_safety", "first_aid"]
_SHIFTS = {"day": 0.55, "evening": 0.25, "night": 0.08, "all": 0.12}
_PATROL_SHIFTS = {"day": 0.3, "evening": 0.4, "night": 0.3}
_SQUAD = 12  # people
_WITHOUT_VOLUNTEERS = 0.08  # of micro-grids: what happens there goes to the township's duty desk


@dataclass(frozen=True)
class Organisations:
    """The registers of who answers, each as the put verbs take it but for `unit_code` in place of ids and paths."""

    departments: pd.DataFrame
    stations: gpd.GeoDataFrame
    teams: pd.DataFrame
    default_teams: pd.DataFrame
    posts: pd.DataFrame


def organise(ground: Ground, buildings: gpd.GeoDataFrame, scale: float, seed: int) -> Organisations:
    """Staff the league; `scale` is the part of stations, teams and people to make."""
    rng = np.random.default_rng([seed, 5])
    homes = _stations(ground, buildings, round(STATIONS * scale), rng)
    volunteers = _volunteers(ground, homes, round(VOLUNTEER_TEAMS * scale), rng)
    others = [
        _patrols(ground, homes, round(PATROL_MEMBERS * scale), rng),
        *_of_communities(ground, rng),
        _desks(ground),
    ]
    teams = pd.concat([volunteers, *others], ignore_index=True)
    teams["id"] = identifiers(_founding(len(teams)), rng)
    teams["source"], teams["synthetic"] = SOURCE, True
    return Organisations(_departments(rng), homes, teams, _defaults(teams), _posts(ground, rng))


def _founding(count: int) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.full(count, FOUNDED.tz_convert("UTC").tz_localize(None).to_datetime64()))


def _departments(rng: np.random.Generator) -> pd.DataFrame:
    places = [(LEAGUE_CODE, LEAGUE_NAME, "league"), *((one.code, one.name, "banner") for one in COUNTIES)]
    frame = pd.DataFrame(
        [
            {"code": f"{unit}-{code}", "unit_code": unit, "level": level, "name": place + name}
            for unit, place, level in places
            for code, name in _DEPARTMENTS.items()
        ]
    )
    phones = office_phones(100, len(frame))
    return frame.assign(id=identifiers(_founding(len(frame)), rng), phone=phones, synthetic=True)


def _stations(ground: Ground, buildings: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """One station in each community, and further ones where most households are, each in a building."""
    people = ground.communities
    share = np.ones(len(people), dtype=np.int64)
    more = max(count - len(people), 0)
    share += by_weight(more, np.maximum(people["households"].to_numpy() - 800.0, 1.0))
    row = np.repeat(np.arange(len(people)), share)
    number = np.arange(len(row)) - np.repeat(np.cumsum(share) - share, share)
    place = _spread_buildings(ground, buildings, row, number, share)
    community = people.iloc[row].reset_index(drop=True)
    label = np.where(number == 0, "便民服务站", "第" + pd.Series(number).astype(str) + "网格服务站")
    frame = pd.DataFrame({
        "id": identifiers(_founding(len(row)), rng),
        "code": community["code"] + "-S" + pd.Series(number + 1).map("{:02d}".format),
        "unit_code": community["code"],
        "kind": np.where(number == 0, "community_station", "grid_station"),
        "name": community["name"] + label,
        "address": buildings["address"].to_numpy()[place],
        "phone": office_phones(1_000, len(row)),
        "source": SOURCE, "synthetic": True,
    })  # fmt: skip
    points = to_degrees(buildings[["x", "y"]].to_numpy()[place])
    return gpd.GeoDataFrame(frame, geometry=shapely.points(points), crs="EPSG:4326")


def _spread_buildings(
    ground: Ground, buildings: gpd.GeoDataFrame, row: np.ndarray, number: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Positions of buildings: the stations of a community stand at equal steps through its micro-grids."""
    sizes = ground.communities["micro_grids"].to_numpy()
    first = np.cumsum(sizes) - sizes
    micro = first[row] + ((number + 0.5) / share[row] * sizes[row]).astype(np.int64)
    return np.searchsorted(buildings["micro_grid"].to_numpy(), micro)


def _volunteers(ground: Ground, homes: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """A team for nearly each micro-grid as far as they go, and the rest at the stations."""
    near = _of_micro_grids(ground, rng).iloc[:count]
    found = pd.concat([near, _at_stations(homes, count - len(near), rng)], ignore_index=True)
    found["skills"] = _skills(len(found), rng)
    rows = found["number"] > 0
    word = [_SKILLS_ZH[skills[0]] for skills in found["skills"][rows].tolist()]
    named = zip(found["name"][rows], word, found["number"][rows], strict=True)
    found.loc[rows, "name"] = [f"{name}{skill}志愿服务队{number}" for name, skill, number in named]
    members = rng.integers(5, 16, len(found))
    return found.drop(columns="number").assign(
        kind="volunteer", shift=picks(rng, len(found), _SHIFTS), members=members, capacity_per_day=members // 2
    )


def _of_micro_grids(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    micro = ground.micro_grids
    frame = pd.DataFrame({
        "unit_code": micro["code"], "code": micro["code"] + "-V", "name": micro_grid_names(ground) + "志愿服务队",
        "station_code": micro["community"] + "-S01", "number": 0,
    })  # fmt: skip
    return frame[rng.random(len(frame)) >= _WITHOUT_VOLUNTEERS]


def _at_stations(homes: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    home = np.sort(rng.integers(0, len(homes), count))
    number = pd.Series(home).groupby(home).cumcount().to_numpy() + 1
    codes = homes["code"].to_numpy()[home].tolist()
    return pd.DataFrame({
        "unit_code": homes["unit_code"].to_numpy()[home], "name": homes["name"].to_numpy()[home],
        "code": [f"{code}-V{order:02d}" for code, order in zip(codes, number.tolist(), strict=True)],
        "station_code": codes, "number": number,
    })  # fmt: skip


def _skills(count: int, rng: np.random.Generator) -> list[list[str]]:
    drawn = [picks(rng, count, _SKILLS) for _ in range(3)]
    wanted = rng.integers(1, 4, count)
    return [list(dict.fromkeys(words[:most])) for *words, most in zip(*drawn, wanted.tolist(), strict=True)]


def _patrols(ground: Ground, homes: gpd.GeoDataFrame, people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Squads of the league's patrol teams, at the stations with most households around, `people` in all."""
    ranked = _ranked_stations(ground, homes)
    squads = max(people // _SQUAD, len(COUNTIES))
    weights = np.array([county.share for county in COUNTIES])
    numbers = 1 + by_weight(squads - len(COUNTIES), weights)
    parts = []
    for county, number in zip(COUNTIES, numbers.tolist(), strict=True):
        mine = ranked[ranked["county"] == county.adcode]
        home = mine.iloc[np.arange(number) % len(mine)].reset_index(drop=True)
        order = pd.Series(np.arange(1, number + 1))
        parts.append(pd.DataFrame({
            "unit_code": home["unit_code"], "station_code": home["code"],
            "code": f"{county.code}-P" + order.map("{:03d}".format),
            "name": _PATROLS[county.adcode] + f"{county.name}第" + order.astype(str) + "分队",
        }))  # fmt: skip
    found = pd.concat(parts, ignore_index=True)
    members = by_weight(people, rng.uniform(0.8, 1.2, len(found)))
    found["skills"] = [list(_PATROL_SKILLS) for _ in range(len(found))]
    return found.assign(
        kind="patrol", shift=picks(rng, len(found), _PATROL_SHIFTS), members=members, capacity_per_day=20
    )


def _ranked_stations(ground: Ground, homes: gpd.GeoDataFrame) -> pd.DataFrame:
    people = ground.communities.set_index("code")
    frame = homes[["code", "unit_code"]].copy()
    frame["county"] = frame["unit_code"].map(people["county"])
    frame["households"] = frame["unit_code"].map(people["households"])
    return frame.sort_values(["households", "code"], ascending=[False, True], kind="stable")


def _of_communities(ground: Ground, rng: np.random.Generator) -> list[pd.DataFrame]:
    """A mediation committee in each community, and a property company in those with apartments."""
    people = ground.communities
    mediation = pd.DataFrame({
        "unit_code": people["code"], "station_code": people["code"] + "-S01", "code": people["code"] + "-M",
        "name": people["name"] + "人民调解委员会", "kind": "mediation", "shift": "day",
        "members": rng.integers(3, 8, len(people)), "capacity_per_day": 4,
    })  # fmt: skip
    mediation["skills"] = [["mediation"]] * len(mediation)
    urban = people[people["urban"]].reset_index(drop=True)
    property_company = pd.DataFrame({
        "unit_code": urban["code"], "code": urban["code"] + "-W", "name": urban["name"] + "物业服务企业",
        "kind": "property_company", "shift": "all", "members": rng.integers(8, 30, len(urban)), "capacity_per_day": 15,
    })  # fmt: skip
    property_company["skills"] = [["repair", "snow_clearing"]] * len(property_company)
    return [mediation, property_company.assign(phone=office_phones(5_000, len(urban)))]


def _desks(ground: Ground) -> pd.DataFrame:
    """A duty desk of the league, of every banner, of every township: they answer for what nobody else does."""
    places = townships()
    places = places[places["code"].isin(ground.communities["township"])]
    units = [(LEAGUE_CODE, LEAGUE_NAME), *((one.code, one.name) for one in COUNTIES)]
    units += list(zip(places["code"], places["name"], strict=True))
    frame = pd.DataFrame(units, columns=["unit_code", "name"])
    frame = frame.assign(code=frame["unit_code"] + "-D", name=frame["name"] + "社会治理值班室", kind="duty_desk")
    frame["skills"] = [["dispatch"]] * len(frame)
    return frame.assign(shift="all", members=6, capacity_per_day=200, phone=office_phones(0, len(frame)))


def _defaults(teams: pd.DataFrame) -> pd.DataFrame:
    """
    The teams that answer when no finer rule speaks.

    A micro-grid's is its own volunteers where it has any; a community's are its mediation committee for disputes
    and its property company for property incidents; everything else goes up to the duty desks.
    """
    of_micro_grid = (teams["kind"] == "volunteer") & (teams["code"] == teams["unit_code"] + "-V")
    parts = [
        teams[of_micro_grid].assign(category=""),
        teams[teams["kind"] == "mediation"].assign(category="dispute"),
        teams[teams["kind"] == "property_company"].assign(category="property"),
        teams[teams["kind"] == "duty_desk"].assign(category=""),
    ]
    found = pd.concat(parts, ignore_index=True)
    return pd.DataFrame({
        "unit_code": found["unit_code"], "team_code": found["code"], "category": found["category"],
        "valid_from": FOUNDED,
    })  # fmt: skip


def _posts(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Posts with their vacancies: heads and workers of grids, heads of micro-grids, officers who come to the grid."""
    micro, people = ground.micro_grids, ground.communities
    grids = pd.unique(micro["grid"].fillna(micro["community"]))
    served = {
        "grid_head": grids, "grid_worker": grids, "micro_grid_head": micro["code"], "police_officer": people["code"],
        "judge": pd.unique(people["township"]), "prosecutor": pd.unique(people["township"]),
    }  # fmt: skip
    parts = [pd.DataFrame({"unit_code": list(codes), "kind": kind}) for kind, codes in served.items()]
    found = pd.concat(parts, ignore_index=True)
    since = FOUNDED + pd.to_timedelta(rng.integers(0, 1_300, len(found)), unit="D")
    found["office_phone"] = office_phones(6_000, len(found))
    return found.assign(filled=rng.random(len(found)) > 0.04, valid_from=since, synthetic=True)
