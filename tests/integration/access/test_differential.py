"""
What each account is shown by every GET, against an oracle without a database: pandas and shapely over what was put in.

Every GET of the OpenAPI document must say here what it shows; a new one fails until it does.
"""

import io
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import mapbox_vector_tile
import numpy as np
import pandas as pd
import pytest
import shapely
from fastapi.testclient import TestClient
from PIL import Image

from geo import edition, photos, pictures, recut, seal
from geo.db import EVERYTHING, INTAKE, begin
from geo.keys import ring_of
from geo.roles import Role
from geo.settings import Settings
from tests.decoded import layers_of
from tiles.layers import CATALOGUE, LEVEL_ZOOMS, LISTED, PUBLIC_HEAT, tiles_in

from .conftest import PARENTS, PLACES, City, above, account, area, asking
from .test_matrix import ALLOWED, OPERATIONS

GRIDS = [code for code in PARENTS if code[0] == "M"]
MANY = {"limit": 500}


@dataclass
class Viewer:
    """An account, and what the oracle says of it; `handed` are incidents of elsewhere in its department's hands."""

    client: TestClient
    role: Role
    unit: str
    handed: set[str]
    incidents: pd.DataFrame
    wire: str
    told: set[str]  # the incidents that the feed tells of

    def within(self, code: str) -> bool:
        return self.unit in above(code)

    @property
    def visible(self) -> pd.DataFrame:
        inside = self.incidents["place"].map(self.within).to_numpy(dtype=bool)
        return self.incidents[inside | self.incidents["id"].isin(self.handed).to_numpy(dtype=bool)]

    def pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        found, cursor = [], {}
        while True:
            page = self.client.get(path, params={"limit": 60, **query, **cursor}).json()
            found += page.get("items", page.get("features"))
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}


ACCOUNTS = {
    "league": (Role.DISPATCHER, "L", None),
    "banner": (Role.DISPATCHER, "B1", None),
    "township": (Role.GRID_WORKER, "T1", None),
    "patrol": (Role.PATROL, "C4", None),
    "department": (Role.DEPARTMENT_HANDLER, "M8", "DEPT-B2"),
    "auditor": (Role.AUDITOR, "B1", None),
}
READERS = {"reader-t1": "T1", "reader-t3": "T3"}  # who opened an original each, for the auditor to find


@pytest.fixture(scope="module")
def viewers(city: City, public: TestClient, wire: str) -> dict[str, Viewer]:
    frame = owned(city)
    desk = asking(public, account(city.pool, "hand-over", Role.DISPATCHER, "L"))
    handed = [str(one) for one in frame.loc[frame["place"].isin(["M1", "M4", "M7"]), "id"].iloc[::3]]
    department = str(UUID(int=4000 + [code for code in PARENTS if code[0] != "M"].index("B2")))
    for one in handed:
        accepted = desk.patch(f"/v1/incidents/{one}", json={"state": "accepted"}, headers={"If-Match": '"1"'})
        change = {"state": "assigned", "department_id": department}
        given = desk.patch(f"/v1/incidents/{one}", json=change, headers={"If-Match": accepted.headers["etag"]})
        assert given.status_code == 200
    add_sealed(city, frame)
    recut_history(city)
    for name, unit in READERS.items():
        reader = asking(public, account(city.pool, name, Role.DISPATCHER, unit))
        assert reader.get(f"/v1/incidents/{with_sealed(frame, unit)[0]}/original").status_code == 200
    return {
        name: Viewer(
            asking(public, account(city.pool, name, role, unit, organisation)),
            role,
            unit,
            set(handed) if organisation else set(),
            frame,
            wire,
            set(handed),
        )
        for name, (role, unit, organisation) in ACCOUNTS.items()
    }


def with_sealed(frame: pd.DataFrame, unit: str = "L") -> list[str]:
    """The incidents of a unit that have a photograph and a text with a number in it: every fourth of all."""
    chosen = frame.iloc[::4]
    return chosen.loc[chosen["place"].map(lambda place: unit in above(place)).to_numpy(dtype=bool), "id"].tolist()


