"""Whether the service can do its work: what a database must have before reports are taken."""

from dataclasses import dataclass

from psycopg_pool import ConnectionPool

from geo import db, migrate
from geo.db import Connection, one, statements

SQL = statements("readiness")


@dataclass(frozen=True)
class Readiness:
    """
    What was found.

    Attributes
    ----------
    revision, newest
        The schema's revision, and the one that this program needs.
    units
        Whether any unit is in force.
    default_team
        Whether each root names a default team, so that nothing stays unassigned.
    leakproof
        Whether the spatial index serves under row security; if not, answers are right but slow.
    """

    revision: str
    newest: str
    units: bool
    default_team: bool
    leakproof: bool

    @property
    def ready(self) -> bool:
        """Whether reports can be taken."""
        return self.revision == self.newest and self.units and self.default_team


def check(pool: ConnectionPool[Connection], newest: str) -> Readiness:
    """Look at the database; raises psycopg's OperationalError where it cannot be reached."""
    with db.begin(pool, db.EVERYTHING) as conn:
        return Readiness(**one(conn, SQL["state"]), newest=newest)
