"""The areas of units as GeoJSON, and who answers for a unit by default."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from geo.db import Connection, Row, first, instant, rows, statements

SQL = statements("areas")


def of_units(
    conn: Connection,
    unit_ids: Sequence[int],
    at: datetime | None = None,
    known: datetime | None = None,
    *,
    layer: str = "base",
) -> Mapping[int, dict[str, Any]]:
    """The area of each unit as a GeoJSON geometry in EPSG:4326, with a centimetre's precision."""
    now = instant(conn)
    found = rows(conn, SQL["of_units"], layer=layer, ids=list(unit_ids), at=at or now, known=known or now)
    return {row["unit_id"]: row["geometry"] for row in found}


def default_team(conn: Connection, path_ids: Sequence[int], at: datetime | None = None) -> Row | None:
    """The default team of a unit, or of the nearest unit above it that names one; the ids from the root down."""
    return first(conn, SQL["default_team"], ids=list(path_ids), at=at or instant(conn))
