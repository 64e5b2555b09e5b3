"""Signing in and out, and what ends a session."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from structlog.testing import capture_logs

from api.app import create_app
from geo import accounts, db, passwords, sessions
from geo.errors import Conflict
from geo.roles import Role
from geo.settings import Settings

from .conftest import PASSWORD, City, account, asking

ORIGIN = {"Origin": "http://127.0.0.1:8000"}
REPORT: dict[str, Any] = {
    "category": "hazard.flue", "channel": "snap", "title": "私改烟道",
    "lon": 122.005, "lat": 46.005, "crs": "EPSG:4326",
}  # fmt: skip


@pytest.fixture
def name() -> str:
    return f"duty-{uuid4().hex[:12]}"


@pytest.fixture
def desk(city: City, public: TestClient, name: str) -> TestClient:
    """A browser that has signed in at T1."""
    account(city.pool, name, Role.DISPATCHER, "T1")
    browser = TestClient(public.app, base_url="http://127.0.0.1:8000", headers=ORIGIN)
    assert sign_in(browser, name).status_code == 200
    return browser


def sign_in(browser: TestClient, name: str, password: str = PASSWORD, **headers: str) -> Response:
    return browser.post("/v1/session", json={"account": name, "password": password}, headers=headers)


def ended_within_a_second(browser: TestClient) -> bool:
    until_s = time.monotonic() + 1.0
    while time.monotonic() < until_s:
        if browser.get("/v1/incidents").status_code == 401:
            return True
        time.sleep(0.05)
    return browser.get("/v1/incidents").status_code == 401


def test_a_session_tells_who_one_is_and_signing_out_ends_it(desk: TestClient, name: str) -> None:
    found = desk.get("/v1/session").json()
    assert (found["account"], found["role"], found["grants"][0]["unit_code"]) == (name, "dispatcher", "T1")
    assert desk.get("/v1/incidents").status_code == 200
    kept = dict(desk.cookies)
    assert desk.delete("/v1/session").status_code == 204
    assert desk.get("/v1/session").json()["account"] is None
    desk.cookies.update(kept)  # who kept the cookie has kept nothing
    assert desk.get("/v1/incidents").status_code == 401


def test_nobody_is_public_and_may_report_but_read_no_incident(public: TestClient, city: City) -> None:
    anyone = asking(public, None)
    assert anyone.get("/v1/session").json() == {
        "account": None, "role": "public", "grant": None, "grants": [], "expires_at": None,
        "provider": None, "must_change_password": False,
        "permissions": ["incident.report", "list.read", "public", "station.read", "stats.read", "unit.read"],
    }  # fmt: skip
    answer = anyone.post("/v1/incidents", json=REPORT, headers={"Idempotency-Key": uuid4().hex})
    assert answer.status_code == 201
    assert (answer.json()["unit_code"], answer.json()["team_name"]) == ("M1", "队伍C1")
    refused = anyone.get(answer.headers["location"])
    assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-needed")
    with db.begin(city.pool, db.Scope(city.paths["M1"])) as conn:
        stored = db.one(conn, "SELECT * FROM incident WHERE id = %(id)s", id=answer.json()["id"])
    assert (stored["title"], stored["path"]) == (REPORT["title"], city.paths["M1"])


def test_the_answer_to_a_report_is_what_a_desk_then_reads(public: TestClient, city: City, name: str) -> None:
    desk = asking(public, account(city.pool, name, Role.DISPATCHER, "L"))
    made = asking(public, None).post("/v1/incidents", json=REPORT | {"accuracy_m": 12.3}).json()
    assert desk.get(f"/v1/incidents/{made['id']}").json() == made


def test_the_public_hears_the_name_of_a_team_and_never_its_telephone(public: TestClient, city: City, name: str) -> None:
    desk = asking(public, account(city.pool, name, Role.DISPATCHER, "T1"))
    for path in ("/v1/units/M1", "/v1/units/at?lon=122.005&lat=46.005&crs=EPSG:4326"):
        told = asking(public, None).get(path).json()["team"]
        assert (told["name"], told["phone"]) == ("队伍C1", None)
        assert desk.get(path).json()["team"]["phone"].startswith("0482-")
    assert desk.get("/v1/units/M7").json()["team"]["phone"] is None


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    city: City, database: str, name: str, scheme: str
) -> None:
    account(city.pool, name, Role.DISPATCHER, "T1")
    app = create_app(Settings(dsn=database, hosts="grid.example"))
    base = "https://grid.example" if scheme == "https" else "http://localhost"
    with TestClient(app, base_url=base, headers={"Origin": base}) as browser:
        headers = sign_in(browser, name).headers
        given = headers["set-cookie"]
        assert ("strict-transport-security" in headers) == (scheme == "https")
        assert browser.get("/v1/incidents").status_code == 200
    parts = {part.strip().split("=")[0].lower() for part in given.split(";")}
    assert {"httponly", "samesite", "path", "max-age"} < parts
    assert "domain" not in parts
    assert "SameSite=lax" in given
    assert given.startswith("__Host-wangge=") == ("secure" in parts) == (scheme == "https")
    assert len(given.split("=", 1)[1].split(";")[0]) == 43  # 256 bits


def test_a_password_is_not_taken_over_plain_http_from_elsewhere(city: City, database: str, name: str) -> None:
    account(city.pool, name, Role.DISPATCHER, "T1")
    app = create_app(Settings(dsn=database, hosts="grid.example"))
    base = "http://grid.example"
    with TestClient(app, base_url=base, headers={"Origin": base}) as browser:
        answer = sign_in(browser, name)
    assert (answer.status_code, answer.json()["code"]) == (403, "plain-http")


def test_nothing_that_opens_a_door_is_stored(city: City, desk: TestClient, name: str) -> None:
    secret = desk.cookies["wangge"]
    assert len(secret) >= 43  # 256 bits in base64
    with db.begin(city.pool, db.EVERYTHING) as conn:
        kept = str(db.rows(conn, "SELECT * FROM credential")) + str(db.rows(conn, "SELECT * FROM account"))
        stored = db.one(conn, "SELECT password_hash FROM account WHERE name = %(name)s", name=name)
    assert secret not in kept
    assert PASSWORD not in kept
    assert stored["password_hash"].startswith("$argon2id$")


def test_a_revoked_grant_ends_its_session_within_a_second(city: City, desk: TestClient, name: str) -> None:
    assert desk.get("/v1/incidents").status_code == 200
    with db.begin(city.pool, db.EVERYTHING) as conn:
        assert accounts.revoke(conn, accounts.find(conn, name), Role.DISPATCHER, "T1") == 1
    assert ended_within_a_second(desk)


def test_a_revoked_grant_ends_its_tokens_and_a_revoked_token_itself(city: City, public: TestClient, name: str) -> None:
    program = asking(public, account(city.pool, name, Role.DISPATCHER, "T1"))
    assert program.get("/v1/incidents").status_code == 200
    with db.begin(city.pool, db.EVERYTHING) as conn:
        prefix = program.headers["authorization"].split("_")[1]
        sessions.revoke_token(conn, accounts.find(conn, name), prefix)
    assert ended_within_a_second(program)
    with db.begin(city.pool, db.EVERYTHING) as conn:
        known = accounts.find(conn, name)
        other = sessions.issue(conn, known, accounts.grants(conn, known.id)[0], timedelta(days=1))
        assert accounts.revoke(conn, known) == 1
    assert asking(public, other).get("/v1/incidents").status_code == 401


@pytest.mark.parametrize(
    ("passed", "stands"),
    [
        (sessions.IDLE - timedelta(minutes=1), True),
        (sessions.IDLE + timedelta(minutes=1), False),
    ],
)
def test_a_session_that_is_not_used_ends(city: City, desk: TestClient, passed: timedelta, *, stands: bool) -> None:
    sha256 = sessions.digest(desk.cookies["wangge"])
    with db.begin(city.pool, db.SIGN_IN, datetime.now(UTC) + passed) as conn:
        assert (sessions.holder(conn, sha256) is not None) == stands


def test_a_session_in_use_ends_after_a_week_all_the_same(city: City, desk: TestClient) -> None:
    sha256, now = sessions.digest(desk.cookies["wangge"]), datetime.now(UTC)
    seen = []
    for hours in range(0, 200, 8):
        with db.begin(city.pool, db.SIGN_IN, now + timedelta(hours=hours)) as conn:
            seen.append(sessions.holder(conn, sha256) is not None)
    assert seen == [hours < 7 * 24 for hours in range(0, 200, 8)]


def test_a_new_password_ends_the_other_sessions(public: TestClient, desk: TestClient, name: str) -> None:
    other = TestClient(public.app, base_url="http://127.0.0.1:8000", headers=ORIGIN)
    sign_in(other, name)
    wrong = desk.post("/v1/session/password", json={"present": "not this one", "next": "another horse battery"})
    weak = desk.post("/v1/session/password", json={"present": PASSWORD, "next": "short"})
    assert [(one.status_code, one.json()["code"]) for one in (wrong, weak)] == [
        (401, "wrong-password"), (422, "weak-password"),
    ]  # fmt: skip
    assert other.get("/v1/incidents").status_code == 200
    changed = desk.post("/v1/session/password", json={"present": PASSWORD, "next": "another horse battery"})
    assert changed.status_code == 204
    assert changed.headers["set-cookie"].startswith("wangge=")
    assert desk.get("/v1/incidents").status_code == 200
    assert ended_within_a_second(other)
    assert sign_in(other, name).status_code == 401
    assert sign_in(other, name, "another horse battery").status_code == 200


def test_an_account_acts_under_one_grant_and_begins_with_the_widest(city: City, public: TestClient, name: str) -> None:
    account(city.pool, name, Role.PATROL, "C1")
    with db.begin(city.pool, db.EVERYTHING) as conn:
        known = accounts.find(conn, name)
        accounts.grant(conn, known, Role.AUDITOR, "B1")
    browser = TestClient(public.app, base_url="http://127.0.0.1:8000", headers=ORIGIN)
    first = sign_in(browser, name).json()
    assert [(one["role"], one["unit_code"]) for one in first["grants"]] == [("auditor", "B1"), ("patrol", "C1")]
    assert first["role"] == "auditor"
    before = browser.cookies["wangge"]
    seen_wide = {one["path"] for one in browser.get("/v1/incidents").json()["items"]}
    second = browser.post("/v1/session/grant", json={"grant": first["grants"][1]["id"]}).json()
    seen_narrow = {one["path"] for one in browser.get("/v1/incidents").json()["items"]}
    assert second["role"] == "patrol"
    assert {path for path in seen_wide if path.startswith(city.paths["C1"])} == seen_narrow < seen_wide
    assert browser.cookies["wangge"] != before
    assert browser.post("/v1/session/grant", json={"grant": 10**9}).status_code == 404


def test_tries_at_one_account_are_slowed_and_lock_nobody_out(city: City, database: str, name: str) -> None:
    account(city.pool, name, Role.DISPATCHER, "T1")
    app = create_app(Settings(dsn=database))
    with TestClient(app, base_url="http://localhost", client=("10.1.1.1", 5), headers=ORIGIN) as attacker:
        attacker.headers["origin"] = "http://localhost"
        answers = [sign_in(attacker, name, "wrong password!") for _ in range(11)]
        assert [one.status_code for one in answers] == [401] * 10 + [429]
        assert int(answers[-1].headers["retry-after"]) > 60
        assert sign_in(attacker, name).status_code == 429
        owner = TestClient(app, base_url="http://localhost", client=("10.2.2.2", 5), headers=attacker.headers)
        assert sign_in(owner, name).status_code == 200


def test_an_unknown_account_is_answered_as_a_wrong_password_after_the_same_work(
    city: City, database: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(city.pool, name, Role.DISPATCHER, "T1")
    checked: list[list[str]] = []
    hasher = passwords._hasher()
    verify: Callable[..., bool] = hasher.verify
    monkeypatch.setattr(
        hasher, "verify", lambda given, kept: checked.append(kept.split("$")[:4]) or verify(given, kept)
    )
    with TestClient(create_app(Settings(dsn=database)), base_url="http://localhost") as client:
        known, unknown = (
            sign_in(client, one, "wrong password!", **{"X-Request-Id": "abcdefgh"}) for one in (name, "no-such-duty")
        )
    assert known.content == unknown.content
    assert len(checked) == 2
    assert checked[0] == checked[1] != []  # the same hash at the same cost


def test_a_refused_sign_in_is_in_the_log_by_its_account_and_never_by_what_was_typed(
    city: City, public: TestClient, name: str
) -> None:
    account(city.pool, name, Role.PATROL, "T1")
    with capture_logs() as lines:
        for typed in (name, "my-secret-in-the-wrong-field"):
            public.post("/v1/session", json={"account": typed, "password": "wrong horse battery"})
    assert [line["account"] for line in lines if line["event"] == "sign_in_refused"] == [name]
    assert "secret" not in str(lines)
    assert "wrong horse" not in str(lines)


def test_signing_out_empties_the_browser_s_cache(city: City, public: TestClient, name: str) -> None:
    account(city.pool, name, Role.PATROL, "T1")
    client = asking(public, None)
    assert client.post("/v1/session", json={"account": name, "password": PASSWORD}).status_code == 200
    answer = client.delete("/v1/session", headers=ORIGIN)
    assert (answer.status_code, answer.headers["clear-site-data"]) == (204, '"cache"')


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:8000"}, 204),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}, 204),
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9000"}, 403),
        ({"Origin": "https://127.0.0.1:8000"}, 403),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-site"}, 403),
        ({}, 403),
    ],
)
def test_a_change_with_a_cookie_comes_from_our_own_pages(
    public: TestClient, desk: TestClient, headers: dict[str, str], status: int
) -> None:
    browser = TestClient(public.app, base_url="http://127.0.0.1:8000", cookies=dict(desk.cookies))
    answer = browser.delete("/v1/session", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "from-another-site"
        assert desk.get("/v1/incidents").status_code == 200


def test_a_program_with_a_token_needs_no_origin_and_a_foreign_page_may_not_even_report(
    public: TestClient, city: City, name: str
) -> None:
    program = asking(public, account(city.pool, name, Role.DISPATCHER, "T1"))
    assert program.post("/v1/incidents", json=REPORT).status_code == 201
    foreign = asking(public, None).post("/v1/incidents", json=REPORT, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer wg_12345678_x", "Bearer "])
def test_a_token_that_is_none_is_told_so(public: TestClient, city: City, header: str) -> None:
    answer = asking(public, None).get("/v1/teams", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_cookie_is_no_token_and_a_token_no_cookie(public: TestClient, desk: TestClient, city: City) -> None:
    assert asking(public, desk.cookies["wangge"]).get("/v1/incidents").status_code == 401
    program = account(city.pool, f"duty-{uuid4().hex[:8]}", Role.DISPATCHER, "T1")
    browser = TestClient(public.app, base_url="http://127.0.0.1:8000", cookies={"wangge": program})
    assert browser.get("/v1/incidents").status_code == 401


def test_a_token_may_be_cut_down(public: TestClient, city: City, name: str) -> None:
    account(city.pool, name, Role.DISPATCHER, "T1")
    with db.begin(city.pool, db.EVERYTHING) as conn:
        known = accounts.find(conn, name)
        grant = accounts.grants(conn, known.id)[0]
        secret = sessions.issue(conn, known, grant, timedelta(days=1), {"team.read"})
        for terms in ({"named": {"account.manage"}}, {"lasts": timedelta(days=400)}, {"lasts": timedelta(0)}):
            with pytest.raises(sessions.BadTokenTerms):
                sessions.issue(conn, known, grant, **{"lasts": timedelta(days=1), **terms})
    program = asking(public, secret)
    assert [program.get(f"/v1/{kind}").status_code for kind in ("teams", "incidents", "stations")] == [200, 403, 200]


def test_what_is_answered_to_a_session_is_kept_by_no_cache(desk: TestClient) -> None:
    for path in ("/v1/incidents", "/v1/teams", "/v1/session", "/v1/maps/heat"):
        headers = desk.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert {"cookie", "authorization"} <= {part.strip().lower() for part in headers["vary"].split(",")}


def test_reports_by_the_public_are_counted_by_where_they_come_from(city: City, database: str) -> None:
    with TestClient(create_app(Settings(dsn=database)), base_url="http://localhost") as anyone:
        statuses = [anyone.post("/v1/incidents", json=REPORT).status_code for _ in range(121)]
    assert statuses == [201] * 120 + [429]


def test_accounts_are_named_for_duties_and_no_grant_is_for_the_public(city: City, name: str) -> None:
    with db.begin(city.pool, db.EVERYTHING) as conn:
        for bad in ("", "ab", "Desk", "1desk", "public", "operator", "桌", "a" * 65):
            with pytest.raises(accounts.BadAccountName):
                accounts.add(conn, bad)
        made = accounts.add(conn, name)
        with pytest.raises(accounts.AccountExists):
            accounts.add(conn, name)
        with pytest.raises(accounts.NotAGrantedRole):
            accounts.grant(conn, made, Role.PUBLIC, "T1")
        first = accounts.grant(conn, made, Role.PATROL, "T1")
        assert accounts.grant(conn, made, Role.PATROL, "T1") == first
        with pytest.raises(Conflict):
            accounts.grant(conn, made, Role.PATROL, "T1", organisation="TEAM-T1")
        with pytest.raises(accounts.UnknownOrganisation):
            accounts.grant(conn, made, Role.PATROL, "T2", organisation="nothing")
        for weak in ("short", name, "a" * 12, "ab" * 20):
            with pytest.raises(passwords.WeakPassword):
                accounts.set_password(conn, made, weak)
