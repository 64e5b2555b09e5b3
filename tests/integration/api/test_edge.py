"""What holds for every address alike: names, methods, encodings, compression, and how an answer is cut off."""

import gzip
import itertools
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from geo.reports import LOADED_ONLY

ADDRESSES = ["/", "/docs", "/openapi.json", "/health/live", "/health/ready", "/v1/units", "/v1/session", "/nowhere"]
JSON = {"application/json", "application/geo+json"}
REPORT: dict[str, Any] = {
    "category": "hazard.flue",
    "channel": "snap",
    "title": "私改烟道",
    "lon": 122.005,
    "lat": 46.005,
    "crs": "EPSG:4326",
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_address_answers_under_a_name_that_is_not_ours(public: TestClient, path: str) -> None:
    answer = public.get(path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "not-addressed-here")


@pytest.mark.parametrize(
    "host",
    ["evil.example\\@127.0.0.1", "evil.example@127.0.0.1", "127.0.0.1\\", "[::1", "127.0.0.1:port", "127.0.0.1:80:80"],
)
def test_a_name_that_browsers_read_otherwise_than_we_do_is_not_ours(public: TestClient, host: str) -> None:
    answer = public.get("/tiles/units.json", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "not-addressed-here")
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/docs.css", "/openapi.json", "/health/live", "/v1/units", "/v1/units/M9"]
)
def test_head_is_get_without_its_body(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    if get.status_code == 200:  # a refusal carries an id of its own
        assert head.headers["content-length"] == get.headers["content-length"]


def test_head_of_what_is_only_posted_is_not_allowed(client: TestClient) -> None:
    answer = client.head("/v1/session/grant")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_options_tells_what_an_address_answers_to_and_lets_no_other_site_in(public: TestClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    allowed = {path: public.options(path, headers=asked) for path in ("/v1/incidents", "/", "/v1/session")}
    assert {answer.status_code for answer in allowed.values()} == {204}
    assert [answer.headers["allow"] for answer in allowed.values()] == [
        "GET, POST, HEAD, OPTIONS",
        "GET, HEAD, OPTIONS",
        "GET, POST, DELETE, HEAD, OPTIONS",
    ]
    assert not any(name.startswith("access-control") for answer in allowed.values() for name in answer.headers)
    assert public.options("/nowhere").status_code == 404


def test_a_method_that_is_not_answered_names_all_that_are(client: TestClient) -> None:
    answer = client.put("/v1/incidents", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, HEAD, OPTIONS")


def test_a_request_is_never_echoed_by_trace(public: TestClient) -> None:
    answer = public.request("TRACE", "/v1/units", headers={"X-Echo": "ECHO-MARKER"})
    assert answer.status_code in {403, 405}
    assert "ECHO-MARKER" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/assets/", "/assets", "/.git/config", "/assets/../pyproject.toml", "/assets/%2e%2e/app.py"],
)
def test_no_folder_is_listed_and_nothing_of_the_program_is_served(public: TestClient, path: str) -> None:
    assert public.get(path).status_code == 404


def test_large_answers_without_secrets_are_compressed_and_say_the_same(public: TestClient) -> None:
    plain = public.get("/v1/units", headers={"Accept-Encoding": "identity"})
    with public.stream("GET", "/v1/units", headers={"Accept-Encoding": "gzip"}) as squeezed:
        raw = b"".join(squeezed.iter_raw())
    assert squeezed.headers["content-encoding"] == "gzip"
    assert int(squeezed.headers["content-length"]) == len(raw) < len(plain.content)
    assert gzip.decompress(raw) == plain.content
    assert all("accept-encoding" in answer.headers["vary"].lower() for answer in (plain, squeezed))


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity", "deflate, gzip;q=0.000"])
def test_nothing_is_compressed_for_who_does_not_take_gzip(public: TestClient, accepted: str) -> None:
    assert "content-encoding" not in public.get("/v1/units", headers={"Accept-Encoding": accepted}).headers


def test_what_reporters_wrote_is_never_compressed(client: TestClient) -> None:
    for _ in range(3):
        client.post("/v1/incidents", json=REPORT | {"description": "长" * 2000})
    answer = client.get("/v1/incidents", headers={"Accept-Encoding": "gzip"})
    assert len(answer.content) > 1000
    assert "content-encoding" not in answer.headers


def test_figures_are_not_sent_again_to_who_has_them(public: TestClient) -> None:
    first = public.get("/v1/summary")
    again = public.get("/v1/summary", headers={"If-None-Match": first.headers["etag"]})
    other = public.get("/v1/summary", headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
    assert other.content == first.content


def test_figures_follow_what_is_reported_within_a_moment(public: TestClient, client: TestClient) -> None:
    held = public.app.state.service.figures  # type: ignore[attr-defined]
    held.lasts_s, held.times, lasts_s, times = 0.0, 0.0, held.lasts_s, held.times
    before = public.get("/v1/summary").json()["incidents"]["total"]
    client.post("/v1/incidents", json=REPORT)
    assert public.get("/v1/summary").json()["incidents"]["total"] == before + 1
    held.lasts_s = 3600.0
    client.post("/v1/incidents", json=REPORT)
    assert public.get("/v1/summary").json()["incidents"]["total"] == before + 1
    held.lasts_s, held.times = lasts_s, times


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("occurred_at", "2026-01-01T00:00:00", "no_offset"),
        ("occurred_at", 1767225600, "not_rfc3339"),
        ("title", "\u200b\u200d", "nothing_visible"),
        ("title", "\u202egnp.exe", "bidirectional_controls"),
        ("title", "a\u0000b", "control_characters"),
        ("lon", "122", "not_a_number"),
    ],
)
def test_a_refusal_names_the_field_and_what_is_wrong_with_it(
    public: TestClient, field: str, value: object, code: str
) -> None:
    answer = public.post("/v1/incidents", json=REPORT | {field: value})
    assert answer.status_code == 422
    assert {"at": f"body.{field}", "code": code} in answer.json()["faults"]


@pytest.mark.parametrize("title", ["ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌", "👨‍👩‍👧 走失", "3️⃣ 单元", "…？", "е́"])
def test_text_in_any_script_is_taken(public: TestClient, title: str) -> None:
    assert public.post("/v1/incidents", json=REPORT | {"title": title}).status_code == 201


def test_a_time_without_its_offset_is_refused_in_an_address_too(client: TestClient) -> None:
    for path, name in (("/v1/units", "at"), ("/v1/incidents", "occurred_from"), ("/v1/incidents", "occurred_to")):
        answer = client.get(path, params={name: "2026-01-01T00:00:00"})
        assert answer.json()["faults"] == [{"at": f"query.{name}", "code": "no_offset"}]


@pytest.mark.parametrize("channel", sorted(LOADED_ONLY))
def test_a_channel_of_loads_is_not_for_reports(client: TestClient, public: TestClient, channel: str) -> None:
    for who in (client, public):
        answer = who.post("/v1/incidents", json=REPORT | {"channel": channel})
        assert (answer.status_code, answer.json()["code"]) == (422, "reserved-channel")


def test_a_compressed_body_is_refused_unread(client: TestClient) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post("/v1/incidents", content=bomb, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong-media-type")


def test_a_body_in_pieces_without_a_length_is_read_to_its_end(client: TestClient) -> None:
    pieces = (bytes([byte]) for byte in b'{"category":"hazard.flue"}')
    answer = client.post("/v1/incidents", content=pieces, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["faults"][0]["at"]) == (422, "body.channel")


def test_one_key_of_two_accounts_is_two_reports(client: TestClient, public: TestClient) -> None:
    headers = {"Idempotency-Key": "one-key-of-two-accounts"}
    mine, theirs = (who.post("/v1/incidents", json=REPORT, headers=headers) for who in (client, public))
    assert mine.json()["id"] != theirs.json()["id"]


def test_a_report_is_followed_by_its_number_and_nothing_else_is_told(public: TestClient, client: TestClient) -> None:
    made = public.post("/v1/incidents", json=REPORT | {"title": "MARKER"}).json()
    for version, state in enumerate(["accepted", "handling", "checking", "handling", "checking", "closed"], 1):
        change = client.patch(
            f"/v1/incidents/{made['id']}", json={"state": state}, headers={"If-Match": f'"{version}"'}
        )
        assert change.status_code == 200
    answer = public.get(f"/v1/tracking/{made['id']}")
    progress = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert set(progress) == {"state", "since", "stage", "received_at", "due_at", "stages"}
    assert (progress["state"], progress["stage"], progress["since"]) == ("closed", "close", progress["stages"][4]["at"])
    assert [reached["stage"] for reached in progress["stages"] if reached["at"]] == [
        "report", "assign", "handle", "supervise", "close",
    ]  # fmt: skip
    times = [reached["at"] for reached in progress["stages"] if reached["at"]]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))


