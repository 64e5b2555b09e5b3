"""
Keys that live outside of state and backups: one for each month of sealed contacts, and the one of the audit chain.

A key kept beside its data protects nothing, hence the folder may not lie in the state directory nor hold it, and nobody
but the service's account may read it. A month's contacts end with their keys, in every backup that was ever made.
"""

import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from geo.cluster_place import write_aside
from geo.errors import WanggeError
from geo.settings import Settings

SYSTEM_KEYS = Path("/etc/wangge/keys")
KEY_BYTES = 32
AUDIT = "audit.key"
TICKETS = "tickets.key"
_MONTHLY = re.compile(r"(\d{4}-\d{2}-[0-9a-f]{8})\.key")


class KeysUnsafe(WanggeError):
    """The folder of keys is not safe: it must be private to the service's account and apart from the data."""

    zh = "密钥目录不安全：须仅服务账号可读，且不得与数据同处。"


class KeyMissing(WanggeError):
    """The key of this sealed entry is not there: retention has ended, or WANGGE_KEY_DIR names another folder."""

    zh = "缺少对应密钥：保存期已满并已销毁，或 WANGGE_KEY_DIR 指向了别的目录。"


@dataclass(frozen=True)
class KeyRing:
    """
    The keys of one installation; from `ring_of` or `open_ring`.

    Attributes
    ----------
    directory
        Where the key files are, mode 0700, the files 0600.
    """

    directory: Path

    def of_month(self, at: datetime) -> str:
        """The id of the key that seals at this instant; the first use in a month (UTC) makes it."""
        month = month_of(at)
        found = [key_id for key_id in self.monthly() if key_id.startswith(month)]
        return max(found) if found else self._make_monthly(month)

    def key(self, key_id: str) -> bytes:
        """The key of this id; raises `KeyMissing`."""
        if not _MONTHLY.fullmatch(f"{key_id}.key"):
            raise KeyMissing(key_id)
        return self._read(f"{key_id}.key")

    def audit_key(self, *, make: bool = False) -> bytes:
        """The key of the audit chain; raises `KeyMissing`, or makes it for a chain that has not begun."""
        if make and not (self.directory / AUDIT).exists():
            self._write(AUDIT, secrets.token_bytes(KEY_BYTES))
        return self._read(AUDIT)

    def ticket_key(self) -> bytes:
        """The key of the tickets that let a reporter send photographs after the report; made at the first need."""
        if not (self.directory / TICKETS).exists():
            self._write(TICKETS, secrets.token_bytes(KEY_BYTES))
        return self._read(TICKETS)

    def monthly(self) -> list[str]:
        """The ids of all monthly keys, oldest first."""
        return sorted(found[1] for name in self._names() if (found := _MONTHLY.fullmatch(name)))

    def older_than(self, month: str) -> list[str]:
        """The ids of the keys of months before this one, such as ``2026-11``."""
        return [key_id for key_id in self.monthly() if key_id[:7] < month]

    def destroy(self, key_id: str) -> None:
        """Destroy a monthly key: written over, then removed. What it sealed is gone, in backups too."""
        path = self.directory / f"{key_id}.key"
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            os.fsync(file.fileno())
        path.unlink()
        _sync(self.directory)

    def _make_monthly(self, month: str) -> str:
        # Two processes may each make one: both are kept, for each sealed row names its own.
        key_id = f"{month}-{secrets.token_hex(4)}"
        self._write(f"{key_id}.key", secrets.token_bytes(KEY_BYTES))
        return key_id

    def _names(self) -> Iterator[str]:
        check_private(self.directory)
        return (path.name for path in self.directory.iterdir())

    def _read(self, name: str) -> bytes:
        path = self.directory / name
        try:
            check_private(path)
            key = path.read_bytes()
        except FileNotFoundError:
            raise KeyMissing(name.removesuffix(".key")) from None
        if len(key) != KEY_BYTES:
            raise KeysUnsafe(f"{path}: not {KEY_BYTES} bytes. 长度不符。")
        return key

    def _write(self, name: str, key: bytes) -> None:
        """Put a key under its name, whole or not at all, and never over another that was quicker."""
        aside = self.directory / f".{name}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, self.directory / name)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
        _sync(self.directory)

    def read_text(self, name: str) -> str | None:
        """What a small file beside the keys says, None if there is none."""
        path = self.directory / name
        return path.read_text(encoding="utf-8") if path.exists() else None

    def write_text(self, name: str, text: str) -> None:
        """Keep a small file beside the keys, such as the end of the audit chain."""
        write_aside(self.directory / name, text)

    def remove_text(self, name: str) -> None:
        """Remove a small file beside the keys, if it is there."""
        (self.directory / name).unlink(missing_ok=True)


def ring_of(chosen: Settings) -> KeyRing:
    """The key ring that an operator's settings name; raises `KeysUnsafe`."""
    return open_ring(key_directory(chosen), chosen.state_dir)


def key_directory(chosen: Settings) -> Path:
    """Where an operator's keys are: as set, else ``/etc/wangge/keys`` for root and ``~/.config/wangge/keys``."""
    if chosen.key_dir is not None:
        return chosen.key_dir
    return SYSTEM_KEYS if os.geteuid() == 0 else Path.home() / ".config" / "wangge" / "keys"


def open_ring(directory: Path, state_dir: Path) -> KeyRing:
    """
    The key ring of a folder, which is made at the first need.

    Parameters
    ----------
    directory
        From `key_directory`.
    state_dir
        Where the data are; keys may be neither in it nor around it.

    Raises
    ------
    KeysUnsafe
        The folder lies with the data, belongs to somebody else, or others may read it.
    """
    place, state = directory.resolve(), state_dir.resolve()
    if place.is_relative_to(state) or state.is_relative_to(place):
        raise KeysUnsafe(f"{directory} and {state_dir}: set WANGGE_KEY_DIR. 请将 WANGGE_KEY_DIR 设为别处。")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(place)
    return KeyRing(place)


def check_private(path: Path) -> None:
    """Raise `KeysUnsafe` unless the file or folder is ours alone."""
    found = path.stat()
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise KeysUnsafe(f"{path}: chmod go-rwx, and it must belong to the service. 须仅归服务账号所有。")


def month_of(at: datetime) -> str:
    """The month of an instant in UTC, such as ``2026-11``."""
    return at.astimezone(UTC).strftime("%Y-%m")


def months_before(month: str, count: int) -> str:
    """The month that lies `count` months before another."""
    whole = int(month[:4]) * 12 + int(month[5:]) - 1 - count
    return f"{whole // 12:04d}-{whole % 12 + 1:02d}"


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
