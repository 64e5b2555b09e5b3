"""Row security, table by table: nothing without a scope, the subtree and no more with one, and history stays."""

from collections.abc import Generator
from contextlib import contextmanager
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from geo import db
from geo.db import EVERYTHING, PUBLIC, Scope, begin

Pool = ConnectionPool[db.Connection]

# A league with banners whose ids begin alike (2, 20, 21), and two foreign leagues whose ids begin like its own.
PATHS = ["1.", "1.2.", "1.2.3.", "1.2.30.", "1.2.3.31.", "1.20.", "1.20.4.", "1.21.", "12.", "12.22.", "120."]
SCOPES = [Scope(path) for path in [*PATHS, "1.2.3.31.99.", "7."]]

# Who reads what: published to whoever entered; by path; only by who holds everything; by account; by nobody.
PUBLISHED = {
    *("unit", "unit_version", "issued_code", "unit_alias", "unit_lineage"),
    *("block", "building", "entrance", "street", "water", "station", "category", "channel"),
    *("assignment_run", "edition", "activation", "public_figure"),
}
BY_PATH = {
    *("department", "team", "default_team", "post", "route", "check_point"),
    *("incident", "incident_event", "assignment", "feed", "job_progress", "hand_over"),
}
BY_WHOLE = {"load", "account", "account_grant", "credential", "incident_change"}
BY_WHOLE |= {"quarantine", "identity_provider", "identity_link", "sign_in_flow"}
BY_DESK = {"recut", "recut_unit"}  # to which boundaries a re-cut was made: every desk's, not the public's
BY_MATTER = {"recut_incident"}
BY_ACCOUNT = {"idempotency"}
SEALED = {"reporter", "incident_original", "photo"}  # test_sealed.py, test_photos.py
SEALED |= {"owed_index"}  # test_bulk_load.py
LOGGED = {"audit_entry", "audit_link"}  # test_audit.py
TABLES = sorted(PUBLISHED | BY_PATH | BY_WHOLE | BY_DESK | BY_MATTER | BY_ACCOUNT | SEALED | LOGGED)
SPARE = 900  # a unit that no fixture row names
APPENDED = {"unit", "issued_code", "unit_lineage", "incident_event", "assignment", "assignment_run", "edition"}
APPENDED |= {"activation", "public_figure", "quarantine", *LOGGED}

POINT = "ST_SetSRID(ST_MakePoint(121, 46), 4326)"
LINE = "ST_SetSRID(ST_MakeLine(ST_MakePoint(121, 46), ST_MakePoint(122, 47)), 4326)"
AREA = "ST_Multi(ST_MakeEnvelope(121, 46, 122, 47, 4326))"
EVER = "tstzrange('2020-01-01', NULL)"
INCIDENT = (
    "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at, "
    "source, source_key) VALUES (%(uuid)s, %(path)s, 1, 'inside', 'other', 'import', 'x', {POINT}, now(), now(), "
    "'test', %(code)s)"
)
# One row of each table under a path; `n` numbers the rows.
INSERTS = {
    "unit_version": "INSERT INTO unit_version (unit_id, level, code, path, name, geom, derived, valid, recorded) "
    "VALUES (%(n)s, 'grid', %(code)s, %(path)s, 'x', {AREA}, false, {EVER}, {EVER})",
    "block": "INSERT INTO block (code, path, geom) VALUES (%(code)s, %(path)s, {AREA})",
    "building": "INSERT INTO building (code, path, geom, source) VALUES (%(code)s, %(path)s, {AREA}, 'test')",
    "station": "INSERT INTO station (id, code, path, kind, name, geom, source) VALUES "
    "(%(uuid)s, %(code)s, %(path)s, 'x', 'x', {POINT}, 'test')",
    "department": "INSERT INTO department (id, code, path, level, name) VALUES "
    "(%(uuid)s, %(code)s, %(path)s, 'banner', 'x')",
    "team": "INSERT INTO team (id, code, path, kind, name, source) VALUES "
    "(%(uuid)s, %(code)s, %(path)s, 'patrol', 'x', 'test')",
    "default_team": "INSERT INTO default_team (unit_id, path, category, team_id) VALUES "
    "(1, %(path)s, %(code)s, '00000000-0000-0000-0000-000000000001')",
    "post": "INSERT INTO post (unit_id, path, kind, filled) VALUES (1, %(path)s, 'judge', false)",
    "route": "INSERT INTO route (id, code, path, name, length_m, geom, source) VALUES "
    "(%(uuid)s, %(code)s, %(path)s, 'x', 1, {LINE}, 'test')",
    "incident": INCIDENT,
    "incident_event": "INSERT INTO incident_event (incident_id, number, path, kind, at, account, state) VALUES "
    "(%(of)s, %(n)s, %(path)s, 'noted', now(), 'x', 'reported')",
    "assignment": "INSERT INTO assignment (incident_id, run_id, path, unit_id, owner_rule, candidates, team_id, "
    "team_rule, team_unit_id) VALUES (%(of)s, %(n)s, %(path)s, 1, 'one_owner', '{{}}', "
    "'00000000-0000-0000-0000-000000000001', 'default_of_unit', 1)",
    "feed": "INSERT INTO feed (path, kind, subject, body, at) VALUES (%(path)s, 'x', 'x', '{{}}', now())",
    "job_progress": "INSERT INTO job_progress (job_id, path, kind, account, asked_at) VALUES "
    "(%(n)s, %(path)s, 'x', 'x', now())",
}
WITH_PATH = sorted(INSERTS)


