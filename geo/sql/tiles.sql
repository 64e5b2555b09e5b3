-- stamp --
-- Differs when the published ground was written, or another edition came into force: both only ever grow. The counters
-- of statistics are flushed within about a second.
SELECT
  coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
  + coalesce((SELECT extract(EPOCH FROM max(e.valid))::bigint FROM edition AS e WHERE e.valid <= instant()), 0) AS mark
FROM pg_stat_user_tables
WHERE schemaname = 'wangge' AND relname IN ('block', 'building', 'street', 'water', 'station', 'unit_version');

-- base --
-- Water, blocks, buildings, streets and the names of places in one tile, each from the zoom where it can be made out:
-- an area of water once it is two pixels wide, its name once it is eighty. A tile is drawn 512 pixels wide.
-- The box in degrees is a constant of the plan, and only its test is marked leakproof (docs/decisions/0003).
SELECT
  (
    SELECT coalesce(st_asmvt(t, 'water', 4096, 'geom', 'id'), '') FROM (
      SELECT
        id, kind, name, name_en,
        st_asmvtgeom(
          st_simplifypreservetopology(st_transform(geom, 3857), 40075016.7 / 4096 / 2 ^ %(z)s::integer),
          st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 64
        ) AS geom
      FROM water
      WHERE
        (
          %(z)s >= 12 OR (%(z)s >= 10 AND kind = 'canal') OR kind IN ('river', 'lake', 'reservoir', 'water')
        )
        AND (
          st_dimension(geom) = 1
          OR greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom)) > 2 * 360.0 / 512 / 2 ^ %(z)s
        )
        AND geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
      ORDER BY id ASC
    ) AS t
    WHERE geom IS NOT NULL
  ) || (
    SELECT coalesce(st_asmvt(t, 'block', 4096, 'geom', 'id'), '') FROM (
      SELECT
        id, code, households,
        st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 64) AS geom
      FROM block
      WHERE
        %(z)s >= 12
        AND geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
      ORDER BY id ASC
    ) AS t
    WHERE geom IS NOT NULL
  ) || (
    SELECT coalesce(st_asmvt(t, 'building', 4096, 'geom', 'id'), '') FROM (
      SELECT
        id, code, name, use, floors,
        st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 64) AS geom
      FROM building
      WHERE
        %(z)s >= 14
        AND geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
      ORDER BY id ASC
    ) AS t
    WHERE geom IS NOT NULL
  ) || (
    SELECT coalesce(st_asmvt(t, 'street', 4096, 'geom', 'id'), '') FROM (
      SELECT
        id, name, class,
        st_asmvtgeom(
          st_simplify(st_transform(geom, 3857), 40075016.7 / 4096 / 2 ^ %(z)s, true),
          st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 64
        ) AS geom
      FROM street
      WHERE
        (
          %(z)s >= 13 OR (%(z)s >= 11 AND class IN ('motorway', 'trunk', 'primary', 'secondary', 'tertiary'))
          OR (%(z)s >= 8 AND class IN ('motorway', 'trunk', 'primary'))
        )
        AND geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
      ORDER BY id ASC
    ) AS t
    WHERE geom IS NOT NULL
  ) || (
    SELECT coalesce(st_asmvt(t, 'place_label', 4096, 'geom', 'id'), '') FROM (
      SELECT
        p.id, p.kind, p.name, p.name_en,
        st_asmvtgeom(st_transform(p.place, 3857), st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 1) AS geom
      FROM (
        SELECT unit_id AS id, level AS kind, name, name_en, st_pointonsurface(geom) AS place FROM unit_version
        WHERE
          layer = 'base' AND valid @> instant() AND recorded @> instant()
          AND (
            (%(z)s >= 6 AND level = 'banner') OR (%(z)s >= 9 AND level = 'township')
            OR (%(z)s >= 12 AND level = 'community')
          )
          AND geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
        UNION ALL
        SELECT id, 'building' AS kind, name, NULL AS name_en, st_pointonsurface(geom) AS place FROM building
        WHERE
          %(z)s >= 15 AND name IS NOT NULL
          AND geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
        UNION ALL
        SELECT id, 'water' AS kind, name, name_en, st_pointonsurface(geom) AS place FROM water
        WHERE
          name IS NOT NULL AND st_dimension(geom) = 2
          AND greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom)) > 80 * 360.0 / 512 / 2 ^ %(z)s
          AND geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
      ) AS p
      ORDER BY p.kind ASC, p.id ASC
    ) AS t
    WHERE geom IS NOT NULL AND st_x(geom) BETWEEN 0 AND 4095 AND st_y(geom) BETWEEN 0 AND 4095
  ) AS tile;

