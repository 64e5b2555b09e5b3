"""`wangge map`: one map as one file that needs nothing else."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, cast

import typer
from rich.console import Console
from rich.filesize import decimal

from api.cli import moments
from api.cli.progress import phase
from api.cli.session import OPERATOR, database
from geo.db import Connection, begin, instant
from geo.settings import settings
from tiles import atlas
from tiles.labels import Language
from tiles.offline import single_file
from tiles.pair import Pair
from tiles.sheet import Sheet

console = Console()
Kind = Literal[atlas.Kind, "compare"]


def draw(
    kind: Annotated[Kind, typer.Argument(help="地图种类 · Which map.")],
    out: Annotated[Path, typer.Option(help="写入的文件 · The file to write.")],
    unit: Annotated[str | None, typer.Option(help="网格编码，限其辖区 · A unit's code, for its subtree only.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="只看最近若干天 · Only the last days.")] = None,
    radius_m: Annotated[int, typer.Option(min=1, max=100_000, help="服务半径（米） · A station's reach.")] = 1000,
    lang: Annotated[Language | None, typer.Option(help="语言 · Language.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="compare：该时刻的版本 · compare: the edition at this instant.")
    ] = None,
    other: Annotated[
        str | None, typer.Option("--with", metavar="TIME", help="compare：与之相比，默认现在 · and this one; now.")
    ] = None,
) -> None:
    """生成一张可离线打开的地图 · Write a map as one file that opens without any network."""
    if not out.parent.is_dir():
        raise typer.BadParameter(f"没有该文件夹 · no such folder: {out.parent}", param_hint="--out")
    if (kind == "compare") != (at is not None) or (other is not None and at is None):
        raise typer.BadParameter("compare 需要 --at，其他地图不需要 · compare needs --at, no other map takes it")
    wanted = atlas.Wanted(unit, days, radius_m)
    with database() as pool, phase("正在绘制 · Drawing"), begin(pool, OPERATOR) as conn:
        drawn = _drawn(conn, kind, wanted, lang or settings().language, moments.instant(at), moments.instant(other))
        page = single_file(drawn)
    out.write_text(page, encoding="utf-8")
    for notice in drawn.notices:
        console.print(notice, style="yellow", markup=False)
    console.print(f"{out}: {decimal(out.stat().st_size)}")


def _drawn(
    conn: Connection, kind: Kind, wanted: atlas.Wanted, lang: Language, at: datetime | None, other: datetime | None
) -> Sheet | Pair:
    timezone = settings().timezone
    if kind == "compare" and at is not None:
        return atlas.compare(conn, at, other or instant(conn), wanted.unit, lang, timezone)
    return atlas.draw(conn, cast(atlas.Kind, kind), wanted, lang, timezone)