def recut_history(city: City) -> None:
    """All incidents once more under the edition in force: nothing moves, and each counts where it counted."""
    with begin(city.pool, EVERYTHING) as conn:
        key = edition.key_of(conn)
        assert key is not None
        recut.recut(conn, recut.Boundaries.of_edition(edition.read(conn, key, edition.digest_of(conn, key))))


def add_sealed(city: City, frame: pd.DataFrame) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    with begin(city.pool, INTAKE) as conn:
        for one in with_sealed(frame):
            seal.put_original(conn, ring_of(Settings()), UUID(one), {"title": f"13800138000 {one}"})
            photos.put(conn, UUID(one), 1, pictures.clean(out.getvalue()))


def owned(city: City) -> pd.DataFrame:
    """Each incident with the unit that it stands at, found by geometry alone; and the few that were placed by hand."""
    areas = np.array([area(code) for code in GRIDS])
    found, grid = shapely.STRtree(areas).query(city.incidents.geometry.to_numpy(), predicate="within")
    assert found.tolist() == list(range(len(city.incidents)))
    scattered = pd.DataFrame(city.incidents.drop(columns="geometry")).assign(place=[GRIDS[at] for at in grid])
    placed = pd.DataFrame({"id": city.placed.values(), "place": PLACES.values(), "lon": 122.09, "lat": 46.09})
    placed["title"], placed["category"] = "PLACED-" + placed["place"], "other"
    whole = pd.concat([scattered, placed], ignore_index=True)
    whole["id"] = whole["id"].map(str)
    return whole


def payloads(page: str) -> list[Any]:
    """The layers' data of a map, in their order."""
    starts = [match.start() for match in re.finditer(r'\{"(?:xy|zoom|shape)"', page)]
    return [json.JSONDecoder().raw_decode(page[start:])[0] for start in starts]


def page_of(viewer: Viewer, kind: str, **query: Any) -> str:
    answer = viewer.client.get(f"/v1/maps/{kind}", params={"lang": "zh", **query})
    assert answer.status_code == 200
    return answer.text


def cells(lon: Any, lat: Any) -> Counter[tuple[int, int]]:
    """Web-Mercator cells of zoom 20."""
    x = np.floor((np.asarray(lon) + 180) / 360 * 2**20).astype(int)
    radians = np.radians(np.asarray(lat))
    y = np.floor((1 - np.arcsinh(np.tan(radians)) / np.pi) / 2 * 2**20).astype(int)
    return Counter(zip(x.tolist(), y.tolist(), strict=True))


def decoded(frames: list[list[int]]) -> Counter[tuple[int, int]]:
    counted: Counter[tuple[int, int]] = Counter()
    for frame in frames:
        steps = np.array(frame).reshape(-1, 3)
        for (x, y), n in zip(np.cumsum(steps[:, :2], axis=0).tolist(), steps[:, 2].tolist(), strict=True):
            counted[x, y] += n
    return counted


def a_list_of_incidents(viewer: Viewer) -> None:
    seen = viewer.visible
    rows = viewer.pages("/v1/incidents")
    assert Counter(row["id"] for row in rows) == Counter(seen["id"])
    assert {row["id"]: row["title"] for row in rows} == dict(zip(seen["id"], seen["title"], strict=True))
    for category in ("hazard.flue", "facility.light"):
        expected = set(seen.loc[seen["category"] == category, "id"])
        assert {row["id"] for row in viewer.pages("/v1/incidents", category=category)} == expected
    for unit in ("T1", "B2", "M5"):
        expected = set(seen.loc[seen["place"].map(lambda code, unit=unit: unit in above(code)), "id"])
        assert {row["id"] for row in viewer.pages("/v1/incidents", unit=unit)} == expected
    box = shapely.box(122.015, 46.002, 122.072, 46.008)
    inside = shapely.covers(box, shapely.points(seen["lon"].to_numpy(), seen["lat"].to_numpy()))
    assert {row["id"] for row in viewer.pages("/v1/incidents", bbox=",".join(map(str, box.bounds)))} == set(
        seen.loc[inside, "id"]
    )
    for text in ("of-M7", "of-M1", "PLACED"):
        expected = set(seen.loc[seen["title"].str.contains(text), "id"])
        assert {row["id"] for row in viewer.pages("/v1/incidents", text=text)} == expected


