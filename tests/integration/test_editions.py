"""Editions: what a process holds and answers by, before and from the instant of a change, as known then and later."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from geo import db, jobs, publication, units
from geo.assign import Assigner
from geo.db import EVERYTHING, INTAKE, begin
from geo.edition import key_of
from geo.editions import Editions
from geo.errors import BadCoordinate, WanggeError
from geo.replacement import replace_grids
from geo.sql_twin import SqlTwin
from tests.city import GRIDS, LONG_AGO, furnish, small_city
from tests.conftest import Server, copied

Pool = ConnectionPool[db.Connection]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING, LONG_AGO) as conn:
        furnish(conn)
    return pool


@pytest.fixture
def held(city: Pool, database: str) -> Editions:
    return Editions(database)


def test_an_edition_is_all_that_is_in_force(city: Pool, held: Editions) -> None:
    with begin(city, EVERYTHING) as conn:
        found = held.current(conn)
        expected = units.in_force(conn)
    assert found.units["path"].is_monotonic_increasing
    by_id = found.units.sort_values("unit_id")
    assert by_id["unit_id"].tolist() == expected["unit_id"].tolist()
    assert by_id["code"].tolist() == expected["code"].tolist()
    assert shapely.equals_identical(by_id.geometry.to_numpy(), expected.geometry.to_numpy()).all()
    assert found.base["code"].tolist() == list(GRIDS)
    x, y = np.array([122.005, 122.01, 130.0]), np.array([46.005, 46.01, 46.0])
    first = int(found.base["unit_id"].iloc[0])
    assert found.locate(x, y).tolist() == [first, first, -1]
    assert found.locate_overlay(x, y).tolist() == [-1, -1, -1]


def test_whoever_asks_gets_the_same_edition(city: Pool, held: Editions) -> None:
    with begin(city, INTAKE) as conn:
        first = held.current(conn)
    with begin(city, EVERYTHING) as conn:
        assert held.current(conn) is first


def test_a_file_brings_back_the_same_edition(city: Pool, database: str, tmp_path: Path) -> None:
    with begin(city, EVERYTHING) as conn:
        built = Editions(database, tmp_path).current(conn)
        (file,) = tmp_path.glob("*.edition")
        written = file.stat().st_ino
        mapped = Editions(database, tmp_path).current(conn)
    assert file.stat().st_ino == written, "a file is never written again"
    assert (mapped.key, mapped.digest) == (built.key, built.digest)
    assert mapped.units.equals(built.units)
    assert mapped.units.dtypes.tolist() == built.units.dtypes.tolist()
    x, y = np.random.default_rng(1).uniform([121.99, 45.99], [122.03, 46.03], (500, 2)).T
    assert np.array_equal(mapped.locate(x, y), built.locate(x, y))


@pytest.mark.parametrize("harm", ["cut", "change"])
def test_a_damaged_file_is_built_anew(city: Pool, database: str, tmp_path: Path, harm: str) -> None:
    with begin(city, EVERYTHING) as conn:
        Editions(database, tmp_path).current(conn)
        (file,) = tmp_path.glob("*.edition")
        whole = file.read_bytes()
        damaged = whole[:-100] if harm == "cut" else whole[:-200] + bytes(200)
        assert damaged != whole
        file.write_bytes(damaged)
        found = Editions(database, tmp_path).current(conn)
    assert found.locate([122.005], [46.005])[0] > 0
    assert file.read_bytes() == whole


def test_what_a_killed_builder_left_and_what_is_old_is_taken_away(city: Pool, database: str, tmp_path: Path) -> None:
    left = [tmp_path / "abc.editionxyz.part", *(tmp_path / f"{n}.v1.edition" for n in range(8))]
    for age, path in enumerate(left):
        path.write_bytes(b"")
        os.utime(path, (age, age))
    with begin(city, EVERYTHING) as conn:
        Editions(database, tmp_path).current(conn)
    assert not left[0].exists()
    assert len(list(tmp_path.glob("*.edition"))) == 6
    assert left[-1].exists()


def test_the_twin_answers_like_the_index_for_whoever_asks(city: Pool) -> None:
    corners = [(x, y) for x in (122.0, 122.01, 122.02) for y in (46.0, 46.01, 46.02)]
    points = np.array([*corners, (122.005, 46.01), (122.003, 46.004), (123.0, 46.0)])
    with begin(city, EVERYTHING) as conn:
        exact = Assigner.load(conn).assign(*points.T)
    with begin(city, INTAKE) as conn:
        key = key_of(conn)
        assert key
        twin = SqlTwin(conn, key).assign(*points.T)
    for name in ("unit_id", "path", "located", "owner_rule", "team_id", "team_unit_id", "team_rule"):
        assert getattr(twin, name).tolist() == getattr(exact, name).tolist(), name
    assert twin.candidates == exact.candidates
    with begin(city, INTAKE) as conn, pytest.raises(BadCoordinate, match="Row 1"):
        SqlTwin(conn, key).assign(np.array([122.0, np.nan]), np.array([46.0, 46.0]))


SOON = datetime.now(UTC) + timedelta(days=400)


@pytest.fixture
def own(server: Server, template: str) -> Generator[tuple[Pool, str]]:
    """A city of a test's own, in which banner B1 is drawn anew at `SOON`."""
    with copied(server, template) as name:
        dsn = make_conninfo(server.login, dbname=name)
        with db.open_pool(dsn, 4) as pool:
            with begin(pool, EVERYTHING, LONG_AGO) as conn:
                furnish(conn)
            yield pool, dsn


