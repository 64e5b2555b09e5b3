"""Large loads of incidents: the straight way in, what is taken off and made again, and what else goes on meanwhile."""

import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg_pool import ConnectionPool

from geo import backup, db, incidents, jobs, lifecycle, load_incidents, reports, seal, weights, work
from geo.assign import Assigner
from geo.binary_copy import packed_uuids, pour, uuid_lists
from geo.cluster_process import newest_programs
from geo.db import EVERYTHING, Scope, begin
from geo.incident_text import NoKeyRing
from geo.keys import KeyRing, open_ring
from geo.load_order import LoadOrder, LoadReport
from geo.loads import load_file
from tests.city import furnish

Pool = ConnectionPool[db.Connection]
ROOT = Path(__file__).parents[2]
PHONE = "13800138000"
HANDLER = Scope("", "duty", role="dispatcher")
STORED = """
SELECT
  i.source_key, i.path, i.unit_id, i.located, i.category, i.channel, i.handling, i.state, i.priority, i.title,
  i.description, i.address, st_asewkb(i.geom) AS geom, i.accuracy_m, i.occurred_at, i.received_at, i.due_at,
  i.closed_at, i.team_id, i.synthetic, i.version, i.building_id, i.department_id, i.doubts,
  (i.load_id IS NULL) AS unloaded,
  (SELECT array_agg((e.number, e.path, e.kind, e.account, e.state, e.payload_version, e.payload)::text)
   FROM incident_event AS e WHERE e.incident_id = i.id) AS events,
  (SELECT array_agg((a.path, a.unit_id, a.owner_rule, a.candidates, a.shares, a.team_id, a.team_rule,
                     a.team_unit_id)::text)
   FROM assignment AS a WHERE a.incident_id = i.id) AS assignments,
  (SELECT array_agg((h.organisation, h.path, h.until)::text) FROM hand_over AS h WHERE h.incident_id = i.id) AS handed
FROM incident AS i WHERE i.source = %(source)s ORDER BY i.source_key
"""
SCHEMA = """
SELECT c.conrelid::regclass::text || ' ' || c.conname AS name, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint AS c WHERE c.connamespace = 'wangge'::regnamespace
UNION ALL
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) || i.indisvalid
FROM pg_index AS i INNER JOIN pg_class AS k ON i.indrelid = k.oid WHERE k.relnamespace = 'wangge'::regnamespace
UNION ALL
SELECT tgrelid::regclass::text || ' ' || tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
"""


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING) as conn:
        furnish(conn)
        # What happens in M1 is for a team of the other banner: it is handed over.
        conn.execute(
            """
            INSERT INTO default_team (unit_id, path, team_id, valid)
            SELECT u.unit_id, u.path, t.id, tstzrange('2020-01-01', NULL)
            FROM unit_version AS u CROSS JOIN team AS t WHERE u.code = 'M1' AND t.code = 'T2'
            """
        )
        conn.execute(
            """
            INSERT INTO building (code, path, geom, source)
            SELECT 'H1', path, st_multi(st_makeenvelope(122.015, 46.015, 122.016, 46.016, 4326)), 'test'
            FROM unit_version WHERE code = 'M4'
            """
        )
    return pool


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return open_ring(tmp_path / "keys", tmp_path / "state")