def insert(conn: db.Connection, table: str, path: str, n: int) -> None:
    # What belongs to an incident is the history of the one under the same path, of a spare one that of the first.
    params = {"path": path, "n": n, "code": f"c{n}", "uuid": UUID(int=n), "of": UUID(int=n if n <= len(PATHS) else 1)}
    conn.execute(INSERTS[table].format(POINT=POINT, LINE=LINE, AREA=AREA, EVER=EVER), params)


def unit_of(path: str) -> int:
    return int(path.split(".")[-2])


@pytest.fixture(scope="module")
def filled(pool: Pool) -> Pool:
    """One row under each path in every table that has paths, and one in each table that has none."""
    with begin(pool, EVERYTHING) as conn:
        conn.execute("INSERT INTO unit (id) VALUES (%s)", [SPARE])
        conn.execute("INSERT INTO assignment_run VALUES (%s, now(), 'x', now(), now())", [SPARE])
        for path in PATHS:
            conn.execute("INSERT INTO unit (id) VALUES (%s)", [unit_of(path)])
            insert(conn, "unit_version", path, unit_of(path))
            conn.execute("INSERT INTO issued_code (system, code, unit_id) VALUES ('x', %s, %s)", [path, unit_of(path)])
            conn.execute("INSERT INTO unit_alias (system, note, unit_id) VALUES ('x', %s, %s)", [path, unit_of(path)])
        for n, path in enumerate(PATHS, 1):
            conn.execute("INSERT INTO assignment_run VALUES (%s, now(), 'x', now(), now())", [n])
            for table in [name for name in INSERTS if name != "unit_version"]:
                insert(conn, table, path, n)
        conn.execute("INSERT INTO entrance (building_id, number) SELECT id, 1 FROM building")
        conn.execute(f"INSERT INTO check_point SELECT id, 1, 'x', {POINT} FROM route")
        conn.execute("INSERT INTO unit_lineage VALUES (2, 20, now(), 1)")
        conn.execute("INSERT INTO activation VALUES (now(), now(), now())")
        conn.execute(f"INSERT INTO street VALUES (1, 'x', 'x', 'x', false, 1, 2, 1, {LINE}, 'x')")
        conn.execute(f"INSERT INTO water (code, kind, geom, source) VALUES ('x', 'river', ST_Multi({LINE}), 'x')")
        conn.execute(
            "INSERT INTO public_figure VALUES ('week', '2026-01-05', '2026-01-12', '', 2, '1.2.', 5, true, now())"
        )
        conn.execute("INSERT INTO load VALUES (%s, 'x', 'x', 'x', 'x', '{}', now(), 'x', 0, 0, 0, 0)", [UUID(int=1)])
        conn.execute("INSERT INTO quarantine VALUES (%s, now(), 'gcj02', '{}')", [UUID(int=1)])
        conn.execute("INSERT INTO account (id, name) VALUES (1, 'duty')")
        conn.execute("INSERT INTO account_grant (account_id, role, unit_id) VALUES (1, 'planner', 2)")
        conn.execute(
            "INSERT INTO credential VALUES (sha256('x'), 'session', 1, 1, NULL, NULL, now(), now(), now() + '1 day')"
        )
        conn.execute("INSERT INTO identity_provider VALUES (1, 'office', 'x', 'x', 'sub', 'x', 'x', false)")
        conn.execute("INSERT INTO identity_link VALUES (1, 'x', 1)")
        conn.execute("INSERT INTO sign_in_flow VALUES (sha256('x'), 1, '/', now() + '1 hour')")
        conn.execute("INSERT INTO recut VALUES (1, now(), 'x', 'file', 'x', NULL, NULL, 'x')")
        conn.execute("INSERT INTO recut_unit VALUES (1, 1, NULL, 'x', 'x')")
        conn.execute("INSERT INTO recut_incident SELECT 1, id, 1, 'inside', unit_id, false FROM incident")
        # A trigger hands over what goes to a department.
        conn.execute("UPDATE incident SET department_id = %s", [UUID(int=1)])
        conn.execute("INSERT INTO idempotency VALUES ('system', 'k', 'x', 200, '{}', now())")
    return pool


