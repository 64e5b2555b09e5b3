"""
Coordinates: every reference system that a city's data arrives in, and storage, which is EPSG:4326 (lon, lat).

GCJ-02 and BD-09 are not reference systems that PROJ knows: they are the obfuscated coordinates of Chinese maps. Both
are inverted exactly, by fixed point iteration to below a micrometre; the one-step inverse in common use errs by
metres. CGCS2000 differs from WGS84 by centimetres and is equal to it at storage.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from geo.errors import BadCoordinate, UndeclaredCrs, UnknownCrs

FloatArray = NDArray[np.float64]
Geometries = NDArray[Any]
Shift = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

STORAGE = 4326
SAME_AS_STORAGE = frozenset({4326, 4490})
WGS84 = Geod(ellps="WGS84")

# The ellipsoid of Krassowsky 1940, as the obfuscation is computed on it.
_A_M = 6378245.0
_EE = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0
_STEPS = 30
_ENOUGH_DEG = 1e-13
_OBFUSCATED = {"gcj02": "gcj02", "gcj-02": "gcj02", "bd09": "bd09", "bd-09": "bd09", "bd09ll": "bd09"}
_EPSG = re.compile(r"^(?:epsg:)?(\d{4,6})$")


@dataclass(frozen=True)
class Frame:
    """
    A declared reference system.

    Attributes
    ----------
    name
        ``EPSG:n``, ``gcj02``, ``bd09``, or what a file calls its own system.
    crs
        PROJ's description; None for gcj02 and bd09.
    """

    name: str
    crs: CRS | None

    @property
    def degrees(self) -> bool:
        """Whether coordinates are degrees of longitude and latitude."""
        return self.crs is None or bool(self.crs.is_geographic)


_STORED = Frame(f"EPSG:{STORAGE}", CRS.from_epsg(STORAGE))


def declared(name: str | None) -> Frame:
    """
    Read the declaration of a reference system.

    Parameters
    ----------
    name
        ``EPSG:n`` or n, ``gcj02``, ``bd09``, or a definition in WKT; None or empty if nobody declared one.

    Raises
    ------
    UndeclaredCrs, UnknownCrs
    """
    word = (name or "").strip()
    if not word:
        raise UndeclaredCrs
    if word.lower() in _OBFUSCATED:
        return Frame(_OBFUSCATED[word.lower()], None)
    number = _EPSG.match(word.lower())
    try:
        crs = CRS.from_epsg(int(number[1])) if number else CRS.from_user_input(word)
    except CRSError as error:
        raise UnknownCrs(word[:80]) from error
    if not (crs.is_geographic or crs.is_projected):
        raise UnknownCrs(f"{word[:80]} is neither geographic nor projected")
    return Frame(f"EPSG:{number[1]}" if number else crs.to_string()[:80], crs)


def to_storage(frame: gpd.GeoDataFrame, crs: str | None) -> gpd.GeoDataFrame:
    """
    Bring a frame to EPSG:4326.

    Parameters
    ----------
    frame
        Any geometry; heights are dropped.
    crs
        The declaration, see `declared`.

    Raises
    ------
    UndeclaredCrs, UnknownCrs, BadCoordinate
    """
    geometry = geometries_to_storage(np.asarray(frame.geometry.to_numpy(), dtype=object), crs)
    return frame.set_geometry(geometry, crs=STORAGE)


def geometries_to_storage(geometry: Geometries, crs: str | None) -> Geometries:
    """Bring an array of geometries, shape (n,), to EPSG:4326; raises as `to_storage`."""
    frame = declared(crs)
    moved, good = try_geometries(geometry, frame)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        xy = shapely.get_coordinates(geometry[row])
        refuse_bad(xy[:, 0], xy[:, 1], frame, np.full(len(xy), row))
        raise BadCoordinate(f"Row {row + 1}: out of the range of {frame.name}.")
    return moved


def try_geometries(geometry: Geometries, frame: Frame) -> tuple[Geometries, NDArray[np.bool_]]:
    """Bring geometries to EPSG:4326; where `good`, shape (n,), is false it could not be done, and None stands."""
    flat = shapely.force_2d(geometry)
    xy, rows = shapely.get_coordinates(flat, return_index=True)
    good = np.ones(len(flat), dtype=bool)
    lon, lat, fine = try_points(xy[:, 0], xy[:, 1], frame)
    good[rows[~fine]] = False
    if not is_storage(frame):
        flat = shapely.set_coordinates(flat.copy(), np.column_stack([lon, lat]))
    flat = flat.copy()
    flat[~good] = None
    return flat, good


def points_to_storage(x: FloatArray, y: FloatArray, crs: str | None) -> tuple[FloatArray, FloatArray]:
    """
    Bring coordinates, shape (n,), to degrees of longitude and latitude in EPSG:4326.

    Raises
    ------
    UndeclaredCrs, UnknownCrs
    BadCoordinate
        Names the first row whose coordinate is no number or out of range.
    """
    frame = declared(crs)
    refuse_bad(x, y, frame)
    return _moved(frame, x, y, inverse=False)


def try_points(x: FloatArray, y: FloatArray, frame: Frame) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Bring coordinates to EPSG:4326; where `good`, shape (n,), is false it could not be done, and NaN stands."""
    good = ~bad(x, y, frame)
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    lon[good], lat[good] = _projected(frame, x[good], y[good], inverse=False)
    good &= ~bad(lon, lat, _STORED)
    return lon, lat, good


