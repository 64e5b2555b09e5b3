-- claim --
-- Take an idempotency key; a second transaction with the same key waits here for the first, then takes nothing.
INSERT INTO idempotency (account, key, request_sha256, status, response, at)
VALUES (current_setting('wangge.account'), %(key)s, %(sha256)s, 201, '{}', instant())
ON CONFLICT (account, key) DO NOTHING;

-- claimed --
-- What was asked and answered under an idempotency key.
SELECT request_sha256, response FROM idempotency
WHERE account = current_setting('wangge.account') AND key = %(key)s;

-- remember --
-- Keep the answer under its idempotency key.
UPDATE idempotency SET response = %(response)s
WHERE account = current_setting('wangge.account') AND key = %(key)s;

-- ruling --
-- What a category rules for its incidents, whether the channel is known, and what a reporter is told beside what was
-- computed: instants and names, of the team no more than its name.
SELECT
  c.priority,
  instant() + make_interval(hours => c.deadline_hours) AS due_at,
  (SELECT count(*) FROM channel AS h WHERE h.code = %(channel)s) = 1 AS channel_known,
  instant() AS received_at, coalesce(%(occurred_at)s::timestamptz, instant()) AS occurred_at,
  %(accuracy_m)s::real AS accuracy_m, u.code AS unit_code, u.name AS unit_name, t.code AS team_code,
  t.name AS team_name
FROM category AS c
LEFT JOIN LATERAL team_called(%(team_id)s) AS t ON TRUE
LEFT JOIN unit_version AS u
  ON u.unit_id = %(unit_id)s AND u.valid @> instant() AND u.recorded @> instant()
WHERE c.code = %(category)s AND c.active;

-- report --
-- A new incident with its first event, and its assignment by a run of its own.
WITH run AS (
  INSERT INTO assignment_run (at, account, edition_valid, edition_recorded, reason)
  VALUES (instant(), current_setting('wangge.account'), %(valid)s, %(recorded)s, 'reported')
  RETURNING id
),

made AS (
  INSERT INTO incident (
    id, path, unit_id, located, category, channel, handling, state, priority, title, description, address, geom,
    building_id, accuracy_m, doubts, occurred_at, received_at, due_at, team_id, source, source_key, version
  )
  VALUES (
    %(id)s, %(path)s, %(unit_id)s, %(located)s, %(category)s, %(channel)s, %(handling)s, %(state)s, %(priority)s,
    %(title)s, %(description)s, %(address)s, st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326), %(building_id)s,
    %(accuracy_m)s, %(doubts)s, %(occurred_at)s, %(received_at)s, %(due_at)s, %(team_id)s, 'api', %(id)s::uuid::text, 1
  )
),

event AS (
  INSERT INTO incident_event (incident_id, number, path, kind, at, account, state, payload)
  VALUES (
    %(id)s, 1, %(path)s, 'reported', instant(), current_setting('wangge.account'), %(state)s, %(payload)s
  )
)

INSERT INTO assignment (
  incident_id, run_id, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
)
SELECT
  %(id)s, run.id AS run_id, %(path)s, %(unit_id)s, %(owner_rule)s, %(candidates)s, %(shares)s, %(team_id)s,
  %(team_rule)s, %(team_unit_id)s
FROM run;

-- read --
-- One incident, with the names of its unit and team as they are now.
SELECT
  i.id, i.path, i.unit_id, u.code AS unit_code, u.name AS unit_name, i.located, i.category, i.channel, i.handling,
  i.state, i.priority, i.title, i.description, i.address, st_x(i.geom) AS lon, st_y(i.geom) AS lat, i.accuracy_m,
  b.code AS building_code, i.doubts, i.ambiguous, i.occurred_at, i.received_at, i.due_at, i.closed_at, i.team_id,
  t.code AS team_code, t.name AS team_name, i.department_id, i.synthetic, i.version
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
  b.code AS building_code, i.doubts, i.ambiguous, i.occurred_at, i.received_at, i.due_at, i.closed_at, i.team_id,
  t.code AS team_code, t.name AS team_name, i.department_id, i.synthetic, i.version
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
  AND (%(ambiguous)s::boolean IS NULL OR i.ambiguous = %(ambiguous)s)
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
