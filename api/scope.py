"""
What a request may see and do: every route names the permission that it needs, and takes its scope from who asks.

`needs` is the only way to a principal, and a principal the only way to a scope; `declare` refuses to start with a
route that names no permission.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.requests import Request
from fastapi.routing import APIRoute
from psycopg_pool import ConnectionPool
from starlette.routing import BaseRoute

from api.auth import Doors, address_of, cookie_of, token_of
from api.errors import ChangePassword, NotAllowed, SignInNeeded, UnknownParameter
from api.heat import Hearth
from api.held import Held
from api.live import Live
from api.metrics import Metrics
from api.tiles import Tiles
from api.watch import Watch
from geo import db
from geo.db import INTAKE, PUBLIC, Connection, Scope
from geo.editions import Editions
from geo.errors import WanggeError
from geo.keys import KeyRing
from geo.roles import ANYONE, Permission, Permissions, Role
from geo.sessions import Holder
from geo.settings import Settings
from tiles.cache import Cache


@dataclass(frozen=True)
class Service:
    """What the requests of one application share."""

    settings: Settings
    dsn: str
    pool: ConnectionPool[Connection]
    editions: Editions
    metrics: Metrics
    doors: Doors
    watch: Watch
    figures: Held
    outline: Held
    ring: KeyRing
    live: Live
    tiles: Tiles
    hearth: Hearth
    pages: Cache


@dataclass(frozen=True)
class Principal:
    """
    Who asks.

    Attributes
    ----------
    account, role
        ``public`` for whoever has not signed in.
    scope
        What is seen.
    permissions
        What may be done: of the role, and for a token what it was cut down to.
    via
        How it is known.
    holder
        Of the session or token; None for the public.
    """

    account: str
    role: Role
    scope: Scope
    permissions: Permissions
    via: Literal["nobody", "session", "token"]
    holder: Holder | None = None

    @classmethod
    def of(cls, holder: Holder) -> "Principal":
        """Who shows a credential."""
        return cls(holder.account, holder.role, holder.scope, holder.permissions, holder.kind, holder)

    @property
    def intake(self) -> Scope:
        """The scope of a report: it may lie anywhere, is put in under this account, and is not read back."""
        return replace(INTAKE, account=self.account)


ANONYMOUS = Principal("public", Role.PUBLIC, PUBLIC, ANYONE, "nobody")


class Needs:
    """The dependency that asks for a permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Principal:
        """Who asks, if they may; raises `SignInNeeded` and `NotAllowed`. For what is public nobody is looked up."""
        if self.permission == "public":
            return ANONYMOUS
        asking = await principal_of(request)
        if self.permission not in asking.permissions:
            raise _refusal(asking)
        return asking


def _refusal(asking: Principal) -> WanggeError:
    if asking.holder is None:
        return SignInNeeded()
    return ChangePassword() if asking.holder.must_change else NotAllowed()


def needs(permission: Permission) -> Any:
    """
    What a route declares: in ``Annotated[Principal, ...]``, or among its ``dependencies`` if it needs no principal.

    Parameters
    ----------
    permission
        A word of `roles.Permission`; ``public`` for what anybody may ask of the service itself.
    """
    return Depends(Needs(permission))


async def principal_of(request: Request) -> Principal:
    """Who asks; raises `SignInNeeded` for a token that is none, for a program must hear of that."""
    doors, token = service_of(request).doors, token_of(request)
    secret = token or cookie_of(request)
    holder = None if secret is None else await doors.holder(secret)
    if token is not None and (holder is None or holder.kind != "token"):
        raise SignInNeeded
    if holder is None or (token is None and holder.kind != "session"):
        return ANONYMOUS
    return Principal.of(holder)


def declare(routes: Iterable[BaseRoute]) -> None:
    """Write each route's permission into the description of the API; raises `LookupError` for a route without one."""
    for route in (found for found in routes if isinstance(found, APIRoute)):
        asked = {need.permission for need in _needs(route.dependant)}
        if len(asked) != 1:
            raise LookupError(f"{route.path} must name one permission by needs(), not {sorted(asked) or 'none'}")
        route.openapi_extra = (route.openapi_extra or {}) | {"x-permission": asked.pop()}


def service_of(request: Request) -> Service:
    """What this application's requests share."""
    return request.app.state.service


@contextmanager
def begin(request: Request, scope: Scope) -> Generator[Connection]:
    """The one transaction of a request; what was done is kept when the block ends well."""
    with db.begin(service_of(request).pool, scope) as conn:
        yield conn


def count_report(request: Request, asking: Principal) -> None:
    """Count a report by the public against where it comes from; raises `throttle.TooManyAttempts`."""
    if asking.via == "nobody":
        service_of(request).doors.throttle.report(address_of(request))


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not document, and any that is given twice."""
    known = request.app.state.parameters.get(
        (request.method, getattr(request.scope.get("route"), "path", "")), frozenset()
    )
    given = [name for name, _ in request.query_params.multi_items()]
    if len(set(given)) != len(given) or not known.issuperset(given):
        raise UnknownParameter


def _needs(dependant: Dependant) -> Iterator[Needs]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Needs):
            yield inner.call
        yield from _needs(inner)
