"""The desk for places that leave doubts, as a dispatcher meets it: seen on the map, settled by key and by click."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.desk import drawing_browser, open_account, sign_in

CHROMIUM = "/usr/bin/chromium"
DRAWING = 'document.querySelector("doubts-page").shadowRoot.querySelector("grid-map").drawing'
DRAWN = f"""source => {DRAWING} ? [...new Set({DRAWING}.queryRenderedFeatures()
    .filter(each => each.source === source).map(each => each.properties.number ?? each.geometry.type))].sort() : []"""


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with drawing_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def desk(service: str, database: str) -> str:
    return open_account(database, "doubts.desk")


def report(service: str, title: str, lon: float, lat: float = 46.005, **more: float) -> str:
    said = {"category": "other", "channel": "snap", "title": title, "crs": "EPSG:4326", "lon": lon, "lat": lat} | more
    return httpx.post(f"{service}/v1/incidents", json=said).raise_for_status().json()["id"]


@pytest.fixture
def open_desk(service: str, desk: str, open_page: Any) -> Any:
    def opened(address: str, **options: Any) -> Page:
        page = open_page("about:blank", bears="GPU stall", **{"locale": "zh-CN"} | options)
        sign_in(page, service, desk)
        page.goto(service + address)
        return page

    return opened


def owner(page: Page, service: str, incident: str) -> tuple[str, str, bool]:
    told = page.context.request.get(f"{service}/v1/incidents/{incident}").json()
    return told["unit_code"], told["located"], told["ambiguous"]


def test_doubts_are_settled_by_key_by_click_and_by_whoever_is_first(service: str, open_desk: Any) -> None:
    taken, wide, outside = (
        report(service, "井盖缺失", 122.0095, accuracy_m=100),  # in M1, 39 m from M3
        report(service, "路面塌陷", 122.0095, accuracy_m=100),
        report(service, "野外垃圾", 122.05),
    )
    page = open_desk("/")
    page.get_by_role("link", name="存疑归属").click()
    rows = page.locator("doubt-list li button")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("路面塌陷")
    rows.first.click()
    expect(page.locator("doubt-card .choice")).to_have_count(2)
    expect(page.locator("doubt-card .choice").nth(1)).to_contain_text("M3")
    page.wait_for_function(f"() => ({DRAWN})('candidates').includes('2') && ({DRAWN})('uncertainty').length >= 1")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("已确定归 微网格M3")).to_be_visible()
    assert owner(page, service, wide) == ("M3", "settled", False)

    expect(page.locator("doubt-card h2").first).to_have_text("井盖缺失")  # the next one came up
    other = {"unit": "M1", "reason": "现场核实"}
    settled = page.context.request.post(
        f"{service}/v1/incidents/{taken}/settle", data=other, headers={"If-Match": '"1"', "Origin": service}
    )
    assert settled.ok
    expect(page.get_by_role("alert")).to_contain_text("已被他人先行处理，现归 微网格M1")
    expect(page.get_by_text("没有位置存疑的事项")).to_be_visible()

    page.get_by_role("button", name="界外").click()
    page.locator("doubt-list li button").click()
    expect(page.get_by_text("请先选择微网格")).to_be_visible()
    page.locator("tool-bar button").nth(1).click()  # out, until the city is in view
    page.locator("tool-bar button").nth(1).click()
    page.wait_for_function(f"() => {DRAWING}.loaded() && !{DRAWING}.isMoving()")
    canvas = page.locator("grid-map canvas").bounding_box()
    assert canvas
    at = page.evaluate(f"() => {DRAWING}.project([122.015, 46.015])")
    page.mouse.click(canvas["x"] + at["x"], canvas["y"] + at["y"])
    page.get_by_role("button", name="确定归 微网格M4").click()
    expect(page.get_by_text("没有界外事项")).to_be_visible()
    assert owner(page, service, outside) == ("M4", "settled", False)


def test_what_does_not_fit_on_a_page_comes_on_demand_and_once(service: str, open_desk: Any) -> None:
    made = [report(service, f"积水{number}", 122.0095, accuracy_m=60) for number in range(32)]
    page = open_desk("/doubts")
    rows = page.locator("doubt-list li button")
    expect(rows).to_have_count(30)
    page.get_by_role("button", name="更多").click()
    for row in (0, 29, 30, 31):  # the newest first, and none twice where the pages meet
        expect(rows.nth(row)).to_contain_text(f"积水{len(made) - 1 - row}")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("doubt-card h2").first).to_have_text("积水30")


def test_on_a_phone_the_list_comes_first_and_the_choice_below_the_map(service: str, open_desk: Any) -> None:
    report(service, "积水", 122.0095, accuracy_m=60)
    page = open_desk("/doubts?lang=en", width=390, height=844, color_scheme="dark", has_touch=True)
    page.locator("doubt-list li button").first.tap()
    expect(page.locator("doubt-list")).to_be_hidden()
    expect(page.locator("doubt-card .choice").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Back to the list").tap()
    expect(page.locator("doubt-list")).to_be_visible()


def test_whoever_has_not_signed_in_is_asked_to(service: str, open_page: Any) -> None:
    page = open_page(f"{service}/doubts?lang=en", bears="GPU stall")
    expect(page.get_by_text("Sign in as a dispatcher")).to_be_visible()
    page.goto(f"{service}/?lang=en")
    expect(page.locator("desk-cards h3").first).to_be_visible()
    expect(page.get_by_role("link", name="Doubtful places")).to_have_count(0)
