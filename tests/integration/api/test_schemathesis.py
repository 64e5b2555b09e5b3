"""
The whole API by its own description: whatever is sent, no error of ours, and no answer that is not documented.

What is sent is made from the OpenAPI document by schemathesis, right and wrong; a new route joins by itself.
"""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from limits import RateLimitItemPerHour
from psycopg_pool import ConnectionPool
from schemathesis import BaseSchema, Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import CoveragePhaseConfig, GenerationConfig, PhasesConfig
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import live
from api.app import create_app
from geo import db, throttle
from geo.roles import Role
from geo.settings import Settings
from tests.served import listening

from .conftest import token

CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    allow_header_conformance,
]
ASKING = {"nobody": None, "dispatcher": Role.DISPATCHER, "admin": Role.ADMIN}
ENOUGH = 2**31


@dataclass(eq=False)
class BriefStream(live.Stream):
    """One that ends by itself: an answer is looked at when it is whole."""

    def __post_init__(self) -> None:
        asyncio.get_running_loop().call_later(0.1, self.end)


def described(*, thorough: bool) -> BaseSchema:
    config = schemathesis.Config()
    config.projects.default.generation = GenerationConfig(deterministic=True)
    # Every limit of every field, one after the other: a few hundred requests an operation.
    config.projects.default.phases = PhasesConfig(coverage=CoveragePhaseConfig(enabled=thorough))
    return schemathesis.openapi.from_dict(create_app(Settings(dsn="host=/nowhere")).openapi(), config=config)


@pytest.fixture(scope="module")
def sessions(city: ConnectionPool[db.Connection], database: str) -> Generator[dict[str, requests.Session]]:
    """A connection of each who asks; nobody is told to wait."""
    with pytest.MonkeyPatch.context() as patient:
        for name in ("PER_ACCOUNT", "PER_ADDRESS", "REPORTS", "PHOTOS"):
            patient.setattr(throttle, name, RateLimitItemPerHour(ENOUGH, namespace=name))
        patient.setattr(live, "Stream", BriefStream)
        app = create_app(Settings(dsn=database, pool_size=4, log_level="error", max_body_bytes=100_000))
        with listening(app) as (port, _):
            app.state.service.hearth.heat.catch_up()  # while it is loaded heat is 503, as it must be
            made = {name: requests.Session() for name in ASKING}
            for name, role in ASKING.items():
                made[name].base_url = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
                if role is not None:
                    made[name].headers.update(token(city, f"fuzz-{name}", role))
            yield made


def ask(case: Case, session: requests.Session) -> None:
    case.call_and_validate(session.base_url, session, checks=CHECKED, timeout=30)  # type: ignore[attr-defined]


@pytest.mark.parametrize("who", ASKING)
@described(thorough=False).parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_what_is_answered_is_documented(case: Case, who: str, sessions: dict[str, requests.Session]) -> None:
    ask(case, sessions[who])


@pytest.mark.full
@pytest.mark.parametrize("who", ASKING)
@described(thorough=True).parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_what_is_answered_is_documented_at_every_limit(
    case: Case, who: str, sessions: dict[str, requests.Session]
) -> None:
    ask(case, sessions[who])
