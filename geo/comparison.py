"""Two editions side by side: which units were made, retired, redrawn or altered, and where ground went."""

from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.lineage import LEAST_M2, handed
from geo.repair import square_metres

Change = Literal["made", "retired", "redrawn", "altered"]
CHANGES: tuple[Change, ...] = ("made", "retired", "redrawn", "altered")
_TOLD = ("level", "code", "name", "name_en", "parent_id")


def changes(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    What differs between two editions, a row a unit, in the order of paths.

    Parameters
    ----------
    before, after
        As `units.in_force` gives them, in EPSG:4326.

    Returns
    -------
    DataFrame
        Indexed by ``unit_id``: ``change``, of a unit only in the later edition ``made``, only in the former
        ``retired``, with another area ``redrawn``, else with another name, code, level or parent ``altered``;
        ``was`` and ``now``, its row in each, -1 where it is not; ``was_m2`` and ``now_m2``, its areas on the ellipsoid,
        NaN where it is not. Units with children are not called redrawn: their areas follow.
    """
    found = pd.DataFrame(
        {"was": pd.Series(range(len(before)), index=before["unit_id"].to_numpy(), dtype="Int64"),
         "now": pd.Series(range(len(after)), index=after["unit_id"].to_numpy(), dtype="Int64")}
    )  # fmt: skip
    found = found.fillna(-1).astype("int64").rename_axis("unit_id")
    was, now = found["was"].to_numpy(), found["now"].to_numpy()
    both = (was >= 0) & (now >= 0)
    redrawn, altered = np.zeros(len(found), bool), np.zeros(len(found), bool)
    redrawn[both] = _redrawn(before.iloc[was[both]], after.iloc[now[both]])
    altered[both] = _altered(before.iloc[was[both]], after.iloc[now[both]])
    found["change"] = np.select([was < 0, now < 0, redrawn, altered], CHANGES, "")
    found["was_m2"], found["now_m2"] = _areas(before, was), _areas(after, now)
    paths = np.where(now >= 0, after["path"].to_numpy()[now], before["path"].to_numpy()[was])
    return found.iloc[np.argsort(paths, kind="stable")].query("change != ''")


def ground(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """
    Which former units without children gave ground to which later ones.

    Parameters
    ----------
    before, after
        As of `changes`.
    changed
        From `changes`.

    Returns
    -------
    DataFrame
        Pairs of different units: ``former`` and ``later``, their ids, and ``share``, of the former one's ground.
    """
    former, later = _leaves(before, changed["was"]), _leaves(after, changed["now"])
    pairs = handed(former.geometry.to_numpy(), later.geometry.to_numpy())
    given = pd.DataFrame(
        {
            "former": former["unit_id"].to_numpy()[pairs.former],
            "later": later["unit_id"].to_numpy()[pairs.new],
            "share": pairs.area,
        }
    )
    return given.query("former != later").sort_values(["former", "share"], ascending=[True, False], ignore_index=True)


def _redrawn(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Of the same units in two editions; a corner more on a straight border changes nothing."""
    was, now = before.geometry.to_numpy(), after.geometry.to_numpy()
    leaf = ~(before["derived"].to_numpy(bool) & after["derived"].to_numpy(bool))
    other = np.flatnonzero(leaf & ~shapely.equals_identical(was, now))
    result = np.zeros(len(was), bool)
    result[other] = square_metres(shapely.symmetric_difference(was[other], now[other])) > LEAST_M2
    return result


def _altered(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    was, now = (frame[list(_TOLD)].astype(object).to_numpy() for frame in (before, after))
    return ((was != now) & ~(pd.isna(was) & pd.isna(now))).any(axis=1)


def _areas(frame: gpd.GeoDataFrame, at: NDArray[np.int64]) -> NDArray[np.float64]:
    areas = np.append(square_metres(frame.geometry.to_numpy()), np.nan)
    return areas[at]  # the last one stands for -1


def _leaves(frame: gpd.GeoDataFrame, at: pd.Series) -> gpd.GeoDataFrame:
    rows = frame.iloc[at[at >= 0].to_numpy()]
    return rows[~rows["derived"].to_numpy(bool)]