def one_incident(viewer: Viewer) -> None:
    seen = dict(zip(viewer.visible["id"], viewer.visible["title"], strict=True))
    for one in viewer.incidents["id"]:
        answer = viewer.client.get(f"/v1/incidents/{one}")
        assert (answer.json()["title"] if answer.status_code == 200 else answer.status_code) == seen.get(one, 404)


def what_happened_to_an_incident(viewer: Viewer) -> None:
    seen = set(viewer.visible["id"])
    for one in viewer.incidents["id"].iloc[::2]:
        answer = viewer.client.get(f"/v1/incidents/{one}/history")
        assert (answer.status_code == 200) == (one in seen)
        assert answer.status_code in {200, 404}


def whose_an_incident_is_and_why(viewer: Viewer) -> None:
    seen = set(viewer.visible["id"])
    for one in viewer.incidents["id"].iloc[::2]:
        answer = viewer.client.get(f"/v1/incidents/{one}/assignments")
        assert answer.status_code == (200 if one in seen else 404)
        if one in seen and answer.json():
            owner = viewer.client.get(f"/v1/incidents/{one}").json()["unit_id"]
            assert (answer.json()[0]["unit_id"], answer.json()[0]["candidates"][0]["unit_id"]) == (owner, owner)


def the_text_as_it_was_written(viewer: Viewer) -> None:
    seen = set(viewer.visible["id"])
    for one in with_sealed(viewer.incidents):
        answer = viewer.client.get(f"/v1/incidents/{one}/original")
        shown = answer.json().get("title") if answer.status_code == 200 else answer.status_code
        assert shown == (f"13800138000 {one}" if one in seen else 404)


def photographs(viewer: Viewer) -> None:
    seen, with_one = set(viewer.visible["id"]), set(with_sealed(viewer.incidents))
    for one in viewer.incidents["id"].iloc[::2]:
        answer = viewer.client.get(f"/v1/incidents/{one}/photos")
        shown = len(answer.json()) if answer.status_code == 200 else answer.status_code
        assert shown == (int(one in with_one) if one in seen else 404)


def one_photograph(viewer: Viewer) -> None:
    seen = set(viewer.visible["id"])
    for one in with_sealed(viewer.incidents):
        answer = viewer.client.get(f"/v1/incidents/{one}/photos/1")
        assert answer.status_code == (200 if one in seen else 404)
        assert (answer.headers["content-type"] == "image/jpeg") == (one in seen)


def the_audit_log(viewer: Viewer) -> None:
    units = READERS | {name: unit for name, (_, unit, _) in ACCOUNTS.items()}
    found = {row["account"] for row in viewer.pages("/v1/audit")}
    assert {name for name in READERS if viewer.within(READERS[name])} <= found
    assert [name for name in found if not viewer.within(units[name])] == []


def places(kind: str, *, scoped: bool) -> Callable[[Viewer], None]:
    def shown(viewer: Viewer) -> None:
        prefix = f"{kind[:-1].upper()}-"
        expected = {prefix + code for code in PARENTS if code[0] != "M" and (not scoped or viewer.within(code))}
        assert {row["code"] for row in viewer.pages(f"/v1/{kind}")} == expected
        assert {row["code"] for row in viewer.pages(f"/v1/{kind}", unit="B1")} == {
            code for code in expected if "B1" in above(code.removeprefix(prefix))
        }

    return shown


def one_place(kind: str, *, scoped: bool) -> Callable[[Viewer], None]:
    def shown(viewer: Viewer) -> None:
        for code in (code for code in PARENTS if code[0] != "M"):
            answer = viewer.client.get(f"/v1/{kind}/{kind[:-1].upper()}-{code}")
            assert (answer.status_code == 200) == (not scoped or viewer.within(code))

    return shown


def units_are_published(viewer: Viewer) -> None:
    assert {row["properties"]["code"] for row in viewer.pages("/v1/units", geometry="false")} == set(PARENTS)


