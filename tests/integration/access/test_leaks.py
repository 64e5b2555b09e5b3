"""
What a hostile account learns on the way round: through tags, caches, cursors, refusals and other sites' pages.

The matrix asks whether a thing is answered, the differential what an answer shows; here an answer to one is held
against what somebody else was given.
"""

from itertools import product
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from geo import db
from geo.roles import Role

from .conftest import LONG_AGO, PARENTS, PASSWORD, City, account, asking
from .test_matrix import ALLOWED, OPERATIONS, Operation, address, sealed

__all__ = ["sealed"]  # a fixture of the matrix

ABSENT = UUID("01900000-0000-7000-8000-000000000000")
OF_A_MATTER = [one for one in OPERATIONS if "{incident_id}" in one.path and one.permission != "incident.report"]
READ = [one for one in OPERATIONS if one.method == "GET" and not one.streams]
LAYERS = ("incidents", "routes", "heat")


@pytest.fixture(scope="module")
def clients(city: City, public: TestClient, sealed: None) -> dict[str, TestClient]:
    made = {
        "league": account(city.pool, "leaks.league", Role.DISPATCHER, None),
        "township": account(city.pool, "leaks.township", Role.DISPATCHER, "T1"),
        "auditor": account(city.pool, "leaks.auditor", Role.AUDITOR, "T1"),
    }
    return {"public": asking(public, None)} | {name: asking(public, secret) for name, secret in made.items()}


@pytest.mark.parametrize("operation", OF_A_MATTER, ids=lambda one: one.name)
def test_no_address_below_an_incident_tells_that_a_foreign_one_is_there(
    operation: Operation, clients: dict[str, TestClient], city: City
) -> None:
    answers = []
    for one in (city.placed["foreign"], ABSENT):
        path = operation.path.replace("{incident_id}", str(one)).replace("{number}", "1")
        headers = dict(operation.headers) | {"X-Request-Id": "abcdefgh", "If-Match": '"1"'}
        answers.append(clients["township"].request(operation.method, path, json=operation.body, headers=headers))
    foreign, absent = answers
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    assert headers_of(foreign) == headers_of(absent)


def test_a_foreign_team_is_refused_as_one_that_is_not_there(clients: dict[str, TestClient], city: City) -> None:
    with db.begin(city.pool, db.EVERYTHING) as conn:
        foreign = db.one(conn, "SELECT id FROM team WHERE code = 'TEAM-T3'")["id"]
    path, answers = f"/v1/incidents/{city.placed['own']}", []
    tag = clients["township"].get(path).headers["etag"]
    for team in (foreign, uuid4()):
        body = {"state": "dispatched", "team_id": str(team)}
        headers = {"If-Match": tag, "X-Request-Id": "abcdefgh"}
        answers.append(clients["township"].patch(path, json=body, headers=headers))
    assert answers[0].status_code == answers[1].status_code != 200
    assert answers[0].content == answers[1].content


def test_the_tag_of_somebody_else_s_tile_opens_nothing(clients: dict[str, TestClient]) -> None:
    """A tag is compared with the tile of who asks, and only of who may ask at all."""
    told_apart = set()
    for layer, column in product(LAYERS, (13744, 13747)):
        path = f"/tiles/{layer}/14/{column}/5828"
        wide, narrow = clients["league"].get(path), clients["township"].get(path)
        with_it = clients["township"].get(path, headers={"If-None-Match": wide.headers.get("etag", "none")})
        if wide.content == narrow.content:
            assert with_it.status_code == (304 if wide.content else 204)
        else:
            assert (with_it.status_code, with_it.content) == (narrow.status_code, narrow.content)
            told_apart.add(layer)
        assert clients["public"].get(path, headers={"If-None-Match": "*"}).status_code == 401
    assert told_apart == set(LAYERS)


def test_a_cursor_of_somebody_else_leads_to_nothing_of_his(clients: dict[str, TestClient]) -> None:
    mine = {row["id"] for row in clients["township"].get("/v1/incidents", params={"limit": 500}).json()["items"]}
    first = clients["league"].get("/v1/incidents", params={"limit": 20}).json()
    behind = clients["township"].get("/v1/incidents", params={"cursor": first["next"], "limit": 500}).json()
    assert {row["id"] for row in behind["items"]} <= mine


def test_no_instant_shows_the_telephone_of_a_foreign_team(clients: dict[str, TestClient]) -> None:
    told = {}
    for code in (code for code in PARENTS if code[0] in "TB"):
        for query in ({}, {"at": LONG_AGO.isoformat()}, {"at": "2031-01-01T00:00:00Z"}):
            answer = clients["township"].get(f"/v1/units/{code}", params=query).json()
            told[code, tuple(query)] = answer["team"] and answer["team"]["phone"]
    assert {code for (code, _), phone in told.items() if phone} == {"T1"}


@pytest.mark.parametrize("operation", READ, ids=lambda one: one.name)
def test_no_shared_cache_keeps_what_depends_on_who_asks(
    operation: Operation, clients: dict[str, TestClient], city: City
) -> None:
    """An answer that another may have is the same for all, or says that it may not be given to another."""
    for name, client in clients.items():
        path, _ = address(operation, "own", city)
        answer = client.get(path, params=dict(operation.query))
        control = answer.headers.get("cache-control", "")
        if "public" in control:
            assert name != "public" or answer.status_code < 400
            assert "public" in ALLOWED[operation.permission]
            continue
        assert "no-store" in control or "private" in control, (name, answer.status_code, control)
        if "no-store" not in control:
            assert {"cookie", "authorization"} <= set(answer.headers["vary"].lower().replace(" ", "").split(","))


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/summary", "/v1/session", "/v1/incidents/{id}/original"])
def test_a_page_of_another_site_fetches_nothing(clients: dict[str, TestClient], city: City, path: str) -> None:
    """Nor does a link there have a handler open a text, which would stand in the audit log under that account."""
    session = TestClient(clients["public"].app, base_url="http://127.0.0.1:8000")
    entered = {"account": "leaks.township", "password": PASSWORD}
    assert session.post("/v1/session", json=entered).status_code == 200
    path = path.replace("{id}", str(city.placed["own"]))
    assert session.get(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert session.get(path, headers={"Sec-Fetch-Site": "none"}).status_code == 200
    for site, mode in product(("cross-site", "same-site"), ("no-cors", "navigate")):
        answer = session.get(path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})
        assert (answer.status_code, answer.json()["code"]) == (403, "from-another-site")


def test_a_map_may_be_opened_by_a_link_from_elsewhere(clients: dict[str, TestClient]) -> None:
    answer = clients["township"].get("/v1/maps/heat", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


def headers_of(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}
