"""
The incidents that one process keeps in memory, and the thread that keeps them as the database has them.

The thread loads everything once, then looks at what was committed since its last look, `LOOK_EVERY_S` apart. It
remembers the database's snapshot, not an instant: however transactions overlap, none is missed and none is waited for.
New rows go into the index in a thread of their own; what arrives meanwhile is repeated on top of it.
"""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from geo import heat_source
from geo.db import EVERYTHING, Connection, begin
from geo.errors import Unavailable
from geo.heat_columns import Batch, View, changed, merged

LOOK_EVERY_S = 0.1
TRY_AGAIN_S = 1.0
MOST_NEW = 16_384  # new rows that are looked at one by one before they go into the index
MOST_AT_ONCE = 100_000  # more changes than this are read by loading everything again
KEPT = timedelta(days=1)  # how long changes stay noted
TRUSTED = timedelta(hours=12)  # who has not looked for so long loads again
log = logging.getLogger(__name__)
Pool = ConnectionPool[Connection]


class HeatLoading(Unavailable):
    """The heat map is still being loaded into memory; try again in a few seconds."""

    zh = "热力图数据正在载入内存，请几秒后重试。"


@dataclass
class Merging:
    """An index in the making, and what changed since it was begun."""

    made: Future[View]
    since: list[Batch] = field(default_factory=list[Batch])


class Heat:
    """
    All incidents in memory, kept up by a thread.

    Parameters
    ----------
    pool
        From `db.open_pool`.
    timezone
        The city's clock, by which hours and weekdays are told.
    """

    def __init__(self, pool: Pool, timezone: str) -> None:
        self._pool, self._timezone = pool, timezone
        self._view: View | None = None
        self._seen, self._looked_at = "", datetime.min
        self._forgot_at = datetime.min
        self._merging: Merging | None = None
        self._worker = ThreadPoolExecutor(1, "heat-merge")
        self._ended = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="heat", daemon=True)

    def start(self) -> None:
        """Begin to load, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()
        self._worker.shutdown(wait=True, cancel_futures=True)

    def view(self) -> View:
        """All incidents as of a moment ago; raises `HeatLoading` while they are loaded for the first time."""
        view = self._view
        if view is None:
            raise HeatLoading
        return view

    def catch_up(self) -> None:
        """Take in what was committed until now; loads everything where nothing is known or too much has changed."""
        with self._turn, begin(self._pool, EVERYTHING) as conn:
            seen, at = heat_source.snapshot(conn)
            ids = None
            if self._view is not None and at.replace(tzinfo=None) - self._looked_at < TRUSTED:
                ids = heat_source.changes(conn, self._seen, MOST_AT_ONCE)
            if ids is None:
                self._merging, self._view = None, heat_source.load(conn, self._timezone)
            elif ids:
                self._take(heat_source.batch(conn, ids, self._timezone))
            self._seen, self._looked_at = seen, at.replace(tzinfo=None)
            self._forget(conn, at)
        self._merge()

    def _take(self, batch: Batch) -> None:
        self._view = changed(self.view(), batch)
        if self._merging is not None:
            self._merging.since.append(batch)

    def _merge(self) -> None:
        """Begin an index of all rows when there are many new ones; put it in place when it is made."""
        merging, view = self._merging, self.view()
        if merging is None and len(view.new.code) > MOST_NEW:
            self._merging = Merging(self._worker.submit(merged, view))
        elif merging is not None and merging.made.done():
            fresh = merging.made.result()
            for batch in merging.since:
                fresh = changed(fresh, batch)
            self._merging, self._view = None, fresh

    def _forget(self, conn: Connection, at: datetime) -> None:
        if at.replace(tzinfo=None) - self._forgot_at > KEPT / 24:
            heat_source.forget(conn, at - KEPT)
            self._forgot_at = at.replace(tzinfo=None)

    def _follow(self) -> None:
        while not self._ended.is_set():
            wait_s = LOOK_EVERY_S
            try:
                self.catch_up()
            except PoolClosed:
                return  # the service ends
            except (psycopg.Error, PoolTimeout) as fault:
                log.warning("heat is behind, for the database could not be read: %s", type(fault).__name__)
                wait_s = TRY_AGAIN_S
            except Exception:
                log.exception("heat is behind")
                wait_s = TRY_AGAIN_S
            self._ended.wait(wait_s)
