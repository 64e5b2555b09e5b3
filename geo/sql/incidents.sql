-- read --
-- One incident, with the names of its unit and team as they are now.
SELECT
  i.id, i.path, i.unit_id, u.code AS unit_code, u.name AS unit_name, i.located, i.category, i.channel, i.handling,
  i.state, i.priority, i.title, i.description, i.address, st_x(i.geom) AS lon, st_y(i.geom) AS lat, i.accuracy_m,
  b.code AS building_code, i.doubts, cardinality(i.doubts) > 0 AS ambiguous, i.occurred_at, i.received_at, i.due_at,
  i.closed_at, i.team_id, t.code AS team_code, t.name AS team_name, i.department_id, i.synthetic, i.version
FROM incident AS i
LEFT JOIN LATERAL (
  SELECT v.code, v.name FROM unit_version AS v
  WHERE v.unit_id = i.unit_id AND v.valid @> instant() AND v.recorded @> instant()
  ORDER BY v.id DESC
  LIMIT 1
) AS u ON TRUE
LEFT JOIN team AS t ON i.team_id = t.id
LEFT JOIN building AS b ON i.building_id = b.id
WHERE i.id = %(id)s;

-- find --
-- Incidents by any of the filters, newest first, after a key; with the names of their unit and team as they are now.
-- The bounding-box test is written out because only it is marked leakproof (docs/decisions/0003). The name of a unit
-- is looked up row by row: a join is planned as if ranges kept one unit in ten thousand, and walks all of them.
SELECT
  i.id, i.path, i.unit_id, u.code AS unit_code, u.name AS unit_name, i.located, i.category, i.channel, i.handling,
  i.state, i.priority, i.title, i.description, i.address, st_x(i.geom) AS lon, st_y(i.geom) AS lat, i.accuracy_m,
  b.code AS building_code, i.doubts, cardinality(i.doubts) > 0 AS ambiguous, i.occurred_at, i.received_at, i.due_at,
  i.closed_at, i.team_id, t.code AS team_code, t.name AS team_name, i.department_id, i.synthetic, i.version
FROM incident AS i
LEFT JOIN LATERAL (
  SELECT v.code, v.name FROM unit_version AS v
  WHERE v.unit_id = i.unit_id AND v.valid @> instant() AND v.recorded @> instant()
  ORDER BY v.id DESC
  LIMIT 1
) AS u ON TRUE
LEFT JOIN team AS t ON i.team_id = t.id
LEFT JOIN building AS b ON i.building_id = b.id
WHERE
  (%(path_from)s::text IS NULL OR (i.path >= %(path_from)s AND i.path < %(path_to)s))
  AND (%(category)s::text IS NULL OR i.category = %(category)s OR starts_with(i.category, %(category)s || '.'))
  AND (%(state)s::text IS NULL OR i.state = %(state)s)
  AND (%(channel)s::text IS NULL OR i.channel = %(channel)s)
  AND (%(located)s::text IS NULL OR i.located = %(located)s)
  AND (%(ambiguous)s::boolean IS NULL OR (cardinality(i.doubts) > 0) = %(ambiguous)s)
  AND (%(team)s::text IS NULL OR i.team_id = (SELECT named.id FROM team AS named WHERE named.code = %(team)s))
  AND (%(occurred_from)s::timestamptz IS NULL OR i.occurred_at >= %(occurred_from)s)
  AND (%(occurred_to)s::timestamptz IS NULL OR i.occurred_at < %(occurred_to)s)
  AND (
    %(west)s::float8 IS NULL
    OR (
      i.geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
      AND st_intersects(i.geom, st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
    )
  )
  AND (
    %(text)s::text IS NULL
    OR strpos(lower(i.title), lower(%(text)s)) > 0
    OR strpos(lower(i.description), lower(%(text)s)) > 0
    OR strpos(lower(i.address), lower(%(text)s)) > 0
  )
  AND (%(before_at)s::timestamptz IS NULL OR (i.received_at, i.id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY i.received_at DESC, i.id DESC
LIMIT %(limit)s;

-- plan_each_time --
-- Optional filters fold away only where the planner sees the values.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- history --
-- All that happened to an incident, from its beginning.
SELECT number, kind, at, account, state, payload FROM incident_event
WHERE incident_id = %(id)s
ORDER BY number ASC;

-- lock --
-- The current row of an incident, kept from others until the transaction ends.
SELECT path, state, version, category FROM incident
WHERE id = %(id)s
FOR UPDATE;

-- known --
-- Whether the team and the department that a change names exist in this scope.
SELECT
  (%(team_id)s::uuid IS NULL OR EXISTS (SELECT FROM team WHERE id = %(team_id)s AND active)) AS team_known,
  (%(department_id)s::uuid IS NULL OR EXISTS (SELECT FROM department WHERE id = %(department_id)s))
    AS department_known;

-- change --
-- The event, and the current row as the event makes it.
WITH changed AS (
  UPDATE incident SET
    state = %(state)s,
    team_id = coalesce(%(team_id)s, team_id),
    department_id = coalesce(%(department_id)s, department_id),
    closed_at = CASE WHEN %(settled)s THEN coalesce(closed_at, instant()) END,
    version = version + 1
  WHERE id = %(id)s
  RETURNING id, version, path, state
)

INSERT INTO incident_event (incident_id, number, path, kind, at, account, state, payload)
SELECT id, version, path, 'changed', instant(), current_setting('wangge.account'), state, %(payload)s FROM changed;
