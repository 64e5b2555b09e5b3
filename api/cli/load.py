"""`wangge load`: any city's files into the database, every row accounted for."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.cli.session import OPERATOR, database
from geo.errors import BadColumn
from geo.keys import ring_of
from geo.load_fields import FIELDS, Kind
from geo.load_order import LoadOrder, LoadReport
from geo.loads import default_rejects, load_file
from geo.rejects import REASONS
from geo.repair import GAP_M
from geo.settings import settings

app = typer.Typer(
    no_args_is_help=True, help="载入数据 · Load a city's data: files of many formats, rows accounted for."
)
console = Console()

HELP = {
    "units": "网格单元（有层级或一组区域） · Units: a hierarchy, or a flat set of areas.",
    "buildings": "楼栋 · Buildings.",
    "streets": "道路 · Streets.",
    "teams": "队伍 · Teams.",
    "stations": "服务站 · Stations.",
    "routes": "巡逻路线 · Patrol routes.",
    "incidents": "事项 · Incidents.",
}
REPAIRS = {
    "ring": "环自相交 · rings that crossed themselves",
    "overlap": "重叠 · overlaps",
    "gap": "缝隙 · gaps closed",
    "border": "边界移动 · borders moved",
}
_SHOWN = 8
NOTHING_LOADED = 3
"""The exit code when every row was refused: what calls the command must notice."""

File = Annotated[Path, typer.Argument(help="CSV, XLSX, Parquet, GeoJSON, GeoPackage, Shapefile, FlatGeobuf, OSM PBF.")]
Crs = Annotated[str | None, typer.Option(help="坐标系 · EPSG:n, gcj02 or bd09; that of the file if not given.")]
Pairs = Annotated[list[str] | None, typer.Option("--map", help="字段=列名 · field=column (repeat).")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="字段=固定值 · field=value of every row (repeat).")]
Values = Annotated[list[str] | None, typer.Option("--map-value", help="字段:原值=取值 · field:said=value (repeat).")]
Defaults = Annotated[
    list[str] | None, typer.Option("--default", help="字段=未知时取值 · field=value if unknown (repeat).")
]
Layer = Annotated[str | None, typer.Option(help="图层或工作表 · The layer or sheet; the first if not given.")]
Encoding = Annotated[str | None, typer.Option(help="文字编码 · utf-8, gb18030, ...; found if not given.")]
Source = Annotated[str, typer.Option(help="来源名称 · Where the rows come from; the file's name if not given.")]
Timezone = Annotated[str | None, typer.Option(help="时区 · Of times that name none; the setting if not given.")]
TimeFormat = Annotated[str | None, typer.Option(help="时间格式 · As of strptime, or epoch, epoch_ms.")]
Rejects = Annotated[
    Path | None, typer.Option(help="退回行文件 · For refused rows; FILE.rejects.csv here if not given.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="预览 · Show what would happen; nothing stands after.")]
Root = Annotated[str | None, typer.Option(help="根名称 · Units: the name of one unit above all of the file's.")]
SnapM = Annotated[float, typer.Option("--snap-m", help="缝隙宽度（米） · Units: gaps narrower than this are closed.")]


def _command(kind: Kind) -> Callable[..., None]:
    def load(
        file: File,
        crs: Crs = None,
        columns: Pairs = None,
        constants: Sets = None,
        values: Values = None,
        defaults: Defaults = None,
        layer: Layer = None,
        encoding: Encoding = None,
        source: Source = "",
        timezone: Timezone = None,
        time_format: TimeFormat = None,
        rejects: Rejects = None,
        dry_run: DryRun = False,
        root: Root = None,
        snap_m: SnapM = GAP_M,
    ) -> None:
        order = LoadOrder(
            kind,
            file,
            crs,
            layer,
            encoding,
            pairs(columns, "--map"),
            pairs(constants, "--set"),
            value_pairs(values),
            pairs(defaults, "--default"),
            source,
            timezone or settings().timezone,
            time_format,
            rejects or default_rejects(file, Path.cwd()),
            dry_run,
            root,
            snap_m,
            OPERATOR.account,
        )
        run(order)

    return load


def register(kinds: tuple[Kind, ...] = get_args(Kind)) -> None:
    """Make a command of each kind."""
    for kind in kinds:
        fields = ", ".join(f"{name}*" if spec.needed else name for name, spec in FIELDS[kind].items())
        app.command(kind, help=f"{HELP[kind]}\n\n字段 · Fields (* needed): {fields}")(_command(kind))


def run(order: LoadOrder) -> None:
    """Load, and show what became of the file."""
    with database() as pool, _bar(order.path.name) as tell:
        report = load_file(pool, order, tell, ring_of(settings()))
    show(report, order)
    if report.rejected == report.read > 0:
        raise typer.Exit(NOTHING_LOADED)


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Read ``a=b`` options; raises `BadColumn` for one without a sign of equality."""
    made: dict[str, str] = {}
    for text in given or []:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise BadColumn(f"{option} {text}: write it as field=value")
        made[name.strip()] = value.strip()
    return made


