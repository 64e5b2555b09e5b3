"""What differs between two editions, by hand and held against what was done to them."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.comparison import changes, ground
from tiles import offline
from tiles.comparison import side_by_side
from tiles.labels import Language
from tiles.pair import Pair

BOX = {10: shapely.box(122, 46, 122.01, 46.01), 11: shapely.box(122.01, 46, 122.02, 46.01)}
BOX |= {12: shapely.box(122.02, 46, 122.03, 46.01)}


def edition(areas: dict[int, Any] = BOX, **told: dict[int, object]) -> gpd.GeoDataFrame:
    """A community of micro-grids by their ids; `told` says columns of some of them otherwise."""
    rows = [(1, None, "community", shapely.union_all(list(areas.values())), True)]
    rows += [(unit, 1, "micro_grid", area, False) for unit, area in areas.items()]
    frame = pd.DataFrame(rows, columns=["unit_id", "parent_id", "level", "geometry", "derived"])
    frame["code"] = [f"C{unit}" for unit in frame["unit_id"]]
    frame["path"] = ["1." if unit == 1 else f"1.{unit}." for unit in frame["unit_id"]]
    frame["name"], frame["name_en"] = "第" + frame["code"], None
    frame["households"], frame["synthetic"] = 70, True
    for name, values in told.items():
        for unit, value in values.items():
            frame.loc[frame["unit_id"] == unit, name] = value
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def halves(area: Any) -> tuple[Any, Any]:
    west, south, east, north = area.bounds
    middle = (west + east) / 2
    return shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)


def hectares(area: Any) -> float:
    return Geod(ellps="WGS84").geometry_area_perimeter(shapely.segmentize(area, 0.001))[0] / 10_000


def drawn(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, lang: Language = "en") -> Pair:
    return side_by_side(before, after, ("then", "now"), lang, "Compared")


def test_an_edition_does_not_differ_from_itself() -> None:
    assert changes(edition(), edition()).empty
    assert ground(edition(), edition(), changes(edition(), edition())).empty


def test_a_split_makes_one_unit_and_redraws_the_other() -> None:
    left, right = halves(BOX[10])
    found = changes(edition(), edition(BOX | {10: left, 20: right}))
    assert found["change"].to_dict() == {10: "redrawn", 20: "made"}
    assert np.isclose(found.loc[10, "was_m2"], 2 * found.loc[10, "now_m2"], rtol=1e-6)
    given_away = ground(edition(), edition(BOX | {10: left, 20: right}), found)
    assert given_away[["former", "later"]].to_numpy().tolist() == [[10, 20]]
    assert given_away["share"].tolist() == pytest.approx([0.5])


def test_a_merger_retires_both_and_says_where_they_went() -> None:
    after = edition({12: BOX[12], 20: shapely.union(BOX[10], BOX[11])})
    found = changes(edition(), after)
    assert found["change"].to_dict() == {10: "retired", 11: "retired", 20: "made"}
    assert ground(edition(), after, found).to_numpy().tolist() == [[10, 20, 1.0], [11, 20, 1.0]]


def test_a_corner_more_on_a_straight_border_is_no_change() -> None:
    fitted = shapely.Polygon([(122, 46), (122.01, 46), (122.01, 46.004), (122.01, 46.01), (122, 46.01)])
    assert changes(edition(), edition(BOX | {10: fitted})).empty


@pytest.mark.parametrize(
    ("column", "value"), [("name", "新名"), ("name_en", "New"), ("parent_id", 9), ("level", "grid")]
)
def test_a_unit_told_otherwise_is_altered(column: str, value: object) -> None:
    assert changes(edition(), edition(**{column: {11: value}}))["change"].to_dict() == {11: "altered"}


def test_a_parent_is_not_redrawn_by_its_children() -> None:
    wider = BOX | {12: shapely.box(122.02, 46, 122.04, 46.01)}
    assert changes(edition(), edition(wider))["change"].to_dict() == {12: "redrawn"}


@given(st.sets(st.sampled_from(sorted(BOX))), st.sets(st.sampled_from(sorted(BOX))))
def test_looked_at_from_the_other_side_what_was_made_was_retired(first: set[int], second: set[int]) -> None:
    one, other = (edition({unit: BOX[unit] for unit in kept} | {30: shapely.box(121, 46, 121.1, 46.1)})
                  for kept in (first, second))  # fmt: skip
    forth, back = changes(one, other)["change"].to_dict(), changes(other, one)["change"].to_dict()
    turned = {"made": "retired", "retired": "made"}
    assert {unit: turned.get(change, change) for unit, change in back.items()} == forth
    assert {unit for unit, change in forth.items() if change == "made"} == second - first


def test_both_maps_show_what_is_theirs_and_the_list_tells_it() -> None:
    left, right = halves(BOX[10])
    pair = drawn(edition(), edition({10: left, 20: right, 12: BOX[12]}, name={12: "新名"}))
    assert [row["count"] for row in pair.listed["legend"]] == ["1", "1", "1", "1"]
    cells = {row["cells"][1]: row["cells"][2:] for row in pair.listed["rows"]}
    assert cells["C10"][0] == "Redrawn"
    assert cells["C10"][2] == "50% to 第C20"
    assert cells["C11"][0] == "Retired"
    assert cells["C12"][0] == "Name or parent altered (formerly 第C12)"
    assert cells["C20"][2] == "took 50% of 第C10"
    assert cells["C10"][1] == f"{hectares(BOX[10]):.2f} ha → {hectares(left):.2f} ha"


def test_a_pair_is_one_page_that_loads_nothing_and_names_both_editions() -> None:
    page = offline.single_file(drawn(edition(), edition(BOX | {20: shapely.box(122.03, 46, 122.04, 46.01)})))
    assert page.count("const wangge =") == 1
    assert page.count("<h1>") == 1
    assert 'wg-caption">then' in page
    assert 'wg-caption">now' in page
    assert "<script src" not in page
    assert page.count('"unchanged"') == 0  # a word of the catalogue, not of the page
    assert "L.Sync" in page


def test_a_pair_leads_back_to_the_front_page_only_if_it_is_served() -> None:
    pair = drawn(edition(), edition())
    assert "← " not in offline.single_file(pair)
    assert offline.linked_page(pair, home="/").count('<a href="/">← Front page</a>') == 1


def test_a_hostile_name_stays_text_in_the_list() -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    page = offline.single_file(drawn(edition(), edition(name={11: hostile})))
    assert "<img src=x" not in page


def test_a_long_list_is_cut_and_says_so() -> None:
    west = 122 + np.arange(600) * 0.001
    strips = dict(enumerate(shapely.box(west, 46, west + 0.001, 46.01), start=100))
    pair = drawn(edition(), edition(strips))
    assert len(pair.listed["rows"]) == 500
    assert pair.listed["notes"] == ["and 103 more"]
