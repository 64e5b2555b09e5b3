"""`wangge assign`: every matter to its owner and team again, by the edition in force."""

from rich.console import Console

from api.cli.session import OPERATOR, database
from geo.assign import Assigner
from geo.db import begin
from geo.reassign import reassign

console = Console()


def assign() -> None:
    """按现行网格重新归属全部事项 · Assign every matter again; results and reasons are kept."""
    with database() as pool, console.status("正在归属 · Assigning"), begin(pool, OPERATOR) as conn:
        done = reassign(conn, Assigner.load(conn))
    console.print(f"已归属 {done.seen:,} 件，变动 {done.moved:,} 件（批次 {done.run_id}）")
    console.print(f"Assigned {done.seen:,} matters, of which {done.moved:,} moved (run {done.run_id}).")
