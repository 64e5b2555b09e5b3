-- in_force --
-- The unit versions in force at an instant, as known at another, under a path and of a level if one is given.
SELECT
  unit_id, parent_id, level, code, path, name, name_en, name_mn, kind, derived, households, synthetic, attributes,
  st_asbinary(geom) AS geom
FROM unit_version
WHERE
  layer = %(layer)s
  AND valid @> %(at)s::timestamptz
  AND recorded @> %(known)s::timestamptz
  AND path >= %(path_from)s AND path < %(path_to)s
  AND (%(level)s::text IS NULL OR level = %(level)s)
  AND (NOT %(leaves)s OR NOT derived)
ORDER BY unit_id ASC;

-- issue_units --
-- New permanent ids, lowest first.
INSERT INTO unit (layer)
SELECT %(layer)s FROM generate_series(1, %(n)s)
RETURNING id;

-- issued --
-- The units that codes were ever issued to by an authority.
SELECT code, unit_id FROM issued_code
WHERE system = %(system)s AND code = any(%(codes)s);

-- issue_codes --
-- Issue codes; one issued before is refused by its key.
INSERT INTO issued_code (system, code, unit_id, issued_at)
SELECT %(system)s, code, unit_id, %(at)s FROM staged_unit WHERE unit_id = any(%(made)s);

-- stage_units --
-- Where a publication gathers its versions: COPY does not pass row security, the INSERT from here does.
CREATE TEMPORARY TABLE staged_unit (
  unit_id bigint, parent_id bigint, level text, code text, path text, name text, name_en text, name_mn text, kind text,
  derived boolean, households integer, synthetic boolean, attributes jsonb, geom geometry
) ON COMMIT DROP;

-- unstage_units --
-- So that one transaction may publish twice.
DROP TABLE staged_unit;

-- lock_layer --
-- One publication of a layer at a time, until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('publication ' || %(layer)s, 0));

-- newest --
-- The latest instant from which a version of a layer is known.
SELECT max(lower(recorded)) AS recorded FROM unit_version WHERE layer = %(layer)s;

-- later --
-- What changes after an instant already, of some units, among the children of some, or by a move of those above.
SELECT code, CASE WHEN lower(valid) > %(at)s::timestamptz THEN lower(valid) ELSE upper(valid) END AS at
FROM unit_version
WHERE
  layer = %(layer)s AND upper_inf(recorded)
  AND (lower(valid) > %(at)s::timestamptz OR upper(valid) > %(at)s::timestamptz)
  AND (
    unit_id = any(%(units)s::bigint[]) OR unit_id = any(%(parents)s::bigint[]) OR parent_id = any(%(parents)s::bigint[])
    OR (unit_id = any(%(above)s::bigint[]) AND NOT path = any(%(paths)s::text[]))
  )
ORDER BY at ASC, unit_id ASC
LIMIT 1;

-- recorded_now --
-- A staged or ended unit whose present version was recorded at this very instant, and so has no past to be closed into.
SELECT v.code
FROM unit_version AS v
WHERE
  (v.unit_id IN (SELECT s.unit_id FROM staged_unit AS s) OR v.unit_id = any(%(gone)s::bigint[]))
  AND upper_inf(v.recorded) AND lower(v.recorded) >= %(now)s::timestamptz
ORDER BY v.unit_id ASC
LIMIT 1;

-- close_changed --
-- Close what is known of the versions that the staged ones replace, and of those that end.
UPDATE unit_version AS v
SET recorded = tstzrange(lower(v.recorded), %(now)s::timestamptz)
WHERE
  (v.unit_id IN (SELECT s.unit_id FROM staged_unit AS s) OR v.unit_id = any(%(gone)s::bigint[]))
  AND upper_inf(v.recorded) AND upper_inf(v.valid);

-- keep_the_past --
-- What was true before the change stays true: the closed versions again, with their validity ended at the change.
INSERT INTO unit_version (
  unit_id, parent_id, layer, level, code, path, name, name_mn, name_en, kind, geom, derived, households, synthetic,
  attributes, valid, recorded
)
SELECT
  v.unit_id, v.parent_id, v.layer, v.level, v.code, v.path, v.name, v.name_mn, v.name_en, v.kind, v.geom, v.derived,
  v.households, v.synthetic, v.attributes, tstzrange(lower(v.valid), %(at)s::timestamptz),
  tstzrange(%(now)s::timestamptz, NULL)
