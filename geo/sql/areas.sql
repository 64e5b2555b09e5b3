-- of_units --
-- The areas of units, as GeoJSON with seven decimals (a centimetre).
SELECT unit_id, st_asgeojson(geom, 7)::jsonb AS geometry FROM unit_version
WHERE
  layer = %(layer)s AND unit_id = any(%(ids)s)
  AND valid @> %(at)s::timestamptz AND recorded @> %(known)s::timestamptz;

-- default_team --
-- The team that the lowest unit of a path names.
SELECT t.id, t.code, t.kind, t.name, t.phone, d.unit_id
FROM default_team AS d INNER JOIN team AS t ON d.team_id = t.id
WHERE d.category = '' AND d.unit_id = any(%(ids)s) AND d.valid @> %(at)s::timestamptz
ORDER BY array_position(%(ids)s, d.unit_id) DESC
LIMIT 1;
