"""
A short way for tiles that are at hand: the same questions as on the long way, without the machinery between them.

It stands behind the guard of hosts and before the router, and only ever says yes: to who may have the layer, for a tile
of a public layer that needs no waiting. Everything else, errors too, is the router's. Its answers are counted as all
are, but logged at the level ``debug`` only: one look at a map asks for fifty tiles.
"""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import SignInNeeded
from api.scope import principal_of, service_of
from api.tiles import answer
from tiles.layers import CATALOGUE, NoSuchTile, TileLayer

_TILE = re.compile(r"/tiles/([a-z]+)/(\d{1,2})/(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True)
class _Template:
    """What the metrics and the log call the route."""

    path: str


_TEMPLATES = {name: _Template(f"/tiles/{name}/{{z}}/{{x}}/{{y}}") for name, layer in CATALOGUE.items() if layer.public}


class Shortcut:
    """Answers tiles that are at hand."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        found = None
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            found = _TILE.fullmatch(scope["path"])
        ready = await _at_hand(scope, found[1], int(found[2]), int(found[3]), int(found[4])) if found else None
        await (ready or self.app)(scope, receive, send)


async def _at_hand(scope: Scope, name: str, zoom: int, x: int, y: int) -> Response | None:
    if name not in _TEMPLATES:
        return None
    layer, request = CATALOGUE[name], Request(scope)
    if not await _may(request, layer):
        return None
    try:
        layer.check(zoom, x, y)
    except NoSuchTile:
        return None
    packed = service_of(request).tiles.at_hand(layer, zoom, x, y)
    if packed is None:
        return None
    scope["route"], scope["at_hand"] = _TEMPLATES[name], True
    return answer(request.headers, packed, public=True)


async def _may(request: Request, layer: TileLayer) -> bool:
    try:
        return layer.permission in (await principal_of(request)).permissions
    except SignInNeeded:
        return False