def value_pairs(given: list[str] | None) -> dict[str, dict[str, str]]:
    """Read ``field:said=value`` options; what is said may hold colons."""
    made: dict[str, dict[str, str]] = {}
    for text in given or []:
        name, colon, rest = text.partition(":")
        said, sign, value = rest.rpartition("=")
        if not colon or not sign:
            raise BadColumn(f"--map-value {text}: write it as field:said=value")
        made.setdefault(name.strip(), {})[said.strip()] = value.strip()
    return made


@contextmanager
def _bar(name: str) -> Generator[Callable[[int, int | None], None]]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"正在载入 · Loading {name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def show(report: LoadReport, order: LoadOrder) -> None:
    """Print a report: how the file was read, what was repaired and refused, and the counts that add up."""
    _show_reading(report, order)
    if order.dry_run:
        _show_preview(report)
    _show_repairs(report)
    for zh, en in report.notes:
        console.print(f"注意 · Note: {zh} · {en}", style="yellow", markup=False)
    _show_rejects(report, order)
    console.print(_counts(report, order))


def _show_reading(report: LoadReport, order: LoadOrder) -> None:
    seen = [report.format, report.encoding, report.layer, report.crs]
    console.print(f"{order.path.name}: {', '.join(word for word in seen if word)}", markup=False, highlight=False)
    table = Table("字段 field", "列 column", title="列的对应 · Columns", title_justify="left")
    for name, column in report.columns.items():
        asked = name in order.columns
        table.add_row(name, column if asked else f"{column}（推断 guessed）")
    for name, value in order.constants.items():
        table.add_row(name, f"= {value}")
    if report.unused:
        table.add_row("—", "未用 unused: " + ", ".join(report.unused[:20]))
    console.print(table)


def _show_preview(report: LoadReport) -> None:
    if not report.preview:
        return
    names = list(report.preview[0])
    table = Table(*names, title="前几行 · First rows", title_justify="left")
    for row in report.preview:
        table.add_row(*(row[name][:40] for name in names))
    console.print(table)


def _show_repairs(report: LoadReport) -> None:
    for what, label in REPAIRS.items():
        found = sorted((r for r in report.repairs if r.what == what), key=lambda r: -abs(r.change_m2))
        if found:
            console.print(f"修复 · Repaired: {len(found)} {label}", markup=False)
        for repair in found[:_SHOWN]:
            console.print(f"  {' / '.join(repair.of)}: {repair.change_m2:+,.2f} m²", markup=False, highlight=False)
        if len(found) > _SHOWN:
            console.print(f"  … +{len(found) - _SHOWN}")


def _show_rejects(report: LoadReport, order: LoadOrder) -> None:
    for reason, count in report.reasons.most_common():
        zh, en = REASONS[reason]
        console.print(f"退回 · Rejected: {count:,} {zh} · {en} ({reason})", style="red", markup=False)
    for row, reason, detail in report.examples[:_SHOWN]:
        console.print(f"  {row}: {reason} {detail}"[:160], markup=False, highlight=False)
    if report.rejected and not order.dry_run:
        console.print(f"退回的行在 · Refused rows are in {order.rejects}", markup=False)


def _counts(report: LoadReport, order: LoadOrder) -> Table:
    title = "预览，未写入 · Dry run, nothing written" if order.dry_run else "载入结果 · Result"
    table = Table("读取 read", "载入 loaded", "未变 unchanged", "退回 rejected", title=title, title_justify="left")
    table.add_row(*(f"{n:,}" for n in (report.read, report.loaded, report.unchanged, report.rejected)))
    if report.kept:
        table.caption = (
            f"其中 {report.kept:,} 件在本系统处理过，保留 · {report.kept:,} were worked on here and are kept"
        )
    return table


register()
