"""Out to an identity provider and back: the beginning, the page that browsers come back to, and signing out there."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from api import auth
from api.errors import PlainHttp, SignInRefused, language_of, status_of
from api.guard import is_loopback
from api.logging import log
from api.oidc import Journey
from api.scope import service_of
from geo.errors import WanggeError
from geo.identities import FLOW_LASTS, Provider

SEE_OTHER = 303
Page = Callable[[Request], Awaitable[Response]]


def add(app: FastAPI) -> None:
    """Add the pages; what parameters a provider adds to their addresses is its own business."""
    templates = Environment(loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    async def come_back(request: Request) -> Response:
        try:
            return await _come_back(request)
        except WanggeError as refused:
            log.warning("sign_in_refused", code=refused.code(), request_id=request.scope.get("request_id", ""))
            page = _page(request, templates, refused)
            auth.drop_cookie(request, page, auth.JOURNEY)
            return page

    app.add_route("/sign-in/{name}/callback", come_back, include_in_schema=False)
    app.add_route("/sign-in/{name}/sign-out", _sign_out, include_in_schema=False)


async def away(request: Request, response: Response, name: str, leads_to: str) -> str:
    """Bind a journey to the browser; returns the address of the provider's page."""
    if request.url.scheme != "https" and not is_loopback(request.url.hostname or ""):
        raise PlainHttp
    doors = service_of(request).doors
    doors.throttle.journey(auth.address_of(request))
    provider = await run_in_threadpool(auth.provider_of, doors.pool, name)
    journey = Journey.new()
    address = await doors.providers.address(provider, journey, _back(request, provider))
    await run_in_threadpool(auth.left, doors.pool, provider, journey.secret, leads_to)
    auth.set_cookie(request, response, journey.secret, auth.JOURNEY, FLOW_LASTS)
    return address


async def _come_back(request: Request) -> Response:
    """Let in whom the provider vouches for, if somebody here is linked to them; the journey ends in any case."""
    doors = service_of(request).doors
    provider = await run_in_threadpool(auth.provider_of, doors.pool, request.path_params["name"])
    journey, code = _returned(request, provider)
    leads_to = await run_in_threadpool(auth.came_back, doors.pool, provider, journey.secret)
    if leads_to is None or not code:
        raise SignInRefused
    subject = await doors.providers.subject(
        provider, provider.secret(service_of(request).ring), journey, code=code, back=_back(request, provider)
    )
    account = await run_in_threadpool(auth.linked, doors.pool, provider, subject)
    replaced = auth.cookie_of(request)
    secret = await run_in_threadpool(auth.started, doors.pool, account.id, instead_of=replaced, provider_id=provider.id)
    if replaced is not None:
        doors.forget(replaced)
    response = RedirectResponse(leads_to, SEE_OTHER, headers={"cache-control": "no-store"})
    auth.set_cookie(request, response, secret)
    auth.drop_cookie(request, response, auth.JOURNEY)
    log.info("signed_in", account=account.name, via=provider.name)
    return response


def _returned(request: Request, provider: Provider) -> tuple[Journey, str]:
    """The journey that this browser went out on, and the code that it brings; raises `SignInRefused` for another's."""
    said, secret = request.query_params, auth.cookie_of(request, auth.JOURNEY)
    if secret is None or any(len(said.getlist(name)) > 1 for name in ("state", "code", "iss", "error")):
        raise SignInRefused
    journey = Journey(secret)
    if not journey.began(said.get("state", "")) or said.get("iss", provider.issuer) != provider.issuer:
        raise SignInRefused
    return journey, "" if "error" in said else said.get("code", "")


async def _sign_out(request: Request) -> Response:
    """Lead a browser that has signed out here to where it signs out at the provider too."""
    doors = service_of(request).doors
    try:
        provider = await run_in_threadpool(auth.provider_of, doors.pool, request.path_params["name"])
        address = await doors.providers.farewell(provider, str(request.base_url))
    except WanggeError:
        address = None
    return RedirectResponse(address or "/", SEE_OTHER, headers={"cache-control": "no-store"})


def _back(request: Request, provider: Provider) -> str:
    """Where browsers come back to; each provider to an address of its own, so that none answers for another."""
    return f"{request.base_url}sign-in/{provider.name}/callback"


def _page(request: Request, templates: Environment, refused: WanggeError) -> HTMLResponse:
    language = language_of(request.headers.get("accept-language", ""), service_of(request).settings.language)
    page = templates.get_template("sign-in.html").render(
        zh=language == "zh", title=refused.zh if language == "zh" else refused.title(), detail=refused.detail
    )
    return HTMLResponse(page, status_of(type(refused)), headers={"cache-control": "no-store"})
