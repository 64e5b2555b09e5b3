"""The map as people meet it, in a browser without a graphics card: drawn, asked, measured, played and printed."""

import io
import re
import time
import zlib
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from geo import db, publication
from tests.desk import drawing_browser, open_account, sign_in

CHROMIUM = "/usr/bin/chromium"
RAMP = ("fde7c3", "fcc98b", "f59f5a", "df6f3c", "b5432b", "7a1f22")
STILL = """() => {
    const drawing = document.querySelector("map-page")?.shadowRoot?.querySelector("grid-map:not(.past)")?.drawing;
    return Boolean(drawing?.loaded() && !drawing.isMoving() && drawing.areTilesLoaded());
}"""
DRAWING = 'document.querySelector("map-page").shadowRoot.querySelector("grid-map:not(.past)")?.drawing'
FOUND = f"""layer => [...new Map(({DRAWING}?.queryRenderedFeatures() ?? [])
    .filter(each => each.sourceLayer === layer || each.source === layer)
    .map(({{ id, geometry, properties: told }}) => [told.id ?? told.code ?? id ?? geometry.type, told])).values()]"""
VIEWS = """[...document.querySelector("map-page").shadowRoot.querySelectorAll("grid-map")]
    .map(map => [map.looking.lon, map.looking.lat, map.looking.zoom])"""


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with drawing_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def desk(service: str, database: str) -> str:
    """The name of an account at the league's desk."""
    return open_account(database, "map.desk")


@pytest.fixture
def map_of_desk(service: str, desk: str, open_page: Any) -> Any:
    """Opens the map as the desk sees it, and waits until it stands still."""

    def opened(address: str = "", **options: Any) -> Page:
        page = open_page("about:blank", bears="GPU stall", **{"locale": "zh-CN"} | options)
        sign_in(page, service, desk)
        page.goto(f"{service}/map{address}")
        page.wait_for_function(f"() => ({STILL})() && {DRAWING}.getLayer('heat')")
        return page

    return opened


def found(page: Page, layer: str) -> list[dict[str, Any]]:
    page.wait_for_function(STILL)
    return page.evaluate(FOUND, layer)


def picture(page: Page) -> Image.Image:
    page.wait_for_function(STILL)
    return Image.open(io.BytesIO(page.locator("grid-map:not(.past)").screenshot())).convert("RGB")


def changed_share(before: Image.Image, after: Image.Image) -> float:
    difference = np.abs(np.asarray(before, np.int16) - np.asarray(after, np.int16))
    return float((difference.max(axis=2) > 8).mean())


def test_units_heat_and_incidents_are_drawn_and_taken_away(map_of_desk: Any) -> None:
    page = map_of_desk()
    assert {unit["code"] for unit in found(page, "micro_grid")} == {"M1", "M2", "M3", "M4"}
    assert found(page, "heat")
    with_heat = picture(page)
    page.get_by_label("事项热力").uncheck()
    assert changed_share(with_heat, picture(page)) > 0.001
    assert not found(page, "heat")
    page.locator("layer-list").get_by_label("事项", exact=True).check()
    page.wait_for_function(f"() => ({FOUND})('incident').length === 20")


def test_a_unit_is_found_by_name_and_by_the_middle_of_the_map(map_of_desk: Any) -> None:
    page = map_of_desk()
    page.keyboard.press("/")
    page.keyboard.type("微网格M4")
    page.keyboard.press("Enter")
    expect(page.locator("unit-answer")).to_contain_text("微网格M4")
    page.wait_for_function(f"() => ({FOUND})('chosen').length > 0")
    page.locator("grid-map canvas").focus()
    before = page.evaluate(VIEWS)
    page.keyboard.press("+")
    page.wait_for_function(f"before => {VIEWS}[0][2] > before[0][2] + 0.9", arg=before)
    page.keyboard.press("Enter")  # asks about the middle, which lies in the unit that was gone to
    expect(page.locator("unit-answer, thing-card").first).to_contain_text("M4")


