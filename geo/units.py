"""Units of the six levels: what is in force at an instant, which one owns a point, and publication."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo.db import Connection, Row, Scope, first, instant, rows, statements
from geo.errors import NotFound

LEVELS = ("league", "banner", "township", "community", "grid", "micro_grid")
SQL = statements("units")


class UnitNotFound(NotFound):
    """There is no unit with that code in force at that instant."""

    zh = "该时刻没有此编码的网格单元。"


@dataclass(frozen=True)
class UnitFilter:
    """
    Which units to list.

    Attributes
    ----------
    level, parent, code, name
        A level, a parent's code, a code, a part of the Chinese or English name; None for any.
    bbox
        West, south, east, north in EPSG:4326, which the unit's own box must meet; None for anywhere.
    after
        The last code of the page before.
    limit
        Most rows of a page.
    """

    level: str | None = None
    parent: str | None = None
    code: str | None = None
    name: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    after: str | None = None
    limit: int = 100


def in_force(
    conn: Connection,
    at: datetime | None = None,
    known: datetime | None = None,
    *,
    level: str | None = None,
    path: str = "",
    layer: str = "base",
    leaves: bool = False,
) -> gpd.GeoDataFrame:
    """
    The units in force at an instant.

    Parameters
    ----------
    conn
        A transaction from `db.begin`.
    at
        When they were true in the world; now if not given.
    known
        As of which state of our knowledge; now if not given.
    level
        One of `LEVELS`, or None for all.
    path
        Only this unit and those below it.
    layer
        ``base``, or the name of an overlay.
    leaves
        Only units without children: the base micro-grids.

    Returns
    -------
    GeoDataFrame
        A row a unit in EPSG:4326, ascending by ``unit_id``: unit_id, parent_id, level, code, path, name, name_en,
        name_mn, kind, derived, households, synthetic, attributes, geometry.
    """
    now = instant(conn)
    found = rows(
        conn,
        SQL["in_force"],
        layer=layer,
        at=at or now,
        known=known or now,
        level=level,
        leaves=leaves,
        path_from=path,
        path_to=Scope(path).upper,
    )
    frame = pd.DataFrame(found, columns=_COLUMNS)
    geometry = shapely.from_wkb(frame.pop("geom").to_numpy())
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")


_COLUMNS = [
    *("unit_id", "parent_id", "level", "code", "path", "name", "name_en", "name_mn", "kind", "derived"),
    *("households", "synthetic", "attributes", "geom"),
]


def base(conn: Connection, at: datetime | None = None, known: datetime | None = None) -> gpd.GeoDataFrame:
    """The base micro-grids in force, ascending by ``unit_id``; columns as `in_force`."""
    return in_force(conn, at, known, leaves=True)


def find(
    conn: Connection,
    wanted: UnitFilter,
    at: datetime | None = None,
    known: datetime | None = None,
    *,
    layer: str = "base",
) -> list[Row]:
    """A page of units, ascending by code, without geometry; areas in m², boxes in EPSG:4326."""
    now = instant(conn)
    asked = asdict(wanted) | {"codes": spellings(wanted.code), "parents": spellings(wanted.parent)}
    asked |= dict(zip(("west", "south", "east", "north"), wanted.bbox or (None,) * 4, strict=True))
    return rows(conn, SQL["find"], layer=layer, at=at or now, known=known or now, **asked)


def spellings(code: str | None) -> list[str] | None:
    """
    How a code that is asked for may be stored, the likeliest first: as it is, and with the zeros of a division code.

    People write 152201 for 152201000000: of the 12 digits, those that a level does not use are zero.
    """
    if code is None:
        return None
    padded = code.isascii() and code.isdigit() and len(code) in _DIVISION_DIGITS
    return [code, code.ljust(12, "0")] if padded else [code]


_DIVISION_DIGITS = (2, 4, 6, 9)


def read(
    conn: Connection, code: str, at: datetime | None = None, known: datetime | None = None, *, layer: str = "base"
) -> Row:
    """One unit by its code, or by the digits of a division code before its zeros; raises `UnitNotFound`."""
    found = find(conn, UnitFilter(code=code, limit=1), at, known, layer=layer)
    if not found:
        raise UnitNotFound
    return found[0]


def geometry(
    conn: Connection, code: str, at: datetime | None = None, known: datetime | None = None, *, layer: str = "base"
) -> dict[str, Any]:
    """The area of a unit as a GeoJSON geometry in EPSG:4326; raises `UnitNotFound`."""
    now = instant(conn)
    row = first(conn, SQL["geometry"], layer=layer, codes=spellings(code), at=at or now, known=known or now)
    if row is None:
        raise UnitNotFound
    return row["geometry"]


def owner(
    conn: Connection, lon: float, lat: float, at: datetime | None = None, known: datetime | None = None
) -> Row | None:
    """The base micro-grid of a point in EPSG:4326, or None outside: the SQL twin of the cell index."""
    now = instant(conn)
    return first(conn, SQL["owner_of_point"], lon=lon, lat=lat, at=at or now, known=known or now)


def ancestors(
    conn: Connection, path: str, at: datetime | None = None, known: datetime | None = None, *, layer: str = "base"
) -> list[Row]:
    """The unit of a path and all above it, from the root down."""
    now = instant(conn)
    return rows(conn, SQL["ancestors"], layer=layer, ids=path_ids(path), at=at or now, known=known or now)


def history(conn: Connection, code: str, *, layer: str = "base") -> list[Row]:
    """All versions of the units that ever had a code, as they were true and known; without geometry."""
    return rows(conn, SQL["history"], code=code, layer=layer)


def path_ids(path: str) -> list[int]:
    """The permanent ids of a path, from the root down."""
    return [int(part) for part in path.split(".")[:-1]]


def path_of(ids: Sequence[int]) -> str:
    """The path of permanent ids, from the root down."""
    return "".join(f"{unit_id}." for unit_id in ids)
