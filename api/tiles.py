"""Tiles over HTTP, beneath the routes: what is at hand at once, what is made in few threads, and how it is answered."""

import time
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from psycopg_pool import ConnectionPool
from starlette.datastructures import Headers
from starlette.responses import Response

from api.compress import takes_gzip
from geo.assign import NoUnits
from geo.db import PUBLIC, Connection, Scope, begin
from geo.editions import Editions
from geo.errors import Unavailable
from tiles import row_tiles
from tiles.cache import Cache, Packed
from tiles.layers import UNITS, WORLD, TileLayer
from tiles.unit_book import Prepared, UnitBook

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
AT_ONCE = 2  # threads, and database connections, that tiles may take: the rest stays for everything else
MOST_WAITING = 256
FINE = 10  # from this zoom on a tile takes a millisecond at the most, and is made where the request is served
LOOK_AGAIN_S = 1.0
FRESH_S = 60
Made = TypeVar("Made")


class TilesBusy(Unavailable):
    """Too many tiles are asked for at once; ask again in a moment."""

    zh = "瓦片请求过多，请稍后重试。"


class Tiles:
    """
    The tiles of one process.

    Parameters
    ----------
    pool
        Where live layers are read from, `AT_ONCE` connections at the most.
    editions
        What is in force.
    """

    def __init__(self, pool: ConnectionPool[Connection], editions: Editions) -> None:
        self.cache = Cache()
        self.units = UnitBook()
        self._editions = editions
        self._pool = pool
        self._threads = CapacityLimiter(AT_ONCE)
        self._waiting = 0
        self._mark, self._marked_at_s = 0, float("-inf")

    def at_hand(self, layer: TileLayer, zoom: int, x: int, y: int) -> Packed | None:
        """A tile of a public layer in force that is kept, or made in a moment; None if it takes waiting."""
        if layer is not UNITS:
            fresh = time.monotonic() - self._marked_at_s < LOOK_AGAIN_S
            return self.cache.get((layer.name, self._mark, zoom, x, y)) if fresh and layer.public else None
        prepared = self._in_force()
        if prepared is None:
            return None
        key = (layer.name, prepared.digest, zoom, x, y)
        kept = self.cache.get(key)
        if kept is None and zoom >= FINE and prepared.tiles.is_ready(zoom):
            return self._kept(key, lambda: prepared.tiles.tile(zoom, x, y))
        return kept

    async def unit_tile(self, zoom: int, x: int, y: int, at: datetime | None) -> Packed:
        """A tile of the units in force at an instant, now if none is given; raises `NoUnits`, `NoUnitsThen`."""
        found = self.at_hand(UNITS, zoom, x, y) if at is None else None
        return found or await self._apart(self._make_units, zoom, x, y, at)

    async def row_tile(self, layer: TileLayer, zoom: int, x: int, y: int, scope: Scope) -> Packed:
        """A tile of what lives in the database, as a scope sees it. Only what is public is kept."""
        return self.at_hand(layer, zoom, x, y) or await self._apart(self._make_rows, layer, zoom, x, y, scope)

    async def drawn(self) -> Prepared | None:
        """The units in force, or None if there are none."""
        return self._in_force() or await self._apart(self._drawn)

    async def drawn_at(self, at: datetime) -> Prepared:
        """The units in force at an instant; raises `NoUnitsThen`."""
        return await self._apart(self._drawn_at, at)

    async def bounds(self) -> tuple[float, ...]:
        """West, south, east, north of the units in force, or the world if there are none."""
        drawn = await self.drawn()
        return drawn.tiles.bounds if drawn else WORLD

    def _drawn(self) -> Prepared | None:
        try:
            with begin(self._pool, PUBLIC) as conn:
                edition = self._editions.current(conn)
        except NoUnits:
            return None
        return self.units.ahead(edition)

    def _drawn_at(self, at: datetime) -> Prepared:
        with begin(self._pool, PUBLIC) as conn:
            edition = self._editions.as_of(conn, at)
        return self.units.of(edition)

    def _in_force(self) -> Prepared | None:
        edition = self._editions.at_hand()
        return edition and self.units.at_hand(edition)

    def _make_units(self, zoom: int, x: int, y: int, at: datetime | None) -> Packed:
        with begin(self._pool, PUBLIC) as conn:
            edition = self._editions.as_of(conn, at)
        found = self.units.ahead(edition) if at is None else self.units.of(edition)
        return self._kept((UNITS.name, found.digest, zoom, x, y), lambda: found.tiles.tile(zoom, x, y))

    def _make_rows(self, layer: TileLayer, zoom: int, x: int, y: int, scope: Scope) -> Packed:
        with begin(self._pool, PUBLIC if layer.public else scope) as conn:
            if not layer.public:
                return Packed.of(row_tiles.tile(conn, layer.name, zoom, x, y))
            # The mark is read first: what is written meanwhile is drawn again, never missed.
            marked_at_s, mark = time.monotonic(), row_tiles.mark(conn)
            self._mark, self._marked_at_s = mark, marked_at_s
            return self._kept((layer.name, mark, zoom, x, y), lambda: row_tiles.tile(conn, layer.name, zoom, x, y))

    def _kept(self, key: Hashable, make: Callable[[], bytes]) -> Packed:
        kept = self.cache.get(key)
        if kept is None:
            kept = Packed.of(make())
            self.cache.put(key, kept)
        return kept

    async def _apart(self, make: Callable[..., Made], *given: object) -> Made:
        if self._waiting >= MOST_WAITING:
            raise TilesBusy
        self._waiting += 1
        try:
            return await to_thread.run_sync(make, *given, limiter=self._threads)
        finally:
            self._waiting -= 1


def answer(asked: Headers, packed: Packed, *, public: bool, media_type: str = MEDIA_TYPE) -> Response:
    """
    A tile, or what else is kept, as its answer: 204 if it is empty, 304 if the client has it already.

    Whoever calls has checked the permission; only then is the tag compared.
    """
    headers = {
        "cache-control": f"public, max-age={FRESH_S}" if public else "private, no-cache",
        "vary": "accept-encoding" if public else "accept-encoding, cookie, authorization",
    }
    if not packed.content:
        return Response(status_code=204, headers=headers)
    zipped = takes_gzip(asked.get("accept-encoding", ""))
    headers["etag"] = f'"{packed.tag}"' if zipped else f'"{packed.tag}-plain"'
    had = asked.get("if-none-match", "")
    if had.strip() == "*" or headers["etag"] in had:
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["content-encoding"] = "gzip"
    return Response(packed.content if zipped else packed.plain, headers=headers, media_type=media_type)
