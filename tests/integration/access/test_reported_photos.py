"""Photographs with a report by anyone: by the ticket of the report alone, made anew, and for handlers alone."""

import io
import zlib
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api import body
from api.app import create_app
from geo import db, pictures, throttle, tickets
from geo.keys import ring_of
from geo.roles import Role
from geo.settings import Settings

from .conftest import City, account, asking

REPORT = {
    "category": "hazard.flue", "channel": "snap", "title": "私改烟道",
    "lon": 122.005, "lat": 46.005, "crs": "EPSG:4326",
}  # fmt: skip


@pytest.fixture
def anyone(public: TestClient) -> TestClient:
    return asking(public, None)


@pytest.fixture
def handler(city: City, public: TestClient) -> TestClient:
    return asking(public, account(city.pool, f"photo-{uuid4().hex[:12]}", Role.GRID_WORKER, "M1"))


def reported(anyone: TestClient) -> tuple[str, str]:
    answer = anyone.post("/v1/incidents", json=REPORT)
    return answer.json()["id"], answer.headers["photo-ticket"]


def photograph(colour: str = "red", size: tuple[int, int] = (3000, 2000)) -> bytes:
    """As a phone takes it: large, with its position."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Telephone"
    exif.get_ifd(0x8825)[2] = (46.0, 5.0, 0.0)
    Image.new("RGB", size, colour).save(out, "JPEG", exif=exif, quality=95)
    return out.getvalue()


def send(client: TestClient, incident: str, ticket: str, data: bytes, slot: int = 1) -> int:
    path = f"/v1/incidents/{incident}/reported-photos/{slot}"
    return client.put(path, content=data, headers={"Photo-Ticket": ticket, "Content-Type": "image/jpeg"}).status_code


def test_who_reported_sends_photographs_and_only_who_handles_the_incident_sees_them(
    anyone: TestClient, handler: TestClient, city: City, public: TestClient
) -> None:
    incident, ticket = reported(anyone)
    assert [send(anyone, incident, ticket, photograph(), slot) for slot in (1, 2, 3)] == [204] * 3
    assert anyone.get(f"/v1/incidents/{incident}/photos").status_code == 401
    found = handler.get(f"/v1/incidents/{incident}/photos").json()
    assert [(one["number"], one["account"]) for one in found] == [(1, "public"), (2, "public"), (3, "public")]
    kept = handler.get(f"/v1/incidents/{incident}/photos/1").content
    opened = Image.open(io.BytesIO(kept))
    assert max(opened.size) == pictures.LONGEST_PX
    assert not opened.getexif()
    assert b"Telephone" not in kept
    planner = asking(public, account(city.pool, f"photo-{uuid4().hex[:12]}", Role.PLANNER, "L"))
    assert planner.get(f"/v1/incidents/{incident}/photos/1").status_code == 403


def test_a_photograph_that_is_sent_again_is_the_same_one(anyone: TestClient, handler: TestClient) -> None:
    incident, ticket = reported(anyone)
    assert [send(anyone, incident, ticket, photograph(colour)) for colour in ("red", "blue")] == [204, 204]
    assert len(handler.get(f"/v1/incidents/{incident}/photos").json()) == 1


def test_a_repeated_report_is_given_a_ticket_too_and_the_answer_that_is_kept_holds_none(
    anyone: TestClient, handler: TestClient, city: City
) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first, again = (anyone.post("/v1/incidents", json=REPORT, headers=key) for _ in range(2))
    assert first.json() == again.json()
    assert send(anyone, first.json()["id"], again.headers["photo-ticket"], photograph()) == 204
    with db.begin(city.pool, db.PUBLIC) as conn:
        kept = db.rows(conn, "SELECT response::text AS said FROM idempotency")
    assert first.json()["id"] in str(kept)
    assert first.headers["photo-ticket"] not in str(kept)


def test_without_the_ticket_of_that_report_in_its_time_nothing_is_taken(anyone: TestClient) -> None:
    incident, ticket = reported(anyone)
    other, _ = reported(anyone)
    old = tickets.issue(ring_of(Settings()), UUID(incident), datetime.now(UTC) - timedelta(minutes=31))
    flipped = ("B" if ticket[0] == "A" else "A") + ticket[1:]
    later = tickets.issue(ring_of(Settings()), UUID(other), datetime.now(UTC))
    for bad in (old, flipped, later, ticket[:-1], "x" * 56, "=" * 56, ticket + ticket):
        assert send(anyone, incident, bad, photograph()) in {400, 403}
    assert send(anyone, other, ticket, photograph()) == 403
    assert send(anyone, incident, ticket, photograph(), slot=4) == 400
    assert send(anyone, incident, ticket, photograph()) == 204


def bomb() -> bytes:
    """A PNG of 30,000 by 30,000 pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    head = (30_000).to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0])
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(1_000_000))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"", 422), (b"<svg onload=alert(1)>", 422), (photograph()[:5000], 422), (bomb(), 422), (bytes(12_000_001), 413)],
    ids=["nothing", "page", "cut", "bomb", "large"],
)
def test_what_is_no_photograph_is_refused(anyone: TestClient, handler: TestClient, data: bytes, status: int) -> None:
    incident, ticket = reported(anyone)
    assert send(anyone, incident, ticket, data) == status
    assert handler.get(f"/v1/incidents/{incident}/photos").json() == []


def test_photographs_alone_may_be_larger_and_few_of_them_are_held_at_a_time(
    anyone: TestClient, handler: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident, ticket = reported(anyone)
    noise = Image.effect_noise((2400, 1800), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=97)
    assert 1_000_000 < len(out.getvalue()) < pictures.MOST_BYTES
    assert send(anyone, incident, ticket, out.getvalue()) == 204
    added = handler.post(
        f"/v1/incidents/{incident}/photos", content=out.getvalue(), headers={"Content-Type": "image/jpeg"}
    )
    assert added.status_code == 201
    assert anyone.post("/v1/incidents", content=out.getvalue()).status_code == 413
    monkeypatch.setattr(body, "MOST_HELD", 0)
    assert send(anyone, incident, ticket, out.getvalue(), 2) == 503
    assert send(anyone, incident, ticket, photograph(size=(90, 60)), 2) == 204  # a small one is held as others are


def test_an_incident_takes_nine_photographs_whoever_sends_them(anyone: TestClient, handler: TestClient) -> None:
    incident, ticket = reported(anyone)
    small = photograph(size=(60, 40))
    for _ in range(8):
        handler.post(f"/v1/incidents/{incident}/photos", content=small, headers={"Content-Type": "image/jpeg"})
    assert [send(anyone, incident, ticket, small, slot) for slot in (1, 2)] == [204, 409]


def test_photographs_by_the_public_are_counted_by_where_they_come_from(
    city: City, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PHOTOS", throttle.RateLimitItemPerHour(2, namespace="few"))
    with TestClient(create_app(Settings(dsn=database)), base_url="http://localhost") as anyone:
        incident, ticket = reported(anyone)
        assert [send(anyone, incident, ticket, photograph(size=(9, 9))) for _ in range(3)] == [204, 204, 429]
