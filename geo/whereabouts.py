"""Which base micro-grid owns a point, as of any instant and as known at any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from geo.assign import FloatArray, NoUnits, NoUnitsThen
from geo.db import Connection, Row
from geo.edition import Key, key_of
from geo.sql_twin import SqlTwin


@dataclass(frozen=True)
class Owner:
    """
    The owner of a point: a base micro-grid, or outside of all the oldest root.

    Attributes
    ----------
    unit_id, code, name, path
        The owner.
    located
        ``inside``, ``edge`` or ``outside``.
    candidates
        Codes of all micro-grids that the point touches, the owner first; more than one on an edge only.
    """

    unit_id: int
    code: str
    name: str
    path: str
    located: Literal["inside", "edge", "outside"]
    candidates: list[str]


def locate(
    conn: Connection, lon: FloatArray, lat: FloatArray, at: datetime | None = None, known: datetime | None = None
) -> tuple[Key, list[Owner]]:
    """
    The owner of each point, by what was in force at an instant as known at another.

    Parameters
    ----------
    conn
        A transaction from `db.begin`.
    lon, lat
        Degrees in EPSG:4326, shape (n,).
    at, known
        Now if not given.

    Returns
    -------
    tuple
        The key of the edition that answers, and an owner a point.

    Raises
    ------
    BadCoordinate, NoUnits, NoUnitsThen
    """
    key = key_of(conn, at, known)
    if key is None:
        raise NoUnits if at is None and known is None else NoUnitsThen
    twin = SqlTwin(conn, key)
    touched = twin.touched(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    owners = {n: _owner(found) for n, found in touched.items()}
    if len(owners) < len(lon):
        owners = dict.fromkeys(range(len(lon)), _outside(twin.root())) | owners
    return key, [owners[n] for n in range(len(lon))]


def _owner(found: Sequence[Row]) -> Owner:
    own = {name: found[0][name] for name in ("unit_id", "code", "name", "path")}
    return Owner(**own, located="edge" if len(found) > 1 else "inside", candidates=[row["code"] for row in found])


def _outside(root: Row) -> Owner:
    return Owner(root["unit_id"], root["code"], root["name"], root["path"], "outside", [])
