-- noqa: disable=all
-- The linter cannot parse a comparison of rows among the columns of a SELECT.

-- Bulk writing of incidents: each with its first event and the assignment that explains its owner.

-- stage --
-- Incidents on their way in, each with its owner.
CREATE TEMPORARY TABLE staged_incident (
  id uuid, source text, source_key text, category text, channel text, handling text, state text, priority smallint,
  title text, description text, address text, occurred_at timestamptz, received_at timestamptz, due_at timestamptz,
  closed_at timestamptz, lon double precision, lat double precision, accuracy_m real, synthetic boolean,
  building_id bigint, doubts text[], path text COLLATE "C", unit_id bigint, located text, team_id uuid,
  team_unit_id bigint, team_rule text, owner_rule text, candidates bigint[], shares real[]
);

-- copy --
-- Fill the staging table.
COPY staged_incident FROM STDIN (FORMAT binary);

-- copy_incidents --
-- New incidents of a source that none stands of.
COPY incident (
  id, path, unit_id, located, category, channel, handling, state, priority, title, description, address, geom,
  accuracy_m, occurred_at, received_at, due_at, closed_at, team_id, source, source_key, load_id, synthetic,
  building_id, doubts
) FROM STDIN (FORMAT binary);

-- copy_events --
-- The first event of each.
COPY incident_event (incident_id, number, path, kind, at, account, state) FROM STDIN (FORMAT binary);

-- copy_assignments --
-- Why each has its owner.
COPY assignment (
  incident_id, run_id, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
) FROM STDIN (FORMAT binary);

-- copy_originals --
-- Sealed text as it was written.
COPY incident_original (incident_id, key_id, sealed) FROM STDIN (FORMAT binary);

-- copy_changes --
-- Which incidents are new, as trigger incident_made_is_noted tells it.
COPY incident_change (ids) FROM STDIN (FORMAT binary);

-- become_owner --
-- COPY does not pass row security, and nobody may change what is sealed.
SET LOCAL ROLE wangge_owner;

-- become_app --
-- Back to the role that row security binds.
SET LOCAL ROLE wangge_app;

-- common --
-- When and by whom.
SELECT instant() AS at, current_setting('wangge.account') AS account;

-- is_new --
-- Whether no incident of a source stands.
SELECT NOT EXISTS (SELECT FROM incident WHERE source = %(source)s) AS is_new;

-- unstage --
-- The staging table is done with.
DROP TABLE pg_temp.staged_incident;

-- categories --
-- What can be said of a category.
SELECT code, name_zh, priority, deadline_hours FROM category WHERE active;

-- channels --
-- The channels that are known.
SELECT code FROM channel;

-- stage_stored --
-- What the staged incidents are compared with.
CREATE TEMPORARY TABLE stored_incident (
  staged_id uuid, id uuid, version integer, differs boolean, worked_on boolean, moved boolean
);

-- compare --
-- What stands already of the staged incidents, and whether it is as given.
INSERT INTO stored_incident (staged_id, id, version, differs, worked_on, moved)
SELECT
  s.id AS staged_id, i.id, i.version, d.one IS NOT NULL, false,
  (st_x(i.geom), st_y(i.geom), i.accuracy_m, i.building_id)
    IS DISTINCT FROM (s.lon, s.lat, s.accuracy_m, s.building_id)
FROM staged_incident AS s
INNER JOIN incident AS i ON s.source = i.source AND s.source_key = i.source_key
LEFT JOIN LATERAL ( -- noqa: ST05
  SELECT 1 AS one
  WHERE
    (
      i.category, i.channel, i.handling, i.state, i.priority, i.title, i.description, i.address, i.occurred_at,
      i.received_at, i.due_at, i.closed_at, st_x(i.geom), st_y(i.geom), i.accuracy_m, i.synthetic, i.building_id
    )
    IS DISTINCT FROM (
      s.category, s.channel, s.handling, s.state, s.priority, s.title, s.description, s.address, s.occurred_at,
      s.received_at, s.due_at, s.closed_at, s.lon, s.lat, s.accuracy_m, s.synthetic, s.building_id
    )
) AS d ON true;

-- mark_worked_on --
-- Of what differs, what was worked on here since.
UPDATE stored_incident AS h SET worked_on = true
WHERE
  h.differs
  AND EXISTS (SELECT FROM incident_event AS e WHERE e.incident_id = h.id AND e.kind <> 'imported');

