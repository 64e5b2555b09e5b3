import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from typer.testing import CliRunner, Result

from api.cli import db as commands
from geo import backup
from geo.cluster import Cluster
from geo.cluster_process import newest_programs
from geo.errors import BadFile, Conflict
from geo.settings import settings

OWNER = "-c role=wangge_owner"
MARKED = "SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry,geometry)'::regprocedure"


def programs() -> Path:
    found = settings().postgres_bin or newest_programs()
    assert found is not None
    return found


def count(dsn: str) -> int:
    with psycopg.connect(dsn, options=OWNER) as conn:
        row = conn.execute("SELECT count(*) FROM wangge.place").fetchone()
    assert row is not None
    return row[0]


def databases(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as conn:
        return {name for (name,) in conn.execute("SELECT datname FROM pg_database")}


@pytest.fixture(scope="module")
def cluster(module_state_dir: Path) -> Cluster:
    """A cluster of this module's own, for a restore renames databases."""
    own = Cluster(module_state_dir, settings().postgres_bin, settings().postgres_account, durable=False)
    own.start()
    return own


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    with psycopg.connect(cluster.dsn(), options=OWNER) as conn:
        conn.execute("DROP TABLE IF EXISTS wangge.place")
        conn.execute("CREATE TABLE wangge.place (id int PRIMARY KEY, geom geometry(Point, 4326))")
        conn.execute("INSERT INTO wangge.place SELECT n, ST_Point(n / 10.0, 46, 4326) FROM generate_series(1, 1000) n")
        conn.execute("ALTER TABLE wangge.place ENABLE ROW LEVEL SECURITY")
        conn.execute("CREATE POLICY few ON wangge.place USING (id <= 10)")
        conn.execute("GRANT SELECT ON wangge.place TO wangge_app; GRANT USAGE ON SCHEMA wangge TO wangge_app")
    return cluster


@pytest.fixture
def saved(filled: Cluster, tmp_path: Path) -> Path:
    file = tmp_path / "league.backup"
    backup.dump(filled.superuser_dsn(), file, programs(), lambda done: None)
    return file


def empty_the_table(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), options=OWNER) as conn:
        conn.execute("DELETE FROM wangge.place")


def test_a_restore_brings_back_the_rows_the_policies_and_the_leakproof_mark(filled: Cluster, saved: Path) -> None:
    empty_the_table(filled)
    backup.restore(filled.superuser_dsn(), saved, programs())
    assert count(filled.dsn()) == 1000
    with psycopg.connect(filled.dsn()) as conn:
        assert conn.execute(MARKED).fetchone() == (True,)
        conn.execute("SET ROLE wangge_app")
        assert conn.execute("SELECT count(*) FROM wangge.place").fetchone() == (10,)
        conn.execute("CREATE TEMPORARY TABLE staging (n int)")
    assert databases(filled.dsn()) == {"wangge", "postgres", "template0", "template1"}


