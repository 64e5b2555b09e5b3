"""
Connections that are not waited for without end, and heads that do not grow without end.

uvicorn bounds neither: a client that sends its request line letter by letter holds a connection for good, and one that
never ends its headers has them kept in memory. A body's time is bounded by `api.body`.
"""

import asyncio
from typing import Any, cast

import orjson
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from api.errors import BadRequest, HeadTooLarge, status_of
from geo.errors import WanggeError

HEAD_WITHIN_S = 10.0  # from the connection, or from the answer before, to the end of the headers
MOST_HEAD_BYTES = 32_768
MOST_HEADERS = 100


class Impatient(HttpToolsProtocol):
    """A connection whose next request must be headed in time, and not endlessly."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._waited: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_bytes = 0
        self._wrong: type[WanggeError] = BadRequest

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head that goes on are counted; those of a body are no matter of this class."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._wrong = HeadTooLarge
                self.send_400_response("")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """The last byte of its headers."""
        self._in_head = False
        self._head_came()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._wrong = HeadTooLarge
            raise ValueError("head too large")
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer has gone out: the next request may begin."""
        super().on_response_complete()
        self._wait_for_head()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's word is plain text
        """Refuse what is no HTTP, as every error is told; there is no language to ask for."""
        kind, status = self._wrong, status_of(self._wrong)
        body = orjson.dumps(
            {"type": f"/docs#{kind.code()}", "title": kind.title(), "status": status, "code": kind.code()}
        )
        head = (
            f"HTTP/1.1 {status} Refused\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()

    def _wait_for_head(self) -> None:
        self._head_came()
        self._waited = self.loop.call_later(HEAD_WITHIN_S, self._give_up)

    def _head_came(self) -> None:
        if self._waited is not None:
            self._waited.cancel()
            self._waited = None

    def _give_up(self) -> None:
        """Of requests sent ahead, one may be at work: it is let finish, and its answer begins the wait anew."""
        at_work = cast(RequestResponseCycle | None, self.cycle)  # none before the first request
        if (at_work is None or at_work.response_complete) and not self.transport.is_closing():
            self.transport.close()
