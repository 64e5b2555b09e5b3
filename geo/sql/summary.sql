-- units_per_level --
-- How many units of each level are in force, and how many of them are synthetic.
SELECT
  u.level AS kind,
  count(*) AS total,
  count(*) FILTER (WHERE u.synthetic) AS synthetic
FROM unit_version AS u
WHERE u.layer = 'base' AND u.valid @> instant() AND upper_inf(u.recorded)
GROUP BY u.level;

-- roots --
-- The units without a parent: one for a league or a city, many for a flat set of areas.
SELECT
  u.unit_id,
  u.level,
  u.code,
  u.name,
  u.name_en
FROM unit_version AS u
WHERE u.parent_id IS NULL AND u.layer = 'base' AND u.valid @> instant() AND upper_inf(u.recorded)
ORDER BY u.unit_id ASC;

-- named --
-- The units of one level, by their names.
SELECT
  u.unit_id,
  u.code,
  u.name,
  u.name_en
FROM unit_version AS u
WHERE u.level = %(level)s AND u.layer = 'base' AND u.valid @> instant() AND upper_inf(u.recorded)
ORDER BY u.unit_id ASC;

-- incidents --
-- All incidents: settled, refused, and those that lie outside of every micro-grid; their first and last day on the
-- city's clock.
SELECT
  count(*) AS total,
  count(*) FILTER (WHERE i.state IN ('closed', 'revisited', 'archived')) AS settled,
  count(*) FILTER (WHERE i.state = 'refused') AS refused,
  count(*) FILTER (WHERE i.located = 'outside') AS outside,
  count(*) FILTER (WHERE i.synthetic) AS synthetic,
  (min(i.occurred_at) AT TIME ZONE %(timezone)s)::date AS first_on,
  (max(i.occurred_at) AT TIME ZONE %(timezone)s)::date AS last_on
FROM incident AS i;

-- teams --
-- Active teams of each kind.
SELECT
  t.kind,
  count(*) AS total,
  count(*) FILTER (WHERE t.synthetic) AS synthetic
FROM team AS t
WHERE t.active
GROUP BY t.kind;

-- stations --
SELECT
  count(*) AS total,
  count(*) FILTER (WHERE s.synthetic) AS synthetic
FROM station AS s;

-- routes --
SELECT
  count(*) AS total,
  count(*) FILTER (WHERE r.synthetic) AS synthetic
FROM route AS r;

-- parts --
-- The units of one level with their incidents, households and stations. Households are those of the units without
-- children, whatever a register says of the units above them. Each table is read once and its counts are spread
-- over the ids of their paths: a count a unit would read as many ranges as there are units.
WITH incident_count AS (
  SELECT
    path,
    count(*) AS total
  FROM incident
  GROUP BY path
),

incidents_below AS (
  SELECT
    above.id::bigint AS unit_id,
    sum(c.total)::bigint AS total
  FROM incident_count AS c CROSS JOIN LATERAL unnest(string_to_array(rtrim(c.path, '.'), '.')) AS above (id)
  GROUP BY above.id
),

stations_below AS (
  SELECT
    above.id::bigint AS unit_id,
    count(*) AS total
  FROM station AS s CROSS JOIN LATERAL unnest(string_to_array(rtrim(s.path, '.'), '.')) AS above (id)
  GROUP BY above.id
),

households_below AS (
  SELECT
    above.id::bigint AS unit_id,
    sum(h.households)::bigint AS total
  FROM unit_version AS h CROSS JOIN LATERAL unnest(string_to_array(rtrim(h.path, '.'), '.')) AS above (id)
  WHERE NOT h.derived AND h.layer = 'base' AND h.valid @> instant() AND upper_inf(h.recorded)
  GROUP BY above.id
)

SELECT
  p.unit_id,
  p.code,
  p.name,
  p.name_en,
  coalesce(i.total, 0) AS incidents,
  coalesce(s.total, 0) AS stations,
  coalesce(h.total, 0) AS households
FROM unit_version AS p
LEFT JOIN incidents_below AS i ON p.unit_id = i.unit_id
LEFT JOIN stations_below AS s ON p.unit_id = s.unit_id
LEFT JOIN households_below AS h ON p.unit_id = h.unit_id
WHERE p.level = %(level)s AND p.layer = 'base' AND p.valid @> instant() AND upper_inf(p.recorded)
ORDER BY p.unit_id ASC;

-- months --
-- Incidents by the month in which they occurred, on the city's clock.
SELECT
  to_char(i.occurred_at AT TIME ZONE %(timezone)s, 'YYYY-MM') AS month,
  count(*) AS total
FROM incident AS i
GROUP BY month
ORDER BY month ASC;

-- incident_cells --
-- Incidents in cells of a tenth of a degree, by the cell's south-west corner.
SELECT
  floor(st_x(i.geom) * 10) / 10 AS lon,
  floor(st_y(i.geom) * 10) / 10 AS lat,
  count(*) AS total
FROM incident AS i
WHERE i.located <> 'outside'
GROUP BY floor(st_x(i.geom) * 10) / 10, floor(st_y(i.geom) * 10) / 10
ORDER BY lat ASC, lon ASC;

-- station_cells --
-- Stations in the same cells.
SELECT
  floor(st_x(s.geom) * 10) / 10 AS lon,
  floor(st_y(s.geom) * 10) / 10 AS lat,
  count(*) AS total
FROM station AS s
GROUP BY floor(st_x(s.geom) * 10) / 10, floor(st_y(s.geom) * 10) / 10
ORDER BY lat ASC, lon ASC;

-- route_cells --
-- Where patrol routes start, in the same cells.
SELECT
  floor(st_x(st_startpoint(r.geom)) * 10) / 10 AS lon,
  floor(st_y(st_startpoint(r.geom)) * 10) / 10 AS lat,
  count(*) AS total
FROM route AS r
GROUP BY floor(st_x(st_startpoint(r.geom)) * 10) / 10, floor(st_y(st_startpoint(r.geom)) * 10) / 10
ORDER BY lat ASC, lon ASC;
