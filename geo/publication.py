"""Publication: new versions of units from an instant on, with parents derived from their children."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from psycopg.types.json import Jsonb

from geo.db import Connection, copy_rows, execute, first, instant, one, rows, statements
from geo.errors import BadColumn, BadGeometry, Conflict, Invalid, UndeclaredCrs
from geo.topology import area_faults, multi, require_coverage, unions
from geo.units import LEVELS, in_force, path_ids, path_of

SQL = statements("units")
NEEDED = ("code", "level", "name")
COMPARED = ["path", "level", "name", "name_en", "name_mn", "kind", "derived", "households", "synthetic"]
OPTIONAL: Mapping[str, Any] = {
    "parent_code": None,
    "name_en": None,
    "name_mn": None,
    "kind": None,
    "households": None,
    "synthetic": False,
}


class BadHierarchy(Invalid):
    """The hierarchy of units does not hold."""

    zh = "网格层级关系有误。"


class RetiredCode(Conflict):
    """The code was issued before and is not in force at that instant; a code is never issued again."""

    zh = "该编码曾经发放且在该时刻不在用；编码不得重复发放。"


class PendingEdition(Conflict):
    """What this touches changes already from a later instant on: draw it anew on that, and publish it from then on."""

    zh = "所涉网格已有更晚生效的发布：请在其基础上重新调整，并以该时刻或更晚的时刻发布。"


class PublishedMeanwhile(Conflict):
    """Units were published at or after the instant of this transaction; begin another and publish again."""

    zh = "在本次操作的时刻或之后已有网格发布；请重新操作。"


@dataclass(frozen=True)
class Published:
    """How many units a publication made, gave a new version, and found as they were."""

    made: int
    changed: int
    unchanged: int


def publish(
    conn: Connection,
    units: gpd.GeoDataFrame,
    at: datetime,
    *,
    system: str,
    layer: str = "base",
    retired: Sequence[str] = (),
) -> Published:
    """
    Publish units, valid from an instant on.

    Units that are in force and neither named nor retired stay as they are. A unit whose code is in force keeps its
    permanent id. The areas of parents are derived, of the named and of all above them.

    Parameters
    ----------
    conn
        A transaction from `db.begin`.
    units
        A row a unit: code, parent_code (None at a root), level (of `units.LEVELS`), name, and if wanted name_en,
        name_mn, kind, households, synthetic, attributes (a dict); the geometry in EPSG:4326 of each unit that has no
        children, None for a parent.
    at
        From when on the units are true in the world.
    system
        The authority that issues the codes.
    layer
        ``base``, or the name of an overlay.
    retired
        Codes of units that end at that instant; a code that has ended is never issued again.

    Raises
    ------
    UndeclaredCrs, BadColumn, BadHierarchy, BadGeometry, NotACoverage, RetiredCode, PendingEdition, PublishedMeanwhile
    """
    if units.crs is None or units.crs.to_epsg() != 4326:
        raise UndeclaredCrs("Units are published in EPSG:4326.")
    lock(conn, layer)
    before = _by_code(in_force(conn, at, layer=layer))
    gone = _gone(before, units, retired)
    after = _whole(before.loc[~before.index.isin(gone.index)], _tidy(units))
    ids = _issue_ids(conn, _codes(after), before, system=system, layer=layer)
    after["unit_id"] = [ids[code] for code in _codes(after)]
    after["path"] = _paths(after, ids)
    changed = after.loc[[_differs(before, after, code) for code in _codes(after)]]
    made = sorted(ids[code] for code in _codes(changed) if code not in before.index)
    _require_nothing_later(conn, _touched(before, changed, gone), at, layer)
    _write(conn, changed, made, gone["unit_id"].tolist(), at=at, system=system, layer=layer)
    named = int(changed["code"].isin(units["code"]).sum())
    return Published(made=len(made), changed=len(changed) - len(made), unchanged=len(units) - named)


def lock(conn: Connection, layer: str = "base") -> None:
    """Let no other publication of a layer go on until this transaction ends."""
    execute(conn, SQL["lock_layer"], layer=layer)


def _gone(before: pd.DataFrame, units: gpd.GeoDataFrame, retired: Sequence[str]) -> pd.DataFrame:
    for code in retired:
        if code not in before.index:
            raise BadHierarchy(f"Unit {code} cannot end, for it is not in force then.")
        if "code" in units and code in set(units["code"]):
            raise BadHierarchy(f"Unit {code} is both named and to end.")
    return before.loc[list(retired)]


def _touched(before: pd.DataFrame, changed: pd.DataFrame, gone: pd.DataFrame) -> dict[str, list[Any]]:
    """The units that a publication writes, the parents among whose children it writes, and all paths above."""
    codes = set(changed["code"]) | set(gone["code"])
    former = before.loc[before.index.isin(codes)]
    leaves = changed.loc[~changed["derived"].astype(bool), "path"].tolist()
    leaves += former.loc[~former["derived"].astype(bool), "path"].tolist()
    above = {
        path_of(ids[:n])
        for path in {*former["path"], *changed["path"]}
        for ids in [path_ids(path)]
        for n in range(1, len(ids))
    }
    return {
        "units": [int(unit) for unit in {*changed["unit_id"], *gone["unit_id"]}],
        "parents": list({path_ids(path)[-2] for path in leaves if len(path_ids(path)) > 1}),
        "above": [path_ids(path)[-1] for path in above],
        "paths": list(above),
    }


def _require_nothing_later(conn: Connection, touched: Mapping[str, list[Any]], at: datetime, layer: str) -> None:
    """Refuse what would stand beside a pending edition of the same units without either knowing of the other."""
    later = first(conn, SQL["later"], **touched, at=at, layer=layer)
    if later is not None:
        raise PendingEdition(f"Unit {later['code']} changes at {later['at'].isoformat()}.")


def _by_code(found: gpd.GeoDataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(found).set_index("code", drop=False)
    codes = dict(zip(frame["unit_id"], frame["code"], strict=True))
    frame["parent_code"] = [codes.get(parent) for parent in frame["parent_id"]]
    return frame


def _tidy(units: gpd.GeoDataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(units).rename(columns={units.geometry.name: "geometry"}).astype(object)
    missing = [column for column in NEEDED if column not in frame]
    if missing:
        raise BadColumn(", ".join(missing))
    for column, default in {**OPTIONAL, "attributes": None}.items():
        found = frame[column] if column in frame else pd.Series([None] * len(frame), frame.index, object)
        frame[column] = found.where(found.notna(), default)
    plain = frame.where(frame.notna(), None).set_index("code", drop=False)
    _require_sound(plain)
    return plain


def _require_sound(named: pd.DataFrame) -> None:
    """Refuse rows whose words and numbers cannot be a unit's, by their code."""
    for code, level, name, households in named[["code", "level", "name", "households"]].itertuples(index=False):
        if not (isinstance(code, str) and code and isinstance(name, str) and name):
            raise BadHierarchy(f"Unit {code!r} needs a code and a name, both text.")
        if level not in LEVELS:
            raise BadHierarchy(f"Unit {code} has the level {level}; the levels are {', '.join(LEVELS)}.")
        counted = isinstance(households, int | float | np.integer) and households >= 0 and households % 1 == 0
        if not (households is None or counted):
            raise BadHierarchy(f"Unit {code} has {households!r} households; that is no count.")
    doubled = named["code"][named["code"].duplicated()]
    if len(doubled):
        raise BadHierarchy(f"Code {doubled.iloc[0]} stands twice.")


