"""The page that a tracking number opens: how far the report has come, and nothing of what it says."""

import re
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import expect

from geo import db, incidents
from geo.incidents import Change
from geo.lifecycle import State

WORDS = {
    "zh": {
        "state": "核查",
        "look": "查询",
        "number": "查询编号",
        "wrong": "请核对",
        "none": "没有此编号的上报",
        "skipped": "未经此环节",
        "refused": "不予受理",
        "stages": ["上报", "交办", "处置", "督办核查", "结案", "回访", "归档"],
    },
    "en": {
        "state": "being checked",
        "look": "Look up",
        "number": "Tracking number",
        "wrong": "Please check it",
        "none": "There is no report with that number",
        "skipped": "not needed",
        "refused": "Refused",
        "stages": [
            "Reported", "Assigned", "Handled", "Supervised and checked", "Closed", "Revisited", "Archived",
        ],
    },
}  # fmt: skip
MATTER = {
    "category": "hazard.flue", "channel": "snap", "title": "TITLE-MARKER", "description": "TEXT-MARKER",
    "address": "PLACE-MARKER", "lon": 122.015, "lat": 46.005, "crs": "EPSG:4326",
}  # fmt: skip
each_language = pytest.mark.parametrize("lang", ["zh", "en"])


def reported(service: str, pool, *states: State) -> str:
    """The number of a report that went through these states."""
    number = httpx.post(f"{service}/v1/incidents", json=MATTER).raise_for_status().json()["id"]
    for version, state in enumerate(states, 1):
        with db.begin(pool, db.EVERYTHING) as conn:
            incidents.change_state(conn, UUID(number), Change(state, reason="REASON-MARKER"), version)
    return number


@each_language
@pytest.mark.parametrize("width", [390, 1280])
def test_a_number_opens_a_page_with_states_and_times_alone(service, open_page, pool, lang, width):
    number = reported(service, pool, State.ACCEPTED, State.HANDLING, State.CHECKING)
    page = open_page(f"{service}/track/{number}?lang={lang}", width=width, height=844)
    expect(page.locator("track-page strong")).to_have_text(WORDS[lang]["state"])
    stages = page.locator("stage-list li")
    assert [name.strip() for name in stages.locator(".name").all_inner_texts()] == WORDS[lang]["stages"]
    expect(page.locator('stage-list li[aria-current="step"]')).to_contain_text(WORDS[lang]["stages"][3])
    assert [bool(time.strip()) for time in stages.locator(".when").all_inner_texts()] == [True] * 4 + [False] * 3
    shown = page.locator("body").inner_text()
    assert not re.search("MARKER|M3|巡防队|hazard|122|46\\.0", shown.replace(number, ""))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@each_language
def test_a_refused_report_says_so_and_what_it_did_not_need(service, open_page, pool, lang):
    number = reported(service, pool, State.REFUSED)
    page = open_page(f"{service}/track/{number}?lang={lang}")
    expect(page.locator('stage-list li[aria-current="step"]')).to_contain_text(WORDS[lang]["refused"])
    expect(page.locator("stage-list li.skipped")).to_have_count(3)
    expect(page.locator("stage-list")).to_contain_text(WORDS[lang]["skipped"])


@each_language
def test_a_number_is_typed_in_and_a_wrong_one_is_told(service, open_page, pool, lang):
    number = reported(service, pool)
    page = open_page(f"{service}/track?lang={lang}", bears="404")
    field, look = page.get_by_label(WORDS[lang]["number"]), page.get_by_role("button", name=WORDS[lang]["look"])
    field.fill("12345")
    look.click()
    expect(page.locator("#number-wrong")).to_contain_text(WORDS[lang]["wrong"])
    field.fill(str(UUID(int=9)))
    look.click()
    expect(page.get_by_role("alert")).to_contain_text(WORDS[lang]["none"])
    field.fill(f"  {number.upper().replace('-', '')} ")
    look.click()
    expect(page.locator("stage-list li")).to_have_count(7)
    page.go_back()
    expect(page.get_by_role("alert")).to_be_visible()


def test_the_receipt_of_a_report_leads_to_its_page(service, open_page):
    page = open_page(f"{service}/?lang=zh")
    form = page.locator("report-form")
    form.locator("#category").select_option("facility.manhole")
    form.locator("#description").fill("3 号楼东侧井盖缺失。")
    form.get_by_label("经度").fill("122.015")
    form.get_by_label("纬度").fill("46.005")
    form.get_by_label("坐标系").select_option("EPSG:4326")
    form.get_by_role("button", name="提交").click()
    form.locator("a.tracking").click()
    expect(page.locator('stage-list li[aria-current="step"]')).to_contain_text("上报")