def team_of_a_unit(viewer: Viewer, answer: dict[str, Any]) -> None:
    """The name of the team is for all; its telephone for whoever sees the team."""
    owner = next(code for code in reversed(above(answer["units"][-1]["code"])) if code[0] != "M")
    assert answer["team"]["code"] == f"TEAM-{owner}"
    assert (answer["team"]["phone"] is not None) == viewer.within(owner)


def one_unit(viewer: Viewer) -> None:
    for code in PARENTS:
        team_of_a_unit(viewer, viewer.client.get(f"/v1/units/{code}").json())


def who_answers_for_a_point(viewer: Viewer) -> None:
    for code in GRIDS:
        middle = area(code).centroid
        query = {"lon": middle.x, "lat": middle.y, "crs": "EPSG:4326"}
        answer = viewer.client.get("/v1/units/at", params=query).json()
        assert [unit["code"] for unit in answer["units"]] == above(code)
        team_of_a_unit(viewer, answer)


def owners_of_points(viewer: Viewer) -> None:
    for code in GRIDS:
        middle = area(code).centroid
        query = {"lon": middle.x, "lat": middle.y, "crs": "EPSG:4326"}
        (owner,) = viewer.client.get("/v1/locate", params=query).json()["owners"]
        assert (owner["code"], owner["located"]) == (code, "inside")


def history_recut(viewer: Viewer) -> None:
    """Runs are told to all; what they count is what one sees. What was put under a unit by hand lies outside of all."""
    by_hand = viewer.visible["title"].str.startswith("PLACED")
    (run,) = viewer.pages("/v1/recuts")
    whole = viewer.client.get(f"/v1/recuts/{run['id']}").json()
    assert (whole["incidents"], whole["moved"], whole["outside"]) == (len(by_hand), by_hand.sum(), by_hand.sum())
    units = {unit["code"]: unit for unit in viewer.pages(f"/v1/recuts/{run['id']}/units")}
    for name, seen in (("before", viewer.visible), ("after", viewer.visible[~by_hand])):
        told = {code: unit[name] for code, unit in units.items() if unit[name] and code in PARENTS}
        assert told == seen["place"].value_counts().to_dict()


def progress_by_number(viewer: Viewer) -> None:
    """Whoever has a number follows it, and is told neither what nor where."""
    for one in viewer.incidents["id"].iloc[::9]:
        answer = viewer.client.get(f"/v1/tracking/{one}")
        assert answer.status_code == 200
        assert set(answer.json()) == {"state", "since", "stage", "received_at", "due_at", "stages"}
        assert not re.search("事项-|PLACED|M[0-9]", answer.text)


def area_of_a_unit(viewer: Viewer) -> None:
    for code in GRIDS:
        drawn = shapely.from_geojson(json.dumps(viewer.client.get(f"/v1/units/{code}/geometry").json()["geometry"]))
        assert drawn.equals(area(code))


def maps_of_incidents(viewer: Viewer) -> None:
    seen = viewer.visible
    points = payloads(page_of(viewer, "incidents"))[0]
    drawn = np.cumsum(np.array(points["xy"]).reshape(-1, 2), axis=0)
    expected = np.rint(seen[["lon", "lat"]].to_numpy(dtype=float) * 100_000).astype(int)
    assert Counter(map(tuple, drawn.tolist())) == Counter(map(tuple, expected.tolist()))
    for kind in ("heat", "heat_time"):
        assert decoded(payloads(page_of(viewer, kind))[0]["frames"]) == cells(seen["lon"], seen["lat"])
    rates = payloads(page_of(viewer, "rates"))[0]["table"]
    counted = column_of(rates, "事项")
    by_grid = seen.groupby("place").size()
    assert dict(zip(rates["heading"]["values"], map(int, counted), strict=True)) == {
        f"测试{code}": int(by_grid.get(code, 0)) for code in GRIDS
    }
    foreign = set(viewer.incidents["title"]) - set(seen["title"])
    assert not [title for title in foreign if title in page_of(viewer, "incidents")]


