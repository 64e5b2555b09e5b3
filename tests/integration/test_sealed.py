"""Contacts and unmasked text: sealed apart, opened in scope for a logged reason, and ended with their keys."""

import json
import re
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import ConnectionPool

from geo import audit, db, seal
from geo.db import EVERYTHING, INTAKE, Scope, begin
from geo.keys import KeyMissing, KeyRing, open_ring
from geo.roles import PERMISSIONS, Role
from geo.seal import Contact

Pool = ConnectionPool[db.Connection]
HOME, SIBLING, CLOSED = UUID(int=2), UUID(int=3), UUID(int=4)
HANDLERS = sorted(role for role in Role if "reporter.reveal" in PERMISSIONS[role])
OTHERS = sorted({*Role, "intake", "sign_in", "system", ""} - set(HANDLERS))
PHONE = "13800138000"
INCIDENT = (
    "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at, "
    "closed_at, source, source_key) VALUES (%(id)s, %(path)s, 1, 'inside', 'other', 'snap', 'x', "
    "ST_SetSRID(ST_MakePoint(121, 46), 4326), now(), now(), %(closed_at)s, 'test', %(id)s::uuid::text)"
)


def handler(role: str = "dispatcher", path: str = "1.2.") -> Scope:
    return Scope(path, "duty", role=role)


@pytest.fixture(scope="module")
def filled(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING) as conn:
        db.execute(conn, "INSERT INTO unit (id) VALUES (1)")
        for incident_id, path, closed_at in [(HOME, "1.2.", None), (SIBLING, "1.3.", None), (CLOSED, "1.2.", "now")]:
            db.execute(conn, INCIDENT, id=incident_id, path=path, closed_at=closed_at)
    return pool


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return open_ring(tmp_path / "keys", tmp_path / "state")


@pytest.fixture(autouse=True)
def emptied(filled: Pool, database: str) -> Generator[None]:
    yield
    with psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge") as conn:
        conn.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_stays")
        for table in ("reporter", "incident_original", "audit_link", "audit_entry"):
            if table != "audit_link":
                conn.execute(f"DELETE FROM {table}")
        conn.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_stays")


def put(pool: Pool, ring: KeyRing, incident_id: UUID = HOME, now: datetime | None = None) -> None:
    with begin(pool, INTAKE, now) as conn:
        seal.put_contact(conn, ring, incident_id, Contact(phone=PHONE, name="王"))
        seal.put_original(conn, ring, incident_id, {"title": f"请打{PHONE}"})


def entries(pool: Pool) -> list[db.Row]:
    with begin(pool, Scope("", "a", role="auditor")) as conn:
        return db.rows(conn, "SELECT kind, subject, reason, account, role, path FROM audit_entry ORDER BY id")


@pytest.mark.parametrize("role", HANDLERS)
def test_a_handler_in_scope_opens_a_contact_for_a_reason_that_is_logged(filled: Pool, ring: KeyRing, role: str) -> None:
    put(filled, ring)
    with begin(filled, handler(role)) as conn:
        assert seal.reveal(conn, ring, HOME, "回访核实情况") == Contact(phone=PHONE, name="王")
    assert entries(filled) == [
        {
            "kind": "reporter.revealed",
            "subject": str(HOME),
            "reason": "回访核实情况",
            "account": "duty",
            "role": role,
            "path": "1.2.",
        }
    ]


@pytest.mark.parametrize("role", OTHERS)
def test_no_other_role_opens_anything(filled: Pool, ring: KeyRing, role: str) -> None:
    put(filled, ring)
    for path in ("", "1.2."):
        for opens in (
            lambda conn: seal.reveal(conn, ring, HOME, "回访核实情况"),
            lambda conn: seal.original(conn, ring, HOME),
        ):
            with pytest.raises(seal.NothingSealed), begin(filled, handler(role, path)) as conn:
                opens(conn)
    assert entries(filled) == []


def test_a_handler_of_another_unit_opens_nothing(filled: Pool, ring: KeyRing) -> None:
    put(filled, ring, SIBLING)
    with pytest.raises(seal.NothingSealed), begin(filled, handler()) as conn:
        seal.reveal(conn, ring, SIBLING, "回访核实情况")


