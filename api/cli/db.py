"""`wangge db`: the embedded database, and backup and restore for any."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from api.cli.progress import phase
from geo import backup as backups
from geo.cluster import Cluster, connection_string
from geo.cluster_process import newest_programs
from geo.errors import Conflict, NotFound
from geo.migrate import upgrade
from geo.settings import Settings, settings

app = typer.Typer(no_args_is_help=True, help="数据库 · The database: embedded, or managed elsewhere (WANGGE_DSN).")
console = Console()

Role = Literal["wangge_owner", "wangge_app"]
AdminDsn = Annotated[
    str | None,
    typer.Option(
        envvar="WANGGE_ADMIN_DSN",
        help="托管数据库的管理员连接 · A managed server's administrator; better by the environment than here.",
    ),
]


@app.command()
def start() -> None:
    """启动内置数据库（首次运行时创建） · Start the embedded database; the first time makes it."""
    _embedded().start()
    console.print("内置数据库已启动 · The embedded database is running.")
    status()


@app.command()
def stop(mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
    """停止内置数据库 · Stop the embedded database."""
    _embedded().stop(mode)
    console.print("内置数据库已停止 · The embedded database is stopped.")


@app.command()
def status() -> None:
    """查看数据库状态 · Show what the database is doing and where it is."""
    _print_facts(_managed_facts(dsn) if (dsn := settings().dsn) else _embedded_facts())


@app.command()
def migrate() -> None:
    """升级数据库结构 · Bring the schema to this program's revision."""
    revision = upgrade(connection_string(settings()))
    console.print(f"数据库结构版本 · Schema revision {revision}")


@app.command()
def shell(
    role: Annotated[Role, typer.Option(help="会话所用角色 · The role the session takes.")] = "wangge_owner",
    superuser: Annotated[bool, typer.Option(help="以超级用户进入内置数据库 · Enter as superuser.")] = False,
) -> None:
    """打开 psql · Open psql on the database; the password stays off the command line."""
    dsn = _superuser_dsn() if superuser else connection_string(settings())
    address, environment = backups.without_password(dsn)
    options = "-c search_path=wangge,public" + ("" if superuser else f" -c role={role}")
    program = str(_clients(settings()) / "psql")
    os.execve(program, [program, address], environment | {"PGOPTIONS": options})  # noqa: S606  psql takes our place


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="备份文件，不得已存在 · The file, which must not exist.")],
) -> None:
    """备份到文件 · Write a backup: whole under its name, or not at all."""
    owner = "wangge_owner" if settings().dsn else None
    dsn = settings().dsn or _superuser_dsn()
    with console.status("正在备份 · Backing up") as line:
        size = backups.dump(
            dsn, file, _clients(settings()), lambda done: line.update(f"正在备份 · Backing up {decimal(done)}"), owner
        )
    console.print(f"已备份 · Backed up: {file} ({decimal(size)})")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="由 backup 写出的文件 · A file that backup wrote.", exists=True)],
    replace: Annotated[bool, typer.Option(help="替换现有数据 · Replace the data that are there.")] = False,
    yes: Annotated[bool, typer.Option(help="不再询问 · Do not ask.")] = False,
    admin_dsn: AdminDsn = None,
) -> None:
    """从备份恢复 · Restore a backup; if it fails, the data stay as they were."""
    dsn, programs = _admin_dsn(admin_dsn), _clients(settings())
    backups.check(file, programs)
    if not backups.is_empty(dsn):
        _agree(replace, yes)
    with phase("正在恢复 · Restoring"):
        backups.restore(dsn, file, programs)
    console.print(f"已恢复 · Restored: {file}")


def _agree(replace: bool, yes: bool) -> None:
    """Have the operator say that the present data may go."""
    if not replace:
        raise Conflict("The database is not empty: say --replace. 数据库非空，如需替换请加 --replace。")
    if not yes:
        typer.confirm("现有数据将被替换，确定吗？ · The present data will be replaced. Go on?", abort=True)


def _embedded() -> Cluster:
    if settings().dsn:
        raise Conflict("WANGGE_DSN is set: the server is managed elsewhere. 数据库由外部托管，请在其所在处操作。")
    return Cluster.of(settings())


def _superuser_dsn() -> str:
    cluster = _embedded()
    cluster.start()
    return cluster.superuser_dsn()


def _admin_dsn(given: str | None) -> str:
    if not settings().dsn:
        return _superuser_dsn()
    if not given:
        raise Conflict("A managed server needs WANGGE_ADMIN_DSN to restore. 恢复托管数据库须设 WANGGE_ADMIN_DSN。")
    return given


def _clients(chosen: Settings) -> Path:
    """The folder of psql, pg_dump and pg_restore."""
    found = chosen.postgres_bin or newest_programs()
    if found is None:
        raise NotFound("No PostgreSQL programs: apt-get install postgresql-15-postgis-3. 未找到 PostgreSQL 程序。")
    return found


def _embedded_facts() -> dict[str, str]:
    now = Cluster.of(settings()).status()
    return {
        "状态 · State": f"运行中 · running (pid {now.running_pid})" if now.running_pid else "未运行 · stopped",
        "版本 · Version": f"PostgreSQL {now.version}",
        "数据目录 · Data": str(now.data_dir),
        "连接 · DSN": now.dsn,
        "大小 · Size": decimal(now.size_bytes),
    }


def _managed_facts(dsn: str) -> dict[str, str]:
    facts = backups.describe(dsn)
    return {
        "状态 · State": "托管于别处 · managed elsewhere (WANGGE_DSN)",
        "版本 · Version": f"PostgreSQL {facts.version}",
        "连接 · DSN": backups.without_password(dsn)[0],
        "大小 · Size": decimal(facts.size_bytes),
    }


def _print_facts(facts: dict[str, str]) -> None:
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(name, value)
    console.print(table)
