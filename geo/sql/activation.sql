-- due --
-- Since when units are in force that no activation has come after; nothing if all have. What was recorded before the
-- last one and held already then needs none.
SELECT min(e.valid) AS since FROM edition AS e
WHERE
  e.what = 'units' AND e.valid <= %(valid)s AND e.recorded <= %(recorded)s
  AND NOT EXISTS (SELECT FROM activation AS a WHERE e.valid <= a.valid AND e.recorded <= a.recorded);

-- activated --
-- Nothing of an edition is left to be done.
INSERT INTO activation (valid, recorded, at)
VALUES (%(valid)s, %(recorded)s, instant())
ON CONFLICT DO NOTHING;

-- one_at_a_time --
-- Two activations at once would wait for one another's incidents.
SELECT pg_advisory_xact_lock(hashtext('wangge.activation'));

-- stage_paths --
-- Paths that something stands under and no unit has now, with the path that takes their place.
CREATE TEMPORARY TABLE followed (was text COLLATE "C" PRIMARY KEY, path text COLLATE "C", ended boolean) ON COMMIT DROP;

-- find_paths --
-- The path of the same unit if it moved, else of the nearest unit above it that is still in force.
INSERT INTO followed (was, path, ended)
SELECT s.path AS was, u.path, u.unit_id <> s.ids[cardinality(s.ids)] AS ended
FROM (
  SELECT a.path, string_to_array(rtrim(a.path, '.'), '.')::bigint[] AS ids
  FROM (
    SELECT path FROM team
    UNION
    SELECT path FROM department
    UNION
    SELECT path FROM default_team
    UNION
    SELECT path FROM post
    UNION
    SELECT path FROM route
    UNION
    SELECT path FROM station
    UNION
    SELECT path FROM block
    UNION
    SELECT path FROM building
  ) AS a
  WHERE NOT EXISTS (
    SELECT FROM unit_version AS v WHERE v.path = a.path AND v.valid @> instant() AND v.recorded @> instant()
  )
) AS s
CROSS JOIN LATERAL (
  SELECT v.unit_id, v.path
  FROM unnest(s.ids) WITH ORDINALITY AS n (id, depth)
  INNER JOIN unit_version AS v ON n.id = v.unit_id AND v.valid @> instant() AND v.recorded @> instant()
  ORDER BY n.depth DESC
  LIMIT 1
) AS u;

-- follow_team --
-- Who and what belongs to a unit goes with it; of a unit that ended, to the nearest above.
UPDATE team AS t SET path = f.path, version = version + 1 FROM followed AS f
WHERE t.path = f.was;

-- follow_department --
-- As follow_team.
UPDATE department AS t SET path = f.path FROM followed AS f
WHERE t.path = f.was;

-- follow_default_team --
-- As follow_team.
UPDATE default_team AS t SET path = f.path FROM followed AS f
WHERE t.path = f.was;

-- follow_post --
-- As follow_team.
UPDATE post AS t SET path = f.path FROM followed AS f
WHERE t.path = f.was;

-- follow_route --
-- As follow_team.
UPDATE route AS t SET path = f.path, version = version + 1 FROM followed AS f
WHERE t.path = f.was;

-- follow_station --
-- As follow_team.
UPDATE station AS t SET path = f.path, version = version + 1 FROM followed AS f
WHERE t.path = f.was;

-- follow_block --
-- As follow_team.
UPDATE block AS t SET path = f.path FROM followed AS f
WHERE t.path = f.was;

-- follow_building --
-- As follow_team.
UPDATE building AS t SET path = f.path FROM followed AS f
WHERE t.path = f.was;

-- stage_places --
-- Where redrawn micro-grids are.
CREATE TEMPORARY TABLE redrawn (path text COLLATE "C" PRIMARY KEY) ON COMMIT DROP;

-- find_places --
-- Micro-grids whose version holds since an instant or later, and units that took the place of some that ended; none
-- where there were no units before.
INSERT INTO redrawn (path)
SELECT path FROM unit_version
WHERE
  layer = 'base' AND NOT derived AND valid @> instant() AND recorded @> instant()
  AND lower(valid) >= %(since)s::timestamptz
  AND EXISTS (SELECT FROM unit_version AS b WHERE b.layer = 'base' AND lower(b.valid) < %(since)s::timestamptz)
UNION
SELECT path FROM followed
WHERE ended;

