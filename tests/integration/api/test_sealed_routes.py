"""Contacts, text as written, photographs and the audit log over HTTP."""

import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from psycopg_pool import ConnectionPool

from geo import db
from geo.roles import Role
from tests.integration.api.conftest import acting, token

Pool = ConnectionPool[db.Connection]
PHONE, REASON = "13800138000", {"reason": "回访核实情况"}
SAID = {
    "category": "hazard.flue",
    "channel": "snap",
    "title": f"私改烟道 {PHONE}",
    "address": "3号楼2单元",
    "lon": 122.005,
    "lat": 46.005,
    "crs": "EPSG:4326",
    "contact": {"phone": PHONE, "name": "王"},
}


@pytest.fixture(scope="module")
def patrol(city: Pool, public: TestClient) -> TestClient:
    return acting(public, token(city, "patrol", Role.PATROL))


@pytest.fixture
def incident(public: TestClient) -> str:
    """The address of an incident that the public reported with a contact and a number in its text."""
    made = public.post("/v1/incidents", json=SAID)
    assert made.status_code == 201
    assert PHONE not in made.text
    return made.headers["location"]


def photograph(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(out, kind)
    return out.getvalue()


def test_the_numbers_of_a_report_are_masked_in_every_answer(client: TestClient, incident: str) -> None:
    answers = [incident, f"{incident}/history", "/v1/incidents?limit=500"]
    assert client.get(incident).json()["title"] == "私改烟道 [电话]"
    assert not any(PHONE in client.get(address).text for address in answers)


def test_a_contact_is_opened_for_a_reason_and_the_auditor_sees_who_did(
    client: TestClient, auditor: TestClient, incident: str
) -> None:
    opened = client.post(f"{incident}/reporter/reveal", json=REASON)
    assert opened.json() == {"phone": PHONE, "name": "王", "other": None}
    assert opened.headers["cache-control"] == "no-store"
    assert client.get(f"{incident}/original").json() == {"title": SAID["title"]}
    logged = auditor.get("/v1/audit", params={"subject": incident.rpartition("/")[2]})
    assert [(entry["kind"], entry["account"], entry["reason"]) for entry in logged.json()["items"]] == [
        ("original.read", "desk", ""),
        ("reporter.revealed", "desk", REASON["reason"]),
    ]
    assert PHONE not in logged.text


def test_without_a_reason_or_the_permission_nothing_is_opened(
    client: TestClient, public: TestClient, auditor: TestClient, patrol: TestClient, incident: str
) -> None:
    for body in ({}, {"reason": ""}, {"reason": "   "}, {"reason": " a  b "}):
        assert client.post(f"{incident}/reporter/reveal", json=body).status_code in {400, 422}
    for who, status in ((public, 401), (auditor, 403), (patrol, 403)):
        assert who.post(f"{incident}/reporter/reveal", json=REASON).status_code == status
        assert who.get(f"{incident}/original").status_code == status


def test_a_report_repeated_under_its_key_is_sealed_once(client: TestClient, public: TestClient) -> None:
    headers = {"Idempotency-Key": "the-same-key-again"}
    first, second = (client.post("/v1/incidents", json=SAID, headers=headers) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert client.post(f"{first.headers['location']}/reporter/reveal", json=REASON).json()["phone"] == PHONE


def test_a_contact_that_reaches_nobody_is_refused(public: TestClient) -> None:
    refused = public.post("/v1/incidents", json=SAID | {"contact": {"name": "王"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "no-contact")


def test_a_photograph_is_added_looked_at_and_blurred(patrol: TestClient, incident: str) -> None:
    made = patrol.post(f"{incident}/photos", content=photograph(), headers={"content-type": "image/png"})
    assert (made.status_code, made.json()["number"], made.json()["version"]) == (201, 1, 1)
    seen = patrol.get(f"{incident}/photos/1")
    assert (seen.headers["content-type"], seen.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert "sandbox" in seen.headers["content-security-policy"]
    assert "no-store" in seen.headers["cache-control"]
    assert seen.headers["content-disposition"] == 'inline; filename="photo.jpg"'
    assert Image.open(io.BytesIO(seen.content)).size == (400, 300)
    part = {"left": 0, "top": 0, "right": 50, "bottom": 50}
    blurred = patrol.post(f"{incident}/photos/1/blur", json={"version": 1, "rectangles": [part]})
    assert blurred.json()["version"] == 2
    again = patrol.post(f"{incident}/photos/1/blur", json={"version": 1, "rectangles": [part]})
    assert again.status_code == 412
    outside = {"version": 2, "rectangles": [part | {"right": 500}]}
    assert patrol.post(f"{incident}/photos/1/blur", json=outside).status_code == 422
    assert [photo["number"] for photo in patrol.get(f"{incident}/photos").json()] == [1]


@pytest.mark.parametrize("body", [b"", b"<svg/>", photograph()[:-9], photograph("JPEG") + b"<script>"])
def test_what_is_no_picture_is_refused(patrol: TestClient, incident: str, body: bytes) -> None:
    refused = patrol.post(f"{incident}/photos", content=body, headers={"content-type": "image/png"})
    assert (refused.status_code, refused.json()["code"]) == (422, "picture-refused")


def test_photographs_are_for_who_handles_the_incident(
    public: TestClient, auditor: TestClient, patrol: TestClient, incident: str
) -> None:
    patrol.post(f"{incident}/photos", content=photograph(), headers={"content-type": "image/png"})
    for who, status in ((public, 401), (auditor, 403)):
        for address in (f"{incident}/photos", f"{incident}/photos/1"):
            assert who.get(address).status_code == status
    assert patrol.get(f"{incident}/photos/2").status_code == 404
    nowhere = "/v1/incidents/00000000-0000-0000-0000-000000000009/photos"
    assert patrol.post(nowhere, content=photograph()).status_code == 404


def test_the_audit_log_is_for_auditors(client: TestClient, patrol: TestClient, public: TestClient) -> None:
    assert [who.get("/v1/audit").status_code for who in (client, patrol, public)] == [403, 403, 401]


def test_keys_are_made_where_the_settings_say(incident: str, key_dir: Path) -> None:
    assert {path.suffix for path in key_dir.iterdir()} <= {".key", ".secret", ".head"}
    assert any(path.suffix == ".key" for path in key_dir.iterdir())
    assert {oct(path.stat().st_mode & 0o777) for path in (key_dir, *key_dir.iterdir())} == {"0o700", "0o600"}
