-- key --
-- What is in force at an instant as known at another: the greatest of both instants among all that made it.
SELECT max(valid) AS valid, max(recorded) AS recorded FROM edition
WHERE
  valid <= coalesce(%(valid)s::timestamptz, instant()) AND recorded <= coalesce(%(recorded)s::timestamptz, instant());

-- next_change --
-- The next instant from which something else will be in force.
SELECT min(valid) AS at FROM edition
WHERE valid > %(after)s::timestamptz AND recorded <= instant();

-- clock --
-- The clock of the database, which is that of all transactions.
SELECT clock_timestamp() AS at;

-- digest --
-- What is in force at an instant as known at another, as a digest of all that an edition carries.
SELECT encode(sha256(coalesce(string_agg(v.of, ''::bytea ORDER BY v.path), ''::bytea)), 'hex') AS digest
FROM (
  SELECT
    path,
    sha256(convert_to(jsonb_build_array(
      unit_id, parent_id, layer, level, code, path, name, name_en, name_mn, kind, derived, households, synthetic
    )::text, 'UTF8') || st_asbinary(geom)) AS of
  FROM unit_version
  WHERE valid @> %(valid)s::timestamptz AND recorded @> %(recorded)s::timestamptz
) AS v;

-- units --
-- All units of every layer in force at an instant as known at another, in the order of their paths.
SELECT
  unit_id, parent_id, layer, level, code, path, name, name_en, name_mn, kind, derived, households, synthetic,
  st_asbinary(geom) AS geometry
FROM unit_version
WHERE valid @> %(valid)s::timestamptz AND recorded @> %(recorded)s::timestamptz
ORDER BY path ASC;
