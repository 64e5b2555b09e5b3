"""Files and folders that are whole or not there: made under another name beside it, and renamed at the end."""

import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import BadFile
from geo.index_file import sync_folder


@contextmanager
def file_aside(path: Path) -> Generator[Path]:
    """
    A file to write, empty, in the folder of `path`; it takes that name when the block ends well, and is gone if not.

    Who is killed in the middle leaves ``.NAME-….part`` behind, and what stood under the name before.
    """
    made = _beside(path)
    made.touch(exist_ok=False)
    try:
        yield made
        _synchronise(made)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def folder_aside(path: Path) -> Generator[Path]:
    """
    The same for a folder.

    Raises
    ------
    BadFile
        There is something under that name: a folder is not replaced.
    """
    if path.exists():
        raise BadFile(f"{path} is there already; a folder of parts is not replaced")
    made = _beside(path)
    made.mkdir()
    try:
        yield made
        for part in made.iterdir():
            _synchronise(part)
        made.rename(path)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    sync_folder(path.parent)


def _synchronise(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
