"""`wangge purge`: the end of retention."""

from typing import Annotated

import typer
from psycopg import Rollback
from rich.console import Console
from rich.table import Table

from api.cli.session import OPERATOR, database
from geo import seal
from geo.db import begin
from geo.keys import ring_of
from geo.settings import settings

console = Console()


def purge(
    dry_run: Annotated[bool, typer.Option(help="只显示，不删除 · Show what would go.")] = False,
    yes: Annotated[bool, typer.Option(help="不再询问 · Do not ask.")] = False,
) -> None:
    """销毁保存期满的联系方式、原文、照片和密钥 · End contacts, unmasked text, photographs and keys past retention."""
    keys = ring_of(settings())
    with database() as pool:
        with begin(pool, OPERATOR) as conn:
            month = seal.first_month_kept(conn, settings().retention_months)
            _show(month, seal.purge(conn, month), keys.older_than(month))
            raise Rollback
        if dry_run:
            return
        if not yes:
            typer.confirm("以上内容将永久销毁，确定吗？ · All this is destroyed for good. Go on?", abort=True)
        with begin(pool, OPERATOR) as conn:
            seal.purge(conn, month)
    for key_id in keys.older_than(month):
        keys.destroy(key_id)
    console.print("已销毁；请同时销毁密钥副本 · Destroyed. Destroy the copies of these keys too.")


def _show(month: str, found: seal.Purged, key_ids: list[str]) -> None:
    table = Table(title=f"{month} 之前 · before {month}", show_header=False, box=None)
    table.add_row("联系方式 · Contacts", str(found.contacts))
    table.add_row("原文 · Unmasked text", str(found.originals))
    table.add_row("照片 · Photographs", str(found.photos))
    table.add_row("涉及未办结事项 · Of open incidents", str(found.of_open_incidents))
    table.add_row("密钥 · Keys", ", ".join(key_ids) or "0")
    console.print(table)
