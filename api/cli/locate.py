"""`wangge locate`: which micro-grid owns a point, as of any instant and as known at any other."""

from datetime import datetime
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from api.cli.moments import At, KnownAt, instant
from api.cli.session import OPERATOR, database
from geo import whereabouts
from geo.db import begin
from geo.declared import stored
from geo.edition import Key
from geo.whereabouts import Owner

console = Console()


def locate(
    lon: Annotated[float, typer.Argument(help="经度 · Longitude.")],
    lat: Annotated[float, typer.Argument(help="纬度 · Latitude.")],
    crs: Annotated[str, typer.Option(help="坐标系 · EPSG:n, gcj02 or bd09.")] = "EPSG:4326",
    at: At = None,
    known_at: KnownAt = None,
) -> None:
    """某点归哪个微网格 · Which micro-grid owns a point."""
    place = np.array([stored(lon, lat, crs)])
    with database() as pool, begin(pool, OPERATOR) as conn:
        key, owners = whereabouts.locate(conn, place[:, 0], place[:, 1], instant(at), instant(known_at))
    console.print(told(key, owners[0]))


def told(key: Key, owner: Owner) -> Table:
    """The owner of a point, with what else it touches and the edition that says so."""
    table = Table(show_header=False)
    table.add_row("微网格 unit", f"{owner.code} {owner.name}")
    table.add_row("位置 located", owner.located)
    table.add_row("路径 path", owner.path)
    table.add_row("相接 touches", ", ".join(owner.candidates) or "—")
    table.add_row("版本 edition", f"{_told(key.valid)}（{_told(key.recorded)} 登记 recorded）")
    return table


def _told(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
