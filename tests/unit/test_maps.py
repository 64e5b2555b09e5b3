import html
import json
import re
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from folium.plugins import HeatMap, MarkerCluster
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import BadColumn, Invalid, UndeclaredCrs
from tiles import labels, maps, offline
from tiles.cells import cell_steps, cells_of, periods_of
from tiles.encoding import area_steps, column, lighter, line_steps
from tiles.legends import class_limits, class_names, readable
from tiles.sheet import Sheet

BOUNDS = [121.9, 45.9, 122.3, 46.2]
REMOTE = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import ["'u]"""
)


def sheet(lang: labels.Language = "zh", title: str = "") -> Sheet:
    return maps.new_map(BOUNDS, lang, title)


def grids(count: int = 3, **columns: object) -> gpd.GeoDataFrame:
    west = 122 + np.arange(count) * 0.01
    data = {"code": [f"{i:03d}" for i in range(count)], "name": [f"第{i}网格" for i in range(count)], **columns}
    return gpd.GeoDataFrame(data, geometry=shapely.box(west, 46, west + 0.01, 46.01), crs="EPSG:4326")


def incidents(count: int = 3, **columns: object) -> gpd.GeoDataFrame:
    data = {
        "category": ["物业"] * count,
        "state": ["handling"] * count,
        "occurred_at": pd.date_range("2026-01-01 08:00", periods=count, freq="D", tz="UTC"),
        **columns,
    }
    places = gpd.points_from_xy(122 + np.arange(count) * 0.001, [46.0] * count)
    return gpd.GeoDataFrame(data, geometry=places, crs="EPSG:4326")


def shapes_in(what: dict[str, Any]) -> list[shapely.Geometry]:
    """Read an encoded coverage back, as templates/sheet.js does."""
    xy = np.cumsum(np.array(what["xy"]).reshape(-1, 2), axis=0) / 1e5
    rings = np.split(xy, np.cumsum(what["sizes"])[:-1])
    parts = [rings[at - size : at] for at, size in zip(np.cumsum(what["parts"]), what["parts"], strict=True)]
    polygons = [shapely.Polygon(part[0], part[1:]) for part in parts]
    groups = zip(np.cumsum(what["groups"]), what["groups"], strict=True)
    return [shapely.MultiPolygon(polygons[at - size : at]) for at, size in groups]


# ---- pages ----------------------------------------------------------------------------------------------------------


def a_full_sheet() -> Sheet:
    full = sheet(title="一张图")
    maps.add_units(full, grids(), "banner")
    maps.add_heat(full, incidents())
    maps.add_incidents(full, incidents())
    return full


@pytest.mark.parametrize(("lang", "said"), [("zh", "← 首页"), ("en", "← Front page")])
def test_a_served_page_leads_back_to_the_front_page_and_a_file_does_not(lang: labels.Language, said: str) -> None:
    served = offline.linked_page(sheet(lang, "一张图"), home="/")
    assert f'<a href="/">{said}</a>' in served
    assert 'wg-title"><h1>' in offline.single_file(sheet(lang, "一张图"))


def test_a_notice_stands_over_the_map_as_text() -> None:
    empty = sheet("en")
    empty.notice("no_incidents")
    assert '<p class="wg-notice" role="status">No incidents in this period.' in offline.single_file(empty)


def test_a_layer_of_one_unit_goes_by_its_name() -> None:
    one = grids(1, name_en=["Ghent"])
    assert maps.add_units(sheet("en"), one, "league").layer_name == "Ghent"
    assert maps.add_units(sheet("zh"), one, "league").layer_name == "第0网格"
    assert maps.add_units(sheet("en"), grids(2), "league").layer_name == "League or city"


def test_the_legend_of_heat_says_that_its_scale_is_logarithmic() -> None:
    drawing = maps.add_heat(sheet("en"), incidents())
    assert drawing.legend is not None
    assert "Logarithmic scale, set anew at each zoom" in drawing.legend["notes"]


