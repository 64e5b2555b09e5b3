"""On a phone: a report with photographs, and a desk whose password somebody else made."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from geo import accounts, db
from geo.roles import Role

GIVEN, OWN = "correct horse battery", "an entirely different phrase"


@pytest.fixture(scope="module")
def desk(service: str, database: str) -> str:
    with db.open_pool(database, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        made = accounts.add(conn, "desk.given")
        accounts.set_password(conn, made, GIVEN, given=True)
        accounts.grant(conn, made, Role.DISPATCHER, "B1")
    return made.name


def test_a_report_takes_its_photographs_along_on_a_phone(
    service: str, database: str, open_page: Any, tmp_path: Path
) -> None:
    Image.effect_noise((2400, 1800), 80).convert("RGB").save(tmp_path / "taken.jpg")
    page = open_page(f"{service}/?lang=zh", width=390, height=844)
    form = page.locator("report-form")
    form.locator("select#category").select_option("facility.light")
    form.locator("textarea").fill("路灯不亮，照片见后。")
    place = form.locator("place-field")
    place.get_by_label("经度").fill("122.005")
    place.get_by_label("纬度").fill("46.005")
    place.locator("select").select_option("EPSG:4326")
    photos = form.locator("photo-field")
    photos.locator("input[type=file]").set_input_files([tmp_path / "taken.jpg"] * 3)
    expect(photos.locator("img")).to_have_count(3)
    photos.get_by_role("button", name="去掉第 3 张照片").click()
    expect(photos.locator("img")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    form.get_by_role("button", name="提交").click()
    expect(form.locator(".photos")).to_have_text("照片已上传 2 / 2", timeout=60_000)
    with db.open_pool(database, 1) as pool, db.begin(pool, db.Scope("", "desk", role="dispatcher")) as conn:
        kept = db.rows(conn, "SELECT p.width FROM photo AS p INNER JOIN incident AS i ON p.incident_id = i.id")
    assert [row["width"] for row in kept] == [1600, 1600]


def test_a_password_by_somebody_else_is_changed_before_anything_else(service: str, desk: str, open_page: Any) -> None:
    page = open_page(f"{service}/?lang=zh", width=390, height=844)
    page.locator("sign-in").get_by_role("button", name="登录").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("账号").fill(desk)
    dialog.get_by_label("密码").fill(GIVEN)
    dialog.get_by_role("button", name="登录", exact=True).click()
    own = page.locator("own-account dialog[open]")
    expect(own).to_contain_text("请先修改")
    own.get_by_label("现在的密码").fill(GIVEN)
    own.get_by_label("新密码", exact=True).fill(OWN)
    own.get_by_label("再输入一次新密码").fill(OWN)
    own.get_by_role("button", name="修改密码").click()
    expect(own).to_contain_text("密码已修改")
    expect(own.locator("li")).to_have_count(1)
    own.get_by_role("button", name="关闭").click()
    expect(page.locator("map-cards .needed")).to_have_count(0)
