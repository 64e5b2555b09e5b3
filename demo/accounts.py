"""Accounts to try the desks with: one for each desk and level along the path to the busiest micro-grid."""

from dataclasses import dataclass

from geo import accounts, passwords, units
from geo.db import Connection, Row, first, statements
from geo.roles import Role

SQL = statements("accounts")
COMMAND = ("league", "banner", "township", "community")  # the duty desks, 四级值班台


@dataclass(frozen=True)
class Made:
    """An account of the demo; its password is nowhere else."""

    name: str
    role: Role
    unit_code: str | None
    unit_name: str | None
    password: str


def demo_accounts(conn: Connection) -> list[Made]:
    """Make the accounts, in a transaction that may write accounts; what is returned is to be printed once."""
    busiest = first(conn, SQL["busiest"])
    if busiest is None:
        return []
    above = units.ancestors(conn, busiest["path"])
    named = {unit["level"]: unit for unit in above}
    root, leaf = above[0], above[-1]
    middle = named.get("banner", root)
    department = first(conn, SQL["department_near"], path=busiest["path"])
    desks = [(f"{level}.dispatcher", Role.DISPATCHER, named[level]) for level in COMMAND if level in named]
    desks = desks or [("dispatcher", Role.DISPATCHER, leaf)]
    desks += [
        ("grid.worker", Role.GRID_WORKER, leaf),
        ("patrol", Role.PATROL, named.get("township", middle)),
        ("planner", Role.PLANNER, middle),
        ("approver", Role.APPROVER, root),
        ("auditor", Role.AUDITOR, root),
    ]
    made = [_made(conn, name, role, unit) for name, role, unit in desks]
    if department is not None:
        made.append(_made(conn, "department", Role.DEPARTMENT_HANDLER, leaf, department["code"]))
    return [*made, _made(conn, "admin", Role.ADMIN, None)]


def _made(conn: Connection, name: str, role: Role, unit: Row | None, organisation: str | None = None) -> Made:
    account, password, place = accounts.add(conn, f"demo.{name}"), passwords.made(), unit or {}
    accounts.set_password(conn, account, password)
    accounts.grant(conn, account, role, place.get("code"), organisation=organisation)
    return Made(account.name, role, place.get("code"), place.get("name"), password)
