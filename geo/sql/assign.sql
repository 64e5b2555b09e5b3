-- default_teams --
-- Which team answers for which unit when no finer rule speaks.
SELECT unit_id, team_id FROM default_team
WHERE category = '' AND valid @> %(at)s::timestamptz
ORDER BY unit_id ASC;

-- root --
-- The unit that keeps what lies outside of every micro-grid: the oldest root.
SELECT unit_id, path, code, name FROM unit_version
WHERE layer = 'base' AND parent_id IS NULL AND valid @> %(at)s::timestamptz AND recorded @> %(known)s::timestamptz
ORDER BY unit_id ASC
LIMIT 1;

-- touched --
-- The base micro-grids that points touch, with the position of the point; the lowest id of each point owns it.
-- Each point looks its units up by the spatial index. For that the points are made first, since under row security only
-- the bounding-box test may come near the rows (docs/decisions/0003), and the order inside keeps the question whole:
-- the planner takes the units in force for a handful, and would compare all of them with each point, for 2 to 4 ms.
WITH point AS MATERIALIZED (
  SELECT number, st_setsrid(st_makepoint(lon, lat), 4326) AS geom
  FROM unnest(%(lon)s::float8[], %(lat)s::float8[]) WITH ORDINALITY AS p (lon, lat, number)
)

SELECT p.number - 1 AS position, u.unit_id, u.path, u.code, u.name
FROM point AS p
CROSS JOIN
  LATERAL (
    SELECT v.unit_id, v.path, v.code, v.name
    FROM unit_version AS v
    WHERE
      v.layer = 'base' AND NOT v.derived
      AND v.valid @> %(valid)s::timestamptz AND v.recorded @> %(recorded)s::timestamptz
      AND v.geom && p.geom AND st_covers(v.geom, p.geom)
    ORDER BY v.unit_id ASC
  ) AS u
ORDER BY p.number ASC, u.unit_id ASC;

-- overlays --
-- The overlays' units without children that points touch, with the position of the point; the lowest id decides.
WITH point AS MATERIALIZED (
  SELECT number, st_setsrid(st_makepoint(lon, lat), 4326) AS geom
  FROM unnest(%(lon)s::float8[], %(lat)s::float8[]) WITH ORDINALITY AS p (lon, lat, number)
)

SELECT p.number - 1 AS position, u.path
FROM point AS p
CROSS JOIN
  LATERAL (
    SELECT v.path, v.unit_id
    FROM unit_version AS v
    WHERE
      v.layer <> 'base' AND NOT v.derived
      AND v.valid @> %(valid)s::timestamptz AND v.recorded @> %(recorded)s::timestamptz
      AND v.geom && p.geom AND st_covers(v.geom, p.geom)
    ORDER BY v.unit_id ASC
  ) AS u
ORDER BY p.number ASC, u.unit_id ASC;

-- near --
-- The base micro-grids that meet any of some rectangles, which are made first as the points are.
WITH box AS MATERIALIZED (
  SELECT st_makeenvelope(west, south, east, north, 4326) AS geom
  FROM
    unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[])
      AS b (west, south, east, north)
),

met AS (
  SELECT DISTINCT u.id
  FROM box AS b
  CROSS JOIN
    LATERAL (
      SELECT v.id
      FROM unit_version AS v
      WHERE
        v.layer = 'base' AND NOT v.derived
        AND v.valid @> %(valid)s::timestamptz AND v.recorded @> %(recorded)s::timestamptz
        AND v.geom && b.geom
      ORDER BY v.id ASC
    ) AS u
)

SELECT u.unit_id, st_asbinary(u.geom) AS area
FROM unit_version AS u INNER JOIN met AS m ON u.id = m.id
ORDER BY u.unit_id ASC;

-- chosen --
-- Those of some units that are base micro-grids in force, with their paths.
SELECT unit_id, path FROM unit_version
WHERE
  unit_id = any(%(ids)s::bigint[]) AND layer = 'base' AND NOT derived
  AND valid @> %(valid)s::timestamptz AND recorded @> %(recorded)s::timestamptz;

-- answering_team --
-- The team that the lowest unit of a path names, whoever asks.
SELECT id AS team_id, unit_id FROM answering_team(%(ids)s, %(at)s);

-- new_run --
-- A run of the assigner, with the key of the edition that it answers by.
INSERT INTO assignment_run (at, account, edition_valid, edition_recorded, reason)
VALUES (instant(), current_setting('wangge.account'), %(valid)s, %(recorded)s, %(reason)s)
RETURNING id;
