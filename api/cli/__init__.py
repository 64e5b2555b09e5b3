"""The command line: one module for each group of commands."""

import typer

app = typer.Typer(no_args_is_help=True, help="Wangge 网格: micro-grids, matters and maps of a league or a city.")
