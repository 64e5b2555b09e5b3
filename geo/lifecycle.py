"""
The life of an incident as data: its states, the steps between them, and what each step must say.

上报 → 受理 → 交办 / 派单 → 签收 → 处置 → 核查 → 结案 → 回访 → 归档, with 退回, 挂账 and 不予受理 beside it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from geo.errors import TransitionRefused


class State(StrEnum):
    """A state of an incident; the values are what the database and the API say."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    HANDLING = "handling"
    CHECKING = "checking"
    DEFERRED = "deferred"
    RETURNED = "returned"
    CLOSED = "closed"
    REVISITED = "revisited"
    ARCHIVED = "archived"
    REFUSED = "refused"


S = State
FIRST = S.REPORTED
FINAL = frozenset({S.ARCHIVED})

STEPS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        S.REPORTED: frozenset({S.ACCEPTED, S.REFUSED}),
        # Accepted to handling: the window handles on the spot (直办), nobody is called.
        S.ACCEPTED: frozenset({S.ASSIGNED, S.DISPATCHED, S.HANDLING, S.REFUSED}),
        # Assigned to dispatched: the department hands the incident down to a team.
        S.ASSIGNED: frozenset({S.SIGNED, S.DISPATCHED, S.RETURNED}),
        S.DISPATCHED: frozenset({S.SIGNED, S.RETURNED}),
        S.SIGNED: frozenset({S.HANDLING, S.DEFERRED, S.RETURNED}),
        S.HANDLING: frozenset({S.CHECKING, S.DEFERRED, S.RETURNED}),
        # Checking to handling: the check on site failed.
        S.CHECKING: frozenset({S.CLOSED, S.HANDLING}),
        S.DEFERRED: frozenset({S.HANDLING, S.RETURNED}),
        # A returned incident is never left lying: it is handed out again, or refused with a reason.
        S.RETURNED: frozenset({S.ASSIGNED, S.DISPATCHED, S.HANDLING, S.REFUSED}),
        # Closed to archived: an anonymous report has nobody to revisit.
        S.CLOSED: frozenset({S.REVISITED, S.ARCHIVED}),
        # Revisited to handling: who reported says that it is not settled, the incident is opened again.
        S.REVISITED: frozenset({S.ARCHIVED, S.HANDLING}),
        # Refused to accepted: the refusal was reviewed and did not stand.
        S.REFUSED: frozenset({S.ARCHIVED, S.ACCEPTED}),
        S.ARCHIVED: frozenset(),
    }
)

# Settled incidents run no clock; entering sets `closed_at`, opening again clears it.
SETTLED = frozenset({S.CLOSED, S.REVISITED, S.ARCHIVED, S.REFUSED})

# Nobody has taken the incident yet: a new default owner may still take it.
UNTAKEN = frozenset({S.REPORTED, S.ACCEPTED, S.RETURNED})

# These must say why; so must a step from settled back to open.
REASONED = frozenset({S.DEFERRED, S.RETURNED, S.REFUSED})

NAMES: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        S.REPORTED: ("上报", "reported"),
        S.ACCEPTED: ("受理", "accepted"),
        S.ASSIGNED: ("交办", "assigned to a department"),
        S.DISPATCHED: ("派单", "dispatched to a team"),
        S.SIGNED: ("签收", "signed for"),
        S.HANDLING: ("处置", "being handled"),
        S.CHECKING: ("核查", "being checked"),
        S.DEFERRED: ("挂账", "deferred"),
        S.RETURNED: ("退回", "returned"),
        S.CLOSED: ("结案", "closed"),
        S.REVISITED: ("回访", "revisited"),
        S.ARCHIVED: ("归档", "archived"),
        S.REFUSED: ("不予受理", "refused"),
    }
)


class ReasonNeeded(TransitionRefused):
    """A reason must be given for such a step."""

    zh = "此步骤必须说明理由。"


class DepartmentNeeded(TransitionRefused):
    """Assigning an incident must name the department."""

    zh = "交办必须指明部门。"


def reopens(before: State, after: State) -> bool:
    """Whether a step takes a settled incident up again."""
    return before in SETTLED and after not in SETTLED


def check_step(before: State, after: State, *, reason: bool, department: bool) -> None:
    """
    Refuse a step that the table does not have, or that does not say what it must.

    Parameters
    ----------
    before, after
        The present state and the wanted one.
    reason, department
        Whether the change gives a reason, names a department.

    Raises
    ------
    TransitionRefused
        Or one of its kinds, `ReasonNeeded` and `DepartmentNeeded`.
    """
    if after not in STEPS[before]:
        raise TransitionRefused(f"{before} → {after}")
    if not reason and (after in REASONED or reopens(before, after)):
        raise ReasonNeeded
    if after is S.ASSIGNED and not department:
        raise DepartmentNeeded
