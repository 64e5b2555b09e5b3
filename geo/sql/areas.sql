-- of_units --
-- The areas of units, as GeoJSON with seven decimals (a centimetre).
SELECT unit_id, st_asgeojson(geom, 7)::jsonb AS geometry FROM unit_version
WHERE
  layer = %(layer)s AND unit_id = any(%(ids)s)
  AND valid @> %(at)s::timestamptz AND recorded @> %(known)s::timestamptz;

-- default_team --
-- The team that the lowest unit of a path names; its telephone only where the session may see the team.
SELECT a.id, a.code, a.kind, a.name, t.phone, a.unit_id
FROM answering_team(%(ids)s, %(at)s) AS a LEFT JOIN team AS t ON a.id = t.id;
