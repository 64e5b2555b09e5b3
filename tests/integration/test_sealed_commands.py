"""`wangge purge`, `wangge audit` and `wangge tls`, as an operator types them."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner, Result

from api.cli.program import app
from geo import audit, db, seal
from geo.db import EVERYTHING, INTAKE, begin
from geo.keys import KeyRing, ring_of
from geo.seal import Contact
from geo.settings import settings

Pool = ConnectionPool[db.Connection]
MATTER = UUID(int=1)
INCIDENT = (
    "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at, "
    "source, source_key) VALUES (%(id)s, '1.', 1, 'inside', 'other', 'snap', 'x', "
    "ST_SetSRID(ST_MakePoint(121, 46), 4326), now(), now(), 'test', 'x')"
)


@pytest.fixture(autouse=True)
def operator(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("WANGGE_DSN", database)
    monkeypatch.setenv("WANGGE_KEY_DIR", str(tmp_path / "keys"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def ring() -> KeyRing:
    return ring_of(settings())


def run(*words: str, say: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=say)


def contacts(pool: Pool) -> int:
    """Counted by what a purge of everything would take."""
    with begin(pool, EVERYTHING) as conn, conn.transaction(force_rollback=True):
        return seal.purge(conn, "2999-01").contacts


@pytest.fixture
def expired(pool: Pool, ring: KeyRing) -> str:
    """A contact that was sealed long ago; returns its key's id."""
    at = datetime(2020, 3, 1, tzinfo=UTC)
    with begin(pool, EVERYTHING) as conn, conn.transaction():
        if not db.rows(conn, "SELECT FROM incident"):
            db.execute(conn, "INSERT INTO unit (id) VALUES (1)")
            db.execute(conn, INCIDENT, id=MATTER)
    with begin(pool, INTAKE, at) as conn:
        seal.put_contact(conn, ring, MATTER, Contact(phone="13800138000"))
    return ring.of_month(at)


def test_a_dry_run_shows_what_would_go_and_leaves_it(pool: Pool, ring: KeyRing, expired: str) -> None:
    shown = run("purge", "--dry-run")
    assert (shown.exit_code, expired in shown.output) == (0, True)
    assert contacts(pool) == 1
    assert ring.monthly() == [expired]
    refused = run("purge", say="n\n")
    assert refused.exit_code == 1
    assert (contacts(pool), ring.monthly()) == (1, [expired])


def test_a_purge_takes_rows_and_keys_and_is_logged_and_safe_to_run_twice(
    pool: Pool, ring: KeyRing, expired: str
) -> None:
    for _ in range(2):
        assert run("purge", "--yes").exit_code == 0
        assert (contacts(pool), ring.monthly()) == (0, [])
    with begin(pool, EVERYTHING) as conn:
        assert {entry.kind for entry in audit.find(conn, audit.AuditFilter()).items} == {"retention.ended"}


def test_a_purge_ends_what_one_that_was_killed_began(pool: Pool, ring: KeyRing, expired: str) -> None:
    with begin(pool, EVERYTHING) as conn:
        seal.purge(conn, "2021-01")
    assert ring.monthly() == [expired]
    assert run("purge", "--yes").exit_code == 0
    assert ring.monthly() == []


def test_the_log_is_chained_checked_and_found_cut_off(pool: Pool, ring: KeyRing) -> None:
    with begin(pool, EVERYTHING) as conn:
        audit.append(conn, "reporter.revealed", "x", "回访")
    assert run("audit", "chain").exit_code == 0
    checked = run("audit", "verify")
    assert (checked.exit_code, " 0 faults" in checked.output) == (0, True)
    ring.write_text(audit.HEAD, '{"number": 99, "seal": "00"}')
    checked = run("audit", "verify")
    assert (checked.exit_code, "cut off" in checked.output) == (1, True)
    assert run("audit", "restart", "--reason", "从备份恢复").exit_code == 0
    assert run("audit", "verify").exit_code == 0


def test_certificates_are_made_with_what_phones_need_to_know(tmp_path: Path) -> None:
    made = run("tls", "grid.example", "192.168.1.10")
    assert made.exit_code == 0
    assert "证书信任设置" in made.output
    assert "Install a certificate" in made.output
    assert str(tmp_path / "tls" / "wangge-ca.crt") in made.output
    assert "BEGIN" not in made.output
    again = run("tls")
    assert "grid.example, 192.168.1.10" in again.output
    assert "still valid" in again.output
