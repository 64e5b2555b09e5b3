"""
Every route × every role × every place, made from the OpenAPI document: a new route joins by itself.

What is expected is written here apart from the program: which roles have a permission is read from docs/roles.md,
which a person reviews; where a thing stands is known from the city.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from geo import edition, photos, pictures, recut, seal
from geo.db import EVERYTHING, INTAKE, begin
from geo.keys import ring_of
from geo.settings import Settings

from .conftest import PLACES, City, account, asking

ROOT = Path(__file__).parents[3]
TABLE = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
ROLES = ["patrol", "grid_worker", "dispatcher", "department_handler", "planner", "approver", "auditor", "admin"]
SEEN = {"own", "child"}

# What a path's parameter is filled with at a place. `None` in the last column: what anybody may read wherever it lies.
FILLED = {
    ("/v1/incidents/{incident_id}/reported-photos", "incident_id"): "published",  # the ticket alone opens it
    ("/v1/incidents/{incident_id}", "incident_id"): "scoped",
    ("/v1/teams/{code}", "code"): "scoped",
    ("/v1/routes/{code}", "code"): "scoped",
    ("/v1/stations/{code}", "code"): "published",
    ("/v1/units/{code}", "code"): "published",
    ("/v1/tracking/{report_number}", "report_number"): "published",
}
# Of a path's parameters these name no thing that stands somewhere; the tile holds the whole city.
NAMELESS = {
    "kind": "incidents", "number": "1", "recut_id": "1", "slot": "1", "session_id": "1", "name": "nobody", "z": "14",
    "x": "13744", "y": "5828", "theme": "light",
}  # fmt: skip
HEADERS = {"Photo-Ticket": "x" * 56}
BODIES: dict[str, Any] = {
    "POST /v1/session": {"account": "nobody", "password": "wrong"},
    "POST /v1/session/password": {"present": "wrong", "next": "wrong"},
    "POST /v1/session/grant": {"grant": 1},
    "POST /v1/incidents/{incident_id}/reporter/reveal": {"reason": "回访核实情况"},
    "POST /v1/session/providers/{name}": {"next": "/"},
    "POST /v1/locate": {"points": [[122.005, 46.005]], "crs": "EPSG:4326"},
    "POST /v1/incidents/{incident_id}/photos/{number}/blur": {
        "version": 1,
        "rectangles": [{"left": 0, "top": 0, "right": 9, "bottom": 9}],
    },
}
# Routes whose work depends on more than the permission: what else they may answer to who has it.
OTHERWISE = {
    "POST /v1/session": {401, 429},  # the account is made up, and tried too often
    "POST /v1/session/password": {403},  # a token has no password
    "POST /v1/session/grant": {403},
    "GET /v1/session/all": {403},  # nor other sessions
    "DELETE /v1/session/all": {403},
    "DELETE /v1/session/all/{session_id}": {403},
    "POST /v1/session/providers/{name}": {404},  # there is none
    "PUT /v1/incidents/{incident_id}/reported-photos/{slot}": {403},  # without the ticket of the report
    "GET /health/ready": {200},
    "POST /v1/incidents/{incident_id}/photos": {422},  # what is sent is no picture
    "POST /v1/incidents/{incident_id}/photos/{number}/blur": {200, 412},  # the first one changes its version
}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    permission: str
    parameters: tuple[str, ...]
    query: tuple[tuple[str, Any], ...]
    headers: tuple[tuple[str, str], ...]
    body: Any
    streams: bool
    versioned: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def operations() -> Iterator[Operation]:
    document = create_app(Settings(dsn="host=/nowhere")).openapi()
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            named = described.get("parameters", [])
            query = [(one["name"], example(one)) for one in named if one["in"] == "query" and one.get("required")]
            headers = [
                (one["name"], HEADERS[one["name"]]) for one in named if one["in"] == "header" and one["required"]
            ]
            body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [one["value"] for one in body.get("examples", {}).values()]
            name = f"{method.upper()} {path}"
            yield Operation(
                method.upper(),
                path,
                described.get("x-permission", ""),
                tuple(one["name"] for one in named if one["in"] == "path"),
                tuple(query),
                tuple(headers),
                examples[-1] if examples else BODIES.get(name, {} if body else None),
                "text/event-stream" in described["responses"].get("200", {}).get("content", {}),
                any(one["name"] == "If-Match" for one in named),
            )


def required_headers(named: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in named if one["in"] == "header" and one["required"]]


def example(parameter: dict[str, Any]) -> Any:
    schema = parameter["schema"]
    return (parameter.get("examples") or schema.get("examples") or schema.get("enum") or [1])[0]


OPERATIONS = list(operations())


def allowed() -> dict[str, set[str]]:
    """Which roles have a permission, as the reviewed table says."""
    header, *lines = [line for line in TABLE.splitlines() if line.startswith("| ")]
    roles = re.findall(r"`(\w+)`", header)
    found = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"`[a-z]+(\.[a-z]+)?`", cells[0]) and len(cells) == len(roles) + 2:
            found[cells[0].strip("`")] = {role for role, cell in zip(roles, cells[2:], strict=True) if cell == "●"}
    return found


ALLOWED = allowed()


@pytest.fixture(scope="module")
def sealed(city: City) -> None:
    """Everywhere a contact, a text with a number that was masked, a photograph; and history re-cut."""
    ring = ring_of(Settings())
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    with begin(city.pool, INTAKE) as conn:
        for incident_id in city.placed.values():
            seal.put_contact(conn, ring, incident_id, seal.Contact(phone="13800138000"))
            seal.put_original(conn, ring, incident_id, {"title": "13800138000"})
            photos.put(conn, incident_id, 1, pictures.clean(out.getvalue()))
    with begin(city.pool, EVERYTHING) as conn:
        key = edition.key_of(conn)
        assert key is not None
        recut.recut(conn, recut.Boundaries.of_edition(edition.read(conn, key, edition.digest_of(conn, key))))


@pytest.fixture(scope="module")
def clients(city: City, public: TestClient, sealed: None) -> dict[str, TestClient]:
    """Nobody, and each role at the unit that is called own."""
    from geo.roles import Role  # noqa: PLC0415

    made = {
        role: asking(public, account(city.pool, f"matrix.{role}".replace("_", "-"), Role(role), PLACES["own"]))
        for role in ROLES
    }
    return {"public": asking(public, None), **made}


def kind_of(operation: Operation, parameter: str) -> str:
    for (prefix, name), kind in FILLED.items():
        if operation.path.startswith(prefix) and name == parameter:
            return kind
    raise AssertionError(f"say in FILLED whether {{{parameter}}} of {operation.path} is scoped or published")


def address(operation: Operation, place: str, city: City) -> tuple[str, bool]:
    """The address of the thing at a place, and whether that place is looked at."""
    path, scoped = operation.path, False
    for parameter in operation.parameters:
        if parameter in NAMELESS:
            path = path.replace(f"{{{parameter}}}", NAMELESS[parameter])
            continue
        scoped = scoped or kind_of(operation, parameter) == "scoped"
        code = PLACES[place]
        prefix = {"teams": "TEAM-", "routes": "ROUTE-", "stations": "STATION-"}.get(path.split("/")[2], "")
        value = str(city.placed[place]) if parameter in {"incident_id", "report_number"} else prefix + code
        path = path.replace(f"{{{parameter}}}", value)
    return path, scoped


def test_every_operation_declares_a_permission_that_the_table_has() -> None:
    assert [one.name for one in OPERATIONS if one.permission not in ALLOWED] == []
    assert len(OPERATIONS) > 20
    assert {role for roles in ALLOWED.values() for role in roles} == {"public", *ROLES}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_route_answers_who_may_and_nobody_else_wherever_the_thing_stands(
    operation: Operation, clients: dict[str, TestClient], city: City, wire: str
) -> None:
    wrong = []
    for role, client in clients.items():
        done: set[str] = set()
        for place in PLACES:
            path, scoped = address(operation, place, city)
            if path in done:  # the address names no place: once is enough
                continue
            done.add(path)
            # A change made against no version that ever was: whoever may change is told so, and nothing changes.
            headers = dict(operation.headers) | ({"If-Match": '"999"'} if operation.versioned else {})
            asked = {"params": dict(operation.query), "json": operation.body, "headers": headers}
            status = (
                streamed(client, wire + path)
                if operation.streams
                else client.request(operation.method, path, **asked).status_code
            )
            expected = expectation(operation, role, place, scoped=scoped)
            if status not in expected:
                wrong.append((role, place, status, sorted(expected)))
    assert wrong == []


def streamed(client: TestClient, address: str) -> int:
    """The status of an answer that does not end."""
    shown = {name: value for name, value in client.headers.items() if name == "authorization"}
    with httpx.stream("GET", address, headers=shown) as answer:
        return answer.status_code


def expectation(operation: Operation, role: str, place: str, *, scoped: bool) -> set[int]:
    if role not in ALLOWED[operation.permission]:
        return {401} if role == "public" else {403}
    if scoped and place not in SEEN:
        return {404}
    if operation.name in OTHERWISE:
        return OTHERWISE[operation.name]
    return {412} if operation.versioned else {200, 201, 204}


@pytest.mark.parametrize("kind", ["incidents", "teams", "routes"])
def test_what_is_foreign_is_answered_as_what_is_not_there(
    kind: str, clients: dict[str, TestClient], city: City
) -> None:
    client = clients["dispatcher"]
    foreign, absent = {
        "incidents": (city.placed["foreign"], "01900000-0000-7000-8000-000000000000"),
        "teams": ("TEAM-T3", "TEAM-X3"),
        "routes": ("ROUTE-T3", "ROUTE-X3"),
    }[kind]
    answers = [client.get(f"/v1/{kind}/{one}", headers={"X-Request-Id": "abcdefgh"}) for one in (foreign, absent)]
    assert answers[0].status_code == 404
    assert answers[0].content == answers[1].content
    kept = [{name: value for name, value in one.headers.items() if name != "date"} for one in answers]
    assert kept[0] == kept[1]


def test_a_tag_does_not_tell_that_a_foreign_incident_is_there(clients: dict[str, TestClient], city: City) -> None:
    path = f"/v1/incidents/{city.placed['foreign']}"
    for headers in ({"If-None-Match": '"1"'}, {"If-None-Match": "*"}):
        assert clients["dispatcher"].get(path, headers=headers).status_code == 404
    for tag in ('"1"', '"2"'):
        change = clients["dispatcher"].patch(path, json={"state": "accepted"}, headers={"If-Match": tag})
        assert change.status_code == 404
