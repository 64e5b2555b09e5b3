"""
The longest that the event loop stands still while hostile requests of the largest size come in.

    python benchmarks/event_loop.py DSN [SECONDS]

DSN is a migrated database with units and default teams. The service runs in a thread of this process with a task that
sleeps for a millisecond and notes how late it wakes; what is sent comes from a process of its own, on six connections.
Where nothing is sent is measured too: on a shared machine even an idle loop wakes late.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import uvicorn
from hostile_requests import MOST, SENT, send

from api.app import create_app
from api.connections import Impatient
from api.logging import configure
from geo.settings import Settings

SENDER = Path(__file__).with_name("hostile_requests.py")
HEAD = """\
| what six connections send | answers | how many | p99 ms | longest ms | longest, our own processor time, ms |
|---|---|---|---|---|---|"""


class Watcher:
    """
    How late a task of the loop wakes that wants to every millisecond, and how long the process worked meanwhile.

    The second is what the wait would have been with a processor to itself: other programs' time is not in it.
    """

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self.busy_ms: list[float] = []

    async def watch(self) -> None:
        while True:
            begun_s, busy_s = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            waited_ms = (time.perf_counter() - begun_s) * 1000 - 1
            self.late_ms.append(waited_ms)
            self.busy_ms.append(min(waited_ms, (time.process_time() - busy_s) * 1000))


def serve(dsn: str, watcher: Watcher) -> tuple[uvicorn.Server, int]:
    settings = Settings(dsn=dsn, log_level="error", max_body_bytes=MOST)
    configure(settings)
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Impatient, ws="none", log_config=None, access_log=False))

    async def both() -> None:
        watching = asyncio.create_task(watcher.watch())
        await server.serve()
        watching.cancel()

    threading.Thread(target=lambda: asyncio.run(both()), daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server, server.servers[0].sockets[0].getsockname()[1]


def measure(port: int, watcher: Watcher, name: str, seconds: float) -> None:
    watcher.late_ms.clear()
    watcher.busy_ms.clear()
    sender = [sys.executable, str(SENDER), str(port), name, str(seconds)]
    told = json.loads(subprocess.run(sender, capture_output=True, check=True).stdout)
    statuses = ", ".join(str(status) if status else "closed" for status in told["statuses"]) or "–"
    late, busy = np.array(watcher.late_ms), np.array(watcher.busy_ms)
    print(
        f"| {name} | {statuses} | {told['many']} | {np.percentile(late, 99):.1f} | {late.max():.0f} "
        f"| {busy.max():.0f} |",
        flush=True,
    )


def main() -> None:
    dsn, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 4.0
    watcher = Watcher()
    server, port = serve(dsn, watcher)
    send(port, "a report", 1.0)  # the kernels are compiled, or read from the cache
    print(HEAD)
    for name in SENT:
        measure(port, watcher, name, seconds)
    server.should_exit = True


if __name__ == "__main__":
    main()
