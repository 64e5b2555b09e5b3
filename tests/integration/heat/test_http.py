"""Heat over HTTP: who may have it, what is refused, and how soon a report shows."""

import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool

from api.app import create_app
from geo import accounts, db, public_figures, sessions
from geo.db import EVERYTHING, begin
from geo.roles import Role
from geo.settings import Settings
from tests.city import desk, furnish
from tests.decoded import layers_of
from tiles.layers import MATRICES

Pool = ConnectionPool[db.Connection]
BASE = "http://127.0.0.1:8000"
TILE = "/tiles/heat/14/13744/5823"
REPORT = {
    "category": "hazard.flue",
    "channel": "patrol",
    "title": "x",
    "lon": 122.005,
    "lat": 46.005,
    "crs": "EPSG:4326",
}


@pytest.fixture(scope="module")
def client(pool: Pool, database: str) -> Generator[TestClient]:
    with begin(pool, EVERYTHING) as conn:
        furnish(conn)
    settings = Settings(dsn=database, pool_size=6, log_level="error")
    with TestClient(create_app(settings), base_url=BASE, headers=desk(database)[0]) as opened:
        caught_up(opened)
        yield opened


def total(client: TestClient, path: str = "/tiles/heat/0/0/0", **query: str) -> int:
    answer = client.get(path, params=query)
    assert answer.status_code in {200, 204}, answer.text
    layer = (
        mapbox_vector_tile.decode(answer.content).get("heat", {"features": []}) if answer.content else {"features": []}
    )
    return sum(one["properties"]["n"] for one in layer["features"])


def caught_up(client: TestClient) -> None:
    client.app.state.service.hearth.heat.catch_up()  # pyright: ignore[reportAttributeAccessIssue]


def until(wanted: int, client: TestClient, **query: str) -> int:
    for _ in range(1000):
        if (found := total(client, **query)) == wanted:
            return found
        time.sleep(0.02)
    return total(client, **query)


def test_a_report_and_its_steps_show_in_the_tile_they_lie_in(client: TestClient) -> None:
    before = total(client)
    made = client.post("/v1/incidents", json=REPORT)
    assert made.status_code == 201
    assert until(before + 1, client) == before + 1
    assert total(client, state="reported", category="hazard", unit="M1", hours="0-23", weekdays="1-7") >= 1
    changed = client.patch(
        made.headers["location"],
        json={"state": "refused", "reason": "x"},
        headers={"If-Match": made.headers.get("etag", '"1"')},
    )
    assert changed.status_code == 200
    assert until(1, client, state="refused") == 1
    assert total(client, state="settled") == 1
    assert total(client, unit="M4") == 0


def test_the_counts_of_units_are_those_of_the_slices_of_each_unit(client: TestClient) -> None:
    for lon in (122.005, 122.005, 122.015):
        assert client.post("/v1/incidents", json=REPORT | {"lon": lon}).status_code == 201
    caught_up(client)
    span = {"from": "2026-01-01T00:00:00Z", "until": "2036-01-01T00:00:00Z"}
    for level, codes in (("league", ["L"]), ("banner", ["B1", "B2"]), ("micro_grid", ["M1", "M2", "M3", "M4"])):
        page = client.get("/v1/heat/units", params=span | {"level": level, "state": "reported"}).json()
        assert [row["code"] for row in page["items"]] == codes
        for row in page["items"]:
            asked = span | {"unit": row["code"], "step": "month", "state": "reported"}
            slices = client.get("/v1/heat/slices", params=asked).json()
            assert (row["n"], row["open"]) == (slices["total"], sum(one["open"] for one in slices["slices"]))


def test_units_are_listed_within_a_box_and_page_by_page(client: TestClient) -> None:
    box = {"level": "micro_grid", "bbox": "122.001,46.001,122.012,46.009", "limit": "1"}
    first = client.get("/v1/heat/units", params=box).json()
    second = client.get("/v1/heat/units", params=box | {"cursor": first["next"]}).json()
    assert [row["code"] for row in first["items"] + second["items"]] == ["M1", "M2"]
    assert second["next"] is None
    plain = client.get("/v1/units", params={key: box[key] for key in ("level", "bbox")}).json()
    assert [unit["properties"]["code"] for unit in plain["features"]] == ["M1", "M2"]


def test_a_unit_beyond_the_scope_has_no_counts(client: TestClient, pool: Pool) -> None:
    with begin(pool, EVERYTHING) as conn:
        narrow = accounts.add(conn, "desk.b1")
        accounts.grant(conn, narrow, Role.DISPATCHER, "B1")
        token = sessions.issue(conn, narrow, accounts.grants(conn, narrow.id)[0], timedelta(days=1))
    whose = {"Authorization": f"Bearer {token}"}
    told = {
        row["code"]: row["n"] is not None
        for level in ("league", "banner")
        for row in client.get("/v1/heat/units", params={"level": level}, headers=whose).json()["items"]
    }
    assert told == {"L": False, "B1": True, "B2": False}


