"""Every column that the migrated database has is classified, and no column that it has not."""

import psycopg

from geo.classification import CLASSES, Class, sealed_tables
from geo.settings import CHECKOUT

COLUMNS = (
    "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = 'wangge' ORDER BY table_name, ordinal_position"
)


def unclassified(conn: psycopg.Connection) -> set[tuple[str, str]]:
    classified = {(table, column) for table, columns in CLASSES.items() for column in columns}
    return {(table, column) for table, column in conn.execute(COLUMNS)} ^ classified


def owner(database: str) -> psycopg.Connection:
    return psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge,public")


def test_every_column_has_a_class_and_every_class_a_column(database: str) -> None:
    with owner(database) as conn:
        assert unclassified(conn) == set()


def test_a_new_column_is_noticed(database: str) -> None:
    with owner(database) as conn:
        conn.execute("ALTER TABLE team ADD COLUMN leader text")
        conn.execute("CREATE TABLE resident (name text)")
        assert unclassified(conn) == {("team", "leader"), ("resident", "name")}
        conn.rollback()


def test_sealed_columns_hold_bytes_and_secrets_alone(database: str) -> None:
    with owner(database) as conn:
        kinds = {
            (table, column): kind
            for table, column, kind in conn.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'wangge'"
            )
        }
    for table in ("reporter", "incident_original", "photo"):
        sealed = [column for column, kind in CLASSES[table].items() if kind is Class.SEALED]
        assert [kinds[table, column] for column in sealed] == ["bytea"]


def test_what_is_sealed_is_in_no_answer_but_its_own() -> None:
    openapi = (CHECKOUT / "tests" / "snapshots" / "openapi.json").read_text(encoding="utf-8")
    assert {"reporter", "incident_original", "photo"} <= sealed_tables()
    for secret in ('"key_id"', '"sealed"', '"jpeg"'):
        assert secret not in openapi
