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
from geo.db import Connection, Scope, execute, first, instant, statements
from geo.errors import Invalid, NotFound
from geo.roles import Permissions, Role, granted

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
    """

    kind: Literal["session", "token"]
    account_id: int
    account: str
    grant_id: int
    role: Role
    scope: Scope
    permissions: Permissions
    expires_at: datetime


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def start(conn: Connection, account_id: int, grant: Grant) -> str:
    """Start a session under a grant; returns the secret for the cookie, which is nowhere else."""
    secret = secrets.token_urlsafe(32)
    execute(conn, SQL["forget"], account_id=account_id)
    _keep(conn, secret, "session", account_id, grant.id, expires_at=instant(conn) + LONGEST)
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
    found = first(conn, SQL["holder"], sha256=sha256, idle=IDLE, renew=RENEW)
    if found is None:
        return None
    if found["stale"]:
        execute(conn, SQL["see"], sha256=sha256)
    role, named = Role(found["role"]), found["permissions"]
    return Holder(
        kind=found["kind"],
        account_id=found["account_id"],
        account=found["account"],
        grant_id=found["grant_id"],
        role=role,
        scope=scope_of(found["path"], found["account"], cast(UUID | None, found["organisation"]), role),
        permissions=granted(role, None if named is None else frozenset(named)),
        expires_at=found["expires_at"],
    )


def end(conn: Connection, sha256: bytes) -> None:
    """End one session; to end it twice changes nothing."""
    execute(conn, SQL["end"], sha256=sha256)


def end_all(conn: Connection, account_id: int) -> None:
    """End the sessions of an account."""
    execute(conn, SQL["end_sessions"], account_id=account_id)


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
) -> None:
    execute(
        conn,
        SQL["open"],
        sha256=digest(secret),
        kind=kind,
        account_id=account_id,
        grant_id=grant_id,
        prefix=prefix,
        permissions=permissions,
        expires_at=expires_at,
    )
