"""
Re-cut of a database's whole history: `python -m benchmarks.recut DSN [ROUNDS]`, on a loaded demonstration league.

Timed from the edition in memory to the commit: incidents read, located, written, and counted for the planner. Each run
is deleted again.
"""

import statistics
import sys
import time

from geo import db, edition, recut


def main(dsn: str, rounds: int = 5) -> None:
    """Run the benchmark and print its table."""
    taken: list[float] = []
    incidents = 0
    with db.open_pool(dsn, 1) as pool:
        with db.begin(pool, db.EVERYTHING) as conn:
            key = edition.key_of(conn)
            if key is None:
                raise SystemExit("load the demonstration league first")
            boundaries = recut.Boundaries.of_edition(edition.read(conn, key, edition.digest_of(conn, key)))
        for _ in range(rounds + 1):
            started_s = time.perf_counter()
            with db.begin(pool, db.EVERYTHING) as conn:
                run = recut.recut(conn, boundaries)
            taken.append(time.perf_counter() - started_s)
            with db.begin(pool, db.EVERYTHING) as conn:
                incidents = recut.read(conn, run).incidents
                recut.delete(conn, run)
    units = len(boundaries.division.units)
    print("| incidents | units | first | median | bar: floor, stretch |\n|---|---|---|---|---|")
    print(f"| {incidents:,} | {units:,} | {taken[0]:.2f} s | {statistics.median(taken[1:]):.2f} s | 3 s, 1.5 s |")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
