"""`wangge tiles`: tiles of an area in one file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal

from api.cli.session import OPERATOR, database
from geo import units
from geo.db import begin
from tiles import archive, row_tiles
from tiles.archive import Bounds
from tiles.layers import CATALOGUE, COARSEST, FINEST, UNITS, TileLayer
from tiles.unit_tiles import UnitTiles

app = typer.Typer(no_args_is_help=True, help="瓦片 · Tiles.")
console = Console()
PUBLISHED = ",".join(name for name, layer in CATALOGUE.items() if layer.public)


@app.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """瓦片 · Tiles."""


@app.command("export")
def export(
    bbox: Annotated[str, typer.Option(help="西,南,东,北（度） · West,south,east,north in degrees.")],
    out: Annotated[Path, typer.Option(help="写入的文件 · The file to write, such as area.pmtiles.")],
    layers: Annotated[str, typer.Option(help="图层 · Layers, with commas.")] = PUBLISHED,
    min_zoom: Annotated[int, typer.Option(min=COARSEST, max=FINEST, help="最小级别 · The lowest zoom.")] = COARSEST,
    max_zoom: Annotated[int, typer.Option(min=COARSEST, max=FINEST, help="最大级别 · The highest zoom.")] = FINEST,
) -> None:
    """将一个范围的瓦片写入一个 PMTiles 文件 · Write the tiles of an area into one PMTiles file."""
    if not out.parent.is_dir():
        raise typer.BadParameter(f"没有该文件夹 · no such folder: {out.parent}", param_hint="--out")
    chosen, bounds = _layers(layers), _bounds(bbox)
    if min_zoom > max_zoom:
        raise typer.BadParameter("大于 --max-zoom · higher than --max-zoom", param_hint="--min-zoom")
    with database() as pool, console.status("正在写入 · Writing"), begin(pool, OPERATOR) as conn:
        drawn = UnitTiles(units.in_force(conn)) if UNITS in chosen else None

        def read(layer: TileLayer, zoom: int, x: int, y: int) -> bytes:
            return drawn.tile(zoom, x, y) if drawn and layer is UNITS else row_tiles.tile(conn, layer.name, zoom, x, y)

        count = archive.write(out, chosen, bounds, range(min_zoom, max_zoom + 1), read)
    console.print(f"{out}: {count} 个瓦片 · tiles, {decimal(out.stat().st_size)}")
    for layer in chosen:
        if not layer.public:
            console.print(f"含非公开图层 · holds what is not public: {layer.name}", style="yellow")


def _layers(named: str) -> list[TileLayer]:
    names = [name.strip() for name in named.split(",") if name.strip()]
    if not names or any(name not in CATALOGUE for name in names):
        raise typer.BadParameter(f"可用 · known: {', '.join(CATALOGUE)}", param_hint="--layers")
    return [CATALOGUE[name] for name in dict.fromkeys(names)]


def _bounds(bbox: str) -> Bounds:
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        raise typer.BadParameter("西,南,东,北 · west,south,east,north", param_hint="--bbox") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise typer.BadParameter("西<东、南<北，单位为度 · west < east, south < north, in degrees", param_hint="--bbox")
    return west, south, east, north
