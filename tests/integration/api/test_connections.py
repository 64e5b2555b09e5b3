"""Real connections to a real server: slow ones, endless ones, many at once, and those that stand when it ends."""

import json
import select
import socket
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

from api import body, connections
from api.app import create_app
from geo import db
from geo.settings import Settings
from tests.served import listening

WHERE = "Host: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def port(city: ConnectionPool[db.Connection], database: str) -> Generator[int]:
    """A server that waits a moment only."""
    with pytest.MonkeyPatch.context() as shorter:
        shorter.setattr(connections, "HEAD_WITHIN_S", 0.5)
        shorter.setattr(body, "WITHIN_S", 0.5)
        app = create_app(Settings(dsn=database, pool_size=2, log_level="error", max_body_bytes=200_000))
        with listening(app) as (found, _):
            yield found


@pytest.fixture
def ending(city: ConnectionPool[db.Connection], database: str) -> FastAPI:
    return create_app(Settings(dsn=database, pool_size=2, log_level="error"))


def said(port: int, *pieces: str | bytes, pause_s: float = 0.0, stop_at_answer: bool = False) -> bytes:
    """All that is answered until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        for piece in pieces:
            if stop_at_answer and select.select([wire], [], [], pause_s)[0]:
                break  # to write on would reset the connection, and lose the answer
            time.sleep(0 if stop_at_answer else pause_s)
            with suppress(ConnectionError):
                wire.sendall(piece if isinstance(piece, bytes) else piece.encode())
        answer = b""
        with suppress(ConnectionError):
            while data := wire.recv(65_536):
                answer += data
        return answer


def problem_in(answer: bytes) -> tuple[str, str]:
    head, _, told = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head.lower(), answer
    return head.split()[1].decode(), json.loads(told)["code"]


def test_half_a_body_is_waited_for_only_so_long(port: int) -> None:
    head = f"POST /v1/incidents HTTP/1.1\r\n{WHERE}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    assert problem_in(said(port, head, "{")) == ("408", "body-too-slow")


def test_a_body_that_drips_is_waited_for_only_so_long(port: int) -> None:
    head = f"POST /v1/incidents HTTP/1.1\r\n{WHERE}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem_in(said(port, head, *["1\r\n \r\n"] * 8, pause_s=0.08, stop_at_answer=True)) == (
        "408",
        "body-too-slow",
    )


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        ("G",),
        ("GET /v1/units HTTP/1.1\r\n", "Host: 127"),
        ("\r\n",) * 8,
        (f"GET /health/live HTTP/1.1\r\n{WHERE}\r\n", "GET /health/live HT"),
        (f"GET /health/live HTTP/1.1\r\n{WHERE}\r\n", *["\r\n"] * 8),
    ],
)
def test_a_head_that_does_not_end_is_waited_for_only_so_long(port: int, pieces: tuple[str, ...]) -> None:
    begun_s = time.monotonic()
    said(port, *pieces, pause_s=0.05)
    assert time.monotonic() - begun_s < 20


@pytest.mark.parametrize(
    "head",
    [
        "X: " + "x" * 40_000,
        "\r\n".join(f"X-{number}: 1" for number in range(200)),
        "X: " + "x" * 2_000_000,
        "Cookie: " + "; ".join(f"a{number}=b" for number in range(5_000)),
    ],
    ids=["one large", "many", "endless", "cookies"],
)
def test_a_head_too_large_is_refused(port: int, head: str) -> None:
    answer = said(port, f"GET /v1/units HTTP/1.1\r\n{WHERE}{head}\r\n\r\n")
    # Who writes on after the connection was closed may lose the answer.
    assert not answer or problem_in(answer) == ("431", "head-too-large")


@pytest.mark.parametrize(
    "request_line",
    [
        b"BREW\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_as_a_problem(port: int, request_line: bytes) -> None:
    status, code = problem_in(said(port, request_line))
    assert (status[0], code) == ("4", "bad-request")


def test_an_upgrade_that_nobody_offers_is_answered_as_if_it_were_not_asked(port: int) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n"
    assert said(port, f"GET /health/live HTTP/1.1\r\n{WHERE}{upgrade}\r\n").startswith(b"HTTP/1.1 200")


def test_several_requests_on_one_connection_are_all_answered(port: int) -> None:
    one = f"GET /health/live HTTP/1.1\r\n{WHERE}"
    answer = said(port, f"{one}\r\n{one}\r\n{one}Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 3


def test_no_stream_of_bytes_is_an_error_of_ours(port: int) -> None:
    line = f"GET /v1/units HTTP/1.1\r\n{WHERE}\r\n".encode()
    for cut in range(1, len(line), 7):
        for noise in (b"\x00", b"\xff\xfe", b"\r\n\r\n", b" " * 50):
            answer = said(port, line[:cut] + noise + line[cut:])
            assert b" 500 " not in answer.split(b"\r\n")[0]


def locked(dsn: str) -> psycopg.Connection:
    """A transaction for which every reading of stations waits."""
    conn = psycopg.connect(dsn, options="-c role=wangge_owner -c search_path=wangge,public")
    conn.execute("LOCK TABLE station")
    return conn


def waiting(conn: psycopg.Connection, count: int) -> None:
    """Come back when so many sessions wait for the lock."""
    asked = "SELECT count(*) FROM pg_locks WHERE relation = 'wangge.station'::regclass AND NOT granted"
    until(lambda: conn.execute(asked).fetchone() == (count,))


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_readiness_is_answered_while_every_thread_and_connection_waits(port: int, database: str) -> None:
    many = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, limits=httpx.Limits(max_connections=220))
    with many, locked(database) as holder, ThreadPoolExecutor(200) as threads:
        sent = [threads.submit(lambda: many.get("/v1/stations").status_code) for _ in range(200)]
        waiting(holder, 2)
        answers = [many.get(f"/health/{kind}") for kind in ("ready", "live") * 5]
        assert [answer.status_code for answer in answers] == [200] * 10
        assert not any(one.done() for one in sent)
        holder.rollback()
        assert {one.result() for one in sent} == {200}


def test_a_request_under_way_is_finished_when_the_service_ends(ending: FastAPI, database: str) -> None:
    with locked(database) as holder, ThreadPoolExecutor(1) as threads:
        with listening(ending) as (port, server):
            sent = threads.submit(httpx.get, f"http://127.0.0.1:{port}/v1/stations", timeout=60)
            waiting(holder, 1)
            server.should_exit = True
            until(lambda: not server.servers[0].is_serving())
            holder.rollback()
        assert sent.result().status_code == 200


def test_a_request_that_cannot_be_finished_is_told_to_come_again(ending: FastAPI, database: str) -> None:
    with locked(database) as holder, ThreadPoolExecutor(1) as threads, listening(ending) as (port, server):
        sent = threads.submit(httpx.get, f"http://127.0.0.1:{port}/v1/stations", timeout=60)
        waiting(holder, 1)
        server.should_exit = True
        answer = sent.result()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["code"] == "cut-short"
        holder.rollback()
