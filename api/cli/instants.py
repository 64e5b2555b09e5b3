"""Instants as they are written on a command line."""

from datetime import datetime

from geo.errors import Invalid
from geo.load_frames import zone_of
from geo.settings import settings


class BadInstant(Invalid):
    """The text is no instant; write it as 2026-11-23 or 2026-11-23T08:00+08:00."""

    zh = "不是有效时间；请写作 2026-11-23 或 2026-11-23T08:00+08:00。"


def instant_of(text: str | None) -> datetime | None:
    """The instant that an option names, in the time zone of the settings if it names none; raises `BadInstant`."""
    if text is None:
        return None
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInstant(text) from error
    return said if said.tzinfo else said.replace(tzinfo=zone_of(settings().timezone))
