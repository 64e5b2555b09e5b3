-- team_of_unit --
-- The default team of a unit: of the nearest unit upwards that names one.
SELECT t.code, t.name, t.kind, t.phone, t.synthetic, above.unit_id
FROM unit_version AS u
CROSS JOIN LATERAL unnest(string_to_array(rtrim(u.path, '.'), '.')::bigint[]) WITH ORDINALITY AS above (unit_id, depth)
INNER JOIN default_team AS d ON above.unit_id = d.unit_id
INNER JOIN team AS t ON d.team_id = t.id
WHERE
  u.code = %(code)s
  AND u.layer = 'base'
  AND u.valid @> instant()
  AND upper_inf(u.recorded)
  AND d.category = ''
  AND d.valid @> instant()
ORDER BY above.depth DESC
LIMIT 1;
