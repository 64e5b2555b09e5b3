"""Signing in by an identity provider, against one that runs here; and against one that cheats, hangs, or is copied."""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api import oidc
from api.app import create_app
from geo import accounts, db, identities, keys
from geo.roles import Role
from geo.settings import Settings
from tests.oidc_provider import CLIENT, SECRET, Provider, made_key, provider

from .conftest import PASSWORD, City

ORIGIN = {"Origin": "http://127.0.0.1:8000"}


@pytest.fixture
def vouching(city: City) -> Generator[tuple[Provider, identities.Provider]]:
    """A provider, and what is known of it here."""
    name = f"p-{uuid4().hex[:8]}"
    with provider() as served:
        with db.begin(city.pool, db.EVERYTHING) as conn:
            known = identities.add(
                conn, name, served.issuer, CLIENT, claim="sub", names=("统一认证", "Single sign-on"), has_secret=True
            )
        keys.ring_of(Settings()).write_text(known.secret_file, SECRET)
        yield served, known
        with db.begin(city.pool, db.EVERYTHING) as conn:
            identities.remove(conn, known)


@pytest.fixture
def desk(city: City, vouching: tuple[Provider, identities.Provider]) -> str:
    """An account that `person-1` may act for."""
    name = f"duty-{uuid4().hex[:12]}"
    with db.begin(city.pool, db.EVERYTHING) as conn:
        made = accounts.add(conn, name)
        accounts.grant(conn, made, Role.DISPATCHER, "T1")
        identities.link(conn, made, vouching[1], "person-1")
    return name


@pytest.fixture
def browser(public: TestClient) -> TestClient:
    return fresh(public)


def fresh(public: TestClient) -> TestClient:
    return TestClient(public.app, base_url="http://127.0.0.1:8000", headers=ORIGIN, follow_redirects=False)


def begun(browser: TestClient, known: identities.Provider, leads_to: str = "/") -> str:
    answer = browser.post(f"/v1/session/providers/{known.name}", json={"next": leads_to})
    assert answer.status_code == 200, answer.text
    return answer.json()["address"]


def vouched(address: str) -> str:
    """What the provider sends the browser back with."""
    return httpx.get(address).headers["location"]


def signed_in(browser: TestClient, known: identities.Provider, leads_to: str = "/") -> Response:
    return browser.get(vouched(begun(browser, known, leads_to)))


def who(browser: TestClient) -> str | None:
    return browser.get("/v1/session").json()["account"]