@pytest.mark.parametrize("reason", ["", "   ", "看看", " a b "])
def test_a_reason_that_says_nothing_opens_nothing(filled: Pool, ring: KeyRing, reason: str) -> None:
    put(filled, ring)
    with pytest.raises(seal.RevealReasonNeeded), begin(filled, handler()) as conn:
        seal.reveal(conn, ring, HOME, reason)


def test_a_program_that_forgets_the_log_reads_no_sealed_row(filled: Pool, ring: KeyRing) -> None:
    put(filled, ring)
    with begin(filled, handler()) as conn:
        seal.reveal(conn, ring, HOME, "回访核实情况")
    for table in ("reporter", "incident_original"):
        for scope in (handler(), handler(path=""), EVERYTHING):
            with begin(filled, scope) as conn:
                assert db.rows(conn, f"SELECT FROM {table}") == []


def test_an_entry_opens_its_own_incident_and_purpose_only(filled: Pool, ring: KeyRing) -> None:
    put(filled, ring)
    put(filled, ring, CLOSED)
    with begin(filled, handler()) as conn:
        audit.append(conn, "reporter.revealed", str(HOME), "回访核实情况")
        audit.append(conn, "original.read", str(CLOSED))
        assert db.rows(conn, "SELECT incident_id AS id FROM reporter") == [{"id": HOME}]
        assert db.rows(conn, "SELECT incident_id AS id FROM incident_original") == [{"id": CLOSED}]
    with begin(filled, handler()) as conn:
        audit.append(conn, "reporter.revealed", str(HOME))
        assert db.rows(conn, "SELECT FROM reporter") == []  # an entry without a reason


def test_an_entry_of_somebody_else_opens_nothing(filled: Pool, ring: KeyRing) -> None:
    put(filled, ring)
    with begin(filled, handler()) as conn:
        audit.append(conn, "reporter.revealed", str(HOME), "回访核实情况")
        db.enter(conn, Scope("1.2.", "other", role="dispatcher"))
        assert db.rows(conn, "SELECT FROM reporter") == []


def test_the_text_as_written_is_shown_to_handlers_and_logged(filled: Pool, ring: KeyRing) -> None:
    put(filled, ring)
    with begin(filled, handler("department_handler")) as conn:
        assert seal.original(conn, ring, HOME) == {"title": f"请打{PHONE}"}
    assert [(entry["kind"], entry["subject"]) for entry in entries(filled)] == [("original.read", str(HOME))]


def test_intake_writes_and_reads_nothing_back(filled: Pool, ring: KeyRing) -> None:
    put(filled, ring)
    with begin(filled, INTAKE) as conn:
        assert db.rows(conn, "SELECT FROM reporter") == []
        assert db.execute(conn, "UPDATE reporter SET sealed = ''") == 0
        assert db.execute(conn, "DELETE FROM reporter") == 0


@pytest.mark.parametrize("scope", [Scope("1.3.", role="dispatcher"), Scope("0.", role="public")], ids=lambda s: s.role)
def test_nobody_seals_a_contact_to_an_incident_out_of_sight(filled: Pool, ring: KeyRing, scope: Scope) -> None:
    with pytest.raises(errors.InsufficientPrivilege), begin(filled, scope) as conn:
        seal.put_contact(conn, ring, HOME, Contact(phone=PHONE))


def test_a_sealed_row_moved_to_another_incident_does_not_open(filled: Pool, ring: KeyRing, database: str) -> None:
    put(filled, ring)
    with psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge") as conn:
        conn.execute("UPDATE reporter SET incident_id = %s", [CLOSED])
    with pytest.raises(seal.SealBroken), begin(filled, handler()) as conn:
        seal.reveal(conn, ring, CLOSED, "回访核实情况")


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_a_sealed_row_that_was_changed_does_not_open(filled: Pool, ring: KeyRing, database: str, place: int) -> None:
    put(filled, ring)
    with psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge") as conn:
        row = conn.execute("SELECT sealed FROM reporter").fetchone()
        changed = bytearray(row[0] if row else b"")
        changed[place] ^= 1
        conn.execute("UPDATE reporter SET sealed = %s", [bytes(changed)])
    with pytest.raises(seal.SealBroken), begin(filled, handler()) as conn:
        seal.reveal(conn, ring, HOME, "回访核实情况")


