"""The micro-grids of a community drawn anew from an instant on: what stays, what ends, and what came from what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import procrastinate
import shapely
from numpy.typing import NDArray

from geo import jobs, units
from geo.db import Connection, Scope, execute, one, rows, statements
from geo.errors import BadColumn, Conflict, Invalid, UndeclaredCrs
from geo.lineage import Points, handed, shares
from geo.publication import Published, lock, publish
from geo.repair import square_metres
from geo.topology import multi

SQL = statements("replacement")
NOTICE = timedelta(minutes=1)
SNAP = 1e-7
"""Degrees, about a centimetre: borders that miss the community's by less are meant to be on it."""
AMISS_M2 = 1.0

Geometries = NDArray[Any]


class TooSoon(Conflict):
    """A redraw is published at least a minute ahead, so that every process has it in time; name a later instant."""

    zh = "网格调整须至少提前一分钟发布，以便各进程及时就绪；请指定更晚的时刻。"


class NotTheCommunity(Invalid):
    """The micro-grids do not cover the community exactly; what is left out or goes beyond is told in square metres."""

    zh = "新的微网格未能恰好覆盖该社区：缺少或超出的面积以平方米给出。"


@dataclass(frozen=True)
class Replaced:
    """
    What a replacement did.

    Attributes
    ----------
    published
        How many units were made, changed and left as they were.
    retired
        Codes that end.
    fitted
        Codes of neighbours that got a corner where a new border meets theirs, and are else the same.
    lineage
        How many pairs of a former and a new unit were written.
    """

    published: Published
    retired: list[str]
    fitted: list[str]
    lineage: int


def replace_grids(
    conn: Connection, app: procrastinate.App, code: str, grids: gpd.GeoDataFrame, at: datetime, *, system: str
) -> Replaced:
    """
    Draw the micro-grids of a community anew, from an instant on; open incidents are moved then by a job.

    Codes in force below the community that are named stay the same units, those that are not named end, and those that
    are new are issued.

    Parameters
    ----------
    conn
        A transaction from `db.begin`, of who may publish there.
    app
        From `jobs.queue`.
    code
        Of the community, or of any unit above micro-grids.
    grids
        As `publication.publish` takes them; level and parent_code may be left out.
    at
        From when on; at least `NOTICE` ahead.
    system
        The authority that issues the codes.

    Raises
    ------
    TooSoon, UnitNotFound, NotTheCommunity, PendingEdition, RetiredCode, BadGeometry, BadHierarchy, NotACoverage
    """
    _require_notice(conn, at)
    lock(conn)
    before = units.in_force(conn, at)
    community = _community(before, code)
    below = before.loc[before["path"].str.startswith(community["path"]) & (before["unit_id"] != community["unit_id"])]
    drawn = _completed(grids, code)
    drawn, fitted = _fitted(drawn, community["geometry"], before.loc[~before["derived"]].drop(below.index), before)
    retired = sorted(set(below["code"]) - set(drawn["code"]))
    published = publish(conn, cast(Any, pd.concat([drawn, fitted])), at, system=system, retired=retired)
    lineage = _write_lineage(conn, below.loc[~below["derived"]], community["path"], at)
    jobs.defer(conn, app, "activate_edition", schedule_at=at)
    _require_notice(conn, at)
    return Replaced(published, retired, fitted["code"].tolist(), lineage)


def _require_notice(conn: Connection, at: datetime) -> None:
    """Asked again at the end: it is the commit that must be a minute ahead."""
    now = one(conn, SQL["instant_by_now"])["at"]
    if at < now + NOTICE:
        raise TooSoon(f"{at.isoformat()} < {(now + NOTICE).isoformat()}.")


def _community(before: gpd.GeoDataFrame, code: str) -> pd.Series:
    found = before.loc[before["code"] == code]
    if found.empty:
        raise units.UnitNotFound(code)
    return found.iloc[0]


def _completed(grids: gpd.GeoDataFrame, code: str) -> gpd.GeoDataFrame:
    if grids.crs is None or grids.crs.to_epsg() != 4326:
        raise UndeclaredCrs("Units are published in EPSG:4326.")
    if "code" not in grids:
        raise BadColumn("code")
    made = grids.copy()
    for column, value in (("parent_code", code), ("level", units.LEVELS[-1])):
        given = made[column] if column in made else pd.Series(None, index=made.index, dtype=object)
        made[column] = given.where(given.notna(), value)
    return made


def _fitted(
    drawn: gpd.GeoDataFrame, outline: Any, others: gpd.GeoDataFrame, before: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The new areas with the corners of the old outline, and the neighbours with the corners of the new areas."""
    areas = drawn.geometry.to_numpy()
    near = others.iloc[shapely.STRtree(others.geometry.to_numpy()).query(outline, predicate="touches")]
    corners = _corners(np.append(near.geometry.to_numpy(), outline))
    areas = shapely.snap(areas, shapely.intersection(corners, shapely.boundary(outline)), SNAP)
    _require_same_ground(areas, outline)
    met = multi(shapely.snap(near.geometry.to_numpy(), _corners(areas[~shapely.is_missing(areas)]), SNAP / 100))
    moved = ~shapely.equals_exact(met, near.geometry.to_numpy(), 0.0)
    parents = dict(zip(before["unit_id"], before["code"], strict=True))
    fitted = near.assign(geometry=met, parent_code=near["parent_id"].map(parents)).loc[moved]
    return drawn.set_geometry(gpd.GeoSeries(areas, drawn.index, crs=4326)), fitted


def _corners(areas: Geometries) -> Any:
    return shapely.multipoints(np.unique(shapely.get_coordinates(areas), axis=0))


def _require_same_ground(areas: Geometries, outline: Any) -> None:
    together = shapely.union_all(areas[shapely.is_valid(areas)])
    missing, beyond = square_metres(
        np.array([shapely.difference(outline, together), shapely.difference(together, outline)])
    )
    if missing > AMISS_M2 or beyond > AMISS_M2:
        raise NotTheCommunity(f"{missing:,.0f} m² left out, {beyond:,.0f} m² beyond.")


def _write_lineage(conn: Connection, former: gpd.GeoDataFrame, path: str, at: datetime) -> int:
    """What each former micro-grid gave to each new one; nothing of those that stay as they are."""
    new = units.in_force(conn, at, path=path, leaves=True)
    old_areas, new_areas = former.geometry.to_numpy(), new.geometry.to_numpy()
    pairs = handed(old_areas, new_areas)
    subtree = {"path_from": path, "path_to": Scope(path).upper}
    counted = (_points(rows(conn, SQL[name], **subtree)) for name in ("households", "incidents"))
    households, incidents = (shares(pairs, old_areas, new_areas, points) for points in counted)
    was, now = former["unit_id"].to_numpy()[pairs.former], new["unit_id"].to_numpy()[pairs.new]
    stays = (was == now) & shapely.equals(old_areas[pairs.former], new_areas[pairs.new])
    return execute(
        conn,
        SQL["write_lineage"],
        at=at,
        successors=now[~stays].tolist(),
        predecessors=was[~stays].tolist(),
        areas=pairs.area[~stays].tolist(),
        households=_nullable(households[~stays]),
        incidents=_nullable(incidents[~stays]),
    )


def _points(found: Sequence[dict[str, Any]]) -> Points:
    table = np.array([(row["lon"], row["lat"], row["weight"]) for row in found], dtype=np.float64).reshape(-1, 3)
    return Points(table[:, 0], table[:, 1], table[:, 2])


def _nullable(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
