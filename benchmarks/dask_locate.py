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


@lru_cache(maxsize=1)
def mapped(path: str) -> CellIndex:
    """The index, mapped once in each process."""
    return CellIndex.load(Path(path))


def chunk(path: str, number: int, count: int, *, locate: bool = True) -> str:
    """Make the points of a chunk and locate them; the digest of their owners."""
    rng = np.random.default_rng(number)
    x, y = rng.uniform(WEST, EAST, count), rng.uniform(SOUTH, NORTH, count)
    return hashlib.sha256((mapped(path).locate(x, y) if locate else x).tobytes()).hexdigest()


def timed(digests: Iterator[str]) -> tuple[float, list[str]]:
    """How long all digests take, and what they are."""
    started_s = time.perf_counter()
    found = list(digests)
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
        parts = [(path, k, min(CHUNK, asked.points - k * CHUNK)) for k in range(-(-asked.points // CHUNK))]
        client.run(chunk, *parts[0])  # each worker maps the index and loads its kernels
        making_s, _ = timed(chunk(*part, locate=False) for part in parts)
        alone_s, alone = timed(chunk(*part) for part in parts)
        shared_s, shared = timed(in_order(client, ((chunk, *part) for part in parts)))
    print(
        f"{asked.points:,} points, {asked.workers} workers, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    print("\n| | seconds | million points/s | scaling |\n|---|---|---|---|")
    rows = {"making the points, one process": making_s, "one process": alone_s, f"{asked.workers} workers": shared_s}
    for what, taken in rows.items():
        print(f"| {what} | {taken:.1f} | {asked.points / taken / 1e6:.1f} | {alone_s / taken:.2f} |")
    same = sum(a == b for a, b in zip(alone, shared, strict=True))
    print(f"\n{same} of {len(parts)} chunks are equal to the row.")


if __name__ == "__main__":
    main()
