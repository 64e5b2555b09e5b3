"""
Editions as files that all processes of a machine map: built once, by one of them, and never changed.

A file is named by the digest of what it holds, so that one of another database or another day cannot be taken for it.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from geo import index_file
from geo.db import Connection
from geo.edition import Edition, Key, load, read, save
from geo.errors import BadIndexFile

KEPT = 6
"""How many files stay: what is in force, what is pending, and what was asked for of late."""


class EditionFiles:
    """
    The files of one folder.

    Parameters
    ----------
    folder
        Made if it is not there; None to build each edition in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def edition(self, conn: Connection, key: Key, digest: str) -> Edition:
        """
        Map an edition, or build it if no other process has or does.

        Parameters
        ----------
        conn
            A transaction that sees all of it.
        key, digest
            Of the edition.
        """
        if self._folder is None:
            return read(conn, key, digest)
        path = self._folder / f"{digest}.v{index_file.VERSION}.edition"
        found = _mapped(path, key, digest)
        if found is None:
            with _turn(self._folder):
                found = _mapped(path, key, digest) or _built(path, read(conn, key, digest))
        return found


def _mapped(path: Path, key: Key, digest: str) -> Edition | None:
    try:
        found = load(path, key, digest)
    except FileNotFoundError:
        return None
    except BadIndexFile:
        path.unlink(missing_ok=True)  # who mapped it keeps what was mapped
        return None
    path.touch()
    return found


def _built(path: Path, built: Edition) -> Edition:
    """Write an edition and map its file, so that all processes share the memory."""
    save(built, path)
    _clean(path.parent)
    mapped = load(path, built.key, built.digest)
    return replace(built, index=mapped.index, overlays=mapped.overlays)


@contextmanager
def _turn(folder: Path) -> Generator[None]:
    """One builder at a time, of all processes; the lock ends with the process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _clean(folder: Path) -> None:
    """Take away what a killed builder left, and all files but the last used."""
    for left in folder.glob("*.part"):
        left.unlink(missing_ok=True)
    files = sorted(folder.glob("*.edition"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for stale in files[KEPT:]:
        stale.unlink(missing_ok=True)