def points_from_storage(lon: FloatArray, lat: FloatArray, crs: str) -> tuple[FloatArray, FloatArray]:
    """Bring degrees in EPSG:4326, shape (n,), to a declared reference system; raises as `points_to_storage`."""
    frame = declared(crs)
    refuse_bad(lon, lat, _STORED)
    return _moved(frame, lon, lat, inverse=True)


def bad(x: FloatArray, y: FloatArray, frame: Frame) -> NDArray[np.bool_]:
    """Which coordinates, shape (n,), are no finite number or out of the range of their reference system."""
    finite = np.isfinite(x) & np.isfinite(y)
    if frame.degrees:
        return ~(finite & (np.abs(x) <= 180) & (np.abs(y) <= 90))
    return ~(finite & (np.abs(x) < 1e9) & (np.abs(y) < 1e9))


def refuse_bad(x: FloatArray, y: FloatArray, frame: Frame, rows: NDArray[np.int64] | None = None) -> None:
    """Raise `BadCoordinate` for the first bad coordinate, naming its row (counted from 1) and what may be wrong."""
    where = np.flatnonzero(bad(x, y, frame))
    if where.size:
        k = int(where[0])
        row = int(rows[k] if rows is not None else k) + 1
        raise BadCoordinate(f"Row {row}: ({x[k]}, {y[k]}) in {frame.name}. {hint(x, y, frame)}".strip())


def hint(x: FloatArray, y: FloatArray, frame: Frame) -> str:
    """What is probably wrong with coordinates, in words; empty if nothing stands out."""
    if not frame.degrees:
        return ""
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        return ""
    if (np.abs(x[finite]) > 360).mean() > 0.5:
        return "These look like metres of a projection: declare its EPSG code."
    return _SWAPPED if looks_swapped(x, y) else ""


_SWAPPED = "Longitude and latitude look swapped: longitude is the first (x), latitude the second (y)."


def looks_swapped(x: FloatArray, y: FloatArray) -> bool:
    """Whether most coordinates would lie in China if longitude and latitude changed places, and do not as they are."""
    finite = np.isfinite(x) & np.isfinite(y)
    return bool(finite.any()) and _china_share(y[finite], x[finite]) > 0.5 > _china_share(x[finite], y[finite])


def _china_share(lon: FloatArray, lat: FloatArray) -> float:
    return float(in_china(lon, lat).mean())


def in_china(lon: FloatArray, lat: FloatArray) -> NDArray[np.bool_]:
    """Where GCJ-02 shifts: the rectangle of the published routine; outside of it coordinates stay as they are."""
    return (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)


