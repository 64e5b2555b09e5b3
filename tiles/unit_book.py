"""The editions whose tiles one process holds: the one in force, prepared in the background, and a few past ones."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from geo import units
from geo.assign import NoUnits, NoUnitsThen
from geo.db import Connection, instant, one, statements
from tiles.unit_tiles import UnitTiles

SQL = statements("tiles")
HELD = 4
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True)
class Prepared:
    """The tiles of one edition, and the digest that tells it from every other."""

    digest: str
    tiles: UnitTiles


class UnitBook:
    """The unit tiles of one process, by edition."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._held: OrderedDict[str, Prepared] = OrderedDict()
        self._current: Prepared | None = None
        self._looked_at_s = 0.0

    def at_hand(self) -> Prepared | None:
        """What is in force, if that was looked at a moment ago."""
        return self._current if time.monotonic() - self._looked_at_s < LOOK_AGAIN_S else None

    def current(self, conn: Connection) -> Prepared:
        """What is in force; raises `NoUnits`. Its zooms are prepared one after the other in the background."""
        looked_at_s = time.monotonic()
        found = self.as_of(conn)
        if found is not self._current:
            threading.Thread(target=found.tiles.prepare_all, name="tiles-ahead", daemon=True).start()
        self._current, self._looked_at_s = found, looked_at_s
        return found

    def as_of(self, conn: Connection, at: datetime | None = None) -> Prepared:
        """What was in force at an instant; raises `NoUnits` and `NoUnitsThen`."""
        digest = one(conn, SQL["in_force"], at=at or instant(conn))["digest"]
        if not digest:
            raise NoUnits if at is None else NoUnitsThen
        with self._turn:
            if digest not in self._held:
                self._held[digest] = Prepared(digest, UnitTiles(units.in_force(conn, at)))
            self._held.move_to_end(digest)
            while len(self._held) > HELD:
                self._held.popitem(last=False)
            return self._held[digest]
