-- stamp --
-- Differs when units or default teams were written, and says between which instants nothing known takes over.
WITH change AS (
  SELECT lower(valid) AS at FROM unit_version
  WHERE upper_inf(recorded)
  UNION ALL
  SELECT upper(valid) FROM unit_version
  WHERE upper_inf(recorded)
  UNION ALL
  SELECT lower(valid) FROM default_team
  UNION ALL
  SELECT upper(valid) FROM default_team
)

SELECT
  (SELECT max(id) FROM unit_version) AS newest_version,
  (SELECT count(*) FROM default_team) AS default_teams,
  (SELECT sum(hashtext(concat_ws(' ', t.unit_id, t.category, t.team_id, t.valid))) FROM default_team AS t)
    AS default_teams_mark,
  max(at) FILTER (WHERE at <= instant()) AS last_change,
  min(at) FILTER (WHERE at > instant()) AS next_change
FROM change;
