"""The live stream of what happens."""

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.requests import Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api import auth
from api.body import StrictRoute
from api.errors import SignInNeeded
from api.live import Mark
from api.scope import Principal, needs, service_of
from geo.feed import Read

router = APIRouter(prefix="/v1/live", tags=["live"], route_class=StrictRoute)

Seen = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID",
        ge=0,
        le=2**62,
        description="The last `id` that you have: what came since is sent first. 断线重连时最后收到的编号。",
    ),
]


async def admitted(request: Request) -> bytes:
    """The credential that the stream stands and falls with."""
    secret = auth.token_of(request) or auth.cookie_of(request)
    if secret is None:
        raise SignInNeeded
    return service_of(request).live.admit(secret)


@router.get("", summary="What happens, live 实时动态", response_class=EventSourceResponse)
async def follow(
    request: Request,
    asking: Annotated[Principal, needs("map.read")],
    credential: Annotated[bytes, Depends(admitted)],
    seen: Seen = None,
) -> AsyncIterable[ServerSentEvent]:
    """
    Server-sent events of your scope: `incident.reported`, `incident.changed` and others, without free text.

    `ready` comes first and tells where the stream begins. `reset` says that what you missed cannot be had again: load
    your view anew. The stream ends within a second of your session.
    """
    if asking.holder is None:
        raise SignInNeeded
    async for one in service_of(request).live.follow(credential, asking.holder, seen):
        yield _event(one)


def _event(one: Read | Mark) -> ServerSentEvent:
    if isinstance(one, Mark):
        return ServerSentEvent(id=str(one.id), event=one.kind, data={})
    said = {"subject": one.subject, "path": one.path, "at": one.at.isoformat(), **one.body}
    return ServerSentEvent(id=str(one.id), event=one.kind, data=said)
