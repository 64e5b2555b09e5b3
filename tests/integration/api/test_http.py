"""The API over HTTP: what it answers, and how."""

import json
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from geo import db
from geo.settings import Settings
from tiles.cache import Packed

SNAPSHOT = Path(__file__).parents[2] / "snapshots" / "openapi.json"
REPORT: dict[str, Any] = {
    "category": "hazard.flue",
    "channel": "snap",
    "title": "私改烟道",
    "lon": 122.005,
    "lat": 46.005,
    "crs": "EPSG:4326",
}


def reported(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/incidents", json=REPORT | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_report_is_answered_with_its_place_its_team_and_its_tag(client: TestClient):
    answer = client.post("/v1/incidents", json=REPORT)
    incident = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert client.get(answer.headers["location"]).json() == incident
    assert (incident["unit_code"], incident["team_code"], incident["state"]) == ("M1", "T1", "reported")


def test_a_repeated_report_gets_the_same_answer(client: TestClient):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (client.post("/v1/incidents", json=REPORT, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    other = client.post("/v1/incidents", json=REPORT | {"title": "另一件"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")


def test_a_repeated_report_may_order_its_fields_otherwise(client: TestClient):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = client.post("/v1/incidents", json=REPORT, headers=headers)
    second = client.post("/v1/incidents", json=dict(reversed(REPORT.items())), headers=headers)
    assert first.json() == second.json()


def test_eight_repeats_at_once_are_one_report(client: TestClient):
    headers, title = {"Idempotency-Key": uuid.uuid4().hex}, f"同时{uuid.uuid4().hex}"  # an id is no telephone number
    with ThreadPoolExecutor(8) as threads:
        sent = [
            threads.submit(client.post, "/v1/incidents", json=REPORT | {"title": title}, headers=headers)
            for _ in range(8)
        ]
        answers = [one.result() for one in sent]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(client.get("/v1/incidents", params={"text": title}).json()["items"]) == 1


def test_a_change_needs_the_tag_that_was_read(client: TestClient):
    path = f"/v1/incidents/{reported(client)['id']}"
    outcomes = [
        client.patch(path, json={"state": "accepted"}, headers=headers)
        for headers in (
            {},
            {"If-Match": "*"},
            {"If-Match": '"2"'},
            {"If-Match": 'W/"1"'},
            {"If-Match": "1"},
            {"If-Match": '"1"'},
        )
    ]
    assert [answer.status_code for answer in outcomes] == [428, 428, 412, 412, 400, 200]
    assert outcomes[-1].headers["etag"] == '"2"' == client.get(path).headers["etag"]


def test_of_two_changes_with_one_tag_one_wins(client: TestClient):
    path = f"/v1/incidents/{reported(client)['id']}"

    def attempt(state: str) -> int:
        change = {"state": state, "reason": "说明"}
        return client.patch(path, json=change, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(attempt, ["accepted", "refused"])) == [200, 412]
    assert len(client.get(f"{path}/history").json()) == 2


def test_a_step_that_is_not_in_the_table_is_a_conflict(client: TestClient):
    path = f"/v1/incidents/{reported(client)['id']}"
    answer = client.patch(path, json={"state": "closed"}, headers={"If-Match": '"1"', "Accept-Language": "en"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["detail"]) == (409, "transition-refused", "reported → closed")
    assert answer.headers["content-language"] == "en"
    needed = client.patch(path, json={"state": "refused"}, headers={"If-Match": '"1"'})
    assert (needed.status_code, needed.json()["code"]) == (409, "reason-needed")


def test_the_lifecycle_is_served_as_the_program_has_it(client: TestClient):
    steps = {step["state"]: step for step in client.get("/v1/lifecycle").json()}
    assert steps["reported"]["next"] == ["accepted", "refused"]
    assert (steps["deferred"]["name_zh"], steps["deferred"]["needs_reason"]) == ("挂账", True)


def test_pages_of_incidents_follow_their_cursor_to_the_end(client: TestClient):
    made = {reported(client, category="help.lost")["id"] for _ in range(5)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/incidents", params={"category": "help.lost", "limit": 2, **cursor}).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(seen) == sorted(made)


def test_incidents_outside_every_grid_have_their_queue(client: TestClient):
    outside = reported(client, lon=121.0, lat=45.0)
    queue = client.get("/v1/incidents", params={"located": "outside"}).json()["items"]
    assert outside["id"] in {item["id"] for item in queue}
    assert all(item["located"] == "outside" for item in queue)


def test_units_come_as_geojson_and_their_pages_end(client: TestClient):
    first = client.get("/v1/units", params={"limit": 4}).json()
    second = client.get("/v1/units", params={"limit": 4, "cursor": first["next"]}).json()
    codes = [unit["properties"]["code"] for unit in first["features"] + second["features"]]
    assert codes == ["B1", "B2", "L", "M1", "M2", "M3", "M4"]
    assert second["next"] is None
    assert first["features"][3]["geometry"]["type"] == "MultiPolygon"


def test_units_are_found_by_level_parent_and_by_code_or_name(client: TestClient):
    def codes(**query: Any) -> list[str]:
        found = client.get("/v1/units", params=query | {"geometry": "false"}).json()["features"]
        assert all(unit["geometry"] is None for unit in found)
        return [unit["properties"]["code"] for unit in found]

    assert codes(level="banner") == ["B1", "B2"]
    assert codes(parent="B2") == ["M3", "M4"]
    assert codes(q="M3") == codes(code="M3") == ["M3"]
    assert codes(q="乙旗") == ["B2"]
    assert codes(q="example") == ["L"]
    assert codes(q="%") == []
    assert codes(at="2025-01-01T00:00:00Z") == []


def test_a_unit_has_all_above_it_and_its_team(client: TestClient):
    answer = client.get("/v1/units/M3").json()
    assert [unit["code"] for unit in answer["units"]] == ["L", "B2", "M3"]
    assert (answer["unit"]["parent_code"], answer["team"]["code"]) == ("B2", "T2")
    area = client.get("/v1/units/M3/geometry")
    assert area.headers["content-type"] == "application/geo+json"
    assert area.json()["bbox"] == [122.0, 46.01, 122.01, 46.02]
    assert client.get("/v1/units/M9").json()["code"] == "unit-not-found"


@pytest.mark.parametrize(
    ("query", "owner", "located", "team"),
    [
        ("lon=122.005&lat=46.005&crs=EPSG:4326", "M1", "inside", "T1"),
        ("lon=122.01&lat=46.01&crs=EPSG:4490", "M1", "inside", "T1"),
        ("lon=100&lat=30&crs=EPSG:4326", "L", "outside", "T0"),
    ],
)
def test_who_answers_for_a_point(client: TestClient, query: str, owner: str, located: str, team: str):
    answer = client.get(f"/v1/units/at?{query}").json()
    assert (answer["units"][-1]["code"], answer["located"], answer["team"]["code"]) == (owner, located, team)


@pytest.mark.parametrize("kind", ["teams", "stations", "routes"])
def test_lists_are_paged_and_their_items_read_by_code(client: TestClient, kind: str):
    items, cursor = [], None
    while True:
        page = client.get(f"/v1/{kind}", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [item["code"] for item in items] == sorted({item["code"] for item in items})
    one = client.get(f"/v1/{kind}/{items[0]['code']}").json()
    assert one["name"] == items[0]["name"]
    missing = client.get(f"/v1/{kind}/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, f"{kind[:-1]}-not-found")


def test_lists_are_narrowed_to_a_unit_a_kind_and_a_name(client: TestClient):
    def codes(list_of: str, **query: str) -> list[str]:
        return [item["code"] for item in client.get(f"/v1/{list_of}", params=query).json()["items"]]

    assert codes("teams", unit="B1") == ["T1"]
    assert codes("teams", kind="patrol") == ["T1"]
    assert codes("stations", unit="B2") == ["SM3", "SM4"]
    assert codes("stations", name="M2") == ["SM2"]
    assert codes("routes", kind="night") == []
    assert client.get("/v1/routes/R1").json()["geometry"]["type"] == "LineString"


def test_categories_and_channels_are_listed_in_both_languages(client: TestClient):
    categories = client.get("/v1/categories").json()["categories"]
    assert {"code": "hazard.flue", "parent": "hazard", "name_zh": "私改烟道"}.items() <= categories[
        [item["code"] for item in categories].index("hazard.flue")
    ].items()
    assert {"snap", "grid_worker"} <= {item["code"] for item in client.get("/v1/channels").json()["channels"]}


def test_the_figures_of_the_front_page_are_served(client: TestClient):
    figures = client.get("/v1/summary").json()
    assert {level["kind"]: level["total"] for level in figures["units"]} == {"league": 1, "banner": 2, "micro_grid": 4}


def test_the_process_lives_and_is_ready(client: TestClient):
    assert client.get("/health/live").json() == {"status": "live"}
    answer = client.get("/health/ready")
    health = answer.json()
    assert answer.status_code == 200
    assert health["ready"]
    assert health["default_team"]
    assert health["spatial_index"] in {"used", "fallback"}
    assert health["revision"] == health["newest"]


def test_a_service_without_its_database_is_alive_but_not_ready_and_ends_when_asked_to(monkeypatch: pytest.MonkeyPatch):
    # What waits for a connection would wait longer than a test may take.
    monkeypatch.setattr("api.app.open_pool", lambda dsn, size, wait_s=600.0: db.open_pool(dsn, size, wait_s))
    with TestClient(
        create_app(Settings(dsn="host=/nowhere dbname=x connect_timeout=1")), base_url="http://localhost"
    ) as lost:
        assert lost.get("/health/live").status_code == 200
        answer = lost.get("/health/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


def test_metrics_name_templates_and_never_a_code_or_a_strange_method(client: TestClient, auditor: TestClient):
    client.get("/v1/units/M1")
    client.get("/nowhere/at/all")
    client.request("BREW", "/v1/units/M1")
    text = auditor.get("/metrics").text
    assert 'wangge_requests_total{method="GET",route="/v1/units/{code}",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert "M1" not in text
    assert "BREW" not in text


def test_every_answer_has_an_id_and_its_protections(client: TestClient):
    for path in ("/", "/docs", "/v1/units", "/nowhere", "/health/live", "/tiles/units/0/0/0", "/v1/incidents/x"):
        headers = client.get(path, headers={"X-Request-Id": "abc-12345"}).headers
        assert headers["x-request-id"] == "abc-12345"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        policy = {part.strip() for part in headers["content-security-policy"].split(";")}
        assert {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'self'"} <= policy
        assert "unsafe" not in headers["content-security-policy"]
    assert client.get("/", headers={"X-Request-Id": "a b\n"}).headers["x-request-id"].isalnum()


@pytest.mark.parametrize("host", ["evil.example", "192.168.1.5:8000", "127.0.0.1.evil.example"])
def test_a_request_addressed_to_another_name_is_refused(client: TestClient, host: str):
    answer = client.get("/v1/units", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "not-addressed-here")


def test_the_pages_of_the_service_need_nothing_from_elsewhere(client: TestClient):
    docs = client.get("/docs", headers={"Accept-Language": "en"}).text
    assert 'id="unit-not-found"' in docs
    assert "/v1/incidents/{incident_id}" in docs
    for page in (docs, client.get("/").text):
        assert "http://" not in page.replace("http://www.w3.org", "")
        assert "https://" not in page
        assert "<script>" not in page
        assert "<style" not in page


@pytest.mark.parametrize("kind", ["coverage", "heat", "heat_time", "rates", "routes", "incidents"])
def test_each_kind_of_map_is_a_sandboxed_page(client: TestClient, kind: str):
    reported(client)
    answer = client.get(f"/v1/maps/{kind}", params={"lang": "en", "unit": "B1"})
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in answer.headers["content-security-policy"]
    assert 'lang="en"' in answer.text


def test_two_editions_are_compared_on_a_sandboxed_page(client: TestClient):
    answer = client.get("/v1/maps/compare", params={"lang": "en", "at": "2026-01-02T00:00:00+08:00"})
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "Two editions compared" in answer.text
    assert "In force at 2026-01-02 00:00" in answer.text
    assert '<a href="/">← Front page</a>' in answer.text


KEPT = [
    ("/v1/maps/coverage", {"lang": "en"}),
    ("/v1/maps/compare", {"lang": "en", "at": "2026-01-02T00:00:00Z", "with": "2026-01-03T00:00:00Z"}),
]


@pytest.mark.parametrize(("address", "params"), KEPT)
def test_a_map_of_published_things_is_not_sent_again_to_who_has_it(client: TestClient, address: str, params: Any):
    first = client.get(address, params=params)
    again = client.get(address, params=params, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["content-security-policy"] == again.headers["content-security-policy"]
    other = client.get(address, params=params | {"lang": "zh"}, headers={"If-None-Match": first.headers["etag"]})
    assert (other.status_code, 'lang="zh' in other.text) == (200, True)


@pytest.mark.parametrize(("address", "params"), KEPT)
def test_a_kept_map_is_given_to_nobody_of_another_scope(
    client: TestClient, public: TestClient, address: str, params: Any
):
    pages = client.app.state.service.pages  # type: ignore[attr-defined]
    asked, before = params | {"unit": "B2"}, set(pages._kept)
    assert client.get(address, params=asked).status_code == 200
    for key in set(pages._kept) - before:
        pages.put(key, Packed.of(b"kept for one scope"))
    assert client.get(address, params=asked).text == "kept for one scope"
    assert "kept for one scope" not in public.get(address, params=asked).text


def test_a_map_of_stations_is_drawn_anew_when_stations_change(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    marks = iter((7, 7, 8))
    monkeypatch.setattr("tiles.row_tiles.mark", lambda _conn: next(marks))
    drawn = count()
    monkeypatch.setattr("api.routes.maps._written", lambda _drawn: f"page {next(drawn)}")
    assert [client.get("/v1/maps/coverage").text for _ in range(3)] == ["page 0", "page 0", "page 1"]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"at": "yesterday"}, 400),
        ({"at": "2026-01-02T00:00:00"}, 400),
        ({"at": "2020-01-01T00:00:00Z"}, 404),
        ({"at": "2026-01-02T00:00:00Z", "unit": "M9"}, 404),
        ({"at": "2026-01-02T00:00:00Z", "days": 3}, 400),
    ],
)
def test_a_comparison_with_no_edition_is_a_small_refusal(client: TestClient, params: dict[str, str], status: int):
    answer = client.get("/v1/maps/compare", params=params)
    assert answer.status_code == status
    assert len(answer.content) < 1500


def test_a_map_of_nowhere_and_an_asset_off_the_list_are_not_found(client: TestClient):
    assert client.get("/v1/maps/heat", params={"unit": "M9"}).status_code == 404
    assert client.get("/v1/maps/treasure").status_code == 400
    for path in ("x.js", "..%2f..%2fpyproject.toml", "%2e%2e/x", "leaflet"):
        assert client.get(f"/assets/folium/{path}").status_code in {404, 503}


def test_the_openapi_document_is_the_reviewed_one(client: TestClient):
    document = json.dumps(client.get("/openapi.json").json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if os.environ.get("WANGGE_RENEW_SNAPSHOTS"):
        SNAPSHOT.write_text(document, encoding="utf-8")
    assert document == SNAPSHOT.read_text(encoding="utf-8"), "read the difference; renew with WANGGE_RENEW_SNAPSHOTS=1"


def test_the_examples_of_the_document_are_accepted(client: TestClient):
    document = client.get("/openapi.json").json()
    examples = document["paths"]["/v1/incidents"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == {"zh", "en"}
    for example in examples.values():
        assert client.post("/v1/incidents", json=example["value"]).status_code == 201


def test_every_operation_has_a_summary_in_both_languages(client: TestClient):
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            assert any("\u4e00" <= character <= "\u9fff" for character in operation["summary"]), (method, path)
            assert operation["description"], (method, path)


def test_a_database_that_goes_away_is_a_503_and_not_a_500(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    service = client.app.state.service  # type: ignore[attr-defined]
    lost = Settings(dsn="host=/nowhere connect_timeout=1")
    with TestClient(create_app(lost), base_url="http://localhost", raise_server_exceptions=False) as other:
        monkeypatch.setattr(other.app.state.service.pool, "timeout", 0.2)  # type: ignore[attr-defined]
        answer = other.get("/v1/stations")
    assert service is not None
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]


def test_an_error_of_our_own_is_a_500_without_its_message(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise RuntimeError("SECRET-MARKER")

    monkeypatch.setattr("geo.organisations.teams", broken)
    with capture_logs() as lines:
        answer = client.get("/v1/teams")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "SECRET" not in answer.text + str(lines)
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert (line["error"], line["request_id"]) == ("RuntimeError", answer.headers["x-request-id"])
    assert orjson.loads(answer.content)["request_id"] == answer.headers["x-request-id"]


def test_an_instant_before_any_unit_is_not_found_and_no_fault_of_ours(client: TestClient):
    asked = {"lon": 122.005, "lat": 46.005, "crs": "EPSG:4326", "at": "1900-01-01T00:00:00Z"}
    answer = client.get("/v1/units/at", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (404, "no-units-then")
