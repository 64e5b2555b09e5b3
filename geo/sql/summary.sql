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

-- incidents --
-- All matters: settled, refused, and those that lie outside of every micro-grid; their first and last day on the
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
-- The units of one level with their matters, households and stations. Households are those of the units without
-- children, whatever a register says of the units above them.
SELECT
  p.unit_id,
  p.code,
  p.name,
  p.name_en,
  (
    SELECT count(*) FROM incident AS i
    WHERE i.path >= p.path AND i.path < left(p.path, -1) || '/'
  ) AS incidents,
  (
    SELECT count(*) FROM station AS s
    WHERE s.path >= p.path AND s.path < left(p.path, -1) || '/'
  ) AS stations,
  (
    SELECT coalesce(sum(h.households), 0)::bigint FROM unit_version AS h
    WHERE
      h.path >= p.path AND h.path < left(p.path, -1) || '/' AND NOT h.derived
      AND h.layer = 'base' AND h.valid @> instant() AND upper_inf(h.recorded)
  ) AS households
FROM unit_version AS p
WHERE p.level = %(level)s AND p.layer = 'base' AND p.valid @> instant() AND upper_inf(p.recorded)
ORDER BY p.unit_id ASC;

-- months --
-- Matters by the month in which they occurred, on the city's clock.
SELECT
  to_char(i.occurred_at AT TIME ZONE %(timezone)s, 'YYYY-MM') AS month,
  count(*) AS total
FROM incident AS i
GROUP BY month
ORDER BY month ASC;

-- incident_cells --
-- Matters in cells of a tenth of a degree, by the cell's south-west corner; cells with few matters are left out.
SELECT
  floor(st_x(i.geom) * 10) / 10 AS lon,
  floor(st_y(i.geom) * 10) / 10 AS lat,
  count(*) AS total
FROM incident AS i
WHERE i.located <> 'outside'
GROUP BY floor(st_x(i.geom) * 10) / 10, floor(st_y(i.geom) * 10) / 10
HAVING count(*) >= %(least)s
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