def test_a_single_file_loads_nothing() -> None:
    page = offline.single_file(a_full_sheet())
    assert not REMOTE.search(page)
    assert "<script src" not in page
    assert not re.search(r'<link(?! rel="icon" href="data:,">)', page)


def test_a_linked_page_loads_only_what_the_list_of_assets_has() -> None:
    page = offline.linked_page(a_full_sheet())
    assert not REMOTE.search(page)
    loaded = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page)
    assert len(loaded) == 5
    assert {path.removeprefix("/assets/folium/") for path in loaded} <= set(offline.asset_files())


def test_every_asset_that_a_style_sheet_refers_to_is_served() -> None:
    served = offline.asset_files()
    assert all(file.is_file() for file in served.values())
    assert "@fortawesome/fontawesome-free/webfonts/fa-solid-900.woff2" in served
    assert "leaflet/dist/images/layers.png" in served
    assert not any(".." in path for path in served)


def test_a_plain_folium_map_with_popups_and_icons_needs_no_internet() -> None:
    plain = folium.Map([46, 122], tiles=None)
    folium.Marker([46, 122], popup="你好", icon=folium.Icon(icon="home", prefix="fa")).add_to(plain)
    HeatMap([[46, 122]]).add_to(plain)
    MarkerCluster([[46, 122]]).add_to(plain)
    page = offline.single_file(plain)
    assert not REMOTE.search(page)
    assert "font/woff2;base64," in page


def test_a_sheet_brings_jquery_only_for_a_popup_of_folium() -> None:
    lean, rich = sheet(), sheet()
    folium.Marker([46, 122], popup="x").add_to(rich)
    assert "jquery" not in offline.linked_page(lean)
    assert "jquery" in offline.linked_page(rich)


@pytest.mark.parametrize(
    ("layer", "address"),
    [
        (folium.TileLayer("https://tiles.example/{z}/{x}/{y}.png", attr="x"), "https://tiles.example"),
        (folium.plugins.Fullscreen(), "Control.FullScreen"),
    ],
)
def test_a_remote_file_without_a_local_twin_is_named(layer: folium.map.Layer, address: str) -> None:
    plain = sheet()
    layer.add_to(plain)
    with pytest.raises(offline.RemoteAsset, match=re.escape(address)):
        offline.single_file(plain)


def test_an_asset_that_is_not_installed_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(offline, "PACKAGES", tmp_path)
    with pytest.raises(offline.AssetMissing, match=r"npm ci --prefix tiles/assets.* leaflet/dist/leaflet.js"):
        offline.single_file(sheet())


def test_writing_a_page_changes_nothing_in_folium() -> None:
    before = (list(folium.Map.default_js), list(folium.Map.default_css), list(MarkerCluster.default_js))
    offline.single_file(a_full_sheet())
    assert (folium.Map.default_js, folium.Map.default_css, MarkerCluster.default_js) == before


def test_the_policy_names_every_script_of_the_page_and_no_other_way_to_run_one() -> None:
    page = offline.single_file(a_full_sheet())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    scripts = re.search(r"script-src ([^;]+);", policy[1])
    assert scripts is not None
    assert "unsafe" not in scripts[1]
    assert scripts[1].count("sha256-") == page.count("<script>")


def test_a_notebook_gets_the_map_in_a_frame_without_the_page_leaking_out() -> None:
    framed = offline.show(sheet(title='"><script>alert(1)</script>'))._repr_html_()
    assert framed.count("<") == 2
    assert html.unescape(framed).count("<!DOCTYPE html>") == 1


def test_text_from_outside_never_becomes_markup() -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    page_of = sheet(title=hostile)
    maps.add_incidents(page_of, incidents(category=[hostile] * 3, team=[hostile] * 3))
    maps.add_units(page_of, grids(name=[hostile] * 3), "micro_grid")
    page = offline.single_file(page_of)
    assert "<img src=x" not in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(("synthetic", "said"), [(True, True), (False, False)])
