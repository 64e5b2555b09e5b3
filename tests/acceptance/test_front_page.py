"""The front page as people meet it: built, served by the real command, in a browser without the internet."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Page, expect

from geo import db, incidents

WORDS = {
    "zh": {
        "incidents": "事项",
        "place": "示例盟",
        "banner": "东旗",
        "unit": "微网格M3",
        "team": "东旗巡防队",
        "synthetic": "合成演示数据",
        "by_place": "按坐标",
        "search": "查询",
        "send": "提交",
        "received": "已收到",
        "no_category": "请选择类别。",
        "no_system": "请选择坐标系",
        "not_there": "没有名称或编码含",
        "outside": "不在任何微网格内",
    },
    "en": {
        "incidents": "Incidents",
        "place": "Example League",
        "banner": "East Banner",
        "unit": "Micro-grid M3",
        "team": "东旗巡防队",
        "synthetic": "Synthetic demonstration data",
        "by_place": "By coordinate",
        "search": "Look up",
        "send": "Send",
        "received": "Received",
        "no_category": "Choose a category.",
        "no_system": "Choose the coordinate system",
        "not_there": "No unit has",
        "outside": "lies in no micro-grid",
    },
}

each_language = pytest.mark.parametrize("lang", ["zh", "en"])


def figure(page: Page, name: str) -> Any:
    """The figure under a name, as it is shown."""
    item = page.locator("league-figures dl > div").filter(has=page.locator("dt", has_text=re.compile(f"^{name}$")))
    return item.locator(".number")


def fill_place(form: Any, lon: str, lat: str, crs: str) -> None:
    form.get_by_label(re.compile("经度|Longitude")).fill(lon)
    form.get_by_label(re.compile("纬度|Latitude")).fill(lat)
    form.get_by_label(re.compile("坐标系|Coordinate system")).select_option(crs)


@each_language
def test_the_page_shows_the_figures_of_what_is_loaded(service, open_page, lang):
    page = open_page(f"{service}/?lang={lang}")
    expect(page.locator("h1")).to_contain_text(WORDS[lang]["place"].replace("-", "\u2011"))
    loaded = httpx.get(f"{service}/v1/summary").json()
    assert loaded["incidents"]["total"] >= 20
    expect(figure(page, WORDS[lang]["incidents"])).to_have_text(str(loaded["incidents"]["total"]))
    expect(page.get_by_role("note")).to_contain_text(WORDS[lang]["synthetic"])
    expect(page.locator("league-map path.land")).to_have_count(2)
    expect(page.locator("league-map")).to_contain_text(WORDS[lang]["banner"])


@each_language
def test_a_name_leads_to_the_unit_its_path_and_its_team(service, open_page, lang):
    page = open_page(f"{service}/?lang={lang}")
    page.get_by_role("searchbox").fill("M3")
    page.get_by_role("searchbox").press("Enter")
    answer = page.locator("unit-answer")
    for word in ("place", "unit", "team"):
        expect(answer).to_contain_text(WORDS[lang][word])
    href = answer.get_by_role("link").get_attribute("href")
    assert httpx.get(service + href).status_code == 200


@each_language
def test_a_coordinate_leads_to_its_micro_grid_only_with_its_reference_system(service, open_page, lang):
    page = open_page(f"{service}/?lang={lang}")
    expect(page.locator("league-map svg.map")).to_be_visible()  # it moves the look-up aside when it comes
    page.get_by_role("button", name=WORDS[lang]["by_place"]).click()
    lookup = page.locator("unit-lookup")
    fill_place(lookup, "122.015", "46.005", "")
    lookup.get_by_role("button", name=WORDS[lang]["search"], exact=True).click()
    expect(lookup).to_contain_text(WORDS[lang]["no_system"])
    fill_place(lookup, "122.015", "46.005", "EPSG:4326")
    lookup.get_by_role("button", name=WORDS[lang]["search"], exact=True).click()
    expect(page.locator("unit-answer")).to_contain_text(WORDS[lang]["unit"])
    expect(page.locator("league-map circle.pin")).to_have_count(1)


def test_a_click_on_the_map_is_a_question_about_that_place(service, open_page):
    page = open_page(f"{service}/?lang=zh")
    drawing = page.locator("league-map svg.map")
    box = drawing.bounding_box()
    drawing.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.75})
    expect(page.locator("unit-answer")).to_contain_text("微网格M3")


def test_the_map_can_be_asked_by_keyboard(service, open_page):
    page = open_page(f"{service}/?lang=zh")
    drawing = page.locator("league-map svg.map")
    drawing.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "Enter"):
        drawing.press(key)
    expect(page.locator("unit-answer")).to_contain_text("微网格M3")


@each_language
def test_what_is_not_there_is_said_plainly(service, open_page, lang):
    page = open_page(f"{service}/?lang={lang}")
    page.get_by_role("searchbox").fill("没有这里")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("unit-lookup")).to_contain_text(WORDS[lang]["not_there"])
    expect(page.locator("league-map svg.map")).to_be_visible()
    page.get_by_role("button", name=WORDS[lang]["by_place"]).click()
    lookup = page.locator("unit-lookup")
    fill_place(lookup, "10", "10", "EPSG:4326")
    lookup.get_by_role("button", name=WORDS[lang]["search"], exact=True).click()
    expect(page.locator("unit-answer")).to_contain_text(WORDS[lang]["outside"])


@each_language
def test_a_report_is_answered_with_its_micro_grid_team_and_tracking_number(service, open_page, pool, lang):
    page = open_page(f"{service}/?lang={lang}")
    form = page.locator("report-form")
    form.get_by_role("button", name=WORDS[lang]["send"]).click()
    expect(form).to_contain_text(WORDS[lang]["no_category"])
    form.locator("#category").select_option("facility.manhole")
    form.locator("#description").fill("3 号楼东侧井盖缺失。")
    fill_place(form, "122.015", "46.005", "EPSG:4326")
    form.get_by_role("button", name=WORDS[lang]["send"]).click()
    receipt = form.locator(".receipt")
    expect(receipt).to_contain_text(WORDS[lang]["received"])
    expect(receipt).to_contain_text("微网格M3")
    expect(receipt).to_contain_text(WORDS[lang]["team"])
    with db.begin(pool, db.EVERYTHING) as conn:
        kept = incidents.read(conn, UUID(form.locator(".tracking").inner_text()))
    assert (kept.category, kept.channel, kept.unit_code) == ("facility.manhole", "snap", "M3")


def test_a_report_whose_answer_was_lost_is_not_made_twice(service, open_page, pool):
    page = open_page(f"{service}/?lang=zh", bears="502")
    before = kept_incidents(pool)
    form = page.locator("report-form")
    form.locator("#category").select_option("other")
    form.locator("#description").fill("回答丢失的一次上报")
    fill_place(form, "122.005", "46.005", "EPSG:4326")

    def carried_out_but_lost(route):
        route.fetch()
        route.fulfill(status=502, body="")

    page.route("**/v1/incidents", carried_out_but_lost, times=1)
    form.get_by_role("button", name="提交").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_role("button", name="提交").click()
    expect(form.locator(".receipt")).to_be_visible()
    assert kept_incidents(pool) == before + 1


def kept_incidents(pool):
    with db.begin(pool, db.EVERYTHING) as conn:
        return db.one(conn, "SELECT count(*) AS n FROM incident")["n"]


def test_the_language_and_the_theme_are_kept(service, open_page):
    page = open_page(service, color_scheme="dark", locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Switch to light").click()
    page.goto(service)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


@each_language
@pytest.mark.parametrize("width", [320, 375, 768])
def test_a_narrow_page_does_not_scroll_sideways(service, open_page, lang, width):
    page = open_page(f"{service}/?lang={lang}", width=width, height=812)
    expect(page.locator("league-figures")).to_be_visible()
    page.locator("unit-lookup").get_by_role("button", name=WORDS[lang]["by_place"]).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def is_map_of_incidents(address):
    """Which the page marks as asking for an account."""
    return address.startswith("/v1/maps/") and "coverage" not in address


def test_each_link_of_the_page_leads_somewhere(service, open_page):
    page = open_page(f"{service}/?lang=zh")
    expect(page.locator("map-cards a")).to_have_count(6)
    links = page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    inside, beyond = ([x for x in links if x.startswith("#")], {x for x in links if not x.startswith("#")})
    wanted = {address: 401 if is_map_of_incidents(address) else 200 for address in beyond}
    assert sorted(wanted.values()).count(401) == 5
    assert {address: httpx.get(service + address).status_code for address in beyond} == wanted
    assert all(page.locator(address).count() == 1 for address in inside)


def test_the_page_has_no_inline_scripts_or_styles(service):
    page = httpx.get(service).text
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page)
    assert "https://" not in page
