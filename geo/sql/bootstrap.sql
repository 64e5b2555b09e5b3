-- What only a superuser may do, once in each database of the service and as often as you like:
-- roles, their rights on this database, the empty schema, extensions, and the leakproof mark of the spatial operator.
-- Embedded databases get it at every start. On a managed server: psql -v ON_ERROR_STOP=1 -d wangge -f bootstrap.sql

-- Roles belong to the whole server, so another database may have made them already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'wangge_owner') THEN
        CREATE ROLE wangge_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'wangge_app') THEN
        CREATE ROLE wangge_app NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'wangge') THEN
        CREATE ROLE wangge LOGIN NOINHERIT;
    END IF;
END
$$;

-- Row security guards nothing against a role that may step around it: stop here rather than serve like that.
DO $$
DECLARE
    strong text;
BEGIN
    SELECT string_agg(rolname, ', ' ORDER BY rolname) INTO strong
    FROM pg_roles
    WHERE rolname IN ('wangge', 'wangge_app', 'wangge_owner')
        AND (rolsuper OR rolbypassrls OR rolcreaterole OR (rolname = 'wangge' AND rolinherit));
    IF strong IS NOT NULL THEN
        RAISE EXCEPTION 'too much power for row security: %', strong
            USING HINT = 'ALTER ROLE ... NOSUPERUSER NOBYPASSRLS NOCREATEROLE; and wangge is NOINHERIT';
    END IF;
END
$$;

GRANT wangge_owner TO wangge;
GRANT wangge_app TO wangge;

DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO wangge', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO wangge_app', current_database());
    EXECUTE format('GRANT CREATE ON DATABASE %I TO wangge_owner', current_database());
END
$$;

REVOKE CREATE ON SCHEMA public FROM public;

-- A managed server's administrator may give a schema only to a role that it is a member of.
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'wangge_owner', 'MEMBER') THEN
        EXECUTE format('GRANT wangge_owner TO %I', current_user);
    END IF;
END
$$;

-- Its tables come from the migrations, which the owner runs.
CREATE SCHEMA IF NOT EXISTS wangge AUTHORIZATION wangge_owner;

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Without the mark, row security switches the spatial index off (a viewport of 0.4 ms takes 94 ms).
-- A dump does not carry it. Where the administrator is no superuser it stays off, and queries are slower, not wrong.
DO $$
BEGIN
    ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE WARNING 'geometry_overlaps is not leakproof: row security will not use spatial indexes';
END
$$;