-- overlays --
-- The units in force of layers other than the base in one tile, and a place for the name of each.
SELECT
  (
    SELECT coalesce(st_asmvt(t, 'overlay', 4096, 'geom', 'unit_id'), '') FROM (
      SELECT
        unit_id, layer, kind, code, name, name_en,
        st_asmvtgeom(
          st_simplifypreservetopology(st_transform(geom, 3857), 40075016.7 / 4096 / 2 ^ %(z)s::integer),
          st_tileenvelope(%(z)s::integer, %(x)s, %(y)s), 4096, 64
        ) AS geom
      FROM unit_version
      WHERE
        layer <> 'base' AND valid @> instant() AND recorded @> instant()
        AND geom && st_transform(st_tileenvelope(%(z)s::integer, %(x)s, %(y)s, margin => 0.015625), 4326)
      ORDER BY unit_id ASC
    ) AS t
    WHERE geom IS NOT NULL
  ) || (
    SELECT coalesce(st_asmvt(t, 'overlay_label', 4096, 'geom', 'unit_id'), '') FROM (
      SELECT
        unit_id, name, name_en,
        st_asmvtgeom(
          st_transform(st_pointonsurface(geom), 3857), st_tileenvelope(%(z)s::integer, %(x)s, %(y)s), 4096, 1
        ) AS geom
      FROM unit_version
      WHERE
        %(z)s::integer >= 13 AND layer <> 'base' AND valid @> instant() AND recorded @> instant()
        AND geom && st_transform(st_tileenvelope(%(z)s::integer, %(x)s, %(y)s, margin => 0.015625), 4326)
      ORDER BY unit_id ASC
    ) AS t
    WHERE geom IS NOT NULL AND st_x(geom) BETWEEN 0 AND 4095 AND st_y(geom) BETWEEN 0 AND 4095
  ) AS tile;

-- stations --
-- The stations in one tile, each in one tile alone; a telephone is for the list, not for the map.
SELECT coalesce(st_asmvt(t, 'station', 4096, 'geom'), '') AS tile FROM (
  SELECT
    id::text AS id, code, kind, name,
    st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 1) AS geom
  FROM station
  WHERE geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.001), 4326)
  ORDER BY code ASC
) AS t
WHERE geom IS NOT NULL AND st_x(geom) BETWEEN 0 AND 4095 AND st_y(geom) BETWEEN 0 AND 4095;

-- routes --
-- The patrol routes in one tile that the session sees.
SELECT coalesce(st_asmvt(t, 'route', 4096, 'geom'), '') AS tile FROM (
  SELECT
    id::text AS id, code, name, shift, length_m,
    st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 64) AS geom
  FROM route
  WHERE geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
  ORDER BY code ASC
) AS t
WHERE geom IS NOT NULL;

-- incidents --
-- The newest incidents in one tile that the session sees, each in one tile alone, and how many more there are.
WITH shown AS (
  SELECT
    id::text AS id, category, state, priority,
    st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 1) AS geom,
    row_number() OVER (ORDER BY received_at DESC, id DESC) AS number
  FROM incident
  WHERE geom && st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 0.001), 4326)
),

here AS (
  SELECT * FROM shown
  WHERE geom IS NOT NULL AND st_x(geom) BETWEEN 0 AND 4095 AND st_y(geom) BETWEEN 0 AND 4095
)

SELECT
  (
    SELECT coalesce(st_asmvt(t, 'incident', 4096, 'geom'), '') FROM (
      SELECT id, category, state, priority, geom FROM here
      WHERE number <= %(most)s
      ORDER BY number ASC
    ) AS t
  ) || (
    SELECT coalesce(st_asmvt(t, 'incident_more', 4096, 'geom'), '') FROM (
      SELECT count(*) AS count, st_makepoint(2048, 2048) AS geom FROM here
      WHERE number > %(most)s
      HAVING count(*) > 0
    ) AS t
  ) AS tile;
