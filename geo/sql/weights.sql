-- What a large load takes off the tables of incidents and makes again.

-- standing --
-- How many incidents stand, and whether anybody has reported one within a day.
SELECT
  (SELECT count(*) FROM incident) AS standing,
  (
    SELECT count(*) > 0 FROM incident
    WHERE load_id IS NULL AND received_at > instant() - interval '1 day'
  ) AS reporting;

-- note --
-- What is taken off, with the statements that do it and undo it.
CREATE TEMPORARY TABLE weight (kind text, take_off text, put_back text);

-- list --
-- Each as the catalogue has it: foreign keys of the three tables and to them, their other keys, their other indexes,
-- and the triggers that would look at each part of a load; `note_made` and `hand_over_made` look at all of it instead.
INSERT INTO weight (kind, take_off, put_back)
SELECT
  CASE c.contype WHEN 'f' THEN 'reference' ELSE 'key' END AS kind,
  format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS take_off,
  format(
    'ALTER TABLE %s ADD CONSTRAINT %I %s%s', c.conrelid::regclass, c.conname,
    regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', ''), CASE c.contype WHEN 'f' THEN ' NOT VALID' END
  ) AS put_back
FROM pg_constraint AS c
WHERE
  (
    c.contype IN ('p', 'u', 'f')
    AND c.conrelid IN ('incident'::regclass, 'incident_event'::regclass, 'assignment'::regclass)
  )
  OR c.confrelid IN ('incident'::regclass, 'incident_event'::regclass, 'assignment'::regclass)
UNION ALL
SELECT
  CASE WHEN i.indisunique THEN 'key' ELSE 'index' END AS kind,
  format('DROP INDEX %s', i.indexrelid::regclass) AS take_off,
  regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX ', ' INDEX IF NOT EXISTS ') AS put_back
FROM pg_index AS i
WHERE
  i.indrelid IN ('incident'::regclass, 'incident_event'::regclass, 'assignment'::regclass)
  AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT
  'trigger' AS kind,
  format('DROP TRIGGER %I ON incident', t.tgname) AS take_off, -- for one that is disabled rows are still kept
  pg_get_triggerdef(t.oid) AS put_back
FROM pg_trigger AS t
WHERE t.tgrelid = 'incident'::regclass AND t.tgname IN ('incident_made_is_noted', 'incident_made_is_handed_over');

-- lend --
-- The owner of the tables reads the list that the session made.
GRANT SELECT ON weight TO wangge_owner;

-- be_quick --
-- Who waits for a table makes everybody else wait behind it; autovacuum gives way after a second (deadlock_timeout).
SET LOCAL lock_timeout = '2s';

-- take_time --
-- As before.
SET LOCAL lock_timeout = DEFAULT;

-- become_owner --
-- Only the owner of a table may take its indexes off.
SET LOCAL ROLE wangge_owner;

-- become_app --
-- Back to the role that row security binds.
SET LOCAL ROLE wangge_app;

-- take_off --
-- Drop what was noted; only for the service itself, which holds everything. References first: they need the keys.
DO $$
DECLARE w record;
BEGIN
  IF NOT wangge.keeps_house() THEN
    RAISE EXCEPTION 'only the service itself loads in bulk' USING ERRCODE = 'insufficient_privilege';
  END IF;
  LOCK TABLE incident, incident_event, assignment IN ACCESS EXCLUSIVE MODE;
  FOR w IN SELECT take_off FROM weight ORDER BY kind = 'reference' DESC LOOP
    EXECUTE w.take_off;
  END LOOP;
END
$$;

-- is_empty --
-- Whether nothing stands, asked by the owner, to whom nothing is hidden.
SELECT NOT EXISTS (SELECT FROM incident) AS is_empty;

-- begin_anew --
-- Tables that this transaction began anew take rows that are frozen from the start: the proof of the foreign keys need
-- not look up for each whether it stands, nor vacuum write it again.
TRUNCATE incident, incident_event, assignment;

-- note_made --
-- As trigger incident_made_is_noted.
INSERT INTO incident_change (ids)
SELECT made.ids[p.first:p.first + 9999]
FROM (SELECT array_agg(id) AS ids FROM incident WHERE load_id = %(load_id)s) AS made
CROSS JOIN LATERAL generate_series(1, cardinality(made.ids), 10000) AS p (first);

-- join_whole --
-- Nobody has counted the new rows yet: who takes them for few looks for the team of each.
SET LOCAL enable_nestloop = off;

-- join_as_before --
-- By what the tables are known to hold.
SET LOCAL enable_nestloop = DEFAULT;

-- any_of_another_subtree --
-- Whether incidents on any of these paths are their team's although they lie outside of its subtree.
SELECT count(*) > 0 AS found
FROM unnest(%(paths)s::text[], %(teams)s::bytea[]) AS m (path, team)
INNER JOIN team AS o ON encode(m.team, 'hex')::uuid = o.id
WHERE NOT starts_with(m.path, o.path);

-- hand_over_made --
-- As trigger incident_made_is_handed_over; a load names no department.
INSERT INTO hand_over (organisation, incident_id, path, since, until)
SELECT o.id AS organisation, i.id AS incident_id, i.path, instant(), i.closed_at + interval '30 days'
FROM incident AS i INNER JOIN team AS o ON i.team_id = o.id
WHERE i.load_id = %(load_id)s AND NOT starts_with(i.path, o.path)
ON CONFLICT (organisation, incident_id) DO NOTHING;

-- put_back --
-- Make it again; references last, and not validated. Indexes that only serve speed are noted: `finish` builds them.
DO $$
DECLARE w record;
BEGIN
  SET LOCAL maintenance_work_mem = '256MB';
  FOR w IN SELECT put_back FROM weight WHERE kind <> 'index' ORDER BY kind = 'reference' LOOP
    EXECUTE w.put_back;
  END LOOP;
  INSERT INTO owed_index (definition) SELECT put_back FROM weight WHERE kind = 'index';
END
$$;

-- forget --
-- The list is done with.
DROP TABLE pg_temp.weight;

-- owed --
-- How many indexes are left to be built.
SELECT count(*) AS indexes FROM owed_index;

-- build_owed --
-- One of them that nobody else is building, the one that takes longest first; reads go on meanwhile.
DO $$
DECLARE o record;
BEGIN
  SET LOCAL maintenance_work_mem = '256MB';
  FOR o IN
    SELECT definition FROM owed_index ORDER BY position(' USING gist ' IN definition) > 0 DESC LIMIT 1 FOR UPDATE SKIP LOCKED
  LOOP
    EXECUTE o.definition;
    DELETE FROM owed_index WHERE definition = o.definition;
  END LOOP;
END
$$;

-- unproven --
-- Tables with foreign keys that are not validated, that of incidents last: its proof waits for its indexes.
SELECT c.conrelid::regclass::text AS name
FROM pg_constraint AS c
WHERE c.contype = 'f' AND NOT c.convalidated AND c.connamespace = 'wangge'::regnamespace
GROUP BY c.conrelid
ORDER BY c.conrelid = 'incident'::regclass, pg_relation_size(c.conrelid) DESC;

-- validate --
-- Validate the foreign keys of a table.
SELECT validate_keys(%(of_table)s);
