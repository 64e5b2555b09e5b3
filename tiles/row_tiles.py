"""Tiles of what lives in the database: the ground, stations, and what a session sees of routes and incidents."""

from geo.db import Connection, one, statements

SQL = statements("tiles")
MOST_INCIDENTS = 20_000
"""Points of one tile; how many more there are is told by a feature of the layer ``incident_more``."""


def tile(conn: Connection, layer: str, zoom: int, x: int, y: int) -> bytes:
    """
    One tile of a layer of `layers.CATALOGUE` other than ``units``, as the transaction's scope sees it; empty if it has
    nothing there.
    """
    more = {"most": MOST_INCIDENTS} if layer == "incidents" else {}
    return bytes(one(conn, SQL[layer], z=zoom, x=x, y=y, **more)["tile"])


def mark(conn: Connection) -> int:
    """A number that differs when the published ground was written; a moment late."""
    return one(conn, SQL["stamp"])["mark"]
