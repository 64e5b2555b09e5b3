-- noqa: disable=LT02
-- The linter does not know the WHERE of ON CONFLICT and would have it without an indent.

-- Bulk writing of the registers: stage, copy, put under row security, unstage. A put touches only what differs.

-- stage_block --
-- Blocks on their way in.
CREATE TEMPORARY TABLE staged_block AS
SELECT code, path, households, synthetic, geom::geometry AS geom
FROM block WITH NO DATA;

-- copy_block --
-- Fill the staging table.
COPY staged_block FROM STDIN (FORMAT csv);

-- unstage_block --
-- The staging table is done with.
DROP TABLE pg_temp.staged_block;

-- put_block --
-- Blocks made or changed; the others are left alone.
INSERT INTO block AS t (code, path, households, synthetic, geom)
SELECT s.code, s.path, coalesce(s.households, 0), coalesce(s.synthetic, false), st_multi(s.geom)
FROM staged_block AS s
ON CONFLICT (code) DO UPDATE SET
  path = excluded.path,
  households = excluded.households,
  synthetic = excluded.synthetic,
  geom = excluded.geom
WHERE
(t.path, t.households, t.synthetic, t.geom)
IS DISTINCT FROM (excluded.path, excluded.households, excluded.synthetic, excluded.geom);

-- stage_building --
-- Buildings on their way in.
CREATE TEMPORARY TABLE staged_building AS
SELECT
  code, path, name, address, use, floors, households, source, synthetic, attributes, geom::geometry AS geom
FROM building WITH NO DATA;

-- copy_building --
-- Fill the staging table.
COPY staged_building FROM STDIN (FORMAT csv);

-- unstage_building --
-- The staging table is done with.
DROP TABLE pg_temp.staged_building;

-- put_building --
-- Buildings made or changed; the others are left alone.
INSERT INTO building AS t (code, path, name, address, use, floors, households, source, synthetic, attributes, geom)
SELECT
  s.code, s.path, s.name, s.address, s.use, s.floors, s.households, s.source, coalesce(s.synthetic, false),
  coalesce(s.attributes, '{}'), st_multi(s.geom)
FROM staged_building AS s
ON CONFLICT (code) DO UPDATE SET
  path = excluded.path,
  name = excluded.name,
  address = excluded.address,
  use = excluded.use,
  floors = excluded.floors,
  households = excluded.households,
  source = excluded.source,
  synthetic = excluded.synthetic,
  attributes = excluded.attributes,
  geom = excluded.geom
WHERE
(t.path, t.name, t.address, t.use, t.floors, t.households, t.source, t.synthetic, t.attributes, t.geom)
IS DISTINCT FROM (
  excluded.path, excluded.name, excluded.address, excluded.use, excluded.floors, excluded.households,
  excluded.source, excluded.synthetic, excluded.attributes, excluded.geom
);

-- stage_street --
-- Streets on their way in.
CREATE TEMPORARY TABLE staged_street AS
SELECT code, name, class, oneway, from_node, to_node, length_m, source, synthetic, geom::geometry AS geom
FROM street WITH NO DATA;

-- copy_street --
-- Fill the staging table.
COPY staged_street FROM STDIN (FORMAT csv);

-- unstage_street --
-- The staging table is done with.
DROP TABLE pg_temp.staged_street;

-- put_street --
-- Streets made or changed; the others are left alone.
INSERT INTO street AS t (code, name, class, oneway, from_node, to_node, length_m, source, synthetic, geom)
SELECT
  s.code, s.name, s.class, coalesce(s.oneway, false), s.from_node, s.to_node, s.length_m, s.source,
  coalesce(s.synthetic, false), s.geom
FROM staged_street AS s
ON CONFLICT (code) DO UPDATE SET
  name = excluded.name,
  class = excluded.class,
  oneway = excluded.oneway,
  from_node = excluded.from_node,
  to_node = excluded.to_node,
  length_m = excluded.length_m,
  source = excluded.source,
  synthetic = excluded.synthetic,
  geom = excluded.geom
WHERE
(t.name, t.class, t.oneway, t.from_node, t.to_node, t.length_m, t.source, t.synthetic, t.geom)
IS DISTINCT FROM (
  excluded.name, excluded.class, excluded.oneway, excluded.from_node, excluded.to_node, excluded.length_m,
  excluded.source, excluded.synthetic, excluded.geom
);

-- stage_water --
-- Rivers and lakes on their way in.
CREATE TEMPORARY TABLE staged_water AS
SELECT code, name, name_en, kind, source, synthetic, geom::geometry AS geom
FROM water WITH NO DATA;