def column_of(table: dict[str, Any], title: str) -> list[str]:
    column = next(one for one in table["columns"] if one["title"] == title)
    return cells_of(column)


def cells_of(column: dict[str, Any]) -> list[str]:
    return column["values"] if "values" in column else [column["words"][at] for at in column["at"]]


def heat_of(viewer: Viewer, expected: pd.DataFrame, **query: str) -> None:
    """Tiles, legend and steps of heat count what the oracle counts, once memory has followed."""
    times = {"from": "2024-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z", "step": "month"}
    for _ in range(200):
        steps = viewer.client.get("/v1/heat/slices", params=times | query)
        if steps.status_code == 200 and steps.json()["total"] == len(expected):
            break
        time.sleep(0.05)
    assert steps.json()["total"] == sum(one["n"] for one in steps.json()["slices"]) == len(expected)
    assert viewer.client.get("/tiles/heat.json", params=query).json()["heat"]["total"] == len(expected)
    for z, x, y in ((0, 0, 0), (14, 13744, 5828)):
        answer = viewer.client.get(f"/tiles/heat/{z}/{x}/{y}", params=query)
        layer = mapbox_vector_tile.decode(answer.content).get("heat", {"features": []})
        within = cells_at(expected["lon"], expected["lat"], z)[x, y]
        assert sum(one["properties"]["n"] for one in layer["features"]) == within


def cells_at(lon: Any, lat: Any, zoom: int) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for (x, y), n in cells(lon, lat).items():
        found[x >> 20 - zoom, y >> 20 - zoom] += n
    return found


def heat(viewer: Viewer) -> None:
    seen = viewer.visible
    heat_of(viewer, seen)
    heat_of(viewer, seen[seen["category"].str.startswith("hazard")], category="hazard")
    for unit in ("T1", "B2", "M5"):
        heat_of(viewer, seen[seen["place"].map(lambda code, unit=unit: unit in above(code))], unit=unit)


def heat_by_unit(viewer: Viewer) -> None:
    """A unit of the own subtree tells all that is seen below it; of any other nothing is told."""
    seen = viewer.visible
    heat_of(viewer, seen)
    told: dict[str, int | None] = {}
    for level in LEVEL_ZOOMS:
        told |= {row["code"]: row["n"] for row in viewer.pages("/v1/heat/units", level=level)}
    below = Counter(code for place in seen["place"] for code in above(place))
    assert told == {code: below[code] if viewer.within(code) else None for code in PARENTS}
    hazards = Counter(seen.loc[seen["category"].str.startswith("hazard"), "place"])
    for row in viewer.pages("/v1/heat/units", level="micro_grid", category="hazard"):
        assert row["n"] == (hazards[row["code"]] if viewer.within(row["code"]) else None)


def map_of_routes(viewer: Viewer) -> None:
    answer = viewer.client.get("/v1/maps/routes", params={"lang": "zh"})
    heading = payloads(answer.text)[0]["table"]["heading"]
    assert sorted(cells_of(heading)) == sorted(
        f"路线{code}" for code in PARENTS if code[0] != "M" and viewer.within(code)
    )


def map_of_stations(viewer: Viewer) -> None:
    page = page_of(viewer, "coverage")
    assert all(f"服务站{code}" in page for code in PARENTS if code[0] != "M")


def figures_of_the_whole(viewer: Viewer) -> None:
    figures = viewer.client.get("/v1/summary").json()
    assert figures["incidents"]["total"] == len(viewer.incidents)
    assert {part["code"]: part["incidents"] for part in figures["parts"]} == {
        code: int(sum(code in above(place) for place in viewer.incidents["place"])) for code in ("B1", "B2")
    }


def the_same_for_all(path: str) -> Callable[[Viewer], None]:
    def shown(viewer: Viewer) -> None:
        answer = viewer.client.get(path)
        assert answer.status_code == 200
        assert not re.search("事项-|PLACED|0482-", answer.text)

    return shown


