"""Who answers for a point, asked of the database: exact like the index, a thousand times slower, and always there."""

from collections import defaultdict

import numpy as np

from geo import assign
from geo.assign import FloatArray, NoDefaultTeam, NoUnits, Owners, team_rule_of
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
        teams = {row["path"]: self._team(row["path"]) for row in own}
        how = np.array([min(len(touched.get(i, ())), assign.EDGE) for i in range(len(lon))], dtype=np.int64)
        return Owners(
            unit_id=np.array([row["unit_id"] for row in own], dtype=np.int64),
            path=_objects([row["path"] for row in own]),
            located=assign.LOCATED[how],
            owner_rule=assign.OWNER_RULE[how],
            team_id=_objects([teams[row["path"]]["team_id"] for row in own]),
            team_unit_id=np.array([teams[row["path"]]["unit_id"] for row in own], dtype=np.int64),
            team_rule=_objects([teams[row["path"]]["team_rule"] for row in own]),
            candidates={i: [row["unit_id"] for row in found] for i, found in touched.items() if len(found) > 1},
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

    def _team(self, path: str) -> Row:
        ids = path_ids(path)
        team = first(self._conn, SQL["answering_team"], ids=ids, at=self.key.valid)
        if team is None:
            raise NoDefaultTeam(f"Unit {ids[0]}.")
        return team | {"team_rule": team_rule_of(team["unit_id"], ids)}


def _objects(values: list[object]) -> assign.ObjectArray:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _require_finite(lon: FloatArray, lat: FloatArray) -> None:
    bad = np.flatnonzero(~(np.isfinite(lon) & np.isfinite(lat)))
    if bad.size:
        raise BadCoordinate(f"Row {bad[0]}: ({lon[bad[0]]}, {lat[bad[0]]}).")