def redraw(pool: Pool, dsn: str, at: datetime) -> None:
    anew = gpd.GeoDataFrame(
        {"code": ["M5", "M2"], "name": ["微", "微"]},
        geometry=[shapely.box(122.0, 46.0, 122.004, 46.01), shapely.box(122.004, 46.0, 122.02, 46.01)],
        crs="EPSG:4326",
    )
    with begin(pool, EVERYTHING) as conn:
        replace_grids(conn, jobs.queue(dsn), "B1", anew, at, system="test")


def owner(pool: Pool, held: Editions, at: datetime) -> tuple[str, str]:
    """The code of who answers for a point that goes from M2 to M5, and what answered."""
    with begin(pool, INTAKE, at) as conn:
        answering = held.assigner(conn)
        unit = int(answering.assign(np.array([122.002]), np.array([46.005])).unit_id[0])
    with begin(pool, EVERYTHING) as conn:
        code = db.one(conn, "SELECT code FROM issued_code WHERE unit_id = %(unit)s", unit=unit)["code"]
    return code, type(answering).__name__


def test_from_the_instant_on_all_answer_by_the_next_edition_and_before_it_none(own: tuple[Pool, str]) -> None:
    """One process looked ahead, one never did: both answer alike at each instant, the second by SQL at first."""
    pool, dsn = own
    ahead, late = Editions(dsn), Editions(dsn)
    late.look()
    redraw(pool, dsn, SOON)
    ahead.look()
    moment = timedelta(microseconds=1)
    for at, expected in [(SOON - moment, "M1"), (SOON, "M5"), (SOON - moment, "M1"), (SOON + moment, "M5")]:
        assert owner(pool, ahead, at) == (expected, "Assigner")
        assert owner(pool, late, at)[0] == expected
    fresh = Editions(dsn)
    assert owner(pool, fresh, SOON) == ("M5", "SqlTwin")
    with begin(pool, EVERYTHING, SOON) as conn:
        fresh.current(conn)
    assert owner(pool, fresh, SOON) == ("M5", "Assigner")


