"""History under other boundaries: beside the incidents, to the same answer each time, seen as the incidents are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner

from api.cli import program
from geo import db, edition, publication, recut
from geo.assign import Assigner
from geo.db import EVERYTHING, begin, rows
from geo.errors import BadFile, BadGeometry, UndeclaredCrs
from geo.incident_load import put_incidents
from geo.paging import BadCursor
from geo.recut import Boundaries, OverlappingAreas, RecutNotFound
from geo.settings import settings
from tests.city import LONG_AGO, furnish, small_city

Pool = ConnectionPool[db.Connection]
SOON = datetime.now(UTC) + timedelta(days=30)
# One in the middle of each micro-grid, two on edges, one outside.
PLACES = {
    "m1": (122.002, 46.008), "m2": (122.015, 46.005), "m3": (122.005, 46.015), "m4": (122.015, 46.015),
    "m1m2": (122.01, 46.005), "all": (122.01, 46.01), "out": (122.5, 46.5),
}  # fmt: skip


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    """Seven incidents, and a redraw to come: M1 gives the half beyond its diagonal to a new M5."""
    with begin(pool, EVERYTHING) as conn:
        furnish(conn)
        frame = pd.DataFrame({"source_key": list(PLACES), "source": "test", "category": "other"})
        frame["occurred_at"] = LONG_AGO
        frame["lon"], frame["lat"] = np.array(list(PLACES.values())).T
        put_incidents(conn, frame, Assigner.load(conn), None)
    redrawn = small_city().set_index("code", drop=False)
    redrawn.loc["M1", "geometry"] = shapely.Polygon([(122, 46), (122.01, 46), (122.01, 46.01)])
    new = redrawn.loc[["M1"]].assign(code="M5", name="新网格")
    new["geometry"] = shapely.polygons([[(122, 46), (122.01, 46.01), (122, 46.01)]])
    with begin(pool, EVERYTHING) as conn:
        publication.publish(conn, pd.concat([redrawn, new]).reset_index(drop=True), SOON, system="test")
    return pool


def as_of(conn: db.Connection, at: datetime | None = None) -> Boundaries:
    key = edition.key_of(conn, at)
    assert key is not None
    return Boundaries.of_edition(edition.read(conn, key, edition.digest_of(conn, key)))


def cut(pool: Pool, at: datetime | None = None) -> int:
    with begin(pool, EVERYTHING) as conn:
        return recut.recut(conn, as_of(conn, at))


def owners(pool: Pool, run: int) -> dict[str, tuple[Any, ...]]:
    with begin(pool, EVERYTHING) as conn:
        found = rows(
            conn,
            """
            SELECT i.source_key, u.code, r.located, r.moved
            FROM recut_incident AS r INNER JOIN incident AS i ON r.incident_id = i.id
            LEFT JOIN recut_unit AS u ON r.recut_id = u.recut_id AND r.number = u.number
            WHERE r.recut_id = %(run)s
            """,
            run=run,
        )
    return {row["source_key"]: (row["code"], row["located"], row["moved"]) for row in found}


def incidents(pool: Pool) -> list[db.Row]:
    with begin(pool, EVERYTHING) as conn:
        return rows(conn, "SELECT i.*, i.xmin::text AS written FROM incident AS i ORDER BY id")


def squares(folder: Path, name: str = "halves.geojson", **columns: Any) -> Path:
    """The city as a western and an eastern half."""
    halves = shapely.box([122, 122.01], 46, [122.01, 122.02], 46.02)
    frame = gpd.GeoDataFrame({"code": ["W", "E"], "name": ["西", "东"]} | columns, geometry=halves, crs=4326)
    frame.to_file(folder / name)
    return folder / name


def test_the_edition_in_force_gives_every_incident_the_unit_that_it_has(city: Pool) -> None:
    assert owners(city, cut(city)) == {
        "m1": ("M1", "inside", False), "m2": ("M2", "inside", False), "m3": ("M3", "inside", False),
        "m4": ("M4", "inside", False), "m1m2": ("M1", "edge", False), "all": ("M1", "edge", False),
        "out": (None, "outside", True),  # the root answers for it, and no micro-grid owns it
    }  # fmt: skip


def test_an_edition_to_come_moves_what_it_will_move_and_touches_no_incident(city: Pool) -> None:
    before = incidents(city)
    found = owners(city, run := cut(city, SOON))
    assert incidents(city) == before
    assert {key: row[0] for key, row in found.items() if row[2]} == {"m1": "M5", "out": None}
    with begin(city, EVERYTHING) as conn:
        totals = recut.read(conn, run)
        units = {unit.code: (unit.before, unit.after) for unit in recut.counts(conn, run).items}
    assert (totals.incidents, totals.moved, totals.outside) == (7, 2, 1)
    assert (totals.edition_valid, totals.kind) == (SOON, "edition")
    assert units == {"L": (1, 0), "M1": (3, 2), "M2": (1, 1), "M3": (1, 1), "M4": (1, 1), "M5": (0, 1)}


def test_a_re_cut_made_again_gives_the_same_answer_under_the_same_digest(city: Pool) -> None:
    first, second = cut(city, SOON), cut(city, SOON)
    assert owners(city, first) == owners(city, second)
    with begin(city, EVERYTHING) as conn:
        assert recut.read(conn, first).digest == recut.read(conn, second).digest != recut.read(conn, cut(city)).digest


def test_the_areas_of_a_file_are_cut_to_by_their_codes(city: Pool, tmp_path: Path) -> None:
    with begin(city, EVERYTHING) as conn:
        run = recut.recut(conn, Boundaries.of_file(squares(tmp_path)))
        units = [(unit.code, unit.name, unit.before, unit.after) for unit in recut.counts(conn, run).items]
    assert [unit for unit in units if unit[0] in "WE"] == [("E", "东", 0, 2), ("W", "西", 0, 4)]
    assert sum(unit[2] for unit in units) == 7
    assert owners(city, run)["all"] == ("W", "edge", True)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_counts_come_in_pages_and_every_unit_once(city: Pool, limit: int) -> None:
    run, codes, cursor = cut(city, SOON), [], None
    with begin(city, EVERYTHING) as conn:
        while True:
            page = recut.counts(conn, run, cursor=cursor, limit=limit)
            codes += [unit.code for unit in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert codes == ["L", "M1", "M2", "M3", "M4", "M5"]
        for wrong in ("e30", "WyJhXHUwMDAwIiwgIjEiXQ", "WyJhIiwgIi0xIl0", "WyJhIiwgIsKyIl0"):
            with pytest.raises(BadCursor):
                recut.counts(conn, run, cursor=wrong)


def test_a_session_sees_the_answers_of_the_incidents_that_it_sees(city: Pool) -> None:
    run = cut(city)
    with begin(city, EVERYTHING) as conn:
        paths = {row["code"]: row["path"] for row in rows(conn, "SELECT code, path FROM unit_version WHERE derived")}
    seen = {}
    for scope in (db.Scope(paths["B1"], "a", role="planner"), db.Scope(paths["L"], "a", role="dispatcher"), db.PUBLIC):
        with begin(city, scope) as conn:
            if scope is db.PUBLIC:
                with pytest.raises(RecutNotFound):
                    recut.read(conn, run)
            else:
                seen[scope.role] = recut.read(conn, run).incidents
            assert rows(conn, "DELETE FROM recut_incident RETURNING recut_id") == []
            assert rows(conn, "DELETE FROM recut RETURNING id") == []
    assert seen == {"planner": 4, "dispatcher": 7}
    assert len(owners(city, run)) == 7


def test_a_re_cut_is_deleted_with_all_its_rows(city: Pool) -> None:
    kept, run = cut(city), cut(city)
    with begin(city, EVERYTHING) as conn:
        recut.delete(conn, run)
        for table in ("recut_unit", "recut_incident"):
            assert {row["recut_id"] for row in rows(conn, f"SELECT recut_id FROM {table}")} >= {kept} - {run}  # type: ignore[arg-type]
        for forgotten in (recut.read, recut.delete):
            with pytest.raises(RecutNotFound):
                forgotten(conn, run)
    assert owners(city, run) == {}


def test_areas_that_cannot_own_a_point_once_are_refused_by_name(tmp_path: Path) -> None:
    crossed = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    boxes = shapely.box([0, 0.5], 0, [1, 2], 1)
    cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (OverlappingAreas, "W and E", {"geometry": boxes}),
        (BadGeometry, "Row 1", {"geometry": [boxes[0], crossed]}),
        (BadGeometry, "Row 1", {"geometry": [boxes[0], None]}),
        (BadGeometry, "Row 0", {"geometry": [shapely.Point(0, 0), boxes[1]]}),
        (BadFile, "row 2 has a code that is taken", {"geometry": boxes, "code": ["W", "W"]}),
        (BadFile, "row 1 has no code", {"geometry": boxes, "code": [None, "W"]}),
        (UndeclaredCrs, "not declared", {"geometry": boxes, "crs": None}),
    ]
    for number, (error, said, given) in enumerate(cases):
        crs = given.pop("crs", 4326)
        frame = gpd.GeoDataFrame({"code": ["W", "E"]} | given, crs=crs)
        frame.to_parquet(path := tmp_path / f"{number}.parquet")
        with pytest.raises(error, match=said):
            Boundaries.of_file(path)
    pd.DataFrame({"code": ["a"]}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(BadFile, match="no areas"):
        Boundaries.of_file(tmp_path / "a.csv")


def test_the_commands_cut_show_list_and_delete(
    city: Pool, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_DSN", database)
    monkeypatch.setenv("WANGGE_STATE_DIR", str(tmp_path))
    settings.cache_clear()

    def run(*words: str) -> str:
        done = CliRunner().invoke(program.app, ["recut", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "7 incidents, 2 in another unit, 1 outside" in run("edition", "--at", SOON.isoformat())
    number = run("file", str(squares(tmp_path, "ours.geojson"))).split("：")[0].split()[-1]
    assert "ours.geojson" in run("list")
    assert "+4" in run("show", number, "--out", str(tmp_path / "counts.csv"))
    assert pd.read_csv(tmp_path / "counts.csv")["before"].sum() == 7
    assert "is deleted" in run("delete", number)
    assert "ours.geojson" not in run("list")
    settings.cache_clear()