def test_lengths_are_measured_by_mouse_and_by_keyboard(map_of_desk: Any) -> None:
    page = map_of_desk()
    page.get_by_role("button", name="量距离和面积").click()
    card = page.locator("measure-card")
    for x, y in ((700, 300), (900, 300)):
        page.mouse.click(x, y)
    by_mouse = card.locator("dd").inner_text()
    assert by_mouse.endswith("m")
    assert float(by_mouse.split()[0].replace(",", "")) > 0
    page.locator("grid-map canvas").focus()
    page.keyboard.press("Enter")
    expect(card.locator("dd")).not_to_have_text(by_mouse)
    page.keyboard.press("Backspace")
    expect(card.locator("dd")).to_have_text(by_mouse)
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_the_table_says_the_same_as_the_map_and_is_saved(map_of_desk: Any) -> None:
    page = map_of_desk()
    page.get_by_role("button", name="表格").click()
    page.get_by_label("列出什么").select_option("micro_grid")
    rows = page.locator("table-twin tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("5")
    with page.expect_download() as saved:
        page.get_by_role("button", name="下载 CSV").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert {line.split(",")[1]: line.split(",")[3] for line in lines[1:]} == dict.fromkeys(
        ["M1", "M2", "M3", "M4"], "5"
    )


def test_time_plays_on_by_itself(map_of_desk: Any) -> None:
    page = map_of_desk()
    page.get_by_role("button", name="播放时间").click()
    dock = page.locator("time-dock")
    slider = dock.get_by_role("slider")
    expect(slider).to_have_value("0")
    dock.get_by_role("button", name="播放", exact=True).click()
    expect(slider).to_have_value(re.compile(r"[3-9]|\d\d"))
    dock.get_by_role("button", name="暂停").click()
    slider.press("End")
    expect(dock).to_contain_text("共 20 件")


def test_the_map_is_made_a_sheet_of_paper(map_of_desk: Any) -> None:
    page = map_of_desk()
    page.get_by_role("button", name="打印").click()
    dialog = page.locator("print-card dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="PNG").click()
    sheet = Image.open(saved.value.path())
    assert sheet.width / sheet.height == pytest.approx(297 / 210, rel=0.01)
    assert len(np.unique(np.asarray(sheet.convert("L")))) > 20
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("layer-list")).to_be_visible()  # the key was the dialog's


def test_the_sheet_is_printed_as_one_page_with_the_picture_and_its_legend(map_of_desk: Any) -> None:
    page = map_of_desk()
    page.get_by_role("button", name="打印").click()
    dialog = page.locator("print-card dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="PNG").click()
    page.evaluate("window.print = () => { window.asked = true; }")  # the dialog is the browser's own
    dialog.get_by_role("button", name="PDF").click()
    page.wait_for_function("() => window.asked")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type ?/Page\b", pdf)) == 1
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box
    assert [float(side) for side in box.groups()] == pytest.approx([841.9, 595.3], abs=1.5)
    (printed,) = pictures_in(pdf)
    kept = np.asarray(Image.open(saved.value.path()).convert("RGB"))
    assert (printed == kept).all()
    legend = {bytes(pixel).hex() for pixel in kept[-900:-80, 40:700].reshape(-1, 3)}
    assert legend & set(RAMP), "no class of the legend has its colour"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".wangge-printed")).to_have_count(0)


def pictures_in(pdf: bytes) -> list[Any]:
    """The pictures of a PDF by Chromium, as pixels; those that only say how opaque another is are left out."""
    heads = re.finditer(rb"<<((?:(?!>>).)*?/Subtype ?/Image.*?)>>\s*stream\r?\n", pdf, re.DOTALL)
    found = []
    for head in heads:
        if b"/DeviceGray" not in head[1]:
            width, height = (int(re.search(rb"/%s (\d+)" % side, head[1])[1]) for side in (b"Width", b"Height"))  # type: ignore[index]
            pixels = np.frombuffer(zlib.decompressobj().decompress(pdf[head.end() :]), np.uint8)
            found.append(pixels.reshape(height, width, 3))
    return found


