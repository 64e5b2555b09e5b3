-- Sign-in, grants that name an organisation, matters handed over to it, and the narrow scopes of report and sign-in.

ALTER TABLE account
ADD COLUMN password_hash text, -- Argon2; none for an account that only has tokens
ADD COLUMN password_set_at timestamptz;

-- Without a unit the grant is for everything, as for the roots of a flat set of areas.
ALTER TABLE account_grant
ALTER COLUMN unit_id DROP NOT NULL,
ADD COLUMN organisation uuid, -- of a team or a department
DROP CONSTRAINT account_grant_one_at_a_time,
ADD CONSTRAINT account_grant_one_at_a_time
EXCLUDE USING gist (account_id WITH =, role WITH =, coalesce(unit_id, 0) WITH =, valid WITH &&);
CREATE INDEX idx_account_grant_account_id ON account_grant (account_id);

-- What a client shows to act under one grant: a session's cookie or a token of a program. Only its hash is kept;
-- it stands for 256 random bits, so that a bare SHA-256 cannot be searched.
CREATE TABLE credential (
  sha256 bytea PRIMARY KEY,
  kind text NOT NULL,
  account_id bigint NOT NULL REFERENCES account,
  grant_id bigint NOT NULL REFERENCES account_grant,
  -- The readable beginning of a token, by which it is listed and revoked.
  prefix text UNIQUE,
  -- What a token may do of what its role may do; everything if none are named.
  permissions text[],
  made_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  CONSTRAINT credential_kind_known CHECK (kind IN ('session', 'token')),
  CONSTRAINT credential_of_token_has_prefix CHECK ((kind = 'token') = (prefix IS NOT NULL)),
  CONSTRAINT credential_is_a_sha256 CHECK (octet_length(sha256) = 32)
);
CREATE INDEX idx_credential_account_id ON credential (account_id);
CREATE INDEX idx_credential_expires_at ON credential (expires_at);

-- Matters that an organisation from elsewhere has or had in hand. Nobody writes here but the trigger below.
CREATE TABLE hand_over (
  organisation uuid NOT NULL,
  incident_id uuid NOT NULL REFERENCES incident,
  path text COLLATE "C" NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz,
  PRIMARY KEY (organisation, incident_id)
);
CREATE INDEX idx_hand_over_incident_id ON hand_over (incident_id);

-- A matter that goes to a department, or to a team whose unit it does not lie in, is handed over until thirty days
-- after it is closed. Whoever had it keeps seeing how it ends. Teams at home see it by their subtree, without a row.
CREATE FUNCTION keep_hand_over() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    UPDATE hand_over AS h SET path = i.path, until = i.closed_at + interval '30 days'
    FROM changed AS i
    WHERE
      h.incident_id = i.id
      AND (h.path <> i.path OR h.until IS DISTINCT FROM i.closed_at + interval '30 days');
  END IF;
  INSERT INTO hand_over (organisation, incident_id, path, since, until)
  SELECT o.id, i.id, i.path, instant(), i.closed_at + interval '30 days'
  FROM changed AS i INNER JOIN team AS o ON i.team_id = o.id
  WHERE NOT starts_with(i.path, o.path)
  UNION ALL
  SELECT o.id, i.id, i.path, instant(), i.closed_at + interval '30 days'
  FROM changed AS i INNER JOIN department AS o ON i.department_id = o.id
  ON CONFLICT (organisation, incident_id) DO NOTHING;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION keep_hand_over() FROM public;
CREATE TRIGGER incident_made_is_handed_over AFTER INSERT ON incident
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_hand_over();
CREATE TRIGGER incident_changed_is_handed_over AFTER UPDATE ON incident
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_hand_over();

-- What stands already.
INSERT INTO hand_over (organisation, incident_id, path, since, until)
SELECT i.team_id, i.id, i.path, i.received_at, i.closed_at + interval '30 days'
FROM incident AS i INNER JOIN team AS o ON i.team_id = o.id
WHERE NOT starts_with(i.path, o.path)
UNION ALL
SELECT i.department_id, i.id, i.path, i.received_at, i.closed_at + interval '30 days'
FROM incident AS i INNER JOIN department AS o ON i.department_id = o.id;