def test_a_report_that_is_opened_again_goes_back_on_its_way(public: TestClient, client: TestClient) -> None:
    made = public.post("/v1/incidents", json=REPORT).json()
    states = ["accepted", "handling", "checking", "closed", "revisited", "handling"]
    for version, state in enumerate(states, 1):
        change = {"state": state, "reason": "仍未解决"}
        client.patch(f"/v1/incidents/{made['id']}", json=change, headers={"If-Match": f'"{version}"'})
    progress = public.get(f"/v1/tracking/{made['id']}").json()
    assert [reached["at"] is not None for reached in progress["stages"]] == [True] * 3 + [False] * 4


@pytest.mark.parametrize(
    ("number", "status"), [("00000000-0000-0000-0000-000000000009", 404), ("1", 400), ("x" * 500, 400)]
)
def test_a_number_that_nobody_was_given_tells_nothing(public: TestClient, number: str, status: int) -> None:
    assert public.get(f"/v1/tracking/{number}").status_code == status


def operations(client: TestClient) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    document = client.get("/openapi.json").json()
    return [
        (method, path, operation, document)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_is_described_with_examples_that_hold(public: TestClient) -> None:
    for method, path, operation, document in operations(public):
        for status, answer in operation["responses"].items():
            assert not status.startswith("2") or status == "204" or answer.get("content"), (method, path)
            if status.startswith("2") and (kinds := JSON.intersection(answer.get("content", {}))):
                told = answer["content"][kinds.pop()]
                validator = jsonschema.Draft202012Validator(told["schema"] | {"components": document["components"]})
                assert "example" in told, (method, path)
                assert [fault.message for fault in validator.iter_errors(told["example"])] == [], (method, path)
        taken = operation.get("requestBody", {}).get("content", {}).get("application/json")
        assert taken is None or "example" in taken or "examples" in taken, (method, path)
        for parameter in operation.get("parameters", ()):
            validator = jsonschema.Draft202012Validator(parameter["schema"] | {"components": document["components"]})
            assert validator.is_valid(parameter.get("example", 0)) or "example" not in parameter, (
                method,
                path,
                parameter,
            )
        without = {parameter["name"] for parameter in operation.get("parameters", ()) if "example" not in parameter}
        assert without <= {"cursor"}, (method, path)  # a cursor is only ever one that was given


def test_every_operation_names_the_refusals_that_follow_from_it(public: TestClient) -> None:
    for method, path, operation, document in operations(public):
        told = set(operation["responses"])
        assert told >= {"400", "421", "500", "503"}, (method, path)
        assert operation["x-permission"] == "public" or told >= {"401", "403"}, (method, path)
        assert "{" not in path or "404" in told, (method, path)
        assert method == "get" or told >= {"408", "413"}, (method, path)
        for name in told - {"503"}:
            if reference := operation["responses"][name].get("$ref"):
                refusal = document["components"]["responses"][reference.rpartition("/")[2]]
                example = refusal["content"]["application/problem+json"]["example"]
                assert str(example["status"]) == name, (method, path)
