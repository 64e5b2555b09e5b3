"""`wangge load`: any city's files into the database, every row accounted for."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.load_report import show
from api.cli.progress import rows_of
from api.cli.session import OPERATOR, database
from geo import load_incidents, loads
from geo.db import begin
from geo.errors import BadOption
from geo.keys import ring_of
from geo.load_fields import FIELDS, Field, Kind
from geo.load_order import LoadOrder
from geo.rejects import REMEDIES
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
    "water": "河湖水系 · Rivers, lakes and reservoirs: lines and areas.",
    "teams": "队伍 · Teams.",
    "stations": "服务站 · Stations.",
    "routes": "巡逻路线 · Patrol routes.",
    "incidents": "事项 · Incidents.",
}
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
TimeFormat = Annotated[str | None, typer.Option(help="时间格式 · As of strptime, or epoch, epoch_ms, excel.")]
Rejects = Annotated[
    Path | None, typer.Option(help="退回行文件 · For refused rows; FILE.rejects.csv here if not given.")
]
Trust = Annotated[
    bool, typer.Option("--trust-crs", help="相信坐标系 · Incidents: as declared, even where they look like GCJ-02.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="预览 · Show what would happen; nothing stands after.")]
Root = Annotated[
    str | None,
    typer.Option(help="根名称 · Units: the name of one unit above all of the file's; the source's if not given."),
]
RootLevel = Annotated[
    str | None, typer.Option(help="根级别 · Units: the level of that unit, as in `wangge load values units level`.")
]
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
        root_level: RootLevel = None,
        snap_m: SnapM = GAP_M,
        trust_crs: Trust = False,
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
            rejects or loads.default_rejects(file, Path.cwd()),
            dry_run,
            root,
            root_level,
            snap_m,
            OPERATOR.account,
            trust_crs,
        )
        run(order)

    return load


_CHOICES = {
    kind: f"取值 · What {', '.join(name)} may be: wangge load values {kind}"
    for kind in FIELDS
    if (name := [field for field, spec in FIELDS[kind].items() if spec.type == "choice"])
}


def register(kinds: tuple[Kind, ...] = get_args(Kind)) -> None:
    """Make a command of each kind."""
    for kind in kinds:
        fields = ", ".join(f"{name}*" if spec.needed else name for name, spec in FIELDS[kind].items())
        app.command(kind, help=f"{HELP[kind]}\n\n字段 · Fields (* needed): {fields}\n\n{_CHOICES.get(kind, '')}")(
            _command(kind)
        )


def run(order: LoadOrder) -> None:
    """Load, and show what became of the file."""
    with database() as pool, rows_of(order.path.name) as tell:
        report = loads.load_file(pool, order, tell, ring_of(settings()))
    show(report, order)
    if report.rejected == report.read > 0:
        raise typer.Exit(NOTHING_LOADED)


@app.command("values")
def values(
    kind: Annotated[Kind, typer.Argument(help="载入种类 · Of which kind of load.")],
    name: Annotated[str | None, typer.Argument(metavar="[FIELD]", help="字段 · Which field; all if not given.")] = None,
) -> None:
    """列出字段可取的值及其别名 · List the values that fields may take, and the words that files may use for them."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        fields = loads.fields(conn, kind)
    chosen = {field: spec for field, spec in fields.items() if spec.type == "choice" and name in (None, field)}
    if not chosen:
        known = ", ".join(field for field, spec in fields.items() if spec.type == "choice") or "—"
        raise BadOption(f"{kind} {name or ''}: the fields of {kind} that choose from values are {known}.")
    for field, spec in chosen.items():
        console.print(_values_table(field, spec))


@app.command("quarantined")
def quarantined() -> None:
    """被隔离的文件及依据 · List the files kept out since they look like GCJ-02, and how to let them in."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        found = load_incidents.quarantined(conn)
    table = Table("时间 at", "文件 file", "来源 source", "行 rows", "依据 evidence", box=None)
    for one in found:
        shares = f"{one.evidence['unshifted_share']:.0%} > {one.evidence['declared_share']:.0%}"
        what = f"{one.suspected}: {one.evidence['by']} {shares}"
        table.add_row(f"{one.at:%Y-%m-%d %H:%M}", Text(one.file_name), Text(one.source), f"{one.rows:,}", what)
    console.print(table)
    if found:
        console.print(" · ".join(REMEDIES["likely_gcj02"]), markup=False, highlight=False)


def _values_table(name: str, spec: Field) -> Table:
    table = Table("取值 value", "也可写作 also", title=name, title_justify="left", box=None)
    table.columns[0].no_wrap = True
    for value in dict.fromkeys(spec.choices.values()):
        others = [word for word, meant in spec.choices.items() if meant == value and word != value]
        table.add_row(value, ", ".join(others))
    return table


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Read ``a=b`` options; raises `BadOption` for one without a sign of equality."""
    made: dict[str, str] = {}
    for text in given or []:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise BadOption(f"{option} {text}: write it as field=value")
        made[name.strip()] = value.strip()
    return made


def value_pairs(given: list[str] | None) -> dict[str, dict[str, str]]:
    """Read ``field:said=value`` options; what is said may hold colons."""
    made: dict[str, dict[str, str]] = {}
    for text in given or []:
        name, colon, rest = text.partition(":")
        said, sign, value = rest.rpartition("=")
        if not colon or not sign:
            raise BadOption(f"--map-value {text}: write it as field:said=value")
        made.setdefault(name.strip(), {})[said.strip()] = value.strip()
    return made


register()
