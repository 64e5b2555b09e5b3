"""Signing in and out, who one is, the own password, and which of the own grants to act under."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import Field

from api import auth
from api.body import StrictRoute
from api.description import refusals
from api.errors import NotAllowed, PlainHttp, SignInNeeded
from api.guard import is_loopback
from api.logging import log
from api.schemas import Plain, Strict
from api.scope import Principal, needs, principal_of, service_of
from geo.accounts import Grant
from geo.passwords import LONGEST, SamePassword
from geo.roles import Permission, Role
from geo.sessions import Holder, OwnSession

router = APIRouter(prefix="/v1/session", tags=["session"], route_class=StrictRoute)

Own = Annotated[Principal, needs("account.own")]
Password = Annotated[str, Field(min_length=1, max_length=LONGEST, json_schema_extra={"format": "password"}), Plain]


class SignIn(Strict):
    """An account of a duty, and its password."""

    account: Annotated[str, Field(min_length=1, max_length=64, examples=["demo.banner.dispatcher"]), Plain]
    password: Password


class NewPassword(Strict):
    """The present password and the next one; 12 to 128 characters."""

    present: Password
    next: Password


class Choice(Strict):
    """The grant to act under."""

    grant: Annotated[int, Field(ge=1, le=2**62)]


@dataclass(frozen=True)
class Standing:
    """A grant that the account may act under; without a unit it is for everything."""

    id: int
    role: Role
    unit_code: str | None
    unit_name: str | None
    unit_name_en: str | None
    until: datetime | None


@dataclass(frozen=True)
class Session:
    """
    Who one is, and what one may do; without a session the account is null and the role `public`.

    `grant` is the one that the session acts under, `grants` are those that it may change to. With
    `must_change_password` nothing else is allowed until the password is changed. `provider` is the identity provider
    that the session was started by: to leave it too, go to `/sign-in/{provider}/sign-out` after signing out.
    """

    account: str | None
    role: Role
    permissions: list[Permission]
    grant: int | None
    grants: list[Standing]
    expires_at: datetime | None
    must_change_password: bool = False
    provider: str | None = None


@dataclass(frozen=True)
class Listed(OwnSession):
    """One of the own sessions; `current` is the one that asks."""

    current: bool


@router.post("", summary="Sign in 登录", dependencies=[needs("public")], responses=refusals(401, 429))
async def sign_in(request: Request, response: Response, body: SignIn) -> Session:
    """Start a session under the widest grant; the cookie is its only key."""
    if request.url.scheme != "https" and not is_loopback(request.url.hostname or ""):
        raise PlainHttp
    doors = service_of(request).doors
    account = await doors.check(body.account.strip().lower(), body.password, auth.address_of(request))
    replaced = auth.cookie_of(request)
    secret = await run_in_threadpool(auth.started, doors.pool, account.id, instead_of=replaced)
    log.info("signed_in", account=account.name, via="password")
    return await _entered(request, response, secret, replaced)


@router.get("", summary="Who one is 当前会话", dependencies=[needs("public")])
async def read(request: Request) -> Session:
    """The account, what it may do, and the grants that it may act under."""
    return await _session(request, await principal_of(request))


@router.delete("", summary="Sign out 退出登录", status_code=204, dependencies=[needs("public")])
async def sign_out(request: Request, response: Response) -> None:
    """End the session; without one nothing happens."""
    secret, doors = auth.cookie_of(request), service_of(request).doors
    if secret is not None:
        await run_in_threadpool(auth.ended, doors.pool, secret)
        doors.forget(secret)
    auth.drop_cookie(request, response)
    response.headers["clear-site-data"] = '"cache"'  # tiles are kept by the browser to be asked about again


@router.post("/password", summary="Change the password 修改密码", status_code=204, responses=refusals(429))
async def change_password(request: Request, response: Response, asking: Own, body: NewPassword) -> None:
    """Set a new password; this session goes on under a new cookie, every other one of the account ends."""
    doors, (holder, present) = service_of(request).doors, _own(request, asking)
    account = await doors.check(asking.account, body.present, auth.address_of(request))
    if body.next == body.present:
        raise SamePassword
    secret = await run_in_threadpool(auth.renewed, doors.pool, account, body.next, holder.grant_id)
    doors.forget(present)
    auth.set_cookie(request, response, secret)


@router.post("/grant", summary="Act under another grant 切换身份", responses=refusals(404))
async def choose(request: Request, response: Response, asking: Own, body: Choice) -> Session:
    """Start a session under another grant of the account, in place of this one."""
    doors, (holder, present) = service_of(request).doors, _own(request, asking)
    secret = await run_in_threadpool(
        auth.started,
        doors.pool,
        holder.account_id,
        body.grant,
        instead_of=present,
        provider_id=holder.provider_id,
    )
    return await _entered(request, response, secret, present)


@router.get("/all", summary="Own sessions 本账号的会话")
async def find(request: Request, asking: Own) -> list[Listed]:
    """Every session of the account, wherever it was begun, the last used first."""
    holder, _ = _own(request, asking)
    found = await run_in_threadpool(auth.sessions_of, service_of(request).doors.pool, holder.account_id)
    return [Listed(**vars(one), current=one.id == holder.id) for one in found]


@router.delete("/all", summary="End all other sessions 结束其他会话", status_code=204)
async def end_others(request: Request, asking: Own) -> None:
    """End every session of the account but the one that asks; they are out within a second."""
    holder, _ = _own(request, asking)
    await run_in_threadpool(auth.ended_others, service_of(request).doors.pool, holder.account_id, holder.id)


@router.delete("/all/{session_id}", summary="End one session 结束某个会话", status_code=204)
async def end_one(
    request: Request, asking: Own, session_id: Annotated[int, Path(ge=1, le=2**62, description="会话编号。")]
) -> None:
    """End one of the account's sessions; it is out within a second."""
    holder, _ = _own(request, asking)
    await run_in_threadpool(auth.ended_own, service_of(request).doors.pool, holder.account_id, session_id)


async def _entered(request: Request, response: Response, secret: str, replaced: str | None) -> Session:
    doors = service_of(request).doors
    if replaced is not None:
        doors.forget(replaced)
    auth.set_cookie(request, response, secret)
    holder = await doors.holder(secret)
    if holder is None:
        raise SignInNeeded
    return await _session(request, Principal.of(holder))


async def _session(request: Request, who: Principal) -> Session:
    standing: list[Grant] = []
    if who.holder is not None and who.via == "session":
        standing = await run_in_threadpool(auth.grants_of, service_of(request).doors.pool, who.holder.account_id)
    return Session(
        account=who.holder and who.account,
        role=who.role,
        permissions=sorted(who.permissions),
        grant=who.holder and who.holder.grant_id,
        grants=[_standing(grant) for grant in standing],
        expires_at=who.holder and who.holder.expires_at,
        must_change_password=bool(who.holder and who.holder.must_change),
        provider=who.holder and who.holder.provider,
    )


def _standing(grant: Grant) -> Standing:
    return Standing(grant.id, grant.role, grant.unit_code, grant.unit_name, grant.unit_name_en, grant.until)


def _own(request: Request, asking: Principal) -> tuple[Holder, str]:
    """The session and its secret; a token has neither a password to change nor another grant to take."""
    secret = auth.cookie_of(request)
    if asking.via != "session" or asking.holder is None or secret is None:
        raise NotAllowed
    return asking.holder, secret
