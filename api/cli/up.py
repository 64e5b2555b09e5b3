"""`wangge up`: everything that `script/server` does once the programs are installed."""

from typing import Annotated

import typer
from psycopg_pool import ConnectionPool
from rich.console import Console
from rich.table import Table

from api.cli import demo as demonstration
from api.cli import serve
from api.cli.progress import phase
from api.cli.session import OPERATOR, database
from demo.accounts import Made, demo_accounts
from geo.accounts import any_grant
from geo.cluster import connection_string
from geo.db import Connection, begin, one
from geo.migrate import newest, revision, upgrade
from geo.roles import NAMES
from geo.settings import settings

console = Console()


def up(
    demo: Annotated[bool, typer.Option(help="空库时载入示例数据 · Fill an empty database with the demo.")] = True,
) -> None:
    """启动数据库、升级、首次载入示例并提供服务 · Start, migrate, load the demo once, and serve."""
    chosen = settings()
    with phase("正在启动数据库 · Starting the database"):
        dsn = connection_string(chosen)
    if revision(dsn) != newest():
        with phase("正在升级数据库结构 · Bringing the schema up to date"):
            upgrade(dsn)
    if demo and _is_empty():
        demonstration.load()
        with database() as pool:
            _make_accounts(pool)
    console.print(f"[bold]http://{chosen.host}:{chosen.port}[/bold]  （按 Ctrl+C 停止 · Ctrl+C stops it）")
    serve.run(chosen)
    if not chosen.dsn:
        console.print("数据库仍在运行；用 wangge db stop 停止 · The database still runs; wangge db stop stops it.")


def _is_empty() -> bool:
    with database() as pool, begin(pool, OPERATOR) as conn:
        return one(conn, "SELECT NOT EXISTS (SELECT FROM unit) AS empty")["empty"]


def _make_accounts(pool: ConnectionPool[Connection]) -> None:
    """An account for each desk and level, unless somebody can sign in already."""
    with begin(pool, OPERATOR) as conn:
        if any_grant(conn):
            return
        made = demo_accounts(conn)
    console.print(_told(made))
    console.print("口令只显示这一次，请记下；遗失可用 wangge account password 重设。")
    console.print("Passwords are shown this once; wangge account password sets another.")


def _told(made: list[Made]) -> Table:
    table = Table(title="示例账号 · Demo accounts")
    table.add_column("账号 · Account", no_wrap=True)  # neither name nor password may be cut to fit
    table.add_column("口令 · Password", no_wrap=True)
    table.add_column("角色 · Role", overflow="fold")
    table.add_column("辖区 · Unit", overflow="fold")
    for account in made:
        role = " · ".join(NAMES[account.role])
        table.add_row(account.name, account.password, role, account.unit_name or "—")
    return table
