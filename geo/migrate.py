"""Bring a database to this program's schema: Alembic over plain SQL, one file a revision, forward only."""

from pathlib import Path
from typing import cast

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(dsn: str, to: str = "head") -> str:
    """
    Bring the database to the newest revision, in one transaction.

    Parameters
    ----------
    dsn
        Of the login role, which is a member of ``wangge_owner``.
    to
        The revision to stop at; a database that is past it stays as it is.

    Returns
    -------
    str
        The revision that the database now has.
    """
    config = _config()
    with _engine(dsn).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        return cast(str, _context(connection).get_current_revision())


def newest() -> str:
    """The newest revision that this program knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise LookupError(f"no revisions in {MIGRATIONS}")
    return head


def revision(dsn: str) -> str | None:
    """The revision that a database has, or None for one that was never migrated."""
    with _engine(dsn).connect() as connection:
        return _context(connection).get_current_revision()


def _context(connection: sa.Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table_schema": "wangge"})


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _engine(dsn: str) -> sa.Engine:
    # The role is taken at connection, so that what Alembic makes belongs to the owner too.
    def connect() -> psycopg.Connection:
        return psycopg.connect(dsn, options="-c role=wangge_owner -c search_path=wangge,public")

    return sa.create_engine("postgresql+psycopg://", creator=connect, poolclass=sa.NullPool)
