"""What was made once and may be handed out again: compressed, tagged by its content, in bounded memory."""

import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from isal import isal_zlib

MOST_BYTES = 128 << 20
OVERHEAD = 400
"""What an entry takes in memory beside its content, about."""
GZIP = 31
"""zlib's word for the gzip format."""
LEVEL = 1
"""Tiles are made by the thousand: ISA-L's level 1 takes a fifth of the time of zlib's, and makes them as small."""


@dataclass(frozen=True)
class Packed:
    """
    An answer.

    Attributes
    ----------
    content
        Compressed by gzip; empty if there is nothing.
    tag
        Hash of the compressed content: the same for the same tile as long as the compressor is the same.
    """

    content: bytes
    tag: str

    @classmethod
    def of(cls, plain: bytes) -> "Packed":
        """Compress and tag."""
        content = isal_zlib.compress(plain, LEVEL, GZIP) if plain else b""
        return cls(content, hashlib.blake2b(content, digest_size=12).hexdigest())

    @property
    def plain(self) -> bytes:
        """The content as it was."""
        return zlib.decompress(self.content, GZIP) if self.content else b""


class Cache:
    """
    Answers by their keys; the ones not asked for the longest go when there are too many.

    A key names everything that an answer depends on: the layer, the edition, the tile, and if it is scoped, the scope
    and the filters. Nothing is ever taken out because it changed: what changed has another key.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, Packed] = OrderedDict()
        self._turn = threading.Lock()
        self.bytes = 0

    def get(self, key: Hashable) -> Packed | None:
        """What is kept, or None."""
        with self._turn:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, packed: Packed) -> None:
        """Keep an answer, in the place of others if need be."""
        with self._turn:
            old = self._kept.pop(key, None)
            self.bytes += len(packed.content) - (len(old.content) if old else -OVERHEAD)
            self._kept[key] = packed
            while self.bytes > self._most_bytes:
                _, gone = self._kept.popitem(last=False)
                self.bytes -= len(gone.content) + OVERHEAD
