"""Who answers for a point, asked of the database: exact like the index, a thousand times slower, and always there."""

from collections import defaultdict

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import accuracy, assign
from geo.accuracy import Bands, Outlines
from geo.assign import Answers, FloatArray, IntArray, NoDefaultTeam, NoUnits, Owners, objects, team_rule_of
from geo.db import Connection, Row, first, rows, statements
from geo.edition import Key
from geo.errors import BadCoordinate
from geo.units import path_ids

SQL = statements("assign")


class SqlTwin:
    """
    Answers by an edition that is not in memory, inside one transaction.

    Parameters
    ----------
    conn
        A transaction from `db.begin`, of any scope.
    key
        Of the edition.
    """

    def __init__(self, conn: Connection, key: Key) -> None:
        self._conn = conn
        self.key = key

    def assign(self, lon: FloatArray, lat: FloatArray) -> Owners:
        """
        Who answers for each point; as `Assigner.assign`.

        Raises
        ------
        BadCoordinate
            One is not finite; the row is named.
        NoUnits, NoDefaultTeam
            Nobody can answer.
        """
        touched = self.touched(lon, lat)
        root = self.root()
        own = [touched[i][0] if i in touched else root for i in range(len(lon))]
        teams = {path: self._team(path) for path in {row["path"] for row in own}}
        how = np.array([min(len(touched.get(i, ())), assign.EDGE) for i in range(len(lon))], dtype=np.int64)
        owners = Owners(
            unit_id=np.array([row["unit_id"] for row in own], dtype=np.int64),
            path=objects([row["path"] for row in own]),
            located=assign.LOCATED[how],
            owner_rule=assign.OWNER_RULE[how],
            team_id=objects([teams[row["path"]]["team_id"] for row in own]),
            team_unit_id=np.array([teams[row["path"]]["unit_id"] for row in own], dtype=np.int64),
            team_rule=objects([teams[row["path"]]["team_rule"] for row in own]),
            candidates={i: [row["unit_id"] for row in found] for i, found in touched.items() if len(found) > 1},
        )
        return self._handled(owners, lon, lat)

    def bands(self, lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> Bands:
        """In which units each disc lies, of those that lie in several; as `Assigner.bands`."""
        asked = np.flatnonzero(radius_m > 0)
        around = accuracy.boxes(lon[asked], lat[asked], radius_m[asked])
        edges = dict(zip(("west", "south", "east", "north"), (side.tolist() for side in around), strict=True))
        found = rows(self._conn, SQL["near"], **edges, **self.key._asdict()) if asked.size else []
        areas = shapely.from_wkb(np.array([row["area"] for row in found], dtype=object))
        made = accuracy.bands(lon[asked], lat[asked], radius_m[asked], Outlines.of(areas))
        ids = np.array([*(row["unit_id"] for row in found), self.root()["unit_id"]], dtype=np.int64)
        return Bands(asked[made.point], ids[made.slot], made.share)

    def settle(self, owners: Owners, chosen: IntArray) -> tuple[Owners, NDArray[np.bool_]]:
        """With the units that were chosen for some of the points; as `Assigner.settle`."""
        found = {
            row["unit_id"]: row for row in rows(self._conn, SQL["chosen"], ids=chosen.tolist(), **self.key._asdict())
        }
        if (root := self.root())["unit_id"] in chosen:
            found[root["unit_id"]] = root
        at = np.array([place for place, unit in enumerate(chosen.tolist()) if unit in found], dtype=np.int64)
        teams = {unit: self._team(row["path"]) for unit, row in found.items()}
        own = [found[unit] | teams[unit] | {"unit_id": unit} for unit in chosen[at].tolist()]
        return assign.settled(
            owners,
            at,
            Answers(
                unit_id=chosen[at],
                path=objects([row["path"] for row in own]),
                team_id=objects([row["team_id"] for row in own]),
                team_unit_id=np.array([teams[unit]["unit_id"] for unit in chosen[at].tolist()], dtype=np.int64),
                team_rule=objects([row["team_rule"] for row in own]),
            ),
        )

    def _handled(self, owners: Owners, lon: FloatArray, lat: FloatArray) -> Owners:
        """The owners, with the teams of overlays where these name one."""
        lowest = {
            row["position"]: row["path"]
            for row in reversed(
                rows(self._conn, SQL["overlays"], lon=lon.tolist(), lat=lat.tolist(), **self.key._asdict())
            )
        }
        teams = {path: self._named(path) for path in set(lowest.values())}
        handling = {place: team for place, path in lowest.items() if (team := teams[path]) is not None}
        return assign.handled(
            owners,
            np.array(list(handling), dtype=np.int64),
            objects([team["team_id"] for team in handling.values()]),
            np.array([team["unit_id"] for team in handling.values()], dtype=np.int64),
        )

    def touched(self, lon: FloatArray, lat: FloatArray) -> dict[int, list[Row]]:
        """The base micro-grids that each point touches, ascending by id, by the position of the point."""
        _require_finite(lon, lat)
        found: defaultdict[int, list[Row]] = defaultdict(list)
        for row in rows(self._conn, SQL["touched"], lon=lon.tolist(), lat=lat.tolist(), **self.key._asdict()):
            found[row["position"]].append(row)
        return dict(found)

    def root(self) -> Row:
        """The unit that keeps what lies outside of every micro-grid: the oldest root."""
        root = first(self._conn, SQL["root"], at=self.key.valid, known=self.key.recorded)
        if root is None:
            raise NoUnits
        return root

    def _named(self, path: str) -> Row | None:
        """The team that a unit or the nearest above it names."""
        return first(self._conn, SQL["answering_team"], ids=path_ids(path), at=self.key.valid)

    def _team(self, path: str) -> Row:
        ids = path_ids(path)
        team = self._named(path)
        if team is None:
            raise NoDefaultTeam(f"Unit {ids[0]}.")
        return team | {"team_rule": team_rule_of(team["unit_id"], ids)}


def _require_finite(lon: FloatArray, lat: FloatArray) -> None:
    bad = np.flatnonzero(~(np.isfinite(lon) & np.isfinite(lat)))
    if bad.size:
        raise BadCoordinate(f"Row {bad[0]}: ({lon[bad[0]]}, {lat[bad[0]]}).")
