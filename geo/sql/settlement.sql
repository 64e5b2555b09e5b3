-- Whose an incident is and why, and the choice of a dispatcher.

-- decided --
-- Every decision on whose an incident is, newest first, each with its run and the edition that it answered by.
SELECT
  a.run_id, r.at, r.account, r.reason, r.edition_valid, r.edition_recorded, a.unit_id, a.owner_rule, a.candidates,
  a.shares, a.team_id, a.team_rule, a.team_unit_id
FROM assignment AS a INNER JOIN assignment_run AS r ON a.run_id = r.id
WHERE a.incident_id = %(id)s
ORDER BY a.run_id DESC;

-- units_called --
-- What units were called when a decision was made; of several versions the one that was known last.
SELECT DISTINCT ON (v.unit_id) v.unit_id, v.code, v.name, v.derived FROM unit_version AS v
WHERE v.unit_id = any(%(ids)s::bigint[])
ORDER BY v.unit_id ASC, v.id DESC;

-- lock_to_settle --
-- The current row of an incident of the own scope, kept from others until the transaction ends; the place that counts.
SELECT i.version, st_x(coalesce(b.geom, i.geom)) AS lon, st_y(coalesce(b.geom, i.geom)) AS lat
FROM incident AS i
LEFT JOIN LATERAL (SELECT st_pointonsurface(h.geom) AS geom FROM building AS h WHERE h.id = i.building_id) AS b ON TRUE
WHERE
  i.id = %(id)s
  AND i.path >= current_setting('wangge.path_from') AND i.path < current_setting('wangge.path_to')
FOR UPDATE OF i;

-- choice --
-- A unit that an incident may be settled for: a base micro-grid of the scope, or a candidate of the last decision.
WITH last AS (
  SELECT candidates FROM assignment WHERE incident_id = %(id)s
  ORDER BY run_id DESC
  LIMIT 1
)

SELECT v.unit_id, v.path FROM unit_version AS v
WHERE
  v.layer = 'base' AND v.code = any(%(codes)s) AND v.valid @> instant() AND v.recorded @> instant()
  AND (NOT v.derived OR v.parent_id IS NULL)
  AND (
    v.unit_id = any((SELECT last.candidates FROM last)::bigint[])
    OR (v.path >= current_setting('wangge.path_from') AND v.path < current_setting('wangge.path_to'))
  );

-- settle --
-- The owner that a dispatcher chose, with event and assignment; returns the new version.
SELECT settle_incident(
  %(id)s, %(unit_id)s, %(path)s, %(team_id)s, %(run_id)s, %(team_rule)s, %(team_unit_id)s, %(untaken)s, %(said)s
) AS version;

-- settled_as --
-- What is told of an incident that may have left the scope: the names of its unit and team.
SELECT v.code AS unit_code, v.name AS unit_name, t.code AS team_code, t.name AS team_name
FROM unit_version AS v LEFT JOIN LATERAL team_called(%(team_id)s) AS t ON TRUE
WHERE v.unit_id = %(unit_id)s AND v.valid @> instant() AND v.recorded @> instant();
