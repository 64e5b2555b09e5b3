"""
How far one's own report has come, for whoever has its number: state and times, and nothing else.

The number is the incident's id. It is made of the instant to the nanosecond and 54 random bits, so nobody finds one by
trying; whoever is shown it may follow the incident, which is why nothing is told but how far it has come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, get_args
from uuid import UUID

from geo.db import Connection, Row, first, rows, statements
from geo.errors import NotFound
from geo.lifecycle import State

SQL = statements("tracking")

Stage = Literal["report", "assign", "handle", "supervise", "close", "revisit", "archive"]
STAGES: tuple[Stage, ...] = get_args(Stage)

S = State
STAGE_OF: Mapping[State, Stage] = MappingProxyType(
    {
        S.REPORTED: "report",
        S.ACCEPTED: "assign",
        S.ASSIGNED: "assign",
        S.DISPATCHED: "assign",
        S.SIGNED: "assign",
        S.RETURNED: "assign",
        S.HANDLING: "handle",
        S.DEFERRED: "handle",
        # Who supervises looks on site before anything is closed.
        S.CHECKING: "supervise",
        S.CLOSED: "close",
        S.REFUSED: "close",
        S.REVISITED: "revisit",
        S.ARCHIVED: "archive",
    }
)


class ReportNotFound(NotFound):
    """There is no report with that number."""

    zh = "没有此编号的上报。"


@dataclass(frozen=True)
class Reached:
    """A stage of the loop, and when the incident came to it; None if it has not, or went past it."""

    stage: Stage
    at: datetime | None


@dataclass(frozen=True)
class Progress:
    """
    How far a report has come.

    Attributes
    ----------
    state, since
        What holds now, and since when.
    stage
        The stage of the loop that the state belongs to.
    received_at, due_at
        When it came in, and until when it shall be settled.
    stages
        All stages in their order; what was reached before the incident was opened again counts no more.
    """

    state: State
    since: datetime
    stage: Stage
    received_at: datetime
    due_at: datetime | None
    stages: Sequence[Reached]


def follow(conn: Connection, number: UUID) -> Progress:
    """
    How far the report with a number has come.

    Parameters
    ----------
    conn
        A transaction that may read every incident: the number is what opens this one.
    number
        What the reporter was given.

    Raises
    ------
    ReportNotFound
        There is none.
    """
    found = first(conn, SQL["track"], id=number)
    entered = rows(conn, SQL["entered"], id=number)
    if found is None or not entered:
        raise ReportNotFound
    state = State(found["state"])
    return Progress(
        state, entered[-1]["at"], STAGE_OF[state], found["received_at"], found["due_at"], reached(entered, state)
    )


def reached(entered: Sequence[Row], state: State) -> list[Reached]:
    """When each stage up to that of the present state was last entered from another one."""
    came: dict[Stage, datetime] = {}
    before: Stage | None = None
    for row in entered:
        stage = STAGE_OF[State(row["state"])]
        if stage != before:
            came[stage] = row["at"]
        before = stage
    now = STAGES.index(STAGE_OF[state])
    return [Reached(stage, came.get(stage) if place <= now else None) for place, stage in enumerate(STAGES)]
