"""The assigner of the edition in force, kept in memory and replaced when another edition takes over."""

import threading
import time
from datetime import datetime

from geo.assign import Assigner
from geo.db import Connection, Row, instant, one, statements

SQL = statements("editions")
LOOK_AGAIN_S = 1.0  # publications are committed at least a minute ahead: a second of delay in seeing one is harmless


class InForce:
    """
    What one process answers by.

    A planned change takes over at its own instant, by the transaction's clock and without looking; what was
    published without notice, such as the first units of an empty database, is seen within `LOOK_AGAIN_S`.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._assigner: Assigner | None = None
        self._stamp: Row = {}
        self._looked_at_s = 0.0

    def assigner(self, conn: Connection) -> Assigner:
        """The assigner for the transaction's instant; raises `assign.NoUnits` and `assign.NoDefaultTeam`."""
        now = instant(conn)
        with self._turn:
            kept = self._assigner
            if kept is None or not self._holds(now) or self._published(conn):
                kept = self._load(conn)
            return kept

    def _holds(self, now: datetime) -> bool:
        since, until = self._stamp["last_change"], self._stamp["next_change"]
        return since <= now and (until is None or now < until)

    def _published(self, conn: Connection) -> bool:
        if time.monotonic() - self._looked_at_s < LOOK_AGAIN_S:
            return False
        self._looked_at_s = time.monotonic()
        return one(conn, SQL["stamp"]) != self._stamp

    def _load(self, conn: Connection) -> Assigner:
        stamp = one(conn, SQL["stamp"])
        kept = Assigner.load(conn)
        self._assigner, self._stamp, self._looked_at_s = kept, stamp, time.monotonic()
        return kept