def what_happens(viewer: Viewer) -> None:
    """Two entries for each incident that was handed over, of those in sight; the stream is read to the newest."""
    expected = Counter(dict.fromkeys(viewer.told & set(viewer.visible["id"]), 2))
    shown: Counter[str] = Counter()
    headers = {"authorization": viewer.client.headers["authorization"], "last-event-id": "0"}
    with (
        httpx.stream("GET", f"{viewer.wire}/v1/live", headers=headers, timeout=3.0) as answer,
        suppress(httpx.ReadTimeout),
    ):
        for line in answer.iter_lines():
            if line.startswith("data: "):
                shown[json.loads(line.removeprefix("data: "))["subject"]] += 1
    assert shown == expected


def nothing_published(viewer: Viewer) -> None:
    assert viewer.client.get("/tiles/public-heat/14/13744/5828").status_code == 204


TILES = list(tiles_in((121.999, 45.999, 122.1, 46.1), [14]))


def tiled(viewer: Viewer, layer: str, inner: str, name: str) -> Counter[str]:
    """What the features of a layer are called, tile by tile, over the whole city."""
    seen: Counter[str] = Counter()
    for zoom, x, y in TILES:
        answer = viewer.client.get(f"/tiles/{layer}/{zoom}/{x}/{y}")
        assert answer.status_code in {200, 204}
        seen.update(one["properties"][name] for one in layers_of(answer.content).get(inner, []))
    return seen


def tiles_of_incidents(viewer: Viewer) -> None:
    assert tiled(viewer, "incidents", "incident", "id") == Counter(viewer.visible["id"])


def tiles_of_routes(viewer: Viewer) -> None:
    expected = {f"ROUTE-{code}" for code in PARENTS if code[0] != "M" and viewer.within(code)}
    assert set(tiled(viewer, "routes", "route", "code")) == expected


def tiles_of_stations(viewer: Viewer) -> None:
    assert tiled(viewer, "stations", "station", "code") == Counter(f"STATION-{c}" for c in PARENTS if c[0] != "M")


def tiles_of_units(viewer: Viewer) -> None:
    assert set(tiled(viewer, "units", "micro_grid", "code")) == set(GRIDS)


def tiles_of_the_ground(viewer: Viewer) -> None:
    named = {f"测试{code}" for code in PARENTS if code[0] in "BTC"}
    assert set(tiled(viewer, "base", "place_label", "name")) == named


def layers_of_tiles(viewer: Viewer) -> None:
    named = {layer["name"] for layer in viewer.client.get("/tiles/").json()["layers"]}
    assert named == {layer.name for layer in LISTED if viewer.role in ALLOWED[layer.permission]}


def no_overlays(viewer: Viewer) -> None:
    assert not tiled(viewer, "overlays", "overlay", "code"), "the city has none"


def published_editions(viewer: Viewer) -> None:
    """Boundaries are published: whoever may read units sees all of them, and nothing else."""
    page = page_of(viewer, "compare", at=datetime.now(UTC).isoformat())
    layers = [data for data in payloads(page) if "table" in data]
    shown = {code for data in layers for code in data["table"]["columns"][0].get("values", [])}
    assert set(GRIDS) <= shown
    assert "PLACED-" not in page


def who_one_is(viewer: Viewer) -> None:
    answer = viewer.client.get("/v1/session").json()
    assert answer["account"] in ACCOUNTS
    assert answer["grants"] == []  # a token has one grant and no choice


def nothing_for_a_token(viewer: Viewer) -> None:
    assert viewer.client.get("/v1/session/all").status_code == 403


