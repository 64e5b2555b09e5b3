from collections.abc import Generator

import pytest
from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool

from api.app import create_app
from geo import db
from geo.settings import Settings
from tests.city import furnish


@pytest.fixture(scope="module")
def city(pool: ConnectionPool[db.Connection]) -> ConnectionPool[db.Connection]:
    with db.begin(pool, db.EVERYTHING) as conn:
        furnish(conn)
    return pool


@pytest.fixture(scope="module")
def client(city: ConnectionPool[db.Connection], database: str) -> Generator[TestClient]:
    settings = Settings(dsn=database, pool_size=8, log_level="error", max_body_bytes=200_000)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client
