"""`wangge map`: one map as one file that needs nothing else."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal

from api.cli.progress import phase
from api.cli.session import OPERATOR, database
from geo.db import begin
from geo.settings import settings
from tiles import atlas
from tiles.labels import Language
from tiles.offline import single_file

console = Console()


def draw(
    kind: Annotated[atlas.Kind, typer.Argument(help="地图种类 · Which map.")],
    out: Annotated[Path, typer.Option(help="写入的文件 · The file to write.")],
    unit: Annotated[str | None, typer.Option(help="网格编码，限其辖区 · A unit's code, for its subtree only.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="只看最近若干天 · Only the last days.")] = None,
    radius_m: Annotated[int, typer.Option(min=1, max=100_000, help="服务半径（米） · A station's reach.")] = 1000,
    lang: Annotated[Language | None, typer.Option(help="语言 · Language.")] = None,
) -> None:
    """生成一张可离线打开的地图 · Write a map as one file that opens without any network."""
    if not out.parent.is_dir():
        raise typer.BadParameter(f"没有该文件夹 · no such folder: {out.parent}", param_hint="--out")
    wanted = atlas.Wanted(unit, days, radius_m)
    with database() as pool, phase("正在绘制 · Drawing"), begin(pool, OPERATOR) as conn:
        sheet = atlas.draw(conn, kind, wanted, lang or settings().language, settings().timezone)
        page = single_file(sheet)
    out.write_text(page, encoding="utf-8")
    for notice in sheet.notices:
        console.print(notice, style="yellow", markup=False)
    console.print(f"{out}: {decimal(out.stat().st_size)}")
