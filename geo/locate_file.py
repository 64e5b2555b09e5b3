"""
A file of points of any size, each with the unit that owns it: read, located and written at once, in bounded memory.

Every row is accounted for: ``read = inside + edge + outside + rejected``. The answer takes its name when it is whole.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from geo.ahead import ahead
from geo.aside import file_aside
from geo.division import Division
from geo.errors import BadFile
from geo.locate_order import LocateOrder, LocateReport
from geo.locate_rows import Located, Reading, locate_rows, plan, refuse_wrong_system
from geo.point_files import FAILURES, PointFile, Rows, open_points
from geo.rejects import RejectsFile

Progress = Callable[[int, int | None], None]
OUTPUTS = (".parquet", ".csv")


def locate_file(order: LocateOrder, division: Division, progress: Progress | None = None) -> LocateReport:
    """
    Locate the points of a file and write them with their owners, in the order of the file.

    The next batch is read and the one before it written while a batch is located. Columns row (its number in the
    file), unit_id, unit_code, unit_path, located (inside, edge, outside) and candidates (on an edge, the ids of all
    units that share it; for units without ids, their codes) come first, then lon and lat for a file with geometries,
    then the file's own columns; one of theirs that has a name of ours gets a number.

    Parameters
    ----------
    order
        What to locate.
    division
        What to locate in.
    progress
        Called with the rows read so far and, where it is known, how many there are.

    Raises
    ------
    BadFile
        The file cannot be read, or the answer not written where it shall go.
    NoCoordinates, BadColumn, UnfitColumn, UndeclaredCrs, UnknownCrs, BadCoordinate
        The file as a whole cannot be located; nothing is written.
    """
    started_s = time.perf_counter()
    opened, reading, report = begin(order, division, OUTPUTS)
    with file_aside(order.out) as made, rejects_aside(order.rejects) as rejects:
        batches = ahead(locate_rows(rows, reading, division) for rows in ahead(read(opened, order.path)))
        for located in written(batches, made, reading):
            account(located, report, rejects, opened)
            if progress:
                progress(report.read, opened.total)
    return ended(report, rejects, started_s)


def begin(order: LocateOrder, division: Division, suffixes: Iterable[str]) -> tuple[PointFile, Reading, LocateReport]:
    """Open a file, settle how it is read, and look at its first rows; raises as `locate_file`."""
    if order.out.suffix.lower() not in suffixes:
        raise BadFile(f"{order.out.name}: write --out with a suffix of {', '.join(suffixes)}")
    if not order.out.resolve().parent.is_dir():
        raise BadFile(f"{order.out.parent}: there is no such folder")
    if order.path.resolve() in {order.out.resolve(), order.rejects and order.rejects.resolve()}:
        raise BadFile(f"{order.path} is the file that is read; write elsewhere")
    opened = open_points(order.path, layer=order.layer, encoding=order.encoding)
    reading = plan(order, opened)
    for first in read(opened, order.path):
        refuse_wrong_system(first, reading, division)
        locate_rows(first, reading, division)
        break
    report = LocateReport(opened.format, opened.encoding, opened.layer, reading.frame.name, reading.coordinates)
    return opened, reading, report


def read(opened: PointFile, path: Path) -> Iterator[Rows]:
    """The batches of a file; what goes wrong in the middle of it is a `BadFile`."""
    try:
        yield from opened.batches()
    except FAILURES as error:
        raise BadFile(f"{path.name}: {error}") from error


def written(batches: Iterator[Located], path: Path, reading: Reading) -> Iterator[Located]:
    """The same batches, each once its rows are written; the file is whole after the last."""
    writer: pq.ParquetWriter | pcsv.CSVWriter | None = None
    for located in batches:
        if writer is None:
            writer = _writer(path, located.table.schema, reading)
        if located.table.num_rows:
            writer.write_batch(located.table)
        yield located
    if writer is not None:
        writer.close()


def _writer(path: Path, schema: pa.Schema, reading: Reading) -> pq.ParquetWriter | pcsv.CSVWriter:
    return (pcsv.CSVWriter if reading.as_text else pq.ParquetWriter)(path, schema)


def account(located: Located, report: LocateReport, rejects: RejectsFile, opened: PointFile) -> None:
    """Add a batch to the report, and its refused rows to their file."""
    report.read += located.read
    report.located += located.counts
    rejects.add(located.numbers, located.verdicts, located.refused)
    rejects.add_unread({row: ("ragged_row", text) for row, text in located.ragged.items()}, opened.columns)


def ended(report: LocateReport, rejects: RejectsFile, started_s: float) -> LocateReport:
    """The report with what was refused and how long it took."""
    report.reasons, report.examples = rejects.counts, rejects.examples
    report.seconds = time.perf_counter() - started_s
    return report


@contextmanager
def rejects_aside(path: Path | None) -> Generator[RejectsFile]:
    """Refused rows; their file takes its name at the end. One of an earlier run goes if nothing is refused now."""
    if path is None:
        yield RejectsFile(None)
        return
    with file_aside(path) as made:
        yield (rejects := RejectsFile(made))
    if not rejects.counts:
        path.unlink()
