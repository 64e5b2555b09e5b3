from collections.abc import Generator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool

from api.app import create_app
from geo import accounts, db, sessions
from geo.roles import Role
from geo.settings import Settings
from tests.city import furnish


@pytest.fixture(scope="module")
def city(pool: ConnectionPool[db.Connection]) -> ConnectionPool[db.Connection]:
    with db.begin(pool, db.EVERYTHING) as conn:
        furnish(conn)
    return pool


def token(pool: ConnectionPool[db.Connection], name: str, role: Role, unit: str | None = None) -> dict[str, str]:
    """The header of a program that acts for an account of its own."""
    with db.begin(pool, db.EVERYTHING) as conn:
        account = accounts.add(conn, name)
        accounts.grant(conn, account, role, unit)
        secret = sessions.issue(conn, account, accounts.grants(conn, account.id)[0], timedelta(days=1))
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def public(city: ConnectionPool[db.Connection], database: str) -> Generator[TestClient]:
    """Nobody in particular."""
    settings = Settings(dsn=database, pool_size=8, log_level="error", max_body_bytes=200_000)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        client.app.state.service.hearth.heat.catch_up()  # pyright: ignore[reportAttributeAccessIssue]
        yield client


@pytest.fixture(scope="module")
def client(city: ConnectionPool[db.Connection], public: TestClient) -> TestClient:
    """The duty desk of everything."""
    return acting(public, token(city, "desk", Role.DISPATCHER))


@pytest.fixture(scope="module")
def auditor(city: ConnectionPool[db.Connection], public: TestClient) -> TestClient:
    """Who sees metrics."""
    return acting(public, token(city, "auditor", Role.AUDITOR))


def acting(public: TestClient, headers: dict[str, str]) -> TestClient:
    """The same application, asked by somebody; its state is made by the first client."""
    client = TestClient(public.app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    client.headers.update(headers)
    return client