-- copy_water --
-- Fill the staging table.
COPY staged_water FROM STDIN (FORMAT csv);

-- unstage_water --
-- The staging table is done with.
DROP TABLE pg_temp.staged_water;

-- put_water --
-- Rivers and lakes made or changed; the others are left alone.
INSERT INTO water AS t (code, name, name_en, kind, source, synthetic, geom)
SELECT s.code, s.name, s.name_en, s.kind, s.source, coalesce(s.synthetic, false), st_multi(s.geom)
FROM staged_water AS s
ON CONFLICT (code) DO UPDATE SET
  name = excluded.name,
  name_en = excluded.name_en,
  kind = excluded.kind,
  source = excluded.source,
  synthetic = excluded.synthetic,
  geom = excluded.geom
WHERE
(t.name, t.name_en, t.kind, t.source, t.synthetic, t.geom)
IS DISTINCT FROM (
  excluded.name, excluded.name_en, excluded.kind, excluded.source, excluded.synthetic, excluded.geom
);

-- stage_station --
-- Stations on their way in.
CREATE TEMPORARY TABLE staged_station AS
SELECT id, code, path, kind, name, address, phone, source, synthetic, geom::geometry AS geom
FROM station WITH NO DATA;

-- copy_station --
-- Fill the staging table.
COPY staged_station FROM STDIN (FORMAT csv);

-- unstage_station --
-- The staging table is done with.
DROP TABLE pg_temp.staged_station;

-- put_station --
-- Stations made or changed; the others are left alone.
INSERT INTO station AS t (id, code, path, kind, name, address, phone, source, synthetic, geom)
SELECT s.id, s.code, s.path, s.kind, s.name, s.address, s.phone, s.source, coalesce(s.synthetic, false), s.geom
FROM staged_station AS s
ON CONFLICT (code) DO UPDATE SET
  path = excluded.path,
  kind = excluded.kind,
  name = excluded.name,
  address = excluded.address,
  phone = excluded.phone,
  source = excluded.source,
  synthetic = excluded.synthetic,
  geom = excluded.geom,
  version = t.version + 1
WHERE
(t.path, t.kind, t.name, t.address, t.phone, t.source, t.synthetic, t.geom)
IS DISTINCT FROM (
  excluded.path, excluded.kind, excluded.name, excluded.address, excluded.phone, excluded.source,
  excluded.synthetic, excluded.geom
);

-- stage_department --
-- Departments on their way in.
CREATE TEMPORARY TABLE staged_department AS
SELECT id, code, path, level, name, phone, synthetic
FROM department WITH NO DATA;

-- copy_department --
-- Fill the staging table.
COPY staged_department FROM STDIN (FORMAT csv);

-- unstage_department --
-- The staging table is done with.
DROP TABLE pg_temp.staged_department;

-- put_department --
-- Departments made or changed; the others are left alone.
INSERT INTO department AS t (id, code, path, level, name, phone, synthetic)
SELECT s.id, s.code, s.path, s.level, s.name, s.phone, coalesce(s.synthetic, false)
FROM staged_department AS s
ON CONFLICT (code) DO UPDATE SET
  path = excluded.path,
  level = excluded.level,
  name = excluded.name,
  phone = excluded.phone,
  synthetic = excluded.synthetic
WHERE
(t.path, t.level, t.name, t.phone, t.synthetic)
IS DISTINCT FROM (excluded.path, excluded.level, excluded.name, excluded.phone, excluded.synthetic);

-- stage_entrance --
-- Entrances on their way in.
CREATE TEMPORARY TABLE staged_entrance (building_code text, number integer, households integer, geom geometry);

-- copy_entrance --
-- Fill the staging table.
COPY staged_entrance FROM STDIN (FORMAT csv);

-- unstage_entrance --
-- The staging table is done with.
DROP TABLE pg_temp.staged_entrance;

-- put_entrance --
-- Entrances made or changed. An unknown building leaves building_id null, which the table refuses.
INSERT INTO entrance AS t (building_id, number, households, geom)
SELECT b.id, s.number, s.households, s.geom
FROM staged_entrance AS s LEFT JOIN building AS b ON s.building_code = b.code
ON CONFLICT ON CONSTRAINT entrance_one_number DO UPDATE SET
  households = excluded.households,
  geom = excluded.geom
WHERE (t.households, t.geom) IS DISTINCT FROM (excluded.households, excluded.geom);

-- stage_team --
-- Teams on their way in.
CREATE TEMPORARY TABLE staged_team AS
SELECT
  id, code, path, kind, name, station_id, code AS station_code, skills, shift, members, capacity_per_day, phone,
  active, source, synthetic
