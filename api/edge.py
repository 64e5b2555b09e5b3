"""The outermost layers: a request's id, its line in the log and its metrics, and the headers of every answer."""

import logging
import re
import time
from asyncio import CancelledError
from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import CutShort, Language, Unexpected, language_of, problem
from api.logging import log, place_of
from api.metrics import Metrics
from geo import identifiers
from geo.errors import WanggeError

UNMATCHED = "unmatched"
GONE = 499  # who asked went away before there was anything to answer
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# A page may bring its own policy (the Folium maps do); every other answer gets this one.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "geolocation=(self), camera=(self), microphone=()",
    }
)


class Edge:
    """Gives each request an id, each answer its headers, and notes how it went; no error passes it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, language: Language, base_map: str = "") -> None:
        self.app = app
        self.metrics = metrics
        self.language: Language = language
        self.headers = _encoded(base_map)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = _request_id(Headers(scope=scope))
        begun_s, status = time.perf_counter(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, scope["request_id"], self.headers)
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except Exception as error:
            scope["failed"] = error
            if not status:
                await self._apologise(Unexpected(), scope, receive, sent)
        except CancelledError as error:
            # The server cancels what is not done when it must end; where an answer began, it closes the connection.
            scope["failed"] = error
            if status:
                raise
            await self._apologise(CutShort(), scope, receive, sent)
        self._note(scope, status or GONE, time.perf_counter() - begun_s)

    async def _apologise(self, error: WanggeError, scope: Scope, receive: Receive, send: Send) -> None:
        asked = language_of(Headers(scope=scope).get("accept-language", ""), self.language)
        more = {"retry-after": "5", "connection": "close"} if isinstance(error, CutShort) else {}
        await problem(error, asked, scope["request_id"], headers=more)(scope, receive, send)

    def _note(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        route = template_of(scope)
        self.metrics.answered(route, scope["method"], status, seconds)
        failed = scope.get("failed")
        quiet = route in QUIET or "at_hand" in scope
        if quiet and not failed and not logging.getLogger("wangge").isEnabledFor(logging.DEBUG):
            return  # before a line is made that nobody reads
        say = log.error if failed else log.debug if quiet else log.info
        say(
            "request",
            request_id=scope["request_id"],
            method=scope["method"] if scope["method"].isalpha() else "other",
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            **(place_of(failed) if failed else {}),
        )


def template_of(scope: Mapping[str, Any]) -> str:
    """The template of the route that answered, such as ``/v1/units/{code}``."""
    return getattr(scope.get("route"), "path", UNMATCHED)


def _encoded(base_map: str) -> list[tuple[bytes, bytes]]:
    """Our headers; a page may ask the configured outer base map for its tiles, and nobody else."""
    outer = urlsplit(base_map)
    more = f"; connect-src 'self' {outer.scheme}://{outer.netloc}" if outer.netloc else ""
    headers = {**HEADERS, "content-security-policy": HEADERS["content-security-policy"] + more}
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else identifiers.one()


def _dress(message: Message, request_id: str, ours: list[tuple[bytes, bytes]]) -> None:
    given = {name for name, _ in message["headers"]}
    message["headers"] = [
        *message["headers"],
        (b"x-request-id", request_id.encode()),
        *(pair for pair in ours if pair[0] not in given),
    ]
