"""A password that somebody else made, passwords that are easy to guess, and the own sessions everywhere."""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from geo import accounts, db, passwords
from geo.roles import Role

from .conftest import PASSWORD, City, account

ORIGIN = {"Origin": "http://127.0.0.1:8000"}
OTHER = "an entirely different phrase"
Browser = Callable[[], TestClient]


@pytest.fixture
def name(city: City) -> str:
    made = f"own-{uuid4().hex[:12]}"
    account(city.pool, made, Role.DISPATCHER, "T1")
    return made


@pytest.fixture
def browser(public: TestClient) -> Browser:
    return lambda: TestClient(public.app, base_url="http://127.0.0.1:8000", headers=ORIGIN)


def signed_in(browser: TestClient, name: str, password: str = PASSWORD) -> TestClient:
    assert browser.post("/v1/session", json={"account": name, "password": password}).status_code == 200
    return browser


def test_a_password_that_somebody_else_made_opens_nothing_until_it_is_changed(
    city: City, name: str, browser: Browser
) -> None:
    with db.begin(city.pool, db.EVERYTHING) as conn:
        accounts.set_password(conn, accounts.find(conn, name), OTHER, given=True)
    desk = signed_in(browser(), name, OTHER)
    found = desk.get("/v1/session").json()
    assert found["must_change_password"]
    assert "incident.read" not in found["permissions"]
    for path in ("/v1/incidents", "/v1/teams", "/v1/maps/heat", "/v1/live"):
        refused = desk.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "change-password")
    weak = desk.post("/v1/session/password", json={"present": OTHER, "next": "password1234"})
    assert (weak.status_code, weak.json()["code"]) == (422, "weak-password")
    same = desk.post("/v1/session/password", json={"present": OTHER, "next": OTHER})
    assert (same.status_code, same.json()["code"]) == (422, "same-password")
    assert desk.post("/v1/session/password", json={"present": OTHER, "next": PASSWORD}).status_code == 204
    assert not desk.get("/v1/session").json()["must_change_password"]
    assert desk.get("/v1/incidents").status_code == 200


@pytest.mark.parametrize(
    "weak",
    [
        "password1234", "123456789012", "qwertyuiop12", "administrator1", "1qaz2wsx3edc", "iloveyou1234",
        "wangge-wangge", "abcabcabcabc", "desk.t1desk.t1", "1t.ksed2026", "woaini1314520", "5201314woaini",
        "correct horse"[:11], "x" * 129,
    ],
)  # fmt: skip
def test_a_password_that_is_easy_to_guess_is_refused(weak: str) -> None:
    with pytest.raises(passwords.WeakPassword):
        passwords.hashed(weak, "desk.t1")


@pytest.mark.parametrize(
    "good",
    [
        PASSWORD,
        OTHER,
        "微网格守护千家万户的平安",
        "x9#fQ2!mLp7z",
        "k3 tree " * 6 + "moss",
        ("ottersea 7 lamp; " * 8)[:128],
    ],
)
def test_a_password_that_takes_long_to_guess_is_taken_whatever_it_is_made_of(good: str) -> None:
    kept = passwords.hashed(good, "desk.t1")
    assert passwords.fits(good, kept)
    assert not passwords.fits(good[:-1], kept)
    assert not passwords.fits(good.swapcase() + "x", kept)


def test_the_passwords_that_are_made_are_good_ones() -> None:
    for _ in range(200):
        assert passwords.guesses(passwords.made(), "desk.t1") >= passwords.FEWEST_GUESSES


def test_the_own_sessions_are_listed_and_ended_one_by_one_or_all_but_this(name: str, browser: Browser) -> None:
    first, second, third = (signed_in(browser(), name) for _ in range(3))
    listed = first.get("/v1/session/all").json()
    assert [one["current"] for one in listed].count(True) == 1
    assert {(one["role"], one["unit_code"]) for one in listed} == {("dispatcher", "T1")}
    assert len(listed) == 3
    newest = max(one["id"] for one in listed)
    assert first.delete(f"/v1/session/all/{newest}").status_code == 204
    time.sleep(1.0)
    assert [one.get("/v1/incidents").status_code for one in (first, second, third)] == [200, 200, 401]
    assert first.delete("/v1/session/all").status_code == 204
    time.sleep(1.0)
    assert [one.get("/v1/incidents").status_code for one in (first, second)] == [200, 401]
    assert [one["current"] for one in first.get("/v1/session/all").json()] == [True]


def test_nobody_sees_or_ends_the_sessions_of_another_account(city: City, name: str, browser: Browser) -> None:
    mine = signed_in(browser(), name)
    other = f"own-{uuid4().hex[:12]}"
    account(city.pool, other, Role.ADMIN, None)
    stranger = signed_in(browser(), other)
    of_mine = mine.get("/v1/session/all").json()[0]["id"]
    assert of_mine not in [one["id"] for one in stranger.get("/v1/session/all").json()]
    refused = stranger.delete(f"/v1/session/all/{of_mine}")
    assert (refused.status_code, refused.json()["code"]) == (404, "session-not-found")
    stranger.delete("/v1/session/all")
    time.sleep(1.0)
    assert mine.get("/v1/incidents").status_code == 200


def test_another_site_ends_no_session(name: str, browser: Browser) -> None:
    mine = signed_in(browser(), name)
    assert mine.delete("/v1/session/all", headers={"Origin": "https://evil.example"}).status_code == 403


def test_what_is_done_to_accounts_is_in_the_audit_log(city: City) -> None:
    name = f"own-{uuid4().hex[:12]}"
    account(city.pool, name, Role.DISPATCHER, "T1")
    with db.begin(city.pool, db.EVERYTHING) as conn:
        accounts.revoke(conn, accounts.find(conn, name))
        found = db.rows(conn, "SELECT kind, reason FROM audit_entry WHERE subject = %(name)s ORDER BY id", name=name)
    assert [row["kind"] for row in found] == ["account.added", "password.set", "grant.made", "grant.revoked"]
    assert PASSWORD not in str(found)
