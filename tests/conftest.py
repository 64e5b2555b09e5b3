"""
Databases for the tests: one server for each process of the run, one template in it, a fresh copy for each module.

The server is embedded and temporary, or the one that WANGGE_TEST_DSN names; docs/database.md says what it needs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings as trying
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from geo import db, migrate
from geo.cluster import Cluster
from geo.settings import settings

# Waits for the run to end in whatever way, kill -9 included, then takes its cluster away.
KEEPER = """
import shutil, sys
from pathlib import Path
from geo.cluster import Cluster
sys.stdin.read()
cluster = Cluster(Path(sys.argv[1]))
cluster.stop("immediate")
for folder in (cluster.home, cluster.state_dir):
    shutil.rmtree(folder, ignore_errors=True)
"""
NUMBERS = count(1)
# How long an example takes tells of what else the machine does.
trying.register_profile("unhurried", deadline=None)
trying.load_profile("unhurried")


@dataclass(frozen=True)
class Server:
    """`login` is how the service connects; `maker` may create databases from `source`."""

    login: str
    maker: str
    source: str


def cluster_in(state: Path) -> Cluster:
    return Cluster(state, settings().postgres_bin, settings().postgres_account, durable=False)


@contextmanager
def kept_state() -> Generator[Path]:
    """A short, searchable state directory whose cluster does not outlive the test."""
    state = Path(tempfile.mkdtemp(prefix="wangge-"))
    state.chmod(0o711)
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(state)], stdin=subprocess.PIPE, cwd=root, start_new_session=True
    ):
        yield state
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def key_dir(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """Keys of this run alone, for commands too: never those of the machine that it runs on."""
    with pytest.MonkeyPatch.context() as environment:
        keys = tmp_path_factory.mktemp("wangge") / "keys"
        environment.setenv("WANGGE_KEY_DIR", str(keys))
        yield keys


@pytest.fixture
def state_dir() -> Generator[Path]:
    with kept_state() as state:
        yield state


@pytest.fixture(scope="module")
def module_state_dir() -> Generator[Path]:
    with kept_state() as state:
        yield state


@pytest.fixture(scope="session")
def server() -> Generator[Server]:
    if managed := os.environ.get("WANGGE_TEST_DSN"):
        yield Server(managed, managed, str(conninfo_to_dict(managed)["dbname"]))
        return
    with kept_state() as state:
        cluster = cluster_in(state)
        yield Server(cluster.start(), cluster.superuser_dsn(), "wangge")


@pytest.fixture(scope="session")
def server_dsn(server: Server) -> str:
    """The login role's connection to the server of this run."""
    return server.login


def copy_database(server: Server, source: str) -> str:
    """Make a copy of a database that nobody is connected to; rights on the database itself are not copied."""
    name = sql.Identifier(fresh := f"wangge_test_{os.getpid()}_{next(NUMBERS)}")
    with psycopg.connect(make_conninfo(server.maker, dbname="postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(source)))
        conn.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO wangge_owner").format(name))
        conn.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO wangge_app").format(name))
    return fresh


def drop_database(server: Server, name: str) -> None:
    with psycopg.connect(make_conninfo(server.maker, dbname="postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def copied(server: Server, source: str) -> Generator[str]:
    name = copy_database(server, source)
    try:
        yield name
    finally:
        drop_database(server, name)


@pytest.fixture(scope="session")
def template(server: Server) -> Generator[str]:
    """The name of a database with the schema and no rows."""
    with copied(server, server.source) as name:
        migrate.upgrade(make_conninfo(server.login, dbname=name))
        yield name


@pytest.fixture(scope="module")
def database(server: Server, template: str) -> Generator[str]:
    """The login role's connection to a database of this module's own."""
    with copied(server, template) as name:
        yield make_conninfo(server.login, dbname=name)


@pytest.fixture(scope="module")
def pool(database: str) -> Generator[ConnectionPool[db.Connection]]:
    with db.open_pool(database, 4) as opened:
        yield opened
