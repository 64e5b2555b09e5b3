import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from geo import cluster_place, cluster_process
from geo.bootstrap import bootstrap
from geo.cluster import Cluster, connection_string
from geo.errors import ClusterFailed
from geo.settings import Settings, settings

ROOT = os.geteuid() == 0
AS_ROOT = pytest.mark.skipif(not ROOT, reason="only root hands the server to another account")
MARKED = "SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry,geometry)'::regprocedure"
START = (
    "import sys; from pathlib import Path; from geo.cluster import Cluster; print(Cluster(Path(sys.argv[1])).start())"
)


def cluster_in(state: Path, durable: bool = False) -> Cluster:
    return Cluster(state, settings().postgres_bin, settings().postgres_account, durable)


def first(dsn: str, query: Any) -> Any:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query).fetchone()
    return row and row[0]


def kill_9(cluster: Cluster) -> int:
    pid = cluster.status().running_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def server_uid(cluster: Cluster) -> int:
    return cluster.data.stat().st_uid


@pytest.fixture(scope="module")
def durable(module_state_dir: Path) -> Cluster:
    return cluster_in(module_state_dir, durable=True)


@pytest.fixture
def running(durable: Cluster) -> Cluster:
    """A durable cluster that runs; the tests of this module share it and leave it able to start."""
    durable.start()
    return durable


@pytest.fixture
def stopped(running: Cluster) -> Generator[Cluster]:
    running.stop()
    yield running
    (running.home / "local.conf").unlink(missing_ok=True)


def test_the_login_role_reaches_postgis_by_the_returned_dsn(running: Cluster) -> None:
    assert first(running.start(), "SELECT ST_AsText(ST_Point(122.05, 46.08, 4326))") == "POINT(122.05 46.08)"


def test_the_login_role_has_no_power_of_its_own(running: Cluster) -> None:
    query = """SELECT array[rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit] FROM pg_roles
        WHERE rolname = current_user"""
    assert first(running.dsn(), query) == [False] * 5


def test_the_roles_that_sessions_take_have_their_rights_on_the_database(running: Cluster) -> None:
    rights = """SELECT array[
        has_database_privilege('wangge_owner', 'wangge', 'CREATE'),
        has_database_privilege('wangge_app', 'wangge', 'TEMPORARY'),
        has_database_privilege('wangge_app', 'wangge', 'CREATE'),
        has_database_privilege('wangge_owner', 'wangge', 'TEMPORARY'),
        has_schema_privilege('wangge_owner', 'public', 'CREATE'),
        has_schema_privilege('wangge_owner', 'wangge', 'CREATE'),
        pg_has_role('wangge', 'wangge_owner', 'MEMBER'),
        pg_has_role('wangge', 'wangge_app', 'MEMBER')]"""
    assert first(running.dsn(), rights) == [True, True, False, False, False, True, True, True]


