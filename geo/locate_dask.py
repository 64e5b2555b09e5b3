"""
The locating of a file on several processes or machines: dask.distributed runs the very kernels of one process.

Each worker maps the index from a file, once; what travels with a task is where its rows are. Workers read row groups
of Parquet themselves, from a folder that they share with the client; rows of other formats are sent to them. Each
writes a part; the parts in the order of their names are the answer of one process, row by row.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, cast

from dask import config
from distributed import Client, LocalCluster

from geo.aside import file_aside, folder_aside
from geo.division import Division
from geo.errors import Unavailable
from geo.locate_file import Progress, account, begin, ended, read, rejects_aside, written
from geo.locate_order import LocateOrder, LocateReport
from geo.locate_rows import Located, Reading, locate_rows
from geo.point_files import PointFile, Rows, open_points

PIECE_ROWS = 1 << 20
"""Rows of one task, unless a single row group has more."""
AHEAD = 2
"""Tasks that are given out for each thread of a worker: what is sent and not yet answered is held in memory."""


class NoScheduler(Unavailable):
    """The dask scheduler does not answer."""

    zh = "无法连接 dask 调度器。"


@contextmanager
def client_of(scheduler: str | None, workers: int) -> Generator[Client]:
    """
    A client of a scheduler, or of a cluster on this machine that ends with the block.

    Parameters
    ----------
    scheduler
        ``tcp://host:port``; a local cluster if not given.
    workers
        Processes of the local cluster, of one thread each.

    Raises
    ------
    NoScheduler
    """
    if scheduler is None:
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=cast(str, None)) as local,
            Client(local) as client,
        ):
            yield client
        return
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise NoScheduler(f"{scheduler}: {error}") from error
    with client:
        yield client


def locate_parts(
    client: Client, order: LocateOrder, division: Division, progress: Progress | None = None
) -> LocateReport:
    """
    As `locate_file.locate_file`, with a folder of Parquet parts as its answer.

    Parameters
    ----------
    client
        Its workers see the folders of the file and of the answer under the same names.
    order, division, progress
        As there; the folder of `order.out` must not exist.

    Raises
    ------
    BadFile, NoCoordinates, BadColumn, UnfitColumn, UndeclaredCrs, UnknownCrs, BadCoordinate
        As there.
    """
    started_s = perf_counter()
    order = replace(order, path=order.path.resolve(), out=order.out.resolve())
    opened, reading, report = begin(order, division, (".parquet",))
    with (
        config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}),  # rows are sent on purpose
        folder_aside(order.out) as parts,
        rejects_aside(order.rejects) as rejects,
        TemporaryDirectory(dir=order.out.parent, prefix=f".{order.out.name}-", suffix=".index") as shared,
    ):
        division.save(Path(shared))
        tasks = (
            (_piece, piece, order, reading, shared, parts / f"part-{number:06}.parquet")
            for number, piece in _pieces(opened, order)
        )
        for located in chain.from_iterable(in_order(client, tasks)):
            account(located, report, rejects, opened)
            if progress:
                progress(report.read, opened.total)
    return ended(report, rejects, started_s)


def _pieces(opened: PointFile, order: LocateOrder) -> Iterator[tuple[int, range | list[Rows]]]:
    """The tasks of a file: ranges of row groups, or rows to be sent."""
    if not opened.row_groups:
        yield from enumerate([rows] for rows in read(opened, order.path))
        return
    start, count, number = 0, 0, 0
    for group, rows in enumerate(opened.row_groups):
        if count and count + rows > PIECE_ROWS:
            yield number, range(start, group)
            start, count, number = group, 0, number + 1
        count += rows
    yield number, range(start, len(opened.row_groups))


def in_order(client: Client, tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """The results of tasks, each a function and its arguments, in their order; only a few are given out at a time."""
    threads = cast(Mapping[str, int], client.nthreads())
    room = AHEAD * max(1, sum(threads.values()))
    waiting: deque[Any] = deque()
    for function, *arguments in tasks:
        waiting.append(client.submit(function, *arguments, pure=False))
        if len(waiting) >= room:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _piece(piece: range | list[Rows], order: LocateOrder, reading: Reading, shared: str, part: Path) -> list[Located]:
    """What a worker does: locate some rows, write them, and give back what was refused, without the rows written."""
    division = division_in(shared)
    if isinstance(piece, range):
        piece = cast("list[Rows]", open_points(order.path).batches(piece))
    with file_aside(part) as made:
        batches = written((locate_rows(rows, reading, division) for rows in piece), made, reading)
        return [replace(located, table=located.table.slice(0, 0)) for located in batches]


@lru_cache(maxsize=2)
def division_in(folder: str) -> Division:
    """The units and the index in a folder, mapped once in each worker."""
    return Division.load(Path(folder))
