"""`wangge recut`: the history of incidents under other boundaries, beside what it is."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from psycopg_pool import ConnectionPool
from rich.console import Console
from rich.table import Table

from api.cli.moments import At, KnownAt, instant
from api.cli.session import OPERATOR, database
from geo import recut
from geo.cluster import connection_string
from geo.db import Connection, begin
from geo.editions import Editions
from geo.paging import Page
from geo.recut import Boundaries, RecutUnit
from geo.settings import settings

app = typer.Typer(
    no_args_is_help=True,
    help="历史事项按其他边界重划 · History under other boundaries, kept apart from the incidents.",
)
console = Console()

File = Annotated[Path, typer.Argument(help="区域文件 · Areas: GeoJSON, GeoPackage, Shapefile, GeoParquet, ...")]
Crs = Annotated[str | None, typer.Option(help="坐标系 · EPSG:n, gcj02 or bd09; that of the file if not given.")]
Layer = Annotated[str | None, typer.Option(help="图层 · The layer; the first if not given.")]
Code = Annotated[str | None, typer.Option(help="编码列 · The column of codes; one with a common name if not given.")]
Id = Annotated[int, typer.Argument(help="重划编号 · The number of the re-cut.")]
Out = Annotated[Path | None, typer.Option(help="写入 CSV 文件 · Write all counts to a CSV file.")]

_SHOWN = 20
_PAGE = 10_000


@app.command("edition")
def by_edition(at: At = None, known_at: KnownAt = None) -> None:
    """按某一时刻的网格重划 · By the units in force at an instant, also one to come."""
    with database() as pool:
        editions = Editions(connection_string(settings()), settings().state_dir / "editions")
        with begin(pool, OPERATOR) as conn:
            edition = editions.as_of(conn, instant(at), instant(known_at))
        _run(pool, lambda: Boundaries.of_edition(edition))


@app.command("file")
def by_file(file: File, crs: Crs = None, layer: Layer = None, code: Code = None) -> None:
    """按文件中的区域重划 · By the areas of a file, which must not overlap."""
    with database() as pool:
        _run(pool, lambda: Boundaries.of_file(file, crs, layer, code))


def _run(pool: ConnectionPool[Connection], boundaries: Callable[[], Boundaries]) -> None:
    with console.status("正在重划 · Re-cutting"):
        chosen, started_s = boundaries(), time.perf_counter()
        with begin(pool, OPERATOR) as conn:
            run = recut.recut(conn, chosen)
    seconds = time.perf_counter() - started_s
    with begin(pool, OPERATOR) as conn:
        done = recut.read(conn, run)
    console.print(
        f"重划 {run}：{done.incidents:,} 件，变动 {done.moved:,} 件，网格外 {done.outside:,} 件，{seconds:.2f} 秒"
    )
    console.print(
        f"Re-cut {run}: {done.incidents:,} incidents, {done.moved:,} in another unit, {done.outside:,} outside, "
        f"{seconds:.2f} s"
    )


@app.command("list")
def show_all() -> None:
    """列出全部重划 · All re-cuts, the newest first."""
    table = Table("编号 id", "时间 at", "按 by", "摘要 digest", "账号 account")
    with database() as pool, begin(pool, OPERATOR) as conn:
        for run in recut.find(conn, limit=1000).items:
            table.add_row(str(run.id), f"{run.at:%Y-%m-%d %H:%M}", run.name, run.digest[:8], run.account)
    console.print(table)


@app.command("show")
def show(recut_id: Id, out: Out = None) -> None:
    """比较各网格重划前后的事项数 · Incidents by unit, before and after."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        found = _all_counts(conn, recut_id)
    found["change"] = found["after"] - found["before"]
    if out is not None:
        found.to_csv(out, index=False)
    most = found.reindex(found["change"].abs().sort_values(ascending=False, kind="stable").index).head(_SHOWN)
    table = Table(
        "编码 code", "名称 name", "原 before", "重划后 after", "变动 change", title="变动最大 · Largest changes"
    )
    for row in most.itertuples(index=False):
        table.add_row(str(row.code), str(row.name), f"{row.before:,}", f"{row.after:,}", f"{row.change:+,}")
    console.print(table)


def _all_counts(conn: Connection, recut_id: int) -> pd.DataFrame:
    page: Page[RecutUnit] = recut.counts(conn, recut_id, limit=_PAGE)
    units = list(page.items)
    while page.next is not None:
        page = recut.counts(conn, recut_id, cursor=page.next, limit=_PAGE)
        units += page.items
    return pd.DataFrame(units, columns=["unit_id", "code", "name", "before", "after"])


@app.command("delete")
def delete(recut_id: Id) -> None:
    """删除一次重划 · Delete a re-cut with its rows; incidents are not touched."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        recut.delete(conn, recut_id)
    console.print(f"已删除重划 {recut_id} · Re-cut {recut_id} is deleted.")