def test_a_wrong_password_is_refused(running: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(make_conninfo(running.dsn(), password="wrong"))


def test_it_is_reached_by_its_socket_alone_and_forgets_nothing(running: Cluster) -> None:
    with psycopg.connect(running.dsn()) as conn:
        found = dict(conn.execute("SELECT name, setting FROM pg_settings").fetchall())
    wanted = {"listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    wanted |= {"jit": "off", "TimeZone": "Asia/Shanghai", "data_checksums": "on"}
    assert {name: found[name] for name in wanted} == wanted


def test_secrets_are_readable_by_their_owner_alone(running: Cluster) -> None:
    secrets = list(running.home.glob("password-*"))
    assert len(secrets) == 2
    assert [mode(path) for path in secrets] == [0o600, 0o600]
    assert [mode(running.data), mode(running.home / "run")] == [0o700, 0o700]
    assert not (running.home / "initdb-password").exists()


def test_starting_a_running_cluster_leaves_it_alone(running: Cluster) -> None:
    before = running.status().running_pid
    assert running.start() == running.dsn()
    assert running.status().running_pid == before


def test_the_status_tells_where_it_is_and_keeps_the_password(running: Cluster) -> None:
    status = running.status()
    assert status.data_dir == running.state_dir / "postgres" / "data"
    assert status.version.split(".")[0] == (status.data_dir / "PG_VERSION").read_text().strip()
    assert "password" not in status.dsn
    assert status.size_bytes > 10_000_000


def test_a_stopped_cluster_has_no_process_and_starts_with_its_data(running: Cluster) -> None:
    with psycopg.connect(running.dsn(), options="-c role=wangge_owner") as conn:
        conn.execute("CREATE TABLE wangge.kept AS SELECT 7 AS n")
    running.stop()
    running.stop()
    assert running.status().running_pid is None
    assert cluster_process.family(running.data) == []
    running.start()
    assert first(make_conninfo(running.dsn(), options="-c role=wangge_owner"), "TABLE wangge.kept") == 7


def test_what_was_committed_survives_kill_9_with_a_backend_still_at_work(running: Cluster) -> None:
    with closing(psycopg.connect(running.dsn(), options="-c role=wangge_owner")) as conn:
        conn.execute("CREATE TABLE wangge.acknowledged AS SELECT generate_series(1, 10000) AS n")
        conn.commit()
        conn.execute("CREATE TABLE wangge.unacknowledged AS SELECT 1 AS n")
        old = kill_9(running)
        dsn = running.start()
    assert running.status().running_pid != old
    owner = make_conninfo(dsn, options="-c role=wangge_owner")
    assert first(owner, "SELECT count(*) FROM wangge.acknowledged") == 10_000
    assert first(owner, "SELECT to_regclass('wangge.unacknowledged')") is None


def test_orphans_that_do_not_notice_the_death_are_told_to_quit(
    running: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_process, "_PATIENCE_S", 2.0)
    with closing(psycopg.connect(running.dsn())) as conn:
        backend = conn.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        kill_9(running)
        begun = time.monotonic()
        with pytest.raises(ClusterFailed, match=str(backend)):
            running.start()
        assert time.monotonic() - begun >= 2.0
        os.kill(backend, signal.SIGCONT)
    running.start()
    assert first(running.dsn(), "SELECT 1") == 1


@pytest.mark.parametrize("command", ["true", "sleep 60"], ids=["a zombie", "a stranger"])
@pytest.mark.parametrize("file", ["data/postmaster.pid", "run/.s.PGSQL.5432.lock"])
def test_a_stale_file_that_names_a_living_process_does_not_hinder_the_start(
    running: Cluster, command: str, file: str
) -> None:
    path = running.home / file
    text = path.read_text()
    pid = str(kill_9(running))
    cluster_process.clear_remains(running.data, running.home / "run")
    other = {"user": server_uid(running)} if ROOT else {}
    with subprocess.Popen(command.split(), **other) as stranger:
        time.sleep(0.1)
        path.write_text(text.replace(pid, str(stranger.pid), 1))
        os.chown(path, server_uid(running), -1)
        assert running.status().running_pid is None
        assert first(running.start(), "SELECT 1") == 1
        stranger.kill()


def test_the_program_s_settings_come_back_and_the_operator_s_own_win(stopped: Cluster) -> None:
    (stopped.home / "wangge.conf").write_text("jit = on\nwork_mem = 1MB\n")
    (stopped.home / "local.conf").write_text("max_connections = 33\n")
    (stopped.home / "local.conf").chmod(0o644)
    stopped.start()
    assert first(stopped.dsn(), "SHOW jit") == "off"
    assert first(stopped.dsn(), "SHOW max_connections") == "33"
    stopped.stop()


def test_a_failed_start_tells_the_reason_out_of_the_log(stopped: Cluster) -> None:
    (stopped.home / "local.conf").write_text("shared_buffers = 'plenty'\n")
    (stopped.home / "local.conf").chmod(0o644)
    with pytest.raises(ClusterFailed, match='invalid value for parameter "shared_buffers": "plenty"'):
        stopped.start()


def test_a_start_that_fails_late_tells_the_reason_out_of_the_collected_log(stopped: Cluster) -> None:
    wal, aside = stopped.data / "pg_wal", stopped.data / "pg_wal.aside"
    wal.rename(aside)
    shutil.copytree(aside, wal, ignore=shutil.ignore_patterns("0*"))
    for path in (wal, *wal.iterdir()):
        os.chown(path, server_uid(stopped), -1)
    try:
        with pytest.raises(ClusterFailed, match=r"PANIC.*could not locate a valid checkpoint record"):
            stopped.start()
    finally:
        shutil.rmtree(wal)
        aside.rename(wal)


def test_a_start_brings_the_leakproof_mark_back(running: Cluster) -> None:
    with psycopg.connect(running.superuser_dsn()) as conn:
        conn.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
    assert first(running.dsn(), MARKED) is False
    running.stop()
    assert first(running.start(), MARKED) is True


def test_a_starter_killed_before_the_bootstrap_leaves_it_to_the_next(running: Cluster) -> None:
    with psycopg.connect(running.superuser_dsn()) as conn:
        conn.execute("DROP EXTENSION pg_trgm")
    (running.home / "ready").unlink()
    assert first(running.start(), "SELECT similarity('微网格', '微网格')") == 1.0


def test_a_role_that_may_pass_row_security_stops_the_bootstrap(running: Cluster) -> None:
    with psycopg.connect(running.superuser_dsn(), autocommit=True) as conn:
        conn.execute("ALTER ROLE wangge_app BYPASSRLS")
        try:
            with pytest.raises(psycopg.errors.RaiseException, match="too much power for row security: wangge_app"):
                bootstrap(running.superuser_dsn())
        finally:
            conn.execute("ALTER ROLE wangge_app NOBYPASSRLS")
    bootstrap(running.superuser_dsn())


def test_an_administrator_without_superuser_is_warned_that_the_mark_is_missing(running: Cluster) -> None:
    with psycopg.connect(running.superuser_dsn(), dbname="postgres", autocommit=True) as conn:
        conn.execute("CREATE ROLE cloud LOGIN CREATEROLE PASSWORD 'cloud'")
        conn.execute("CREATE DATABASE cloudy OWNER cloud")
        cloudy = make_conninfo(running.superuser_dsn(), dbname="cloudy")
        with psycopg.connect(cloudy) as extended:
            extended.execute("CREATE EXTENSION postgis; CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm")
        try:
            bootstrap(make_conninfo(cloudy, user="cloud", password="cloud"))
            assert first(cloudy, MARKED) is False
            bootstrap(cloudy)
            assert first(cloudy, MARKED) is True
        finally:
            conn.execute("DROP DATABASE cloudy WITH (FORCE)")
            conn.execute("DROP ROLE cloud")


def test_four_processes_that_start_at_once_get_one_server(state_dir: Path) -> None:
    command = [sys.executable, "-c", START, str(state_dir)]
    tree = Path(cluster_place.__file__).parents[1]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tree) for _ in range(4)]
    dsns = [starter.communicate(timeout=120)[0].strip() for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0, 0]
    begun = {first(dsn, "SELECT pg_postmaster_start_time()") for dsn in dsns}
    assert len(begun) == 1


