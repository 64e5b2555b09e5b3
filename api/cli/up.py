"""`wangge up`: everything that `script/server` does once the programs are installed."""

from typing import Annotated

import typer
from rich.console import Console

from api.cli import demo as demonstration
from api.cli import serve
from geo.cluster import connection_string
from geo.db import PUBLIC, begin, one, open_pool
from geo.migrate import newest, revision, upgrade
from geo.settings import settings

console = Console()


def up(
    demo: Annotated[bool, typer.Option(help="空库时载入示例数据 · Fill an empty database with the demo.")] = True,
) -> None:
    """启动数据库、升级、首次载入示例并提供服务 · Start, migrate, load the demo once, and serve."""
    chosen = settings()
    with console.status("正在启动数据库 · Starting the database"):
        dsn = connection_string(chosen)
    if revision(dsn) != newest():
        with console.status("正在升级数据库结构 · Bringing the schema up to date"):
            upgrade(dsn)
    if demo and _is_empty(dsn):
        demonstration.load()
    console.print(f"[bold]http://{chosen.host}:{chosen.port}[/bold]  （按 Ctrl+C 停止 · Ctrl+C stops it）")
    serve.run(chosen)


def _is_empty(dsn: str) -> bool:
    with open_pool(dsn, 1) as pool, begin(pool, PUBLIC) as conn:
        return one(conn, "SELECT NOT EXISTS (SELECT FROM unit) AS empty")["empty"]