def count(conn: psycopg.Connection[Any], table: str) -> int:
    row = conn.execute(sql.SQL("SELECT count(*) AS n FROM wangge.{}").format(sql.Identifier(table))).fetchone()
    return row["n"] if isinstance(row, dict) else row[0]


def paths_seen(conn: db.Connection, table: str) -> list[str]:
    found = conn.execute(sql.SQL("SELECT path FROM {}").format(sql.Identifier(table))).fetchall()
    return sorted(row["path"] for row in found)


def below(scope: Scope) -> list[str]:
    return sorted(path for path in PATHS if path.startswith(scope.path))


@contextmanager
def undone(pool: Pool, scope: Scope) -> Generator[db.Connection]:
    """A transaction that leaves nothing behind."""
    with begin(pool, scope) as conn, conn.transaction(force_rollback=True):
        yield conn


def test_every_table_has_row_security_and_is_classified_here(filled: Pool) -> None:
    with begin(filled, EVERYTHING) as conn:
        found = db.rows(
            conn,
            "SELECT relname, relrowsecurity FROM pg_class "
            "WHERE relnamespace = 'wangge'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'",
        )
        assert [row["relname"] for row in found if not row["relrowsecurity"]] == []
        assert sorted(row["relname"] for row in found) == TABLES
        empty = [table for table in TABLES if count(conn, table) == 0]
    assert empty == sorted(SEALED | LOGGED)  # these have tests of their own; all others below have rows to find


def test_nobody_of_the_service_may_step_around_row_security(filled: Pool) -> None:
    with begin(filled, EVERYTHING) as conn:
        found = db.rows(
            conn,
            "SELECT rolname FROM pg_roles WHERE rolname IN ('wangge', 'wangge_app') AND (rolsuper OR rolbypassrls)",
        )
    assert found == []


@pytest.mark.parametrize("table", TABLES)
def test_the_login_role_alone_may_read_nothing(database: str, filled: Pool, table: str) -> None:
    with psycopg.connect(database) as conn, pytest.raises(errors.InsufficientPrivilege):
        count(conn, table)


@pytest.mark.parametrize("table", TABLES)
def test_the_service_role_without_a_scope_sees_nothing(database: str, filled: Pool, table: str) -> None:
    with psycopg.connect(database, options="-c role=wangge_app") as conn:
        assert count(conn, table) == 0


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_session_that_had_a_scope_sees_nothing_after_it(database: str, filled: Pool, ending: str) -> None:
    with db.open_pool(database, 1) as pool:
        with pool.connection() as conn:
            db.enter(conn, Scope("1."))
            assert count(conn, "incident") == len(below(Scope("1.")))
            getattr(conn, ending)()
            conn.execute("SET ROLE wangge_app")
            for name in ("path_from", "path_to", "account", "now"):
                left = db.one(conn, "SELECT current_setting(%(name)s, true) AS value", name=f"wangge.{name}")
                assert left == {"value": ""}  # not NULL: what a policy must not take for the scope of everything
            assert [table for table in TABLES if count(conn, table)] == []
            for table in WITH_PATH:
                with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
                    insert(conn, table, "1.", 999)
            conn.execute("RESET ROLE")
        with pool.connection() as conn, pytest.raises(errors.InsufficientPrivilege):
            count(conn, "incident")


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.path)
def test_a_scope_sees_exactly_its_subtree(filled: Pool, scope: Scope) -> None:
    with begin(filled, scope) as conn:
        for table in sorted(BY_PATH & INSERTS.keys()):
            assert paths_seen(conn, table) == below(scope), table
        assert count(conn, "check_point") == len(below(scope))
        for table in PUBLISHED & INSERTS.keys():
            assert paths_seen(conn, table) == sorted(PATHS), table


