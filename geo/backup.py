"""
Backup and restore with PostgreSQL's own programs, for the embedded database and for a managed server alike.

A backup appears under its name only when it is whole and on the disk. A restore fills a fresh database, which
takes the old one's place by renaming: what fails half-way leaves everything as it was.
"""

import os
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from geo.bootstrap import bootstrap
from geo.errors import BadFile, Conflict, Unavailable, WanggeError

_POLL_S = 0.1
_SWAP_ATTEMPTS = 6
_USER_TABLES = """
SELECT 1 FROM pg_class AS c INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
LIMIT 1
"""


class BackupFailed(WanggeError):
    """The backup or restore failed; nothing was changed."""

    zh = "备份或恢复失败；原有数据未改动。"


def without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """Split a DSN into what may stand on a command line and the environment that carries the password."""
    parts = conninfo_to_dict(dsn)
    password = parts.pop("password", None)
    return make_conninfo("", **parts), os.environ | ({"PGPASSWORD": str(password)} if password else {})


def dump(dsn: str, target: Path, programs: Path, report: Callable[[int], None], role: str | None = None) -> int:
    """
    Write one consistent state of the database to a file in PostgreSQL's custom format.

    Parameters
    ----------
    dsn
        Whose tables are read.
    target
        A file that does not exist yet.
    programs
        The folder of pg_dump, of the server's version or newer.
    report
        Is told the bytes written so far, several times a second.
    role
        Taken by pg_dump before it reads; the owner's role passes row security.

    Returns
    -------
    int
        The size of the backup in bytes.

    Raises
    ------
    Conflict
        The file exists.
    BackupFailed
        With the reason that pg_dump or the server gives.
    """
    _refuse_existing(target)
    aside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        opened = os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        with opened as file, _no_large_load(dsn, role):
            _pg_dump(dsn, programs, role, file.fileno(), lambda: report(aside.stat().st_size))
            os.fsync(file.fileno())
        _refuse_existing(target)
        aside.rename(target)
    except OSError as error:
        raise BackupFailed(f"{target}: {error.strerror}") from error
    except psycopg.Error as error:
        raise BackupFailed(str(error)) from error
    finally:
        aside.unlink(missing_ok=True)
    _sync_directory(target.parent)
    return target.stat().st_size


@contextmanager
def _no_large_load(dsn: str, role: str | None) -> Generator[None]:
    """
    Wait for the end of a large load, and let none begin.

    pg_dump decides what it sees before it waits for a table: begun in a load, it would see the load's rows, which are
    frozen, without the rest of it, and keys that are no longer there.
    """
    with psycopg.connect(dsn, options=f"-c role={role}" if role else None) as conn:
        if conn.execute("SELECT to_regclass('wangge.incident')").fetchone() != (None,):
            conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            conn.execute("LOCK TABLE wangge.incident IN ACCESS SHARE MODE")
        yield


def _pg_dump(dsn: str, programs: Path, role: str | None, output: int, tick: Callable[[], None]) -> None:
    address, environment = without_password(dsn)
    command = [str(programs / "pg_dump"), "--format=custom", "--no-password", f"--dbname={address}"]
    if role:
        command.append(f"--role={role}")
    with subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.PIPE, text=True) as child:
        try:
            reason = _wait(child, tick)
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        raise BackupFailed(reason.strip())


def _wait(child: subprocess.Popen[str], tick: Callable[[], None]) -> str:
    """Wait for a program to end, ticking meanwhile; returns what it complained of."""
    while True:
        try:
            return child.communicate(timeout=_POLL_S)[1]
        except subprocess.TimeoutExpired:
            tick()


def check(source: Path, programs: Path) -> None:
    """
    See that a file is a readable backup, before anything is touched.

    Raises
    ------
    BadFile
        It is not.
    """
    done = _run(programs / "pg_restore", "--list", source)
    if done.returncode:
        raise BadFile(f"{source}: {done.stderr.strip()}")


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself: its version, and the size in bytes of the database."""

    version: str
    size_bytes: int


def describe(dsn: str) -> ServerFacts:
    """
    Ask a server about itself.

    Raises
    ------
    Unavailable
        It does not answer.
    """
    try:
        with psycopg.connect(dsn, connect_timeout=5) as conn:
            found = conn.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            version, size_bytes = found.fetchone() or ("", 0)
    except psycopg.OperationalError as error:
        raise Unavailable(str(error)) from error
    return ServerFacts(version, size_bytes)


def is_empty(dsn: str) -> bool:
    """Whether the database holds no tables but those of its extensions."""
    with psycopg.connect(dsn) as conn:
        return conn.execute(_USER_TABLES).fetchone() is None


def restore(admin_dsn: str, source: Path, programs: Path) -> None:
    """
    Put a backup in the place of the database that the DSN names.

    Parameters
    ----------
    admin_dsn
        Of a superuser, or of an administrator who may create databases and PostGIS in them.
    source
        A file that `dump` wrote.
    programs
        The folder of pg_restore, of the version that wrote the backup or newer.

    Raises
    ------
    BadFile
        The file is no backup.
    BackupFailed
        With pg_restore's own reason; the database is as it was.
    """
    check(source, programs)
    name = str(conninfo_to_dict(admin_dsn)["dbname"])
    fresh = f"{name}_restore"
    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(fresh))
    with psycopg.connect(make_conninfo(admin_dsn, dbname="postgres"), autocommit=True) as conn:
        try:
            conn.execute(drop)  # left by a restore that was killed; one that lives refuses to be dropped
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(fresh)))
        except psycopg.Error as error:
            raise BackupFailed(str(error)) from error
        try:
            _fill(make_conninfo(admin_dsn, dbname=fresh), source, programs)
            _swap(conn, name, fresh)
        finally:
            conn.execute(drop + sql.SQL(" WITH (FORCE)"))


def _fill(dsn: str, source: Path, programs: Path) -> None:
    """Load the backup; roles and extensions come first, the leakproof mark and the rights again after."""
    bootstrap(dsn)
    with psycopg.connect(dsn) as conn:
        conn.execute("DROP SCHEMA wangge")  # the backup brings its own
    address, environment = without_password(dsn)
    done = _run(
        *(programs / "pg_restore", "--exit-on-error", "--jobs=2", "--no-password", f"--dbname={address}", source),
        environment=environment,
    )
    if done.returncode:
        raise BackupFailed(done.stderr.strip())
    bootstrap(dsn)


def _swap(conn: psycopg.Connection, name: str, fresh: str) -> None:
    """Exchange the names of two databases, at each instant one of them having the name; ends their sessions."""
    for attempt in range(1, _SWAP_ATTEMPTS + 1):
        try:
            conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
            return _rename_both(conn, sql.Identifier(name), sql.Identifier(fresh), sql.Identifier(f"{fresh}_old"))
        except psycopg.errors.ObjectInUse as error:  # a session came back between the two statements
            if attempt == _SWAP_ATTEMPTS:
                raise BackupFailed(str(error)) from error
    return None


def _rename_both(conn: psycopg.Connection, old: sql.Identifier, new: sql.Identifier, between: sql.Identifier) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with conn.transaction():
        conn.execute(rename.format(old, between))
        conn.execute(rename.format(new, old))
        conn.execute(rename.format(between, new))


def _run(*command: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, env=environment, capture_output=True, text=True, errors="replace", check=False)


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise Conflict(f"{target} exists; a backup never overwrites. 文件已存在，不会覆盖。")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
