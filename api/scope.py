"""
What a request may see, and its one transaction.

Accounts are not there yet: the service acts as one desk on this machine, named ``local``, that sees everything.
Hence it listens on a loopback address only, and answers only under a name of this machine: otherwise any web page
could reach it through the visitor's browser by a name of its own that leads here.
"""

import ipaddress
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.requests import Request
from psycopg_pool import ConnectionPool

from api.errors import NotAddressedHere, UnknownParameter
from api.metrics import Metrics
from geo import db
from geo.db import Connection, Scope
from geo.editions import InForce
from geo.settings import Settings

LOCAL_DESK = Scope(path="", account="local")


@dataclass(frozen=True)
class Service:
    """What the requests of one application share."""

    settings: Settings
    dsn: str
    pool: ConnectionPool[Connection]
    in_force: InForce
    metrics: Metrics


def service_of(request: Request) -> Service:
    """What this application's requests share."""
    return request.app.state.service


async def scope_of(request: Request) -> Scope:
    """The scope of the request: the only source of what it may see."""
    if not is_loopback(request.url.hostname or ""):
        raise NotAddressedHere
    return LOCAL_DESK


Scoped = Annotated[Scope, Depends(scope_of)]


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@contextmanager
def begin(request: Request, scope: Scope) -> Generator[Connection]:
    """The one transaction of a request; what was done is kept when the block ends well."""
    with db.begin(service_of(request).pool, scope) as conn:
        yield conn


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not document, and any that is given twice."""
    known = request.app.state.parameters.get(
        (request.method, getattr(request.scope.get("route"), "path", "")), frozenset()
    )
    given = [name for name, _ in request.query_params.multi_items()]
    if len(set(given)) != len(given) or not known.issuperset(given):
        raise UnknownParameter