def test_the_empty_path_is_everything(filled: Pool) -> None:
    with begin(filled, EVERYTHING) as conn:
        for table in WITH_PATH:
            assert paths_seen(conn, table) == sorted(PATHS), table


def test_the_public_sees_what_is_published_and_nothing_else(filled: Pool) -> None:
    with begin(filled, PUBLIC) as conn:
        seen = {table for table in TABLES if count(conn, table)}
    assert seen == PUBLISHED


@pytest.mark.parametrize("table", sorted(BY_WHOLE))
def test_what_concerns_everything_is_seen_by_who_holds_everything(filled: Pool, table: str) -> None:
    with begin(filled, EVERYTHING) as conn:
        assert count(conn, table) >= 1
    for scope in SCOPES:
        with begin(filled, scope) as conn:
            assert count(conn, table) == 0


@pytest.mark.parametrize("table", sorted(BY_DESK))
def test_to_which_boundaries_a_recut_was_made_is_seen_by_every_desk_and_not_by_the_public(
    filled: Pool, table: str
) -> None:
    for role, expected in [("patrol", 1), ("dispatcher", 1), ("admin", 1), ("public", 0), ("intake", 0), ("", 0)]:
        with begin(filled, Scope("1.2.", "duty", role=role)) as conn:
            assert count(conn, table) == expected, role


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.path)
def test_what_a_recut_found_is_seen_with_its_incident(filled: Pool, scope: Scope) -> None:
    with begin(filled, scope) as conn:
        assert count(conn, "recut_incident") == len(below(scope))
    with begin(filled, EVERYTHING) as conn:
        assert count(conn, "recut_incident") == len(PATHS)


def test_an_answer_kept_for_one_account_is_shown_to_it_and_to_who_keeps_the_house_alone(filled: Pool) -> None:
    everywhere = [("duty", "admin", 0), ("duty", "dispatcher", 0), ("", "public", 0), ("system", "admin", 1)]
    for account, role, expected in [*everywhere, ("other", "system", 1)]:
        with begin(filled, Scope("", account, role=role)) as conn:
            assert count(conn, "idempotency") == expected, (account, role)
    with begin(filled, Scope("1.", "other")) as conn:
        assert count(conn, "idempotency") == 0


@pytest.mark.parametrize("table", WITH_PATH)
def test_rows_are_put_into_the_own_subtree_only(filled: Pool, table: str) -> None:
    allowed, done = set(), set()
    for scope, above in product(SCOPES, PATHS):
        path = f"{above}{SPARE}."
        if path.startswith(scope.path):
            allowed.add((scope, path))
        with undone(filled, scope) as conn:
            try:
                insert(conn, table, path, SPARE)
                done.add((scope, path))
            except errors.InsufficientPrivilege:
                pass
    assert done == allowed
    assert 0 < len(done) < len(SCOPES) * len(PATHS)


@pytest.mark.parametrize("table", sorted(INSERTS.keys() - APPENDED - {"unit_version"}))
def test_no_row_is_moved_out_of_the_subtree_or_touched_outside_of_it(filled: Pool, table: str) -> None:
    name = sql.Identifier(table)
    move = sql.SQL("UPDATE {} SET path = %s WHERE path = %s").format(name)
    for outside in ["1.", "1.20.", "1.21.", "12.", "12.22."]:
        with undone(filled, Scope("1.2.")) as conn:
            with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
                conn.execute(move, [outside, "1.2.3."])
            assert conn.execute(move, ["1.2.3.", outside]).rowcount == 0
            assert conn.execute(move, ["1.2.3.", "1.2.30."]).rowcount == 1
            assert conn.execute(sql.SQL("DELETE FROM {} WHERE path = %s").format(name), [outside]).rowcount == 0


