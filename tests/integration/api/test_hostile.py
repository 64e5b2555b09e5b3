"""Hostile input is a clear 4xx with a stable code, tells nothing of what was sent, and leaves nothing behind."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool

from geo.db import EVERYTHING, Connection, begin, one

Pool = ConnectionPool[Connection]
MARKER = "ECHO-MARKER"
REPORT: dict[str, Any] = {
    "category": "hazard.flue",
    "channel": "snap",
    "title": "私改烟道",
    "lon": 122.005,
    "lat": 46.005,
    "crs": "EPSG:4326",
}


def raw(**literals: str) -> bytes:
    """The report with some values replaced by raw JSON text."""
    fields = {name: json.dumps(value) for name, value in REPORT.items()} | literals
    return ("{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + "}").encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in REPORT.items() if key != name}).encode()


def bow_tie() -> str:
    ring = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def many_vertices(count: int) -> str:
    return json.dumps({"type": "Polygon", "coordinates": [[[i / count, 0] for i in range(count)]]})


BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "NaN": (raw(lon="NaN"), 400, "bad-json"),
    "infinity": (raw(lat="Infinity"), 400, "bad-json"),
    "minus infinity": (raw(lat="-Infinity"), 400, "bad-json"),
    "1e400": (raw(lon="1e400"), 400, "bad-json"),
    "a huge integer": (raw(lon="9" * 300), 422, "bad-body"),
    "an integer of 5,000 digits": (raw(lon="9" * 5000), 400, "bad-json"),
    "beyond the earth": (raw(lon="180.0001"), 422, "bad-coordinate"),
    "swapped": (raw(lon="46.0", lat="122.0"), 422, "bad-coordinate"),
    "a number as text": (raw(lon='"122.005"'), 422, "bad-body"),
    "truth for a number": (raw(lon="true"), 422, "bad-body"),
    "null for a number": (raw(lon="null"), 422, "bad-body"),
    "a list for a number": (raw(lon="[122.005]"), 422, "bad-body"),
    "a lone surrogate": (raw(title=r'"\ud800"'), 400, "bad-json"),
    "NUL": (raw(title=rf'"{MARKER}\u0000"'), 422, "bad-body"),
    "an escape character": (raw(title=rf'"{MARKER}\u001b[2J"'), 422, "bad-body"),
    "NUL in the category": (raw(category=r'"hazard\u0000"'), 422, "bad-body"),
    "a blank title": (raw(title='"  \\n "'), 422, "bad-body"),
    "an endless title": (raw(title=json.dumps(MARKER * 100)), 422, "bad-body"),
    "an unknown category": (raw(category='"echo_marker"'), 422, "unknown-category"),
    "an unknown channel": (raw(channel='"echo_marker"'), 422, "unknown-channel"),
    "no declared crs": (without("crs"), 422, "bad-body"),
    "an empty crs": (raw(crs='""'), 422, "bad-body"),
    "srid 0": (raw(crs='"EPSG:0"'), 422, "bad-body"),
    "a crs of a made-up name": (raw(crs=f'"{MARKER}"'), 422, "bad-body"),
    "a crs by definition": (raw(crs='"+proj=longlat +nadgrids=/etc/passwd"'), 422, "bad-body"),
    "a crs that nobody issued": (raw(crs='"EPSG:999999"'), 422, "unknown-crs"),
    "a projected crs with degrees far out": (raw(crs='"EPSG:4549"', lon="1e8", lat="1e8"), 422, "bad-coordinate"),
    "a time without an offset": (raw(occurred_at='"2026-01-01T00:00:00"'), 422, "bad-body"),
    "a zero-width title": (raw(title=r'"\u200b\u200b\ufeff"'), 422, "bad-body"),
    "a title of fillers": (raw(title=r'"\u3164\u115f\u2800"'), 422, "bad-body"),
    "a title of spaces and marks": (raw(title=r'" \u3000\u0301\u180b"'), 422, "bad-body"),
    "a title that runs backwards": (raw(title=r'"\u202egnp.exe"'), 422, "bad-body"),
    "a channel of loads": (raw(channel='"import"'), 422, "reserved-channel"),
    "a time as a number": (raw(occurred_at="1767225600"), 422, "bad-body"),
    "a time of the year 9999": (raw(occurred_at='"9999-12-31T23:59:59-23:59"'), 422, "bad-body"),
    "a time of the year 1": (raw(occurred_at='"0001-01-01T00:00:00+23:59"'), 422, "bad-body"),
    "a time to come": (raw(occurred_at='"2199-01-01T00:00:00Z"'), 422, "future-time"),
    "a negative accuracy": (raw(accuracy_m="-1"), 422, "bad-body"),
    "an unknown field": (raw(**{MARKER: "1"}), 422, "bad-body"),
    "a field twice": (raw()[:-1] + b',"lon":1}', 400, "bad-json"),
    "a self-crossing area": (raw(geometry=bow_tie()), 422, "bad-body"),
    "an area of 2,000 vertices": (raw(geometry=many_vertices(2_000)), 422, "bad-body"),
    "an area of 10,000 vertices": (raw(geometry=many_vertices(10_000)), 413, "body-too-large"),
    "an area of 300,000 vertices": (raw(geometry=many_vertices(300_000)), 413, "body-too-large"),
    "brackets nested 30,000 deep": (b"[" * 30_000 + b"]" * 30_000, 413, "body-too-large"),
    "brackets nested 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, 413, "body-too-large"),
    "brackets nested 5,000 deep": (b"[" * 5_000 + b"]" * 5_000, 400, "bad-json"),
    "braces nested 10,000 deep": (b'{"a":' * 10_000, 413, "body-too-large"),
    "a thousand names": (json.dumps({f"{MARKER}{i}": i for i in range(1000)}).encode(), 400, "bad-json"),
    "invalid utf-8": (raw()[:-1] + b',"description":"\xff"}', 400, "bad-json"),
    "a text of 4,000 brackets and nothing else": (
        raw(description=json.dumps("[" * 4000), title='" "'),
        422,
        "bad-body",
    ),
    "9,000 empty objects": (b'{"a":[' + b"{}," * 9000 + b"{}]}", 413, "body-too-large"),
    "no body": (b"", 422, "bad-body"),
    "a list": (b"[]", 422, "bad-body"),
    "a text": (b'"ECHO-MARKER"', 422, "bad-body"),
    "null": (b"null", 422, "bad-body"),
    "plain words": (b"ECHO-MARKER", 400, "bad-json"),
}


def is_problem(answer: Any, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert problem["title"]
    assert MARKER.lower() not in answer.text.lower()
    assert len(answer.content) < 3_000


@pytest.mark.parametrize(("body", "status", "code"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_hostile_report_is_refused_and_nothing_of_it_is_repeated(
    client: TestClient, city: Pool, body: bytes, status: int, code: str
):
    before = total(city)
    answer = client.post("/v1/incidents", content=body, headers={"Content-Type": "application/json"})
    is_problem(answer, status, code)
    assert total(city) == before


def total(city: Pool) -> int:
    with begin(city, EVERYTHING) as conn:
        return one(conn, "SELECT count(*) AS n FROM incident")["n"]


def test_minus_zero_is_zero(client: TestClient):
    incident = client.post(
        "/v1/incidents", content=raw(lon="-0", lat="-0.0"), headers={"Content-Type": "application/json"}
    ).json()
    assert (str(incident["lon"]), str(incident["lat"]), incident["located"]) == ("0.0", "0.0", "outside")


def test_text_that_looks_like_markup_or_sql_is_kept_as_it_is(client: TestClient):
    title = "<script>alert(1)</script>'; DROP TABLE incident; -- %s %(x)s 🚀 ᠮᠣᠩᠭᠣᠯ"
    incident = client.post("/v1/incidents", json=REPORT | {"title": title}).json()
    assert client.get(f"/v1/incidents/{incident['id']}").json()["title"] == title
    found = client.get("/v1/incidents", params={"text": "'; drop table"}).json()["items"]
    assert [item["id"] for item in found] == [incident["id"]]
    assert "<script>alert" not in client.get("/v1/maps/incidents").text


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", ""],
)
def test_a_body_of_another_kind_is_refused(client: TestClient, kind: str):
    answer = client.post("/v1/incidents", content=raw(), headers={"Content-Type": kind})
    is_problem(answer, 415, "wrong-media-type")


def test_a_charset_beside_the_kind_is_no_incident(client: TestClient):
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/v1/incidents", content=raw(), headers=kind).status_code == 201


def test_a_length_beyond_the_limit_is_refused_unread(client: TestClient):
    headers = {"Content-Type": "application/json", "Content-Length": "9" * 30}
    is_problem(client.post("/v1/incidents", content=raw(), headers=headers), 413, "body-too-large")


BAD_ADDRESSES = {
    "/v1/incidents?limit=0": "bad-parameter",
    "/v1/incidents?limit=-0": "bad-parameter",
    "/v1/incidents?limit=501": "bad-parameter",
    "/v1/incidents?limit=99999999999999999999999": "bad-parameter",
    "/v1/incidents?limit=1e2": "bad-parameter",
    "/v1/incidents?limit=1&limit=2": "unknown-parameter",
    "/v1/incidents?ECHO-MARKER=1": "unknown-parameter",
    "/v1/incidents?cursor=ECHO-MARKER": "bad-cursor",
    "/v1/incidents?cursor=%00": "bad-address",
    "/v1/incidents?cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgIngiXQ": "bad-cursor",
    "/v1/incidents?bbox=1,2,3": "bad-parameter",
    "/v1/incidents?bbox=nan,nan,nan,nan": "bad-parameter",
    "/v1/incidents?bbox=10,10,5,20": "bad-parameter",
    "/v1/incidents?bbox=-181,0,1,1": "bad-parameter",
    "/v1/incidents?bbox=ECHO-MARKER,0,1,1": "bad-parameter",
    "/v1/incidents?state=ECHO-MARKER": "bad-parameter",
    "/v1/incidents?path=1.2": "bad-parameter",
    "/v1/incidents?path=1.%25": "bad-parameter",
    "/v1/incidents?text=%00": "bad-address",
    "/v1/incidents?text=": "bad-parameter",
    "/v1/incidents?unit=%00": "bad-address",
    "/v1/incidents?occurred_from=2026-01-01": "bad-parameter",
    "/v1/incidents?occurred_from=1767225600": "bad-parameter",
    "/v1/incidents?occurred_to=9999-12-31T23:59:59-23:59": "bad-parameter",
    "/v1/incidents/ECHO-MARKER": "bad-parameter",
    "/v1/units?level=ECHO-MARKER": "bad-parameter",
    "/v1/units?cursor=abc": "bad-cursor",
    "/v1/units?name=%00": "bad-address",
    "/v1/units/%00": "bad-address",
    "/v1/units/" + "x" * 65: "bad-parameter",
    "/v1/units/at?lon=nan&lat=1&crs=EPSG:4326": "bad-parameter",
    "/v1/units/at?lon=1e400&lat=1&crs=EPSG:4326": "bad-parameter",
    "/v1/units/at?lon=1&lat=1": "bad-parameter",
    "/v1/units/at?lon=1&lat=1&crs=ECHO-MARKER": "bad-parameter",
    "/v1/teams?kind=%27": "bad-parameter",
    "/v1/teams/%00": "bad-address",
    "/v1/stations?cursor=W10": "bad-cursor",
    "/v1/routes?name=" + "x" * 101: "bad-parameter",
    "/v1/maps/heat?days=0": "bad-parameter",
    "/v1/maps/heat?radius_m=1e9": "bad-parameter",
    "/v1/maps/heat?lang=ECHO-MARKER": "bad-parameter",
    "/v1/categories?x=1": "unknown-parameter",
    "/health/live?x=1": "unknown-parameter",
    "/v1/units?q=%FF": "bad-address",
    "/v1/units?q=%C0%80": "bad-address",
    "/v1/units?q=%ED%A0%80": "bad-address",
    "/v1/units?q=%4": "bad-address",
    "/v1/units?q=100%": "bad-address",
    "/v1/units?%FF=1": "bad-address",
    "/v1/units/%FF": "bad-address",
    "/v1/units?q=%0D%0Ax": "bad-address",
    "/v1/units?q=%E2%80%AEabc": "bad-parameter",
    "/assets/%00": "bad-address",
    "/v1/units?q=" + "x" * 9_000: "bad-address",
    "/v1/incidents?bbox=179,46,-179,47": "bad-parameter",
    "/v1/incidents?bbox=1e400,0,1,1": "bad-parameter",
    "/v1/incidents?limit=": "bad-parameter",
    "/v1/incidents?occurred_from=2026-01-01T00:00:00": "bad-parameter",
    "/v1/units?at=2026-01-01T00:00:00": "bad-parameter",
    "/v1/units?known_at=ECHO-MARKER": "bad-parameter",
    "/v1/locate?lon=nan&lat=1&crs=EPSG:4326": "bad-parameter",
    "/v1/locate?lon=1e400&lat=1&crs=EPSG:4326": "bad-parameter",
    "/v1/locate?lon=181&lat=1&crs=EPSG:4326": "bad-parameter",
    "/v1/locate?lon=1&lat=1": "bad-parameter",
    "/v1/locate?lon=1&lon=2&lat=1&crs=EPSG:4326": "unknown-parameter",
    "/v1/locate?lon=1&lat=1&crs=EPSG:4326&at=1899-12-31T00:00:00Z": "bad-parameter",
    "/tiles/units/99/0/0": "bad-parameter",
    "/tiles/units/1e1/0/0": "bad-parameter",
    "/tiles/units/NaN/0/0": "bad-parameter",
    "/tiles/units/14/-1/0": "bad-parameter",
    "/tiles/units/14/0/ECHO-MARKER": "bad-parameter",
    "/tiles/units/14/0/" + "9" * 5000: "bad-parameter",
    "/tiles/units/14/0/%00": "bad-address",
    "/tiles/units/14/0/0?at=ECHO-MARKER": "bad-parameter",
    "/tiles/units/14/0/0?ECHO-MARKER=1": "unknown-parameter",
    "/tiles/incidents/14/0.5/0": "bad-parameter",
    "/tiles/styles/ECHO-MARKER.json": "bad-parameter",
    "/tiles/styles/light.json?lang=ECHO-MARKER": "bad-parameter",
    "/tiles/heat/14/0/0?hours=25": "bad-parameter",
    "/tiles/heat/14/0/0?hours=18-8": "bad-parameter",
    "/tiles/heat/14/0/0?hours=": "bad-parameter",
    "/tiles/heat/14/0/0?hours=8&hours=9": "unknown-parameter",
    "/tiles/heat/14/0/0?hours=" + ",".join(["8"] * 30): "bad-parameter",
    "/tiles/heat/14/0/0?weekdays=0": "bad-parameter",
    "/tiles/heat/14/0/0?weekdays=1-8": "bad-parameter",
    "/tiles/heat/14/0/0?state=openly": "bad-parameter",
    "/tiles/heat/14/0/0?category=" + "x" * 7_000: "bad-parameter",
    "/tiles/heat/14/0/0?category=" + "x" * 10_000: "bad-address",
    "/tiles/heat/14/0/0?category=a,,b": "bad-parameter",
    "/tiles/heat/14/0/0?category=%27": "bad-parameter",
    "/tiles/heat/14/0/0?unit=%00": "bad-address",
    "/tiles/heat/14/0/0?from=2026-01-01": "bad-parameter",
    "/tiles/heat.json?until=1e400": "bad-parameter",
    "/v1/heat/slices?from=2026-01-01T00:00:00Z": "bad-parameter",
    "/v1/heat/slices?from=2026-01-01T00:00:00Z&until=9999-12-31T23:59:59Z": "bad-parameter",
    "/v1/heat/slices?from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z&step=minute": "bad-parameter",
    "/v1/heat/slices?from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z&bbox=nan,0,1,1": "bad-parameter",
    "/v1/public/heat?period=day": "bad-parameter",
    "/v1/public/heat?category=%27--": "bad-parameter",
    "/tiles/public-heat/14/0/0?period=ECHO-MARKER": "bad-parameter",
    "/v1/recuts?cursor=W10": "bad-cursor",
    "/v1/recuts?cursor=ECHO-MARKER": "bad-cursor",
    "/v1/recuts?limit=0": "bad-parameter",
    "/v1/recuts/0": "bad-parameter",
    "/v1/recuts/-1": "bad-parameter",
    "/v1/recuts/1e3": "bad-parameter",
    "/v1/recuts/" + "9" * 30: "bad-parameter",
    "/v1/live?since=1": "unknown-parameter",
}
NOT_THERE = [
    "/tiles/units/30/0/0", "/tiles/units/17/0/0", "/tiles/units/2/4/0", "/tiles/units/0/0/1",
    "/tiles/units/2/0/999999999",
    "/tiles/base/5/0/0", "/tiles/incidents/9/0/0", "/tiles/heat/17/0/0", "/tiles/heat/3/8/0",
    "/tiles/public-heat/15/0/0", "/tiles/heat/14/0/0?unit=NOWHERE",
    "/v1/heat/slices?unit=NOWHERE&from=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z",
    "/v1/recuts/4611686018427387903", "/v1/recuts/77/units",
    "/tiles/units/14/0/0?at=1950-01-01T00:00:00Z",
]  # fmt: skip
BEYOND = {
    "from=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z": "no-time",
    "from=2026-02-01T00:00:00Z&until=2026-02-01T00:00:00Z": "no-time",
    "from=1900-01-01T00:00:00Z&until=2200-12-31T00:00:00Z&step=hour": "too-many-steps",
    "from=1900-01-01T00:00:00Z&until=2200-12-31T00:00:00Z&step=day": "too-many-steps",
    "from=1900-01-01T00:00:00Z&until=2200-12-31T00:00:00Z&step=month": "too-many-steps",
}


@pytest.mark.parametrize(("address", "code"), BAD_ADDRESSES.items(), ids=BAD_ADDRESSES)
def test_a_hostile_address_is_refused_and_nothing_of_it_is_repeated(client: TestClient, address: str, code: str):
    is_problem(client.get(address), 400, code)


@pytest.mark.parametrize("address", NOT_THERE)
def test_what_is_not_there_is_said_to_be_not_there(client: TestClient, address: str):
    answer = client.get(address)
    is_problem(answer, 404, answer.json()["code"])


@pytest.mark.parametrize(("query", "code"), BEYOND.items(), ids=BEYOND)
def test_a_time_that_cannot_be_played_is_refused(client: TestClient, query: str, code: str):
    is_problem(client.get(f"/v1/heat/slices?{query}"), 422, code)


def test_heat_that_ends_before_it_begins_counts_nothing(client: TestClient):
    backwards = {"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert client.get("/tiles/heat.json", params=backwards).json()["heat"]["total"] == 0
    assert client.get("/tiles/heat/0/0/0", params=backwards).status_code == 204


def points(literal: str, count: int = 1000, crs: str = "EPSG:4326") -> bytes:
    return f'{{"crs":"{crs}","points":[{",".join([literal] * count)}]}}'.encode()


BAD_POINTS: dict[str, tuple[bytes, int, str]] = {
    "NaN": (points("[NaN,46]"), 400, "bad-json"),
    "1e400": (points("[122,1e400]"), 400, "bad-json"),
    "huge": (points("[1e308,1e308]"), 422, "bad-coordinate"),
    "huge in a projected system": (points("[1e308,1e308]", crs="EPSG:4549"), 422, "bad-coordinate"),
    "beyond the earth": (points("[181,46]"), 422, "bad-coordinate"),
    "beyond the earth in GCJ-02": (points("[122,91]", crs="gcj02"), 422, "bad-coordinate"),
    "text": (points('["ECHO-MARKER",46]'), 422, "bad-body"),
    "numbers as text": (points('["122",46]'), 422, "bad-body"),
    "truth": (points("[true,46]"), 422, "bad-body"),
    "three numbers": (points("[122,46,1]"), 422, "bad-body"),
    "none": (points("", 0), 422, "bad-body"),
    "one too many": (points("[122,46]", 1001), 422, "bad-body"),
    "20,000 empty lists": (points("[]", 20_000), 413, "body-too-large"),
    "7,000 empty lists": (points("[]", 7_000), 422, "bad-body"),
    "30,000 points": (points("[122,46]", 30_000), 413, "body-too-large"),
    "a crs that nobody issued": (points("[122,46]", crs="EPSG:999999"), 422, "unknown-crs"),
}


@pytest.mark.parametrize(("body", "status", "code"), BAD_POINTS.values(), ids=BAD_POINTS)
def test_hostile_points_are_refused_and_nothing_of_them_is_repeated(
    public: TestClient, body: bytes, status: int, code: str
):
    answer = public.post("/v1/locate", content=body, headers={"Content-Type": "application/json"})
    is_problem(answer, status, code)


@pytest.mark.parametrize(
    "leads_to",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "evil",
        "/\t/evil.example",        "/%0d%0aSet-Cookie: x\r\n", "/" + "x" * 500, "/a\n", None, 1, ["/"],
    ],
)  # fmt: skip
def test_a_sign_in_leads_nowhere_else(public: TestClient, leads_to: object):
    answer = public.post("/v1/session/providers/league-sso", json={"next": leads_to})
    is_problem(answer, 422, "bad-body")


@pytest.mark.parametrize("name", ["ECHO-MARKER", "x" * 400, "a%2F..%2Fb", "1"])
def test_a_strange_provider_is_none(public: TestClient, name: str):
    answer = public.post(f"/v1/session/providers/{name}", json={"next": "/"})
    assert answer.status_code in {400, 404}
    is_problem(answer, answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [("gzip", True), ("GZIP, br", True), ("*", True), ("gzip;q=0", False), ("xgzipx", False),
     ("br;q=1, gzip; q=0.0", False),
     (",;;=,\x7f", False), ("gzip;q=" + "9" * 3000, True), ("", False)],
)  # fmt: skip
def test_a_tile_is_compressed_only_for_who_takes_gzip(public: TestClient, accepted: str, zipped: bool):
    for _ in range(2):  # made the long way, then at hand
        answer = public.get("/tiles/units/0/0/0", headers={"Accept-Encoding": accepted})
        assert (answer.status_code, "content-encoding" in answer.headers) == (200, zipped)


def test_a_tile_is_not_sent_again_to_who_has_it_among_others(public: TestClient):
    tag = public.get("/tiles/units/0/0/0").headers["etag"]
    had = [tag, f'"a", {tag} , "b"', f"W/{tag}", "*", ", ".join([*['"x"'] * 500, tag])]
    other = ['"other"', tag.strip('"'), "", ",,,", '"' + "x" * 5000]
    asked = {tags: public.get("/tiles/units/0/0/0", headers={"If-None-Match": tags}) for tags in [*had, *other]}
    assert [asked[tags].status_code for tags in had] == [304] * len(had)
    assert [asked[tags].status_code for tags in other] == [200] * len(other)


@pytest.mark.parametrize("seen", ["-1", "ECHO-MARKER", "1e3", "9" * 30, "1, 2"])
def test_a_stream_from_a_strange_place_is_refused(client: TestClient, seen: str):
    is_problem(client.get("/v1/live", headers={"Last-Event-ID": seen}), 400, "bad-parameter")


@pytest.mark.parametrize("key", ["short", "x" * 129, "with a space!", "é" * 10])
def test_a_strange_key_is_refused(client: TestClient, key: str):
    headers = [(b"idempotency-key", key.encode())]
    is_problem(client.post("/v1/incidents", json=REPORT, headers=headers), 400, "bad-parameter")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ECHO-MARKER"},
        {"state": "accepted", "reason": "\0"},
        {"state": "accepted", "reason": ""},
        {"state": "dispatched", "team_id": "ECHO-MARKER"},
        {"state": "accepted", "version": 1},
        {},
    ],
)
def test_a_hostile_change_is_refused(client: TestClient, change: dict[str, Any]):
    incident = client.post("/v1/incidents", json=REPORT).json()
    answer = client.patch(f"/v1/incidents/{incident['id']}", json=change, headers={"If-Match": '"1"'})
    is_problem(answer, 422, "bad-body")


@pytest.mark.parametrize("tag", ['""', '"x"', '"1", "2"', '"99999999999999999999"', "'1'", '"-1"', '"01"'])
def test_a_strange_tag_is_refused(client: TestClient, tag: str):
    incident = client.post("/v1/incidents", json=REPORT).json()
    answer = client.patch(f"/v1/incidents/{incident['id']}", json={"state": "accepted"}, headers={"If-Match": tag})
    is_problem(answer, 400, "bad-parameter")


def test_every_route_answers_errors_as_problems(client: TestClient):
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        filled = path.replace("{incident_id}", "x").replace("{code}", "x").replace("{kind}", "x")
        filled = filled.replace("{number}", "1").replace("{report_number}", "x")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "BREW"):
            answer = client.request(method, filled, params={"ECHO-MARKER": "1"})
            allowed = method.lower() in operations
            assert answer.headers["content-type"] == "application/problem+json", (method, path)
            assert 400 <= answer.status_code < 500, (method, path)
            assert (answer.status_code == 405) == (not allowed), (method, path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*REPORT, "description", "occurred_at", "accuracy_m", "handling", "address"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=20)
        | st.lists(st.integers(), max_size=2),
    )
)
def test_no_report_is_ever_an_error_of_ours(client: TestClient, strange: dict[str, Any]):
    body = json.dumps(REPORT | strange).encode()
    answer = client.post("/v1/incidents", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {201, 400, 422}, answer.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/v1/incidents", "/v1/units", "/v1/teams", "/v1/units/at"]),
    st.dictionaries(
        st.sampled_from(
            ["unit", "text", "name", "code", "at", "q", "cursor", "limit", "bbox", "lon", "lat", "crs", "kind"]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.integers().map(str) | st.floats().map(str),
        max_size=3,
    ),
)
def test_no_address_is_ever_an_error_of_ours(client: TestClient, path: str, query: dict[str, str]):
    assert client.get(path, params=query).status_code in {200, 400, 404, 422}
