-- What keeps people safe: the log of who did what, the sealed contact and text, photographs, and the end of retention.

-- Whether this transaction acts as one who handles matters, and may see their photographs (photo.read).
CREATE FUNCTION wangge.handles() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('wangge.role', true), '')
IN ('patrol', 'grid_worker', 'dispatcher', 'department_handler');

-- Whether it may open contacts and unmasked text (reporter.reveal). A test holds both lists against geo/roles.py.
CREATE FUNCTION wangge.reveals() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('wangge.role', true), '') IN ('dispatcher', 'department_handler');

-- Whether this transaction keeps the service itself: jobs and commands that hold everything.
CREATE FUNCTION wangge.keeps_house() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('wangge.role', true), '') = 'system'
AND current_setting('wangge.path_from', true) = '' AND wangge.entered();

-- Who did what to which subject, when and why; never contents.
CREATE TABLE audit_entry (
  id bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  account text NOT NULL,
  role text NOT NULL,
  path text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  reason text NOT NULL DEFAULT '',
  -- The transaction that wrote it: what it may open, it may open only there.
  written_in text NOT NULL,
  CONSTRAINT audit_entry_kind_is_noun_and_verb CHECK (kind ~ '^[a-z_]+\.[a-z_]+$')
);
CREATE INDEX idx_audit_entry_written_in ON audit_entry (written_in);
CREATE SEQUENCE audit_entry_id;

-- Who, when and from which scope come from the transaction, not from the statement. The lock, held to the end, makes
-- ids visible in their order: a row that appears below the end of the chain was put there by other means.
CREATE FUNCTION wangge.stamp_audit_entry() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('wangge.audit'));
  NEW.id := nextval('wangge.audit_entry_id');
  NEW.at := wangge.instant();
  NEW.account := current_setting('wangge.account');
  NEW.role := coalesce(current_setting('wangge.role', true), '');
  NEW.path := current_setting('wangge.path_from');
  NEW.written_in := pg_current_xact_id()::text;
  RETURN NEW;
END
$$;
CREATE TRIGGER audit_entry_is_stamped BEFORE INSERT ON audit_entry
FOR EACH ROW EXECUTE FUNCTION stamp_audit_entry();
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The chain over the entries: each seal is a keyed digest of the seal before it and of its entry.
CREATE TABLE audit_link (
  number bigint PRIMARY KEY,
  entry_id bigint NOT NULL UNIQUE REFERENCES audit_entry,
  seal bytea NOT NULL,
  CONSTRAINT audit_link_seal_is_a_digest CHECK (octet_length(seal) = 32)
);
CREATE TRIGGER audit_link_stays BEFORE UPDATE OR DELETE ON audit_link
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_link ENABLE ROW LEVEL SECURITY;

CREATE POLICY append ON audit_entry FOR INSERT WITH CHECK (entered());
CREATE POLICY auditors ON audit_entry FOR SELECT USING (
  current_setting('wangge.role', true) IN ('auditor', 'system')
  AND path >= current_setting('wangge.path_from', true) AND path < current_setting('wangge.path_to', true)
);
CREATE POLICY auditors ON audit_link FOR SELECT USING (
  current_setting('wangge.role', true) = 'auditor' AND entered()
);
CREATE POLICY housekeeping ON audit_link FOR ALL USING (keeps_house());