@pytest.mark.parametrize(
    ("insert_child", "update_child"),
    [
        (
            "INSERT INTO entrance (building_id, number) SELECT id, 9 FROM building WHERE path = %s",
            "UPDATE entrance SET households = 1 FROM building AS b WHERE b.id = building_id AND b.path = %s",
        ),
        (
            "INSERT INTO unit_alias (unit_id, system, note) SELECT unit_id, 'x', 'x' FROM unit_version WHERE path = %s",
            "UPDATE unit_alias AS a SET note = 'x' FROM unit_version AS u WHERE u.unit_id = a.unit_id AND u.path = %s",
        ),
    ],
)
def test_what_hangs_on_a_row_outside_is_not_written(filled: Pool, insert_child: str, update_child: str) -> None:
    with undone(filled, Scope("1.2.")) as conn:
        assert conn.execute(insert_child, ["1.2.30."]).rowcount == 1
        assert conn.execute(update_child, ["1.2.3."]).rowcount == 1
        assert conn.execute(update_child, ["1.20."]).rowcount == 0
        with pytest.raises(errors.InsufficientPrivilege):
            conn.execute(insert_child, ["1.20."])


@pytest.mark.parametrize("column", ["unit_id", "successor_id"])
def test_codes_and_lineage_are_written_where_the_unit_lies(filled: Pool, column: str) -> None:
    statement = {
        "unit_id": "INSERT INTO issued_code (system, code, unit_id) VALUES ('y', 'y', %s)",
        "successor_id": "INSERT INTO unit_lineage VALUES (%s, 1, now(), 1)",
    }[column]
    with undone(filled, Scope("1.2.")) as conn:
        assert conn.execute(statement, [30]).rowcount == 1
        with pytest.raises(errors.InsufficientPrivilege):
            conn.execute(statement, [20])


@pytest.mark.parametrize("table", sorted((BY_WHOLE - APPENDED) | {"street", "water", "category", "channel"}))
def test_who_holds_a_part_writes_nothing_that_concerns_everything(filled: Pool, table: str) -> None:
    delete = sql.SQL("DELETE FROM {}").format(sql.Identifier(table))
    with undone(filled, Scope("1.")) as conn:
        assert conn.execute(delete).rowcount == 0
    with undone(filled, EVERYTHING) as conn:
        if table in {"street", "water", "credential"}:  # what nothing else refers to
            assert conn.execute(delete).rowcount == 1


@pytest.mark.parametrize("table", TABLES)
def test_the_service_never_truncates(filled: Pool, table: str) -> None:
    with undone(filled, EVERYTHING) as conn, pytest.raises(errors.InsufficientPrivilege):
        conn.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(table)))


@pytest.mark.parametrize("scope", [EVERYTHING, Scope("1.2."), PUBLIC], ids=lambda scope: scope.path)
@pytest.mark.parametrize("table", sorted(APPENDED))
def test_history_is_neither_changed_nor_deleted(filled: Pool, table: str, scope: Scope) -> None:
    with begin(filled, EVERYTHING) as conn:
        column = db.one(
            conn,
            "SELECT attname FROM pg_attribute WHERE attrelid = %(table)s::regclass AND attnum = 1",
            table=table,
        )["attname"]
    name, first = sql.Identifier(table), sql.Identifier(column)
    for statement in ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"]:
        with undone(filled, scope) as conn, pytest.raises(errors.RestrictViolation):
            conn.execute(sql.SQL(statement).format(table=name, column=first))


@pytest.mark.parametrize(
    "change",
    [
        "recorded = tstzrange('2020-01-01', '2021-01-01'), name = 'y'",
        "recorded = tstzrange('2020-01-01', '2021-01-01'), valid = tstzrange('2020-01-01', '2021-01-01')",
        "recorded = tstzrange('2019-01-01', '2021-01-01')",
        "recorded = tstzrange('2020-01-01', '2020-01-01')",
        "recorded = tstzrange('2020-01-01', NULL)",
        "recorded = 'empty'",
        "valid = tstzrange('2020-01-01', '2021-01-01')",
        "name = name",
        "path = '1.20.3.'",
        "geom = ST_Reverse(geom)",
        "attributes = '{\"a\": 1}'",
    ],
)
def test_a_version_is_not_changed_otherwise_than_by_closing(filled: Pool, change: str) -> None:
    with undone(filled, EVERYTHING) as conn, pytest.raises(errors.RestrictViolation):
        conn.execute(f"UPDATE unit_version SET {change} WHERE unit_id = 3")


