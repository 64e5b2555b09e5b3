-- Incidents as memory holds them for heat, what changed of them, and the finished figures of the public heat.

-- seen --
-- What is committed now, for the next look at what changed.
SELECT pg_current_snapshot()::text AS seen, now() AS at;

-- stage_names --
-- Numbers for what rows say by name: columns of numbers are sent many times faster than texts.
CREATE TEMPORARY TABLE heat_name (kind text, value text COLLATE "C", number integer) ON COMMIT DROP;

-- put_paths --
-- Every path that an incident stands under, by hopping through the index from one to the next.
INSERT INTO heat_name (kind, value, number)
WITH RECURSIVE met AS (
  (SELECT i.path FROM incident AS i ORDER BY i.path ASC LIMIT 1)
  UNION ALL
  SELECT (SELECT i.path FROM incident AS i WHERE i.path > met.path ORDER BY i.path ASC LIMIT 1) AS path
  FROM met
  WHERE met.path IS NOT NULL
)

SELECT 'path' AS kind, path, row_number() OVER (ORDER BY path) - 1 AS number FROM met
WHERE path IS NOT NULL;

-- put_categories --
-- The categories, the states in the order of the program, and the organisations with incidents in hand.
INSERT INTO heat_name (kind, value, number)
SELECT 'category' AS kind, code, row_number() OVER (ORDER BY code) - 1 AS number FROM category
UNION ALL
SELECT 'state' AS kind, s.value, s.place - 1 AS number
FROM unnest(%(states)s::text[]) WITH ORDINALITY AS s (value, place)
UNION ALL
SELECT 'organisation' AS kind, o.organisation::text, row_number() OVER (ORDER BY o.organisation) - 1 AS number
FROM (SELECT DISTINCT h.organisation FROM hand_over AS h) AS o;

-- names --
-- What the numbers stand for.
SELECT kind, value FROM heat_name
ORDER BY kind ASC, number ASC;

-- count_names --
-- Let the planner know how few they are.
ANALYZE heat_name;

-- load --
-- The next incidents after an id, a column each as the bytes of an array; one row, of NULLs where there are none.
-- What is committed meanwhile under a name that has no number yet is left to the look at what changed.
WITH n AS MATERIALIZED (
  SELECT i.id, i.geom, i.occurred_at, i.path, i.category, i.state FROM incident AS i
  WHERE i.id > %(after)s
  ORDER BY i.id ASC
  LIMIT %(limit)s
)

SELECT
  array_send(array_agg(n.id)) AS id,
  array_send(array_agg(st_x(n.geom))) AS lon,
  array_send(array_agg(st_y(n.geom))) AS lat,
  array_send(array_agg((extract(EPOCH FROM n.occurred_at) * 1000000)::bigint)) AS at,
  array_send(array_agg(p.number)) AS unit,
  array_send(array_agg(c.number)) AS category,
  array_send(array_agg(s.number)) AS state,
  (SELECT max(l.id::text) FROM n AS l) AS last
FROM n
INNER JOIN heat_name AS p ON p.kind = 'path' AND n.path = p.value
INNER JOIN heat_name AS c ON c.kind = 'category' AND n.category = c.value
INNER JOIN heat_name AS s ON s.kind = 'state' AND n.state = s.value;

-- load_handed --
-- All hand-overs, a column each.
SELECT
  array_send(array_agg(h.incident_id)) AS id,
  array_send(array_agg(o.number)) AS organisation,
  array_send(array_agg(coalesce((extract(EPOCH FROM h.until) * 1000000)::bigint, 9223372036854775807))) AS until
FROM hand_over AS h INNER JOIN heat_name AS o ON o.kind = 'organisation' AND h.organisation::text = o.value;

-- changed --
-- The incidents that transactions made, changed or took away which the last look could not see.
SELECT DISTINCT unnest(c.ids) AS id FROM incident_change AS c
WHERE
  c.made_in >= pg_snapshot_xmin(%(seen)s::pg_snapshot)::text::bigint
  AND NOT pg_visible_in_snapshot(c.made_in::text::xid8, %(seen)s::pg_snapshot);

-- rows --
-- Some incidents as they stand now.
SELECT
  i.id, st_x(i.geom) AS lon, st_y(i.geom) AS lat, (extract(EPOCH FROM i.occurred_at) * 1000000)::bigint AS at,
  i.path, i.category, i.state
FROM incident AS i
WHERE i.id = any(%(ids)s);