def test_a_sheet_says_that_its_data_are_synthetic_when_a_row_is(synthetic: bool, said: bool) -> None:
    told = sheet()
    maps.add_units(told, grids(synthetic=[False, synthetic, False]), "micro_grid")
    assert ("synthetic: true" in offline.single_file(told)) is said


def test_a_page_written_twice_draws_each_layer_once() -> None:
    full = a_full_sheet()
    assert [offline.single_file(full).count("wangge.draw(") for _ in range(2)] == [3, 3]


# ---- layers ---------------------------------------------------------------------------------------------------------


def test_every_layer_takes_an_empty_frame() -> None:
    empty = sheet()
    none = grids(0, incidents=[], households=[])
    lines = gpd.GeoDataFrame({"name": [], "team": []}, geometry=[], crs="EPSG:4326")
    covered = pd.DataFrame({"code": [], "nearest": [], "distance_m": [], "reach": [], "reached": []})
    maps.add_base(empty, lines, none)
    maps.add_units(empty, none, "township")
    maps.add_stations(empty, none)
    maps.add_coverage(empty, none, covered, 500)
    maps.add_rates(empty, none)
    maps.add_heat(empty, incidents(0))
    maps.add_heat_over_time(empty, incidents(0), "occurred_at")
    maps.add_routes(empty, lines)
    maps.add_incidents(empty, incidents(0))
    assert "wangge.draw" in offline.single_file(empty)


def test_a_frame_without_a_reference_system_is_refused() -> None:
    with pytest.raises(UndeclaredCrs):
        maps.add_units(sheet(), grids().set_crs(None, allow_override=True), "grid")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadColumn, match="incidents, households"):
        maps.add_rates(sheet(), grids())


def test_a_row_without_geometry_is_named() -> None:
    holed = grids()
    holed.loc[1, "geometry"] = None
    with pytest.raises(Invalid, match="row 1"):
        maps.add_units(sheet(), holed, "grid")


def test_swapped_coordinates_are_noticed() -> None:
    swapped = incidents().set_geometry(gpd.points_from_xy([46] * 3, [122] * 3), crs="EPSG:4326")
    with pytest.raises(Invalid, match="swapped"):
        maps.add_heat(sheet(), swapped)


def test_a_layer_of_points_refuses_areas() -> None:
    with pytest.raises(Invalid, match="row 0 is a Polygon"):
        maps.add_stations(sheet(), grids())


def test_times_that_are_text_are_refused() -> None:
    with pytest.raises(Invalid, match="occurred_at"):
        maps.add_incidents(sheet(), incidents(occurred_at=["yesterday"] * 3))


@pytest.mark.parametrize("bounds", [[1, 2, 3], [2, 0, 1, 1], [0, 0, float("nan"), 1]])
def test_bounds_that_are_none_are_refused(bounds: list[float]) -> None:
    with pytest.raises(Invalid, match="west, south, east, north"):
        maps.new_map(bounds, "zh")


def test_coverage_of_other_micro_grids_is_refused() -> None:
    covered = pd.DataFrame({"code": ["x", "y", "z"], "reach": [0, 0, 0]})
    with pytest.raises(Invalid, match="other micro-grids"):
        maps.add_coverage(sheet(), grids(), covered, 500)


def test_the_legend_of_coverage_gives_the_shares() -> None:
    covered = pd.DataFrame(
        {
            "code": ["000", "001", "002"],
            "nearest": ["a", "b", None],
            "distance_m": [120.0, 1500.0, np.nan],
            "reach": [3, 1, 0],
            "reached": [True, True, False],
        }
    )
    drawing = maps.add_coverage(sheet("en"), grids(households=[50, 30, 20]), covered, 1500)
    assert drawing.legend is not None
    assert [line["count"] for line in drawing.legend["rows"]] == ["1", "1", "1"]
    assert drawing.legend["notes"] == [
        "Within 1.5 km",
        "2 of 3 micro-grids reached (66.7%)",
        "80.0% of households reached",
    ]