def test_a_version_is_closed_once_and_never_deleted(filled: Pool) -> None:
    close = "UPDATE unit_version SET recorded = tstzrange(lower(recorded), %s) WHERE unit_id = 3"
    with undone(filled, Scope("1.2.")) as conn:
        assert conn.execute(close, ["2021-01-01"]).rowcount == 1
        for statement, params in [
            (close, ["2022-01-01"]),
            (close, [None]),
            ("DELETE FROM unit_version WHERE unit_id = 3", []),
        ]:
            with pytest.raises(errors.RestrictViolation), conn.transaction():
                conn.execute(statement, params)
    with undone(filled, Scope("1.20.")) as conn:
        assert conn.execute(close, ["2021-01-01"]).rowcount == 0


ENDINGS = st.sampled_from(["commit", "rollback", "fail"])
STEPS = st.lists(st.tuples(st.sampled_from([*SCOPES, EVERYTHING, PUBLIC]), ENDINGS), min_size=1, max_size=8)


@contextmanager
def ended(pool: Pool, scope: Scope, ending: str) -> Generator[db.Connection]:
    try:
        with begin(pool, scope) as conn:
            yield conn
            if ending == "fail":
                conn.execute("SELECT 1 / 0")
            if ending == "rollback":
                raise psycopg.Rollback
    except errors.DivisionByZero:
        assert ending == "fail"


@pytest.fixture(scope="module")
def single(database: str, filled: Pool) -> Generator[Pool]:
    with db.open_pool(database, 1) as pool:
        yield pool


@pytest.fixture(scope="module")
def double(database: str, filled: Pool) -> Generator[Pool]:
    with db.open_pool(database, 2) as pool:
        yield pool


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_scopes_do_not_leak_along_one_connection(single: Pool, steps: list[tuple[Scope, str]]) -> None:
    for scope, ending in steps:
        with ended(single, scope, ending) as conn:
            assert paths_seen(conn, "incident") == below(scope)
        with single.connection() as conn:
            conn.execute("SET LOCAL ROLE wangge_app")
            assert count(conn, "incident") == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, others=STEPS)
def test_scopes_do_not_leak_between_two_connections(
    double: Pool, steps: list[tuple[Scope, str]], others: list[tuple[Scope, str]]
) -> None:
    for (scope, ending), (other, other_ending) in zip(steps, others, strict=False):
        with ended(double, scope, ending) as mine:
            assert paths_seen(mine, "incident") == below(scope)
            with ended(double, other, other_ending) as theirs:
                assert paths_seen(theirs, "incident") == below(other)
                assert paths_seen(mine, "incident") == below(scope)
            assert paths_seen(mine, "incident") == below(scope)


@pytest.fixture(scope="module")
def crowded(database: str, filled: Pool) -> Pool:
    """20,000 incidents on a square degree, spread over the paths."""
    with begin(filled, EVERYTHING) as conn:
        conn.execute(
            "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, "
            "received_at, source, source_key) "
            "SELECT md5(i::text)::uuid, (%(paths)s::text[])[1 + i %% 11], 1, 'inside', 'other', 'import', 'x', "
            "st_setsrid(st_makepoint(110 + (i %% 141) / 141.0, 40 + (i / 141) / 142.0), 4326), now(), now(), "
            "'crowd', i::text FROM generate_series(0, 19999) AS i",
            {"paths": PATHS},
        )
    with psycopg.connect(database, options="-c role=wangge_owner", autocommit=True) as conn:
        conn.execute("ANALYZE wangge.incident")
    return filled


VIEWPORT = (
    "SELECT id FROM incident WHERE geom && st_makeenvelope(110.5, 40.5, 110.6, 40.6, 4326) "
    "AND st_intersects(geom, st_makeenvelope(110.5, 40.5, 110.6, 40.6, 4326))"
)
BY_PREDICATE = VIEWPORT + " AND path >= %(path)s AND path < %(upper)s"