-- rows_handed --
-- In whose hands some incidents are.
SELECT
  h.incident_id, h.organisation::text AS organisation,
  coalesce((extract(EPOCH FROM h.until) * 1000000)::bigint, 9223372036854775807) AS until
FROM hand_over AS h
WHERE h.incident_id = any(%(ids)s);

-- forget_changes --
-- What everybody has seen who looks at all.
DELETE FROM incident_change WHERE at < %(before)s;

-- figures_done --
-- Whether the figures of a period are finished.
SELECT count(*) > 0 AS done FROM public_figure
WHERE period = %(period)s AND since = %(since)s;

-- figure_units --
-- The units in force, from the root down.
SELECT unit_id, path FROM unit_version
WHERE layer = 'base' AND valid @> instant() AND recorded @> instant()
ORDER BY path ASC;

-- figure_counts --
-- How many incidents of a period stand at each path, by the root of their category.
WITH RECURSIVE root AS (
  SELECT code, code AS top FROM category
  WHERE parent IS NULL
  UNION ALL
  SELECT c.code, r.top FROM category AS c INNER JOIN root AS r ON c.parent = r.code
)

SELECT i.path, r.top AS category, count(*) AS incidents
FROM incident AS i INNER JOIN root AS r ON i.category = r.code
WHERE i.occurred_at >= %(since)s AND i.occurred_at < %(until)s
GROUP BY i.path, r.top;

-- figure_categories --
-- The categories that figures are told by.
SELECT code FROM category WHERE parent IS NULL
ORDER BY code ASC;

-- figures_before --
-- Figures of all periods that lie in a period, or that it lies in.
SELECT period, since, until, category, unit_id, incidents FROM public_figure
WHERE
  (since >= %(since)s AND until <= %(until)s) OR (since <= %(since)s AND until >= %(until)s);

-- put_figures --
-- The finished figures of a period.
INSERT INTO public_figure (
  period, since, until, category, unit_id, path, incidents, finest, published_at
)
SELECT %(period)s, %(since)s, %(until)s, f.category, f.unit_id, f.path, f.incidents, f.finest, instant()
FROM unnest(
  %(categories)s::text[], %(unit_ids)s::bigint[], %(paths)s::text[], %(incidents)s::bigint[], %(finest)s::boolean[]
) AS f (category, unit_id, path, incidents, finest);

-- figures --
-- The last finished figures of a kind of period and a category, with the units as they were when these were published.
SELECT
  f.since, f.until, f.published_at, f.unit_id, u.level, cardinality(string_to_array(f.path, '.')) - 1 AS depth, u.code,
  u.name, u.name_en, f.incidents, f.finest
FROM public_figure AS f
INNER JOIN unit_version AS u
  ON f.unit_id = u.unit_id AND u.layer = 'base' AND u.valid @> f.published_at AND u.recorded @> f.published_at
WHERE
  f.period = %(period)s AND f.category = %(category)s
  AND f.since = (SELECT max(l.since) FROM public_figure AS l WHERE l.period = %(period)s)
ORDER BY f.path ASC;

-- figures_tile --
-- The same as areas of one tile: units of a depth of the tree, and coarser ones where the figures go no deeper.
SELECT coalesce(st_asmvt(t, 'public_heat', 4096, 'geom', 'unit_id'), '') AS tile FROM (
  SELECT
    f.unit_id, u.code, u.name, u.name_en, u.level, f.incidents AS n,
    st_asmvtgeom(
      st_simplifypreservetopology(st_transform(u.geom, 3857), 40075016.7 / 4096 / 2 ^ %(z)s::integer),
      st_tileenvelope(%(z)s::integer, %(x)s, %(y)s), 4096, 64
    ) AS geom
  FROM public_figure AS f
  INNER JOIN unit_version AS u
    ON f.unit_id = u.unit_id AND u.layer = 'base' AND u.valid @> f.published_at AND u.recorded @> f.published_at
  WHERE
    f.period = %(period)s AND f.category = %(category)s
    AND f.since = (SELECT max(l.since) FROM public_figure AS l WHERE l.period = %(period)s)
    AND (
      cardinality(string_to_array(f.path, '.')) - 1 = %(depth)s::integer
      OR (f.finest AND cardinality(string_to_array(f.path, '.')) - 1 < %(depth)s::integer)
    )
    AND u.geom && st_transform(st_tileenvelope(%(z)s::integer, %(x)s, %(y)s, margin => 0.015625), 4326)
  ORDER BY f.path ASC
) AS t
WHERE t.geom IS NOT NULL;
