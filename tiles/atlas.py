"""The maps that the service draws out of its database, by kind: what each reads, and the layers it adds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import shapely

from geo import units
from geo.assign import NoUnits, NoUnitsThen
from geo.coverage import coverage_of
from geo.db import Connection, Row, Scope, instant, rows, statements
from tiles import comparison, maps
from tiles.labels import Language, label
from tiles.pair import Pair
from tiles.sheet import Sheet

SQL = statements("atlas")
WGS84 = "EPSG:4326"
DETAIL = 4000
"""Water is drawn as exactly as so many steps across the whole map, and areas of water of eight steps and more."""

Kind = Literal["coverage", "heat", "heat_time", "rates", "routes", "incidents"]


@dataclass(frozen=True)
class Wanted:
    """
    What a map shall show.

    Attributes
    ----------
    unit
        The code of a unit, for its subtree; everything if None.
    days
        Only incidents that occurred in so many days before now; all if None.
    radius_m
        How far a station reaches.
    """

    unit: str | None = None
    days: int | None = None
    radius_m: int = 1000


@dataclass(frozen=True)
class Ground:
    """What every layer starts from: the connection, the subtree's path and its units, and what is wanted."""

    conn: Connection
    path: str
    units: gpd.GeoDataFrame
    wanted: Wanted
    lang: Language

    @property
    def micro_grids(self) -> gpd.GeoDataFrame:
        """The units without children."""
        return self.units[~self.units["derived"]].reset_index(drop=True)


def draw(conn: Connection, kind: Kind, wanted: Wanted, lang: Language, timezone: str) -> Sheet:
    """
    Draw one kind of map; raises `assign.NoUnits` and `units.UnitNotFound`.

    Parameters
    ----------
    conn
        A transaction from `db.begin`; the map shows what its scope may see.
    kind
        One of `KINDS`.
    wanted
        What it shall show.
    lang
        The language of the page.
    timezone
        The clock of the times that it shows.
    """
    path = "" if wanted.unit is None else units.read(conn, wanted.unit)["path"]
    found = units.in_force(conn, path=path)
    if found.empty:
        raise NoUnits
    title, add = KINDS[kind]
    sheet = maps.new_map(found.total_bounds.tolist(), lang, title[lang], timezone)
    _add_water(sheet, conn, found.total_bounds.tolist())
    add(sheet, Ground(conn, path, found, wanted, lang))
    maps.add_outlines(sheet, found)
    return sheet


def compare(
    conn: Connection, before: datetime, after: datetime, unit: str | None, lang: Language, timezone: str
) -> Pair:
    """
    Draw the units in force at two instants side by side; raises `assign.NoUnitsThen` and `units.UnitNotFound`.

    Parameters
    ----------
    conn
        A transaction from `db.begin`.
    before, after
        The instants; the later edition stands on the right whichever is named first.
    unit
        The code of a unit in force at both, for its subtree; everything if None.
    lang
        The language of the page.
    timezone
        The clock of the instants on the page.
    """
    earlier, later = sorted((before, after))
    frames = (_in_force(conn, earlier, unit), _in_force(conn, later, unit))
    captions = (caption(earlier, lang, timezone), caption(later, lang, timezone))
    return comparison.side_by_side(*frames, captions, lang, _COMPARISON[lang], timezone)


