"""What is sealed comes back with a backup, opens with the keys that lie apart from it, and with no others."""

from collections.abc import Generator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from geo import audit, backup, db, keys, migrate, readiness, seal
from geo.cluster import Cluster
from geo.cluster_process import newest_programs
from geo.db import EVERYTHING, INTAKE, Scope, begin, open_pool
from geo.keys import KeyMissing, KeyRing
from geo.settings import settings
from tests.city import furnish

MATTER = UUID(int=7)
DESK = Scope("", "desk", role="dispatcher")


@pytest.fixture(scope="module")
def cluster(module_state_dir: Path) -> Generator[Cluster]:
    own = Cluster(module_state_dir, settings().postgres_bin, settings().postgres_account, durable=False)
    migrate.upgrade(own.start())
    yield own
    own.stop("immediate")


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return keys.open_ring(tmp_path_factory.mktemp("ring"), Path("/nowhere"))


def report(dsn: str, ring: KeyRing) -> None:
    with open_pool(dsn, 2) as pool:
        with begin(pool, EVERYTHING) as conn:
            furnish(conn)
            conn.execute(
                "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, "
                "received_at, source, source_key) SELECT %s, path, unit_id, 'inside', 'other', 'import', 'x', "
                "'SRID=4326;POINT(122 46)', now(), now(), 'test', 'k' FROM unit_version WHERE code = 'M1'",
                [MATTER],
            )
        with begin(pool, INTAKE) as conn:
            seal.put_contact(conn, ring, MATTER, seal.Contact(phone="13800138000"))
            seal.put_original(conn, ring, MATTER, {"title": "13800138000"})
        with begin(pool, EVERYTHING) as conn:
            audit.append(conn, "test.happened", "x")
            audit.chain(conn, ring)
        with begin(pool, EVERYTHING) as conn:
            audit.remember_end(conn, ring)


def test_a_restore_brings_back_what_is_sealed_and_the_spatial_index_under_row_security(
    cluster: Cluster, ring: KeyRing, tmp_path: Path
) -> None:
    report(cluster.dsn(), ring)
    programs = settings().postgres_bin or newest_programs()
    assert programs is not None
    saved = tmp_path / "league.backup"
    backup.dump(cluster.superuser_dsn(), saved, programs, lambda done: None)
    assert b"13800138000" not in saved.read_bytes()
    with psycopg.connect(cluster.dsn(), options="-c role=wangge_owner") as conn:
        conn.execute("DELETE FROM wangge.reporter; DELETE FROM wangge.incident_original")
    with psycopg.connect(cluster.superuser_dsn()) as conn:
        conn.execute("ALTER FUNCTION public.geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
    backup.restore(cluster.superuser_dsn(), saved, programs)
    with open_pool(cluster.dsn(), 2) as pool:
        with begin(pool, DESK) as conn:
            assert seal.reveal(conn, ring, MATTER, "回访核实情况").phone == "13800138000"
        with begin(pool, DESK) as conn:
            assert seal.original(conn, ring, MATTER) == {"title": "13800138000"}
        other = keys.open_ring(tmp_path / "other", Path("/nowhere"))
        with begin(pool, DESK) as conn, pytest.raises(KeyMissing):
            seal.reveal(conn, other, MATTER, "回访核实情况")
        with begin(pool, db.PUBLIC) as conn:
            assert db.rows(conn, "SELECT * FROM reporter") == []
        with begin(pool, EVERYTHING) as conn:
            assert readiness.check(conn).leakproof
            assert list(audit.verify(conn, ring).faults) == []
