"""
Who answers for a point: the one base micro-grid that owns it, and the default team of that micro-grid.

The rule of the one owner: inside, the micro-grid that covers the point; on a shared edge or corner, the one with the
lowest permanent unit id; outside of every micro-grid, the oldest root. The rule of the default team: the team named
by the overlay (a dedicated grid 专属网格) that the point lies in, of several the one with the lowest id; else by the
owner; each time by itself or the nearest unit above it that names one. Every answer carries the rule that made it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal, Protocol, cast
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import accuracy
from geo.accuracy import Bands, Outlines
from geo.db import Connection, one, rows, statements
from geo.edition import Edition, Key, digest_of, key_of, read
from geo.errors import NotFound, Unavailable
from geo.locate import CellIndex, Geometries
from geo.units import path_ids

SQL = statements("assign")
OUTSIDE = -1
OF_OVERLAY = "default_of_overlay"

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ObjectArray = NDArray[np.object_]


class NoUnits(Unavailable):
    """No units are published yet; run `wangge load demo` or `wangge load units FILE`."""

    zh = "尚未发布任何网格；请运行 wangge load demo 或 wangge load units 文件。"


class NoUnitsThen(NotFound):
    """No units were in force at that instant."""

    zh = "该时刻没有生效的网格。"


class NoDefaultTeam(Unavailable):
    """A root unit names no default team, so an incident could stay without one; name one in default_team."""

    zh = "根级网格单元没有兜底队伍；请在 default_team 中指定。"


@dataclass(frozen=True)
class Owners:
    """
    Who answers for n points, each array of shape (n,).

    Attributes
    ----------
    unit_id, path
        The owner.
    located
        ``inside``, ``edge`` or ``outside``; see also `places.Decided`.
    owner_rule
        ``one_owner``, ``lowest_of_edge`` or ``root_for_outside``.
    team_id, team_unit_id
        The team, and the unit whose default team it is.
    team_rule
        ``default_of_overlay``, ``default_of_unit``, ``default_of_parent`` or ``default_of_root``.
    candidates
        By position, the ids of all micro-grids that a point on an edge, or a disc of uncertainty, touches: ascending,
        and for what of a disc lies outside of all the root, last.
    shares
        By position, the share of the disc in each candidate.
    """

    unit_id: IntArray
    path: ObjectArray
    located: ObjectArray
    owner_rule: ObjectArray
    team_id: ObjectArray
    team_unit_id: IntArray
    team_rule: ObjectArray
    candidates: Mapping[int, list[int]]
    shares: Mapping[int, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """
    What is answered for the points of each base micro-grid, and in the last place for those outside; of overlays, for
    the points of each, with no team where neither it nor a unit above it names one.
    """

    unit_id: IntArray
    path: ObjectArray
    team_id: ObjectArray
    team_unit_id: IntArray
    team_rule: ObjectArray


class Answering(Protocol):
    """Whoever answers for points by one edition: an `Assigner`, or `sql_twin.SqlTwin` until that is built."""

    @property
    def key(self) -> Key:
        """The edition that it answers by."""
        ...

    def assign(self, lon: FloatArray, lat: FloatArray) -> Owners:
        """Who answers for each point; as `Assigner.assign`."""
        ...

    def bands(self, lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> Bands:
        """In which units each disc lies, of those that lie in several; as `Assigner.bands`."""
        ...

    def settle(self, owners: Owners, chosen: IntArray) -> tuple[Owners, NDArray[np.bool_]]:
        """With the units that were chosen for some of the points; as `Assigner.settle`."""
        ...


@dataclass(frozen=True)
class Assigner:
    """An edition with its default teams, ready to answer for many points."""

    key: Key
    areas: Geometries
    index: CellIndex
    answers: Answers
    overlays: CellIndex
    handlers: Answers

    @classmethod
    def load(cls, conn: Connection, at: datetime | None = None) -> "Assigner":
        """Read what is in force at an instant; now if not given. Raises `NoUnits`, `NoUnitsThen`, `NoDefaultTeam`."""
        key = key_of(conn, at)
        if key is None:
            raise NoUnits if at is None else NoUnitsThen
        return cls.of(read(conn, key, digest_of(conn, key)), default_teams(conn, key.valid))

    @classmethod
    def of(cls, edition: Edition, teams: Mapping[int, UUID]) -> "Assigner":
        """The assigner of an edition, with the team that each unit names; raises `NoUnits`, `NoDefaultTeam`."""
        if edition.root is None:
            raise NoUnits
        grids = edition.base
        paths = [*grids["path"], cast(str, edition.units["path"].iloc[edition.root])]
        answers = _answers(paths, teams)
        if OUTSIDE in answers.team_unit_id:
            raise NoDefaultTeam(f"Unit {path_ids(answers.path[-1])[0]}.")
        handlers = _answers(edition.units["path"].iloc[edition.overlay_rows].tolist(), teams)
        areas = grids.geometry.to_numpy()
        return cls(edition.key, areas, edition.index, answers, edition.overlays, handlers)

    def assign(self, lon: FloatArray, lat: FloatArray) -> Owners:
        """
        Who answers for each point.

        Parameters
        ----------
        lon, lat
            Degrees in EPSG:4326, shape (n,).

        Raises
        ------
        BadCoordinate
            One is not finite; the row is named.
        """
        slots = self.index.locate(lon, lat)
        how = (slots != OUTSIDE).astype(np.int64)
        candidates = self._candidates(lon, lat, np.flatnonzero(self.index.on_edge(lon, lat)))
        how[list(candidates)] = EDGE
        take = self.answers
        owners = Owners(
            unit_id=take.unit_id[slots],
            path=take.path[slots],
            located=LOCATED[how],
            owner_rule=OWNER_RULE[how],
            team_id=take.team_id[slots],
            team_unit_id=take.team_unit_id[slots],
            team_rule=take.team_rule[slots],
            candidates=candidates,
        )
        return self._handled(owners, lon, lat) if self.overlays.units else owners

    def bands(self, lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> Bands:
        """
        In which units each disc lies, of the discs that lie in several.

        Parameters
        ----------
        lon, lat
            Degrees in EPSG:4326, shape (n,).
        radius_m
            Radii in metres, shape (n,); NaN or 0 is no disc.

        Returns
        -------
        Bands
            With ids of units in the place of slots; the root's for what lies outside.
        """
        asked = np.flatnonzero(radius_m > 0)
        around = accuracy.boxes(lon[asked], lat[asked], radius_m[asked])
        near = asked[~self.index.surely_one(*around)]
        found = accuracy.bands(lon[near], lat[near], radius_m[near], self._outlines)
        return Bands(near[found.point], self.answers.unit_id[found.slot], found.share)

    def settle(self, owners: Owners, chosen: IntArray) -> tuple[Owners, NDArray[np.bool_]]:
        """
        The owners, with the units that a dispatcher chose for some of the points, where these are in force.

        Parameters
        ----------
        owners
            From `assign`, of n points.
        chosen
            Ids of base micro-grids or of the root; `OUTSIDE` where none was chosen, shape (n,).

        Returns
        -------
        tuple
            The owners, and for which points the choice holds. An overlay still decides who handles.
        """
        slot = {int(unit): place for place, unit in enumerate(self.answers.unit_id.tolist())}
        at = np.array([place for place, unit in enumerate(chosen.tolist()) if unit in slot], dtype=np.int64)
        slots = np.array([slot[unit] for unit in chosen[at].tolist()], dtype=np.int64)
        return settled(owners, at, Answers(*(column[slots] for column in vars(self.answers).values())))

    def _handled(self, owners: Owners, lon: FloatArray, lat: FloatArray) -> Owners:
        """The owners, with the teams of overlays where these name one."""
        slots = self.overlays.locate(lon, lat)
        at = np.flatnonzero((slots != OUTSIDE) & (self.handlers.team_unit_id[slots] != OUTSIDE))
        return handled(owners, at, self.handlers.team_id[slots[at]], self.handlers.team_unit_id[slots[at]])

    def _candidates(self, lon: FloatArray, lat: FloatArray, positions: IntArray) -> dict[int, list[int]]:
        """The ids of all micro-grids that each of these few points touches, ascending, where they are several."""
        points = shapely.points(lon[positions], lat[positions])
        point, slot = self._outlines.tree.query(points, predicate="intersects")
        found: dict[int, list[int]] = {}
        for position, unit in zip(positions[point].tolist(), self.answers.unit_id[slot].tolist(), strict=True):
            found.setdefault(position, []).append(unit)
        return {position: sorted(units) for position, units in found.items() if len(units) > 1}

    @cached_property
    def _outlines(self) -> Outlines:
        return Outlines.of(self.areas)


EDGE = 2
LOCATED = np.array(["outside", "inside", "edge"], dtype=object)
OWNER_RULE = np.array(["root_for_outside", "one_owner", "lowest_of_edge"], dtype=object)


Reason = Literal["reported", "loaded", "asked", "edition_changed", "settled"]


def handled(owners: Owners, at: IntArray, team_id: ObjectArray, team_unit_id: IntArray) -> Owners:
    """The owners, with the teams of the overlays that the points at some positions lie in."""
    teams, units, rules = owners.team_id.copy(), owners.team_unit_id.copy(), owners.team_rule.copy()
    teams[at], units[at], rules[at] = team_id, team_unit_id, OF_OVERLAY
    return replace(owners, team_id=teams, team_unit_id=units, team_rule=rules)


def settled(owners: Owners, at: IntArray, answers: Answers) -> tuple[Owners, NDArray[np.bool_]]:
    """The owners, with what is answered for the units chosen at some positions; and which positions these are."""
    columns = {name: getattr(owners, name).copy() for name in vars(answers)}
    theirs = owners.team_rule[at] != OF_OVERLAY
    for name, values in vars(answers).items():
        of = theirs if name.startswith("team") else np.ones(len(at), dtype=bool)
        columns[name][at[of]] = values[of]
    located, rule = owners.located.copy(), owners.owner_rule.copy()
    located[at], rule[at] = "settled", "settled_by_dispatcher"
    where = np.zeros(len(located), dtype=bool)
    where[at] = True
    return replace(owners, **columns, located=located, owner_rule=rule), where


def default_teams(conn: Connection, at: datetime) -> dict[int, UUID]:
    """The team that each unit names, by the unit's id, of those that the scope sees."""
    return {row["unit_id"]: row["team_id"] for row in rows(conn, SQL["default_teams"], at=at)}