SHOWS: dict[str, Callable[[Viewer], None]] = {
    "/v1/incidents": a_list_of_incidents,
    "/v1/incidents/{incident_id}": one_incident,
    "/v1/incidents/{incident_id}/history": what_happened_to_an_incident,
    "/v1/incidents/{incident_id}/assignments": whose_an_incident_is_and_why,
    "/v1/incidents/{incident_id}/original": the_text_as_it_was_written,
    "/v1/incidents/{incident_id}/photos": photographs,
    "/v1/incidents/{incident_id}/photos/{number}": one_photograph,
    "/v1/audit": the_audit_log,
    "/v1/teams": places("teams", scoped=True),
    "/v1/teams/{code}": one_place("teams", scoped=True),
    "/v1/routes": places("routes", scoped=True),
    "/v1/routes/{code}": one_place("routes", scoped=True),
    "/v1/stations": places("stations", scoped=False),
    "/v1/stations/{code}": one_place("stations", scoped=False),
    "/v1/units": units_are_published,
    "/v1/units/{code}": one_unit,
    "/v1/units/at": who_answers_for_a_point,
    "/v1/units/{code}/geometry": area_of_a_unit,
    "/v1/locate": owners_of_points,
    "/v1/recuts": history_recut,
    "/v1/recuts/{recut_id}": history_recut,
    "/v1/recuts/{recut_id}/units": history_recut,
    "/v1/tracking/{report_number}": progress_by_number,
    "/v1/maps/compare": published_editions,
    "/v1/maps/{kind}": maps_of_incidents,
    "/v1/maps/routes": map_of_routes,
    "/v1/maps/coverage": map_of_stations,
    "/v1/summary": figures_of_the_whole,
    "/v1/summary/units": the_same_for_all("/v1/summary/units"),
    "/v1/heat/slices": heat,
    "/v1/heat/units": heat_by_unit,
    "/tiles/heat.json": heat,
    "/tiles/heat/{z}/{x}/{y}": heat,
    "/v1/public/heat": the_same_for_all("/v1/public/heat"),
    "/tiles/public-heat/{z}/{x}/{y}": nothing_published,
    "/v1/categories": the_same_for_all("/v1/categories"),
    "/v1/channels": the_same_for_all("/v1/channels"),
    "/v1/lifecycle": the_same_for_all("/v1/lifecycle"),
    "/v1/live": what_happens,
    "/v1/session": who_one_is,
    "/v1/session/all": nothing_for_a_token,
    "/v1/session/providers": the_same_for_all("/v1/session/providers"),
    "/tiles/": layers_of_tiles,
    "/tiles/incidents/{z}/{x}/{y}": tiles_of_incidents,
    "/tiles/routes/{z}/{x}/{y}": tiles_of_routes,
    "/tiles/stations/{z}/{x}/{y}": tiles_of_stations,
    "/tiles/units/{z}/{x}/{y}": tiles_of_units,
    "/tiles/base/{z}/{x}/{y}": tiles_of_the_ground,
    "/tiles/overlays/{z}/{x}/{y}": no_overlays,
    **{path: the_same_for_all(path) for path in (f"/tiles/{name}.json" for name in (*CATALOGUE, PUBLIC_HEAT.name))},
    "/tiles/styles/{theme}.json": the_same_for_all("/tiles/styles/light.json"),
    "/health/live": the_same_for_all("/health/live"),
    "/health/ready": the_same_for_all("/health/ready"),
    "/metrics": the_same_for_all("/metrics"),
}
GETS = {operation.path: operation for operation in OPERATIONS if operation.method == "GET"}


@pytest.mark.parametrize("path", sorted(GETS))
@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_account_is_shown_its_subtree_and_what_was_handed_to_it(
    viewers: dict[str, Viewer], city: City, name: str, path: str
) -> None:
    assert path in SHOWS, "say in SHOWS what this route shows, by an oracle of its own"
    viewer = viewers[name]
    if viewer.role in ALLOWED[GETS[path].permission]:
        SHOWS[path](viewer)
        return
    filled = path.format(
        incident_id=city.placed["own"],
        code="x",
        number=1,
        recut_id=1,
        kind="incidents",
        theme="light",
        z=14,
        x=13744,
        y=5828,
    )
    assert viewer.client.get(filled).status_code == 403


def test_the_accounts_differ_and_something_was_handed_over(viewers: dict[str, Viewer]) -> None:
    counts = {name: len(viewer.visible) for name, viewer in viewers.items()}
    assert counts["league"] == len(viewers["league"].incidents) > counts["banner"] > counts["township"] > 20
    department = viewers["department"]
    assert len(department.handed - set(department.incidents.loc[department.incidents["place"] == "M8", "id"])) > 10
