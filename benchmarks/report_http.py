"""
Reports over HTTP, located and stored: how long one takes, and how many a second.

    python benchmarks/report_http.py DSN [SECONDS] [CLIENTS]

DSN is a database of its own with units and default teams (`wangge load demo`); the service runs as a process of its
own, and each client keeps one connection. Every answer is 201 with its micro-grid and its team, or the run fails.
"""

import os
import random
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import numpy as np

from geo import accounts, db, sessions
from geo.roles import Role

SERVE = "from api.cli.program import main; main()"


Told = tuple[tuple[float, float, float, float], dict[str, str]]


def prepared(dsn: str) -> Told:
    """The box of the base micro-grids, and the header of a duty desk: the public may report 120 times an hour."""
    box = (
        "SELECT st_xmin(b) AS w, st_ymin(b) AS s, st_xmax(b) AS e, st_ymax(b) AS n "
        "FROM (SELECT st_extent(geom) FROM unit_version) AS q (b)"
    )
    with db.open_pool(dsn, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        found = db.one(conn, box)
        desk = accounts.lookup(conn, "bench") or accounts.add(conn, "bench")
        accounts.grant(conn, desk, Role.DISPATCHER, None)
        token = sessions.issue(conn, desk, accounts.grants(conn, desk.id)[0], timedelta(hours=1))
    return (found["w"], found["s"], found["e"], found["n"]), {"Authorization": f"Bearer {token}"}


def serve(dsn: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {"WANGGE_DSN": dsn, "WANGGE_LOG_LEVEL": "warning"}
    process, url = (
        subprocess.Popen([sys.executable, "-c", SERVE, "serve", "--port", str(port)], env=env),
        f"http://127.0.0.1:{port}",
    )
    for _ in range(600):
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return process, url
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the service did not become ready")


def one_client(url: str, told: Told, seed: int, until: float) -> list[float]:
    box, headers = told
    west, south, east, north = box
    rng, took = random.Random(seed), []
    body = {"category": "hazard.flue", "channel": "snap", "title": "私改烟道", "crs": "EPSG:4326"}
    with httpx.Client(base_url=url, headers=headers) as client:
        while time.perf_counter() < until:
            place = {"lon": rng.uniform(west, east), "lat": rng.uniform(south, north)}
            key = {"Idempotency-Key": f"{rng.getrandbits(96):024x}"}
            begun = time.perf_counter()
            answer = client.post("/v1/incidents", json=body | place, headers=key)
            took.append(time.perf_counter() - begun)
            assert answer.status_code == 201, answer.text
            assert answer.json()["team_code"]
    return took


def measure(url: str, told: Told, clients: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(clients) as threads:
        runs = threads.map(lambda seed: one_client(url, told, seed, until), range(1, clients + 1))
        took_ms = np.concatenate([np.array(run) for run in runs]) * 1000
    p50, p99 = np.percentile(took_ms, [50, 99])
    print(f"{clients} clients: {len(took_ms) / seconds:.0f} reports/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def main() -> None:
    dsn, seconds, clients = (*sys.argv[1:], *("", "10", "4")[len(sys.argv) - 1 :])
    process, url = serve(dsn)
    try:
        told = prepared(dsn)
        one_client(url, told, 0, time.perf_counter() + 2)
        for count in sorted({1, int(clients)}):
            measure(url, told, count, float(seconds))
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
