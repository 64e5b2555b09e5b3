"""`wangge audit`: the chain over the audit log."""

from typing import Annotated

import typer
from rich.console import Console

from api.cli.session import OPERATOR, database
from geo import audit
from geo.db import begin
from geo.keys import ring_of
from geo.settings import settings

app = typer.Typer(no_args_is_help=True, help="审计日志 · The audit log and its chain.")
console = Console()

HOW = {
    "changed": "条目被更改 · entry was changed",
    "removed": "条目被删除 · entry was removed",
    "inserted": "条目被插入 · entry was inserted",
    "cut": "链尾被截断 · the end of the chain was cut off",
}


@app.command()
def chain() -> None:
    """把待链接的条目链接入链 · Chain the entries that wait."""
    keys = ring_of(settings())
    total = 0
    with database() as pool:
        chained = audit.BATCH
        while chained == audit.BATCH:
            with begin(pool, OPERATOR) as conn:
                chained = audit.chain(conn, keys)
            with begin(pool, OPERATOR) as conn:
                audit.remember_end(conn, keys)
            total += chained
    console.print(f"已链接 {total} 条 · {total} entries chained.")


@app.command()
def verify() -> None:
    """核验整个日志，发现改动即以状态 1 退出 · Check the whole log; exit with 1 if anything was tampered with."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        verdict = audit.verify(conn, ring_of(settings()))
    for fault in verdict.faults:
        console.print(f"{HOW[fault.how]}: #{fault.number or '-'} (id {fault.entry_id or '-'})", style="red")
    console.print(
        f"已核验 {verdict.checked} 条，待链接 {verdict.waiting} 条，异常 {len(verdict.faults)} 处 · "
        f"{verdict.checked} checked, {verdict.waiting} waiting, {len(verdict.faults)} faults."
    )
    if verdict.faults:
        raise typer.Exit(1)


@app.command()
def restart(
    reason: Annotated[str, typer.Option(help="理由，将记入日志 · Why; it is logged.", prompt=True)],
) -> None:
    """恢复备份后，从现有链尾继续 · Go on from where the chain now ends, after a restore."""
    with database() as pool, begin(pool, OPERATOR) as conn:
        audit.restart(conn, ring_of(settings()), reason)
    console.print("链已从现有末尾继续 · The chain goes on from its present end.")
