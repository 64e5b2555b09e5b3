"""Places and organisations out of a file: located in their units, measured, and written to their registers."""

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo import crs, db, registers, units
from geo.assign import Assigner
from geo.load_frames import Converted, Underway
from geo.rejects import Verdicts
from geo.repair import rings

SQL = db.statements("loads")


def write(load: Underway, whole: Converted) -> None:
    """Write the rows of a file to the register of its kind."""
    load.refuse_seen(whole.frame["code"], whole.verdicts)
    ready = _PREPARED[load.order.kind](load, whole)
    load.rejects.add(whole.rows, whole.verdicts, whole.raw)
    ready = ready.loc[whole.verdicts.fine].assign(source=load.order.named_source)
    put = _PUT[load.order.kind]
    load.count(put(load.conn, ready))
    if "default" in ready and "unit_id" in ready:
        chosen = ready.loc[ready["default"].fillna(False).astype(bool)]
        registers.put_default_teams(
            load.conn, chosen.rename(columns={"code": "team_code"})[["unit_id", "path", "team_code"]]
        )


_PUT = {
    "buildings": registers.put_buildings,
    "streets": registers.put_streets,
    "water": registers.put_water,
    "stations": registers.put_stations,
    "teams": registers.put_teams,
    "routes": registers.put_routes,
}


def _located(load: Underway, frame: pd.DataFrame, geometry: NDArray[Any], verdicts: Verdicts) -> gpd.GeoDataFrame:
    """With the path of the unit that each lies in, by a point on it; in place of refused rows a point on the sea."""
    where = geometry.copy()
    where[~verdicts.fine] = shapely.Point(0, 0)
    points = shapely.point_on_surface(where)
    owners = Assigner.load(load.conn).assign(shapely.get_x(points), shapely.get_y(points))
    outside = int(((owners.located == "outside") & verdicts.fine).sum())
    if outside:
        load.report.notes.append(
            (f"{outside} 行位于所有网格之外，归根级", f"{outside} rows outside of every unit: the root's")
        )
    return gpd.GeoDataFrame(frame.assign(path=owners.path), geometry=where, crs=crs.STORAGE)


def _shapes(whole: Converted) -> NDArray[Any]:
    return whole.geometry if whole.geometry is not None else np.full(len(whole.rows), None, dtype=object)


def _repaired(load: Underway, whole: Converted) -> NDArray[Any]:
    """With rings that do not cross themselves; an area that has none left is refused, and lines stay as they are."""
    shapes, verdicts = _shapes(whole).copy(), whole.verdicts
    areas = verdicts.fine & (shapely.get_dimensions(shapes) == 2)
    shapes[areas], told = rings(shapes[areas], whole.frame["code"][areas].tolist())
    load.report.repairs += told
    verdicts.refuse(areas & shapely.is_missing(shapes), "beyond_repair")
    return shapes


def _buildings(load: Underway, whole: Converted) -> gpd.GeoDataFrame:
    areas, verdicts = _repaired(load, whole), whole.verdicts
    if "floors" in whole.frame:
        verdicts.refuse((whole.frame["floors"] == 0).fillna(False).to_numpy(dtype=bool), "bad_number", "floors: 0")
    return _located(load, whole.frame, areas, verdicts)


def _lines(whole: Converted) -> NDArray[Any]:
    """Each line as one part; what has several is refused."""
    lines, verdicts = _shapes(whole).copy(), whole.verdicts
    several = ~shapely.is_missing(lines) & (shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING)
    lines[several] = shapely.line_merge(lines[several])
    parts = shapely.get_num_geometries(lines)
    verdicts.refuse(
        shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING, "several_parts", lambda r: str(parts[r])
    )
    verdicts.refuse(verdicts.fine & ~(shapely.length(lines) > 0), "no_geometry", "a line of no length")
    return lines


def _streets(_load: Underway, whole: Converted) -> gpd.GeoDataFrame:
    lines = _lines(whole)
    frame = whole.frame.assign(length_m=crs.lengths_m(lines))
    for name, end in (("from_node", 0), ("to_node", -1)):
        if name not in frame:
            frame[name] = _node(shapely.get_point(lines, end))
    return gpd.GeoDataFrame(frame, geometry=lines, crs=crs.STORAGE)


def _water(load: Underway, whole: Converted) -> gpd.GeoDataFrame:
    shapes = _repaired(load, whole)
    whole.verdicts.refuse(whole.verdicts.fine & ~(shapely.length(shapes) > 0), "no_geometry", "a line of no length")
    return gpd.GeoDataFrame(whole.frame, geometry=shapes, crs=crs.STORAGE)


def _node(points: NDArray[Any]) -> NDArray[np.int64]:
    """A number for each end: lines that end at the same centimetre meet there."""
    rounded = pd.DataFrame({"x": shapely.get_x(points), "y": shapely.get_y(points)}).round(7)
    return (pd.util.hash_pandas_object(rounded, index=False).to_numpy() >> np.uint64(1)).astype(np.int64)


def _routes(load: Underway, whole: Converted) -> gpd.GeoDataFrame:
    lines = _lines(whole)
    _refuse_unknown_codes(load, whole, "team_code", "team_codes", "unknown_team")
    return _located(load, whole.frame.assign(length_m=crs.lengths_m(lines)), lines, whole.verdicts)


def _stations(load: Underway, whole: Converted) -> gpd.GeoDataFrame:
    points = shapely.points(whole.frame["lon"].to_numpy(), whole.frame["lat"].to_numpy())
    return _located(load, whole.frame.drop(columns=["lon", "lat"]), points, whole.verdicts)


def _teams(load: Underway, whole: Converted) -> pd.DataFrame:
    _refuse_unknown_codes(load, whole, "station_code", "station_codes", "unknown_station")
    frame = whole.frame
    known = units.in_force(load.conn).set_index("code")
    root = Assigner.load(load.conn).answers.path[-1]
    codes = frame["unit_code"] if "unit_code" in frame else pd.Series(None, index=frame.index, dtype="str")
    unknown = (codes.notna() & ~codes.isin(known.index)).to_numpy(dtype=bool)
    whole.verdicts.refuse(unknown, "unknown_unit", lambda row: str(codes.iloc[row]))
    paths = codes.map(known["path"].to_dict()).fillna(root)
    ids = codes.map(known["unit_id"].to_dict()).fillna(units.path_ids(root)[-1]).astype("int64")
    return frame.assign(path=paths, unit_id=ids)


def _refuse_unknown_codes(load: Underway, whole: Converted, name: str, statement: str, reason: str) -> None:
    if name not in whole.frame:
        return
    codes = whole.frame[name]
    found = {row["code"] for row in db.rows(load.conn, SQL[statement], codes=codes.dropna().unique().tolist())}
    unknown = (codes.notna() & ~codes.isin(found)).to_numpy(dtype=bool)
    whole.verdicts.refuse(unknown, reason, lambda row: str(codes.iloc[row]))


_PREPARED: dict[str, Callable[[Underway, Converted], pd.DataFrame]] = {
    "buildings": _buildings,
    "streets": _streets,
    "water": _water,
    "routes": _routes,
    "stations": _stations,
    "teams": _teams,
}
