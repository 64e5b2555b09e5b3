"""Water in the tiles of the base map, against Shapely: its shape, from which zoom it is there, and what changes it."""

import json
import time
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool

from geo import db, registers
from tests.decoded import layers_of, shapes_of
from tiles.layers import MATRICES

TURN = np.linspace(0, 2 * np.pi, 400)


def ragged(reach: float) -> Any:
    """A lake around the middle of the city, with bays."""
    away = reach * (1 + 0.2 * np.sin(7 * TURN) + 0.05 * np.sin(41 * TURN))
    return shapely.Polygon(np.column_stack([122.01 + 1.4 * away * np.cos(TURN), 46.01 + away * np.sin(TURN)]))


LAKE = shapely.difference(ragged(0.006), ragged(0.002))  # and an island
RIVER = shapely.LineString(np.column_stack([121.9 + 0.2 * TURN / TURN[-1], 46.012 + 0.004 * np.sin(5 * TURN)]))
POND = shapely.box(122.0021, 46.0021, 122.0026, 46.0024)


def rivers_and_lakes() -> gpd.GeoDataFrame:
    known = {"code": ["a", "b", "c"], "kind": ["lake", "river", "pond"], "name": ["月亮泡", "归流河", None]}
    english = {"name_en": ["Moon Lake", "Guiliu River", None], "source": "test", "synthetic": True}
    return gpd.GeoDataFrame(known | english, geometry=[LAKE, RIVER, POND], crs=4326)


@pytest.fixture(scope="module", autouse=True)
def water(city: ConnectionPool[db.Connection]) -> gpd.GeoDataFrame:
    with db.begin(city, db.EVERYTHING) as conn:
        registers.put_water(conn, rivers_and_lakes())
    return rivers_and_lakes()


def features(client: TestClient, zoom: int, x: int, y: int, layer: str = "water") -> list[dict[str, Any]]:
    return layers_of(client.get(f"/tiles/base/{zoom}/{x}/{y}").content).get(layer, [])


def here(client: TestClient, zoom: int, layer: str = "water") -> list[dict[str, Any]]:
    tile = MATRICES.tile(122.01, 46.01, zoom)
    return features(client, zoom, tile.x, tile.y, layer)


def in_tile(shape: Any, zoom: int, x: int, y: int) -> Any:
    """What lies in a tile and its border, in tile units with y running downwards."""

    def moved(at: np.ndarray) -> np.ndarray:
        lat = np.radians(at[:, 1])
        across, down = at[:, 0] / 360 + 0.5, 0.5 - np.log(np.tan(np.pi / 4 + lat / 2)) / (2 * np.pi)
        return (np.column_stack([across, down]) * 2**zoom - [x, y]) * 4096

    return shapely.intersection(shapely.transform(shape, moved), shapely.box(-64, -64, 4160, 4160))


@pytest.mark.parametrize("zoom", [8, 11, 13, 14, 16])
def test_a_lake_and_a_river_are_drawn_as_they_are_to_a_tile_unit(public: TestClient, zoom: int) -> None:
    first, last = MATRICES.tile(121.99, 46.02, zoom), MATRICES.tile(122.03, 46.0, zoom)
    for x in range(first.x, last.x + 1):
        for y in range(first.y, last.y + 1):
            found = features(public, zoom, x, y)
            shown = {one["properties"]["kind"]: shapes_of([one]).popitem()[1] for one in found}
            lake, river = in_tile(LAKE, zoom, x, y), in_tile(RIVER, zoom, x, y)
            assert ("lake" in shown, "river" in shown) == (not lake.is_empty, not river.is_empty)
            if "lake" in shown:
                assert shown["lake"].is_valid
                strange = shapely.symmetric_difference(shown["lake"], lake).area
                assert strange < 1.5 * max(lake.length, 4)
            if "river" in shown:
                inner = shapely.intersection(river, shapely.box(-56, -56, 4152, 4152))
                assert shapely.covers(shapely.buffer(shown["river"], 2), inner)
                assert shapely.covers(shapely.buffer(river, 8), shown["river"])


def test_small_water_waits_for_its_zoom_and_a_name_for_its_room(public: TestClient) -> None:
    kinds = {zoom: {one["properties"]["kind"] for one in here(public, zoom)} for zoom in (6, 7, 11, 14)}
    assert kinds == {6: {"river"}, 7: {"lake", "river"}, 11: {"lake", "river"}, 14: {"lake", "river", "pond"}}
    assert names(public, 14) == [{"kind": "water", "name": "月亮泡", "name_en": "Moon Lake"}]
    assert names(public, 9) == []


def names(client: TestClient, zoom: int) -> list[dict[str, Any]]:
    """Those of areas of water in the tile of the city and all around it."""
    tile = MATRICES.tile(122.01, 46.01, zoom)
    around = [(tile.x + east, tile.y + south) for east in (-1, 0, 1) for south in (-1, 0, 1)]
    found = [one["properties"] for x, y in around for one in features(client, zoom, x, y, "place_label")]
    return [one for one in found if one["kind"] == "water"]


def test_a_tile_tells_kind_and_names(public: TestClient) -> None:
    (river,) = [one for one in here(public, 6) if one["properties"]["kind"] == "river"]
    assert river["properties"] == {"kind": "river", "name": "归流河", "name_en": "Guiliu River"}


def test_a_river_that_is_renamed_is_drawn_anew(public: TestClient, city: ConnectionPool[db.Connection]) -> None:
    tile = MATRICES.tile(122.01, 46.01, 10)
    address = f"/tiles/base/{tile.z}/{tile.x}/{tile.y}"
    before = public.get(address).headers["etag"]
    renamed = rivers_and_lakes().replace({"name": {"归流河": "新河"}})
    with db.begin(city, db.EVERYTHING) as conn:
        assert registers.put_water(conn, renamed).loaded == 1
    for _ in range(100):  # the counters of statistics are a moment late
        if public.get(address).headers["etag"] != before:
            break
        time.sleep(0.1)
    assert "新河" in {one["properties"].get("name") for one in features(public, tile.z, tile.x, tile.y)}


def payload_of_water(page: str) -> dict[str, Any]:
    """What a map as a page draws water from."""
    start = page.index('{"areas":{"xy"')
    return json.JSONDecoder().raw_decode(page[start:])[0]


@pytest.mark.parametrize("kind", ["coverage", "heat", "routes"])
def test_maps_as_pages_have_the_lake_and_the_river_on_their_ground(client: TestClient, kind: str) -> None:
    drawn = payload_of_water(client.get(f"/v1/maps/{kind}", params={"lang": "en"}).text)
    steps = np.array(drawn["rivers"]["xy"], dtype=float).reshape(-1, 2).cumsum(axis=0) / 1e5
    river = shapely.LineString(steps)
    assert shapely.hausdorff_distance(river, RIVER) < 0.001
    assert len(drawn["weights"]) == 1
    assert drawn["areas"]["groups"] == [1, 1], "the lake and the pond"
    assert drawn["areas"]["parts"] == [2, 1], "the lake has its island"


def test_a_map_without_water_has_no_layer_of_it(client: TestClient, city: ConnectionPool[db.Connection]) -> None:
    with db.begin(city, db.EVERYTHING) as conn:
        conn.execute("DELETE FROM water")
    try:
        assert '{"areas":{"xy"' not in client.get("/v1/maps/heat", params={"lang": "en"}).text
    finally:
        with db.begin(city, db.EVERYTHING) as conn:
            registers.put_water(conn, rivers_and_lakes())
