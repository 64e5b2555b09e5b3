-- stage --
-- Where one set of new assignments waits: COPY does not pass row security, the INSERT from here does.
CREATE TEMPORARY TABLE staged_assignment (
  incident_id uuid PRIMARY KEY, path text COLLATE "C", unit_id bigint, located text, owner_rule text,
  candidates bigint[], shares real[], team_id uuid, team_rule text, team_unit_id bigint, doubts text[]
) ON COMMIT DROP;

-- unstage --
-- Make room for the next set.
TRUNCATE staged_assignment;

-- next_set --
-- The incidents after an id, with their places, their buildings, and the owners that were settled.
SELECT
  i.id, i.doubts, st_x(i.geom) AS lon, st_y(i.geom) AS lat, i.accuracy_m, st_x(b.geom) AS building_lon,
  st_y(b.geom) AS building_lat, CASE WHEN i.located = 'settled' THEN i.unit_id END AS settled
FROM incident AS i
LEFT JOIN LATERAL (SELECT st_pointonsurface(h.geom) AS geom FROM building AS h WHERE h.id = i.building_id) AS b ON TRUE
WHERE i.id > %(after)s
ORDER BY i.id ASC
LIMIT %(limit)s;

-- assign --
-- Keep what this run decided and why.
INSERT INTO assignment (
  incident_id, run_id, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
)
SELECT incident_id, %(run_id)s, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
FROM staged_assignment;

-- move --
-- Set the current rows that differ, an event each; and count them by where they came from and went to.
WITH differing AS (
  SELECT
    i.id, i.path AS from_path, i.unit_id AS from_unit_id, s.path, s.unit_id, s.located, s.doubts,
    CASE WHEN i.state = any(%(untaken)s) THEN s.team_id ELSE i.team_id END AS team_id
  FROM incident AS i INNER JOIN staged_assignment AS s ON i.id = s.incident_id
  WHERE
    i.path <> s.path OR i.located <> s.located OR i.doubts <> s.doubts
    OR (i.state = any(%(untaken)s) AND i.team_id IS DISTINCT FROM s.team_id)
  FOR UPDATE OF i
),

moved AS (
  UPDATE incident AS i
  SET
    path = d.path,
    unit_id = d.unit_id,
    located = d.located,
    doubts = d.doubts,
    team_id = d.team_id,
    version = i.version + 1
  FROM differing AS d
  WHERE i.id = d.id
  RETURNING i.id, i.version, i.state, d.path, d.unit_id, d.from_path, d.from_unit_id
),

event AS (
  INSERT INTO incident_event (incident_id, number, path, kind, at, account, state, payload)
  SELECT
    id, version, path, 'reassigned', instant(), current_setting('wangge.account'), state,
    jsonb_build_object('run_id', %(run_id)s::bigint, 'from_unit_id', from_unit_id, 'unit_id', unit_id)
  FROM moved
)

SELECT from_path, path, count(*) AS incidents, count(*) FILTER (WHERE state = any(%(settled)s)) AS settled FROM moved
GROUP BY from_path, path;

-- move_open --
-- Set the open incidents that differ, with an event and an assignment each; count them by where from and where to.
WITH differing AS (
  SELECT
    i.id, i.path AS from_path, i.unit_id AS from_unit_id, s.path, s.unit_id, s.located, s.doubts,
    CASE WHEN i.state = any(%(untaken)s) THEN s.team_id ELSE i.team_id END AS team_id
  FROM incident AS i INNER JOIN staged_assignment AS s ON i.id = s.incident_id
  WHERE
    i.state <> all(%(settled)s)
    AND (
      i.path <> s.path OR i.located <> s.located OR i.doubts <> s.doubts
      OR (i.state = any(%(untaken)s) AND i.team_id IS DISTINCT FROM s.team_id)
    )
  FOR UPDATE OF i
),

moved AS (
  UPDATE incident AS i
  SET
    path = d.path,
    unit_id = d.unit_id,
    located = d.located,
    doubts = d.doubts,
    team_id = d.team_id,
    version = i.version + 1
  FROM differing AS d
  WHERE i.id = d.id
  RETURNING i.id, i.version, i.state, d.path, d.unit_id, d.from_path, d.from_unit_id
),

event AS (
  INSERT INTO incident_event (incident_id, number, path, kind, at, account, state, payload)
  SELECT
    id, version, path, 'reassigned', instant(), current_setting('wangge.account'), state,
    jsonb_build_object(
      'reason', 'edition_changed', 'run_id', %(run_id)s::bigint, 'from_unit_id', from_unit_id, 'unit_id', unit_id
    )
  FROM moved
),

kept AS (
  INSERT INTO assignment (
    incident_id, run_id, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
  )
  SELECT
    s.incident_id, %(run_id)s, s.path, s.unit_id, s.owner_rule, s.candidates, s.shares, s.team_id, s.team_rule,
    s.team_unit_id
  FROM staged_assignment AS s INNER JOIN moved AS m ON s.incident_id = m.id
)

SELECT from_path, path, count(*) AS incidents FROM moved
GROUP BY from_path, path;
