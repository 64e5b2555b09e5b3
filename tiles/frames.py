"""What a map reads from a frame: geometry in EPSG:4326, names, tables and times, each looked at before use."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.errors import BadColumn, Invalid, UndeclaredCrs
from tiles.encoding import Shapes, column
from tiles.labels import label
from tiles.sheet import Sheet

FloatArray = NDArray[np.float64]
MERCATOR = 85.05


def need(frame: pd.DataFrame, *columns: str) -> None:
    """Raise `BadColumn` naming the columns that the frame lacks."""
    missing = [name for name in columns if name not in frame]
    if missing:
        raise BadColumn(", ".join(missing))


def shapes_of(sheet: Sheet, frame: gpd.GeoDataFrame, *columns: str) -> Shapes:
    """The geometries in EPSG:4326, each of them on the map; the sheet notes whether rows are synthetic."""
    need(frame, *columns)
    if frame.crs is None:
        raise UndeclaredCrs
    shapes = frame.geometry.to_crs("EPSG:4326").to_numpy()
    west, south, east, north = shapely.bounds(shapes).T
    # The bounds of what is missing or empty are NaN, and no comparison with NaN is true.
    lost = np.flatnonzero(~((west >= -180) & (east <= 180) & (south >= -MERCATOR) & (north <= MERCATOR)))
    if len(lost):
        raise Invalid(
            f"row {frame.index[lost[0]]} has no geometry, or lies off the map; are longitude and latitude swapped?"
        )
    if "synthetic" in frame:
        sheet.synthetic |= bool(frame["synthetic"].any())
    return shapes


def points_of(sheet: Sheet, frame: gpd.GeoDataFrame, *columns: str) -> Shapes:
    """As `shapes_of`, of points alone."""
    shapes = shapes_of(sheet, frame, *columns)
    other = np.flatnonzero(shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    if len(other):
        raise Invalid(f"row {frame.index[other[0]]} is a {frame.geom_type.iloc[other[0]]}; this layer takes points")
    return shapes


def places_of(sheet: Sheet, points: gpd.GeoDataFrame, weights: str) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude, shape (n, 2), and the weight of each point: 1 if `weights` names no column."""
    shapes = points_of(sheet, points, *([weights] if weights else []))
    lonlat = np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
    return lonlat, points[weights].to_numpy(float) if weights else np.ones(len(lonlat))


def table_of(sheet: Sheet, frame: gpd.GeoDataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """What popups tell of each row: its name in the sheet's language, and some of its columns."""
    english = sheet.lang == "en" and "name_en" in frame
    names = frame["name_en"].fillna(frame["name"]) if english else frame["name"]
    return {
        "heading": column("", names.fillna(label("unnamed", sheet.lang))),
        "columns": [column(label(f"one.{name}", sheet.lang), frame[name]) for name in columns],
    }


def wall_clock(sheet: Sheet, times: pd.Series) -> pd.Series:
    """Instants on the sheet's clock; times without a zone are taken to be on it already."""
    if not pd.api.types.is_datetime64_any_dtype(times):
        raise Invalid(f"column {times.name!r} holds no times; convert it with pandas.to_datetime")
    return times.dt.tz_convert(sheet.timezone) if times.dt.tz is not None else times
