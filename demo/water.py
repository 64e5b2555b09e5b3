"""
Water for the base map: rivers past the county seats, and reservoirs on three of them.

The names are real; the courses are made, through a few places where the rivers run. Nothing else of the league looks
at them: its ground was divided without water, so that a street or a house may stand in a river.
"""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.interpolate import CubicSpline

from demo.clusters import FloatArray
from demo.counties import boundaries
from demo.plane import in_degrees, to_plane

_TAO, _GUILIU = "洮儿河", "归流河"
# Down the river, in degrees.
_COURSES: dict[tuple[str, str], Sequence[tuple[float, float]]] = {
    (_TAO, "Tao'er River"): (
        (120.75, 46.95), (121.22, 46.62), (121.56, 46.49), (121.86, 46.40), (122.02, 46.26), (122.115, 46.13),
        (122.14, 46.03), (122.28, 45.92), (122.50, 45.78),
    ),
    (_GUILIU, "Guiliu River"): (
        (120.95, 46.58), (121.25, 46.42), (121.50, 46.28), (121.76, 46.14), (121.95, 46.085), (122.06, 46.055),
        (122.14, 46.03),
    ),
    ("绰尔河", "Chuo'er River"): (
        (121.45, 47.20), (121.95, 47.00), (122.50, 46.90), (122.80, 46.79), (122.96, 46.68), (123.30, 46.52),
        (123.70, 46.30),
    ),
    ("蛟流河", "Jiaoliu River"): ((121.05, 45.78), (121.38, 45.58), (121.62, 45.42), (121.95, 45.36), (122.40, 45.30)),
    ("霍林河", "Huolin River"): (
        (119.90, 45.35), (120.60, 45.18), (121.10, 45.12), (121.50, 45.04), (121.95, 44.95), (122.40, 44.85),
    ),
}  # fmt: skip
_INTO = {_GUILIU: _TAO}  # which river ends in which
# A reservoir ends at its dam, on the river of that name: its length and its greatest width in metres.
_RESERVOIRS: dict[tuple[str, str], tuple[str, tuple[float, float], float, float]] = {
    ("察尔森水库", "Qarsan Reservoir"): (_TAO, (121.93, 46.35), 16_000, 3_600),
    ("绰勒水库", "Chuole Reservoir"): ("绰尔河", (122.70, 46.84), 12_000, 2_600),
    ("翰嘎利水库", "Hangali Reservoir"): ("霍林河", (121.20, 45.10), 7_000, 2_200),
}
_STEP_M = 60.0
_BENDS = ((11_000.0, 650.0), (3_700.0, 260.0), (1_500.0, 90.0))  # metres: how long a bend is, and how far it swings


def draw(seed: int) -> gpd.GeoDataFrame:
    """
    The water of the league, at whatever scale the rest of it is made.

    Parameters
    ----------
    seed
        Of the bends.

    Returns
    -------
    GeoDataFrame
        As `registers.put_water` takes it: rivers as lines up to the border of the league, reservoirs as areas.
    """
    rng = np.random.default_rng([seed, 8])
    courses: dict[str, FloatArray] = {}
    for (name, _), at in _COURSES.items():
        through = to_plane(np.array(at))
        if name in _INTO:
            through[-1] = _nearest(courses[_INTO[name]], through[-1])[-1]
        courses[name] = _winding(through, rng)
    lakes = [_reservoir(courses[of], dam, length, width, rng) for of, dam, length, width in _RESERVOIRS.values()]
    rivers = in_degrees(np.array([shapely.LineString(course) for course in courses.values()]))
    league = shapely.union_all(boundaries().to_numpy())
    frame = pd.DataFrame([*_COURSES, *_RESERVOIRS], columns=["name", "name_en"])
    frame["kind"] = ["river"] * len(rivers) + ["reservoir"] * len(lakes)
    frame["code"] = "demo-water-" + pd.Series(np.arange(1, len(frame) + 1)).map("{:02d}".format)
    shapes = np.concatenate([shapely.intersection(rivers, league), in_degrees(np.array(lakes))])
    return gpd.GeoDataFrame(frame.assign(source="demo", synthetic=True), geometry=shapes, crs="EPSG:4326")


def _winding(through: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A smooth course through a few places that swings to both sides of the way between them, in metres."""
    passed = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(through, axis=0), axis=1))])
    along = np.linspace(0.0, passed[-1], round(passed[-1] / _STEP_M))
    way = CubicSpline(passed, through)
    ahead = way(along, 1)
    aside = np.column_stack([-ahead[:, 1], ahead[:, 0]]) / np.linalg.norm(ahead, axis=1, keepdims=True)
    swing = np.zeros(len(along))
    for bend_m, reach_m in _BENDS:
        start, slow = rng.uniform(0, 2 * np.pi, 2)
        turn = 2 * np.pi * along / bend_m
        swing += reach_m * np.sin(turn + start + 1.5 * np.sin(0.23 * turn + slow))
    calm = np.clip(np.minimum(along, passed[-1] - along) / _BENDS[0][0], 0.0, 1.0)
    return way(along) + aside * (swing * calm)[:, None]


def _nearest(course: FloatArray, place: FloatArray) -> FloatArray:
    """The course as far as the point of it that is nearest to a place."""
    return course[: int(((course - place) ** 2).sum(axis=1).argmin()) + 1]


def _reservoir(
    course: FloatArray, dam: tuple[float, float], length_m: float, width_m: float, rng: np.random.Generator
) -> Any:
    """The valley of a river above its dam, filled: narrow at the head, widest before the dam, with bays."""
    filled = _nearest(course, to_plane(np.array(dam)))[-round(length_m / _STEP_M) :]
    down = np.linspace(0.0, 1.0, len(filled))
    bays = 1 + 0.3 * np.sin(19 * down + rng.uniform(0, 2 * np.pi))
    radii = np.maximum(width_m / 2 * np.sin(np.pi * down**1.6) * bays, 150.0)
    return shapely.simplify(shapely.union_all(shapely.buffer(shapely.points(filled), radii)), 15.0)