def test_rates_keep_zero_and_unpeopled_micro_grids_apart() -> None:
    drawing = maps.add_rates(sheet("en"), grids(4, incidents=[0, 5, 9, 7], households=[100, 100, 50, 0]))
    assert drawing.what["at"] == [1, 2, 3, 0]
    assert drawing.legend is not None
    assert [line["label"] for line in drawing.legend["rows"]] == ["0", "< 80", "≥ 80", "No households"]


def test_more_incidents_than_the_page_carries_are_cut_to_the_latest_and_said() -> None:
    drawing = maps.add_incidents(sheet("en"), incidents(5), most=2)
    assert drawing.legend is not None
    assert drawing.legend["notes"] == ["Showing the latest 2 of 5"]
    assert drawing.what["table"]["columns"][1]["values"] == ["2026-01-05 16:00", "2026-01-04 16:00"]


def test_a_route_keeps_its_direction_and_its_team_its_colour() -> None:
    lines = [shapely.LineString([(122, 46), (122.01, 46)]), shapely.LineString([(122.01, 46), (122, 46)])]
    routes = gpd.GeoDataFrame({"name": ["a", "b"], "team": ["t", "t"]}, geometry=lines, crs="EPSG:4326")
    what = maps.add_routes(sheet(), routes).what
    assert what["shape"]["xy"] == [12200000, 4600000, 1000, 0, 0, 0, -1000, 0]
    assert what["at"] == [0, 0]
    assert what["table"]["columns"][1]["values"] == ["775 米", "775 米"]


# ---- encoding, cells, classes, words --------------------------------------------------------------------------------


def test_areas_with_holes_and_several_parts_come_back_as_they_went() -> None:
    holed = shapely.box(122, 46, 123, 47).difference(shapely.box(122.4, 46.4, 122.6, 46.6))
    areas = np.array([holed, shapely.union(shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3))], dtype=object)
    assert all(shapely.equals(back, area) for back, area in zip(shapes_in(area_steps(areas)), areas, strict=True))


def test_lines_of_a_collection_are_kept_and_its_points_are_not() -> None:
    mixed = shapely.GeometryCollection([shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)])])
    assert line_steps(np.array([mixed], dtype=object)) == {"xy": [0, 0, 100000, 100000], "sizes": [2], "groups": [1]}


def test_simplified_neighbours_keep_their_common_edge() -> None:
    rng = np.random.default_rng(3)
    coast = np.c_[np.linspace(0, 1, 2001), rng.normal(0, 0.0005, 2001)]
    above = shapely.Polygon([*coast, (1, 1), (0, 1)])
    below = shapely.Polygon([*coast, (1, -1), (0, -1)])
    drawn = lighter(np.array([above, below], dtype=object), most_points=500)
    assert shapely.get_num_coordinates(drawn).sum() <= 500
    assert shapely.coverage_is_valid(drawn)


def test_words_that_repeat_are_written_once() -> None:
    assert column("t", ["a", "b", "a", "a", None]) == {"title": "t", "words": ["a", "b"], "at": [0, 1, 0, 0, -1]}
    assert column("t", ["a", None]) == {"title": "t", "values": ["a", None]}


@given(st.integers(0, 1000), st.integers(1, 300), st.integers(1, 50))
def test_cells_lose_no_weight_and_stay_within_the_most(seed: int, count: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    lonlat = np.array([122, 46]) + rng.normal(0, 0.05, (count, 2))
    weights, frames = rng.integers(1, 9, count).astype(float), rng.integers(0, 3, count)
    cells = cells_of(lonlat, weights, frames, most)
    assert cells.weight.sum() == weights.sum()
    assert np.bincount(cells.frame, weights=cells.weight, minlength=3).tolist() == (
        np.bincount(frames, weights=weights, minlength=3).tolist()
    )
    assert len(cells.x) <= max(most, 3 * 4)
    assert sum(len(frame) for frame in cell_steps(cells, 3)) == 3 * len(cells.x)


def test_a_cell_lies_where_its_point_does() -> None:
    cells = cells_of(np.array([[122.07, 46.08]]), np.ones(1), np.zeros(1, dtype=np.int64), 10)
    side = 2**cells.zoom
    west, east = cells.x[0] / side * 360 - 180, (cells.x[0] + 1) / side * 360 - 180
    north, south = (np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (cells.y[0] + at) / side)))) for at in (0, 1))
    assert west <= 122.07 <= east
    assert south <= 46.08 <= north