FROM team WITH NO DATA;

-- copy_team --
-- Fill the staging table.
COPY staged_team FROM STDIN (FORMAT csv);

-- unstage_team --
-- The staging table is done with.
DROP TABLE pg_temp.staged_team;

-- put_team --
-- Teams made or changed; a station is named by id or by code.
INSERT INTO team AS t (
  id, code, path, kind, name, station_id, skills, shift, members, capacity_per_day, phone, active, source, synthetic
)
SELECT
  s.id, s.code, s.path, s.kind, s.name, coalesce(s.station_id, h.id), coalesce(s.skills, '{}'),
  coalesce(s.shift, 'day'), coalesce(s.members, 0), coalesce(s.capacity_per_day, 10), s.phone,
  coalesce(s.active, true), s.source, coalesce(s.synthetic, false)
FROM staged_team AS s LEFT JOIN station AS h ON s.station_code = h.code
ON CONFLICT (code) DO UPDATE SET
  path = excluded.path,
  kind = excluded.kind,
  name = excluded.name,
  station_id = excluded.station_id,
  skills = excluded.skills,
  shift = excluded.shift,
  members = excluded.members,
  capacity_per_day = excluded.capacity_per_day,
  phone = excluded.phone,
  active = excluded.active,
  source = excluded.source,
  synthetic = excluded.synthetic,
  version = t.version + 1
WHERE
(
  t.path, t.kind, t.name, t.station_id, t.skills, t.shift, t.members, t.capacity_per_day, t.phone, t.active,
  t.source, t.synthetic
) IS DISTINCT FROM (
  excluded.path, excluded.kind, excluded.name, excluded.station_id, excluded.skills, excluded.shift,
  excluded.members, excluded.capacity_per_day, excluded.phone, excluded.active, excluded.source, excluded.synthetic
);

-- stage_default_team --
-- Default teams on their way in.
CREATE TEMPORARY TABLE staged_default_team (
  unit_id bigint, path text COLLATE "C", category text, team_id uuid, team_code text, valid_from timestamptz
);

-- copy_default_team --
-- Fill the staging table.
COPY staged_default_team FROM STDIN (FORMAT csv);

-- unstage_default_team --
-- The staging table is done with.
DROP TABLE pg_temp.staged_default_team;

-- close_default_team --
-- The default teams that others now replace end where those begin.
UPDATE default_team AS t SET
  valid = tstzrange(lower(t.valid), greatest(lower(t.valid), coalesce(s.valid_from, instant())))
FROM staged_default_team AS s LEFT JOIN team AS g ON s.team_code = g.code
WHERE
  t.unit_id = s.unit_id AND t.category = s.category AND upper_inf(t.valid)
  AND t.team_id IS DISTINCT FROM coalesce(s.team_id, g.id);

-- put_default_team --
-- The default teams that do not stand yet; where no path is given it is that of the unit as it is recorded now.
INSERT INTO default_team (unit_id, path, category, team_id, valid)
SELECT
  s.unit_id, coalesce(s.path, u.path), s.category, coalesce(s.team_id, g.id),
  tstzrange(coalesce(s.valid_from, instant()), NULL)
FROM staged_default_team AS s
LEFT JOIN team AS g ON s.team_code = g.code
LEFT JOIN LATERAL (
  SELECT v.path FROM unit_version AS v
  WHERE v.unit_id = s.unit_id AND upper_inf(v.recorded)
  ORDER BY lower(v.valid) DESC
  LIMIT 1
) AS u ON true
WHERE
  NOT EXISTS (
    SELECT FROM default_team AS t WHERE t.unit_id = s.unit_id AND t.category = s.category AND upper_inf(t.valid)
  );

-- stage_post --
-- Posts on their way in.
CREATE TEMPORARY TABLE staged_post (
  unit_id bigint, path text COLLATE "C", kind text, office_phone text, filled boolean, valid_from timestamptz,
  synthetic boolean, number integer
);

-- copy_post --
-- Fill the staging table.
COPY staged_post FROM STDIN (FORMAT csv);

-- unstage_post --
-- The staging table is done with.
DROP TABLE pg_temp.staged_post;

-- close_post --
-- Posts of the units and kinds named end, where their number is no longer given as it stands.
WITH open_post AS (
  SELECT
    p.id, p.unit_id, p.kind, p.office_phone, p.filled, p.valid,
    row_number() OVER (PARTITION BY p.unit_id, p.kind ORDER BY p.id) AS number
  FROM post AS p
  WHERE upper_inf(p.valid) AND (p.unit_id, p.kind) IN (SELECT s.unit_id, s.kind FROM staged_post AS s)
)

