"""
Sessions and tokens: what a client shows to act under one grant, and who it is found to be.

Both are secrets of 256 random bits of which only the SHA-256 is kept, so that who reads the table can use none of them.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast
from uuid import UUID

from geo.accounts import Account, Grant, scope_of
from geo.db import Connection, Row, Scope, execute, instant, rows, statements
from geo.errors import Invalid, NotFound
from geo.roles import ANYONE, Permissions, Role, granted

SQL = statements("sessions")
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
RENEW = timedelta(minutes=5)  # how exactly the last use of a credential is kept
LONGEST_TOKEN = timedelta(days=366)


class TokenNotFound(NotFound):
    """There is no such token in use."""

    zh = "没有此令牌，或已失效。"


class BadTokenTerms(Invalid):
    """A token lasts from a moment to 366 days, and names only permissions that its role has."""

    zh = "令牌有效期最长 366 天，且只能包含该角色已有的权限。"


class SessionNotFound(NotFound):
    """Your account has no such session now."""

    zh = "您的账号目前没有此会话。"


ONLY_ITS_OWN: Permissions = ANYONE | Permissions({"account.own"})


@dataclass(frozen=True)
class Holder:
    """
    Who shows a credential, and what that allows.

    Attributes
    ----------
    kind
        A session's cookie or a program's token.
    scope
        What is seen.
    permissions
        What may be done.
    expires_at
        When the credential ends at the latest.
    id
        Of the credential, by which its holder lists and ends it.
    provider_id, provider
        The identity provider whose word started the session; None for a password or a token.
    must_change
        Whether the password was made by somebody else: until it is changed nothing else is allowed.
    """

    kind: Literal["session", "token"]
    account_id: int
    account: str
    grant_id: int
    role: Role
    scope: Scope
    permissions: Permissions
    expires_at: datetime
    id: int
    provider_id: int | None = None
    provider: str | None = None
    must_change: bool = False


@dataclass(frozen=True)
class OwnSession:
    """A session as its holder sees it: under which grant, since when, last used when, until when at the latest."""

    id: int
    role: Role
    unit_code: str | None
    unit_name: str | None
    unit_name_en: str | None
    provider: str | None
    begun_at: datetime
    used_at: datetime
    expires_at: datetime


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def start(conn: Connection, account_id: int, grant: Grant, provider_id: int | None = None) -> str:
    """
    Start a session under a grant; returns the secret for the cookie, which is nowhere else.

    Parameters
    ----------
    conn
        A transaction of the sign-in.
    account_id, grant
        Whose, and which.
    provider_id
        The identity provider whose word it is started on; None for a password.
    """
    secret = secrets.token_urlsafe(32)
    until = instant(conn) + LONGEST
    _keep(conn, secret, "session", account_id, grant.id, expires_at=until, provider_id=provider_id)
    return secret


def issue(
    conn: Connection, account: Account, grant: Grant, lasts: timedelta, named: Collection[str] | None = None
) -> str:
    """
    Issue a token that acts under a grant.

    Parameters
    ----------
    conn
        A transaction that may write credentials.
    account, grant
        For whom; the token ends with the grant.
    lasts
        Until it expires, 366 days at the most.
    named
        The permissions that it is cut down to; all of the role if None.

    Returns
    -------
    str
        ``wg_<prefix>_<secret>``, which is nowhere else; the prefix is what it is listed and revoked by.
    """
    if not timedelta(0) < lasts <= LONGEST_TOKEN or (named and not granted(grant.role).issuperset(named)):
        raise BadTokenTerms
    prefix = secrets.token_hex(4)
    secret = f"wg_{prefix}_{secrets.token_urlsafe(32)}"
    _keep(
        conn, secret, "token", account.id, grant.id, expires_at=instant(conn) + lasts, prefix=prefix,
        permissions=None if named is None else sorted(named),
    )  # fmt: skip
    return secret


def holder(conn: Connection, sha256: bytes) -> Holder | None:
    """Who shows the credential of a hash; None if it, its account, its grant or the grant's unit stands no more."""
    for found in rows(conn, SQL["holders"], sha256s=[sha256], idle=IDLE, renew=RENEW):
        if found["stale"]:
            execute(conn, SQL["see"], sha256=sha256)
        return _holder(found)
    return None


def holders(conn: Connection, sha256s: Collection[bytes]) -> dict[bytes, Holder]:
    """Who holds the credentials of some hashes, of those that stand; to be asked about is not to be used."""
    found = rows(conn, SQL["holders"], sha256s=list(sha256s), idle=IDLE, renew=RENEW)
    return {row["sha256"]: _holder(row) for row in found}


def _holder(found: Row) -> Holder:
    role, named = Role(found["role"]), found["permissions"]
    allowed = granted(role, None if named is None else frozenset(named))
    return Holder(
        kind=found["kind"],
        account_id=found["account_id"],
        account=found["account"],
        grant_id=found["grant_id"],
        role=role,
        scope=scope_of(found["path"], found["account"], cast(UUID | None, found["organisation"]), role),
        permissions=allowed & ONLY_ITS_OWN if found["must_change"] else allowed,
        expires_at=found["expires_at"],
        id=found["id"],
        provider_id=found["provider_id"],
        provider=found["provider"],
        must_change=found["must_change"],
    )


def end(conn: Connection, sha256: bytes) -> None:
    """End one session; to end it twice changes nothing."""
    execute(conn, SQL["end"], sha256=sha256)


def end_all(conn: Connection, account_id: int, *, other_than: int | None = None) -> int:
    """End the sessions of an account, or all but one; returns how many ended."""
    return execute(conn, SQL["end_sessions"], account_id=account_id, chosen=None, other_than=other_than)


def end_own(conn: Connection, account_id: int, session_id: int) -> None:
    """End one session of an account by its id; raises `SessionNotFound`."""
    if not execute(conn, SQL["end_sessions"], account_id=account_id, chosen=session_id, other_than=None):
        raise SessionNotFound


def of_account(conn: Connection, account_id: int) -> list[OwnSession]:
    """The sessions of an account that stand now, the last used first."""
    found = rows(conn, SQL["of_account"], account_id=account_id, idle=IDLE)
    return [OwnSession(role=Role(row.pop("role")), **row) for row in found]


def forget(conn: Connection) -> int:
    """Take away the credentials that ended a month ago; returns how many."""
    return execute(conn, SQL["forget"])


def revoke_token(conn: Connection, account: Account, prefix: str) -> None:
    """End a token by its prefix; raises `TokenNotFound`."""
    if not execute(conn, SQL["end_token"], account_id=account.id, prefix=prefix):
        raise TokenNotFound


def _keep(
    conn: Connection,
    secret: str,
    kind: Literal["session", "token"],
    account_id: int,
    grant_id: int,
    *,
    expires_at: datetime,
    prefix: str | None = None,
    permissions: list[str] | None = None,
    provider_id: int | None = None,
) -> None:
    execute(
        conn,
        SQL["open"],
        sha256=digest(secret),
        kind=kind,
        account_id=account_id,
        grant_id=grant_id,
        provider_id=provider_id,
        prefix=prefix,
        permissions=permissions,
        expires_at=expires_at,
    )
