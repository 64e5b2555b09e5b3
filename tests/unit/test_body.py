"""JSON is read strictly: what one reader takes and another does not is refused before either acts on it."""

import asyncio
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.body import MOST_NAMES, MOST_PARTS, BodyLimit, parse
from api.errors import BadJson, BodyTooLarge

REFUSED = {
    "nan": b'{"lon": NaN}',
    "infinity": b'{"lon": Infinity}',
    "minus infinity": b'{"lon": -Infinity}',
    "1e400": b'{"lon": 1e400}',
    "a number of 5,000 digits": b'{"lon": ' + b"1" * 5000 + b"}",
    "a lone high surrogate": rb'{"title": "\ud800"}',
    "a lone low surrogate": rb'{"title": "\udc00x"}',
    "surrogates in the wrong order": rb'{"title": "\udc00\ud800"}',
    "invalid utf-8": b'{"title": "\xff"}',
    "an encoded surrogate": b'{"title": "\xed\xa0\x80"}',
    "latin-1": '{"title": "é"}'.encode("latin-1"),
    "utf-16": '{"title": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"title": "x"}',
    "the same name twice": b'{"title": "x", "title": "y"}',
    "the same name twice, once escaped": rb'{"title": "x", "\u0074itle": "y"}',
    "the same name twice, deep inside": b'{"a": [{"b": {"c": 1, "c": 2}}]}',
    "4,000 open brackets": b"[" * 4_000,
    "4,000 open braces": b'{"a":' * 4_000,
    "4,000 brackets, closed": b"[" * 4_000 + b"]" * 4_000,
    "2,000 brackets, closed": b"[" * 2_000 + b"]" * 2_000,
    "many names": json.dumps({f"n{i}": i for i in range(MOST_NAMES + 1)}).encode(),
    "a trailing comma": b'{"title": "x",}',
    "a comment": b'{"title": "x" /* y */}',
    "single quotes": b"{'title': 'x'}",
    "two documents": b"{}{}",
    "a raw control character": b'{"title": "a\x00b"}',
    "blank": b" ",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_what_is_not_json_is_refused(body: bytes):
    with pytest.raises(BadJson):
        parse(body)


def test_a_whole_surrogate_pair_is_one_character():
    assert parse(rb'"\ud83d\ude80"') == "🚀"


def test_what_is_escaped_properly_is_read():
    assert parse(rb'{"a": "\u0000\n", "b": -0.0, "c": 1e308}') == {"a": "\0\n", "b": -0.0, "c": 1e308}


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_whatever_json_can_say_is_read_as_it_was_said(value: object):
    assert parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused_and_nothing_else(body: bytes):
    try:
        parse(body)
    except BadJson:
        return
    json.loads(body)


class Sent:
    """A client that sends pieces of a body, and what came of it."""

    def __init__(self, pieces: list[bytes], headers: dict[str, str], method: str = "POST") -> None:
        self.pieces, self.method = iter(pieces), method
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.taken, self.status, self.answer, self.seen = 0, 0, b"", b""

    async def receive(self) -> dict[str, Any]:
        piece = next(self.pieces, None)
        self.taken += piece is not None
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.answer += message.get("body", b"")

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        assert not message["more_body"]
        self.seen = message["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def through(self, most_bytes: int) -> "Sent":
        scope = {"type": "http", "method": self.method, "headers": self.headers, "request_id": "r1"}
        asyncio.run(BodyLimit(self.app, most_bytes, "en")(scope, self.receive, self.send))
        return self


def test_a_body_without_a_length_is_read_to_the_limit_and_no_further():
    sent = Sent([b"x" * 10] * 1000, {"transfer-encoding": "chunked"}).through(100)
    assert (sent.status, orjson.loads(sent.answer)["code"], sent.seen) == (413, "body-too-large", b"")
    assert sent.taken == 11


def test_a_body_whose_length_is_too_large_is_not_read_at_all():
    sent = Sent([b"x"] * 10, {"content-length": "101"}).through(100)
    assert (sent.status, sent.taken) == (413, 0)


def test_a_body_that_is_longer_than_it_says_is_still_limited():
    assert Sent([b"x" * 60] * 2, {"content-length": "5"}).through(100).status == 413


@pytest.mark.parametrize("headers", [{"content-length": "100"}, {"transfer-encoding": "chunked"}, {}])
def test_a_body_up_to_the_limit_comes_through_in_one_piece(headers: dict[str, str]):
    sent = Sent([b"x" * 50] * 2, headers).through(100)
    assert (sent.status, sent.seen) == (200, b"x" * 100)


def test_a_length_that_is_no_number_counts_for_nothing():
    assert Sent([b"x" * 101], {"content-length": "-1"}).through(100).status == 413


@pytest.mark.parametrize("part", [b"{},", b"[],", b"[{}],", b'"[",'])
def test_more_parts_than_any_request_of_ours_has_are_refused_unread(part: bytes) -> None:
    with pytest.raises(BodyTooLarge):
        parse(b"[" + part * MOST_PARTS + b"1]")
    fewer = MOST_PARTS // 2 - 1
    assert len(parse(b"[" + part * fewer + b"1]")) == fewer + 1
