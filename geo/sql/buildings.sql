-- Buildings as places: what a report or a file says of one, and a point in it.

-- named --
-- A building by its code, with the point that decides whose it is.
SELECT b.id, b.code, st_x(p.geom) AS lon, st_y(p.geom) AS lat
FROM building AS b CROSS JOIN st_pointonsurface(b.geom) AS p (geom)
WHERE b.code = %(code)s;

-- of_address --
-- Buildings of an address in the community of a unit: two at the most, for then it names none. The community is the
-- unit of that level above, else the one right above.
WITH community AS (
  SELECT path FROM unit_version
  WHERE
    unit_id = any(%(above)s::bigint[]) AND layer = 'base' AND valid @> instant() AND recorded @> instant()
  ORDER BY level = 'community' DESC, path DESC
  LIMIT 1
)

SELECT b.id, b.code, st_x(p.geom) AS lon, st_y(p.geom) AS lat
FROM building AS b CROSS JOIN st_pointonsurface(b.geom) AS p (geom)
WHERE b.address = %(address)s AND starts_with(b.path, (SELECT path FROM community))
ORDER BY b.id ASC
LIMIT 2;

-- all --
-- Every building, for a load.
SELECT b.id, b.code, b.address, b.path, st_x(p.geom) AS lon, st_y(p.geom) AS lat
FROM building AS b CROSS JOIN st_pointonsurface(b.geom) AS p (geom);

-- communities --
-- The community of each micro-grid: the unit of that level above, else the one right above.
SELECT DISTINCT ON (u.path) u.path, c.path AS community
FROM unit_version AS u
CROSS JOIN LATERAL unnest(string_to_array(rtrim(u.path, '.'), '.')::bigint[]) AS a (id)
INNER JOIN unit_version AS c
  ON a.id = c.unit_id AND u.unit_id <> c.unit_id AND c.valid @> instant() AND c.recorded @> instant()
WHERE u.layer = 'base' AND NOT u.derived AND u.valid @> instant() AND u.recorded @> instant()
ORDER BY u.path ASC, c.level = 'community' DESC, c.path DESC;
