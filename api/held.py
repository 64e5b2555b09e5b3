"""An answer that many ask for at once: made once a moment, with a tag that says whether it is still the same."""

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from api.logging import log, place_of

LASTS_S = 1.0
TIMES = 10
"""An answer that takes long to make is taken to stand for so many times as long: else who asks keeps it being made."""
WAITS_S = 1.0
"""Nobody waits longer than this for a newer answer while there is one that is not `OLD_S` old."""
OLD_S = 3600.0


@dataclass(frozen=True)
class Made:
    """The bytes of an answer and their tag; weak, for the same bytes go out compressed too."""

    body: bytes
    tag: str


class Held:
    """Keeps one answer, and has it made by one of those who ask while the others wait, or have the last one."""

    def __init__(self, lasts_s: float = LASTS_S, times: float = TIMES, waits_s: float = WAITS_S) -> None:
        self.lasts_s, self.times, self.waits_s = lasts_s, times, waits_s
        self._turn = asyncio.Lock()
        self._made = Made(b"", "")
        self._made_s, self._took_s = -math.inf, 0.0
        self._renewal: asyncio.Task[None] | None = None

    async def get(self, make: Callable[[], Awaitable[bytes]]) -> Made:
        """The answer as it is, or was a moment ago."""
        if self._took_s > self.waits_s and self._age_s() < OLD_S:
            if self._is_due() and (self._renewal is None or self._renewal.done()):
                self._renewal = asyncio.create_task(self._renew(make))
                self._renewal.add_done_callback(_tell)
            return self._made
        await self._renew(make)
        return self._made

    async def stop(self) -> None:
        """Leave off making an answer that nobody waits for."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])

    async def _renew(self, make: Callable[[], Awaitable[bytes]]) -> None:
        async with self._turn:
            if not self._is_due():
                return
            begun_s = time.monotonic()
            body = await make()
            self._made = Made(body, f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')
            self._made_s, self._took_s = begun_s, time.monotonic() - begun_s

    def _is_due(self) -> bool:
        return self._age_s() > max(self.lasts_s, self.times * self._took_s)

    def _age_s(self) -> float:
        return time.monotonic() - self._made_s


def matches(tag: str, if_none_match: str) -> bool:
    """Whether a client has what a tag stands for (RFC 9110, 13.1.2: compared weakly)."""
    plain = tag.removeprefix("W/")
    return if_none_match.strip() == "*" or plain in {one.strip().removeprefix("W/") for one in if_none_match.split(",")}


def _tell(renewal: asyncio.Task[None]) -> None:
    fault = None if renewal.cancelled() else renewal.exception()
    if fault is not None:
        log.warning("renewal", **place_of(fault))
