"""Who answers for a unit when no finer rule speaks."""

from dataclasses import dataclass

from geo import db
from geo.errors import NotFound

SQL = db.statements("answering")


class NobodyAnswers(NotFound):
    """No team is named for this unit or any above it, or the unit is not in force."""

    zh = "该单元及其上级均未指定队伍，或该单元当前无效。"


@dataclass(frozen=True)
class AnsweringTeam:
    """A default team; `phone` is an office's, `unit_id` the unit that names it."""

    code: str
    name: str
    kind: str
    phone: str | None
    synthetic: bool
    unit_id: int


def team_of(conn: db.Connection, code: str) -> AnsweringTeam:
    """
    The default team of a unit in force: of the nearest unit upwards that names one.

    Parameters
    ----------
    conn
        In a transaction of `db.begin`.
    code
        Code of a unit of the base layer.

    Raises
    ------
    NobodyAnswers
        If there is no such unit, or none upwards of it names a team.
    """
    row = db.first(conn, SQL["team_of_unit"], code=code)
    if row is None:
        raise NobodyAnswers
    return AnsweringTeam(**row)
