"""The audit log: appended by whoever acts, read by auditors, and a chain in which any tampering shows."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from psycopg_pool import ConnectionPool

from geo import audit, db, jobs
from geo.audit import AuditFilter, Fault
from geo.db import EVERYTHING, Scope, begin
from geo.keys import KeyMissing, KeyRing, open_ring

Pool = ConnectionPool[db.Connection]
BANNER, SIBLING = Scope("1.2.", "duty", role="dispatcher"), Scope("1.3.", "other", role="dispatcher")
TRIGGERS = [
    ("audit_entry", "audit_entry_stays"),
    ("audit_entry", "audit_entry_is_stamped"),
    ("audit_link", "audit_link_stays"),
]


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return open_ring(tmp_path / "keys", tmp_path / "state")


@contextmanager
def owner(database: str) -> Generator[psycopg.Connection]:
    """Whoever owns the tables, with the triggers out of the way: what an intruder could become."""
    with psycopg.connect(database, options="-c role=wangge_owner -c search_path=wangge") as conn:
        for table, trigger in TRIGGERS:
            conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        conn.execute("ALTER TABLE audit_link DROP CONSTRAINT IF EXISTS audit_link_entry_id_fkey")
        yield conn
        for table, trigger in TRIGGERS:
            conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


@pytest.fixture(autouse=True)
def emptied(database: str) -> Generator[None]:
    yield
    with owner(database) as conn:
        conn.execute("DELETE FROM audit_link")
        conn.execute("DELETE FROM audit_entry")


def log(pool: Pool, count: int = 1, scope: Scope = BANNER) -> None:
    for number in range(count):
        with begin(pool, scope) as conn:
            audit.append(conn, "reporter.revealed", f"s{number}", "回访")


def chain(pool: Pool, ring: KeyRing) -> int:
    with begin(pool, EVERYTHING) as conn:
        chained = audit.chain(conn, ring)
    with begin(pool, EVERYTHING) as conn:
        audit.remember_end(conn, ring)
    return chained


def verdict(pool: Pool, ring: KeyRing) -> audit.Verdict:
    with begin(pool, EVERYTHING) as conn:
        return audit.verify(conn, ring)


def ids(pool: Pool) -> list[int]:
    with begin(pool, EVERYTHING) as conn:
        return [row["id"] for row in db.rows(conn, "SELECT id FROM audit_entry ORDER BY id")]


def test_an_untouched_log_is_found_whole(pool: Pool, ring: KeyRing) -> None:
    log(pool, 3)
    assert chain(pool, ring) == 3
    log(pool, 2)
    assert verdict(pool, ring) == audit.Verdict(checked=3, waiting=2, faults=[])
    assert chain(pool, ring) == 2
    assert chain(pool, ring) == 0
    assert verdict(pool, ring) == audit.Verdict(checked=5, waiting=0, faults=[])


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "account = 'another'",
        "role = 'admin'",
        "path = '1.'",
        "kind = 'reporter.read'",
        "subject = 's9'",
        "reason = ''",
        "written_in = '1'",
    ],
)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_changed_entry_is_found(pool: Pool, ring: KeyRing, database: str, change: str, place: int) -> None:
    log(pool, 5)
    chain(pool, ring)
    entry = ids(pool)[place]
    with owner(database) as conn:
        conn.execute(f"UPDATE audit_entry SET {change} WHERE id = %s", [entry])
    assert verdict(pool, ring).faults == [Fault("changed", entry, place + 1)]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_removed_entry_is_found_with_its_link_or_without(
    pool: Pool, ring: KeyRing, database: str, place: int
) -> None:
    log(pool, 5)
    chain(pool, ring)
    entry = ids(pool)[place]
    with owner(database) as conn:
        conn.execute("DELETE FROM audit_entry WHERE id = %s", [entry])
    assert verdict(pool, ring).faults == [Fault("removed", entry, place + 1)]
    with owner(database) as conn:
        conn.execute("DELETE FROM audit_link WHERE entry_id = %s", [entry])
    expected = Fault("cut", None, 5) if place == 4 else Fault("removed", None, place + 1)
    assert verdict(pool, ring).faults == [expected]


def test_a_link_that_was_closed_over_a_removed_entry_is_found(pool: Pool, ring: KeyRing, database: str) -> None:
    log(pool, 5)
    chain(pool, ring)
    third = ids(pool)[2]
    with owner(database) as conn:
        conn.execute("DELETE FROM audit_entry WHERE id = %s", [third])
        conn.execute("DELETE FROM audit_link WHERE entry_id = %s", [third])
        for number in (4, 5):
            conn.execute("UPDATE audit_link SET number = %s WHERE number = %s", [number - 1, number])
    assert {fault.how for fault in verdict(pool, ring).faults} == {"changed", "cut"}


def test_an_inserted_entry_is_found(pool: Pool, ring: KeyRing, database: str) -> None:
    log(pool, 1)
    with begin(pool, EVERYTHING) as conn:
        db.one(conn, "SELECT nextval('audit_entry_id')")
    log(pool, 2)
    chain(pool, ring)
    between = ids(pool)[0] + 1
    with owner(database) as conn:
        conn.execute(
            "INSERT INTO audit_entry SELECT %s, at, account, role, path, kind, subject, reason, written_in "
            "FROM audit_entry ORDER BY id LIMIT 1",
            [between],
        )
    assert verdict(pool, ring).faults == [Fault("inserted", between, None)]
    assert chain(pool, ring) == 0  # the job does not take it in either
    assert verdict(pool, ring).faults == [Fault("inserted", between, None)]


def test_a_forged_end_is_found(pool: Pool, ring: KeyRing, database: str) -> None:
    log(pool, 2)
    chain(pool, ring)
    log(pool, 1)
    with owner(database) as conn:
        conn.execute("INSERT INTO audit_link SELECT 3, max(id), sha256('guess') FROM audit_entry")
    assert verdict(pool, ring).faults == [Fault("changed", ids(pool)[-1], 3)]


def test_a_chain_that_is_cut_off_and_grows_again_is_found(pool: Pool, ring: KeyRing, database: str) -> None:
    log(pool, 4)
    chain(pool, ring)
    with owner(database) as conn:
        conn.execute("DELETE FROM audit_link WHERE number > 2")
        conn.execute("DELETE FROM audit_entry WHERE id > (SELECT max(entry_id) FROM audit_link)")
    assert verdict(pool, ring).faults == [Fault("cut", None, 4)]
    log(pool, 4)
    with pytest.raises(audit.ChainBroken):
        chain(pool, ring)
    assert verdict(pool, ring).faults == [Fault("cut", None, 4)]


def test_after_a_restore_the_chain_goes_on_where_an_operator_says_so(pool: Pool, ring: KeyRing, database: str) -> None:
    log(pool, 4)
    chain(pool, ring)
    with owner(database) as conn:
        conn.execute("DELETE FROM audit_link WHERE number > 2")
        conn.execute("DELETE FROM audit_entry WHERE id > (SELECT max(entry_id) FROM audit_link)")
    with begin(pool, EVERYTHING) as conn:
        audit.restart(conn, ring, "从备份恢复")
    assert verdict(pool, ring) == audit.Verdict(checked=3, waiting=0, faults=[])
    with begin(pool, EVERYTHING) as conn:
        assert audit.find(conn, AuditFilter(limit=1)).items[0].reason == "从备份恢复"


def test_without_its_key_a_chain_is_neither_checked_nor_made_anew(pool: Pool, ring: KeyRing) -> None:
    log(pool, 1)
    chain(pool, ring)
    (ring.directory / "audit.key").unlink()
    for use in (chain, verdict):
        with pytest.raises(KeyMissing):
            use(pool, ring)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), count=st.integers(2, 6))
def test_no_two_entries_can_be_exchanged(
    pool: Pool, database: str, tmp_path: Path, data: st.DataObject, count: int
) -> None:
    ring = open_ring(tmp_path / "keys", tmp_path / "state")
    with owner(database) as conn:
        conn.execute("DELETE FROM audit_link")
        conn.execute("DELETE FROM audit_entry")
    (ring.directory / audit.HEAD).unlink(missing_ok=True)
    log(pool, count)
    chain(pool, ring)
    one, other = data.draw(st.lists(st.sampled_from(ids(pool)), min_size=2, max_size=2, unique=True))
    with owner(database) as conn:
        for column in ("subject",):
            conn.execute(
                f"UPDATE audit_entry AS e SET {column} = o.{column} FROM audit_entry AS o "
                "WHERE (e.id, o.id) IN ((%(a)s, %(b)s), (%(b)s, %(a)s))",
                {"a": one, "b": other},
            )
    assert {fault.entry_id for fault in verdict(pool, ring).faults} == {one, other}


def test_who_acts_cannot_say_who_it_was_nor_when(pool: Pool) -> None:
    with begin(pool, BANNER) as conn:
        db.execute(
            conn,
            "INSERT INTO audit_entry (id, at, account, role, path, kind, subject, written_in) "
            "VALUES (999999, '2020-01-01', 'another', 'admin', '1.', 'a.b', 's', '1')",
        )
    with begin(pool, EVERYTHING) as conn:
        (entry,) = db.rows(conn, "SELECT * FROM audit_entry")
    assert (entry["account"], entry["role"], entry["path"]) == ("duty", "dispatcher", "1.2.")
    assert entry["id"] != 999999
    assert entry["at"].year > 2020


def test_auditors_read_what_was_done_below_them_and_nobody_else_reads(pool: Pool) -> None:
    log(pool, 1, BANNER)
    log(pool, 2, SIBLING)
    for role in ("public", "patrol", "grid_worker", "dispatcher", "department_handler", "planner", "admin", "intake"):
        for path in ("", "1.2."):
            with begin(pool, Scope(path, "x", role=role)) as conn:
                assert audit.find(conn, AuditFilter()).items == []
    for path, expected in [("", 3), ("1.", 3), ("1.2.", 1), ("1.3.", 2), ("1.4.", 0)]:
        with begin(pool, Scope(path, "x", role="auditor")) as conn:
            assert len(audit.find(conn, AuditFilter()).items) == expected


def test_pages_of_the_log_hold_each_entry_once(pool: Pool) -> None:
    log(pool, 7)
    found: list[str] = []
    cursor: str | None = None
    with begin(pool, Scope("", "x", role="auditor")) as conn:
        while True:
            page = audit.find(conn, AuditFilter(kind="reporter.revealed", cursor=cursor, limit=3))
            found += [entry.subject for entry in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert found == [f"s{number}" for number in reversed(range(7))]


def test_the_log_is_neither_changed_nor_deleted(pool: Pool) -> None:
    log(pool, 1)
    for statement in ("UPDATE audit_entry SET reason = ''", "DELETE FROM audit_entry", "DELETE FROM audit_link"):
        with pytest.raises(errors.RestrictViolation), begin(pool, EVERYTHING) as conn:
            db.execute(conn, statement)


def test_only_the_service_itself_adds_links(pool: Pool) -> None:
    log(pool, 1)
    with pytest.raises(errors.InsufficientPrivilege), begin(pool, Scope("", "x", role="auditor")) as conn:
        db.execute(conn, "INSERT INTO audit_link VALUES (1, 1, sha256('x'))")


def test_entries_become_visible_in_the_order_of_their_ids(pool: Pool) -> None:
    with begin(pool, BANNER) as first:
        audit.append(first, "a.b", "first")
        with begin(pool, SIBLING) as second:
            db.execute(second, "SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(errors.LockNotAvailable):
                audit.append(second, "a.b", "second")


def test_the_job_chains_whatever_waits(pool: Pool, ring: KeyRing, database: str) -> None:
    log(pool, 3)
    app = jobs.queue(database, {"chain_audit": audit.work(lambda: ring)})
    with begin(pool, EVERYTHING) as conn:
        job_id = jobs.defer(conn, app, "chain_audit")
    jobs.run_worker(app, pool, wait=False)
    with begin(pool, EVERYTHING) as conn:
        assert jobs.read(conn, job_id)["message"] == "3 entries chained."
    assert verdict(pool, ring) == audit.Verdict(checked=3, waiting=0, faults=[])
