"""Keys: private, apart from the data, one a month, and gone for good when they are destroyed."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geo import keys
from geo.keys import KeyMissing, KeyRing, KeysUnsafe, months_before, open_ring
from geo.seal import Contact, NoContact
from geo.settings import Settings

MAY, JUNE = datetime(2026, 5, 31, 23, 59, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return open_ring(tmp_path / "keys", tmp_path / "state")


def test_a_month_has_one_key_and_the_next_another(ring: KeyRing) -> None:
    first = ring.of_month(MAY)
    assert first.startswith("2026-05-")
    assert ring.of_month(MAY) == first
    assert ring.of_month(JUNE).startswith("2026-06-")
    assert len(ring.key(first)) == 32
    assert ring.key(first) != ring.key(ring.of_month(JUNE))


def test_files_are_for_the_service_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ring = open_ring(tmp_path / "keys", tmp_path / "state")
        ring.of_month(MAY)
        ring.audit_key(make=True)
        ring.write_text("audit.head", "{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE(ring.directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in ring.directory.iterdir()} == {0o600}
    assert not [path for path in ring.directory.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("directory", ["state", "state/keys", "state/../state/a/b", "."])
def test_a_folder_with_the_data_is_refused(tmp_path: Path, directory: str) -> None:
    (tmp_path / "state").mkdir()
    with pytest.raises(KeysUnsafe):
        open_ring(tmp_path / directory, tmp_path / "state")


def test_a_link_into_the_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state" / "keys").mkdir(parents=True, mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "state" / "keys")
    with pytest.raises(KeysUnsafe):
        open_ring(tmp_path / "link", tmp_path / "state")


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o711, 0o704])
def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(mode)
    with pytest.raises(KeysUnsafe):
        open_ring(tmp_path / "keys", tmp_path / "state")


def test_a_key_that_others_may_read_is_refused(ring: KeyRing) -> None:
    key_id = ring.of_month(MAY)
    (ring.directory / f"{key_id}.key").chmod(0o644)
    with pytest.raises(KeysUnsafe):
        ring.key(key_id)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    os.chown(tmp_path / "keys", 65534, 65534)
    with pytest.raises(KeysUnsafe):
        open_ring(tmp_path / "keys", tmp_path / "state")


def test_a_destroyed_key_is_gone_and_the_month_gets_another(ring: KeyRing) -> None:
    key_id = ring.of_month(MAY)
    other = os.link(ring.directory / f"{key_id}.key", ring.directory / "copy") or ring.directory / "copy"
    key = ring.key(key_id)
    ring.destroy(key_id)
    with pytest.raises(KeyMissing):
        ring.key(key_id)
    assert other.read_bytes() != key  # written over, not only unlinked
    assert ring.of_month(MAY) != key_id


@pytest.mark.parametrize("key_id", ["", "../audit", "2026-05-ABCDEF01", "audit", "2026-05-00000000/../x"])
def test_a_key_is_asked_for_by_its_id_and_nothing_else(ring: KeyRing, key_id: str) -> None:
    ring.audit_key(make=True)
    with pytest.raises(KeyMissing):
        ring.key(key_id)


def test_two_that_make_the_audit_key_at_once_get_the_same(ring: KeyRing) -> None:
    first = ring.audit_key(make=True)
    ring._write("audit.key", bytes(32))  # as another process would that did not see the first
    assert ring.audit_key(make=True) == first


@pytest.mark.parametrize(
    ("month", "count", "expected"),
    [("2026-11", 24, "2024-11"), ("2026-01", 1, "2025-12"), ("2026-12", 12, "2025-12"), ("2026-03", 27, "2023-12")],
)
def test_months_are_counted_back(month: str, count: int, expected: str) -> None:
    assert months_before(month, count) == expected


def test_keys_of_months_before_one_are_the_ones_that_go(ring: KeyRing) -> None:
    old = ring.of_month(MAY)
    ring.of_month(JUNE)
    ring.audit_key(make=True)
    assert ring.older_than("2026-06") == [old]
    assert ring.older_than("2026-05") == []


def test_without_a_setting_keys_lie_in_the_systems_or_the_accounts_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WANGGE_KEY_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert keys.key_directory(Settings()) == tmp_path / ".config" / "wangge" / "keys"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert keys.key_directory(Settings()) == Path("/etc/wangge/keys")
    assert keys.key_directory(Settings(key_dir=tmp_path)) == tmp_path


def test_a_contact_shows_nothing_in_logs_and_tracebacks() -> None:
    contact = Contact(phone="13800138000", name="王", other="街道")
    assert repr(contact) == str(contact) == "Contact()"
    for nobody in ({}, {"name": "王"}, {"phone": ""}):
        with pytest.raises(NoContact):
            Contact(**nobody)