UPDATE post AS t SET
  valid = tstzrange(lower(t.valid), greatest(lower(t.valid), coalesce(s.valid_from, instant())))
FROM open_post AS o LEFT JOIN staged_post AS s ON o.unit_id = s.unit_id AND o.kind = s.kind AND o.number = s.number
WHERE t.id = o.id AND (o.office_phone, o.filled) IS DISTINCT FROM (s.office_phone, s.filled);

-- put_post --
-- Of each unit and kind, as many equal posts as are given and not open yet.
WITH open_post AS (
  SELECT p.unit_id, p.kind, p.office_phone, p.filled, count(*) AS standing
  FROM post AS p
  WHERE upper_inf(p.valid)
  GROUP BY p.unit_id, p.kind, p.office_phone, p.filled
),

given AS (
  SELECT
    s.*, row_number() OVER (PARTITION BY s.unit_id, s.kind, s.office_phone, s.filled ORDER BY s.number) AS equal_number
  FROM staged_post AS s
)

INSERT INTO post (unit_id, path, kind, office_phone, filled, valid, synthetic)
SELECT
  g.unit_id, coalesce(g.path, u.path), g.kind, g.office_phone, g.filled,
  tstzrange(coalesce(g.valid_from, instant()), NULL), coalesce(g.synthetic, false)
FROM given AS g
LEFT JOIN open_post AS o
  ON
    g.unit_id = o.unit_id AND g.kind = o.kind AND g.filled = o.filled
    AND g.office_phone IS NOT DISTINCT FROM o.office_phone
LEFT JOIN LATERAL (
  SELECT v.path FROM unit_version AS v
  WHERE v.unit_id = g.unit_id AND upper_inf(v.recorded)
  ORDER BY lower(v.valid) DESC
  LIMIT 1
) AS u ON true
WHERE g.equal_number > coalesce(o.standing, 0)
ORDER BY g.unit_id, g.kind, g.number;

-- stage_route --
-- Routes on their way in.
CREATE TEMPORARY TABLE staged_route AS
SELECT
  id, code, path, team_id, code AS team_code, name, shift, length_m, source, synthetic, geom::geometry AS geom
FROM route WITH NO DATA;

-- copy_route --
-- Fill the staging table.
COPY staged_route FROM STDIN (FORMAT csv);

-- unstage_route --
-- The staging table is done with.
DROP TABLE pg_temp.staged_route;

-- put_route --
-- Routes made or changed; a team is named by id or by code.
INSERT INTO route AS t (id, code, path, team_id, name, shift, length_m, source, synthetic, geom)
SELECT
  s.id, s.code, s.path, coalesce(s.team_id, g.id), s.name, coalesce(s.shift, 'day'), s.length_m, s.source,
  coalesce(s.synthetic, false), s.geom
FROM staged_route AS s LEFT JOIN team AS g ON s.team_code = g.code
ON CONFLICT (code) DO UPDATE SET
  path = excluded.path,
  team_id = excluded.team_id,
  name = excluded.name,
  shift = excluded.shift,
  length_m = excluded.length_m,
  source = excluded.source,
  synthetic = excluded.synthetic,
  geom = excluded.geom,
  version = t.version + 1
WHERE
(t.path, t.team_id, t.name, t.shift, t.length_m, t.source, t.synthetic, t.geom) IS DISTINCT FROM (
  excluded.path, excluded.team_id, excluded.name, excluded.shift, excluded.length_m, excluded.source,
  excluded.synthetic, excluded.geom
);

-- stage_check_point --
-- Check-points on their way in.
CREATE TEMPORARY TABLE staged_check_point (route_code text, number integer, name text, geom geometry);

-- copy_check_point --
-- Fill the staging table.
COPY staged_check_point FROM STDIN (FORMAT csv);

-- unstage_check_point --
-- The staging table is done with.
DROP TABLE pg_temp.staged_check_point;

-- put_check_point --
-- Check-points made or changed. An unknown route leaves route_id null, which the table refuses.
INSERT INTO check_point AS t (route_id, number, name, geom)
SELECT r.id, s.number, s.name, s.geom
FROM staged_check_point AS s LEFT JOIN route AS r ON s.route_code = r.code
ON CONFLICT (route_id, number) DO UPDATE SET
  name = excluded.name,
  geom = excluded.geom
WHERE (t.name, t.geom) IS DISTINCT FROM (excluded.name, excluded.geom);
