"""The database of a command: opened as the operator's settings say, with the scope of whoever keeps the machine."""

from collections.abc import Generator
from contextlib import contextmanager

from psycopg_pool import ConnectionPool

from geo.cluster import connection_string
from geo.db import Connection, Scope, open_pool
from geo.errors import DatabaseBehind
from geo.migrate import newest, revision
from geo.settings import settings

OPERATOR = Scope(path="", account="operator")


@contextmanager
def database() -> Generator[ConnectionPool[Connection]]:
    """A pool on the database, which is started if it is the embedded one; raises `DatabaseBehind`."""
    dsn = connection_string(settings())
    if revision(dsn) != newest():
        raise DatabaseBehind
    with open_pool(dsn, settings().pool_size) as pool:
        yield pool
