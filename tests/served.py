"""The service behind a real port: as a process of its own, the way `wangge serve` runs it, or within this one."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from api.connections import Impatient

ROOT = Path(__file__).parents[1]
SERVE = "from api.cli.program import main; main()"


@dataclass(frozen=True)
class Served:
    """A running service."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(dsn: str, log: Path) -> Generator[Served]:
    port = free_port()
    settings = {
        "WANGGE_DSN": dsn,
        "WANGGE_STATE_DIR": str(log.parent),
        "WANGGE_LOG_FORMAT": "json",
        "WANGGE_MAX_BODY_BYTES": "1000000",
    }
    with log.open("ab") as written:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | settings,
            stderr=written,
        )
    try:
        running = Served(process, port, log)
        await_life(running)
        yield running
    finally:
        process.kill()
        process.wait()


@contextmanager
def listening(app: FastAPI) -> Generator[tuple[int, uvicorn.Server]]:
    """An application behind a real port of this process: quick to start, and open to monkeys."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=Impatient, ws="none", log_config=None, timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], server
    finally:
        server.should_exit = True
        thread.join()


def await_life(running: Served) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{running.url}/health/live").status_code == 200:
                return
        except httpx.TransportError:
            assert running.process.poll() is None, running.log.read_text(encoding="utf-8")
            time.sleep(0.1)
    raise AssertionError("the service did not come up")
