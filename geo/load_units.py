"""Units out of a file: a hierarchy by parents' codes, or a flat set of areas that is given one root; repaired, told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo import crs, db, publication, units
from geo.errors import BadOption
from geo.gaps import Suspects
from geo.load_fields import FIELDS
from geo.load_fields import known as known_value
from geo.load_order import LoadOrder
from geo.rejects import Verdicts
from geo.repair import NotACity, Overlap, Repair, coverage, guilty, overlaps, rings
from geo.staging import Counted

LAYER_LEVEL = "micro_grid"
ROOT_LEVEL = "league"
MOST_GUILTY = 0.2


@dataclass(frozen=True)
class City:
    """
    The units of a file, ready to be published.

    Attributes
    ----------
    frame
        As `publication.publish` takes them, with the root that was made, if one was.
    made_root
        The code of that root.
    repairs
        What was repaired.
    suspects
        The areas that may have left a gap.
    """

    frame: gpd.GeoDataFrame
    made_root: str | None
    repairs: list[Repair]
    suspects: Suspects


@dataclass(frozen=True)
class Standing:
    """The codes in force, each with the name and the level of its unit."""

    named: Mapping[str, tuple[str, str]]

    @classmethod
    def read(cls, conn: db.Connection) -> "Standing":
        """What is in force now."""
        frame = units.in_force(conn)
        return cls(dict(zip(frame["code"], zip(frame["name"], frame["level"], strict=True), strict=True)))


def prepare(
    frame: pd.DataFrame, geometry: NDArray[Any], order: LoadOrder, verdicts: Verdicts, standing: Standing
) -> City:
    """
    Make the rows of a file units.

    Parameters
    ----------
    frame
        Fields of `load_fields`, a row a unit, shape (n,).
    geometry
        Their areas in EPSG:4326, shape (n,), None for a parent.
    order
        What is asked.
    verdicts
        Of the same rows; what is wrong is refused there.
    standing
        The units in force.

    Raises
    ------
    BadOption
        The level asked for the root is none.
    NotACity
        More than a fifth of the areas overlap others by far.
    """
    known = set(standing.named)
    verdicts.refuse(frame["code"].duplicated().to_numpy(dtype=bool), "repeated_key")
    parents = _parents(frame, known)
    _refuse_orphans(frame, parents, verdicts, known)
    leaf = ~frame["code"].isin(parents[verdicts.fine].dropna()).to_numpy(dtype=bool)
    verdicts.refuse(leaf & (shapely.is_missing(geometry) | shapely.is_empty(geometry)), "no_geometry")
    codes = [str(code) for code in frame["code"]]
    areas, told = _areas(geometry, codes, leaf, order, verdicts)
    fine = verdicts.fine
    ready = frame.loc[fine].assign(
        parent_code=parents[fine].to_numpy(),
        level=_levels(frame, parents)[fine].to_numpy(),
        households=pd.Series(_whole(frame, fine), index=frame.index[fine], dtype=object),
    )
    ready = gpd.GeoDataFrame(ready, geometry=_of_leaves(areas, leaf)[fine], crs=crs.STORAGE)
    made = _made_root(ready, order, standing)
    named = None if made is None else str(made["code"])
    return City(_under_root(ready, made), named, told, _suspects(areas, codes, leaf & ~fine, told))


def _suspects(areas: NDArray[Any], codes: list[str], refused: NDArray[np.bool_], told: list[Repair]) -> Suspects:
    rows = np.flatnonzero(refused & ~shapely.is_missing(areas))
    broken = frozenset(repair.of[0] for repair in told if repair.what == "ring")
    valid, _ = rings(areas[rows], [codes[row] for row in rows])
    there = ~shapely.is_missing(valid)
    return Suspects(valid[there], [codes[row] for row in rows[there]], broken)


def _of_leaves(areas: NDArray[Any], leaf: NDArray[np.bool_]) -> NDArray[Any]:
    own = areas.copy()
    own[~leaf] = None
    return own


def publish(conn: db.Connection, city: City, order: LoadOrder) -> Counted:
    """Publish the units from now on; counts the rows of the file, and not the root that was made."""
    before = _standing(conn)
    publication.publish(conn, city.frame, db.instant(conn), system=order.named_source)
    after = _standing(conn)
    named = [code for code in city.frame["code"] if code != city.made_root]
    loaded = sum(before.get(code) != after[code] for code in named)
    return Counted(loaded, len(named) - loaded)


def _standing(conn: db.Connection) -> Mapping[str, tuple[Any, ...]]:
    frame = units.in_force(conn)
    wkb = shapely.to_wkb(np.asarray(frame.geometry.to_numpy(), dtype=object))
    columns = ["path", "level", "name", "name_en", "name_mn", "kind", "households", "synthetic"]
    plain = frame[columns].astype(object).where(frame[columns].notna(), None)
    return {
        code: (*values, area)
        for code, values, area in zip(frame["code"], plain.itertuples(index=False, name=None), wkb, strict=True)
    }


def _parents(frame: pd.DataFrame, known: set[str]) -> pd.Series:
    if "parent_code" not in frame:
        return pd.Series(None, index=frame.index, dtype="str")
    parents = frame["parent_code"]
    # Many files let a root name itself, or a zero.
    itself = (parents == frame["code"]) | (parents.isin(["0", "-1"]) & ~parents.isin(set(frame["code"]) | known))
    return parents.where(~itself)


def _refuse_orphans(frame: pd.DataFrame, parents: pd.Series, verdicts: Verdicts, known: set[str]) -> None:
    """Refuse units whose parent is not there or was refused, and so on downwards; a ring of parents has no root."""
    standing = known - set(frame["code"])
    while True:
        reached = standing | set(frame["code"][verdicts.fine & parents.isna().to_numpy(dtype=bool)])
        while grown := set(frame["code"][verdicts.fine & parents.isin(reached).to_numpy(dtype=bool)]) - reached:
            reached |= grown
        orphan = verdicts.fine & ~frame["code"].isin(reached).to_numpy(dtype=bool)
        if not orphan.any():
            return
        verdicts.refuse(orphan, "unknown_parent", lambda row: f"parent_code: {parents.iloc[row]}")


def _areas(
    geometry: NDArray[Any], codes: list[str], leaf: NDArray[np.bool_], order: LoadOrder, verdicts: Verdicts
) -> tuple[NDArray[Any], list[Repair]]:
    areas = geometry.copy()
    chosen = np.flatnonzero(leaf & verdicts.fine)
    areas[chosen], told = rings(areas[chosen], [codes[k] for k in chosen])
    verdicts.refuse(_at(chosen[shapely.is_missing(areas[chosen])], len(areas)), "beyond_repair")
    _refuse_overlaps(areas, codes, leaf, told, verdicts)
    chosen = np.flatnonzero(leaf & verdicts.fine)
    if chosen.size:
        areas[chosen], more = coverage(areas[chosen], [codes[k] for k in chosen], gap_m=order.gap_m)
        told += more
        verdicts.refuse(
            _at(chosen[shapely.is_missing(areas[chosen])], len(areas)), "overlap_too_large", "nothing is left"
        )
    return areas, told


def _at(positions: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    return np.isin(np.arange(count), positions)


def _refuse_overlaps(
    areas: NDArray[Any], codes: list[str], leaf: NDArray[np.bool_], told: list[Repair], verdicts: Verdicts
) -> None:
    chosen = np.flatnonzero(leaf & verdicts.fine)
    broken = {repair.of[0] for repair in told}
    pairs = overlaps(areas[chosen])
    found = guilty(pairs, {place for place, row in enumerate(chosen) if codes[row] in broken})
    if len(found) > MOST_GUILTY * len(chosen):
        a, b = codes[chosen[pairs[0].first]], codes[chosen[pairs[0].second]]
        raise NotACity(f"{a} and {b} share {pairs[0].area_m2:,.0f} m², {pairs[0].share:.0%} of the smaller one.")
    for place, theirs in found:
        seen = _seen(place, theirs, [codes[row] for row in chosen])
        verdicts.refuse(_at(chosen[[place]], len(areas)), "overlap_too_large", seen)


def _seen(place: int, theirs: list[Overlap], codes: list[str]) -> str:
    worst = theirs[0]
    other = codes[worst.second if worst.first == place else worst.first]
    more = f" and {len(theirs) - 1} more" if len(theirs) > 1 else ""
    return f"{other}: {worst.area_m2:,.0f} m², {worst.share:.0%}{more}"


def _levels(frame: pd.DataFrame, parents: pd.Series) -> pd.Series:
    """As the file says; else micro-grids for what has no hierarchy, and by depth from the league for what has one."""
    if "level" in frame and frame["level"].notna().all():
        return frame["level"]
    above = dict(zip(frame["code"], parents, strict=True))

    def depth(code: str) -> int:
        parent = above.get(code)
        return 1 + depth(parent) if isinstance(parent, str) and parent in above else 0

    flat = parents.isna().all()
    guessed = [LAYER_LEVEL if flat else units.LEVELS[min(depth(code), 5)] for code in frame["code"]]
    given = frame["level"] if "level" in frame else pd.Series(None, index=frame.index, dtype="str")
    return given.fillna(pd.Series(guessed, index=frame.index, dtype="str"))


def _whole(frame: pd.DataFrame, fine: NDArray[np.bool_]) -> list[int | None]:
    if "households" not in frame:
        return [None] * int(fine.sum())
    return [None if pd.isna(value) else int(value) for value in frame["households"][fine]]


def _made_root(frame: gpd.GeoDataFrame, order: LoadOrder, standing: Standing) -> dict[str, Any] | None:
    """
    A root is made where one is asked for, and for a flat set: what lies outside of every area must be somebody's.

    One that stands keeps its name and its level unless others are asked for.
    """
    if order.root is None and not (frame["parent_code"].isna().all() and len(frame) > 1):
        return None
    code = f"{order.named_source}-root"
    name, level = standing.named.get(code, (order.named_source, ROOT_LEVEL))
    if order.root_level:
        spec = FIELDS["units"]["level"]
        asked = known_value(spec, order.root_level)
        if asked is None:
            raise BadOption(f"--root-level {order.root_level}: the levels are {', '.join(units.LEVELS)}.")
        level = asked
    return {"code": code, "name": order.root or name, "level": level, "parent_code": None}


def _under_root(frame: gpd.GeoDataFrame, root: dict[str, Any] | None) -> gpd.GeoDataFrame:
    if "synthetic" in frame:
        frame["synthetic"] = frame["synthetic"].astype("boolean").fillna(False).astype(bool)
    if root is None:
        return frame
    below = frame.assign(parent_code=[root["code"] if pd.isna(parent) else parent for parent in frame["parent_code"]])
    made = gpd.GeoDataFrame(pd.DataFrame([root]), geometry=np.array([None], dtype=object), crs=frame.crs)
    joined = pd.concat([made.astype(object), below.astype(object)], ignore_index=True)
    if "synthetic" in joined:
        joined["synthetic"] = joined["synthetic"].fillna(False).astype(bool)
    plain = joined.where(joined.notna(), None)
    return gpd.GeoDataFrame(plain.drop(columns="geometry"), geometry=list(joined["geometry"]), crs=frame.crs)