def _whole(before: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """All units as they will stand: the named over those in force, with parents derived."""
    columns = ["code", *OPTIONAL, "level", "name", "attributes", "geometry"]
    kept = before.loc[~before.index.isin(named.index)].astype(object)
    after = pd.DataFrame(pd.concat([kept, named]) if len(kept) else named.copy())[columns]
    after = after.where(after.notna(), None)
    children = _children(after)
    leaves = [code for code in _codes(after) if code not in children]
    bereft = [code for code in leaves if code in kept.index and kept.at[code, "derived"]]
    if bereft:
        raise BadHierarchy(f"Unit {bereft[0]} would be left without children; name it too, with an area of its own.")
    areas = _leaf_areas(after, leaves)
    areas |= unions(children, areas)
    after["derived"] = [code in children for code in _codes(after)]
    after["geometry"] = multi(np.array([areas[code] for code in _codes(after)], dtype=object))
    return after


def _codes(frame: pd.DataFrame) -> list[str]:
    return frame["code"].tolist()


def _children(after: pd.DataFrame) -> dict[str, list[str]]:
    rank = {code: LEVELS.index(level) for code, level in zip(_codes(after), after["level"], strict=True)}
    children: defaultdict[str, list[str]] = defaultdict(list)
    for code, parent in zip(_codes(after), after["parent_code"], strict=True):
        if parent is None:
            continue
        if parent not in rank:
            raise BadHierarchy(f"Unit {code} names the parent {parent}, which does not exist.")
        if rank[parent] >= rank[code]:
            raise BadHierarchy(f"Unit {code} is not of a lower level than its parent {parent}.")
        children[parent].append(code)
    return dict(children)


def _leaf_areas(after: pd.DataFrame, leaves: list[str]) -> dict[str, Any]:
    areas = np.array(after["geometry"].loc[leaves].tolist(), dtype=object)
    why = area_faults(areas)
    if why:
        position, fault = next(iter(why.items()))
        raise BadGeometry(f"Unit {leaves[position]} has no children and needs a valid area: {fault}.")
    areas = shapely.force_2d(areas)
    require_coverage(areas, leaves)
    return dict(zip(leaves, areas, strict=True))


def _paths(after: pd.DataFrame, ids: Mapping[str, int]) -> list[str]:
    parents = dict(zip(_codes(after), after["parent_code"], strict=True))

    def path(code: str) -> str:
        above = "" if parents[code] is None else path(parents[code])
        return f"{above}{ids[code]}."

    return [path(code) for code in _codes(after)]


def _differs(before: pd.DataFrame, after: pd.DataFrame, code: str) -> bool:
    if code not in before.index:
        return True
    old, new = before.loc[code].to_dict(), after.loc[code].to_dict()
    same = all(_plain(old[column]) == _plain(new[column]) for column in COMPARED)
    return not (same and (old["attributes"] or {}) == (new["attributes"] or {}) and old["geometry"] == new["geometry"])


def _plain(value: Any) -> Any:
    """None for what pandas writes for a missing value, and whole numbers as such."""
    if not pd.api.types.is_scalar(value) or isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    return int(value) if isinstance(value, float) else value


def _issue_ids(conn: Connection, codes: list[str], before: pd.DataFrame, *, system: str, layer: str) -> dict[str, int]:
    """The permanent id of each code: of the unit in force, else the next one, in the order of the codes given."""
    known: dict[str, int] = dict(zip(_codes(before), before["unit_id"], strict=True))
    new = [code for code in codes if code not in known]
    retired = rows(conn, SQL["issued"], system=system, codes=new)
    if retired:
        raise RetiredCode(f"Code {retired[0]['code']}.")
    issued = sorted(row["id"] for row in rows(conn, SQL["issue_units"], layer=layer, n=len(new)))
    return known | dict(zip(new, issued, strict=True))


def _write(
    conn: Connection, changed: pd.DataFrame, made: list[int], gone: list[int], *, at: datetime, system: str, layer: str
) -> None:
    if changed.empty and not gone:
        return
    now = instant(conn)
    newest = one(conn, SQL["newest"], layer=layer)
    if newest["recorded"] is not None and newest["recorded"] > now:
        raise PublishedMeanwhile
    execute(conn, SQL["stage_units"])
    copy_rows(conn, "COPY staged_unit FROM STDIN", (_record(row) for row in changed.to_dict("records")))
    soon = first(conn, SQL["recorded_now"], now=now, gone=gone)
    if soon is not None:
        raise PublishedMeanwhile(f"Unit {soon['code']}.")
    execute(conn, SQL["close_changed"], now=now, gone=gone)
    execute(conn, SQL["keep_the_past"], now=now, at=at, gone=gone)
    execute(conn, SQL["insert_staged"], now=now, at=at, layer=layer)
    execute(conn, SQL["issue_codes"], system=system, at=now, made=made)
    execute(conn, SQL["unstage_units"])


def _record(row: Mapping[Any, Any]) -> list[object]:
    ids = path_ids(row["path"])
    return [
        row["unit_id"],
        ids[-2] if len(ids) > 1 else None,
        *(row["level"], row["code"], row["path"], row["name"], row["name_en"], row["name_mn"], row["kind"]),
        *(bool(row["derived"]), _plain(row["households"]), bool(row["synthetic"]), Jsonb(row["attributes"] or {})),
        shapely.to_wkb(shapely.set_srid(row["geometry"], 4326), hex=True, include_srid=True),
    ]