def test_what_needs_no_database_goes_by_the_corrected_clock(own: tuple[Pool, str]) -> None:
    pool, dsn = own
    redraw(pool, dsn, SOON)
    moved = timedelta(hours=5)
    asked = [datetime.now(UTC)]
    wrong = Editions(dsn, clock=lambda: datetime.now(UTC) + moved)
    assert wrong.at_hand() is None
    wrong.look()
    assert abs(wrong.off + moved) < timedelta(milliseconds=50)
    assert abs(wrong.now() - datetime.now(UTC)) < timedelta(milliseconds=50)
    frozen = Editions(dsn, clock=lambda: asked[0])
    frozen.look()
    for at, expected in [(SOON - timedelta(seconds=1), False), (SOON + timedelta(seconds=1), True)]:
        asked[0] = at - frozen.off
        found = frozen.at_hand()
        assert found is not None
        assert ("M5" in set(found.units["code"])) == expected


def test_what_only_this_transaction_sees_is_answered_and_not_held(own: tuple[Pool, str]) -> None:
    pool, dsn = own
    held = Editions(dsn)
    with begin(pool, EVERYTHING) as conn, conn.transaction(force_rollback=True):
        frame = small_city().assign(name="另名")
        publication.publish(conn, frame, LONG_AGO + timedelta(days=1), system="test")
        assert set(held.current(conn).units["name"]) == {"另名"}
    with begin(pool, EVERYTHING) as conn:
        assert "另名" not in set(held.current(conn).units["name"])


def test_no_more_than_four_are_held_and_those_in_force_and_next_stay(own: tuple[Pool, str]) -> None:
    pool, dsn = own
    redraw(pool, dsn, SOON)
    held = Editions(dsn)
    held.look()
    with begin(pool, EVERYTHING) as conn:
        first = held.current(conn)
        team = db.one(conn, "SELECT unit_id, team_id, path FROM default_team LIMIT 1")
        for day in range(1, 7):
            conn.execute(
                "INSERT INTO default_team (unit_id, path, category, team_id, valid) VALUES (%s, %s, 'other', %s, "
                "tstzrange(%s, %s))",
                [team["unit_id"], team["path"], team["team_id"], *(LONG_AGO + timedelta(days=day + n) for n in (0, 1))],
            )
    with begin(pool, EVERYTHING) as conn:
        seen = {held.as_of(conn, LONG_AGO + timedelta(days=day, hours=1)).key for day in range(1, 7)}
        assert len(seen) == 6
        held.look()
        assert held.current(conn).digest == first.digest
        with begin(pool, EVERYTHING, SOON) as later:
            assert held.ready(later) is not None


def test_a_default_team_changes_at_its_instant(own: tuple[Pool, str]) -> None:
    pool, dsn = own
    held, soon = Editions(dsn), datetime.now(UTC) + timedelta(minutes=10)
    with begin(pool, EVERYTHING) as conn:
        conn.execute(
            "UPDATE default_team SET valid = tstzrange(lower(valid), %s) "
            "WHERE unit_id = (SELECT unit_id FROM unit_version WHERE code = 'B2')",
            [soon],
        )
    for at, rule in [(soon - timedelta(seconds=1), "default_of_parent"), (soon, "default_of_root")]:
        with begin(pool, EVERYTHING, at) as conn:
            held.current(conn)
            found = held.assigner(conn).assign(np.array([122.005]), np.array([46.015]))
        assert found.team_rule.tolist() == [rule]


