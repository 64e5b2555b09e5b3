"""What heat needs of a process: the incidents in memory, the paths of units by code, and a bound on work at once."""

import time
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from psycopg_pool import ConnectionPool

from geo import units
from geo.db import PUBLIC, Connection, begin
from geo.heat_filter import HeatFilter
from geo.heat_follow import Heat
from geo.slices import Slice
from tiles import heat
from tiles.heat import Desk, Legend

AT_ONCE = 2  # the kernels leave the interpreter's lock: one for each core, and a flood waits here, not before the API
STANDS_S = 1.0  # how long the path of a unit is taken to stand
MOST_KEPT = 1000
MOST_LEGENDS = 200
T = TypeVar("T")


class Hearth:
    """
    The heat of one process.

    Attributes
    ----------
    heat
        All incidents in memory, kept up.
    """

    def __init__(self, pool: ConnectionPool[Connection], timezone: str) -> None:
        self.heat = Heat(pool, timezone)
        self._pool = pool
        self._limiter = CapacityLimiter(AT_ONCE)
        self._paths: dict[str, tuple[float, str]] = {}
        self._legends: dict[tuple[Slice, HeatFilter], Legend] = {}

    async def count(self, work: Callable[[], T]) -> T:
        """Do work in a thread, no more than `AT_ONCE` at a time."""
        return await to_thread.run_sync(work, limiter=self._limiter)

    def legend(self, desk: Desk) -> Legend:
        """What a map of counts is coloured by; the classes of a large one are kept while hardly anything changes."""
        key = (desk.seen, desk.wanted)
        found = heat.legend(desk, self._legends.get(key))
        if len(self._legends) >= MOST_LEGENDS:
            self._legends.clear()
        self._legends[key] = found
        return found

    def path_of(self, code: str | None) -> str:
        """The path of a unit in force, empty for none; raises `units.UnitNotFound`."""
        if code is None:
            return ""
        since_s, path = self._paths.get(code, (0.0, ""))
        if not path or time.monotonic() - since_s > STANDS_S:
            with begin(self._pool, PUBLIC) as conn:
                path = str(units.read(conn, code)["path"])
            if len(self._paths) >= MOST_KEPT:
                self._paths.clear()
            self._paths[code] = (time.monotonic(), path)
        return path