def caption(at: datetime, lang: Language, timezone: str) -> str:
    """What stands over the units in force at an instant."""
    return label("edition_at", lang, at=at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M"))


_COMPARISON: Mapping[Language, str] = {"zh": "网格版本对比", "en": "Two editions compared"}


def _in_force(conn: Connection, at: datetime, unit: str | None) -> gpd.GeoDataFrame:
    path = "" if unit is None else units.read(conn, unit, at)["path"]
    found = units.in_force(conn, at, path=path)
    if found.empty:
        raise NoUnitsThen
    return found


def _add_water(sheet: Sheet, conn: Connection, bounds: list[float]) -> None:
    west, south, east, north = bounds
    box = {"west": west, "south": south, "east": east, "north": north}
    found = rows(conn, SQL["water"], **box, detail=max(east - west, north - south) / DETAIL)
    if found:
        frame = pd.DataFrame(found)
        shapes = shapely.from_wkb(frame.pop("geom").to_numpy())
        maps.add_water(sheet, gpd.GeoDataFrame(frame, geometry=shapes, crs=WGS84))


def _add_coverage(sheet: Sheet, ground: Ground) -> None:
    # Stations beyond the border reach in: the radius, not the subtree, says which count.
    stations = _points(rows(ground.conn, SQL["stations"]), ["name", "kind", "synthetic"])
    if stations.empty:
        sheet.notice("no_stations")
    grids, radius_m = ground.micro_grids, float(ground.wanted.radius_m)
    maps.add_coverage(sheet, grids, coverage_of(grids, stations, radius_m), radius_m)
    maps.add_stations(sheet, stations)


def _add_heat(sheet: Sheet, ground: Ground) -> None:
    maps.add_heat(sheet, _places(sheet, ground))


def _add_heat_over_time(sheet: Sheet, ground: Ground) -> None:
    maps.add_heat_over_time(sheet, _places(sheet, ground), "occurred_at")


def _add_rates(sheet: Sheet, ground: Ground) -> None:
    grids = ground.micro_grids
    counted = {row["unit_id"]: row["incidents"] for row in _incidents_of(ground, "incidents_per_unit")}
    grids["incidents"] = grids["unit_id"].map(counted).fillna(0).astype("int64")
    if not counted:
        sheet.notice("no_incidents")
    elif not grids["households"].fillna(0).any():
        sheet.notice("no_homes")
    maps.add_rates(sheet, grids)


def _add_routes(sheet: Sheet, ground: Ground) -> None:
    found = rows(ground.conn, SQL["routes"], path_from=ground.path, path_to=Scope(ground.path).upper)
    if not found:
        sheet.notice("no_routes")
    frame = pd.DataFrame(found, columns=["name", "team", "synthetic", "geom"])
    lines = shapely.from_wkb(frame.pop("geom").to_numpy())
    maps.add_routes(sheet, gpd.GeoDataFrame(frame, geometry=lines, crs=WGS84))


def _add_incidents(sheet: Sheet, ground: Ground) -> None:
    columns = ["category", "state", "occurred_at", "micro_grid", "team", "synthetic"]
    found = _points(_incidents_of(ground, "incidents"), columns)
    if found.empty:
        sheet.notice("no_incidents")
    maps.add_incidents(sheet, found)


KINDS: Mapping[Kind, tuple[Mapping[Language, str], Callable[[Sheet, Ground], None]]] = MappingProxyType(
    {
        "coverage": ({"zh": "服务站覆盖", "en": "Coverage by stations"}, _add_coverage),
        "heat": ({"zh": "事项热力", "en": "Heat of incidents"}, _add_heat),
        "heat_time": ({"zh": "事项热力：逐月", "en": "Heat of incidents by month"}, _add_heat_over_time),
        "rates": ({"zh": "每千户事项数", "en": "Incidents per 1,000 households"}, _add_rates),
        "routes": ({"zh": "巡逻路线", "en": "Patrol routes"}, _add_routes),
        "incidents": ({"zh": "事项", "en": "Incidents"}, _add_incidents),
    }
)


def _places(sheet: Sheet, ground: Ground) -> gpd.GeoDataFrame:
    found = _points(_incidents_of(ground, "places"), ["occurred_at", "synthetic"])
    if found.empty:
        sheet.notice("no_incidents")
    return found


def _incidents_of(ground: Ground, statement: Literal["incidents", "places", "incidents_per_unit"]) -> list[Row]:
    days = ground.wanted.days
    since = None if days is None else instant(ground.conn) - timedelta(days=days)
    path_to = Scope(ground.path).upper
    return rows(ground.conn, SQL[statement], path_from=ground.path, path_to=path_to, since=since, lang=ground.lang)


def _points(found: list[Row], columns: list[str]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(found, columns=[*columns, "lon", "lat"])
    if "occurred_at" in frame:
        frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True)  # of no rows no type is known
    lon, lat = (frame.pop(name).to_numpy(dtype=float) for name in ("lon", "lat"))
    return gpd.GeoDataFrame(frame, geometry=shapely.points(lon, lat), crs=WGS84)
