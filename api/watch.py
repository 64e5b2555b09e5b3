"""
Whether the service is ready, by a way of its own: one thread and one connection that nothing else uses.

A monitor asks just when all else is busy. On the shared threads and connections its question would wait behind those
that made it ask, and a service that is merely busy would be taken for a dead one.
"""

import asyncio
import math
import time
from typing import Literal

from anyio import CapacityLimiter, to_thread
from psycopg import OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError as ConnectionFailed

from geo import db, migrate, readiness
from geo.db import Connection
from geo.editions import MOST_OFF, Editions

LASTS_S = 0.5  # a hundred monitors are one question
WITHIN_S = 0.8
CONNECTION_WITHIN_S = 0.5
CURRENT_S = 30.0  # a schema goes forward only, and seldom


class Health(BaseModel):
    """
    What was checked.

    `database` is `slow` where it did not answer in time. `spatial_index` says `fallback` where the server allows no
    leakproof mark, `edition` says `building` while the database finds the owners: answers are right but slow.
    `clock_off_ms` is how far the database's clock is ahead of this process's, which is not ready if that is more than
    a tenth of a second either way.
    """

    ready: bool
    database: Literal["reachable", "slow", "unreachable"]
    revision: str | None = None
    newest: str | None = None
    units: bool = False
    default_team: bool = False
    spatial_index: Literal["used", "fallback", "unknown"] = "unknown"
    edition: Literal["held", "building", "none"] = "none"
    clock_off_ms: float | None = None


class Watch:
    """Looks when it is asked, at most once in `LASTS_S`, and never for longer than `WITHIN_S`."""

    def __init__(self, dsn: str, pool: ConnectionPool[Connection], editions: Editions) -> None:
        self.dsn = dsn
        self.pool = pool
        self.editions = editions
        self.newest = migrate.newest()
        self._thread = CapacityLimiter(1)
        self._turn = asyncio.Lock()
        self._seen = Health(ready=False, database="slow")
        self._seen_s = self._current_s = -math.inf

    async def health(self) -> Health:
        """What was found just now."""
        async with self._turn:
            if time.monotonic() - self._seen_s > LASTS_S:
                self._seen = await self._look_in_time()
                self._seen_s = time.monotonic()
            return self._seen

    async def _look_in_time(self) -> Health:
        try:
            async with asyncio.timeout(WITHIN_S):
                # A look that hangs keeps its thread until it ends, and the next looks are slow without another.
                return await to_thread.run_sync(self._look, abandon_on_cancel=True, limiter=self._thread)
        except TimeoutError:
            return Health(ready=False, database="slow")

    def _look(self) -> Health:
        try:
            if time.monotonic() - self._current_s > CURRENT_S:
                revision = migrate.revision(self.dsn)
                if revision != self.newest:
                    return Health(ready=False, database="reachable", revision=revision, newest=self.newest)
                self._current_s = time.monotonic()
            with db.begin(self.pool, db.EVERYTHING) as conn:
                found = readiness.check(conn)
                off = self.editions.compare_clocks(conn)
                held = found.units and self.editions.ready(conn) is not None
        except (ConnectionFailed, OperationalError, PoolTimeout):
            return Health(ready=False, database="unreachable")
        return Health(
            ready=found.units and found.default_team and abs(off) <= MOST_OFF,
            database="reachable",
            revision=self.newest,
            newest=self.newest,
            units=found.units,
            default_team=found.default_team,
            spatial_index="used" if found.leakproof else "fallback",
            edition="held" if held else "building" if found.units else "none",
            clock_off_ms=round(off.total_seconds() * 1000, 1),
        )
