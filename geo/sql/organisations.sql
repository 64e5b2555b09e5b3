-- teams --
-- Teams of a subtree by kind and name, ascending by code, after a code.
SELECT
  t.id, t.code, t.path, t.kind, t.name, s.code AS station_code, t.skills, t.shift, t.members, t.capacity_per_day,
  t.phone, t.active, t.synthetic, t.version
FROM team AS t
LEFT JOIN station AS s ON t.station_id = s.id
WHERE
  t.path >= %(path_from)s AND t.path < %(path_to)s
  AND (%(code)s::text IS NULL OR t.code = %(code)s)
  AND (%(kind)s::text IS NULL OR t.kind = %(kind)s)
  AND (%(name)s::text IS NULL OR strpos(lower(t.name), lower(%(name)s)) > 0)
  AND (%(after)s::text IS NULL OR t.code > %(after)s)
ORDER BY t.code ASC
LIMIT %(limit)s;

-- stations --
-- Stations of a subtree by kind and name, ascending by code, after a code.
SELECT
  id, code, path, kind, name, address, phone, st_x(geom) AS lon, st_y(geom) AS lat, synthetic, version
FROM station
WHERE
  path >= %(path_from)s AND path < %(path_to)s
  AND (%(code)s::text IS NULL OR code = %(code)s)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(name)s::text IS NULL OR strpos(lower(name), lower(%(name)s)) > 0)
  AND (%(after)s::text IS NULL OR code > %(after)s)
ORDER BY code ASC
LIMIT %(limit)s;

-- routes --
-- Routes of a subtree by shift and name, ascending by code, after a code.
SELECT
  r.id, r.code, r.path, r.name, t.code AS team_code, t.name AS team_name, r.shift, r.length_m, r.synthetic, r.version
FROM route AS r
LEFT JOIN team AS t ON r.team_id = t.id
WHERE
  r.path >= %(path_from)s AND r.path < %(path_to)s
  AND (%(code)s::text IS NULL OR r.code = %(code)s)
  AND (%(kind)s::text IS NULL OR r.shift = %(kind)s)
  AND (%(name)s::text IS NULL OR strpos(lower(r.name), lower(%(name)s)) > 0)
  AND (%(after)s::text IS NULL OR r.code > %(after)s)
ORDER BY r.code ASC
LIMIT %(limit)s;

-- route_line --
-- The line of a route and its check-points in their order.
SELECT
  st_asgeojson(r.geom, 7)::jsonb AS geometry,
  (
    SELECT
      coalesce(
        jsonb_agg(
          jsonb_build_object('number', c.number, 'name', c.name, 'lon', st_x(c.geom), 'lat', st_y(c.geom))
          ORDER BY c.number ASC
        ), '[]'
      )
    FROM check_point AS c
    WHERE c.route_id = r.id
  ) AS check_points
FROM route AS r
WHERE r.code = %(code)s;

-- categories --
-- The categories in use.
SELECT code, parent, name_zh, name_en, name_mn, priority, deadline_hours FROM category
WHERE active
ORDER BY code ASC;

-- channels --
-- The ways that incidents come in.
SELECT code, name_zh, name_en FROM channel
ORDER BY code ASC;