def plan(conn: db.Connection, query: str, scope: Scope) -> str:
    lines = conn.execute("EXPLAIN " + query, {"path": scope.path, "upper": scope.upper}).fetchall()
    return "\n".join(line["QUERY PLAN"] for line in lines)


def ids(conn: db.Connection, query: str, scope: Scope) -> set[UUID]:
    return {row["id"] for row in conn.execute(query, {"path": scope.path, "upper": scope.upper}).fetchall()}


def mark(server: Any, database: str, leakproof: str) -> None:
    dsn = make_conninfo(server.maker, dbname=psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(f"ALTER FUNCTION geometry_overlaps(geometry, geometry) {leakproof}")


@pytest.fixture
def unmarked(server: Any, database: str) -> Generator[None]:
    try:
        mark(server, database, "NOT LEAKPROOF")
    except errors.InsufficientPrivilege:
        pytest.skip("the server's administrator may not change the mark; it is as it is")
    yield
    mark(server, database, "LEAKPROOF")


def test_the_spatial_index_is_used_under_a_scope(crowded: Pool) -> None:
    with begin(crowded, Scope("1.")) as conn:
        assert "idx_incident_geom" in plan(conn, VIEWPORT, Scope("1."))


OF_POLICIES = """
SELECT p.proname AS name, pol.polrelid::regclass::text AS guarded, p.proparallel = 's' AS safe
FROM pg_depend AS d
JOIN pg_policy AS pol ON d.classid = 'pg_policy'::regclass AND d.objid = pol.oid
JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
"""
# It asks for the transaction's id, which workers are not told; sealed rows are read one by one.
LEADER_ALONE = {("logged", "reporter"), ("logged", "incident_original")}


def test_no_policy_keeps_parallel_workers_from_a_table(filled: Pool) -> None:
    with begin(filled, EVERYTHING) as conn:
        found = db.rows(conn, OF_POLICIES)
    assert {("instant", "incident"), ("entered", "unit_version")} <= {(one["name"], one["guarded"]) for one in found}
    assert {(one["name"], one["guarded"]) for one in found if not one["safe"]} == LEADER_ALONE


@pytest.mark.parametrize("organisation", ["", str(UUID(int=77))])
def test_workers_may_share_a_count_under_a_scope_where_they_are_allowed(crowded: Pool, organisation: str) -> None:
    counted = "SELECT count(*) FROM incident"
    scope = Scope("1.", "x", organisation, "x")
    with begin(crowded, scope) as conn:
        alone = count(conn, "incident")
        for setting in ("min_parallel_table_scan_size", "parallel_setup_cost", "parallel_tuple_cost"):
            conn.execute(sql.SQL("SET LOCAL {} = 0").format(sql.Identifier(setting)))
        assert "Gather" not in plan(conn, counted, scope)  # the service allows none: they take longer to start
        conn.execute("SET LOCAL max_parallel_workers_per_gather = 1")
        conn.execute("SET LOCAL enable_indexscan = off")
        conn.execute("SET LOCAL enable_indexonlyscan = off")
        assert "Gather" in plan(conn, counted, scope)
        assert count(conn, "incident") == alone > 10_000


@pytest.mark.parametrize("scope", [EVERYTHING, Scope("1."), Scope("1.2."), Scope("1.20."), PUBLIC])
def test_a_viewport_shows_the_rows_of_its_scope_and_all_of_them(crowded: Pool, scope: Scope) -> None:
    with begin(crowded, EVERYTHING) as conn:
        expected = ids(conn, BY_PREDICATE, scope)
    assert bool(expected) == (scope != PUBLIC)
    with begin(crowded, scope) as conn:
        assert ids(conn, VIEWPORT, scope) == expected
        assert ids(conn, BY_PREDICATE, scope) == expected


@pytest.mark.parametrize("scope", [EVERYTHING, Scope("1."), Scope("1.2.")])
def test_without_the_leakproof_mark_the_rows_are_the_same(crowded: Pool, scope: Scope, request: Any) -> None:
    with begin(crowded, scope) as conn:
        marked = ids(conn, VIEWPORT, scope)
    request.getfixturevalue("unmarked")
    with begin(crowded, scope) as conn:
        assert "idx_incident_geom" not in plan(conn, VIEWPORT, scope)
        assert ids(conn, VIEWPORT, scope) == marked
        assert ids(conn, BY_PREDICATE, scope) == marked
