"""Upgrades of empty, new and filled databases."""

from collections.abc import Generator

import psycopg
import pytest

from geo import migrate
from geo.db import EVERYTHING, begin, one, open_pool

OWNER = "-c role=wangge_owner -c search_path=wangge,public"
OLDER = [path.name.split("_")[0] for path in sorted((migrate.MIGRATIONS / "versions").glob("*.py"))][:-1]

AREA = "ST_Multi(ST_MakeEnvelope(121, 46, 122, 47, 4326))"
POINT = "ST_SetSRID(ST_MakePoint(121, 46), 4326)"
ID = "'00000000-0000-0000-0000-000000000001'"
# Rows that a database of a revision may hold, by the table and the revision that made it.
ROWS = {
    "unit": ("0002", "(id) VALUES (1)"),
    "unit_version": (
        "0002",
        "(unit_id, level, code, path, name, geom, derived, valid, recorded) "
        f"VALUES (1, 'league', '1', '1.', '兴安盟', {AREA}, false, tstzrange(now(), NULL), tstzrange(now(), NULL))",
    ),
    "issued_code": ("0002", "(system, code, unit_id) VALUES ('x', '1', 1)"),
    "building": ("0003", f"(code, path, geom, source) VALUES ('1', '1.', {AREA}, 'x')"),
    "team": ("0004", f"(id, code, path, kind, name, source) VALUES ({ID}, '1', '1.', 'patrol', 'x', 'x')"),
    "incident": (
        "0005",
        "(id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at, source, source_key) "
        f"VALUES ({ID}, '1.', 1, 'inside', 'other', 'import', 'x', {POINT}, now(), now(), 'x', '1')",
    ),
    "feed": ("0006", "(path, kind, subject, body, at) VALUES ('1.', 'x', 'x', '{}', now())"),
}


@pytest.fixture
def empty(database: str) -> Generator[str]:
    """A database as the bootstrap leaves it: roles, extensions, an empty schema."""
    with psycopg.connect(database, options=OWNER, autocommit=True) as conn:
        conn.execute("DROP SCHEMA IF EXISTS jobs CASCADE; DROP SCHEMA wangge CASCADE; CREATE SCHEMA wangge")
    yield database
    migrate.upgrade(database)


def test_an_empty_database_has_no_revision(empty: str) -> None:
    assert migrate.revision(empty) is None
    with psycopg.connect(empty, options=OWNER, autocommit=True) as conn:
        conn.execute("DROP SCHEMA wangge")
    assert migrate.revision(empty) is None
    with psycopg.connect(empty, options=OWNER, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA wangge")


def test_an_upgrade_brings_the_newest_revision_and_a_second_one_changes_nothing(empty: str) -> None:
    assert migrate.upgrade(empty) == migrate.newest() == migrate.revision(empty)
    made = objects(empty)
    assert migrate.upgrade(empty) == migrate.newest()
    assert objects(empty) == made


def objects(dsn: str) -> list[tuple[object, ...]]:
    """Every table, function and policy with its permanent number: one made again would have another."""
    with psycopg.connect(dsn, options=OWNER) as conn:
        return conn.execute(
            "WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('wangge', 'jobs')) "
            "SELECT oid, relname FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours) "
            "UNION ALL SELECT oid, proname FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours) "
            "UNION ALL SELECT oid, polname FROM pg_policy ORDER BY 1"
        ).fetchall()


@pytest.mark.parametrize("revision", OLDER)
def test_a_filled_database_of_an_older_revision_keeps_its_rows(empty: str, revision: str) -> None:
    assert migrate.upgrade(empty, to=revision) == revision
    held = [table for table, (since, _) in ROWS.items() if since <= revision]
    with psycopg.connect(empty, options=OWNER) as conn:
        for table in held:
            conn.execute(f"INSERT INTO {table} {ROWS[table][1]}")
    assert migrate.upgrade(empty) == migrate.newest()
    with open_pool(empty, 1) as pool, begin(pool, EVERYTHING) as conn:
        for table in held:
            assert one(conn, f"SELECT count(*) AS n FROM {table}")["n"] == 1, table


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(empty: str) -> None:
    with psycopg.connect(empty, options=OWNER, autocommit=True) as conn:
        conn.execute("CREATE TABLE feed (stands_in_the_way integer)")  # revision 0006 makes a table of that name
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate.upgrade(empty)
    assert migrate.revision(empty) is None
    assert [name for _, name in objects(empty)] == ["feed"]
    with psycopg.connect(empty, options=OWNER, autocommit=True) as conn:
        conn.execute("DROP TABLE feed")