def test_whom_the_provider_vouches_for_acts_for_the_account_that_is_linked(
    browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    served, known = vouching
    assert {"name": known.name, "name_zh": "统一认证", "name_en": "Single sign-on"} in browser.get(
        "/v1/session/providers"
    ).json()
    back = signed_in(browser, known, "/v1/maps/heat?lang=zh")
    assert (back.status_code, back.headers["location"]) == (303, "/v1/maps/heat?lang=zh")
    assert back.headers["cache-control"] == "no-store"
    assert SECRET not in back.text + str(back.headers)
    found = browser.get("/v1/session").json()
    assert (found["account"], found["role"], found["provider"]) == (desk, "dispatcher", known.name)
    assert browser.get("/v1/incidents").status_code == 200
    assert [name for name in browser.cookies if "journey" in name] == []
    assert served.asked.count("/token") == 1


def test_signing_out_leads_to_the_provider_s_own_sign_out(
    browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    served, known = vouching
    signed_in(browser, known)
    assert browser.delete("/v1/session").status_code == 204
    assert who(browser) is None
    away = browser.get(f"/sign-in/{known.name}/sign-out").headers["location"]
    assert away.startswith(f"{served.issuer}/leave?")
    asked = parse_qs(urlsplit(away).query)
    assert asked == {"client_id": [CLIENT], "post_logout_redirect_uri": ["http://127.0.0.1:8000/"]}
    assert browser.get("/sign-in/nobody/sign-out").headers["location"] == "/"


def test_who_is_linked_to_no_account_is_told_by_which_number_to_be_linked(
    browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    served, known = vouching
    served.subject = "<b>stranger</b>"
    back = signed_in(browser, known)
    assert back.status_code == 403
    assert "&lt;b&gt;stranger&lt;/b&gt;" in back.text
    assert "<b>stranger" not in back.text
    assert who(browser) is None


@pytest.mark.parametrize(
    "mischief",
    [
        "another nonce", "no nonce", "another issuer", "no issuer", "another audience", "no audience",
        "another party", "expired", "no expiry", "not yet", "no subject", "another's access token", "no signature",
        "signed with the public key", "another's key", "a key of its own in the token", "a broken signature",
    ],
)  # fmt: skip
def test_an_id_token_that_is_not_for_us_now_and_signed_lets_nobody_in(
    browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str, mischief: str
) -> None:
    vouching[0].mischief = mischief
    back = signed_in(browser, vouching[1])
    assert back.status_code == 401
    assert "set-cookie" not in back.headers or "wangge=" not in back.headers["set-cookie"]
    assert who(browser) is None
    vouching[0].mischief = ""
    assert signed_in(browser, vouching[1]).status_code == 303  # and the honest one still does


@pytest.mark.parametrize("mischief", ["another's discovery", "addresses in the clear", "redirects", "never stops"])
def test_a_provider_that_is_not_the_one_that_was_named_is_not_used(
    browser: TestClient, vouching: tuple[Provider, identities.Provider], mischief: str
) -> None:
    vouching[0].mischief = mischief
    answer = browser.post(f"/v1/session/providers/{vouching[1].name}", json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "provider-silent")
    assert "/elsewhere" not in vouching[0].asked


def test_a_new_key_of_the_provider_is_fetched_and_a_forger_cannot_make_us_ask_again_and_again(
    browser: TestClient,
    vouching: tuple[Provider, identities.Provider],
    desk: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served, known = vouching
    assert signed_in(browser, known).status_code == 303
    served.mischief = "another's key"
    for _ in range(3):
        assert signed_in(browser, known).status_code == 401
    assert served.asked.count("/keys") == 1
    served.mischief, served.key = "", made_key("two")
    monkeypatch.setattr(oidc, "FAILURE_KEPT_S", 0.0)
    assert signed_in(browser, known).status_code == 303
    assert served.asked.count("/keys") == 2


def test_what_comes_back_is_taken_once_and_from_the_browser_that_went_out(
    public: TestClient, browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    _, known = vouching
    back = vouched(begun(browser, known))
    other = fresh(public)
    assert other.get(back).status_code == 401  # sent to somebody else, who would act for the sender's account
    begun(other, known)
    assert other.get(back).status_code == 401  # also if that one is on a journey of its own
    kept = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    browser.cookies.update(kept)
    assert browser.get(back).status_code == 401
    assert who(other) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said | {"state": "x" * 43},
        lambda said: {name: value for name, value in said.items() if name != "state"},
        lambda said: {name: value for name, value in said.items() if name != "code"},
        lambda said: said | {"code": "made-up"},
        lambda said: said | {"iss": "https://another.example"},
        lambda said: {"state": said["state"], "error": "access_denied", "error_description": "<script>"},
    ],
)
def test_an_answer_that_was_changed_on_its_way_lets_nobody_in(
    browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str, change
) -> None:
    parts = urlsplit(vouched(begun(browser, vouching[1])))
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    back = browser.get(parts.path, params=change(said))
    assert back.status_code == 401
    assert "<script>" not in back.text
    assert who(browser) is None


def test_one_provider_does_not_answer_for_another(
    city: City, browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    with provider() as second:
        with db.begin(city.pool, db.EVERYTHING) as conn:
            other = identities.add(
                conn, "second", second.issuer, CLIENT, claim="sub", names=("二", "2"), has_secret=False
            )
        back = vouched(begun(browser, vouching[1])).replace(vouching[1].name, "second")
        assert browser.get(back).status_code == 401
        assert second.asked == []
        with db.begin(city.pool, db.EVERYTHING) as conn:
            identities.remove(conn, other)


@pytest.mark.parametrize(
    "leads_to",
    ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/\t/evil.example", "/a\nb", "\\/evil", ""],
)
def test_nobody_is_led_to_another_site_afterwards(
    browser: TestClient, vouching: tuple[Provider, identities.Provider], leads_to: str
) -> None:
    answer = browser.post(f"/v1/session/providers/{vouching[1].name}", json={"next": leads_to})
    assert answer.status_code == 422


def test_another_site_can_begin_no_sign_in_and_plain_http_from_elsewhere_neither(
    browser: TestClient, vouching: tuple[Provider, identities.Provider]
) -> None:
    path = f"/v1/session/providers/{vouching[1].name}"
    assert browser.post(path, json={}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.get(path).status_code == 405


def test_the_session_before_the_sign_in_ends_with_it(
    public: TestClient, browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    _, known = vouching
    signed_in(browser, known)
    fixed = fresh(public)
    fixed.cookies.update(dict(browser.cookies))
    assert who(fixed) == desk
    before = browser.cookies["wangge"]
    signed_in(browser, known)
    assert browser.cookies["wangge"] != before
    assert who(fixed) is None


def test_the_end_of_a_link_or_of_a_provider_ends_its_sessions_and_no_other(
    city: City, public: TestClient, browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    _, known = vouching
    with db.begin(city.pool, db.EVERYTHING) as conn:
        accounts.set_password(conn, accounts.find(conn, desk), PASSWORD)
    by_password = fresh(public)
    by_password.post("/v1/session", json={"account": desk, "password": PASSWORD})
    signed_in(browser, known)
    assert (who(browser), who(by_password)) == (desk, desk)
    with db.begin(city.pool, db.EVERYTHING) as conn:
        identities.unlink(conn, known, "person-1")
    time.sleep(1.0)
    assert (who(browser), who(by_password)) == (None, desk)
    assert signed_in(browser, known).status_code == 403


def test_an_account_out_of_use_or_without_a_grant_is_not_acted_for(
    city: City, browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    with db.begin(city.pool, db.EVERYTHING) as conn:
        accounts.revoke(conn, accounts.find(conn, desk))
    assert signed_in(browser, vouching[1]).status_code == 404
    with db.begin(city.pool, db.EVERYTHING) as conn:
        conn.execute("UPDATE account SET active = false WHERE name = %s", [desk])
    assert signed_in(browser, vouching[1]).status_code == 403
    assert who(browser) is None


def test_another_claim_may_name_the_person(
    city: City, browser: TestClient, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    served, known = vouching
    with db.begin(city.pool, db.EVERYTHING) as conn:
        conn.execute("UPDATE identity_provider SET claim = 'employee_number' WHERE id = %s", [known.id])
        identities.link(conn, accounts.find(conn, desk), known, "0042")
    assert signed_in(browser, known).status_code == 401  # the claim is missing
    for odd in (42, ["0042"], None, "x" * 256):
        served.extra = {"employee_number": odd}
        assert signed_in(browser, known).status_code == 401
    served.extra = {"employee_number": "0042"}
    assert signed_in(browser, known).status_code == 303


def test_a_provider_that_hangs_delays_nobody_else(
    city: City, database: str, vouching: tuple[Provider, identities.Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "WHOLE_WAIT_S", 1.5)
    vouching[0].mischief = "hangs"
    with (
        TestClient(create_app(Settings(dsn=database, pool_size=2)), base_url="http://127.0.0.1:8000") as anyone,
        ThreadPoolExecutor(6) as at_once,
    ):
        path = f"/v1/session/providers/{vouching[1].name}"
        waiting = [at_once.submit(anyone.post, path, json={}, headers=ORIGIN) for _ in range(5)]
        time.sleep(0.3)
        assert anyone.get("/v1/categories").status_code == 200
        assert not all(one.done() for one in waiting)  # the others were answered meanwhile
        assert {one.result().status_code for one in waiting} == {503}
    assert len(vouching[0].asked) == 1  # it is not asked by each of them


def test_a_provider_is_an_https_issuer_or_one_on_this_machine(city: City) -> None:
    with db.begin(city.pool, db.EVERYTHING) as conn:
        for issuer in (
            "http://sso.example", "https://", "ftp://sso.example", "https://sso.example?x=1", "https://sso.example#x",
            "https://user@sso.example", "sso.example", "http://[",
        ):  # fmt: skip
            with pytest.raises(identities.BadProvider):
                identities.add(conn, "bad", issuer, CLIENT, claim="sub", names=("x", "x"), has_secret=False)


def test_what_lets_people_in_is_read_by_the_sign_in_and_the_keepers_alone(
    city: City, vouching: tuple[Provider, identities.Provider], desk: str
) -> None:
    for scope in (db.PUBLIC, db.INTAKE, db.Scope(city.paths["L"], desk, role="dispatcher")):
        with db.begin(city.pool, scope) as conn:
            for table in ("identity_provider", "identity_link", "sign_in_flow"):
                assert conn.execute(f"SELECT count(*) AS n FROM {table}").fetchone() == {"n": 0}
