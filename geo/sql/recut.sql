-- places --
-- Every incident of the scope, its place and its owner, packed: a row each would take a second for 100,000 of them.
SELECT
  string_agg(
    uuid_send(i.id) || float8send(coalesce(st_x(i.geom), 'NaN')) || float8send(coalesce(st_y(i.geom), 'NaN'))
    || int8send(i.unit_id), ''::bytea
  ) AS packed
FROM (
  SELECT id, geom, unit_id, (row_number() OVER () - 1) / 1000000 AS part FROM incident
) AS i
GROUP BY i.part;

-- begin --
-- A run.
INSERT INTO recut (at, account, kind, name, edition_valid, edition_recorded, digest)
VALUES (
  instant(), current_setting('wangge.account'), %(kind)s, %(name)s, %(valid)s::timestamptz, %(recorded)s::timestamptz,
  %(digest)s
)
RETURNING id;

-- put_units --
-- The units that it cuts to, in their order.
INSERT INTO recut_unit (recut_id, number, unit_id, code, name)
SELECT %(recut_id)s, u.number - 1, u.unit_id, u.code, u.name
FROM unnest(%(unit_ids)s::bigint[], %(codes)s::text[], %(names)s::text[]) WITH ORDINALITY AS u (
  unit_id, code, name, number
);

-- stage --
-- Where the answers wait: COPY does not pass row security, the INSERT from here does.
CREATE TEMPORARY TABLE staged_recut (
  incident_id uuid NOT NULL, number integer NOT NULL, located smallint NOT NULL, was_unit_id bigint NOT NULL,
  moved boolean NOT NULL
) ON COMMIT DROP;

-- put --
-- The answers; -1 is nobody.
INSERT INTO recut_incident (recut_id, incident_id, number, located, was_unit_id, moved)
SELECT
  %(recut_id)s, incident_id, nullif(number, -1), (ARRAY['outside', 'inside', 'edge'])[located + 1], was_unit_id, moved
FROM staged_recut;

-- unstage --
-- So that one transaction may cut twice.
DROP TABLE staged_recut;

-- become_owner --
-- Only the owner of a table counts its rows for the planner.
SET LOCAL ROLE wangge_owner;

-- note_sizes --
-- A run is a large part of its tables: planned for few rows, the first counts of it took 23 seconds instead of one.
ANALYZE recut_unit, recut_incident;

-- become_app --
-- Back to where row security holds.
SET LOCAL ROLE wangge_app;

-- find --
-- Runs, the newest first.
SELECT id, at, account, kind, name, edition_valid, edition_recorded, digest FROM recut
WHERE %(before)s::bigint IS NULL OR id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s;

-- read --
-- One run, and what it did to the incidents that the session sees.
WITH seen AS (
  SELECT
    count(*) AS incidents,
    count(*) FILTER (WHERE moved) AS moved,
    count(*) FILTER (WHERE number IS NULL) AS outside
  FROM recut_incident
  WHERE recut_id = %(recut_id)s
)

SELECT
  r.id, r.at, r.account, r.kind, r.name, r.edition_valid, r.edition_recorded, r.digest,
  s.incidents, s.moved, s.outside
FROM recut AS r CROSS JOIN seen AS s
WHERE r.id = %(recut_id)s;

-- counts --
-- Incidents by unit as they were and as they were cut, ascending by code; units without any are left out.
WITH mine AS MATERIALIZED (
  SELECT number, was_unit_id FROM recut_incident
  WHERE recut_id = %(recut_id)s
),

cut AS (
  SELECT u.unit_id, u.code, u.name, count(*) AS incidents
  FROM mine AS m INNER JOIN recut_unit AS u ON u.recut_id = %(recut_id)s AND m.number = u.number
  GROUP BY u.unit_id, u.code, u.name
),

was AS (
  SELECT was_unit_id AS unit_id, count(*) AS incidents FROM mine
  GROUP BY was_unit_id
),

named AS (
  SELECT DISTINCT ON (v.unit_id) w.unit_id, v.code, v.name, w.incidents
  FROM was AS w INNER JOIN unit_version AS v ON w.unit_id = v.unit_id
  ORDER BY v.unit_id ASC, v.recorded DESC, v.valid DESC
)

SELECT
  coalesce(c.unit_id, n.unit_id) AS unit_id, coalesce(c.code, n.code) AS code, coalesce(c.name, n.name) AS name,
  coalesce(n.incidents, 0) AS before, coalesce(c.incidents, 0) AS after
FROM cut AS c FULL JOIN named AS n ON c.unit_id = n.unit_id
WHERE
  %(code)s::text IS NULL
  OR (coalesce(c.code, n.code), coalesce(c.unit_id, n.unit_id, 0)) > (%(code)s::text, %(unit_id)s::bigint)
ORDER BY coalesce(c.code, n.code) ASC, coalesce(c.unit_id, n.unit_id, 0) ASC
LIMIT %(limit)s;

-- delete --
-- A run; its units go with it.
DELETE FROM recut WHERE id = %(recut_id)s;

-- delete_rows --
-- Its answers.
DELETE FROM recut_incident WHERE recut_id = %(recut_id)s;
