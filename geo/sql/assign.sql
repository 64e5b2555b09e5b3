-- default_teams --
-- Which team answers for which unit when no finer rule speaks.
SELECT unit_id, team_id FROM default_team
WHERE category = '' AND valid @> %(at)s::timestamptz
ORDER BY unit_id ASC;

-- root --
-- The unit that keeps what lies outside of every micro-grid: the oldest root.
SELECT unit_id, path FROM unit_version
WHERE layer = 'base' AND parent_id IS NULL AND valid @> %(at)s::timestamptz AND recorded @> %(known)s::timestamptz
ORDER BY unit_id ASC
LIMIT 1;

-- new_run --
-- A run of the assigner, with the key of the edition that it answers by.
INSERT INTO assignment_run (at, account, edition_valid, edition_recorded)
VALUES (instant(), current_setting('wangge.account'), %(valid)s, %(recorded)s)
RETURNING id;
