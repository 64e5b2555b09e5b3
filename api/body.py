"""Bodies: none larger than allowed, and JSON read strictly before anything else looks at it."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, cast

import orjson
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BadJson, BodyTooLarge, BodyTooSlow, Busy, Language, WrongMediaType, language_of, problem
from geo.errors import WanggeError

MOST_PARTS = 8_000  # lists and objects; texts of ours, which may be full of brackets, have under 5,000 characters
MOST_NAMES = 200  # in one object; the validator makes an error of each unknown one
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})  # nothing reads a body that comes with these
WITHIN_S = 20.0  # from the end of the headers to the end of the body
MOST_HELD = 8  # bodies larger than others may be: of 12 MB each
LARGE_WITHIN_S = 90.0  # for all of such a body
SMALL = 16_384  # parsed at once; what is larger goes to a thread


def parse(body: bytes) -> Any:
    """
    Read JSON strictly; raises `BadJson` and `BodyTooLarge`.

    orjson refuses NaN, infinities, 1e400, lone surrogates, bad UTF-8 and depth over 1,024, but takes the last of two
    equal names; the second reading refuses those, and is safe from deep nesting because the first one was. Neither
    begins where there are many lists and objects: each is little work, but all make the collector look at everything.
    """
    if body.count(b"[") + body.count(b"{") > MOST_PARTS:
        raise BodyTooLarge(f"{MOST_PARTS} lists and objects")
    try:
        orjson.loads(body)
        return json.loads(body, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise BadJson from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or len(pairs) > MOST_NAMES:
        raise ValueError
    return found


class JsonRequest(Request):
    """A request whose JSON was read already."""

    parsed: Any = None

    async def json(self) -> Any:
        """What was read."""
        return self.parsed


class StrictRoute(APIRoute):
    """
    A route that takes its body as application/json alone, and reads it by `parse`.

    A megabyte of small things keeps every other thread waiting for a quarter of a second, wherever it is parsed; a
    report with each of its fields filled and each character escaped has 64 kB. A route that takes geometry says more.
    """

    most_bytes = 65_536

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a request, behind the strict reading."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def strict(request: Request) -> Response:
            body = await request.body()
            if len(body) > self.most_bytes:
                raise BodyTooLarge(f"{self.most_bytes} bytes")
            if body and request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
                raise WrongMediaType
            read = JsonRequest(request.scope, _again(body))
            if body:
                read.parsed = parse(body) if len(body) <= SMALL else await run_in_threadpool(parse, body)
            return await handle(read)

        return strict


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


class BodyLimit:
    """
    Reads each body whole before the application does, and refuses it as soon as it is too large or too slow.

    A declared length is refused unread; a chunked body without a length is read up to the limit. A compressed one is
    refused, for it could grow without bounds. Where larger bodies are taken, few of them are held at a time.
    """

    def __init__(
        self,
        app: ASGIApp,
        most_bytes: int,
        language: Language,
        larger: Mapping[re.Pattern[str], int] = MappingProxyType({}),
    ) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.language: Language = language
        self.larger = larger
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] in BODILESS:
            await self.app(scope, receive, send)
            return
        most, declared = self._most(scope), Headers(scope=scope).get("content-length", "")
        large = most > self.most_bytes and not (declared.isdecimal() and int(declared[:20]) <= self.most_bytes)
        if large and self._held >= MOST_HELD:
            await self._refuse(Busy(), scope, receive, send)
            return
        self._held += large
        try:
            await self._serve(most, LARGE_WITHIN_S if large else WITHIN_S, scope, receive, send)
        finally:
            self._held -= large

    async def _serve(self, most: int, within_s: float, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._read(Headers(scope=scope), receive, most, within_s)
        except (BodyTooLarge, BodyTooSlow, WrongMediaType) as refused:
            await self._refuse(refused, scope, receive, send)
        except ConnectionResetError:
            return  # who sent half a body and went needs no answer
        else:
            await self.app(scope, _first(body, receive), send)

    def _most(self, scope: Scope) -> int:
        found = (most for path, most in self.larger.items() if path.fullmatch(scope["path"]))
        return max(self.most_bytes, next(found, 0))

    async def _refuse(self, error: WanggeError, scope: Scope, receive: Receive, send: Send) -> None:
        asked = language_of(Headers(scope=scope).get("accept-language", ""), self.language)
        await problem(error, asked, scope["request_id"], headers={"connection": "close"})(scope, receive, send)

    @staticmethod
    async def _read(headers: Headers, receive: Receive, most: int, within_s: float) -> bytes:
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > most:
            raise BodyTooLarge(f"{most} bytes")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise WrongMediaType
        try:
            async with asyncio.timeout(within_s):
                return await BodyLimit._pieces(receive, most)
        except TimeoutError:
            raise BodyTooSlow(f"{within_s:.0f} s") from None

    @staticmethod
    async def _pieces(receive: Receive, most: int) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            body += cast(bytes, message.get("body", b""))
            if len(body) > most:
                raise BodyTooLarge(f"{most} bytes")
            if not message.get("more_body"):
                return bytes(body)


def _first(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, then what comes after it: the client's going away."""
    waiting = [body]

    async def read() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return read