-- Whether this very transaction has logged that it opens a matter's sealed row. What was logged before opens nothing,
-- hence no contact is read without its entry, whoever forgets what in the program.
CREATE FUNCTION wangge.logged(what text, incident uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, pg_temp
RETURN EXISTS (
  SELECT FROM audit_entry
  WHERE
    written_in = pg_current_xact_id_if_assigned()::text
    AND kind = what AND subject = incident::text AND at = instant()
    AND account = current_setting('wangge.account') AND (reason <> '' OR what <> 'reporter.revealed')
);
REVOKE EXECUTE ON FUNCTION wangge.logged(text, uuid) FROM public;
GRANT EXECUTE ON FUNCTION wangge.logged(text, uuid) TO wangge_app;

-- The contact: written with the report, read where it is logged. A key's name begins with its month.
ALTER TABLE reporter RENAME COLUMN key_month TO key_id;
ALTER TABLE reporter ADD CONSTRAINT reporter_key_has_its_month CHECK (key_id ~ '^\d{4}-\d{2}-[0-9a-f]{8}$');

-- The text of a matter as it was written, where identity or telephone numbers were masked in it.
CREATE TABLE incident_original (
  incident_id uuid PRIMARY KEY REFERENCES incident,
  key_id text NOT NULL,
  sealed bytea NOT NULL,
  CONSTRAINT incident_original_key_has_its_month CHECK (key_id ~ '^\d{4}-\d{2}-[0-9a-f]{8}$')
);

-- Photographs of a matter, made anew from what was sent: nothing but the picture.
CREATE TABLE photo (
  incident_id uuid NOT NULL REFERENCES incident,
  number smallint NOT NULL,
  taken_in_at timestamptz NOT NULL,
  account text NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  jpeg bytea NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (incident_id, number),
  CONSTRAINT photo_at_most_nine CHECK (number BETWEEN 1 AND 9),
  CONSTRAINT photo_is_small CHECK (octet_length(jpeg) <= 4000000)
);

ALTER TABLE incident_original ENABLE ROW LEVEL SECURITY;
ALTER TABLE photo ENABLE ROW LEVEL SECURITY;

-- Whether a matter may be seen is asked of the matter: its own policies answer.
CREATE POLICY intake ON reporter FOR INSERT WITH CHECK (
  current_setting('wangge.role', true) = 'intake'
  OR EXISTS (SELECT FROM incident AS i WHERE i.id = reporter.incident_id)
);
CREATE POLICY reveal ON reporter FOR SELECT USING (
  reveals() AND logged('reporter.revealed', incident_id)
  AND EXISTS (SELECT FROM incident AS i WHERE i.id = reporter.incident_id)
);
CREATE POLICY intake ON incident_original FOR INSERT WITH CHECK (
  current_setting('wangge.role', true) = 'intake'
  OR EXISTS (SELECT FROM incident AS i WHERE i.id = incident_original.incident_id)
);
CREATE POLICY reveal ON incident_original FOR SELECT USING (
  reveals() AND logged('original.read', incident_id)
  AND EXISTS (SELECT FROM incident AS i WHERE i.id = incident_original.incident_id)
);
CREATE POLICY intake ON photo FOR INSERT WITH CHECK (
  current_setting('wangge.role', true) = 'intake'
  OR EXISTS (SELECT FROM incident AS i WHERE i.id = photo.incident_id)
);
CREATE POLICY handlers ON photo FOR SELECT USING (
  handles() AND EXISTS (SELECT FROM incident AS i WHERE i.id = photo.incident_id)
);
CREATE POLICY blur ON photo FOR UPDATE USING (
  handles() AND EXISTS (SELECT FROM incident AS i WHERE i.id = photo.incident_id)
);

-- The end of retention: what was sealed or taken in before a month goes, and how much of it; nobody needs to read it.
CREATE FUNCTION wangge.purge_sealed(month text)
RETURNS TABLE (contacts bigint, originals bigint, photos bigint, of_open_matters bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, pg_temp AS $$
DECLARE
  gone uuid[];
BEGIN
  IF NOT keeps_house() THEN
    RAISE EXCEPTION 'only the service itself ends retention' USING ERRCODE = 'insufficient_privilege';
  END IF;
  WITH deleted AS (DELETE FROM reporter WHERE left(key_id, 7) < month RETURNING incident_id)
  SELECT count(*), array_agg(incident_id) INTO contacts, gone FROM deleted;
  WITH deleted AS (DELETE FROM incident_original WHERE left(key_id, 7) < month RETURNING incident_id)
  SELECT count(*), gone || array_agg(incident_id) INTO originals, gone FROM deleted;
  WITH deleted AS (
    DELETE FROM photo WHERE to_char(taken_in_at AT TIME ZONE 'UTC', 'YYYY-MM') < month RETURNING incident_id
  )
  SELECT count(*), gone || array_agg(incident_id) INTO photos, gone FROM deleted;
  SELECT count(*) INTO of_open_matters FROM incident WHERE id = ANY(gone) AND closed_at IS NULL;
  RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION wangge.purge_sealed(text) FROM public;
GRANT EXECUTE ON FUNCTION wangge.purge_sealed(text) TO wangge_app;
