"""
A private PostgreSQL cluster with PostGIS, made of the system's own programs in the project's state directory.

Nothing of it is shared with a cluster that the system runs: it has its own data, its own socket and no port.
"""

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from subprocess import CompletedProcess
from typing import Literal, Self

import psycopg
from psycopg.conninfo import make_conninfo

from geo import cluster_place as place
from geo import cluster_process as process
from geo.bootstrap import LOGIN, bootstrap, bootstrap_sql
from geo.errors import ClusterFailed
from geo.settings import Settings

DATABASE = "wangge"
SUPERUSER = "postgres"
_START_S = 300  # replaying the log after a crash may take minutes
_PASSING = (  # what a server says, or its socket, while it comes or goes
    "is starting up",
    "not yet accepting connections",
    "in recovery mode",
    "is shutting down",
    "closed the connection unexpectedly",
    "Connection refused",
    "No such file or directory",
)
_INCLUDES = "\ninclude_if_exists '../wangge.conf'\ninclude_if_exists '../local.conf'\n"
_HASTY = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


@dataclass(frozen=True)
class Status:
    """
    What an embedded cluster is doing.

    Attributes
    ----------
    running_pid
        Process id of the server, None if it does not run.
    version
        Version of PostgreSQL, such as ``15.20``.
    data_dir
        Where the data are; not always below the state directory.
    dsn
        How to connect as the login role, without the password.
    size_bytes
        Size of the data directory.
    """

    running_pid: int | None
    version: str
    data_dir: Path
    dsn: str
    size_bytes: int


