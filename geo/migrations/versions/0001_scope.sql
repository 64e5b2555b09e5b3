-- The ground that row security stands on. Roles, extensions and the empty schema come from geo/sql/bootstrap.sql.

GRANT USAGE ON SCHEMA wangge TO wangge_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA wangge GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO wangge_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA wangge GRANT USAGE ON SEQUENCES TO wangge_app;

-- The instant a transaction takes for the present: what `begin` was given, else the database's clock.
CREATE FUNCTION wangge.instant() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('wangge.now', true), '')::timestamptz, now());

-- True in every transaction that `begin` opened, whatever its scope: for what is published.
-- A setting made for one transaction is the empty string after it, hence the comparison and no IS NULL.
CREATE FUNCTION wangge.entered() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('wangge.path_to', true), '') <> '';

-- For tables that are only ever appended to.
CREATE FUNCTION wangge.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
