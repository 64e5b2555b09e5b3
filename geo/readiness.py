"""Whether the service can do its work: what a database must have before reports are taken."""

from dataclasses import dataclass

from geo.db import Connection, one, statements

SQL = statements("readiness")


@dataclass(frozen=True)
class Readiness:
    """
    What a database has.

    Attributes
    ----------
    units
        Whether any unit is in force.
    default_team
        Whether each root names a default team, so that nothing stays unassigned.
    leakproof
        Whether the spatial index serves under row security; if not, answers are right but slow.
    """

    units: bool
    default_team: bool
    leakproof: bool


def check(conn: Connection) -> Readiness:
    """Look at what reports need."""
    return Readiness(**one(conn, SQL["state"]))
