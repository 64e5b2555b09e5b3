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
-- The bounding-box test is written out because only it is marked leakproof (docs/decisions/0003).
SELECT p.number - 1 AS position, u.unit_id, u.path, u.code, u.name
FROM unnest(%(lon)s::float8[], %(lat)s::float8[]) WITH ORDINALITY AS p (lon, lat, number)
INNER JOIN unit_version AS u
  ON
    u.layer = 'base' AND NOT u.derived
    AND u.valid @> %(valid)s::timestamptz AND u.recorded @> %(recorded)s::timestamptz
    AND u.geom && st_setsrid(st_makepoint(p.lon, p.lat), 4326)
    AND st_covers(u.geom, st_setsrid(st_makepoint(p.lon, p.lat), 4326))
ORDER BY p.number ASC, u.unit_id ASC;

-- overlays --
-- The overlays' units without children that points touch, with the position of the point; the lowest id decides.
SELECT p.number - 1 AS position, u.path
FROM unnest(%(lon)s::float8[], %(lat)s::float8[]) WITH ORDINALITY AS p (lon, lat, number)
INNER JOIN unit_version AS u
  ON
    u.layer <> 'base' AND NOT u.derived
    AND u.valid @> %(valid)s::timestamptz AND u.recorded @> %(recorded)s::timestamptz
    AND u.geom && st_setsrid(st_makepoint(p.lon, p.lat), 4326)
    AND st_covers(u.geom, st_setsrid(st_makepoint(p.lon, p.lat), 4326))
ORDER BY p.number ASC, u.unit_id ASC;

-- near --
-- The base micro-grids that meet any of some rectangles.
SELECT u.unit_id, st_asbinary(u.geom) AS area
FROM unit_version AS u
WHERE
  u.id IN (
    SELECT v.id
    FROM
      unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[])
        AS b (west, south, east, north)
    INNER JOIN unit_version AS v ON v.geom && st_makeenvelope(b.west, b.south, b.east, b.north, 4326)
    WHERE
      v.layer = 'base' AND NOT v.derived
      AND v.valid @> %(valid)s::timestamptz AND v.recorded @> %(recorded)s::timestamptz
  )
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
