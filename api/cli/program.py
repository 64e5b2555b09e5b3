"""`wangge`: the commands put together."""

import sys

import typer
from rich.console import Console

from api.cli import (
    account,
    assign,
    audit,
    db,
    demo,
    load,
    locate_file,
    maps,
    purge,
    recut,
    serve,
    tiles,
    tls,
    unit,
    up,
    worker,
)
from geo.errors import WanggeError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Wangge 网格: 网格、事项与地图 · micro-grids, incidents and maps of a league or a city.",
)
load.app.command("demo")(demo.load)
app.add_typer(db.app, name="db")
app.add_typer(account.app, name="account")
app.add_typer(audit.app, name="audit")
app.add_typer(load.app, name="load")
app.command("up")(up.up)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.add_typer(unit.app, name="unit")
app.command("locate")(locate_file.locate)
app.command("assign")(assign.assign)
app.add_typer(recut.app, name="recut")
app.command("map")(maps.draw)
app.add_typer(tiles.app, name="tiles")
app.command("purge")(purge.purge)
app.command("tls")(tls.tls)


def main() -> None:
    """The console command: what goes wrong and is somebody's business is said in two lines, without a traceback."""
    try:
        app()
    except WanggeError as error:
        console = Console(stderr=True, highlight=False, markup=False)  # what is quoted may hold brackets
        console.print(error.zh, style="red")
        console.print(str(error))
        sys.exit(1)