def test_a_killed_initdb_is_not_taken_for_a_cluster(state_dir: Path) -> None:
    half = state_dir / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    (half / "half").write_text("written")
    (state_dir / "postgres" / "initdb-password").write_text("left")
    cluster = cluster_in(state_dir)
    half.chmod(0o700)
    if ROOT:
        for path in (half, *half.iterdir()):
            os.chown(path, pwd.getpwnam(cluster.account).pw_uid, -1)
    assert first(cluster.start(), "SELECT 1") == 1
    assert not (half / "half").exists()
    assert not (cluster.data / "half").exists()


@pytest.mark.parametrize("name", ["n" * 80, "很长的路径" * 6, "a,b", "it's", 'a"b', "a\\b"])
def test_a_socket_s_path_is_short_and_plain(tmp_path: Path, name: str) -> None:
    run = cluster_place.run_for(tmp_path / name)
    assert len(os.fsencode(run / ".s.PGSQL.5432")) <= 107
    assert not set(str(run)) & set(",\"'\\")


def test_a_long_and_odd_path_holds_a_cluster(state_dir: Path) -> None:
    name = 'it\'s, a "$HOME" `id` \\ 很长的路径' + "径" * 20
    cluster = cluster_in(state_dir / name)
    assert first(cluster.start(), "SELECT 1") == 1
    run = cluster_place.run_for(cluster.home)
    assert (run / cluster_place.SOCKET).is_socket()
    assert not run.is_relative_to(state_dir)
    assert mode(run) == 0o700
    cluster.stop()
    run.rmdir()


def test_somebody_else_s_link_in_a_shared_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "theirs")
    with pytest.raises(ClusterFailed, match="is not a private directory"):
        cluster_place.claim(tmp_path / "run", cluster_process.Account.present())


def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o777)
    with pytest.raises(ClusterFailed, match="is not a private directory"):
        cluster_place.claim(tmp_path / "run", cluster_process.Account.present())


