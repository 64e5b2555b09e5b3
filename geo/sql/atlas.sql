-- incidents --
-- The incidents of a subtree since an instant, with the names that a map shows.
SELECT
  CASE WHEN %(lang)s = 'en' THEN c.name_en ELSE c.name_zh END AS category,
  i.state, i.occurred_at, u.name AS micro_grid, t.name AS team, i.synthetic,
  st_x(i.geom) AS lon, st_y(i.geom) AS lat
FROM incident AS i
INNER JOIN category AS c ON i.category = c.code
LEFT JOIN LATERAL (
  SELECT v.name FROM unit_version AS v
  WHERE v.unit_id = i.unit_id AND v.valid @> instant() AND v.recorded @> instant()
  ORDER BY v.id DESC
  LIMIT 1
) AS u ON TRUE
LEFT JOIN team AS t ON i.team_id = t.id
WHERE
  i.path >= %(path_from)s AND i.path < %(path_to)s
  AND (%(since)s::timestamptz IS NULL OR i.occurred_at >= %(since)s);

-- places --
-- Where and when the incidents of a subtree happened since an instant.
SELECT occurred_at, synthetic, st_x(geom) AS lon, st_y(geom) AS lat FROM incident
WHERE
  path >= %(path_from)s AND path < %(path_to)s
  AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s);

-- incidents_per_unit --
-- How many incidents each unit of a subtree has since an instant.
SELECT unit_id, count(*) AS incidents FROM incident
WHERE
  path >= %(path_from)s AND path < %(path_to)s
  AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
GROUP BY unit_id;

-- water --
-- The water that meets a box in degrees, simplified: areas from eight steps of detail on, brooks close by only.
SELECT
  kind, synthetic,
  st_asbinary(st_simplifypreservetopology(geom, %(detail)s::float8)) AS geom
FROM water
WHERE
  geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
  AND (%(detail)s::float8 < 0.0001 OR kind IN ('river', 'lake', 'reservoir', 'water'))
  AND (
    st_dimension(geom) = 1
    OR greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom)) > 8 * %(detail)s::float8
  )
ORDER BY id ASC;

-- stations --
-- All stations.
SELECT name, kind, synthetic, st_x(geom) AS lon, st_y(geom) AS lat FROM station
ORDER BY code ASC;

-- routes --
-- The routes of a subtree.
SELECT r.name, t.name AS team, r.synthetic, st_asbinary(r.geom) AS geom
FROM route AS r LEFT JOIN team AS t ON r.team_id = t.id
WHERE r.path >= %(path_from)s AND r.path < %(path_to)s
ORDER BY r.code ASC;