def test_overlays_can_be_switched_on_where_there_are_any(service: str, database: str, map_of_desk: Any) -> None:
    page = map_of_desk()
    expect(page.get_by_label("专属网格")).to_have_count(0)
    market = gpd.GeoDataFrame(
        {"code": ["K1"], "parent_code": None, "level": "micro_grid", "name": "商场"},
        geometry=[shapely.box(122.008, 46.004, 122.012, 46.006)],
        crs="EPSG:4326",
    )
    soon = datetime.now(UTC) + timedelta(seconds=2)
    with db.open_pool(database, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        publication.publish(conn, market, soon, system="test", layer="dedicated")
    for _ in range(150):
        time.sleep(0.2)
        if httpx.get(f"{service}/tiles/overlays.json").json()["vector_layers"]:
            break
    page.reload()
    page.get_by_label("专属网格").check()
    page.wait_for_function(f"() => ({FOUND})('overlay').some(({{ code }}) => code === 'K1')")
    page.get_by_label("专属网格").uncheck()
    page.wait_for_function(f"() => ({FOUND})('overlay').length === 0")


def test_two_editions_lie_beside_each_other_and_move_together(map_of_desk: Any) -> None:
    page = map_of_desk("?lang=en#at=2026-02-01T23:59:59%2B08:00")
    expect(page.get_by_role("status").filter(has_text="1 February 2026")).to_be_visible()
    page.get_by_role("button", name="Compare with now").click()
    expect(page.locator("grid-map")).to_have_count(2)
    page.wait_for_function(f"() => {VIEWS}.length === 2")
    page.locator("grid-map:not(.past) canvas").focus()
    page.keyboard.press("+")
    page.wait_for_function(
        f"() => {{ const [a, b] = {VIEWS}; return a[2] > 13 && a.every((x, i) => Math.abs(x - b[i]) < 1e-6); }}"
    )
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator("grid-map")).to_have_count(1)


def test_a_phone_has_the_map_first_and_the_rest_in_a_sheet(map_of_desk: Any) -> None:
    page = map_of_desk("?lang=en", width=390, height=844, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator("layer-list")).to_be_hidden()
    canvas = page.locator("grid-map").bounding_box()
    assert canvas is not None
    assert canvas["height"] > 0.8 * 844
    page.get_by_role("button", name="Layers and look-up").click()
    expect(page.get_by_label("Heat of incidents")).to_be_visible()


def test_without_webgl_the_table_stands_in_for_the_map(service: str, open_page: Any) -> None:
    page = open_page("about:blank", bears="WebGL")
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"{service}/map?lang=en")
    expect(page.get_by_text("cannot draw the map")).to_be_visible()
    expect(page.locator("table-twin tbody tr").first).to_be_visible()


def test_a_new_incident_is_counted_on_a_map_that_is_open(service: str, map_of_desk: Any) -> None:
    page = map_of_desk()
    legend = page.locator("layer-list")
    expect(legend).to_contain_text("共 20 件")
    one = {"category": "facility.light", "channel": "patrol", "title": "路灯不亮", "crs": "EPSG:4326"}
    httpx.post(f"{service}/v1/incidents", json=one | {"lon": 122.005, "lat": 46.005}).raise_for_status()
    expect(legend).to_contain_text("共 21 件")


def test_a_front_page_with_too_many_parts_to_draw_shows_them_as_tiles(service: str, open_page: Any) -> None:
    def without_outlines(route: Route) -> None:
        told = route.fetch().json()
        parts = [part | {"outline": None} for part in told["parts"]]
        route.fulfill(json=told | {"parts": parts})

    page = open_page("about:blank", bears="GPU stall", locale="zh-CN")
    page.route("**/v1/summary", without_outlines)
    page.goto(service)
    canvas = page.locator("tile-map grid-map canvas")
    expect(canvas).to_be_visible()
    tiles = 'document.querySelector("front-page").shadowRoot.querySelector("tile-map").shadowRoot'
    page.wait_for_function(f'() => {tiles}.querySelector("grid-map").drawing?.loaded()')
    canvas.click()
    expect(page.locator("unit-answer")).to_contain_text("微网格")
