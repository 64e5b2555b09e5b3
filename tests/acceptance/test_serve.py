"""The served process: what it logs, what it refuses on the wire, how it stops, and what is left after kill -9."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg_pool import ConnectionPool

from geo import db
from tests.city import desk, furnish
from tests.served import Served, served

REPORT: dict[str, Any] = {
    "category": "hazard.flue",
    "channel": "snap",
    "title": "私改烟道",
    "lon": 122.005,
    "lat": 46.005,
    "crs": "EPSG:4326",
}


@pytest.fixture(scope="module")
def city(pool: ConnectionPool[db.Connection], database: str) -> str:
    with db.begin(pool, db.EVERYTHING) as conn:
        furnish(conn)
    return database


@pytest.fixture(scope="module")
def service(city: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with served(city, tmp_path_factory.mktemp("serve") / "log") as running:
        yield running


def requests_until(service: Served, last: str) -> list[dict[str, Any]]:
    """The lines of requests, once that of the last one is there: it is written after its answer has left."""
    deadline = time.monotonic() + 10
    while True:
        lines = [line for line in service.lines() if line["event"] == "request"]
        if any(line["request_id"] == last for line in lines) or time.monotonic() > deadline:
            return lines
        time.sleep(0.05)


def test_the_log_has_a_line_for_each_request_and_nothing_that_anybody_said(service: Served):
    words = "SECRET-MARKER"
    with httpx.Client(base_url=service.url, headers={"User-Agent": words, "Accept-Language": "en"}) as client:
        made = client.post("/v1/incidents", json=REPORT | {"title": words, "description": words}).json()
        client.post("/v1/incidents", json=REPORT | {"category": words})
        client.post("/v1/incidents", content=words, headers={"Content-Type": "application/json"})
        client.get("/v1/incidents", params={"text": words})
        client.get(f"/v1/units/{words}")
        client.get(f"/{words}")
        client.get(f"/v1/incidents/{made['id']}", headers={"X-Request-Id": "trace-0001"})
    lines = requests_until(service, "trace-0001")
    routes = [(line["method"], line["route"], line["status"]) for line in lines]
    assert ("POST", "/v1/incidents", 201) in routes
    assert ("GET", "/v1/units/{code}", 404) in routes
    assert ("GET", "unmatched", 404) in routes
    assert [line["route"] for line in lines if line["request_id"] == "trace-0001"] == ["/v1/incidents/{incident_id}"]
    assert all(set(line) >= {"timestamp", "level", "ms"} for line in lines)
    written = service.log.read_text(encoding="utf-8")
    assert words not in written
    assert made["id"] not in written
    assert str(REPORT["lon"]) not in written


def test_an_endless_upload_is_cut_off(service: Served):
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as wire:
        wire.sendall(
            b"POST /v1/incidents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        sent = 0
        try:
            while sent < 50_000_000:
                wire.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
                sent += 0x10000
        except OSError:
            pass
        assert sent < 50_000_000, "the service went on reading"


def test_a_large_upload_is_refused_with_a_problem(service: Served):
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as wire:
        wire.sendall(
            b"POST /v1/incidents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 5000000\r\n\r\n"
        )
        answer = b"".join(iter(lambda: wire.recv(10_000), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"body-too-large"' in answer


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\xff\xfe\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"\r\n" * 10,
    ],
    ids=["version", "noise", "address", "blank"],
)
def test_what_is_not_http_is_dropped_and_the_service_lives_on(service: Served, request_line: bytes):
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as wire:
        wire.sendall(request_line)
        wire.shutdown(socket.SHUT_WR)
        assert b" 200 " not in wire.recv(4096)
    assert httpx.get(f"{service.url}/health/live").status_code == 200


def test_it_stops_when_it_is_asked_to(city: str, tmp_path: Path):
    with served(city, tmp_path / "log") as running:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(timeout=60)
        assert running.process.returncode in {0, -signal.SIGTERM}


def report_until_gone(url: str, headers: dict[str, str], acknowledged: dict[str, str]) -> None:
    """Report until the service is gone, and keep each id that it acknowledged by its key."""
    with httpx.Client(base_url=url, headers=headers) as client:
        while True:
            key = os.urandom(12).hex()
            try:
                answer = client.post("/v1/incidents", json=REPORT, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                acknowledged[key] = answer.json()["id"]


@pytest.mark.full
def test_nothing_acknowledged_is_lost_when_the_service_is_killed_in_a_burst(city: str, tmp_path: Path):
    acknowledged: dict[str, str] = {}
    headers, _ = desk(city)  # the public has a limit
    for round_ in range(3):
        with served(city, tmp_path / f"log{round_}") as running, ThreadPoolExecutor(8) as threads:
            bursts = [threads.submit(report_until_gone, running.url, headers, acknowledged) for _ in range(8)]
            already = len(acknowledged)
            while len(acknowledged) < already + 200:
                time.sleep(0.01)
            running.process.kill()
            running.process.wait()
            assert all(burst.exception() is None for burst in bursts)
    assert len(acknowledged) >= 600
    with served(city, tmp_path / "log-after") as running, httpx.Client(base_url=running.url, headers=headers) as client:
        for key, incident_id in acknowledged.items():
            history = client.get(f"/v1/incidents/{incident_id}/history").json()
            assert [event["kind"] for event in history] == ["reported"]
            again = client.post("/v1/incidents", json=REPORT, headers={"Idempotency-Key": key})
            assert again.json()["id"] == incident_id


@pytest.mark.full
def test_the_event_loop_answers_others_while_it_is_given_the_worst_bodies(service: Served):
    """A probe of life beside hostile bodies; the bound is generous, for the machine is shared."""
    nested, wide = b"[" * 499_000 + b"]" * 499_000, json.dumps({"title": ["x"] * 180_000}).encode()
    names = json.dumps({f"n{i}": i for i in range(70_000)}).encode()
    text = json.dumps(REPORT | {"description": "長" * 150_000}).encode()
    waits: list[float] = []
    done = threading.Event()

    def probe() -> None:
        with httpx.Client(base_url=service.url) as client:
            while not done.is_set():
                begun = time.perf_counter()
                assert client.get("/health/live").status_code == 200
                waits.append(time.perf_counter() - begun)
                time.sleep(0.002)

    def attack(body: bytes) -> None:
        with httpx.Client(base_url=service.url, headers={"Content-Type": "application/json"}) as client:
            for _ in range(10):
                assert 400 <= client.post("/v1/incidents", content=body).status_code < 500

    with ThreadPoolExecutor(3) as threads:
        probing = threads.submit(probe)
        attacks = [threads.submit(attack, body) for body in (nested, wide, names, text)]
        outcomes = [one.exception() for one in attacks]
        done.set()
        assert probing.exception() is None
    assert outcomes == [None] * 4
    assert max(waits) < 0.5, f"the longest wait beside hostile bodies: {max(waits):.3f} s of {len(waits)}"
