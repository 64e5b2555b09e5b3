"""
Accounts of duties (a desk, a patrol, a department's office) and their grants: a role, in a unit, for a time.

An account is a duty that people take turns in, never a person's profile: its name is all that is kept of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geo import audit, passwords, units
from geo.db import Connection, Row, Scope, execute, first, one, rows, statements
from geo.errors import Conflict, Invalid, NotFound
from geo.roles import Role

SQL = statements("accounts")
_NAME = re.compile(r"[a-z][a-z0-9._-]{2,63}")
OWN_NAMES = frozenset({"public", "system", "operator", "local", "sign-in"})  # the service itself acts under these


class BadAccountName(Invalid):
    """An account's name is 3 to 64 small letters, digits, dots, dashes; it begins with a letter, and some are taken."""

    zh = "账号名须为 3 至 64 位小写字母、数字、点或短横线，以字母开头，且不得为系统保留名。"


class AccountNotFound(NotFound):
    """There is no such account in use."""

    zh = "没有此账号，或已停用。"


class AccountExists(Conflict):
    """There is an account of that name already."""

    zh = "已有同名账号。"


class GrantNotFound(NotFound):
    """The account has no such grant now."""

    zh = "该账号目前没有此授权。"


class UnknownOrganisation(Invalid):
    """There is no team or department with that code."""

    zh = "没有此编码的队伍或部门。"


class NotAGrantedRole(Invalid):
    """Nobody is granted the role of the public."""

    zh = "公众角色无需授权。"


@dataclass(frozen=True)
class Account:
    """An account in use; `password_hash` is None for one that only has tokens."""

    id: int
    name: str
    password_hash: str | None


@dataclass(frozen=True)
class Grant:
    """
    A role in a unit.

    Attributes
    ----------
    path
        Path of the unit; empty for everything.
    unit_code, unit_name, unit_name_en
        The unit as it is now called; None for everything.
    organisation
        The team or department whose incidents are seen wherever they lie, or None.
    until
        When it ends; None for open.
    """

    id: int
    role: Role
    path: str
    unit_code: str | None
    unit_name: str | None
    unit_name_en: str | None
    organisation: UUID | None
    until: datetime | None

    def scope(self, account: str) -> Scope:
        """What is seen under this grant."""
        return scope_of(self.path, account, self.organisation, self.role)


def scope_of(path: str, account: str, organisation: UUID | None, role: Role) -> Scope:
    """What an account sees under a grant."""
    return Scope(path, account, "" if organisation is None else str(organisation), role.value)


def add(conn: Connection, name: str) -> Account:
    """Make an account without password and grants; raises `BadAccountName` and `AccountExists`."""
    if not _NAME.fullmatch(name) or name in OWN_NAMES:
        raise BadAccountName
    made = first(conn, SQL["add"], name=name)
    if made is None:
        raise AccountExists(name)
    audit.append(conn, "account.added", name)
    return Account(made["id"], name, None)


def find(conn: Connection, name: str) -> Account:
    """The account of a name; raises `AccountNotFound`."""
    found = lookup(conn, name)
    if found is None:
        raise AccountNotFound
    return found


def lookup(conn: Connection, name: str) -> Account | None:
    """The account of a name, if it is in use."""
    found = first(conn, SQL["by_name"], name=name)
    return None if found is None else Account(**found)


def set_password(conn: Connection, account: Account, password: str, *, given: bool = False) -> None:
    """
    Keep the hash of a new password, and log that there is one.

    Parameters
    ----------
    conn
        A transaction that may write accounts.
    account
        Whose.
    password
        In clear; raises `passwords.WeakPassword`.
    given
        Whether somebody else made it, so that it must be changed at the first sign-in.
    """
    password_hash = passwords.hashed(password, account.name)
    execute(conn, SQL["set_password"], account_id=account.id, password_hash=password_hash, given=given)
    audit.append(conn, "password.set", account.name)


def grant(
    conn: Connection,
    account: Account,
    role: Role,
    unit: str | None,
    *,
    organisation: str | None = None,
    until: datetime | None = None,
) -> int:
    """
    Grant a role from now on; a grant that stands already is left as it is.

    Parameters
    ----------
    conn
        A transaction that may write accounts.
    account
        Whose.
    role
        Any but the public's.
    unit
        The code of a unit in force, or None for everything.
    organisation
        The code of the team or department that the account acts for.
    until
        When the grant ends; open if None.

    Returns
    -------
    int
        The id of the grant.
    """
    if role is Role.PUBLIC:
        raise NotAGrantedRole
    unit_id = None if unit is None else units.read(conn, unit)["unit_id"]
    standing = first(conn, SQL["standing"], account_id=account.id, role=role, unit_id=unit_id)
    acts_for = _organisation(conn, organisation)
    if standing is not None and standing["organisation"] == acts_for:
        return standing["id"]
    if standing is not None:
        raise Conflict("revoke the grant first: it is for another organisation")
    made = one(
        conn, SQL["grant"], account_id=account.id, role=role, unit_id=unit_id, organisation=acts_for, until=until
    )
    audit.append(conn, "grant.made", account.name, f"{role} {unit or '*'}")
    return made["id"]


def revoke(conn: Connection, account: Account, role: Role | None = None, unit: str | None = None) -> int:
    """End the grants of a role, in a unit, or all; their sessions and tokens end with them. Returns how many ended."""
    unit_id = None if unit is None else units.read(conn, unit)["unit_id"]
    ended = execute(conn, SQL["revoke"], account_id=account.id, role=role, unit_id=unit_id)
    audit.append(conn, "grant.revoked", account.name, f"{role or '*'} {unit or '*'}")
    return ended


def grants(conn: Connection, account_id: int) -> list[Grant]:
    """The grants that stand now, the widest first."""
    return [Grant(role=Role(row.pop("role")), **row) for row in rows(conn, SQL["grants"], account_id=account_id)]


def chosen(standing: Sequence[Grant], grant_id: int | None = None) -> Grant:
    """The grant of an id, or the widest one; raises `GrantNotFound`."""
    for one_grant in standing:
        if grant_id in {None, one_grant.id}:
            return one_grant
    raise GrantNotFound


def listed(conn: Connection) -> list[Row]:
    """All accounts with their standing grants and tokens, ascending by name."""
    return rows(conn, SQL["list"])


def any_grant(conn: Connection) -> bool:
    """Whether anybody can sign in with a password and do anything."""
    return one(conn, SQL["any_grant"])["found"]


def _organisation(conn: Connection, code: str | None) -> UUID | None:
    if code is None:
        return None
    found = first(conn, SQL["organisation"], code=code)
    if found is None:
        raise UnknownOrganisation
    return found["id"]
