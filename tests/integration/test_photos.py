"""Photographs of an incident: put in by whoever reports, seen by who handles the incident, blurred for good."""

import io
from uuid import UUID

import pytest
from PIL import Image
from psycopg import errors
from psycopg_pool import ConnectionPool

from geo import db, photos, pictures, seal
from geo.db import EVERYTHING, INTAKE, Scope, begin
from geo.errors import StaleVersion
from geo.pictures import Rectangle
from geo.roles import PERMISSIONS, Role

Pool = ConnectionPool[db.Connection]
HANDLERS = sorted(role for role in Role if "photo.read" in PERMISSIONS[role])
OTHERS = sorted({*Role, "intake", "sign_in", "system", ""} - set(HANDLERS))
INCIDENT = (
    "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at, "
    "source, source_key) VALUES (%(id)s, '1.2.', 1, 'inside', 'other', 'snap', 'x', "
    "ST_SetSRID(ST_MakePoint(121, 46), 4326), now(), now(), 'test', %(id)s::uuid::text)"
)


def picture(colour: str = "red") -> pictures.Picture:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return pictures.clean(out.getvalue())


def handler(role: str = "dispatcher", path: str = "1.2.") -> Scope:
    return Scope(path, "duty", role=role)


@pytest.fixture
def incident(pool: Pool) -> UUID:
    """A fresh incident with one photograph that came in with its report."""
    with begin(pool, EVERYTHING) as conn:
        made = UUID(int=db.one(conn, "SELECT count(*) + 1 AS n FROM incident")["n"])
        db.execute(conn, "INSERT INTO unit (id) SELECT 1 WHERE NOT EXISTS (SELECT FROM unit)")
        db.execute(conn, INCIDENT, id=made)
    with begin(pool, INTAKE) as conn:
        photos.put(conn, made, 1, picture())
    return made


@pytest.mark.parametrize("role", HANDLERS)
def test_who_handles_an_incident_sees_its_photographs(pool: Pool, incident: UUID, role: str) -> None:
    with begin(pool, handler(role)) as conn:
        (found,) = photos.find(conn, incident)
        photo, jpeg = photos.read(conn, incident, 1)
    assert found == photo
    assert (photo.width, photo.height, photo.version, photo.account) == (40, 30, 1, "public")
    assert jpeg == picture().jpeg
    assert photo.size_bytes == len(jpeg)


@pytest.mark.parametrize(
    "scope", [*(handler(r, p) for r in OTHERS for p in ("", "1.2.")), handler(path="1.3.")], ids=str
)
def test_nobody_else_sees_them(pool: Pool, incident: UUID, scope: Scope) -> None:
    with begin(pool, scope) as conn:
        assert photos.find(conn, incident) == []
        with pytest.raises(photos.PhotoNotFound):
            photos.read(conn, incident, 1)


def test_nine_photographs_and_no_more(pool: Pool, incident: UUID) -> None:
    with begin(pool, handler("patrol")) as conn:
        assert [photos.add(conn, incident, picture()) for _ in range(8)] == list(range(2, 10))
        with pytest.raises(photos.TooManyPhotos):
            photos.add(conn, incident, picture())


def test_nobody_adds_to_an_incident_out_of_sight(pool: Pool, incident: UUID) -> None:
    with pytest.raises(errors.InsufficientPrivilege), begin(pool, handler(path="1.3.")) as conn:
        photos.put(conn, incident, 5, picture())


def test_a_blurred_photograph_takes_the_place_of_the_clear_one_and_is_logged(pool: Pool, incident: UUID) -> None:
    with begin(pool, handler()) as conn:
        assert photos.blur(conn, incident, 1, [Rectangle(0, 0, 10, 10)], expected_version=1).version == 2
    with begin(pool, handler()) as conn, pytest.raises(StaleVersion):
        photos.blur(conn, incident, 1, [Rectangle(0, 0, 10, 10)], expected_version=1)
    with begin(pool, Scope("", "a", role="auditor")) as conn:
        logged = db.rows(conn, "SELECT kind FROM audit_entry WHERE subject = %(s)s", s=f"{incident}/1")
    assert logged == [{"kind": "photo.blurred"}]


def test_photographs_end_with_retention(pool: Pool, incident: UUID) -> None:
    with begin(pool, EVERYTHING) as conn, conn.transaction(force_rollback=True):
        before = seal.purge(conn, "2000-01")
        after = seal.purge(conn, "2999-01")
    assert before.photos == 0
    assert after.photos >= 1
    assert after.of_open_incidents >= 1
