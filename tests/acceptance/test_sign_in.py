"""Signing in as people meet it, in a browser: the public sees no map of incidents, a desk does."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geo import accounts, db
from geo.roles import Role

PASSWORD = "correct horse battery"
WORDS = {
    "zh": {"open": "登录", "account": "账号", "password": "密码", "leave": "退出", "wrong": "账号或密码错误"},
    "en": {
        "open": "Sign in",
        "account": "Account",
        "password": "Password",
        "leave": "Sign out",
        "wrong": "The account or the password is wrong",
    },
}


@pytest.fixture(scope="module")
def desk(service: str, database: str) -> str:
    with db.open_pool(database, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        made = accounts.add(conn, "desk.b1")
        accounts.set_password(conn, made, PASSWORD)
        accounts.grant(conn, made, Role.DISPATCHER, "B1")
        accounts.grant(conn, made, Role.PATROL, "M1")
    return made.name


def fill(page: Page, name: str, password: str, says: dict[str, str]) -> Any:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(says["account"]).fill(name)
    dialog.get_by_label(says["password"]).fill(password)
    dialog.get_by_role("button", name=says["open"]).click()
    return dialog


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_desk_signs_in_at_a_map_sees_it_and_signs_out(service: str, desk: str, open_page: Any, lang: str) -> None:
    says = WORDS[lang]
    page = open_page(f"{service}/?lang={lang}", bears="401")
    expect(page.locator("map-cards .needed")).to_have_count(5)  # coverage is for anyone
    page.locator('map-cards a[href*="/rates?"]').click()
    dialog = fill(page, desk, "not this one!", says)
    expect(dialog).to_contain_text(says["wrong"])
    fill(page, desk, PASSWORD, says)
    page.wait_for_url("**/v1/maps/rates**")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()
    header = page.locator("sign-in")
    expect(header).to_contain_text(desk)
    expect(page.locator("map-cards .needed")).to_have_count(0)
    header.get_by_role("combobox").select_option(index=1)
    expect(header.get_by_role("combobox").locator("option:checked")).to_contain_text("M1")
    header.get_by_role("button", name=says["leave"]).click()
    expect(header.get_by_role("button", name=says["open"])).to_be_visible()
    expect(page.locator("map-cards .needed")).to_have_count(5)
    assert page.context.cookies() == []


def test_no_script_reads_the_session(service: str, desk: str, open_page: Any) -> None:
    page = open_page(f"{service}/?lang=en")
    page.locator("sign-in").get_by_role("button", name="Sign in").click()
    fill(page, desk, PASSWORD, WORDS["en"])
    expect(page.locator("sign-in")).to_contain_text(desk)
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("Object.keys(localStorage)") == []


@pytest.mark.parametrize("width", [375, 1280])
def test_the_dialog_fits_the_page(service: str, open_page: Any, width: int) -> None:
    page = open_page(f"{service}/?lang=zh", width=width)
    page.locator("sign-in").get_by_role("button", name="登录").click()
    box = page.get_by_role("dialog").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
