"""`wangge unit`: look units up as of any instant, and draw those of a community anew."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
import typer
from rich.console import Console
from rich.table import Table

from api.cli.moments import At, KnownAt, instant
from api.cli.session import OPERATOR, database
from geo import crs, jobs, units
from geo.cluster import connection_string
from geo.db import begin
from geo.errors import BadFile
from geo.replacement import replace_grids
from geo.settings import settings

app = typer.Typer(no_args_is_help=True, help="网格查询与调整 · Look units up, and draw them anew.")
console = Console()

Code = Annotated[str, typer.Argument(help="网格编码 · Code of the unit.")]


@app.command()
def show(code: Code, at: At = None, known_at: KnownAt = None) -> None:
    """某时刻的网格 · A unit as of an instant, as known at another."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        unit = units.read(conn, code, instant(at), instant(known_at))
        above = units.ancestors(conn, unit["path"], instant(at), instant(known_at))
    console.print(_told(unit, above))


@app.command()
def history(code: Code) -> None:
    """网格沿革 · All versions of a code: when they were true, and when that was known."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        versions = units.history(conn, code)
    if not versions:
        raise units.UnitNotFound(code)
    table = Table("名称 name", "路径 path", "生效 valid", "登记 recorded")
    for row in versions:
        table.add_row(row["name"], row["path"], _span(row, "valid"), _span(row, "recorded"))
    console.print(table)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="微网格文件（code、name） · Micro-grids with code and name.")],
    within: Annotated[str, typer.Option(help="社区编码 · Code of the community that they cover.")],
    at: Annotated[str, typer.Option(help="生效时刻，至少提前一分钟 · From when on, at least a minute ahead.")],
    system: Annotated[str, typer.Option(help="编码发放机构 · The authority that issues the codes.")] = "wangge",
    declared: Annotated[str | None, typer.Option("--crs", help="坐标系 · Of the file, if it names none.")] = None,
) -> None:
    """自某时刻起重新划分社区的微网格 · Draw a community's micro-grids anew from an instant on."""
    begins = instant(at)
    if begins is None:
        raise typer.BadParameter("--at")
    queue = jobs.queue(connection_string(settings()))
    grids = _grids(file, declared)
    with database() as pool, begin(pool, OPERATOR) as conn:
        done = replace_grids(conn, queue, within, grids, begins, system=system)
    console.print(f"{begins.isoformat()} 起生效 · in force from then on")
    console.print(f"新增 made {done.published.made}, 调整 changed {done.published.changed}, ", end="")
    console.print(f"撤销 ended {', '.join(done.retired) or '—'}, 沿革 lineage {done.lineage}")
    if done.fitted:
        console.print(f"相邻网格补入公共角点 · neighbours that got a common corner: {', '.join(done.fitted)}")


def _grids(file: Path, declared: str | None) -> gpd.GeoDataFrame:
    try:
        found = gpd.read_file(file)
    except Exception as fault:  # pyogrio's errors have no common class
        raise BadFile(f"{file.name}: {fault}") from None
    return crs.to_storage(found, declared or (found.crs.to_string() if found.crs else None))


def _told(unit: Mapping[str, Any], above: list[dict[str, Any]]) -> Table:
    table = Table(show_header=False)
    table.add_row("网格 unit", f"{unit['code']} {unit['name']}")
    table.add_row("层级 level", unit["level"])
    table.add_row("隶属 within", " › ".join(f"{row['name']} ({row['code']})" for row in above))
    table.add_row("户数 households", "—" if unit["households"] is None else f"{unit['households']:,}")
    table.add_row("面积 area", f"{unit['area_m2'] / 1e6:,.3f} km²")
    table.add_row("路径 path", unit["path"])
    return table


def _span(row: Mapping[str, Any], clock: str) -> str:
    ends = (row[f"{clock}_from"], row[f"{clock}_to"])
    return " – ".join("…" if at is None else at.isoformat(timespec="minutes") for at in ends)
