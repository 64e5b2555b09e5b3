"""What the fixtures of the other tests promise them, on the embedded server and on a managed one."""

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

from geo import db


def test_a_module_has_a_database_of_its_own_with_postgis_and_the_mark(database: str, server_dsn: str) -> None:
    assert conninfo_to_dict(database)["dbname"] != conninfo_to_dict(server_dsn)["dbname"]
    query = "SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry,geometry)'::regprocedure"
    with psycopg.connect(database) as conn:
        assert conn.execute(query).fetchone() == (True,)


def test_its_owner_may_make_tables_and_its_sessions_temporary_ones(database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("SET ROLE wangge_owner")
        conn.execute("CREATE SCHEMA tried; CREATE TABLE wangge.tried (n int)")
        conn.execute("SET ROLE wangge_app")
        conn.execute("CREATE TEMPORARY TABLE staging (n int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("CREATE SCHEMA refused")


def test_the_pool_s_sessions_begin_with_a_scope(pool: ConnectionPool[db.Connection]) -> None:
    with db.begin(pool, db.Scope("1.7.")) as conn:
        assert db.one(conn, "SELECT current_user::text AS who")["who"] == "wangge_app"
    with pool.connection() as conn:
        assert db.one(conn, "SELECT current_user::text AS who")["who"] != "wangge_app"
