"""The front page of a service that has nothing to show, or that does not answer."""

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize(("lang", "says"), [("zh", "还没有装载数据"), ("en", "No data is loaded yet")])
def test_an_empty_service_says_how_to_load_data(empty_service, open_page, lang, says):
    page = open_page(f"{empty_service}/?lang={lang}")
    expect(page.get_by_text(says)).to_be_visible()
    expect(page.get_by_text("wangge load demo")).to_be_visible()


@pytest.mark.parametrize(
    ("lang", "says", "again"), [("zh", "服务没有应答", "重试"), ("en", "does not answer", "Try again")]
)
def test_a_silent_service_is_said_plainly_and_can_be_asked_again(empty_service, open_page, lang, says, again):
    page = open_page("about:blank", bears="ERR_FAILED")
    page.route("**/v1/**", lambda route: route.abort())
    page.goto(f"{empty_service}/?lang={lang}")
    notes = page.get_by_role("alert").filter(has_text=says)
    expect(notes).to_have_count(2)
    page.unroute("**/v1/**")
    for _ in range(2):
        page.get_by_role("button", name=again).first.click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("wangge load demo")).to_be_visible()