-- The team that answers for a unit, for anyone: its name, never its telephone.
CREATE FUNCTION answering_team(unit_ids bigint[], at timestamptz)
RETURNS TABLE (id uuid, code text, kind text, name text, unit_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
  SELECT t.id, t.code, t.kind, t.name, d.unit_id
  FROM default_team AS d INNER JOIN team AS t ON d.team_id = t.id
  WHERE d.category = '' AND d.unit_id = any(unit_ids) AND d.valid @> at
  ORDER BY array_position(unit_ids, d.unit_id) DESC
  LIMIT 1
$$;

-- What a reporter is told of the team that got the report.
CREATE FUNCTION team_called(team_id uuid) RETURNS TABLE (code text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
  SELECT t.code, t.name FROM team AS t WHERE t.id = team_id
$$;
REVOKE EXECUTE ON FUNCTION answering_team(bigint[], timestamptz), team_called(uuid) FROM public;
GRANT EXECUTE ON FUNCTION answering_team(bigint[], timestamptz), team_called(uuid) TO wangge_app;
REVOKE INSERT, UPDATE, DELETE ON hand_over FROM wangge_app;

ALTER TABLE credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE hand_over ENABLE ROW LEVEL SECURITY;

-- Password hashes and credentials: for the machine's keeper, administrators of everything, and the sign-in itself.
DROP POLICY whole ON account;
CREATE POLICY whole ON account FOR ALL USING (
  current_setting('wangge.path_from', true) = '' AND entered()
  AND current_setting('wangge.role', true) IN ('system', 'admin')
);
CREATE POLICY whole ON credential FOR ALL USING (
  current_setting('wangge.path_from', true) = '' AND entered()
  AND current_setting('wangge.role', true) IN ('system', 'admin')
);
CREATE POLICY sign_in ON account FOR SELECT USING (current_setting('wangge.role', true) = 'sign_in');
CREATE POLICY sign_in_sets_password ON account FOR UPDATE USING (current_setting('wangge.role', true) = 'sign_in');
CREATE POLICY sign_in ON account_grant FOR SELECT USING (current_setting('wangge.role', true) = 'sign_in');
CREATE POLICY sign_in ON credential FOR ALL USING (current_setting('wangge.role', true) = 'sign_in');

CREATE POLICY subtree ON hand_over FOR SELECT USING (
  path >= current_setting('wangge.path_from', true) AND path < current_setting('wangge.path_to', true)
);
CREATE POLICY own ON hand_over FOR SELECT USING (
  organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
);

-- Matters in the hands of the session's organisation. As an array the sub-select is read once a query and the primary
-- key serves it; EXISTS would be asked for each row (benchmarks/row_security.py).
CREATE POLICY handed ON incident FOR SELECT USING (id = any(array(
  SELECT h.incident_id FROM hand_over AS h
  WHERE
    h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
    AND (h.until IS NULL OR h.until > instant())
)));
CREATE POLICY handed_changes ON incident FOR UPDATE USING (id = any(array(
  SELECT h.incident_id FROM hand_over AS h
  WHERE
    h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
    AND (h.until IS NULL OR h.until > instant())
)));
CREATE POLICY handed ON incident_event FOR SELECT USING (incident_id = any(array(
  SELECT h.incident_id FROM hand_over AS h
  WHERE
    h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
    AND (h.until IS NULL OR h.until > instant())
)));
CREATE POLICY handed_appends ON incident_event FOR INSERT WITH CHECK (incident_id = any(array(
  SELECT h.incident_id FROM hand_over AS h
  WHERE
    h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
    AND (h.until IS NULL OR h.until > instant())
)));
CREATE POLICY handed ON assignment FOR SELECT USING (incident_id = any(array(
  SELECT h.incident_id FROM hand_over AS h
  WHERE
    h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
    AND (h.until IS NULL OR h.until > instant())
)));
CREATE POLICY handed ON feed FOR SELECT USING (subject = any(array(
  SELECT h.incident_id::text FROM hand_over AS h
  WHERE
    h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
    AND (h.until IS NULL OR h.until > instant())
)));
CREATE POLICY handed_appends ON feed FOR INSERT WITH CHECK (subject = any(array(
  SELECT h.incident_id::text FROM hand_over AS h
  WHERE
    h.organisation = nullif(current_setting('wangge.organisation', true), '')::uuid
    AND (h.until IS NULL OR h.until > instant())
)));

-- A report may come from anyone and lie anywhere: it is put in, and nothing is read.
CREATE POLICY intake ON incident FOR INSERT WITH CHECK (current_setting('wangge.role', true) = 'intake');
CREATE POLICY intake ON incident_event FOR INSERT WITH CHECK (current_setting('wangge.role', true) = 'intake');
CREATE POLICY intake ON assignment FOR INSERT WITH CHECK (current_setting('wangge.role', true) = 'intake');
CREATE POLICY intake ON feed FOR INSERT WITH CHECK (current_setting('wangge.role', true) = 'intake');

-- A matter can be assigned to any department (吹哨): whoever is signed in sees them all.
CREATE POLICY directory ON department FOR SELECT USING (
  current_setting('wangge.role', true) IN (
    'patrol', 'grid_worker', 'dispatcher', 'department_handler', 'planner', 'approver', 'auditor', 'admin'
  )
);
