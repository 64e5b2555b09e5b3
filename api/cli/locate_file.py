"""`wangge locate`: the unit that owns a point, or each point of a file of any size."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from api.cli.load import NOTHING_LOADED
from api.cli.locate import locate as locate_point
from api.cli.moments import At, KnownAt, instant
from api.cli.session import OPERATOR, database
from geo.cluster import connection_string
from geo.db import begin
from geo.division import Division
from geo.editions import Editions
from geo.loads import default_rejects
from geo.locate_dask import client_of, locate_parts
from geo.locate_file import locate_file
from geo.locate_order import LocateOrder, LocateReport
from geo.rejects import REASONS
from geo.settings import settings

console = Console()

What = Annotated[
    list[str],
    typer.Argument(help="经度 纬度，或文件 · LON LAT, or a FILE: CSV, XLSX, Parquet, GeoParquet, GeoPackage, ..."),
]
Out = Annotated[Path | None, typer.Option(help="结果 · The answer: .parquet or .csv; with workers a folder of parts.")]
X = Annotated[str | None, typer.Option(help="经度（横坐标）列 · The column of x, the longitude.")]
Y = Annotated[str | None, typer.Option(help="纬度（纵坐标）列 · The column of y, the latitude.")]
Crs = Annotated[str | None, typer.Option(help="坐标系 · EPSG:n, gcj02 or bd09; that of the file if not given.")]
Layer = Annotated[str | None, typer.Option(help="图层或工作表 · The layer or sheet; the first if not given.")]
Encoding = Annotated[str | None, typer.Option(help="文字编码 · utf-8, gb18030, ...; found if not given.")]
Rejects = Annotated[
    Path | None, typer.Option(help="退回行文件 · For refused rows; FILE.rejects.csv here if not given.")
]
Scheduler = Annotated[str | None, typer.Option(help="dask 调度器 · tcp://host:port: its workers do the work.")]
Workers = Annotated[int | None, typer.Option(min=1, help="本机进程数 · Processes on this machine that share the work.")]


def locate(
    what: What,
    out: Out = None,
    x: X = None,
    y: Y = None,
    crs: Crs = None,
    at: At = None,
    known_at: KnownAt = None,
    layer: Layer = None,
    encoding: Encoding = None,
    rejects: Rejects = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """某点归哪个微网格；或文件中的每个点 · Which micro-grid owns a point, or each point of a file, however large."""
    if len(what) == 2:
        lon, lat = map(degrees, what)
        locate_point(lon, lat, crs or "EPSG:4326", at, known_at)
        return
    if len(what) != 1 or out is None:
        raise typer.BadParameter("经度 纬度，或 文件 --out 结果 · LON LAT, or FILE --out ANSWER")
    file = Path(what[0])
    order = LocateOrder(file, out, crs, x, y, layer, encoding, rejects or default_rejects(file, Path.cwd()))
    division = in_force(instant(at), instant(known_at))
    with _bar(file.name) as tell:
        if scheduler is None and workers is None:
            report = locate_file(order, division, tell)
        else:
            with client_of(scheduler, workers or 1) as client:
                report = locate_parts(client, order, division, tell)
    show(report, order)
    if report.rejected == report.read > 0:
        raise typer.Exit(NOTHING_LOADED)


def degrees(text: str) -> float:
    """A coordinate of the command line; raises `typer.BadParameter`."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"不是数值 · not a number: {text}") from None


def in_force(at: datetime | None, known: datetime | None) -> Division:
    """The base micro-grids in force at an instant, as known at another; raises `NoUnits` and `NoUnitsThen`."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        editions = Editions(connection_string(settings()), settings().state_dir / "editions")
        edition = editions.as_of(conn, at, known)
        return Division.of(edition.base, edition.index)


@contextmanager
def _bar(name: str) -> Generator[Callable[[int, int | None], None]]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"正在定位 · Locating {name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def show(report: LocateReport, order: LocateOrder) -> None:
    """Print a report: how the file was read, what was refused, and the counts that add up."""
    seen = [report.format, report.encoding, report.layer, report.crs, *report.coordinates]
    console.print(f"{order.path.name}: {', '.join(word for word in seen if word)}", markup=False, highlight=False)
    for reason, count in report.reasons.most_common():
        zh, en = REASONS[reason]
        console.print(f"退回 · Rejected: {count:,} {zh} · {en} ({reason})", style="red", markup=False)
    for row, reason, detail in report.examples:
        console.print(f"  {row}: {reason} {detail}"[:160], markup=False, highlight=False)
    if report.rejected:
        console.print(f"退回的行在 · Refused rows are in {order.rejects}", markup=False)
    table = Table(
        "读取 read", "网格内 inside", "边界上 edge", "网格外 outside", "退回 rejected",
        title="定位结果 · Result", title_justify="left",
    )  # fmt: skip
    table.add_row(*(f"{n:,}" for n in (report.read, report.inside, report.edge, report.outside, report.rejected)))
    console.print(table)
    rate = report.read / report.seconds
    console.print(f"{order.out}: {report.seconds:.1f} 秒 s, {rate:,.0f} 行/秒 rows/s", markup=False, highlight=False)