@dataclass(frozen=True)
class Cluster:
    """
    The embedded cluster of one state directory, made when it is first started.

    Attributes
    ----------
    state_dir
        The project's state directory; root may have to put the cluster elsewhere, see `home`.
    bin_dir
        The folder with initdb and pg_ctl; found if not given.
    account
        Who runs the server if we are root; an existing cluster stays with the owner of its data.
    durable
        False gives up safety for speed: for tests only.
    """

    state_dir: Path
    bin_dir: Path | None = None
    account: str = "postgres"
    durable: bool = True

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The cluster that the operator's settings describe."""
        return cls(settings.state_dir, settings.postgres_bin, settings.postgres_account)

    def start(self) -> str:
        """
        Make the cluster if there is none, start it if it does not run, and return the DSN of the login role.

        Several processes may do this at once: one works, the others wait for it.

        Raises
        ------
        ClusterFailed
            With the reason, out of the server's log where it is there, and what to do.
        """
        with self._alone():
            try:
                with self._answering() as conn:
                    self._furnish(conn)
            except psycopg.Error as error:
                raise ClusterFailed("\n".join([str(error), *self._last_words()])) from error
            return self.dsn()

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop the server if it runs; `fast` ends sessions and writes a checkpoint, `immediate` is like a crash."""
        if not place.holds_cluster(self.home):
            return
        with self._alone():
            if process.postmaster(self.data) is not None:
                done = self._pg_ctl("stop", "-m", mode)
                if done.returncode:
                    raise ClusterFailed(f"It did not stop: {done.stdout.strip()}")
                process.clear_remains(self.data, self._run)  # the logger leaves a moment after the server

    def status(self) -> Status:
        """What the cluster is doing now; makes and changes nothing."""
        with _explained(self.state_dir):
            return Status(
                running_pid=process.postmaster(self.data),
                version=self._version(),
                data_dir=self.data,
                dsn=self._address(LOGIN),
                size_bytes=_size_bytes(self.data),
            )

    def dsn(self) -> str:
        """How the service connects: as the login role, to its database, with the password."""
        with _explained(self.state_dir):
            return make_conninfo(self._address(LOGIN), password=self._password(LOGIN))

    def superuser_dsn(self) -> str:
        """How bootstrap, backup and restore connect: as the superuser of this cluster alone."""
        with _explained(self.state_dir):
            return make_conninfo(self._address(SUPERUSER), password=self._password(SUPERUSER))

    @cached_property
    def home(self) -> Path:
        """Where the cluster lives: data, socket, passwords and settings."""
        with _explained(self.state_dir):
            return place.home_for(self.state_dir, self._account)

    @property
    def data(self) -> Path:
        """The data directory, PGDATA."""
        return self.home / "data"

    @cached_property
    def _account(self) -> process.Account:
        return place.account_for(self.state_dir, self.account)

    @cached_property
    def _run(self) -> Path:
        return place.run_for(self.home)

    @cached_property
    def _programs(self) -> Path:
        return process.programs(self.data, self.bin_dir)

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Hold the cluster's lock; the kernel drops it when we die."""
        with _explained(self.state_dir):
            if not self.home.exists():
                place.make_open(self.home)
            descriptor = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)

    def _launch(self) -> None:
        if not self._account.can_enter(self.home):
            raise ClusterFailed(
                f"{self._account.name} cannot enter {self.home}: chmod o+x it and the folders above it."
            )
        if not place.holds_cluster(self.home):
            self._create()
        place.claim_run(self._run, self.home, self._account)
        place.write_aside(self.home / "wangge.conf", self._configuration(), mode=0o644)
        process.clear_remains(self.data, self._run)
        (self.data / "start.log").unlink(missing_ok=True)
        done = self._pg_ctl("start", "-l", "data/start.log")
        if done.returncode:
            raise ClusterFailed("\n".join([done.stdout.strip(), *self._last_words()]))

    def _create(self) -> None:
        """Run initdb aside and rename, so that a killed initdb is never taken for a cluster."""
        aside, secret = self.home / "data.new", self.home / "initdb-password"
        self._account.run("rm", "-rf", "data.new", cwd=self.home)
        place.claim(aside, self._account)
        secret.unlink(missing_ok=True)
        place.write_aside(secret, self._password(SUPERUSER))
        os.chown(secret, self._account.uid, self._account.gid, follow_symlinks=False)
        done = self._account.run(
            *(self._programs / "initdb", "-D", "data.new", "-U", SUPERUSER, "--pwfile", "initdb-password"),
            *("-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--data-checksums"),
            *([] if self.durable else ["--no-sync"]),
            cwd=self.home,
        )
        secret.unlink()
        if done.returncode == 0:
            done = self._account.run("tee", "-a", "data.new/postgresql.conf", cwd=self.home, text=_INCLUDES)
        if done.returncode:
            raise ClusterFailed(done.stdout.strip())
        aside.rename(self.data)

    def _answering(self) -> psycopg.Connection:
        """
        A superuser's session; starts the server if it does not run, or dies under our hands.

        A server that was killed an instant ago still has a process, and one whose starter was killed may be
        replaying its log: only an answer tells.
        """
        deadline = time.monotonic() + _START_S
        while True:
            if process.postmaster(self.data) is None:
                self._launch()
            try:
                return psycopg.connect(self.superuser_dsn(), dbname="postgres", autocommit=True)
            except psycopg.OperationalError as error:
                if not any(words in str(error) for words in _PASSING) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _furnish(self, conn: psycopg.Connection) -> None:
        """Give a freshly started server its database, roles and extensions, once for each of its starts."""
        stamp = self._stamp()
        ready = self.home / "ready"
        if ready.is_file() and ready.read_text(encoding="utf-8") == stamp:
            return
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            conn.execute("CREATE DATABASE wangge")
        bootstrap(self.superuser_dsn(), self._password(LOGIN))
        place.write_aside(ready, stamp)

    def _stamp(self) -> str:
        """One run of the server and the bootstrap that it had."""
        run = (self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[:3]
        return "\n".join([*run, hashlib.sha256(bootstrap_sql().encode()).hexdigest()])

    def _pg_ctl(self, *words: str) -> CompletedProcess[str]:
        return self._account.run(
            *(self._programs / "pg_ctl", *words, "-D", "data", "-w", "-t", str(_START_S), "-s"), cwd=self.home
        )

    def _configuration(self) -> str:
        text = files("geo").joinpath("cluster.conf").read_text(encoding="utf-8")
        socket = f"unix_socket_directories = '{self._run}'\n"
        return text + "\n" + socket + ("" if self.durable else _HASTY)

    def _last_words(self) -> list[str]:
        """The ends of the logs of a start that failed, read as the account that wrote them."""
        logs = [path.relative_to(self.data) for path in (self.data / "log").glob("*.log")]
        newest = sorted(logs, key=lambda path: (self.data / path).stat().st_mtime)[-1:]
        return self._account.run("tail", "-q", "-n", "8", "start.log", *newest, cwd=self.data).stdout.splitlines()

    def _version(self) -> str:
        said = self._account.run(self._programs / "postgres", "--version", cwd=Path("/")).stdout
        return said.split()[2]

    def _address(self, user: str) -> str:
        return make_conninfo(host=str(self._run), port=5432, user=user, dbname=DATABASE)

    def _password(self, user: str) -> str:
        """The role's password, made when it is first wanted."""
        file = self.home / f"password-{user}"
        if not file.exists():
            place.write_aside(file, secrets.token_urlsafe(24))
        return file.read_text(encoding="utf-8")


def connection_string(settings: Settings) -> str:
    """The DSN of the managed server that is set, or of the embedded cluster, which is started if need be."""
    return settings.dsn or Cluster.of(settings).start()


@contextmanager
def _explained(state_dir: Path) -> Generator[None]:
    """Say what to do about a folder that is closed to us or a full disk."""
    try:
        yield
    except PermissionError as error:
        raise ClusterFailed(
            f"{error.filename} is closed to this account: run as its owner, or set WANGGE_STATE_DIR (now {state_dir}). "
            "当前账户无权访问该目录，请以其所有者运行，或另设 WANGGE_STATE_DIR。"
        ) from error
    except OSError as error:
        raise ClusterFailed(f"{error.filename or state_dir}: {error.strerror}") from error


def _size_bytes(data: Path) -> int:
    """Size of all files below a directory; what vanishes meanwhile counts nothing."""
    total = 0
    for folder, _, names in os.walk(data):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