def wgs84_to_gcj02(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift WGS84 degrees, shape (n,), as GCJ-02 does; the identity outside of `in_china`."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    d_lon, d_lat = _shift(lon, lat)
    inside = in_china(lon, lat)
    return np.where(inside, lon + d_lon, lon), np.where(inside, lat + d_lat, lat)


def gcj02_to_wgs84(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """
    Undo `wgs84_to_gcj02` exactly.

    Along the rectangle's rim two WGS84 points may share one GCJ-02 point, or a point may have none; there the answer
    is the one inside if it leads back, else the point itself.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = _inverse(_always_shifted, lon, lat, lon, lat)
    inside = in_china(x, y)
    return np.where(inside, x, lon), np.where(inside, y, lat)


def gcj02_to_bd09(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift GCJ-02 degrees, shape (n,), as BD-09 does."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * _BD)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * _BD)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Undo `gcj02_to_bd09` exactly."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    return _inverse(gcj02_to_bd09, lon, lat, lon - 0.0065, lat - 0.006)


def wgs84_to_bd09(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift WGS84 degrees to BD-09, through GCJ-02."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Undo `wgs84_to_bd09` exactly."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _inverse(
    forward: Shift, lon: FloatArray, lat: FloatArray, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    for _ in range(_STEPS):
        u, v = forward(x, y)
        x, y = x - (u - lon), y - (v - lat)
        if np.nanmax(np.abs([u - lon, v - lat]), initial=0.0) < _ENOUGH_DEG:
            break
    return x, y


def _always_shifted(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    d_lon, d_lat = _shift(lon, lat)
    return lon + d_lon, lat + d_lat


def _shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The offset of GCJ-02 in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = 20.0 * (np.sin(6.0 * np.pi * x) + np.sin(2.0 * np.pi * x))
    along_y = 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)
    along_y += 160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)
    along_x = 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)
    along_x += 150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + (common + along_y) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (common + along_x) * 2.0 / 3.0
    phi = np.radians(lat)
    w2 = 1.0 - _EE * np.sin(phi) ** 2
    w = np.sqrt(w2)
    return np.degrees(east * w / (_A_M * np.cos(phi))), np.degrees(north * w2 * w / (_A_M * (1.0 - _EE)))


_SHIFTS: dict[tuple[str, bool], Shift] = {
    ("gcj02", False): gcj02_to_wgs84,
    ("gcj02", True): wgs84_to_gcj02,
    ("bd09", False): bd09_to_wgs84,
    ("bd09", True): wgs84_to_bd09,
}


def is_storage(frame: Frame) -> bool:
    """Whether coordinates of that system are stored as they are: WGS84 and CGCS2000."""
    return frame.crs is not None and frame.crs.to_epsg() in SAME_AS_STORAGE


def _moved(frame: Frame, x: FloatArray, y: FloatArray, *, inverse: bool) -> tuple[FloatArray, FloatArray]:
    moved = _projected(frame, x, y, inverse=inverse)
    refuse_bad(*moved, frame if inverse else _STORED)
    return moved


def _projected(frame: Frame, x: FloatArray, y: FloatArray, *, inverse: bool) -> tuple[FloatArray, FloatArray]:
    if frame.crs is None:
        return _SHIFTS[frame.name, inverse](x, y)
    if is_storage(frame):
        return x, y
    ends = (_STORED.crs, frame.crs) if inverse else (frame.crs, _STORED.crs)
    moved = Transformer.from_crs(*ends, always_xy=True).transform(x, y)
    return cast(tuple[FloatArray, FloatArray], moved)


def gauss_kruger(lon: float, *, width_deg: int = 3) -> int:
    """
    The EPSG code of the CGCS2000 Gauss-Krüger zone of a longitude, without the zone number in the easting.

    Parameters
    ----------
    lon
        Degrees, within the zones of China: 73.5 to 136.5 for three degrees, 72 to 138 for six.
    width_deg
        3 (EPSG:4534 to 4554, central meridians 75 to 135) or 6 (EPSG:4502 to 4512, 75 to 135).

    Raises
    ------
    BadCoordinate
        The longitude lies in none of the zones.
    """
    first, meridian = {3: (4534, 75), 6: (4502, 75)}[width_deg]
    zone = int(np.floor((lon - meridian) / width_deg + 0.5))
    if not 0 <= zone <= 60 // width_deg:
        raise BadCoordinate(f"longitude {lon} lies in no {width_deg}-degree zone of China")
    return first + zone


def areas_m2(geometry: Sequence[Any] | Geometries) -> FloatArray:
    """Geodesic areas of polygons in EPSG:4326, m², holes taken off; shape (n,), 0 for what has no area."""
    return np.array([_area_m2(one) for one in np.asarray(geometry, dtype=object)], dtype=np.float64)


def _area_m2(geometry: Any) -> float:
    # The sign tells the direction of the rings, which files do not agree on.
    if geometry is None or geometry.is_empty or shapely.get_dimensions(geometry) < 2:
        return 0.0
    return sum(
        abs(WGS84.geometry_area_perimeter(shapely.geometry.polygon.orient(part))[0])
        for part in shapely.get_parts(geometry)
        if part.geom_type == "Polygon"
    )


def lengths_m(geometry: Sequence[Any] | Geometries) -> FloatArray:
    """Geodesic lengths of lines in EPSG:4326, metres, shape (n,); of a collection the sum of its lines."""
    array = np.asarray(geometry, dtype=object)
    xy, rows = shapely.get_coordinates(parts := shapely.get_parts(array, return_index=True)[0], return_index=True)
    owner = shapely.get_parts(array, return_index=True)[1]
    same = rows[1:] == rows[:-1]
    _, _, step_m = WGS84.inv(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])
    of_part = np.bincount(rows[1:][same], weights=np.asarray(step_m)[same], minlength=len(parts))
    return np.asarray(np.bincount(owner, weights=of_part, minlength=len(array)), dtype=np.float64)


def equal_area(geometry: Geometries) -> CRS:
    """A Lambert azimuthal equal-area projection in metres about the middle of geometries in EPSG:4326."""
    west, south, east, north = shapely.total_bounds(geometry)
    lon, lat = float(west + east) / 2, float(south + north) / 2
    return CRS.from_proj4(f"+proj=laea +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m +no_defs")


@dataclass(frozen=True)
class ShiftEvidence:
    """
    Whether points declared as WGS84 are GCJ-02: how many fall within known areas as declared, and once unshifted.

    Attributes
    ----------
    declared_share, unshifted_share
        Of the points, shape (n,), that fall within the areas.
    likely
        Whether the unshifted ones fit better by more than chance: three standard deviations of a coin's count.
    """

    declared_share: float
    unshifted_share: float
    likely: bool


def evidence_of_gcj02(lon: FloatArray, lat: FloatArray, areas: Geometries) -> ShiftEvidence:
    """
    Test whether points that were declared as WGS84 are likely GCJ-02.

    Parameters
    ----------
    lon, lat
        Degrees as declared, shape (n,).
    areas
        Polygons in EPSG:4326 that the points ought to fall within: buildings for entrances, units for incidents.
    """
    tree = shapely.STRtree(areas)
    return evidence_of_shift(_within(tree, lon, lat), _within(tree, *gcj02_to_wgs84(lon, lat)))


def evidence_of_shift(as_declared: NDArray[np.bool_], unshifted: NDArray[np.bool_]) -> ShiftEvidence:
    """What it proves which points fit their surroundings as declared, and once unshifted; each of shape (n,)."""
    if not len(as_declared):
        return ShiftEvidence(0.0, 0.0, likely=False)
    gained, lost = int((unshifted & ~as_declared).sum()), int((as_declared & ~unshifted).sum())
    likely = gained - lost > max(5.0, 3.0 * float(np.sqrt(gained + lost)))
    return ShiftEvidence(float(as_declared.mean()), float(unshifted.mean()), likely)


def _within(tree: shapely.STRtree, lon: FloatArray, lat: FloatArray) -> NDArray[np.bool_]:
    found = np.zeros(len(lon), dtype=bool)
    found[tree.query(shapely.points(lon, lat), predicate="intersects")[0]] = True
    return found