-- unstage_stored --
-- The comparison is done with.
DROP TABLE pg_temp.stored_incident;

-- count_stored --
-- How many of each.
SELECT
  count(*) AS stored,
  count(*) FILTER (WHERE differs AND worked_on) AS kept,
  count(*) FILTER (WHERE differs AND NOT worked_on) AS changed
FROM stored_incident;

-- stored_as --
-- Under which id some of the staged incidents stand, and whether they are changed.
SELECT staged_id, id, differs AND NOT worked_on AS changed FROM stored_incident
WHERE staged_id = any(%(ids)s);

-- lend_stored --
-- The owner reads what the session found.
GRANT SELECT ON stored_incident TO wangge_owner;

-- forget_originals --
-- The text of a changed incident is another now.
DELETE FROM incident_original AS o USING stored_incident AS h
WHERE o.incident_id = h.id AND h.differs AND NOT h.worked_on;

-- forget_stored --
-- What stands already is staged no longer, so that the rest is new.
DELETE FROM staged_incident AS s USING stored_incident AS h WHERE s.id = h.staged_id;

-- change --
-- Incidents that the source tells differently now, and that nobody has worked on here.
UPDATE incident AS i SET
  category = s.category,
  channel = s.channel,
  handling = s.handling,
  state = s.state,
  priority = s.priority,
  title = s.title,
  description = s.description,
  address = s.address,
  occurred_at = s.occurred_at,
  received_at = s.received_at,
  due_at = s.due_at,
  closed_at = s.closed_at,
  accuracy_m = s.accuracy_m,
  synthetic = s.synthetic,
  geom = st_setsrid(st_makepoint(s.lon, s.lat), 4326),
  path = CASE WHEN h.moved THEN s.path ELSE i.path END,
  unit_id = CASE WHEN h.moved THEN s.unit_id ELSE i.unit_id END,
  located = CASE WHEN h.moved THEN s.located ELSE i.located END,
  team_id = CASE WHEN h.moved THEN s.team_id ELSE i.team_id END,
  building_id = s.building_id,
  doubts = CASE WHEN h.moved THEN s.doubts ELSE i.doubts END,
  load_id = %(load_id)s,
  version = i.version + 1
FROM stored_incident AS h INNER JOIN staged_incident AS s ON h.staged_id = s.id
WHERE i.id = h.id AND h.differs AND NOT h.worked_on;

-- note_change --
-- The event of such a change.
INSERT INTO incident_event (incident_id, number, path, kind, at, account, state, payload)
SELECT
  i.id, i.version, i.path, 'imported', instant(), current_setting('wangge.account'), i.state,
  jsonb_build_object('load_id', i.load_id)
FROM stored_incident AS h INNER JOIN incident AS i ON h.id = i.id
WHERE h.differs AND NOT h.worked_on;

-- reassign_moved --
-- Why a moved incident has its owner.
INSERT INTO assignment (
  incident_id, run_id, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
)
SELECT
  h.id, %(run_id)s, s.path, s.unit_id, s.owner_rule, s.candidates, s.shares, s.team_id,
  s.team_rule, s.team_unit_id
FROM stored_incident AS h INNER JOIN staged_incident AS s ON h.staged_id = s.id
WHERE h.moved AND h.differs AND NOT h.worked_on;

-- put --
-- New incidents.
INSERT INTO incident (
  id, path, unit_id, located, category, channel, handling, state, priority, title, description, address, geom,
  accuracy_m, occurred_at, received_at, due_at, closed_at, team_id, source, source_key, load_id, synthetic,
  building_id, doubts
)
SELECT
  id, path, unit_id, located, category, channel, handling, state, priority, title, description, address,
  st_setsrid(st_makepoint(lon, lat), 4326), accuracy_m, occurred_at, received_at, due_at, closed_at, team_id,
  source, source_key, %(load_id)s, synthetic, building_id, doubts
FROM staged_incident;

-- put_events --
-- The first event of each.
INSERT INTO incident_event (incident_id, number, path, kind, at, account, state)
SELECT id, 1, path, 'imported', instant(), current_setting('wangge.account'), state FROM staged_incident;

-- put_assignments --
-- Why each has its owner.
INSERT INTO assignment (
  incident_id, run_id, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
)
SELECT
  id, %(run_id)s, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
FROM staged_incident;