def test_a_tile_that_the_client_has_is_told_so_until_it_changes(client: TestClient) -> None:
    client.post("/v1/incidents", json=REPORT)
    caught_up(client)
    first = client.get("/tiles/heat/0/0/0")
    assert first.headers["content-encoding"] == "gzip"
    assert "private" in first.headers["cache-control"]
    had = {"If-None-Match": first.headers["etag"]}
    assert client.get("/tiles/heat/0/0/0", headers=had).status_code == 304
    plain = client.get("/tiles/heat/0/0/0", headers={"Accept-Encoding": "identity"})
    assert plain.content == first.content
    before = total(client)
    client.post("/v1/incidents", json=REPORT)
    until(before + 1, client)
    assert client.get("/tiles/heat/0/0/0", headers=had).status_code == 200
    stranger = TestClient(client.app, base_url=BASE)
    assert stranger.get("/tiles/heat/0/0/0", headers=had).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/tiles/heat/0/0/0", "/tiles/heat.json", "/v1/heat/slices?from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z"],
)
def test_whoever_has_not_signed_in_gets_the_published_figures_only(client: TestClient, path: str) -> None:
    stranger = TestClient(client.app, base_url=BASE)
    assert stranger.get(path).status_code == 401
    assert stranger.get("/v1/public/heat", params={"period": "week"}).status_code == 200
    assert stranger.get("/tiles/public-heat/10/858/362").status_code in {200, 204}
    for extra in ({"from": "2026-01-01T00:00:00Z"}, {"unit": "M1"}, {"hours": "8"}, {"bbox": "1,2,3,4"}):
        assert stranger.get("/v1/public/heat", params=extra).status_code == 400


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (TILE, {"hours": "24"}, 400),
        (TILE, {"hours": "9-8"}, 400),
        (TILE, {"hours": "8;DROP"}, 400),
        (TILE, {"weekdays": "0"}, 400),
        (TILE, {"category": "Hazard'"}, 400),
        (TILE, {"state": "done"}, 400),
        (TILE, {"state": "open,"}, 400),
        (TILE, {"from": "2026-01-01"}, 400),
        (TILE, {"from": "1e9"}, 400),
        (TILE, {"colour": "red"}, 400),
        (TILE, {"unit": "X9"}, 404),
        (TILE, {"unit": "\x00"}, 400),
        ("/tiles/heat/17/0/0", {}, 404),
        ("/tiles/heat/3/8/0", {}, 404),
        ("/tiles/heat/3/-1/0", {}, 400),
        ("/tiles/heat/x/0/0", {}, 400),
        ("/v1/heat/slices", {}, 400),
        ("/v1/heat/slices", {"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 422),
        ("/v1/heat/slices", {"from": "1999-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "step": "hour"}, 422),
        ("/v1/heat/slices", {"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "bbox": "9,9,1,1"}, 400),
        ("/v1/public/heat", {"period": "day"}, 400),
    ],
)
def test_what_cannot_be_asked_is_refused_in_few_words(
    client: TestClient, path: str, query: dict[str, str], status: int
) -> None:
    answer = client.get(path, params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 1000


def test_the_description_carries_the_filters_into_the_address_of_tiles(client: TestClient) -> None:
    client.post("/v1/incidents", json=REPORT)
    told = client.get("/tiles/heat.json", params={"category": "hazard", "hours": "8-18"}).json()
    assert told["tiles"] == [f"{BASE}/tiles/heat/{{z}}/{{x}}/{{y}}?category=hazard&hours=8-18"]
    assert set(told["heat"]["breaks"]) == {str(zoom) for zoom in range(told["maxzoom"] + 1)}
    assert told["vector_layers"][0]["fields"] == {"n": "Number", "open": "Number"}


def test_a_revoked_grant_ends_heat_within_a_second(client: TestClient, pool: Pool) -> None:
    assert client.get(TILE).status_code in {200, 204}
    with begin(pool, EVERYTHING) as conn:
        conn.execute("UPDATE credential SET ended_at = now() WHERE kind = 'token'")
    time.sleep(1.0)
    assert client.get(TILE).status_code == 401
    with begin(pool, EVERYTHING) as conn:
        conn.execute("UPDATE credential SET ended_at = NULL")


def test_published_figures_are_served_to_anyone(client: TestClient, pool: Pool) -> None:
    with begin(pool, EVERYTHING) as conn:
        public_figures.publish(conn, datetime(2026, 4, 1, tzinfo=UTC), "Asia/Shanghai")
    stranger = TestClient(client.app, base_url=BASE)
    told = stranger.get("/v1/public/heat", params={"period": "month"}).json()
    assert datetime.fromisoformat(told["since"]) == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert {one["code"] for one in told["figures"]} == {"L", "B1", "B2", "M1", "M2", "M3", "M4"}
    assert [one for one in told["figures"] if 0 < one["incidents"] < 5] == []
    assert {one["code"]: one["depth"] for one in told["figures"]} == {"L": 1} | dict.fromkeys(["B1", "B2"], 2) | (
        dict.fromkeys(["M1", "M2", "M3", "M4"], 3)
    )


def test_public_heat_is_of_the_level_that_the_tiles_of_units_draw(client: TestClient) -> None:
    stranger = TestClient(client.app, base_url=BASE)
    for zoom, level in ((4, "league"), (5, "banner"), (7, "banner"), (8, "micro_grid"), (14, "micro_grid")):
        at = MATRICES.tile(122.005, 46.005, zoom)
        answer = stranger.get(f"/tiles/public-heat/{zoom}/{at.x}/{at.y}?period=month")
        drawn = mapbox_vector_tile.decode(answer.content)["public_heat"]["features"]
        assert {one["properties"]["level"] for one in drawn} == {level}
        finest = list(layers_of(stranger.get(f"/tiles/units/{zoom}/{at.x}/{at.y}").content))
        assert [name for name in finest if name != "unit_label"][-1] == level