-- place_station --
-- What stands on the ground belongs to the micro-grid that it stands in now.
WITH placed AS (
  SELECT
    s.id,
    (
      SELECT v.path FROM unit_version AS v
      WHERE
        v.layer = 'base' AND NOT v.derived AND v.valid @> instant() AND v.recorded @> instant()
        AND v.geom && s.geom AND st_covers(v.geom, s.geom)
      ORDER BY v.unit_id ASC
      LIMIT 1
    ) AS path
  FROM station AS s INNER JOIN redrawn AS r ON s.path = r.path
)

UPDATE station AS t SET path = p.path, version = t.version + 1 FROM placed AS p
WHERE t.id = p.id AND t.path <> p.path;

-- place_block --
-- As place_station, by a point inside; made first, for under row security a function in the comparison would keep the
-- index from being used.
WITH point AS MATERIALIZED (
  SELECT s.id, st_pointonsurface(s.geom) AS geom FROM block AS s INNER JOIN redrawn AS r ON s.path = r.path
),

placed AS (
  SELECT
    s.id,
    (
      SELECT v.path FROM unit_version AS v
      WHERE
        v.layer = 'base' AND NOT v.derived AND v.valid @> instant() AND v.recorded @> instant()
        AND v.geom && s.geom AND st_covers(v.geom, s.geom)
      ORDER BY v.unit_id ASC
      LIMIT 1
    ) AS path
  FROM point AS s
)

UPDATE block AS t SET path = p.path FROM placed AS p
WHERE t.id = p.id AND t.path <> p.path;

-- place_building --
-- As place_block.
WITH point AS MATERIALIZED (
  SELECT s.id, st_pointonsurface(s.geom) AS geom FROM building AS s INNER JOIN redrawn AS r ON s.path = r.path
),

placed AS (
  SELECT
    s.id,
    (
      SELECT v.path FROM unit_version AS v
      WHERE
        v.layer = 'base' AND NOT v.derived AND v.valid @> instant() AND v.recorded @> instant()
        AND v.geom && s.geom AND st_covers(v.geom, s.geom)
      ORDER BY v.unit_id ASC
      LIMIT 1
    ) AS path
  FROM point AS s
)

UPDATE building AS t SET path = p.path FROM placed AS p
WHERE t.id = p.id AND t.path <> p.path;

-- open_incidents --
-- Open incidents whose unit is another, elsewhere or redrawn since an instant, whose disc of uncertainty may meet such
-- a one, that an overlay has begun or ceased to hold, and all that lay outside; in the order of an index, so that a set
-- does not read all incidents again. There is one version of a unit in force: LIMIT has each looked up. The planner
-- takes those in force for a handful, and would compare all of them with each incident.
SELECT
  i.id,
  i.path,
  i.occurred_at,
  i.located,
  i.state,
  i.team_id,
  i.doubts,
  i.accuracy_m,
  st_x(i.geom) AS lon,
  st_y(i.geom) AS lat,
  st_x(b.geom) AS building_lon, st_y(b.geom) AS building_lat,
  CASE WHEN i.located = 'settled' THEN i.unit_id END AS settled
FROM incident AS i
LEFT JOIN LATERAL (SELECT st_pointonsurface(h.geom) AS geom FROM building AS h WHERE h.id = i.building_id) AS b ON TRUE
LEFT JOIN
  LATERAL (
    SELECT v.path, v.valid
    FROM unit_version AS v
    WHERE v.unit_id = i.unit_id AND v.valid @> instant() AND v.recorded @> instant()
    ORDER BY v.id ASC
    LIMIT 1
  ) AS u
  ON TRUE
WHERE
  i.state <> all(%(settled)s)
  AND (
    u.path IS DISTINCT FROM i.path OR lower(u.valid) >= %(since)s::timestamptz OR i.located = 'outside'
    OR 'accuracy' = any(i.doubts)
    OR EXISTS (
      SELECT FROM unit_version AS o
      WHERE
        o.layer <> 'base' AND NOT o.derived AND o.recorded @> instant()
        AND (lower(o.valid) >= %(since)s::timestamptz OR upper(o.valid) >= %(since)s::timestamptz)
        AND o.geom && i.geom
    )
  )
  AND (i.path, i.occurred_at, i.id) > (%(after_path)s COLLATE "C", %(after_at)s::timestamptz, %(after_id)s::uuid)
ORDER BY i.path ASC, i.occurred_at ASC, i.id ASC
LIMIT %(limit)s;
