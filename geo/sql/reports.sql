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