def test_months_without_incidents_are_frames_too() -> None:
    times = pd.Series(pd.to_datetime(["2025-11-30 23:00", "2026-02-01 00:00"])).dt.tz_localize("Asia/Shanghai")
    assert periods_of(times, "month", "zh")[1] == ["2025年11月", "2025年12月", "2026年1月", "2026年2月"]
    at, names = periods_of(times, "month", "en")
    assert at.tolist() == [0, 3]
    assert names[0] == "Nov 2025"


def test_hours_are_those_of_the_sheet_s_clock() -> None:
    drawing = maps.add_heat_over_time(sheet(), incidents(2), "occurred_at", "hour")
    assert [hour for hour, total in enumerate(drawing.what["totals"]) if total] == [16]


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="fortnight"):
        maps.add_heat_over_time(sheet(), incidents(), "occurred_at", "fortnight")


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=200), st.integers(2, 7))
def test_no_class_is_empty_and_every_limit_is_readable(values: list[float], classes: int) -> None:
    limits = class_limits(np.array(values), classes)
    counts = np.bincount(np.searchsorted(limits, values, side="right"), minlength=len(limits) + 1)
    assert len(limits) < classes
    assert (counts > 0).all()
    assert limits == sorted(set(limits))
    assert len(class_names(limits)) == len(limits) + 1
    assert all(readable(limit) == limit for limit in limits)


@pytest.mark.parametrize(("number", "said"), [(243.7, 250), (0.00312, 0.003), (97, 100), (1, 1), (18, 20)])
def test_a_readable_number_has_one_or_two_digits(number: float, said: float) -> None:
    assert readable(number) == said


def test_every_word_is_there_in_both_languages() -> None:
    assert all(zh.strip() and en.strip() for zh, en in labels.WORDS.values())
    blanks = re.compile(r"\{(\w+)\}")
    assert all(set(blanks.findall(zh)) == set(blanks.findall(en)) for zh, en in labels.WORDS.values())


def test_every_word_of_the_catalogue_is_used() -> None:
    folder = Path(maps.__file__).parent
    source = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py") if file.name != "labels.py")
    plain = {word for word in labels.WORDS if "." not in word}
    measures = {"metres", "kilometres", "hectares", "square_kilometres"}
    unused = {word for word in plain if f'"{word}"' not in source} - set(maps.OUTLINES) - measures
    assert unused == set()


def test_an_unknown_state_is_shown_as_it_is_written() -> None:
    assert labels.state_label("已归口", "zh") == "已归口"
    assert labels.state_label("closed", "en") == "closed"


def test_the_lock_file_of_the_assets_has_exact_versions_and_no_address() -> None:
    folder = Path(offline.__file__).parent / "assets"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    lock = (folder / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')


def test_water_is_lakes_and_rivers_and_rivers_are_wider_than_brooks():
    shapes = [
        shapely.box(121, 46, 121.1, 46.1),
        shapely.LineString([(121, 46), (122, 46)]),
        shapely.LineString([(121, 46), (121, 47)]),
    ]
    frame = gpd.GeoDataFrame({"kind": ["lake", "stream", "river"]}, geometry=shapes, crs="EPSG:4326")
    drawn = maps.add_water(maps.new_map([121, 46, 122, 47], "en"), frame).what
    assert (drawn["areas"]["groups"], drawn["rivers"]["groups"]) == ([1], [1, 1])
    assert drawn["weights"] == [maps.BROOK_PX, maps.RIVER_PX]
