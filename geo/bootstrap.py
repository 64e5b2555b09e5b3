"""What only a superuser may do to a database: roles, rights, extensions and the leakproof mark."""

from importlib.resources import files
from typing import LiteralString, cast

import psycopg

from geo.errors import ClusterFailed

LOGIN = "wangge"


def bootstrap(superuser_dsn: str, password: str | None = None) -> None:
    """
    Give a database its roles, rights, extensions and leakproof mark; safe to run again.

    Parameters
    ----------
    superuser_dsn
        A superuser's (or a managed server's administrator's) connection to the database.
    password
        For the login role; unchanged if None. Only its SCRAM verifier leaves this process.
    """
    try:
        with psycopg.connect(superuser_dsn) as conn:
            conn.execute(bootstrap_sql())
            if password is not None:
                conn.pgconn.change_password(LOGIN.encode(), password.encode())
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
        raise ClusterFailed(f"{error} Install the package postgresql-<version>-postgis-3. 请安装 PostGIS。") from error


def bootstrap_sql() -> LiteralString:
    """The script, as a DBA runs it with psql."""
    text = files("geo").joinpath("sql", "bootstrap.sql").read_text(encoding="utf-8")
    return cast(LiteralString, text)
