"""HEAD as GET without its body, OPTIONS, and what an address answers to."""

from collections.abc import MutableMapping
from typing import Any

from anyio import CancelScope
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASKED_FOR = ("GET", "POST", "PUT", "PATCH", "DELETE")
KEPT = ("route", "failed")  # what the inner scope learns and the log needs


class Methods:
    """Answers HEAD wherever GET is answered, and OPTIONS wherever anything is; other sites are allowed nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] not in {"HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._head(scope, receive, send)
        elif allowed := allowed_at(scope):
            await Response(status_code=204, headers={"allow": allowed})(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner = {**scope, "method": "GET"}
        with CancelScope() as whole:

            async def sent(message: Message) -> None:
                # An endless stream is not waited for: the head is all that was asked for.
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body", "body": b""})
                    whole.cancel()

            await self.app(inner, receive, sent)
        _keep(scope, inner)


def allowed_at(scope: Scope) -> str:
    """The methods that an address answers to, as an Allow header has them; empty if there is nothing."""
    found = [method for method in ASKED_FOR if _answers({**scope, "method": method})]
    if not found:
        return ""
    return ", ".join([*found, *(["HEAD"] if "GET" in found else []), "OPTIONS"])


def _answers(scope: Scope) -> bool:
    # What is mounted are files, which are only read.
    return any(
        route.matches(scope)[0] is Match.FULL and (scope["method"] == "GET" or not isinstance(route, Mount))
        for route in scope["app"].routes
    )


def _keep(scope: MutableMapping[str, Any], inner: MutableMapping[str, Any]) -> None:
    scope.update({name: inner[name] for name in KEPT if name in inner})
