"""Tiles over HTTP: what they hold, who gets them, what changes, and what is refused."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import pytest
import shapely
from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool

from api import tiles as served
from api.app import create_app
from geo import db, publication
from geo.settings import Settings
from tests.city import GRIDS, LONG_AGO, small_city
from tests.conftest import Server, copied, make_conninfo
from tests.decoded import layers_of, shapes_of
from tiles import styles
from tiles.layers import CATALOGUE, LISTED, MATRICES, WORLD

HERE = MATRICES.tile(122.01, 46.01, 13)  # holds the corner where the four micro-grids meet
MVT = "application/vnd.mapbox-vector-tile"


def path(layer: str, zoom: int = 13, lon: float = 122.005, lat: float = 46.005) -> str:
    tile = MATRICES.tile(lon, lat, zoom)
    return f"/tiles/{layer}/{tile.z}/{tile.x}/{tile.y}"


def held(client: TestClient, address: str) -> dict[str, list[dict[str, Any]]]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MVT
    return layers_of(answer.content)


def test_a_tile_of_units_has_each_level_and_the_places_of_their_names(public: TestClient) -> None:
    found = held(public, path("units", 14))
    assert {name: len(features) for name, features in found.items()} == {
        "league": 1, "banner": 2, "micro_grid": 4, "unit_label": 2
    }  # fmt: skip
    assert {one["properties"]["code"] for one in found["micro_grid"]} == set(GRIDS)
    assert {one["properties"]["parent_id"] for one in found["micro_grid"]} == {one["id"] for one in found["banner"]}
    assert found["league"][0]["properties"]["name_en"] == "Example League"
    south, north = shapes_of(found["banner"]).values()
    assert south.is_valid
    assert south.intersection(north).length > 0
    assert south.intersection(north).area == 0


def test_each_level_is_there_from_its_zoom_on_or_in_place_of_those_that_the_city_has_not(public: TestClient) -> None:
    told = {one["id"]: one["minzoom"] for one in public.get("/tiles/units.json").json()["vector_layers"]}
    from_zoom = {"league": 0, "banner": 5, "micro_grid": 8}  # where a township would be
    for zoom in range(17):
        found = set(held(public, path("units", zoom))) - {"unit_label"}
        assert found == {level for level, least in from_zoom.items() if least <= zoom}
    assert told == from_zoom | {"unit_label": 3}


def test_a_tile_says_what_it_is_to_caches(client: TestClient) -> None:
    published, scoped = client.get(path("units")), client.get(path("incidents"))
    assert published.headers["cache-control"] == "public, max-age=60"
    assert published.headers["content-encoding"] == "gzip"
    assert published.headers["vary"] == "accept-encoding"
    assert scoped.headers["cache-control"] == "private, no-cache"
    assert {"cookie", "authorization"} <= {word.strip() for word in scoped.headers["vary"].split(",")}


def test_a_tag_is_of_the_content_and_is_compared_after_the_permission(client: TestClient, public: TestClient) -> None:
    for layer in ("units", "routes"):
        tag = client.get(path(layer)).headers["etag"]
        assert client.get(path(layer), headers={"If-None-Match": tag}).status_code == 304
        assert client.get(path(layer), headers={"If-None-Match": '"other"'}).status_code == 200
    assert public.get(path("routes"), headers={"If-None-Match": tag}).status_code == 401


def test_whoever_cannot_unzip_gets_the_same_tile_plain(public: TestClient) -> None:
    zipped, plain = (public.get(path("units"), headers={"Accept-Encoding": how}) for how in ("gzip", "identity"))
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]


def test_where_nothing_is_the_answer_is_empty(public: TestClient) -> None:
    answer = public.get("/tiles/units/13/0/0")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/tiles/nothing/1/0/0", 404, "no-such-route"),
        ("/tiles/units/17/0/0", 404, "no-such-tile"),
        ("/tiles/units/3/8/0", 404, "no-such-tile"),
        ("/tiles/units/3/0/8", 404, "no-such-tile"),
        ("/tiles/base/5/0/0", 404, "no-such-tile"),
        ("/tiles/units/3/-1/0", 400, "bad-parameter"),
        ("/tiles/units/x/0/0", 400, "bad-parameter"),
        ("/tiles/units/3/0/99999999999999999999999", 404, "no-such-tile"),
        ("/tiles/units/3/0/0?at=yesterday", 400, "bad-parameter"),
        ("/tiles/units/3/0/0?at=2026-05-01T00:00:00", 400, "bad-parameter"),
        ("/tiles/units/3/0/0?at=2020-05-01T00:00:00Z", 404, "no-units-then"),
        ("/tiles/base/6/0/0?at=2026-05-01T00:00:00Z", 400, "unknown-parameter"),
        ("/tiles/units/3/0/0?x=1", 400, "unknown-parameter"),
        ("/tiles/incidents/13/0/0", 401, "sign-in-needed"),
        ("/tiles/styles/pink.json", 400, "bad-parameter"),
    ],
)
def test_what_cannot_be_is_a_small_clean_refusal(public: TestClient, address: str, status: int, code: str) -> None:
    answer = public.get(address)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.content) < 500


def test_a_bad_token_is_told_also_for_a_tile_at_hand(public: TestClient) -> None:
    assert public.get(path("units")).status_code == 200
    assert public.get(path("units"), headers={"Authorization": "Bearer wg_x_y"}).status_code == 401


def test_a_tile_at_hand_is_refused_under_a_strange_name(public: TestClient) -> None:
    assert public.get(path("units")).status_code == 200
    assert public.get(path("units"), headers={"Host": "evil.example"}).status_code == 421


def test_tiles_at_hand_are_counted_with_the_others(auditor: TestClient) -> None:
    def counted() -> float:
        lines = auditor.get("/metrics").text.splitlines()
        wanted = 'wangge_requests_total{method="GET",route="/tiles/units/{z}/{x}/{y}",status="200"}'
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(wanted))

    auditor.get(path("units"))
    before = counted()
    for _ in range(3):
        assert "x-request-id" in auditor.get(path("units")).headers
    assert counted() == before + 3


def test_a_station_is_a_point_in_one_tile_without_its_telephone(public: TestClient) -> None:
    codes = []
    for x in range(HERE.x - 1, HERE.x + 2):
        for y in range(HERE.y - 1, HERE.y + 2):
            answer = public.get(f"/tiles/stations/13/{x}/{y}")
            features = layers_of(answer.content).get("station", [])
            codes += [one["properties"]["code"] for one in features]
            assert all(set(one["properties"]) <= {"id", "code", "kind", "name"} for one in features)
    assert sorted(codes) == [f"S{code}" for code in GRIDS]


def reported(client: TestClient, lon: float, lat: float) -> str:
    report = {"category": "hazard.flue", "channel": "snap", "title": "私改烟道", "lon": lon, "lat": lat}
    answer = client.post("/v1/incidents", json=report | {"crs": "EPSG:4326"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_a_new_incident_changes_its_tile_and_no_other(client: TestClient) -> None:
    near, far = path("incidents", 16, 122.005, 46.005), path("incidents", 16, 122.015, 46.015)
    reported(client, 122.0151, 46.0151)
    before = {one: client.get(one).headers.get("etag") for one in (near, far)}
    made = reported(client, 122.0051, 46.0051)
    after = {one: client.get(one).headers.get("etag") for one in (near, far)}
    assert (before[near] != after[near], before[far] == after[far]) == (True, True)
    (seen,) = [one for one in held(client, near)["incident"] if one["properties"]["id"] == made]
    assert seen["properties"] == {"id": made, "category": "hazard.flue", "state": "reported", "priority": 1}


def test_of_too_many_incidents_the_newest_are_shown_and_the_others_counted(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiles.row_tiles.MOST_INCIDENTS", 2)
    made = [reported(client, 122.0021 + 0.0001 * n, 46.0081) for n in range(5)]
    found = held(client, path("incidents", 16, 122.0022, 46.0081))
    assert [one["properties"]["id"] for one in found["incident"]] == made[:-3:-1]
    assert found["incident_more"][0]["properties"]["count"] >= 3


def test_a_flood_of_tiles_leaves_the_rest_of_the_service_alone(
    public: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_up, go_on = threading.Semaphore(0), threading.Event()

    def slow(*_: object) -> bytes:
        held_up.release()
        go_on.wait(60)
        return b""

    monkeypatch.setattr(served.row_tiles, "tile", slow)
    monkeypatch.setattr(served, "MOST_WAITING", 6)
    with ThreadPoolExecutor(30) as threads:
        tiles = [threads.submit(public.get, f"/tiles/base/16/{n}/7") for n in range(30)]
        try:
            for _ in range(served.AT_ONCE):
                assert held_up.acquire(timeout=30)
            assert public.get("/v1/units").status_code == 200
            assert public.get(path("units", 15)).status_code == 200
        finally:
            go_on.set()
        answers = [tile.result() for tile in tiles]
    assert {answer.status_code for answer in answers} == {204, 503}
    assert sum(answer.status_code == 204 for answer in answers) >= 6
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert (refused.json()["code"], "retry-after" in refused.headers) == ("tiles-busy", True)


def test_the_catalogue_names_what_whoever_asks_may_have(public: TestClient, client: TestClient) -> None:
    def names(asking: TestClient) -> set[str]:
        return {layer["name"] for layer in asking.get("/tiles/").json()["layers"]}

    assert names(public) == {layer.name for layer in LISTED if layer.public} == names(client) - {
        "routes", "incidents", "heat"
    }  # fmt: skip
    for asking in (public, client):
        for layer in asking.get("/tiles/").json()["layers"]:
            told = asking.get(layer["tilejson"])
            assert (told.status_code, told.json()["name"]) == (200, layer["zh"])
            assert {one["id"] for one in told.json()["vector_layers"]} or layer["name"] == "overlays"


def test_overlays_are_drawn_once_they_are_in_force_and_listed_then(server: Server, template: str) -> None:
    market = gpd.GeoDataFrame(
        {"code": ["K1"], "parent_code": None, "level": "micro_grid", "name": "商场", "name_en": "Mall"},
        geometry=[shapely.box(122.008, 46.004, 122.012, 46.006)],
        crs="EPSG:4326",
    )
    with copied(server, template) as name:
        dsn = make_conninfo(server.login, dbname=name)
        with db.open_pool(dsn, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
            publication.publish(conn, small_city(), LONG_AGO, system="test")
            soon = datetime.now(UTC) + timedelta(seconds=8)
            publication.publish(conn, market, soon, system="test", layer="dedicated")
        settings = Settings(dsn=dsn, pool_size=4, log_level="error")
        with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as asking:
            address = path("overlays", 14, 122.01, 46.005)
            assert asking.get("/tiles/overlays.json").json()["vector_layers"] == []
            assert asking.get(address).status_code == 204
            for _ in range(100):  # a map that is open sees it by itself
                time.sleep(0.2)
                if asking.get(address).status_code == 200:
                    break
            assert datetime.now(UTC) > soon
            found = held(asking, address)
            (area,) = found["overlay"]
            assert area["properties"] == {"layer": "dedicated", "code": "K1", "name": "商场", "name_en": "Mall"}
            assert len(found["overlay_label"]) <= 1
            told = asking.get("/tiles/overlays.json").json()
            assert [one["id"] for one in told["vector_layers"]] == ["overlay", "overlay_label"]
            assert set(held(asking, path("units", 14))) == {"league", "banner", "micro_grid", "unit_label"}


def test_a_description_holds_whole_addresses_and_the_bounds_of_the_units(public: TestClient) -> None:
    for name in ("units", "base", "stations"):
        told = public.get(f"/tiles/{name}.json").json()
        assert told["tilejson"] == "3.0.0"
        assert told["tiles"] == [f"http://127.0.0.1:8000/tiles/{name}/{{z}}/{{x}}/{{y}}"]
        assert told["bounds"] == [122.0, 46.0, 122.02, 46.02]
        assert (told["minzoom"], told["maxzoom"]) == (CATALOGUE[name].minzoom, CATALOGUE[name].maxzoom)


def test_without_units_the_description_is_of_the_world_and_a_tile_says_what_to_do(
    server: Server, template: str
) -> None:
    with copied(server, template) as name:
        settings = Settings(dsn=make_conninfo(server.login, dbname=name), pool_size=4, log_level="error")
        with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as empty:
            assert empty.get("/tiles/units.json").json()["bounds"] == list(WORLD)
            assert (empty.get("/tiles/units/0/0/0").status_code, empty.get("/tiles/base/6/53/22").status_code) == (
                503,
                204,
            )


@pytest.mark.parametrize("theme", styles.PALETTES)
def test_a_style_draws_only_what_our_tiles_hold_and_loads_nothing_from_elsewhere(
    public: TestClient, theme: str
) -> None:
    style = public.get(f"/tiles/styles/{theme}.json", params={"lang": "en"}).json()
    assert not {"glyphs", "sprite"} & set(style)
    for source in style["sources"].values():
        assert source["url"].startswith("http://127.0.0.1:8000/tiles/")
    for layer in style["layers"][1:]:
        told = {inner.id: inner for inner in CATALOGUE[layer["source"]].layers}
        if layer["source"] == "units":
            assert "minzoom" not in layer  # the tiles decide, by what levels the city has
        else:
            assert layer["minzoom"] >= told[layer["source-layer"]].minzoom


def test_an_outer_base_map_is_drawn_only_if_it_is_configured(public: TestClient, database: str) -> None:
    outer = "https://tiles.example/{z}/{x}/{y}.png?tk=t"
    settings = Settings(dsn=database, pool_size=4, log_level="error", base_map=outer)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as configured:
        answers = [asked.get("/tiles/styles/light.json") for asked in (public, configured)]
    assert [one.json()["sources"].get("outer", {}).get("tiles") for one in answers] == [None, [outer]]
    allowed = ["https://tiles.example" in one.headers["content-security-policy"] for one in answers]
    assert allowed == [False, True]


def test_a_publication_changes_the_touched_tiles_and_no_other(
    public: TestClient, city: ConnectionPool[db.Connection]
) -> None:
    touched, other = path("units", 16, 122.015, 46.015), path("units", 16, 122.005, 46.005)
    before = {one: public.get(one).headers["etag"] for one in (touched, other)}
    at = datetime.now(UTC)
    renamed = small_city()
    renamed.loc[renamed["code"] == "M4", "name"] = "新名"
    with db.begin(city, db.EVERYTHING) as conn:
        publication.publish(conn, renamed, at, system="test")
    public.app.state.service.editions.look()
    assert held(public, touched)["micro_grid"][0]["properties"]["name"] == "新名"
    assert public.get(touched).headers["etag"] != before[touched]
    assert public.get(other).headers["etag"] == before[other]
    past = public.get(touched, params={"at": (at - timedelta(days=1)).isoformat()})
    assert past.headers["etag"] == before[touched]


def test_the_description_of_units_at_an_instant_leads_to_the_tiles_of_then(public: TestClient) -> None:
    now = public.get("/tiles/units.json").json()
    then = public.get("/tiles/units.json", params={"at": "2026-01-15T00:00:00+08:00"}).json()
    assert then["vector_layers"] == now["vector_layers"]
    assert then["bounds"] == now["bounds"]
    tile = then["tiles"][0].format(z=6, x=53, y=22)
    assert tile.endswith("/tiles/units/6/53/22?at=2026-01-14T16%3A00%3A00%2B00%3A00")
    assert public.get(tile).content == public.get(tile.partition("?")[0]).content


def test_units_are_not_described_before_there_were_any(public: TestClient) -> None:
    assert public.get("/tiles/units.json", params={"at": "2001-01-15T00:00:00Z"}).status_code == 404
