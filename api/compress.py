"""
gzip of JSON answers, where nothing in them is secret.

How well an answer is compressed tells whether two parts of it are alike. Where a secret stands beside words that a
stranger wrote, that gives the secret away piece by piece (BREACH): answers about incidents are never compressed.
"""

import gzip

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Published things alone: no session, no incident, nothing that a reporter wrote.
OPEN = (
    "/v1/units", "/v1/summary", "/v1/categories", "/v1/channels", "/v1/lifecycle", "/v1/stations", "/v1/teams",
    "/v1/routes", "/v1/public", "/tiles/styles", "/openapi.json",
)  # fmt: skip
KINDS = frozenset({"application/json", "application/geo+json"})
WORTH_IT = 1_000
LARGE = 32_768  # from here on in a thread: the loop has others to serve
LEVEL = 4
AT_ONCE = 2


class Compress:
    """Compresses what is open, large and JSON for clients that take gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.turns = CapacityLimiter(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not _is_open(scope["path"]):
            await self.app(scope, receive, send)
            return
        squeezed = _Squeezed(send, self.turns, wanted=takes_gzip(Headers(scope=scope).get("accept-encoding", "")))
        await self.app(scope, receive, squeezed.send)


class _Squeezed:
    """One answer: its head waits for the body, to say how long that has become."""

    def __init__(self, send: Send, turns: CapacityLimiter, *, wanted: bool) -> None:
        self._send = send
        self._turns = turns
        self._wanted = wanted
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        """Pass a message on, compressed if it is a whole body worth it."""
        if message["type"] == "http.response.start":
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            body = message.get("body", b"")
            headers = MutableHeaders(scope=head)
            if headers.get("content-type", "").split(";")[0] in KINDS:
                headers.add_vary_header("accept-encoding")
                if self._wanted and len(body) >= WORTH_IT and not message.get("more_body"):
                    message = {**message, "body": await self._squeeze(body)}
                    headers["content-encoding"] = "gzip"
                    headers["content-length"] = str(len(message["body"]))
            await self._send(head)
        await self._send(message)

    async def _squeeze(self, body: bytes) -> bytes:
        if len(body) < LARGE:
            return gzip.compress(body, LEVEL, mtime=0)
        return await to_thread.run_sync(_gzip, body, limiter=self._turns)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


def _is_open(path: str) -> bool:
    return any(path == known or path.startswith(known + "/") for known in OPEN)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header has gzip, or anything, at a weight above nothing."""
    for choice in accepted.lower().split(","):
        name, _, weight = choice.partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
