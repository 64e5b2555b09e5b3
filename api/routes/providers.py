"""Identity providers: which there are, and the beginning of a sign-in by one."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import Field

from api import auth, sign_in
from api.body import StrictRoute
from api.schemas import Strict
from api.scope import needs, service_of

router = APIRouter(prefix="/v1/session/providers", tags=["session"], route_class=StrictRoute)

Name = Annotated[
    str, Path(pattern=r"^[a-z][a-z0-9-]{1,31}$", examples=["league-sso"], description="Of a provider. 认证平台短名称。")
]

# One slash and no second, no backslash: browsers take `//host` and `/\host` for another site.
OWN_PATH = r"^/([A-Za-z0-9._~!$&'()*+,;=:@%?-][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$"


@dataclass(frozen=True)
class Door:
    """An identity provider, as its button names it."""

    name: str
    name_zh: str
    name_en: str


class Wish(Strict):
    """Where to be led afterwards: a path of this service, never an address elsewhere."""

    next: Annotated[str, Field(max_length=500, pattern=OWN_PATH)] = "/"


@dataclass(frozen=True)
class Away:
    """The provider's own page, where the browser goes now."""

    address: str


@router.get("", summary="Identity providers 统一身份认证平台", dependencies=[needs("public")])
async def find(request: Request) -> list[Door]:
    """Who may vouch for people here, beside local passwords."""
    known = await run_in_threadpool(auth.providers_of, service_of(request).doors.pool)
    return [Door(one.name, one.name_zh, one.name_en) for one in known]


@router.post("/{name}", summary="Begin a sign-in by a provider 发起统一认证登录", dependencies=[needs("public")])
async def begin(request: Request, response: Response, name: Name, body: Wish) -> Away:
    """Bind a journey to this browser, and say where it leads; it comes back to `/sign-in/{name}/callback`."""
    return Away(await sign_in.away(request, response, name, body.next))