@pytest.fixture
def empty(city: Pool, database: str, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """No incidents, and few of them are a large load."""
    monkeypatch.setattr(weights, "LIGHTEN_FROM", 10)
    with psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge,public") as conn:
        conn.execute("TRUNCATE incident CASCADE")
    return city


def many(count: int = 400, **changes: Any) -> pd.DataFrame:
    """Some on every edge of the city, some outside, some closed, most fields missing now and then."""
    x, y = np.random.default_rng(3).uniform((121.999, 45.999), (122.021, 46.021), (1_000, 2)).T
    k = np.arange(count)
    occurred = pd.Timestamp("2025-03-01", tz="UTC") + pd.to_timedelta(k, unit="h")
    sometimes = k % 3 == 0
    frame = pd.DataFrame(
        {
            "source_key": [f"{one:06}" for one in k],
            "category": np.where(sometimes, "hazard.flue", "other"),
            "title": pd.Series(["路灯不亮", None, "单元门“损坏”, \\N \t"] * count).head(count),
            "description": [f"第{one}件\n“两行”" if one % 5 else None for one in k],
            "address": pd.Series([None] * count, dtype=object),
            "occurred_at": occurred,
            "closed_at": (occurred + pd.Timedelta("3h")).where(sometimes),
            "lon": np.where(k % 4 == 0, 122.01, x[:count]),
            "lat": np.where(k % 8 == 0, 46.01, y[:count]),
            "accuracy_m": np.where(sometimes, np.nan, 12.5 * (k % 20)),
            "building": pd.Series(["H1" if one % 11 == 0 else None for one in k], dtype=object),
        }
    )
    return frame.assign(**changes)


def load(pool: Pool, folder: Path, frame: pd.DataFrame, source: str = "s", **more: Any) -> LoadReport:
    path = folder / "incidents.parquet"
    frame.to_parquet(path)
    return load_file(pool, LoadOrder("incidents", path, crs="EPSG:4326", source=source), **more)


def counted(report: LoadReport) -> tuple[int, int, int, int]:
    return report.read, report.loaded, report.unchanged, report.kept


def rows(pool: Pool, query: Any, **params: object) -> list[db.Row]:
    with begin(pool, EVERYTHING) as conn:
        return db.rows(conn, query, **params)


def schema(pool: Pool) -> dict[str, str]:
    return {row["name"]: row["definition"] for row in rows(pool, SCHEMA)}


def standing(pool: Pool) -> tuple[int, ...]:
    tables = ("incident", "incident_event", "assignment", "assignment_run", "incident_original", "load")
    with begin(pool, EVERYTHING) as conn:
        return tuple(conn.execute(f"SELECT count(*) AS n FROM {table}").fetchone()["n"] for table in tables)  # pyright: ignore


def test_a_large_load_of_a_new_source_stores_what_a_small_one_stores(
    empty: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counted(load(empty, tmp_path, many(), "straight")) == (400, 400, 0, 0)
    monkeypatch.setattr(weights, "LIGHTEN_FROM", 1_000_000)
    assert counted(load(empty, tmp_path, many(), "staged")) == (400, 400, 0, 0)
    straight, staged = (rows(empty, STORED, source=source) for source in ("straight", "staged"))
    assert straight == staged
    assert {row["located"] for row in straight} == {"inside", "edge", "outside", "building"}
    assert {tuple(row["doubts"]) for row in straight} >= {(), ("accuracy",), ("far_from_building",), ("gcj02",)}
    assert rows(empty, "SELECT count(*) > 20 AS many FROM assignment WHERE shares IS NOT NULL") == [{"many": True}]
    assert rows(empty, "SELECT max(cardinality(candidates)) AS units FROM assignment") == [{"units": 4}]
    assert any(row["handed"] for row in straight)
    assert straight[3]["title"] == "路灯不亮"
    assert straight[2]["title"] == "单元门“损坏”, \\N \t".strip()


def test_loading_the_same_again_changes_nothing_and_a_changed_row_is_one_event(empty: Pool, tmp_path: Path) -> None:
    load(empty, tmp_path, many())
    assert counted(load(empty, tmp_path, many())) == (400, 0, 400, 0)
    more = many(900)
    more.loc[7, "title"] = "另一件"
    assert counted(load(empty, tmp_path, more)) == (900, 501, 399, 0)
    found = rows(empty, STORED, source="s")
    assert [row["version"] for row in found] == [2 if row == 7 else 1 for row in range(900)]
    assert [len(row["events"]) for row in found] == [row["version"] for row in found]


def test_indexes_keys_and_triggers_are_after_a_large_load_as_they_were_before(empty: Pool, tmp_path: Path) -> None:
    weights.finish(empty)
    before = schema(empty)
    load(empty, tmp_path, many())
    left = schema(empty)
    assert left.keys() == before.keys()
    changed = {name for name, definition in left.items() if definition != before[name]}
    assert changed, "the keys are to be proven yet, and nothing else is other than before"
    assert {left[name] for name in changed} == {f"{before[name]} NOT VALID" for name in changed}
    weights.finish(empty)
    assert schema(empty) == before
    assert not any("NOT VALID" in definition for definition in before.values())


def test_what_a_killed_process_left_is_made_by_the_next_load_and_the_worker(empty: Pool, tmp_path: Path) -> None:
    weights.finish(empty)
    before = schema(empty)
    with begin(empty, EVERYTHING) as conn, weights.lightened(conn, 20, uuid4()) as light:
        assert light.taken
    left = schema(empty)
    assert "incident_event incident_event_incident_id_fkey" in [n for n in left if left[n].endswith("NOT VALID")]
    assert sorted(before.keys() - left.keys()) == [
        "idx_incident_ambiguous", "idx_incident_geom", "idx_incident_path_occurred_at", "idx_incident_received_at_id"
    ]  # fmt: skip
    with pytest.raises(psycopg.errors.ForeignKeyViolation), begin(empty, EVERYTHING) as conn:
        conn.execute("INSERT INTO incident_event VALUES (gen_random_uuid(), 1, '1.', 'x', now(), 'x', 'x')")
    load(empty, tmp_path, many(1))
    assert sorted(before.keys() - schema(empty).keys()) == [], "the next load builds the indexes"
    assert weights.finish(empty) > 0
    assert schema(empty) == before
    assert weights.finish(empty) == 0


def test_the_worker_proves_the_keys_that_a_large_load_leaves(empty: Pool, tmp_path: Path) -> None:
    load(empty, tmp_path, many())
    assert any("NOT VALID" in definition for definition in schema(empty).values())
    told = work.finish_loads(jobs.Job(0, EVERYTHING, empty))
    assert not any("NOT VALID" in definition for definition in schema(empty).values()), told


def test_what_a_load_has_left_to_be_built_is_read_and_written_by_the_owner_alone(empty: Pool) -> None:
    with begin(empty, EVERYTHING) as conn, weights.lightened(conn, 20, uuid4()):
        pass
    assert rows(empty, "SELECT definition FROM owed_index") == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege), begin(empty, EVERYTHING) as conn:
        conn.execute("INSERT INTO owed_index VALUES ('DROP TABLE incident')")
    weights.finish(empty)


def test_a_large_load_is_noted_for_those_who_follow_as_a_small_one_is(
    empty: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = "SELECT unnest(ids) AS id FROM incident_change WHERE made_in = (SELECT max(made_in) FROM incident_change)"
    for kind, least in (("straight", 10), ("staged", 1_000_000)):
        monkeypatch.setattr(weights, "LIGHTEN_FROM", least)
        load(empty, tmp_path, many(), kind)
        made = rows(empty, "SELECT id FROM incident WHERE source = %(kind)s", kind=kind)
        assert {row["id"] for row in rows(empty, noted)} == {row["id"] for row in made}


def test_ids_are_noted_in_their_order_so_many_to_a_row(empty: Pool) -> None:
    ids = [uuid4() for _ in range(7)]
    packed = packed_uuids("".join(one.hex for one in ids).encode())
    with begin(empty, EVERYTHING) as conn:
        db.execute(conn, "CREATE TEMPORARY TABLE noted (ids uuid[])")
        pour(conn, "COPY noted FROM STDIN (FORMAT binary)", uuid_lists(packed, 3))
        pour(conn, "COPY noted FROM STDIN (FORMAT binary)", uuid_lists(packed.slice(5), 3))
        found = [row["ids"] for row in db.rows(conn, "SELECT ids FROM noted")]
    assert found == [ids[:3], ids[3:6], ids[6:], ids[5:]]


def test_nothing_is_handed_over_where_every_team_is_of_the_subtree(empty: Pool, tmp_path: Path) -> None:
    at_home = many(50, lon=np.linspace(122.012, 122.018, 50), lat=46.015, building=None, accuracy_m=np.nan)
    assert counted(load(empty, tmp_path, at_home)) == (50, 50, 0, 0)
    assert [row["handed"] for row in rows(empty, STORED, source="s")] == [None] * 50


def test_a_first_part_is_written_before_the_rest_and_nothing_is_lost_between(
    empty: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_incidents, "FIRST", 7)
    assert counted(load(empty, tmp_path, many())) == (400, 400, 0, 0)
    assert [row["source_key"] for row in rows(empty, STORED, source="s")] == many()["source_key"].tolist()


def test_a_load_that_fails_at_its_end_leaves_nothing_and_everything_in_place(empty: Pool, tmp_path: Path) -> None:
    before, stood = schema(empty), standing(empty)
    wrong = many(300, accuracy_m=1.0)

    def progress(read: int, _total: int | None) -> None:
        raise RuntimeError(read)

    with pytest.raises(RuntimeError):
        load(empty, tmp_path, wrong, progress=progress)
    assert (schema(empty), standing(empty)) == (before, stood)


def test_only_the_service_itself_may_take_indexes_off(empty: Pool) -> None:
    for scope in (Scope("", "boss", role="admin"), Scope("1.", "boss")):
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with refused, begin(empty, scope) as conn, weights.lightened(conn, 100, uuid4()):
            pass


def report_of(pool: Pool, title: str) -> UUID:
    with begin(pool, EVERYTHING) as conn:
        conn.execute("SET LOCAL lock_timeout = '2s'")  # in a large load it would fail instead of waiting for ever
        told = reports.Report("other", "snap", title, 122.005, 46.005, "EPSG:4326")
        return reports.report(conn, told, Assigner.load(conn)).id


def test_where_reports_come_in_a_load_blocks_none_of_them_and_loses_none(empty: Pool, tmp_path: Path) -> None:
    made = [report_of(empty, "之前")]
    load(empty, tmp_path, many(), progress=lambda _read, _total: made.append(report_of(empty, "其间")))
    assert len(made) == 2
    assert {row["id"] for row in rows(empty, "SELECT id FROM incident WHERE load_id IS NULL")} == set(made)
    assert len(rows(empty, STORED, source="s")) == 400


def test_a_load_does_not_wait_in_line_for_a_backup_that_reads(empty: Pool, tmp_path: Path) -> None:
    with begin(empty, EVERYTHING) as reader:
        reader.execute("SELECT count(*) FROM incident")
        assert counted(load(empty, tmp_path, many())) == (400, 400, 0, 0)
    assert len(rows(empty, STORED, source="s")) == 400


def test_a_backup_that_is_begun_in_a_load_waits_for_it_and_holds_all_of_it(
    empty: Pool, database: str, tmp_path: Path
) -> None:
    programs, file = newest_programs(), tmp_path / "saved"
    assert programs is not None
    with ThreadPoolExecutor(1) as other:

        def progress(_read: int, _total: int | None) -> None:
            saved.append(other.submit(backup.dump, database, file, programs, lambda _done: None, "wangge_owner"))
            time.sleep(1)  # it has begun by then, and waits

        saved: list[Future[int]] = []
        load(empty, tmp_path, many(), progress=progress)
        assert len(saved) == 1
        assert saved[0].result() > 0
    for table, rows_of in {"incident": 400, "incident_event": 400, "assignment": 400, "load": 1}.items():
        command = [programs / "pg_restore", "--data-only", "--schema=wangge", f"--table={table}", "--file=-", file]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        copied = told.partition("FROM stdin;\n")[2].partition("\n\\.")[0].splitlines()
        assert len([line for line in copied if "incidents.parquet" in line or table != "load"]) >= rows_of


@pytest.fixture(params=[10, 1_000_000], ids=["straight", "staged"])
def either(request: pytest.FixtureRequest, empty: Pool, monkeypatch: pytest.MonkeyPatch) -> Pool:
    monkeypatch.setattr(weights, "LIGHTEN_FROM", request.param)
    return empty


def opened(pool: Pool, ring: KeyRing, key: str) -> dict[str, str] | None:
    found = rows(pool, "SELECT id FROM incident WHERE source_key = %(key)s", key=key)
    try:
        with begin(pool, HANDLER) as conn:
            return seal.original(conn, ring, found[0]["id"])
    except seal.NothingSealed:
        return None


def test_a_number_in_a_text_is_masked_and_only_handlers_read_it(either: Pool, ring: KeyRing, tmp_path: Path) -> None:
    frame = many(50)
    frame.loc[4, ["title", "description"]] = [f"请打{PHONE}", "一楼"]
    frame.loc[9, "description"] = f"电话{PHONE}，{PHONE}"
    load(either, tmp_path, frame, ring=ring)
    found = rows(either, STORED, source="s")
    assert (found[4]["title"], found[4]["description"]) == ("请打[电话]", "一楼")
    assert found[9]["description"] == "电话[电话]，[电话]"
    assert PHONE not in str(found)
    assert opened(either, ring, "000004") == {"title": f"请打{PHONE}"}
    assert opened(either, ring, "000009") == {"description": f"电话{PHONE}，{PHONE}"}
    assert opened(either, ring, "000005") is None
    assert counted(load(either, tmp_path, frame, ring=ring)) == (50, 0, 50, 0)
    assert opened(either, ring, "000004") == {"title": f"请打{PHONE}"}


def test_a_changed_text_has_its_own_original_and_one_without_numbers_has_none(
    empty: Pool, ring: KeyRing, tmp_path: Path
) -> None:
    frame = many(50)
    frame.loc[[4, 9, 11], "title"] = f"请打{PHONE}"
    load(empty, tmp_path, frame, ring=ring)
    frame.loc[4, "title"] = f"速打{PHONE}"
    frame.loc[9, "title"] = "不用打"
    frame.loc[20, "title"] = f"也打{PHONE}"
    assert counted(load(empty, tmp_path, frame, ring=ring)) == (50, 3, 47, 0)
    kept = {key: opened(empty, ring, key) for key in ("000004", "000009", "000011", "000020")}
    assert kept == {
        "000004": {"title": f"速打{PHONE}"},
        "000009": None,
        "000011": {"title": f"请打{PHONE}"},
        "000020": {"title": f"也打{PHONE}"},
    }


def test_without_keys_a_file_with_numbers_is_refused_whole(either: Pool, tmp_path: Path) -> None:
    before, stood = schema(either), standing(either)
    with pytest.raises(NoKeyRing):
        load(either, tmp_path, many(30, description=f"请打{PHONE}"))
    assert (schema(either), standing(either)) == (before, stood)


def test_a_number_in_the_reason_of_a_change_is_masked(empty: Pool) -> None:
    made = report_of(empty, "路灯")
    with begin(empty, EVERYTHING) as conn:
        change = incidents.Change(lifecycle.State.REFUSED, reason=f"已电话告知{PHONE}")
        incidents.change_state(conn, made, change, 1)
        payload = incidents.history(conn, made)[-1].payload
    assert payload["reason"] == "已电话告知[电话]"


KILLED = """
import os, signal, sys
from pathlib import Path
from geo import db, incident_load, load_incidents, weights
from geo.load_order import LoadOrder
from geo.loads import load_file
dsn, file, moment = sys.argv[1:]
weights.LIGHTEN_FROM = 10
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
put = load_incidents.put
if moment == "before the first row":
    load_incidents.put = die
elif moment == "after rows":
    load_incidents.put = lambda *given: (put(*given), die())
elif moment == "before the indexes are built":
    import geo.loads
    geo.loads.build = die
with db.open_pool(dsn, 2) as pool:
    load_file(pool, LoadOrder("incidents", Path(file), crs="EPSG:4326", source="s"))
"""


@pytest.mark.full
@pytest.mark.parametrize(
    ("moment", "stands"), [("before the first row", 0), ("after rows", 0), ("before the indexes are built", 400)]
)
def test_a_load_that_is_killed_leaves_all_of_it_or_nothing_and_can_be_run_again(
    empty: Pool, database: str, tmp_path: Path, moment: str, stands: int
) -> None:
    weights.finish(empty)
    before = schema(empty)
    many().to_parquet(path := tmp_path / "incidents.parquet")
    done = subprocess.run([sys.executable, "-c", KILLED, database, str(path), moment], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(rows(empty, STORED, source="s")) == stands
    assert counted(load(empty, tmp_path, many())) == (400, 400 - stands, stands, 0)
    weights.finish(empty)
    assert schema(empty) == before
    found = rows(empty, STORED, source="s")
    assert {(len(row["events"]), len(row["assignments"])) for row in found} == {(1, 1)}


def test_the_planner_knows_how_few_incidents_are_doubtful(empty: Pool, database: str, tmp_path: Path) -> None:
    at_home = many(900, lon=np.linspace(122.012, 122.018, 900), lat=46.015, building=None, accuracy_m=np.nan)
    at_home.loc[7, "accuracy_m"] = 900.0
    load(empty, tmp_path, at_home)
    with psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge,public") as conn:
        conn.execute("ANALYZE incident")
    plan = rows(empty, "EXPLAIN SELECT id FROM incident WHERE (cardinality(doubts) > 0) = true")
    assert "rows=1 " in str(plan)


@pytest.mark.parametrize("sources", ["aa", "ab"])
def test_two_loads_at_once_come_one_after_the_other(either: Pool, tmp_path: Path, sources: str) -> None:
    folders = [tmp_path / "1", tmp_path / "2"]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as both:
        reports = list(both.map(lambda folder, source: load(either, folder, many(), source), folders, sources))
    new = 400 * len(set(sources))
    assert (sum(one.loaded for one in reports), sum(one.unchanged for one in reports)) == (new, 800 - new)
    assert rows(either, "SELECT count(*) AS stand FROM incident") == [{"stand": new}]
