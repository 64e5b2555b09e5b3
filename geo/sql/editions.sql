-- stamp --
-- Differs when units or default teams were written, and says when the next known change takes over.
SELECT
  (SELECT max(id) FROM unit_version) AS newest_version,
  (SELECT count(*) FROM default_team) AS default_teams,
  (SELECT max(hashtext(t.unit_id::text || t.team_id || t.valid)) FROM default_team AS t) AS default_teams_mark,
  (
    SELECT min(c.at)
    FROM (
      SELECT lower(valid) AS at FROM unit_version WHERE upper_inf(recorded)
      UNION ALL
      SELECT upper(valid) FROM unit_version WHERE upper_inf(recorded)
      UNION ALL
      SELECT lower(valid) FROM default_team
      UNION ALL
      SELECT upper(valid) FROM default_team
    ) AS c
    WHERE c.at > instant()
  ) AS next_change;
