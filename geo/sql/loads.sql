-- What a load of a file looks up and leaves behind.

-- begin_load --
-- One row a file; its counts follow when it is through.
INSERT INTO load (
  id, kind, source, file_name, sha256, options, at, account, rows_read, rows_loaded, rows_unchanged, rows_rejected
) VALUES (
  %(load_id)s, %(kind)s, %(source)s, %(file_name)s, %(sha256)s, %(options)s, instant(),
  current_setting('wangge.account'), 0, 0, 0, 0
);

-- finish_load --
-- The counts of a load, which the table holds to their sum.
UPDATE load SET
  rows_read = %(read)s,
  rows_loaded = %(loaded)s,
  rows_unchanged = %(unchanged)s,
  rows_rejected = %(rejected)s
WHERE id = %(load_id)s;

-- categories --
-- Every category by its code and its names.
SELECT code, name_zh, name_en, name_mn FROM category WHERE active;

-- channels --
-- Every channel by its code and its names.
SELECT code, name_zh, name_en FROM channel;

-- station_codes --
-- Which of the stations exist.
SELECT code FROM station WHERE code = any(%(codes)s);

-- team_codes --
-- Which of the teams exist.
SELECT code FROM team WHERE code = any(%(codes)s);

-- roots_without_team --
-- Roots in force that name no default team.
SELECT u.unit_id, u.code, u.path, u.name
FROM unit_version AS u
WHERE
  u.layer = 'base' AND u.parent_id IS NULL AND u.valid @> instant() AND upper_inf(u.recorded)
  AND NOT EXISTS (
    SELECT FROM default_team AS d WHERE d.unit_id = u.unit_id AND d.category = '' AND d.valid @> instant()
  )
ORDER BY u.unit_id;

-- outside_of_load --
-- The incidents of a load that lie outside of every unit, by how: their path is a root's, which the index finds.
-- st_envelope of the roots is the city; "far" is farther from it than it is long.
WITH root AS (
  SELECT path, st_envelope(geom) AS box FROM unit_version
  WHERE layer = 'base' AND parent_id IS NULL AND valid @> instant() AND upper_inf(recorded)
),

city AS (
  SELECT
    st_setsrid(st_extent(box)::geometry, 4326) AS box,
    greatest(st_xmax(st_extent(box)) - st_xmin(st_extent(box)), st_ymax(st_extent(box)) - st_ymin(st_extent(box)))
      AS long
  FROM root
),

outside AS (
  SELECT
    CASE
      WHEN st_x(i.geom) = 0 AND st_y(i.geom) = 0 THEN 'zero'
      WHEN NOT st_intersects(i.geom, c.box) AND st_intersects(st_flipcoordinates(i.geom), c.box) THEN 'swapped'
      WHEN NOT st_intersects(i.geom, st_expand(c.box, c.long)) THEN 'far'
      ELSE 'near'
    END AS how
  FROM incident AS i CROSS JOIN city AS c
  WHERE i.path IN (SELECT path FROM root) AND i.located = 'outside' AND i.load_id = %(load_id)s
)

SELECT how, count(*) AS incidents FROM outside
GROUP BY how;

-- one_at_a_time --
-- Two loads of incidents at once would wait for each other's tables, or both make the same incidents. Asked before
-- anything else is: who waits here holds no table that the other takes the keys off.
SELECT pg_advisory_xact_lock(hashtext('wangge.load_incidents'));