def test_a_restore_ends_sessions_that_keep_coming_back(filled: Cluster, saved: Path) -> None:
    over, seen = threading.Event(), []

    def insist() -> None:
        while not over.is_set():
            with suppress(psycopg.OperationalError), closing(psycopg.connect(filled.dsn())) as conn:
                seen.append(conn.info.backend_pid)
                conn.execute("SELECT pg_sleep(0.2)")

    clients = [threading.Thread(target=insist) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        empty_the_table(filled)
        backup.restore(filled.superuser_dsn(), saved, programs())
    finally:
        over.set()
        for client in clients:
            client.join()
    assert count(filled.dsn()) == 1000
    assert len(seen) > 3


def test_a_restore_that_fails_half_way_leaves_the_data_as_they_were(filled: Cluster, saved: Path) -> None:
    cut = saved.with_name("cut.backup")
    cut.write_bytes(saved.read_bytes()[:-200])
    before = databases(filled.dsn())
    with pytest.raises(backup.BackupFailed):
        backup.restore(filled.superuser_dsn(), cut, programs())
    assert count(filled.dsn()) == 1000
    assert databases(filled.dsn()) == before


def test_what_a_killed_restore_left_does_not_hinder_the_next(filled: Cluster, saved: Path) -> None:
    with psycopg.connect(filled.superuser_dsn(), autocommit=True) as conn:
        conn.execute("CREATE DATABASE wangge_restore")
    backup.restore(filled.superuser_dsn(), saved, programs())
    assert "wangge_restore" not in databases(filled.dsn())


def test_a_file_that_is_no_backup_is_refused(filled: Cluster, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("not a backup")
    with pytest.raises(BadFile, match=r"letter\.txt"):
        backup.restore(filled.superuser_dsn(), tmp_path / "letter.txt", programs())


def test_a_backup_never_overwrites(filled: Cluster, saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(Conflict, match="never overwrites"):
        backup.dump(filled.superuser_dsn(), saved, programs(), lambda done: None)
    assert saved.read_bytes() == before


def test_a_backup_that_fails_leaves_no_file(filled: Cluster, tmp_path: Path) -> None:
    lost = make_conninfo(filled.superuser_dsn(), dbname="nowhere")
    with pytest.raises(backup.BackupFailed, match='database "nowhere" does not exist'):
        backup.dump(lost, tmp_path / "lost.backup", programs(), lambda done: None)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_readable_by_its_owner_alone(saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600


def test_the_login_role_s_backup_holds_what_row_security_hides(filled: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "managed.backup"
    backup.dump(filled.dsn(), file, programs(), lambda done: None, role="wangge_owner")
    empty_the_table(filled)
    backup.restore(filled.superuser_dsn(), file, programs())
    assert count(filled.dsn()) == 1000


def test_a_fresh_database_is_empty_and_a_filled_one_is_not(filled: Cluster) -> None:
    assert backup.is_empty(make_conninfo(filled.superuser_dsn(), dbname="postgres"))
    assert not backup.is_empty(filled.superuser_dsn())


@pytest.fixture
def embedded(filled: Cluster, monkeypatch: pytest.MonkeyPatch) -> Generator[Cluster]:
    """The commands' settings point at this module's cluster."""
    monkeypatch.setenv("WANGGE_STATE_DIR", str(filled.state_dir))
    monkeypatch.delenv("WANGGE_DSN", raising=False)
    settings.cache_clear()
    yield filled
    settings.cache_clear()


@pytest.fixture
def managed(embedded: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The same server as one that is managed elsewhere."""
    monkeypatch.setenv("WANGGE_DSN", embedded.dsn())
    settings.cache_clear()
    return embedded


def run(*words: str | Path, answer: str | None = None) -> Result:
    return CliRunner().invoke(commands.app, [str(word) for word in words], input=answer)


def test_the_commands_save_ask_and_restore(embedded: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "league.backup"
    assert "已备份 · Backed up" in run("backup", file).output
    empty_the_table(embedded)
    assert isinstance(run("restore", file).exception, Conflict)
    assert run("restore", file, "--replace", answer="n\n").exit_code == 1
    assert count(embedded.dsn()) == 0
    assert "已恢复 · Restored" in run("restore", file, "--replace", answer="y\n").output
    assert count(embedded.dsn()) == 1000


def test_the_status_shows_no_password(embedded: Cluster) -> None:
    output = run("status").output
    assert str(embedded.status().running_pid) in output
    assert str(conninfo_to_dict(embedded.dsn())["password"]) not in output


def test_a_managed_server_is_neither_started_nor_stopped_here(managed: Cluster) -> None:
    for verb in ("start", "stop"):
        error = run(verb).exception
        assert isinstance(error, Conflict)
        assert "managed elsewhere" in str(error)
    assert managed.status().running_pid is not None


def test_a_managed_server_is_described_and_saved_and_restored_by_its_administrator(
    managed: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "league.backup"
    output = run("status").output
    assert "WANGGE_DSN" in output
    assert str(conninfo_to_dict(managed.dsn())["password"]) not in output
    assert run("backup", file).exit_code == 0
    empty_the_table(managed)
    assert "WANGGE_ADMIN_DSN" in str(run("restore", file, "--replace", "--yes").exception)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", managed.superuser_dsn())
    assert run("restore", file, "--replace", "--yes").exit_code == 0
    assert count(managed.dsn()) == 1000


def shell(cluster: Cluster, *words: str) -> subprocess.Popen[str]:
    program = "import sys; from api.cli.db import app; app(['shell', *sys.argv[1:]])"
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(commands.__file__).parents[2],
        env=os.environ | {"WANGGE_STATE_DIR": str(cluster.state_dir)},
    )


def test_the_shell_takes_the_owner_s_role_and_keeps_the_password_off_the_command_line(embedded: Cluster) -> None:
    with shell(embedded) as psql:
        assert psql.stdin is not None
        psql.stdin.write("SELECT current_user, count(*) FROM place;\n")
        psql.stdin.flush()
        line = f"/proc/{psql.pid}/cmdline"
        deadline = time.monotonic() + 30
        while "dbname" not in (words := Path(line).read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        answer = psql.communicate(timeout=30)[0]
    assert "psql" in words
    assert str(conninfo_to_dict(embedded.dsn())["password"]) not in words
    assert "wangge_owner |  1000" in answer


def test_the_shell_enters_as_superuser_when_asked(embedded: Cluster) -> None:
    with shell(embedded, "--superuser") as psql:
        assert "postgres" in psql.communicate("SELECT current_user;\n", timeout=30)[0]
