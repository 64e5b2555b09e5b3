"""
A hundred million points on two local dask workers against one process: `python -m benchmarks.dask_locate`.

Points are made chunk by chunk from a seed, where they are located, and never stand in memory together. Each chunk gives
the digest of its owners in the order of its rows: equal digests in the same order are equal rows. One process and the
workers do the same work by the same function, making the points included; making them alone is timed too.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.coverages import EAST, NORTH, SOUTH, WEST, clustered
from geo.locate import CellIndex, warm
from geo.locate_dask import client_of, in_order

CHUNK = 1 << 20
TOGETHER = 4
"""Chunks of one task: a million points take a hundredth of a second, which is what handing out a task takes too."""


@lru_cache(maxsize=1)
def mapped(path: str) -> CellIndex:
    """The index, mapped once in each process."""
    return CellIndex.load(Path(path))


def chunks(path: str, numbers: range, points: int, *, locate: bool = True) -> list[str]:
    """The digests of some chunks of so many points in all."""
    return [chunk(path, number, min(CHUNK, points - number * CHUNK), locate) for number in numbers]


def chunk(path: str, number: int, count: int, locate: bool) -> str:
    """Make the points of a chunk and locate them; the digest of their owners."""
    rng = np.random.default_rng(number)
    x, y = rng.uniform(WEST, EAST, count), rng.uniform(SOUTH, NORTH, count)
    return hashlib.sha256((mapped(path).locate(x, y) if locate else x).tobytes()).hexdigest()


def timed(tasks: Iterator[list[str]]) -> tuple[float, list[str]]:
    """How long all tasks take, and the digests that they give."""
    started_s = time.perf_counter()
    found = [digest for task in tasks for digest in task]
    return time.perf_counter() - started_s, found


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    warm()
    with tempfile.TemporaryDirectory() as folder, client_of(None, asked.workers) as client:
        path = str(Path(folder) / "units.cells")
        CellIndex.build(clustered()).save(Path(path))
        count = -(-asked.points // CHUNK)
        parts = [(path, range(k, min(count, k + TOGETHER)), asked.points) for k in range(0, count, TOGETHER)]
        client.run(chunks, *parts[0])  # each worker maps the index and loads its kernels
        making_s, _ = timed(chunks(*part, locate=False) for part in parts)
        alone_s, alone = timed(chunks(*part) for part in parts)
        shared_s, shared = timed(in_order(client, ((chunks, *part) for part in parts)))
    print(
        f"{asked.points:,} points, {asked.workers} workers, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    print("\n| | seconds | million points/s | scaling |\n|---|---|---|---|")
    rows = {"making the points, one process": making_s, "one process": alone_s, f"{asked.workers} workers": shared_s}
    for what, taken in rows.items():
        print(f"| {what} | {taken:.1f} | {asked.points / taken / 1e6:.1f} | {alone_s / taken:.2f} |")
    same = sum(a == b for a, b in zip(alone, shared, strict=True))
    print(f"\n{same} of {count} chunks are equal to the row.")


if __name__ == "__main__":
    main()
