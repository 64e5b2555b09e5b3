"""The migrated database is what geo/tables.py mirrors, and what a reviewer read in tests/snapshots/schema.sql."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers

from geo.tables import METADATA

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "schema.sql"
OWNER = "-c role=wangge_owner -c search_path=public"


def differences(dsn: str, metadata: sa.MetaData) -> list[Any]:
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn, options=OWNER), poolclass=sa.NullPool
    )
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == "wangge",
        "include_object": alembic_helpers.include_object,
        "version_table_schema": "wangge",
        "compare_type": True,
    }
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_the_mirror_agrees_with_the_migrated_database(database: str) -> None:
    assert differences(database, METADATA) == []


def drop(table: str, column: str) -> Callable[[sa.MetaData], None]:
    def change(copy: sa.MetaData) -> None:
        old = copy.tables[f"wangge.{table}"]
        kept = [made._copy() for made in old.columns if made.name != column]
        copy.remove(old)
        sa.Table(table, copy, *kept)

    return change


def set_attribute(table: str, column: str, name: str, value: object) -> Callable[[sa.MetaData], None]:
    return lambda copy: setattr(copy.tables[f"wangge.{table}"].c[column], name, value)


def drop_indexes(table: str) -> Callable[[sa.MetaData], None]:
    return lambda copy: copy.tables[f"wangge.{table}"].indexes.clear()


def drop_constraints(table: str, kind: type[sa.Constraint]) -> Callable[[sa.MetaData], None]:
    def change(copy: sa.MetaData) -> None:
        constraints = copy.tables[f"wangge.{table}"].constraints
        constraints -= {found for found in constraints if isinstance(found, kind)}

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (drop("block", "households"), "remove_column"),
        (lambda copy: copy.remove(copy.tables["wangge.check_point"]), "remove_table"),
        (set_attribute("incident", "title", "nullable", True), "modify_nullable"),
        (set_attribute("incident", "accuracy_m", "type", sa.BigInteger()), "modify_type"),
        (drop_indexes("route"), "remove_index"),
        (drop_constraints("incident", sa.UniqueConstraint), "remove_constraint"),
        (drop_constraints("check_point", sa.ForeignKeyConstraint), "remove_fk"),
    ],
)
def test_a_mirror_that_lags_behind_is_noticed(
    database: str, change: Callable[[sa.MetaData], None], expected: str
) -> None:
    copy = sa.MetaData(schema="wangge")
    for table in METADATA.tables.values():
        table.to_metadata(copy)
    change(copy)
    found = [step for steps in differences(database, copy) for step in (steps if isinstance(steps, list) else [steps])]
    assert expected in {step[0] for step in found}


def test_every_path_is_in_the_c_collation(database: str) -> None:
    mirrored = {
        (table.name, column.name)
        for table in METADATA.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.Text) and column.type.collation == "C"
    }
    with psycopg.connect(database, options=OWNER) as conn:
        stored = conn.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'wangge' AND (collation_name = 'C' OR column_name = 'path')"
        ).fetchall()
    assert mirrored == set(stored)


SHAPE = """
WITH relation AS (
  SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relowner
  FROM pg_class AS c
  WHERE c.relnamespace = 'wangge'::regnamespace AND c.relname NOT LIKE 'alembic_version%'
), line AS (
  SELECT 1 AS part, relname AS name, 0 AS place,
    format(E'\\nTABLE %s%s', relname, CASE WHEN relrowsecurity THEN ' ROW SECURITY' ELSE '' END) AS text
  FROM relation WHERE relkind IN ('r', 'p')
  UNION ALL
  SELECT 1, r.relname, a.attnum, concat(
    '  ', a.attname, ' ', format_type(a.atttypid, a.atttypmod),
    CASE WHEN l.collname <> 'default' THEN ' COLLATE ' || l.collname END,
    CASE WHEN a.attnotnull THEN ' NOT NULL' END,
    ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attidentity <> '' THEN ' IDENTITY' END
  )
  FROM relation AS r
  INNER JOIN pg_attribute AS a ON r.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_collation AS l ON a.attcollation = l.oid
  WHERE r.relkind IN ('r', 'p')
  UNION ALL
  SELECT 1, r.relname, 2000, format('  CONSTRAINT %s %s', k.conname, pg_get_constraintdef(k.oid))
  FROM relation AS r INNER JOIN pg_constraint AS k ON r.oid = k.conrelid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
  UNION ALL
  SELECT 1, r.relname, 3000, '  ' || pg_get_indexdef(i.indexrelid)
  FROM relation AS r INNER JOIN pg_index AS i ON r.oid = i.indrelid
  WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  UNION ALL
  SELECT 1, tablename, 4000, format(
    '  POLICY %s %s FOR %s TO %s%s%s', policyname, permissive, cmd, array_to_string(roles, ', '),
    ' USING ' || regexp_replace(qual, '\\s+', ' ', 'g'), ' WITH CHECK ' || regexp_replace(with_check, '\\s+', ' ', 'g')
  )
  FROM pg_policies WHERE schemaname = 'wangge'
  UNION ALL
  SELECT 1, r.relname, 5000, '  ' || pg_get_triggerdef(t.oid)
  FROM relation AS r INNER JOIN pg_trigger AS t ON r.oid = t.tgrelid AND NOT t.tgisinternal
  UNION ALL
  SELECT CASE WHEN r.relkind = 'S' THEN 2 ELSE 1 END, r.relname, 6000, format(
    '  GRANT %s ON %s TO %s',
    string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), r.relname, coalesce(p.rolname, 'PUBLIC')
  )
  FROM relation AS r CROSS JOIN aclexplode(r.relacl) AS g LEFT JOIN pg_roles AS p ON g.grantee = p.oid
  WHERE g.grantee <> r.relowner
  GROUP BY r.relkind, r.relname, p.rolname
  UNION ALL
  SELECT 3, f.proname, 0, E'\\n' || pg_get_functiondef(f.oid) || coalesce(E'\\n-- granted: ' || f.proacl::text, '')
  FROM pg_proc AS f WHERE f.pronamespace = 'wangge'::regnamespace
  UNION ALL
  SELECT 4, n.nspname, 0, format('SCHEMA %s GRANTED %s', n.nspname, n.nspacl)
  FROM pg_namespace AS n WHERE n.nspname IN ('wangge', 'jobs')
)
SELECT text FROM line ORDER BY part, name COLLATE "C", place, text COLLATE "C"
"""


def shape(dsn: str) -> str:
    """The schema in a stable order: row security, columns, constraints, indexes, policies, triggers, grants."""
    with psycopg.connect(dsn, options=OWNER) as conn:
        lines = [row[0] for row in conn.execute(SHAPE)]
    return (
        "-- Renew with WANGGE_RENEW_SNAPSHOTS=1, and read the difference before you commit it.\n"
        + "\n".join(lines)
        + "\n"
    )


def test_the_schema_is_the_reviewed_one(database: str) -> None:
    if os.environ.get("WANGGE_RENEW_SNAPSHOTS"):
        SNAPSHOT.write_text(shape(database), encoding="utf-8")
    assert shape(database) == SNAPSHOT.read_text(encoding="utf-8"), (
        "the schema is not the reviewed one; run this test with WANGGE_RENEW_SNAPSHOTS=1 and review the difference"
    )


@pytest.mark.parametrize(
    "change",
    [
        "DROP POLICY subtree ON wangge.incident",
        "ALTER TABLE wangge.feed DISABLE ROW LEVEL SECURITY",
        "GRANT TRUNCATE ON wangge.incident_event TO wangge_app",
        "ALTER TABLE wangge.load DROP CONSTRAINT load_adds_up",
        "DROP TRIGGER unit_version_only_closes ON wangge.unit_version",
        "CREATE OR REPLACE FUNCTION wangge.entered() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE RETURN true",
    ],
)
def test_a_change_of_what_alembic_does_not_compare_changes_the_snapshot(database: str, change: str) -> None:
    with psycopg.connect(database, options=OWNER) as conn:
        before = [row[0] for row in conn.execute(SHAPE)]
        conn.execute(change)
        assert [row[0] for row in conn.execute(SHAPE)] != before
        conn.rollback()
