"""The units of the league as `publication.publish` takes them: league, banners, townships, communities, micro-grids."""

from typing import Any

import geopandas as gpd
import pandas as pd

from demo.counties import COUNTIES, LEAGUE_CODE, LEAGUE_NAME, LEAGUE_NAME_EN
from demo.partition import Ground
from demo.register import townships

_COLUMNS = ["code", "parent_code", "level", "name", "name_en", "kind", "households", "synthetic", "attributes"]


def units(ground: Ground) -> gpd.GeoDataFrame:
    """
    All units, parents before children.

    Names and codes down to the community are real; lines inside of the counties are not, so that every unit below a
    banner is marked synthetic. Only micro-grids have a geometry: the areas of the others are derived from it.
    """
    levels = [_league(), _banners(), _townships(ground), _communities(ground), _grids(ground), _micro_grids(ground)]
    frame = pd.concat(levels, ignore_index=True)
    households = _households(ground)
    frame["households"] = frame["code"].map(households).astype(int)
    return gpd.GeoDataFrame(frame[[*_COLUMNS, "geometry"]], geometry="geometry", crs="EPSG:4326")


def parents(ground: Ground) -> pd.DataFrame:
    """Of each micro-grid, the codes of the units above it: banner, township, community, grid (or None)."""
    micro = ground.micro_grids
    return pd.DataFrame(
        {
            "micro_grid": micro["code"],
            "grid": micro["grid"],
            "community": micro["community"],
            "township": micro["community"].map(ground.communities.set_index("code")["township"]),
            "banner": micro["county"] + "000000",
        }
    )


def _households(ground: Ground) -> "pd.Series[int]":
    above = parents(ground).assign(league=LEAGUE_CODE, households=ground.micro_grids["households"])
    sums = [above.groupby(level)["households"].sum() for level in above.columns.drop("households")]
    return pd.concat(sums)


def _league() -> pd.DataFrame:
    return _level("league", [LEAGUE_CODE], None, [LEAGUE_NAME], name_en=[LEAGUE_NAME_EN], synthetic=False)


def _banners() -> pd.DataFrame:
    codes, names = [county.code for county in COUNTIES], [county.name for county in COUNTIES]
    return _level("banner", codes, LEAGUE_CODE, names, name_en=[county.name_en for county in COUNTIES], synthetic=False)


def _townships(ground: Ground) -> pd.DataFrame:
    places = townships()
    places = places[places["code"].isin(ground.communities["township"])]
    attributes = [{"pseudo": True} if pseudo else {} for pseudo in places["pseudo"]]
    parent = places["county"] + "000000"
    return _level(
        "township", places["code"], parent, places["name"], kind=places["kind"].to_numpy(), attributes=attributes
    )


def _communities(ground: Ground) -> pd.DataFrame:
    found = ground.communities
    attributes = [{"register_name": name} for name in found["register_name"]]
    return _level(
        "community", found["code"], found["township"], found["name"], kind=found["kind"].to_numpy(),
        attributes=attributes,
    )  # fmt: skip


def _grids(ground: Ground) -> pd.DataFrame:
    found = ground.micro_grids.dropna(subset="grid").drop_duplicates("grid").sort_values("grid")
    names = _community_names(ground, found) + "第" + found["grid_number"].astype(str) + "网格"
    return _level("grid", found["grid"], found["community"], names)


def _micro_grids(ground: Ground) -> pd.DataFrame:
    found = ground.micro_grids
    parent = found["grid"].fillna(found["community"])
    frame = _level("micro_grid", found["code"], parent, micro_grid_names(ground))
    return frame.assign(geometry=found.geometry.to_numpy())


def micro_grid_names(ground: Ground) -> "pd.Series[str]":
    """The name of each micro-grid: that of its community, and its number in the community."""
    found = ground.micro_grids
    number = found.groupby("community").cumcount() + 1
    return _community_names(ground, found) + "第" + number.astype(str) + "微网格"


def _community_names(ground: Ground, found: pd.DataFrame) -> "pd.Series[str]":
    return found["community"].map(ground.communities.set_index("code")["name"])


def _level(level: str, codes: Any, parent: Any, names: Any, **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"code": list(codes), "name": list(names), "level": level})
    frame["parent_code"] = None if parent is None else (parent if isinstance(parent, str) else list(parent))
    defaults: dict[str, Any] = {
        "name_en": None,
        "kind": None,
        "synthetic": True,
        "attributes": [{}] * len(frame),
        "geometry": None,
    }
    for name, values in (defaults | columns).items():
        frame[name] = values
    return frame