@AS_ROOT
def test_below_a_closed_folder_root_s_cluster_lives_elsewhere_and_stays(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_place, "SYSTEM_HOME", state_dir / "system")
    closed = state_dir / "closed"
    closed.mkdir(mode=0o700)
    cluster = cluster_in(closed / "checkout" / "var")
    assert first(cluster.start(), "SELECT 1") == 1
    try:
        home = cluster.status().data_dir.parent
        assert home.parent == state_dir / "system"
        assert len(home.name) == 8
        closed.chmod(0o755)
        assert cluster_in(closed / "checkout" / "var").status().data_dir.parent == home
    finally:
        cluster.stop("immediate")


@AS_ROOT
def test_a_cluster_whose_folder_was_closed_is_not_replaced_by_an_empty_one(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_place, "SYSTEM_HOME", state_dir / "system")
    (state_dir / "open").mkdir(mode=0o755)
    cluster = cluster_in(state_dir / "open")
    cluster.start()
    cluster.stop()
    (state_dir / "open").chmod(0o700)
    with pytest.raises(ClusterFailed, match=r"cannot enter .*open.*chmod o\+x"):
        cluster_in(state_dir / "open").start()


@AS_ROOT
def test_root_runs_a_user_s_cluster_as_that_user(state_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    state_dir.chmod(0o755)
    (state_dir / "theirs").mkdir()
    os.chown(state_dir / "theirs", nobody.pw_uid, nobody.pw_gid)
    assert "host=" in as_nobody(state_dir / "theirs")
    cluster = cluster_in(state_dir / "theirs")
    try:
        pid = cluster.status().running_pid
        assert pid is not None
        assert Path(f"/proc/{pid}").stat().st_uid == nobody.pw_uid
        cluster.stop()
        cluster.start()
        assert "host=" in as_nobody(state_dir / "theirs")
    finally:
        cluster.stop("immediate")


def test_a_user_s_forbidden_folder_is_named_with_what_to_do(state_dir: Path) -> None:
    closed = state_dir / "closed"
    closed.mkdir(mode=0o000 if not ROOT else 0o700)
    answer = as_nobody(closed / "var") if ROOT else refusal(closed / "var")
    closed.chmod(0o700)
    assert str(closed) in answer
    assert "WANGGE_STATE_DIR" in answer


def refusal(state: Path) -> str:
    try:
        return cluster_in(state).start()
    except ClusterFailed as error:
        return str(error)


def as_nobody(state: Path) -> str:
    """What a start in a child of another account answers: the DSN or the refusal."""
    ours, theirs = get_context("fork").Pipe()
    child = get_context("fork").Process(target=_answer_as_nobody, args=(state, theirs))
    child.start()
    answer = ours.recv() if ours.poll(60) else "no answer"
    child.join(60)
    return answer


def _answer_as_nobody(state: Path, pipe: Any) -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    pipe.send(refusal(state))


def test_missing_programs_are_named_with_their_packages(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_process, "DEBIAN_SHARE", state_dir)
    with pytest.raises(ClusterFailed, match="apt-get install postgresql-15 postgresql-15-postgis-3"):
        Cluster(state_dir).start()


def test_data_of_another_version_ask_for_that_version_s_packages(state_dir: Path) -> None:
    data = state_dir / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("99\n")
    with pytest.raises(ClusterFailed, match="postgresql-99 postgresql-99-postgis-3"):
        cluster_process.programs(data, None)


@pytest.mark.skipif(not ROOT, reason="needs a small disk of its own")
def test_a_full_disk_is_told_and_the_next_start_succeeds(state_dir: Path) -> None:
    small = state_dir / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=711", "wangge", small], check=False).returncode:
        pytest.skip("may not mount a small disk")
    cluster = cluster_in(small)
    try:
        with pytest.raises(ClusterFailed, match="No space left on device"):
            cluster.start()
        subprocess.run(["mount", "-o", "remount,size=1g", small], check=True)
        assert first(cluster.start(), "SELECT 1") == 1
    finally:
        cluster.stop("immediate")
        subprocess.run(["umount", small], check=True)


def test_a_set_dsn_stands_in_for_the_embedded_cluster(state_dir: Path) -> None:
    managed = Settings(state_dir=state_dir, dsn="host=db.example dbname=wangge")
    assert connection_string(managed) == "host=db.example dbname=wangge"
    assert not (state_dir / "postgres").exists()


def test_without_a_dsn_the_embedded_cluster_is_started(running: Cluster) -> None:
    assert connection_string(Settings(state_dir=running.state_dir, dsn=None)) == running.dsn()
