"""Who asks: the credential that a request shows, whom it belongs to, and the sign-in that gives one."""

import time
from dataclasses import dataclass
from datetime import timedelta

from anyio import CapacityLimiter, to_thread
from fastapi.requests import Request
from fastapi.responses import Response
from psycopg_pool import ConnectionPool

from api.errors import WrongPassword
from api.logging import log
from api.oidc import Providers
from geo import accounts, identities, passwords, sessions
from geo.accounts import Account, Grant
from geo.db import SIGN_IN, Connection, begin
from geo.identities import Provider
from geo.sessions import Holder, OwnSession
from geo.throttle import Throttle

Pool = ConnectionPool[Connection]
REVALIDATED_S = 0.9  # how long an answer about a credential stands: a revoked grant ends within a second
MOST_KEPT = 10_000
HASHED_AT_ONCE = 2  # Argon2 takes 64 MB each
UNPACKED_AT_ONCE = 2  # pictures take up to 150 MB each
COOKIE = "__Host-wangge"
LOOPBACK_COOKIE = "wangge"  # __Host- demands Secure, which plain HTTP on this machine cannot have
JOURNEY = "-journey"  # behind the name: of the cookie that goes to an identity provider and back


@dataclass(frozen=True)
class Known:
    """What was found about a credential, and when it was asked."""

    holder: Holder | None
    asked_s: float


class Doors:
    """What one process remembers of who may come in: answers about credentials for a moment, and tries."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.throttle = Throttle()
        self.hashing = CapacityLimiter(HASHED_AT_ONCE)
        self.unpacking = CapacityLimiter(UNPACKED_AT_ONCE)
        self.providers = Providers()
        self._known: dict[bytes, Known] = {}

    async def holder(self, secret: str) -> Holder | None:
        """Whom a credential belongs to now, or a moment ago."""
        sha256, now_s = sessions.digest(secret), time.monotonic()
        known = self._known.get(sha256)
        if known is None or now_s - known.asked_s > REVALIDATED_S:
            known = Known(await to_thread.run_sync(self._ask, sha256), now_s)
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[sha256] = known
        return known.holder

    def forget(self, secret: str) -> None:
        """Ask again about a credential whose end is known."""
        self._known.pop(sessions.digest(secret), None)

    def _ask(self, sha256: bytes) -> Holder | None:
        with begin(self.pool, SIGN_IN) as conn:
            return sessions.holder(conn, sha256)

    async def check(self, name: str, password: str, address: str) -> Account:
        """The account of a name and its password; raises `WrongPassword` and `TooManyAttempts`."""
        self.throttle.try_account(name, address)
        account = await to_thread.run_sync(self._right, name, password, limiter=self.hashing)
        if account is None:
            self.throttle.failed(address)
            raise WrongPassword
        self.throttle.succeeded(name, address)
        return account

    def _right(self, name: str, password: str) -> Account | None:
        with begin(self.pool, SIGN_IN) as conn:
            account = accounts.lookup(conn, name)
        # No connection is held while the hash is computed; for an unknown account the same work is done for nothing.
        right = passwords.fits(password, account and account.password_hash)
        if account is not None and not right:  # a name that nobody has may be a password in the wrong field
            log.warning("sign_in_refused", account=account.name, via="password")
        return account if right else None


def grants_of(pool: Pool, account_id: int) -> list[Grant]:
    """The grants of an account that stand now."""
    with begin(pool, SIGN_IN) as conn:
        return accounts.grants(conn, account_id)


def started(
    pool: Pool,
    account_id: int,
    grant_id: int | None = None,
    *,
    instead_of: str | None = None,
    provider_id: int | None = None,
) -> str:
    """Start a session under a grant or the widest one, in place of another; returns its secret."""
    with begin(pool, SIGN_IN) as conn:
        grant = accounts.chosen(accounts.grants(conn, account_id), grant_id)
        if instead_of is not None:
            sessions.end(conn, sessions.digest(instead_of))
        return sessions.start(conn, account_id, grant, provider_id)


def renewed(pool: Pool, account: Account, password: str, grant_id: int) -> str:
    """Set a new password and end every session of the account; returns the secret of the one that goes on."""
    with begin(pool, SIGN_IN) as conn:
        grant = accounts.chosen(accounts.grants(conn, account.id), grant_id)
        accounts.set_password(conn, account, password)
        sessions.end_all(conn, account.id)
        return sessions.start(conn, account.id, grant)


def ended(pool: Pool, secret: str) -> None:
    """End a session."""
    with begin(pool, SIGN_IN) as conn:
        sessions.end(conn, sessions.digest(secret))


def sessions_of(pool: Pool, account_id: int) -> list[OwnSession]:
    """The sessions of an account that stand now."""
    with begin(pool, SIGN_IN) as conn:
        return sessions.of_account(conn, account_id)


def ended_own(pool: Pool, account_id: int, session_id: int) -> None:
    """End one session of an account."""
    with begin(pool, SIGN_IN) as conn:
        sessions.end_own(conn, account_id, session_id)


def ended_others(pool: Pool, account_id: int, session_id: int) -> None:
    """End every session of an account but one."""
    with begin(pool, SIGN_IN) as conn:
        sessions.end_all(conn, account_id, other_than=session_id)


def providers_of(pool: Pool) -> list[Provider]:
    """The identity providers."""
    with begin(pool, SIGN_IN) as conn:
        return identities.providers(conn)


def provider_of(pool: Pool, name: str) -> Provider:
    """The identity provider of a name; raises `ProviderNotFound`."""
    with begin(pool, SIGN_IN) as conn:
        return identities.find(conn, name)


def left(pool: Pool, provider: Provider, secret: str, leads_to: str) -> None:
    """A browser goes to an identity provider."""
    with begin(pool, SIGN_IN) as conn:
        identities.leave(conn, provider, sessions.digest(secret), leads_to)


def came_back(pool: Pool, provider: Provider, secret: str) -> str | None:
    """Where a browser is led that came back, if it may; the second time it may not."""
    with begin(pool, SIGN_IN) as conn:
        return identities.come_back(conn, provider, sessions.digest(secret))


def linked(pool: Pool, provider: Provider, subject: str) -> Account:
    """The account that somebody at a provider may act for; raises `IdentityUnknown`."""
    with begin(pool, SIGN_IN) as conn:
        return identities.account_of(conn, provider, subject)


def token_of(request: Request) -> str | None:
    """The token that a program shows."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" and secret.strip() else None


def cookie_of(request: Request, kind: str = "") -> str | None:
    """The session that a browser shows, or its journey to an identity provider."""
    return request.cookies.get(_cookie_name(request) + kind)


def set_cookie(
    request: Request, response: Response, secret: str, kind: str = "", lasts: timedelta = sessions.LONGEST
) -> None:
    """Give a browser its session, or its journey."""
    response.set_cookie(
        _cookie_name(request) + kind,
        secret,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response, kind: str = "") -> None:
    """Take a browser's session away, or its journey."""
    name = _cookie_name(request) + kind
    response.delete_cookie(name, path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax")


def address_of(request: Request) -> str:
    """Where a request comes from, as the server or the trusted proxy before it says."""
    return request.client.host if request.client else ""


def _cookie_name(request: Request) -> str:
    return COOKIE if request.scope["scheme"] == "https" else LOOPBACK_COOKIE
