"""Doubtful places over HTTP: reported, listed, explained, settled."""

from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool

from geo import db
from geo.roles import Role

from .conftest import acting, token

MATTER = {
    "category": "other",
    "channel": "snap",
    "title": "井盖缺失",
    "lon": 122.0095,
    "lat": 46.005,
    "crs": "EPSG:4326",
}


def test_a_doubtful_incident_is_listed_explained_and_settled_against_its_version(
    client: TestClient, public: TestClient, city: ConnectionPool[db.Connection]
) -> None:
    made = client.post("/v1/incidents", json=MATTER | {"accuracy_m": 100})
    assert (made.status_code, made.json()["doubts"], made.json()["unit_code"]) == (201, ["accuracy"], "M1")
    address, tag = made.headers["location"], made.headers["etag"]
    queue = client.get("/v1/incidents", params={"ambiguous": "true"}).json()["items"]
    assert made.json()["id"] in {one["id"] for one in queue}
    (decided,) = client.get(f"{address}/assignments").json()
    assert [one["code"] for one in decided["candidates"]] == ["M1", "M2"]
    said = {"unit": "M2", "reason": "现场核实"}
    assert client.post(f"{address}/settle", json=said).status_code == 428
    assert client.post(f"{address}/settle", json=said, headers={"If-Match": '"7"'}).status_code == 412
    patrol = acting(public, token(city, "patrol.m1", Role.PATROL, "B1"))
    assert patrol.post(f"{address}/settle", json=said, headers={"If-Match": tag}).status_code == 403
    sibling = acting(public, token(city, "duty.b2", Role.DISPATCHER, "B2"))
    assert sibling.post(f"{address}/settle", json=said, headers={"If-Match": tag}).status_code == 404
    own = acting(public, token(city, "duty.b1", Role.DISPATCHER, "B1"))
    refused = own.post(f"{address}/settle", json=said | {"unit": "M4"}, headers={"If-Match": tag})
    assert (refused.status_code, refused.json()["code"]) == (422, "not-a-candidate")
    done = own.post(f"{address}/settle", json=said, headers={"If-Match": tag})
    assert (done.status_code, done.json()["unit_code"], done.json()["ambiguous"]) == (200, "M2", False)
    assert done.headers["etag"] == client.get(address).headers["etag"] != tag


def test_a_building_that_is_not_there_is_said_so_in_both_languages(client: TestClient) -> None:
    titles = [
        client.post("/v1/incidents", json=MATTER | {"building_code": "H9"}, headers={"Accept-Language": one}).json()
        for one in ("zh", "en")
    ]
    assert [one["code"] for one in titles] == ["unknown-building"] * 2
    assert [one["title"] for one in titles] == ["没有此编码的楼栋。", "There is no building with that code."]
