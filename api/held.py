"""An answer that many ask for at once: made once a moment, with a tag that says whether it is still the same."""

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LASTS_S = 1.0
TIMES = 10
"""An answer that takes long to make is taken to stand for so many times as long: else who asks keeps it being made."""


@dataclass(frozen=True)
class Made:
    """The bytes of an answer and their tag; weak, for the same bytes go out compressed too."""

    body: bytes
    tag: str


class Held:
    """Keeps one answer, and has it made by one of those who ask while the others wait."""

    def __init__(self, lasts_s: float = LASTS_S, times: float = TIMES) -> None:
        self.lasts_s, self.times = lasts_s, times
        self._turn = asyncio.Lock()
        self._made = Made(b"", "")
        self._made_s, self._took_s = -math.inf, 0.0

    async def get(self, make: Callable[[], Awaitable[bytes]]) -> Made:
        """The answer as it is, or was a moment ago."""
        async with self._turn:
            begun_s = time.monotonic()
            if begun_s - self._made_s > max(self.lasts_s, self.times * self._took_s):
                body = await make()
                self._made = Made(body, f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')
                self._made_s, self._took_s = begun_s, time.monotonic() - begun_s
            return self._made


def matches(tag: str, if_none_match: str) -> bool:
    """Whether a client has what a tag stands for (RFC 9110, 13.1.2: compared weakly)."""
    plain = tag.removeprefix("W/")
    return if_none_match.strip() == "*" or plain in {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
