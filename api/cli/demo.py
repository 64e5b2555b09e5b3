"""`wangge load demo`: the league 兴安盟 with real names and codes, and everything else made."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import demo
from api.cli.progress import shares_of
from api.cli.session import database
from geo import public_figures
from geo.db import EVERYTHING, begin, instant
from geo.settings import settings

console = Console()
_TOPICS = {
    "count": "数量不一 · Counts differ",
    "left_out": "未载入的虚拟单元 · Pseudo-units left out",
    "kept_pseudo_unit": "保留的农牧林场 · Farms, ranches kept",
    "other_code": "编码不一 · Other code",
    "other_name": "名称不一 · Other name",
    "not_in_statistics": "统计编码中没有 · Not in statistics",
    "not_in_civil_affairs": "民政编码中没有 · Not in Civil Affairs",
}


def load(
    seed: Annotated[int, typer.Option(help="随机种子 · The same seed makes the same rows.")] = demo.SEED,
    scale: Annotated[float, typer.Option(help="规模（0 到 1）· The part of the league to make.")] = 1.0,
) -> None:
    """载入示例：兴安盟 · Load the demonstration league."""
    with database() as pool:
        with shares_of("示例数据 · Demo") as tell:
            report = demo.load(pool, seed=seed, scale=scale, progress=tell)
        with begin(pool, EVERYTHING) as conn:  # now rather than by the worker within the hour: a newcomer sees heat
            public_figures.publish(conn, instant(conn), settings().timezone)
    console.print(_loaded(report))
    console.print(_differing(report))


def _loaded(report: demo.Report) -> Table:
    table = Table(
        "表 · Table", "新增或更改 · Loaded", "未变 · Unchanged", title="兴安盟示例数据 · Demonstration league"
    )
    published = report.published
    table.add_row("unit", f"{published.made + published.changed:,}", f"{published.unchanged:,}")
    for name, counted in report.counted.items():
        table.add_row(name, f"{counted.loaded:,}", f"{counted.unchanged:,}")
    return table


def _differing(report: demo.Report) -> Table:
    table = Table("事由 · Topic", "条 · Rows", "例 · Example", title="来源之间的出入 · Where the sources disagree")
    for topic, rows in report.disagreements.groupby("topic", sort=False):
        first = rows.iloc[0]
        told = " / ".join(word for word in (first["statistics"], first["other"]) if word)
        table.add_row(_TOPICS[str(topic)], str(len(rows)), f"{first['name']}: {told}")
    return table
