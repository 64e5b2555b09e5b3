-- state --
-- What reports need: units in force, a default team at each root, and the spatial index under row security.
SELECT
  count(*) > 0 AS units,
  count(*) > 0 AND bool_and(EXISTS (
    SELECT FROM default_team AS d
    WHERE d.unit_id = r.unit_id AND d.category = '' AND d.valid @> instant()
  )) AS default_team,
  (SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry, geometry)'::regprocedure) AS leakproof
FROM unit_version AS r
WHERE r.layer = 'base' AND r.parent_id IS NULL AND r.valid @> instant() AND r.recorded @> instant();
