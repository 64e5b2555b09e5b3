"""
Cell indexes as files: written aside and renamed, mapped into memory to be read, refused if anything is amiss.

A file is a head of fixed size, a description in JSON, and the arrays one after another. The head carries the
format's version, the file's length, a digest of head and description, and a digest of the arrays. Reading
compares all but the last, which `verified` does: it takes as long as reading the whole file.
"""

import hashlib
import json
import mmap
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import BadIndexFile

MAGIC = b"WGCELLS\n"
VERSION = 1
HEAD = struct.Struct("<8sIIQ32s32s")
"""Magic, version, length of the description, length of the file, digest of the arrays, digest of the rest."""
ALIGNED = 64

Arrays = dict[str, NDArray[Any]]


def write(path: Path, numbers: dict[str, float], arrays: Arrays) -> None:
    """
    Write numbers and arrays to a file that is either whole or not there, and never overwritten in part.

    Parameters
    ----------
    path
        Where the file shall stand; the folder must exist.
    numbers, arrays
        What `read` gives back; numbers are kept to the last bit.
    """
    described, size = [], 0
    for name, array in arrays.items():
        described.append([name, array.dtype.str, array.shape, size])
        size += -(-array.nbytes // ALIGNED) * ALIGNED
    text = json.dumps({"numbers": {k: float(v).hex() for k, v in numbers.items()}, "arrays": described}).encode()
    text += b" " * (-(HEAD.size + len(text)) % ALIGNED)
    length = HEAD.size + len(text) + size
    head = HEAD.pack(MAGIC, VERSION, len(text), length, digest_of(pieces(arrays)), bytes(32))
    head = head[:-32] + hashlib.sha256(head + text).digest()
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in (head, text, *pieces(arrays)):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def pieces(arrays: Arrays) -> list[memoryview | bytes]:
    """The bytes of arrays, each padded to `ALIGNED`."""
    found: list[memoryview | bytes] = []
    for array in arrays.values():
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        found += [flat.data, bytes(-flat.nbytes % ALIGNED)]
    return found


def digest_of(found: list[memoryview | bytes]) -> bytes:
    """SHA-256 of bytes that follow one another."""
    digest = hashlib.sha256()
    for piece in found:
        digest.update(piece)
    return digest.digest()


def sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path, *, verify: bool) -> tuple[dict[str, float], Arrays]:
    """
    Map a file into memory.

    Parameters
    ----------
    path
        From `write`.
    verify
        Whether to compare the arrays with their digest too, which reads the whole file.

    Raises
    ------
    BadIndexFile
        The file is no index, cut short, changed, or of another version.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < HEAD.size:
            raise BadIndexFile(f"{path.name} is cut short: {size} bytes.")
        # Private and writable, though nobody writes: numba compiles its kernels anew for arrays that are read-only.
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    text = description(path.name, memory)
    start = HEAD.size + len(text)
    if verify and hashlib.sha256(memory[start:]).digest() != bytes(memory[24:56]):
        raise BadIndexFile(f"{path.name}: the arrays have changed since they were written.")
    told = json.loads(text)
    arrays: Arrays = {}
    for name, dtype, shape, offset in told["arrays"]:
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(memory, dtype, count, start + offset).reshape(shape)
    return {name: float.fromhex(number) for name, number in told["numbers"].items()}, arrays


def description(name: str, memory: memoryview) -> bytes:
    """The description of a file whose head and length are as they were written."""
    magic, version, described, length, _, digest = HEAD.unpack_from(memory)
    if magic != MAGIC:
        raise BadIndexFile(f"{name} is not a cell index.")
    if version != VERSION:
        raise BadIndexFile(f"{name} has version {version}, not {VERSION}.")
    if length != len(memory):
        raise BadIndexFile(f"{name} is cut short or grown: {len(memory)} bytes, not {length}.")
    text = bytes(memory[HEAD.size : HEAD.size + described])
    if hashlib.sha256(bytes(memory[: HEAD.size - 32]) + bytes(32) + text).digest() != digest:
        raise BadIndexFile(f"{name}: the head has changed since it was written.")
    return text