def new_run(conn: Connection, assigner: Answering, reason: Reason = "reported") -> int:
    """Record why incidents are assigned, and by which edition; returns its id, which every assignment of it carries."""
    return one(conn, SQL["new_run"], **assigner.key._asdict(), reason=reason)["id"]


def _answers(paths: list[str], teams: Mapping[int, UUID]) -> Answers:
    ids = [path_ids(path) for path in paths]
    chosen = [_nearest(path, teams) for path in ids]
    return Answers(
        unit_id=np.array([path[-1] for path in ids], dtype=np.int64),
        path=objects(paths),
        team_id=objects([teams.get(unit) for unit in chosen]),
        team_unit_id=np.array(chosen, dtype=np.int64),
        team_rule=objects([team_rule_of(unit, path) for unit, path in zip(chosen, ids, strict=True)]),
    )


def objects(values: Sequence[object]) -> ObjectArray:
    """Values as an array of objects, shape (n,)."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _nearest(path: list[int], teams: Mapping[int, UUID]) -> int:
    """The nearest unit upwards that names a default team; `OUTSIDE` if none does."""
    return next((unit for unit in reversed(path) if unit in teams), OUTSIDE)


def team_rule_of(unit: int, path: list[int]) -> str:
    """By which rule the default team of a unit answers for the last unit of a path."""
    if unit == path[0]:
        return "default_of_root"
    return "default_of_unit" if unit == path[-1] else "default_of_parent"