FROM unit_version AS v
WHERE
  (v.unit_id IN (SELECT s.unit_id FROM staged_unit AS s) OR v.unit_id = any(%(gone)s::bigint[]))
  AND upper_inf(v.valid) AND upper(v.recorded) = %(now)s::timestamptz AND lower(v.valid) < %(at)s::timestamptz;

-- insert_staged --
-- The staged versions, valid from the change on.
INSERT INTO unit_version (
  unit_id, parent_id, layer, level, code, path, name, name_mn, name_en, kind, geom, derived, households, synthetic,
  attributes, valid, recorded
)
SELECT
  unit_id, parent_id, %(layer)s, level, code, path, name, name_mn, name_en, kind, geom, derived, households, synthetic,
  attributes, tstzrange(%(at)s::timestamptz, NULL), tstzrange(%(now)s::timestamptz, NULL)
FROM staged_unit;

-- owner_of_point --
-- The base micro-grid of a point; on a shared edge or corner, the one with the lowest permanent id.
-- The bounding-box test is written out because only it is marked leakproof (docs/decisions/0003).
SELECT unit_id, path, code, name
FROM unit_version
WHERE
  layer = 'base' AND NOT derived
  AND valid @> %(at)s::timestamptz AND recorded @> %(known)s::timestamptz
  AND geom && st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326)
  AND st_covers(geom, st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326))
ORDER BY unit_id ASC
LIMIT 1;

-- find --
-- A page of units by level, parent, code, a part of the name, and a box that theirs meets, without geometry.
SELECT
  v.unit_id, v.level, v.code, v.path, v.name, v.name_en, v.name_mn, v.kind, v.households, v.synthetic, v.derived,
  p.code AS parent_code,
  round(st_area(v.geom::geography)) AS area_m2,
  ARRAY[st_xmin(v.geom), st_ymin(v.geom), st_xmax(v.geom), st_ymax(v.geom)] AS bbox
FROM unit_version AS v
LEFT JOIN unit_version AS p
  ON v.parent_id = p.unit_id AND p.valid @> %(at)s::timestamptz AND p.recorded @> %(known)s::timestamptz
WHERE
  v.layer = %(layer)s
  AND v.valid @> %(at)s::timestamptz AND v.recorded @> %(known)s::timestamptz
  AND (%(codes)s::text[] IS NULL OR v.code = any(%(codes)s))
  AND (%(level)s::text IS NULL OR v.level = %(level)s)
  AND (%(parents)s::text[] IS NULL OR p.code = any(%(parents)s))
  AND (
    %(name)s::text IS NULL
    OR strpos(lower(v.name), lower(%(name)s)) > 0 OR strpos(lower(v.name_en), lower(%(name)s)) > 0
  )
  AND (
    %(west)s::float8 IS NULL
    OR v.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
  )
  AND (%(after)s::text IS NULL OR v.code > %(after)s)
ORDER BY v.code ASC
LIMIT %(limit)s;

-- ancestors --
-- A unit and all above it, from the root down, by its path.
SELECT unit_id, level, code, name, name_en, name_mn, synthetic
FROM unit_version
WHERE
  layer = %(layer)s AND valid @> %(at)s::timestamptz AND recorded @> %(known)s::timestamptz
  AND unit_id = any(%(ids)s)
ORDER BY path ASC;

-- history --
-- All that was ever held to be true of a code, in the order of the two clocks.
SELECT
  unit_id, level, code, path, name, households, lower(valid) AS valid_from, upper(valid) AS valid_to,
  lower(recorded) AS recorded_from, upper(recorded) AS recorded_to
FROM unit_version
WHERE layer = %(layer)s AND code = %(code)s
ORDER BY lower(recorded) ASC, lower(valid) ASC, id ASC;

-- geometry --
-- The area of a unit, as GeoJSON with seven decimals (a centimetre).
SELECT st_asgeojson(geom, 7)::jsonb AS geometry
FROM unit_version
WHERE
  layer = %(layer)s AND valid @> %(at)s::timestamptz AND recorded @> %(known)s::timestamptz AND code = any(%(codes)s)
ORDER BY code ASC
LIMIT 1;