STEP = st.tuples(st.sampled_from(["M1", "M2", "B2"]), st.integers(0, 3), st.integers(-2, 3))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=6))
def test_an_edition_is_what_a_plain_model_of_two_clocks_has(own: tuple[Pool, str], steps: list[Any]) -> None:
    """Names set at one instant with effect from another, before, at or after it; later ones may be refused."""
    pool, dsn = own
    with begin(pool, EVERYTHING) as conn:
        start = max(edition for edition in key_of(conn, SOON, SOON) or ()) + timedelta(days=10)
    told: list[tuple[datetime, datetime, str, str]] = []
    now = start
    for number, (code, wait, ahead) in enumerate(steps):
        now += timedelta(days=wait + 1)
        at, name = now + timedelta(days=ahead), f"{start.isoformat()} {number}"
        chosen = small_city().loc[lambda frame, code=code: frame["code"] == code].assign(name=name)
        try:
            with begin(pool, EVERYTHING, now) as conn:
                publication.publish(conn, chosen, at, system="test")
        except publication.PendingEdition:
            assert any(other > at for _, other, _, _ in told)
            continue
        told.append((now, at, code, name))
    held, second = Editions(dsn), timedelta(seconds=1)
    knowns = {instant + d for instant, _, _, _ in told for d in (-second, timedelta(0))}
    valids = {instant + d for _, instant, _, _ in told for d in (-second, timedelta(0))}
    with begin(pool, EVERYTHING, now) as conn:
        for known in knowns:
            for valid in valids:
                names = dict(held.as_of(conn, valid, known).units[["code", "name"]].to_numpy())
                for code in ("M1", "M2", "B2"):
                    heard = [row for row in told if row[2] == code and row[0] <= known and row[1] <= valid]
                    assert not heard or names[code] == max(heard)[3]


# Another process: answers as often as it is told an instant, by what it holds.
ANSWERS = """
import sys
from datetime import datetime
from pathlib import Path
from geo import db
from geo.editions import Editions

held = Editions(sys.argv[1], Path(sys.argv[2]))
with db.open_pool(sys.argv[1], 1) as pool:
    for line in sys.stdin:
        with db.begin(pool, db.EVERYTHING, datetime.fromisoformat(line.strip())) as conn:
            found = held.current(conn)
            print(found.units.set_index("unit_id").at[int(found.locate([122.002], [46.005])[0]), "code"], flush=True)
"""


def test_two_processes_share_the_files_and_change_at_the_same_instant(own: tuple[Pool, str], tmp_path: Path) -> None:
    pool, dsn = own
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ANSWERS, dsn, str(tmp_path)], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True
        )
        for _ in range(2)
    ]

    def ask(at: datetime) -> list[str]:
        for process in both:
            assert process.stdin
            process.stdin.write(f"{at.isoformat()}\n")
            process.stdin.flush()
        return [process.stdout.readline().strip() for process in both if process.stdout]

    try:
        assert ask(SOON) == ["M1", "M1"]
        redraw(pool, dsn, SOON)
        assert ask(SOON - timedelta(microseconds=1)) == ["M1", "M1"]
        assert ask(SOON) == ["M5", "M5"]
        assert ask(SOON - timedelta(seconds=1)) == ["M1", "M1"]
        assert len(list(tmp_path.glob("*.edition"))) == 2, "one builder a file, and nothing left behind"
        assert not list(tmp_path.glob("*.part"))
    finally:
        for process in both:
            process.kill()
            process.communicate()


def test_two_redraws_of_one_community_at_once_are_one_redraw(own: tuple[Pool, str]) -> None:
    pool, dsn = own
    outcomes: list[object] = []

    def attempt() -> None:
        try:
            redraw(pool, dsn, SOON)
            outcomes.append("published")
        except WanggeError as refused:
            outcomes.append(type(refused))

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert "published" in outcomes
    assert set(outcomes) - {"published"} <= {publication.PublishedMeanwhile, publication.RetiredCode}
    with begin(pool, EVERYTHING, SOON) as conn:
        leaves = units.in_force(conn, leaves=True)
        asked = "SELECT count(*) AS n FROM jobs.procrastinate_jobs WHERE scheduled_at = %(at)s"
        jobs_there = db.one(conn, asked, at=SOON)
    assert leaves["code"].is_unique
    assert shapely.coverage_is_valid(leaves.geometry.to_numpy())
    assert jobs_there["n"] == outcomes.count("published")
