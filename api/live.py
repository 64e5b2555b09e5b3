"""
Live streams: what happens, to whom it concerns, as it happens.

One LISTEN a process wakes it; it reads the feed once for all streams into a ring, and each stream takes from the ring
what its scope may see. Who was away longer than the ring remembers reads the table, under row security. A stream ends
when its session or token does, or comes to mean another scope: all are asked about together, several times a second.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from anyio import to_thread
from psycopg_pool import ConnectionPool, PoolTimeout

from geo import feed, sessions
from geo.db import EVERYTHING, SIGN_IN, Connection, Scope, begin
from geo.errors import Unavailable
from geo.feed import Read
from geo.roles import Permission
from geo.sessions import Holder

KEPT = 2_000
BATCH = 500
MOST_BEHIND = 20_000  # entries that are read for one that comes back; behind more it is told to begin anew
TICK_S = 0.4
ANSWER_S = 0.9  # for the question who may still listen; without an answer nobody may
BREATH_S = 0.05  # a burst of entries is read in few pieces
AGAIN_S = 1.0
MOST_STREAMS = 500
MOST_OF_ONE = 8


class TooManyStreams(Unavailable):
    """Too many live streams are open; close some, or try again shortly."""

    zh = "实时连接过多；请关闭一些页面或稍后重试。"


@dataclass(frozen=True)
class Mark:
    """Where a stream stands: at its beginning, or where it must begin anew because entries are not to be had again."""

    kind: Literal["ready", "reset"]
    id: int


@dataclass(eq=False)
class Stream:
    """One listener: its credential, what it may see, and whether it is over."""

    sha256: bytes
    holder: Holder
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def end(self) -> None:
        """Stop it, wherever it waits."""
        self.over = True
        self.woken.set()


class Live:
    """The streams of one process."""

    def __init__(self, dsn: str, pool: ConnectionPool[Connection], permission: Permission) -> None:
        self.dsn = dsn
        self.pool = pool
        self.permission = permission
        self._ring: deque[Read] = deque()
        self._floor = self._last = 0  # all entries between the two are in the ring
        self._streams: set[Stream] = set()
        self._task: asyncio.Task[None] | None = None
        self._reading = asyncio.Event()

    def admit(self, secret: str) -> bytes:
        """The name of a credential whose stream may open; raises `TooManyStreams`."""
        sha256 = sessions.digest(secret)
        open_now = Counter(stream.sha256 for stream in self._streams)
        if open_now.total() >= MOST_STREAMS or open_now[sha256] >= MOST_OF_ONE:
            raise TooManyStreams
        return sha256

    async def follow(self, sha256: bytes, holder: Holder, seen: int | None) -> AsyncGenerator[Read | Mark]:
        """
        What a credential's holder may see, from behind an entry or from now on, until the credential ends.

        Parameters
        ----------
        sha256, holder
            Of the credential.
        seen
            The last entry that the client has; None for one that comes first.
        """
        stream = Stream(sha256, holder)
        self._streams.add(stream)
        try:
            await self._begin()
            behind = await self._place(seen)
            if behind != seen:
                yield Mark("ready" if seen is None else "reset", behind)
            while not stream.over:
                stream.woken.clear()
                entries, behind = await self._since(holder.scope, behind)
                for entry in entries:
                    yield entry
                    if stream.over:
                        return
                if behind >= self._last and not stream.over:
                    await stream.woken.wait()
        finally:
            self._streams.discard(stream)

    async def close(self) -> None:
        """End all streams and stop reading."""
        self._end_all()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _begin(self) -> None:
        """The first stream starts the reading; everybody waits until it knows where the feed ends."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await self._reading.wait()

    async def _place(self, seen: int | None) -> int:
        """Where a client goes on: behind what it has, or from now on if that is not to be had."""
        if seen is None or seen > self._last or self._last - seen > MOST_BEHIND:
            return self._last
        if seen >= self._floor:
            return seen
        oldest, _ = await to_thread.run_sync(self._ends)
        return seen if seen + 1 >= oldest or not seen else self._last

    async def _since(self, scope: Scope, behind: int) -> tuple[Sequence[Read], int]:
        """Entries behind one that a scope may see, and behind which to ask next."""
        last = self._last
        if behind >= self._floor:
            return [entry for entry in self._ring if entry.id > behind and feed.visible(entry, scope)], last
        found = await to_thread.run_sync(self._replayed, scope, behind, last)
        return found, found[-1].id if len(found) == BATCH else last

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, PoolTimeout, TimeoutError):
                self._end_all()
                await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        checked_s = 0.0
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as conn:
            await conn.execute("LISTEN wangge_feed")
            _, newest = await to_thread.run_sync(self._ends)
            if not self._reading.is_set() or newest < self._last:  # the first time, or after a restore
                self._ring.clear()
                self._floor = self._last = newest
                self._reading.set()
            woken = True  # for what came while nobody listened
            while True:
                if woken:
                    await self._take()
                if time.monotonic() - checked_s >= TICK_S:
                    await self._check()
                    checked_s = time.monotonic()
                await asyncio.sleep(BREATH_S)
                woken = False
                async for _ in conn.notifies(timeout=TICK_S, stop_after=1):
                    woken = True

    async def _take(self) -> None:
        """Read what is new into the ring, and wake the streams."""
        while found := await to_thread.run_sync(self._read):
            self._ring.extend(found)
            while len(self._ring) > KEPT:
                self._floor = self._ring.popleft().id
            self._last = found[-1].id
            for stream in self._streams:
                stream.woken.set()

    async def _check(self) -> None:
        """End the streams whose credential has ended, or has come to mean something else."""
        asked = {stream.sha256 for stream in self._streams}
        if not asked:
            return
        async with asyncio.timeout(ANSWER_S):
            standing = await to_thread.run_sync(self._standing, asked, abandon_on_cancel=True)
        for stream in list(self._streams):
            holder = standing.get(stream.sha256)
            if stream.sha256 in asked and (
                holder is None or holder.scope != stream.holder.scope or self.permission not in holder.permissions
            ):
                stream.end()

    def _end_all(self) -> None:
        for stream in self._streams:
            stream.end()

    def _read(self) -> list[Read]:
        with begin(self.pool, EVERYTHING) as conn:
            return feed.after(conn, self._last, BATCH)

    def _replayed(self, scope: Scope, behind: int, last: int) -> list[Read]:
        with begin(self.pool, scope) as conn:
            return feed.after(conn, behind, BATCH, last)

    def _ends(self) -> tuple[int, int]:
        with begin(self.pool, EVERYTHING) as conn:
            return feed.ends(conn)

    def _standing(self, asked: set[bytes]) -> dict[bytes, Holder]:
        with begin(self.pool, SIGN_IN) as conn:
            return sessions.holders(conn, asked)
