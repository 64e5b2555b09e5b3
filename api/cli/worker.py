"""``wangge worker``: what takes long, and what is due by itself; `wangge serve` keeps one beside it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer

from api import logging
from api.cli.session import database
from geo import jobs
from geo.cluster import connection_string
from geo.settings import settings
from geo.weights import finish
from geo.work import queue_of

STOP_S = 10.0  # for the job in hand; what is cut off is done again by the next worker
AGAIN_S = 5.0
PROGRAM = "from api.cli.program import main; main()"


def worker(
    until_input_ends: Annotated[bool, typer.Option("--until-input-ends", hidden=True)] = False,
) -> None:
    """Do the jobs of the queue until stopped 执行后台任务。"""
    chosen = settings()
    logging.configure(chosen)
    if until_input_ends:
        threading.Thread(target=_end_with_input, daemon=True).start()
    with database() as pool:
        finish(pool)  # what a load has left that was killed
        jobs.run_worker(queue_of(chosen, connection_string(chosen)), pool)


@contextmanager
def beside() -> Generator[None]:
    """
    Keep a worker in a process of its own for as long as the block lasts, and start it again should it die.

    A process, so that a long job takes no time from answers; it ends with its input, hence also when this process is
    killed.
    """
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=[over])
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep(over: threading.Event) -> None:
    while not over.is_set():
        command = [sys.executable, "-c", PROGRAM, "worker", "--until-input-ends"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            while process.poll() is None and not over.wait(0.5):
                pass
            _stop(process)
        over.wait(AGAIN_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # one that still starts does not look at its input yet
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_S)
    os._exit(1)
