"""
The editions that one process holds: what is in force, what will be next, and two more that were asked for.

Which edition answers is asked of the database in each transaction, by the transaction's clock: before an instant of
change no process answers by the next edition, from it on all do. An edition that is not held is built or mapped on a
connection of its own, in a thread of its own; until then the SQL twin answers.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

from geo import edition
from geo.assign import Answering, Assigner, NoUnits, NoUnitsThen, default_teams
from geo.db import EVERYTHING, Connection, begin_apart, one, statements
from geo.edition import Edition, Key, key_of
from geo.edition_files import EditionFiles
from geo.sql_twin import SqlTwin

SQL = statements("editions")
HELD = 4
LOOK_EVERY_S = 5.0  # publications are committed at least a minute ahead
MOST_OFF = timedelta(milliseconds=100)

__all__ = ["Edition", "Editions", "Key"]


def utc_now() -> datetime:
    """The clock of this process, as it is set."""
    return datetime.now(UTC)


def ignore(_: Exception) -> None:
    """Say nothing of a fault."""


@dataclass(frozen=True, eq=False)
class _Held:
    edition: Edition
    teams: Mapping[int, UUID]

    @cached_property
    def assigner(self) -> Assigner:
        return Assigner.of(self.edition, self.teams)


class Editions:
    """
    The editions of one process; a context that looks ahead while it is open.

    Parameters
    ----------
    dsn
        Of the login role.
    folder
        Where the files of editions are shared with other processes; None to keep none.
    clock
        The clock of this process.
    tell
        Is told why looking ahead or building failed; the SQL twin goes on answering, and the next look tries again.
    """

    def __init__(
        self,
        dsn: str,
        folder: Path | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
        tell: Callable[[Exception], None] = ignore,
    ) -> None:
        self._dsn = dsn
        self._files = EditionFiles(folder)
        self._clock = clock
        self._tell = tell
        self._turn = threading.Lock()
        self._held: OrderedDict[Key, _Held] = OrderedDict()
        self._pinned: list[Key] = []
        self._underway: dict[Key, Future[_Held | None]] = {}
        self._builder = ThreadPoolExecutor(1, "edition")
        self._ended = threading.Event()
        self._ahead = threading.Thread(target=self._look_ahead, name="editions-ahead", daemon=True)
        self.off = timedelta(0)

    def __enter__(self) -> "Editions":
        """Look ahead from now on."""
        self._ahead.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more; what is held stays usable."""
        self._ended.set()
        self._builder.shutdown(wait=False, cancel_futures=True)

    def current(self, conn: Connection) -> Edition:
        """What is in force at the transaction's instant; as `as_of`."""
        return self.as_of(conn)

    def as_of(self, conn: Connection, valid: datetime | None = None, recorded: datetime | None = None) -> Edition:
        """
        What is in force at an instant as known at another, both the transaction's if not given.

        It waits for an edition that is not held: a moment for one that has a file, seconds for one to be built.

        Raises
        ------
        NoUnits, NoUnitsThen
            Nothing was in force.
        """
        key = self._key(conn, valid, recorded)
        found = self._find(key) or self._ask(key).result()
        # What only this transaction sees is built in it, and not held.
        return edition.read(conn, key, edition.digest_of(conn, key)) if found is None else found.edition

    def ready(self, conn: Connection) -> Edition | None:
        """As `current`, without waiting: None while the edition is not held, and it will be soon."""
        key = self._key(conn)
        found = self._find(key)
        if found is None:
            self._ask(key)
        return found and found.edition

    def assigner(self, conn: Connection) -> Answering:
        """
        Who answers for points at the transaction's instant: from memory, or until that is ready by the SQL twin.

        Raises
        ------
        NoUnits, NoDefaultTeam
            Nothing is published, or a root names no team.
        """
        key = self._key(conn)
        found = self._find(key)
        if found is None:
            self._ask(key)
            return SqlTwin(conn, key)
        return found.assigner

    def at_hand(self) -> Edition | None:
        """What is in force by this process's corrected clock, without the database; None if it is not held."""
        now = self.now()
        with self._turn:
            since = [key for key in self._pinned if key.valid <= now]
            found = self._held.get(since[-1]) if since else None
        return found and found.edition

    def now(self) -> datetime:
        """The clock of this process, corrected by what it was last found to be off from the database's."""
        return self._clock() + self.off

    def compare_clocks(self, conn: Connection) -> timedelta:
        """How far the database's clock is ahead of this process's: by the quickest of three answers."""
        asked = [self._compare(conn) for _ in range(3)]
        self.off = min(asked)[1]
        return self.off

    def look(self) -> None:
        """Compare the clocks, and hold what is in force and what will be next."""
        with begin_apart(self._dsn, EVERYTHING) as conn:
            self.compare_clocks(conn)
            key = key_of(conn)
            if key is None:
                return
            soon = one(conn, SQL["next_change"], after=key.valid)["at"]
            coming = None if soon is None else key_of(conn, soon)
        with self._turn:
            self._pinned = [key] if coming is None else [key, coming]
        for wanted in self._pinned:
            if self._find(wanted) is None:
                self._ask(wanted).result()

    def _compare(self, conn: Connection) -> tuple[timedelta, timedelta]:
        before = self._clock()
        theirs = one(conn, SQL["clock"])["at"]
        after = self._clock()
        return after - before, theirs - (before + (after - before) / 2)

    def _look_ahead(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except Exception as fault:  # whatever it was: the next look may succeed
                self._tell(fault)
            self._ended.wait(LOOK_EVERY_S)

    def _find(self, key: Key) -> _Held | None:
        with self._turn:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def _ask(self, key: Key) -> Future[_Held | None]:
        with self._turn:
            if key not in self._underway:
                self._underway[key] = self._builder.submit(self._build, key)
            return self._underway[key]

    def _build(self, key: Key) -> _Held | None:
        try:
            made = self._made(key)
        finally:
            with self._turn:
                del self._underway[key]
        if made is not None:
            self._hold(key, made)
        return made

    def _made(self, key: Key) -> _Held | None:
        """The edition of a key, or None if only a transaction that has not committed knows it."""
        with begin_apart(self._dsn, EVERYTHING) as conn:
            if key_of(conn, *key) != key:
                return None
            digest = edition.digest_of(conn, key)
            with self._turn:
                same = [held.edition for held in self._held.values() if held.edition.digest == digest]
            found = replace(same[0], key=key) if same else self._files.edition(conn, key, digest)
            return _Held(found, default_teams(conn, key.valid))

    def _hold(self, key: Key, made: _Held) -> None:
        with self._turn:
            self._held[key] = made
            for old in [old for old in self._held if old not in (*self._pinned, key)][: len(self._held) - HELD]:
                del self._held[old]

    @staticmethod
    def _key(conn: Connection, valid: datetime | None = None, recorded: datetime | None = None) -> Key:
        key = key_of(conn, valid, recorded)
        if key is None:
            raise NoUnits if valid is None else NoUnitsThen
        return key
