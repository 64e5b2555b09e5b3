"""
Requests of the largest size that are meant to keep a server busy, and who sends them on several connections.

    python benchmarks/hostile_requests.py PORT NAME SECONDS

Prints which statuses were answered and how many. It imports nothing of the service, so that it starts at once.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

CONNECTIONS = 6
MOST = 1_000_000
TAKEN = 65_536
REPORT = {"category": "hazard.flue", "channel": "snap", "title": "x", "lon": 122.07, "lat": 46.08, "crs": "EPSG:4326"}
JSON = {"Content-Type": "application/json"}
# A request as (method, path, body, headers).
Request = tuple[str, str, bytes, dict[str, str]]


FORM = {"Content-Type": "multipart/form-data; boundary=x"}
DEEP = b"[" * 900 + b"]" * 900


def filled(before: bytes, piece: bytes, after: bytes, most: int = MOST) -> bytes:
    return before + piece * ((most - len(before) - len(after)) // len(piece)) + after


def small(before: bytes, piece: bytes, after: bytes) -> Request:
    """As much as a route takes in JSON."""
    return "POST", "/v1/incidents", filled(before, piece, after, TAKEN), JSON


def points(crs: str, lon: float = 122.07) -> Request:
    places = [[lon, 46.08 + number / 1e6] for number in range(1000)]
    return "POST", "/v1/locate", json.dumps({"points": places, "crs": crs}).encode(), JSON


def report(**more: Any) -> bytes:
    return json.dumps(REPORT | more).encode()


def vertices() -> bytes:
    ring = [[122 + number / 1e6, 46] for number in range(40_000)]
    return report(geometry={"type": "Polygon", "coordinates": [ring]})[:MOST]


def names(count: int) -> bytes:
    return b"{" + b",".join(b'"n%d":0' % number for number in range(count)) + b"}"


SENT: dict[str, Callable[[], Request]] = {
    "nothing": lambda: ("GET", "/health/live", b"", {}),
    "a report": lambda: ("POST", "/v1/incidents", report(), JSON),
    "an area of 40,000 vertices": lambda: ("POST", "/v1/incidents", vertices(), JSON),
    "an area of 300,000 vertices": lambda: ("POST", "/v1/incidents", vertices() * 8, JSON),
    "500,000 opening brackets, closed": lambda: ("POST", "/v1/incidents", b"[" * 500_000 + b"]" * 500_000, JSON),
    "900 deep, again and again": lambda: ("POST", "/v1/incidents", filled(b"[", DEEP + b",", b"1]"), JSON),
    "500,000 numbers": lambda: ("POST", "/v1/incidents", filled(b"[", b"1,", b"1]"), JSON),
    "a number of a million digits": lambda: ("POST", "/v1/incidents", filled(b'{"lon":', b"9", b"}"), JSON),
    "80,000 names": lambda: ("POST", "/v1/incidents", names(80_000), JSON),
    "200,000 objects of one name": lambda: ("POST", "/v1/incidents", filled(b'{"a":[', b"{},", b"{}]}"), JSON),
    "a text of a megabyte": lambda: ("POST", "/v1/incidents", report(description="网" * 160_000), JSON),
    "escapes of a megabyte": lambda: ("POST", "/v1/incidents", filled(b'{"title":"', rb"\u7f51", b'"}'), JSON),
    "lone surrogates": lambda: ("POST", "/v1/incidents", filled(b'{"title":"', rb"\ud800", b'"}'), JSON),
    "64 kB of numbers": lambda: small(b"[", b"1,", b"1]"),
    "64 kB of empty objects": lambda: small(b'{"a":[', b"{},", b"{}]}"),
    "64 kB, 900 deep again and again": lambda: small(b"[", DEEP + b",", b"1]"),
    "64 kB of escapes": lambda: small(b'{"title":"', rb"\u7f51", b'"}'),
    "64 kB of lists where points should be": lambda: (
        "POST", "/v1/locate", filled(b'{"crs":"gcj02","points":[', b"[],", b"[]]}", TAKEN), JSON
    ),
    "1,000 points": lambda: points("EPSG:4326"),
    "1,000 points in GCJ-02": lambda: points("gcj02"),
    "1,000 points outside": lambda: points("EPSG:4326", 10.0),
    "1,000 points in a projected system": lambda: points("EPSG:4549", 5e5),
    "spaces": lambda: ("POST", "/v1/incidents", filled(b"", b" ", b"{}"), JSON),
    "a form in parts": lambda: ("POST", "/v1/incidents", filled(b"", b"--x\r\n\r\n\r\n", b"--x--"), FORM),
    "4,000 characters of numbers to mask": lambda: ("POST", "/v1/incidents", report(description="1 3-8" * 800), JSON),
    "a long query": lambda: ("GET", "/v1/units?q=" + "%E7%BD%91" * 850, b"", {}),
    "4,000 parameters": lambda: ("GET", "/v1/units?" + "&".join("a=" for _ in range(2_500)), b"", {}),
    "90 headers of 300 bytes": lambda: ("GET", "/v1/units", b"", {f"X-{n}": "x" * 300 for n in range(90)}),
    "a cookie of 30 kB": lambda: ("GET", "/v1/session", b"", {"Cookie": "a=b; " * 6_000}),
    "Accept-Language of 30 kB": lambda: ("GET", "/nowhere", b"", {"Accept-Language": "zh-CN;q=0.1," * 2_600}),
    "500 units with their areas": lambda: ("GET", "/v1/units?limit=500", b"", {"Accept-Encoding": "gzip"}),
    "a tile of the world": lambda: ("GET", "/tiles/units/0/0/0", b"", {"Accept-Encoding": "gzip"}),
    "a tile of 2026-03-01": lambda: ("GET", "/tiles/units/12/3436/1455?at=2026-03-01T00:00:00Z", b"", {}),
    "the figures": lambda: ("GET", "/v1/summary", b"", {"Accept-Encoding": "gzip"}),
    "the description": lambda: ("GET", "/openapi.json", b"", {"Accept-Encoding": "gzip"}),
    "the description as a page": lambda: ("GET", "/docs", b"", {}),
}  # fmt: skip


def send(port: int, name: str, seconds: float) -> Counter[int]:
    method, path, body, headers = SENT[name]()
    until, counts = time.perf_counter() + seconds, Counter[int]()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as wire:
        while time.perf_counter() < until:
            if name == "nothing":
                time.sleep(seconds)
                break
            try:
                counts[wire.request(method, path, content=body, headers=headers).status_code] += 1
            except httpx.TransportError:
                counts[0] += 1  # refused while it was still being sent
    return counts


def main() -> None:
    port, name, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        counts = sum(threads.map(lambda _: send(port, name, seconds), range(CONNECTIONS)), Counter[int]())
    print(json.dumps({"statuses": sorted(counts), "many": counts.total()}))


if __name__ == "__main__":
    main()
