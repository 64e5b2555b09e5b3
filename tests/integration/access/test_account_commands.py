"""Accounts by the command line and by the demo, and when the service may be reached by others."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli.program import app
from api.cli.serve import NobodyCanSignIn, NoTls, require_safe
from demo.accounts import demo_accounts
from geo import accounts, db
from geo.roles import Role
from geo.settings import Settings, settings

from .conftest import LONG_AGO, City, asking

ORIGIN = {"Origin": "http://127.0.0.1:8000"}


@pytest.fixture
def run(city: City, database: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WANGGE_DSN", database)
    settings.cache_clear()

    def wangge(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["account", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    yield wangge
    settings.cache_clear()


def test_the_service_is_reached_by_others_only_with_tls_and_somebody_to_sign_in(city: City, database: str) -> None:
    with pytest.raises(NoTls):
        require_safe(Settings(host="0.0.0.0", dsn=database))
    for safe in ({"behind_proxy": True}, {"tls_certificate": Path("x"), "tls_key": Path("x")}):
        with pytest.raises(NobodyCanSignIn):
            require_safe(Settings(host="0.0.0.0", dsn=database, **safe))
    with db.begin(city.pool, db.EVERYTHING) as conn:
        made = accounts.add(conn, "first.desk")
        accounts.set_password(conn, made, "correct horse battery")
    with pytest.raises(NobodyCanSignIn):
        require_safe(Settings(host="0.0.0.0", dsn=database, behind_proxy=True))
    with db.begin(city.pool, db.EVERYTHING) as conn:
        accounts.grant(conn, made, Role.DISPATCHER, "B1")
    require_safe(Settings(host="0.0.0.0", dsn=database, behind_proxy=True))
    require_safe(Settings(host="127.0.0.1", dsn="host=/nowhere"))


def test_an_account_is_made_granted_given_a_token_and_revoked_by_commands(public: TestClient, run) -> None:
    password = run("add", "desk.t1").splitlines()[1]
    run("grant", "desk.t1", "dispatcher", "--unit", "T1", "--days", "30")
    browser = TestClient(public.app, base_url="http://127.0.0.1:8000", headers=ORIGIN)
    signed_in = browser.post("/v1/session", json={"account": "desk.t1", "password": password})
    assert signed_in.json()["grants"][0]["until"] is not None
    secret = run("token", "desk.t1", "--days", "1", "--permission", "team.read").strip()
    assert re.fullmatch(r"wg_[0-9a-f]{8}_[\w-]{43}", secret)
    program = asking(public, secret)
    assert [program.get(f"/v1/{kind}").status_code for kind in ("teams", "incidents")] == [200, 403]
    listed = run("list")
    assert "dispatcher T1" in listed
    assert secret.split("_")[1] in listed
    assert secret not in listed
    renewed = run("password", "desk.t1").splitlines()[0]
    assert renewed != password
    run("revoke", "desk.t1", "--token", secret.split("_")[1])
    run("revoke", "desk.t1")
    again = browser.post("/v1/session", json={"account": "desk.t1", "password": renewed})
    assert (again.status_code, again.json()["code"]) == (404, "grant-not-found")


def test_a_grant_names_a_unit_or_everything(run) -> None:
    run("add", "desk.all", "--without-password")
    for arguments in ([], ["--unit", "T1", "--everything"]):
        assert CliRunner().invoke(app, ["account", "grant", "desk.all", "patrol", *arguments]).exit_code == 2
    run("grant", "desk.all", "patrol", "--everything")
    assert "patrol *" in run("list")


def test_the_demo_makes_an_account_a_desk_and_level_that_can_sign_in(city: City, public: TestClient) -> None:
    with db.begin(city.pool, db.EVERYTHING) as conn:
        made = demo_accounts(conn)
    assert {one.role for one in made} == set(Role) - {Role.PUBLIC}
    desks = [one for one in made if one.role is Role.DISPATCHER]
    assert [one.unit_code[0] for one in desks if one.unit_code] == ["L", "B", "T", "C"]
    assert len({one.password for one in made}) == len(made)
    for one in made:
        browser = TestClient(public.app, base_url="http://127.0.0.1:8000", headers=ORIGIN)
        answer = browser.post("/v1/session", json={"account": one.name, "password": one.password})
        assert answer.status_code == 200
        assert (answer.json()["role"], answer.json()["grants"][0]["unit_code"]) == (one.role, one.unit_code)


def test_the_demo_of_a_city_without_units_makes_nobody(city: City) -> None:
    with db.begin(city.pool, db.EVERYTHING, LONG_AGO - timedelta(days=1)) as conn:
        assert demo_accounts(conn) == []
