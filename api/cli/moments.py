"""Instants on the command line: with their zone, or on the clock that the settings name."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from geo.settings import settings

At = Annotated[
    str | None,
    typer.Option(help="该时刻生效的 · As in force at this instant, such as 2026-06-01T00:00.", metavar="TIME"),
]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="该时刻所掌握的 · As known at this instant.", metavar="TIME")
]


def instant(text: str | None) -> datetime | None:
    """An instant as it is written in ISO 8601; raises `typer.BadParameter` for anything else."""
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"不是时刻 · not an instant: {text}; write 2026-06-01T00:00") from None
    return told if told.tzinfo else told.replace(tzinfo=ZoneInfo(settings().timezone))
