"""`wangge assign`: every incident to its owner and team again, by the edition in force."""

from rich.console import Console

from api.cli.progress import phase
from api.cli.session import OPERATOR, database
from geo.assign import Assigner
from geo.db import begin
from geo.reassign import reassign

console = Console()


def assign() -> None:
    """
    按现行网格重新归属全部事项（含已办结） · Assign every incident again, settled ones too.

    网格改正后使用：所属网格随现行版本；已有人受理的，队伍不变。每次变动留有事件，原归属保留。

    For use after units were mended: the unit follows the edition in force; the team stays where somebody has taken the
    incident. Each move is an event, and earlier assignments are kept (docs/decisions/0006).
    """
    with database() as pool, phase("正在归属 · Assigning"), begin(pool, OPERATOR) as conn:
        done = reassign(conn, Assigner.load(conn))
    console.print(
        f"已归属 {done.seen:,} 件，变动 {done.moved:,} 件，其中已办结 {done.settled:,} 件（批次 {done.run_id}）"
    )
    console.print(
        f"Assigned {done.seen:,} incidents; {done.moved:,} moved, {done.settled:,} of them settled (run {done.run_id})."
    )
