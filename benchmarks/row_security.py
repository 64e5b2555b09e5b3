"""
What row security costs: viewport, list, count and export under scope, against the same rows by explicit predicates.

    python benchmarks/row_security.py DSN [--incidents 200000]

The database must be migrated and may be filled by this program alone: it makes a league of four levels with incidents
at random, and hands some of them over to departments. Both ways run in the same session, the explicit one as the owner
of the tables, whom policies do not bind; medians of interleaved runs. Forms of the hand-over policy are compared by
replacing it inside of a transaction that is rolled back.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from geo import db
from geo.db import Scope

RUNS = 15
HANDED = 500
DEPARTMENT = UUID(int=77)
OURS = "SELECT incident_id FROM hand_over WHERE organisation = '00000000-0000-0000-0000-00000000004d'"

FILL = """
INSERT INTO unit (id) SELECT generate_series(1, 1111) ON CONFLICT DO NOTHING;
INSERT INTO department (id, code, path, level, name)
VALUES ('00000000-0000-0000-0000-00000000004d', 'D', '1.', 'league', 'D') ON CONFLICT DO NOTHING;
INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at, source,
                      source_key, department_id)
SELECT gen_random_uuid(),
  format('1.%%s.%%s.%%s.', 2 + n %% 10, 12 + n %% 100, 112 + n %% 1000), 112 + n %% 1000, 'inside', 'other', 'import',
  'incident ' || n, st_setsrid(st_makepoint(121 + (n %% 1000) * 0.002 + random() * 0.002, 45 + random() * 2), 4326),
  now() - n * interval '1 minute', now() - n * interval '1 minute', 'bench', n::text,
  CASE WHEN n %% (%(incidents)s / %(handed)s) = 0 THEN '00000000-0000-0000-0000-00000000004d'::uuid END
FROM generate_series(1, %(incidents)s) AS n ON CONFLICT DO NOTHING
"""

BOX = "st_makeenvelope(121.9, 45.9, 122.1, 46.1, 4326)"
QUERIES = {
    "viewport": f"SELECT id FROM incident WHERE geom && {BOX} AND st_intersects(geom, {BOX}) {{and}} LIMIT 5000",
    "newest 100": "SELECT id FROM incident WHERE true {and} ORDER BY received_at DESC, id DESC LIMIT 100",
    "count": "SELECT count(*) FROM incident WHERE true {and}",
    "last week": "SELECT count(*) FROM incident WHERE occurred_at >= now() - interval '7 days' {and}",
    "one by id": "SELECT id FROM incident WHERE id = (SELECT max(incident_id::text)::uuid FROM hand_over) {and}",
}
LEVELS = {"league": "1.", "banner": "1.5.", "township": "1.5.45.", "micro-grid": "1.5.45.345."}
SET = (
    "SELECT h.incident_id FROM hand_over AS h WHERE "
    "h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid "
    "AND (h.until IS NULL OR h.until > instant())"
)
FORMS = {
    "array of a sub-select": f"id = any(ARRAY({SET}))",
    "in a sub-select": f"id IN ({SET})",
    "exists, row by row": f"EXISTS ({SET} AND h.incident_id = incident.id)",
}


def explicit(scope: Scope) -> str:
    subtree = f"path >= '{scope.path}' AND path < '{scope.upper}'"
    return f"AND ({subtree} OR id = any(ARRAY({OURS})))" if scope.organisation else f"AND {subtree}"


def measured(conn: psycopg.Connection[Any], query: str) -> tuple[float, list[Any]]:
    begun = time.perf_counter()
    found = conn.execute(query).fetchall()
    return (time.perf_counter() - begun) * 1000, found


def uses_gist(conn: psycopg.Connection[Any], query: str) -> bool:
    return "idx_incident_geom" in json.dumps(conn.execute(f"EXPLAIN (FORMAT json) {query}").fetchall())


@contextmanager
def undone(conn: psycopg.Connection[Any]) -> Iterator[None]:
    with conn.transaction(force_rollback=True):
        yield


def compare(conn: psycopg.Connection[Any], scope: Scope, name: str, form: str | None = None) -> dict[str, Any]:
    """Medians of the guarded and the explicit query, interleaved; and that they find the same."""
    query = QUERIES[name]
    times: dict[str, list[float]] = {"guarded": [], "explicit": []}
    with undone(conn):
        conn.execute("SET LOCAL role = wangge_owner")
        if form is not None:
            conn.execute("DROP POLICY handed ON incident")
            conn.execute(f"CREATE POLICY handed ON incident FOR SELECT USING ({FORMS[form]})")
        rows: dict[str, list[Any]] = {}
        for _ in range(RUNS):
            db.enter(conn, scope)
            took, rows["guarded"] = measured(conn, query.format_map({"and": ""}))
            times["guarded"].append(took)
            gist = uses_gist(conn, query.format_map({"and": ""})) if name == "viewport" else None
            conn.execute("SET LOCAL role = wangge_owner")
            took, rows["explicit"] = measured(conn, query.format_map({"and": explicit(scope)}))
            times["explicit"].append(took)
        assert sorted(map(str, rows["guarded"])) == sorted(map(str, rows["explicit"])), (scope, name)
    middle = {way: statistics.median(taken) for way, taken in times.items()}
    return {**middle, "ratio": middle["guarded"] / middle["explicit"], "rows": len(rows["guarded"]), "gist": gist}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("dsn")
    asked.add_argument("--incidents", type=int, default=200_000)
    given = asked.parse_args()
    with psycopg.connect(given.dsn, row_factory=dict_row, options=db.OPTIONS) as conn:
        with conn.transaction():
            conn.execute("SET LOCAL role = wangge_owner")
            if conn.execute("SELECT count(*) AS n FROM incident").fetchone()["n"] < given.incidents:
                for statement in FILL.split(";\n"):
                    conn.execute(statement, {"incidents": given.incidents, "handed": HANDED})
        with conn.transaction():
            conn.execute("SET LOCAL role = wangge_owner")
            conn.execute("ANALYZE incident; ANALYZE hand_over")
        print("| query | level | organisation | ms guarded | ms explicit | ratio | rows | GiST |")
        print("|---|---|---|---|---|---|---|---|")
        for name in QUERIES:
            for level, path in LEVELS.items():
                for organisation in ("", str(DEPARTMENT)):
                    report(name, level, organisation, compare(conn, Scope(path, "bench", organisation, "bench"), name))
        print("\nForms of the hand-over policy, township with organisation\n")
        for form in FORMS:
            for name in QUERIES:
                found = compare(conn, Scope("1.5.45.", "bench", str(DEPARTMENT), "bench"), name, form)
                report(f"{name}: {form}", "township", "yes", found)


def report(name: str, level: str, organisation: str, found: dict[str, Any]) -> None:
    print(
        f"| {name} | {level} | {'yes' if organisation else 'no'} | {found['guarded']:.2f} | {found['explicit']:.2f} "
        f"| {found['ratio']:.2f} | {found['rows']} | {found['gist'] if found['gist'] is not None else ''} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