def test_the_database_holds_no_contact_in_the_clear(filled: Pool, ring: KeyRing, database: str) -> None:
    put(filled, ring)
    with begin(filled, handler()) as conn:
        seal.reveal(conn, ring, HOME, "回访核实情况")
    with psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge") as conn:
        tables = [row[0] for row in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'wangge'")]
        held = json.dumps([conn.execute(f"SELECT t::text FROM {table} AS t").fetchall() for table in tables])
    assert str(HOME) in held
    assert PHONE not in held
    assert PHONE.encode().hex() not in held


def test_the_end_of_retention_takes_rows_first_and_keys_after(filled: Pool, ring: KeyRing) -> None:
    old, new = datetime(2024, 1, 31, 23, tzinfo=UTC), datetime(2024, 2, 1, 1, tzinfo=UTC)
    put(filled, ring, HOME, old)
    put(filled, ring, CLOSED, new)
    now = datetime(2026, 2, 1, tzinfo=UTC)
    with begin(filled, EVERYTHING, now) as conn:
        month = seal.first_month_kept(conn, 24)
        assert month == "2024-02"
        assert seal.purge(conn, month) == seal.Purged(1, 1, 0, of_open_incidents=1)
    for key_id in ring.older_than(month):
        ring.destroy(key_id)
    assert [key_id[:7] for key_id in ring.monthly()] == ["2024-02"]
    with pytest.raises(seal.NothingSealed), begin(filled, handler()) as conn:
        seal.reveal(conn, ring, HOME, "回访核实情况")
    with begin(filled, handler()) as conn:
        assert seal.reveal(conn, ring, CLOSED, "回访核实情况").phone == PHONE
    assert entries(filled)[0]["kind"] == "retention.ended"


def test_what_a_backup_brings_back_stays_closed_without_its_key(filled: Pool, ring: KeyRing, database: str) -> None:
    put(filled, ring, HOME, datetime(2024, 1, 31, tzinfo=UTC))
    for key_id in ring.monthly():
        ring.destroy(key_id)
    with pytest.raises(KeyMissing), begin(filled, handler()) as conn:
        seal.reveal(conn, ring, HOME, "回访核实情况")


@pytest.mark.parametrize("scope", [handler(path=""), Scope("1.", role="system"), INTAKE], ids=lambda s: s.role + s.path)
def test_only_the_service_itself_ends_retention(filled: Pool, scope: Scope) -> None:
    with pytest.raises(errors.InsufficientPrivilege), begin(filled, scope) as conn:
        seal.purge(conn, "2099-01")


def test_sealed_tables_are_read_in_their_own_statements_alone_and_written_by_the_load_beside_them() -> None:
    named = re.compile(r"\b(?:(DELETE) FROM|FROM|INTO|UPDATE|JOIN|(COPY))\s+(?:reporter|incident_original|photo)\b")
    found = {path.stem: named.findall(path.read_text()) for path in (Path(db.__file__).parent / "sql").glob("*.sql")}
    assert {topic for topic, uses in found.items() if uses} == {"sealed", "incident_load"}
    assert found["incident_load"] == [("", "COPY"), ("DELETE", "")]


def test_a_department_opens_the_contact_of_an_incident_that_was_handed_to_it(filled: Pool, ring: KeyRing) -> None:
    department = UUID(int=77)
    put(filled, ring, SIBLING)
    theirs = Scope("1.9.", "bureau", organisation=str(department), role="department_handler")
    with pytest.raises(seal.NothingSealed), begin(filled, theirs) as conn:
        seal.reveal(conn, ring, SIBLING, "回访核实情况")
    with begin(filled, EVERYTHING) as conn:
        db.execute(
            conn,
            "INSERT INTO department (id, code, path, level, name) VALUES (%(id)s, 'D', '1.9.', 'banner', '住建局')",
            id=department,
        )
        db.execute(conn, "UPDATE incident SET department_id = %(to)s WHERE id = %(id)s", to=department, id=SIBLING)
    with begin(filled, theirs) as conn:
        assert seal.reveal(conn, ring, SIBLING, "回访核实情况").phone == PHONE
        assert seal.original(conn, ring, SIBLING) == {"title": f"请打{PHONE}"}
