-- Renew with WANGGE_RENEW_SNAPSHOTS=1, and read the difference before you commit it.

TABLE account ROW SECURITY
  id bigint NOT NULL IDENTITY
  name text NOT NULL
  made_at timestamp with time zone NOT NULL DEFAULT now()
  active boolean NOT NULL DEFAULT true
  password_hash text
  password_set_at timestamp with time zone
  password_given boolean NOT NULL DEFAULT false
  CONSTRAINT account_name_is_plain CHECK ((name ~ '^[a-z][a-z0-9._-]{2,63}$'::text))
  CONSTRAINT account_name_key UNIQUE (name)
  CONSTRAINT account_pkey PRIMARY KEY (id)
  POLICY sign_in PERMISSIVE FOR SELECT TO public USING (current_setting('wangge.role'::text, true) = 'sign_in'::text)
  POLICY sign_in_sets_password PERMISSIVE FOR UPDATE TO public USING (current_setting('wangge.role'::text, true) = 'sign_in'::text)
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered() AND (current_setting('wangge.role'::text, true) = ANY (ARRAY['system'::text, 'admin'::text])))
  GRANT DELETE, INSERT, SELECT, UPDATE ON account TO wangge_app

TABLE account_grant ROW SECURITY
  id bigint NOT NULL IDENTITY
  account_id bigint NOT NULL
  role text NOT NULL
  unit_id bigint
  valid tstzrange NOT NULL DEFAULT tstzrange(now(), NULL::timestamp with time zone)
  organisation uuid
  CONSTRAINT account_grant_account_id_fkey FOREIGN KEY (account_id) REFERENCES wangge.account(id)
  CONSTRAINT account_grant_one_at_a_time EXCLUDE USING gist (account_id WITH =, role WITH =, COALESCE(unit_id, (0)::bigint) WITH =, valid WITH &&)
  CONSTRAINT account_grant_pkey PRIMARY KEY (id)
  CONSTRAINT account_grant_role_known CHECK ((role = ANY (ARRAY['patrol'::text, 'grid_worker'::text, 'dispatcher'::text, 'department_handler'::text, 'planner'::text, 'approver'::text, 'auditor'::text, 'admin'::text])))
  CONSTRAINT account_grant_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  CREATE INDEX idx_account_grant_account_id ON wangge.account_grant USING btree (account_id)
  POLICY sign_in PERMISSIVE FOR SELECT TO public USING (current_setting('wangge.role'::text, true) = 'sign_in'::text)
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  GRANT DELETE, INSERT, SELECT, UPDATE ON account_grant TO wangge_app

TABLE activation ROW SECURITY
  valid timestamp with time zone NOT NULL
  recorded timestamp with time zone NOT NULL
  at timestamp with time zone NOT NULL
  CONSTRAINT activation_pkey PRIMARY KEY (valid, recorded)
  POLICY housekeeping PERMISSIVE FOR INSERT TO public WITH CHECK wangge.keeps_house()
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  CREATE TRIGGER activation_stays BEFORE DELETE OR UPDATE ON wangge.activation FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON activation TO wangge_app

TABLE assignment ROW SECURITY
  incident_id uuid NOT NULL
  run_id bigint NOT NULL
  path text COLLATE C NOT NULL
  unit_id bigint NOT NULL
  owner_rule text NOT NULL
  candidates bigint[] NOT NULL
  team_id uuid NOT NULL
  team_rule text NOT NULL
  team_unit_id bigint NOT NULL
  shares real[]
  CONSTRAINT assignment_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES wangge.incident(id)
  CONSTRAINT assignment_pkey PRIMARY KEY (incident_id, run_id)
  CONSTRAINT assignment_run_id_fkey FOREIGN KEY (run_id) REFERENCES wangge.assignment_run(id)
  CONSTRAINT assignment_shares_are_of_candidates CHECK (((shares IS NULL) OR (cardinality(shares) = cardinality(candidates))))
  POLICY everything PERMISSIVE FOR SELECT TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  POLICY intake PERMISSIVE FOR INSERT TO public WITH CHECK (current_setting('wangge.role'::text, true) = 'intake'::text)
  POLICY of_the_matter PERMISSIVE FOR SELECT TO public USING (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = assignment.incident_id)))
  POLICY subtree PERMISSIVE FOR INSERT TO public WITH CHECK ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  CREATE TRIGGER assignment_stays BEFORE DELETE OR UPDATE ON wangge.assignment FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON assignment TO wangge_app

TABLE assignment_run ROW SECURITY
  id bigint NOT NULL IDENTITY
  at timestamp with time zone NOT NULL
  account text NOT NULL
  edition_valid timestamp with time zone NOT NULL
  edition_recorded timestamp with time zone NOT NULL
  reason text NOT NULL DEFAULT 'reported'::text
  CONSTRAINT assignment_run_pkey PRIMARY KEY (id)
  CONSTRAINT assignment_run_reason_known CHECK ((reason = ANY (ARRAY['reported'::text, 'loaded'::text, 'asked'::text, 'edition_changed'::text, 'settled'::text])))
  POLICY entered PERMISSIVE FOR ALL TO public USING wangge.entered()
  CREATE TRIGGER assignment_run_stays BEFORE DELETE OR UPDATE ON wangge.assignment_run FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON assignment_run TO wangge_app

TABLE audit_entry ROW SECURITY
  id bigint NOT NULL
  at timestamp with time zone NOT NULL
  account text NOT NULL
  role text NOT NULL
  path text COLLATE C NOT NULL
  kind text NOT NULL
  subject text NOT NULL
  reason text NOT NULL DEFAULT ''::text
  written_in text NOT NULL
  CONSTRAINT audit_entry_kind_is_noun_and_verb CHECK ((kind ~ '^[a-z_]+\.[a-z_]+$'::text))
  CONSTRAINT audit_entry_pkey PRIMARY KEY (id)
  CREATE INDEX idx_audit_entry_written_in ON wangge.audit_entry USING btree (written_in)
  POLICY append PERMISSIVE FOR INSERT TO public WITH CHECK wangge.entered()
  POLICY auditors PERMISSIVE FOR SELECT TO public USING ((current_setting('wangge.role'::text, true) = ANY (ARRAY['auditor'::text, 'system'::text])) AND (path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  CREATE TRIGGER audit_entry_is_stamped BEFORE INSERT ON wangge.audit_entry FOR EACH ROW EXECUTE FUNCTION wangge.stamp_audit_entry()
  CREATE TRIGGER audit_entry_stays BEFORE DELETE OR UPDATE ON wangge.audit_entry FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON audit_entry TO wangge_app

TABLE audit_link ROW SECURITY
  number bigint NOT NULL
  entry_id bigint NOT NULL
  seal bytea NOT NULL
  CONSTRAINT audit_link_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES wangge.audit_entry(id)
  CONSTRAINT audit_link_entry_id_key UNIQUE (entry_id)
  CONSTRAINT audit_link_pkey PRIMARY KEY (number)
  CONSTRAINT audit_link_seal_is_a_digest CHECK ((octet_length(seal) = 32))
  POLICY auditors PERMISSIVE FOR SELECT TO public USING ((current_setting('wangge.role'::text, true) = 'auditor'::text) AND wangge.entered())
  POLICY housekeeping PERMISSIVE FOR ALL TO public USING wangge.keeps_house()
  CREATE TRIGGER audit_link_stays BEFORE DELETE OR UPDATE ON wangge.audit_link FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON audit_link TO wangge_app

TABLE block ROW SECURITY
  id bigint NOT NULL IDENTITY
  code text NOT NULL
  path text COLLATE C NOT NULL
  geom geometry(MultiPolygon,4326) NOT NULL
  households integer NOT NULL DEFAULT 0
  synthetic boolean NOT NULL DEFAULT false
  CONSTRAINT block_code_key UNIQUE (code)
  CONSTRAINT block_households_counted CHECK ((households >= 0))
  CONSTRAINT block_pkey PRIMARY KEY (id)
  CREATE INDEX idx_block_geom ON wangge.block USING gist (geom)
  CREATE INDEX idx_block_path ON wangge.block USING btree (path)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON block TO wangge_app

TABLE building ROW SECURITY
  id bigint NOT NULL IDENTITY
  code text NOT NULL
  path text COLLATE C NOT NULL
  name text
  address text
  use text
  floors integer
  households integer
  geom geometry(MultiPolygon,4326) NOT NULL
  source text NOT NULL
  synthetic boolean NOT NULL DEFAULT false
  attributes jsonb NOT NULL DEFAULT '{}'::jsonb
  CONSTRAINT building_code_key UNIQUE (code)
  CONSTRAINT building_floors_counted CHECK ((floors > 0))
  CONSTRAINT building_households_counted CHECK ((households >= 0))
  CONSTRAINT building_pkey PRIMARY KEY (id)
  CREATE INDEX idx_building_address ON wangge.building USING btree (address)
  CREATE INDEX idx_building_geom ON wangge.building USING gist (geom)
  CREATE INDEX idx_building_path ON wangge.building USING btree (path)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON building TO wangge_app

TABLE category ROW SECURITY
  code text NOT NULL
  parent text
  name_zh text NOT NULL
  name_en text NOT NULL
  name_mn text
  priority smallint NOT NULL DEFAULT 3
  deadline_hours integer NOT NULL DEFAULT 72
  active boolean NOT NULL DEFAULT true
  CONSTRAINT category_deadline_is_positive CHECK ((deadline_hours > 0))
  CONSTRAINT category_parent_fkey FOREIGN KEY (parent) REFERENCES wangge.category(code)
  CONSTRAINT category_pkey PRIMARY KEY (code)
  CONSTRAINT category_priority_is_one_to_five CHECK (((priority >= 1) AND (priority <= 5)))
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  GRANT DELETE, INSERT, SELECT, UPDATE ON category TO wangge_app

TABLE channel ROW SECURITY
  code text NOT NULL
  name_zh text NOT NULL
  name_en text NOT NULL
  CONSTRAINT channel_pkey PRIMARY KEY (code)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  GRANT DELETE, INSERT, SELECT, UPDATE ON channel TO wangge_app

TABLE check_point ROW SECURITY
  route_id uuid NOT NULL
  number integer NOT NULL
  name text NOT NULL
  geom geometry(Point,4326) NOT NULL
  CONSTRAINT check_point_pkey PRIMARY KEY (route_id, number)
  CONSTRAINT check_point_route_id_fkey FOREIGN KEY (route_id) REFERENCES wangge.route(id) ON DELETE CASCADE
  POLICY subtree PERMISSIVE FOR ALL TO public USING (EXISTS ( SELECT FROM wangge.route r WHERE ((r.id = check_point.route_id) AND (r.path >= current_setting('wangge.path_from'::text, true)) AND (r.path < current_setting('wangge.path_to'::text, true)))))
  GRANT DELETE, INSERT, SELECT, UPDATE ON check_point TO wangge_app

TABLE credential ROW SECURITY
  sha256 bytea NOT NULL
  kind text NOT NULL
  account_id bigint NOT NULL
  grant_id bigint NOT NULL
  prefix text
  permissions text[]
  made_at timestamp with time zone NOT NULL
  seen_at timestamp with time zone NOT NULL
  expires_at timestamp with time zone NOT NULL
  ended_at timestamp with time zone
  id bigint NOT NULL IDENTITY
  provider_id bigint
  CONSTRAINT credential_account_id_fkey FOREIGN KEY (account_id) REFERENCES wangge.account(id)
  CONSTRAINT credential_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES wangge.account_grant(id)
  CONSTRAINT credential_id_key UNIQUE (id)
  CONSTRAINT credential_is_a_sha256 CHECK ((octet_length(sha256) = 32))
  CONSTRAINT credential_kind_known CHECK ((kind = ANY (ARRAY['session'::text, 'token'::text])))
  CONSTRAINT credential_of_token_has_prefix CHECK (((kind = 'token'::text) = (prefix IS NOT NULL)))
  CONSTRAINT credential_pkey PRIMARY KEY (sha256)
  CONSTRAINT credential_prefix_key UNIQUE (prefix)
  CONSTRAINT credential_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES wangge.identity_provider(id) ON DELETE SET NULL
  CREATE INDEX idx_credential_account_id ON wangge.credential USING btree (account_id)
  CREATE INDEX idx_credential_expires_at ON wangge.credential USING btree (expires_at)
  POLICY sign_in PERMISSIVE FOR ALL TO public USING (current_setting('wangge.role'::text, true) = 'sign_in'::text)
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered() AND (current_setting('wangge.role'::text, true) = ANY (ARRAY['system'::text, 'admin'::text])))
  GRANT DELETE, INSERT, SELECT, UPDATE ON credential TO wangge_app

TABLE default_team ROW SECURITY
  unit_id bigint NOT NULL
  path text COLLATE C NOT NULL
  category text NOT NULL DEFAULT ''::text
  team_id uuid NOT NULL
  valid tstzrange NOT NULL DEFAULT tstzrange(now(), NULL::timestamp with time zone)
  CONSTRAINT default_team_one_at_a_time EXCLUDE USING gist (unit_id WITH =, category WITH =, valid WITH &&)
  CONSTRAINT default_team_team_id_fkey FOREIGN KEY (team_id) REFERENCES wangge.team(id)
  CONSTRAINT default_team_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  CREATE INDEX idx_default_team_path ON wangge.default_team USING btree (path)
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  CREATE TRIGGER default_team_ends_edition AFTER DELETE ON wangge.default_team REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.edition_of_teams()
  CREATE TRIGGER default_team_leaves_edition AFTER UPDATE ON wangge.default_team REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.edition_of_teams()
  CREATE TRIGGER default_team_makes_edition AFTER INSERT ON wangge.default_team REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.edition_of_teams()
  CREATE TRIGGER default_team_renews_edition AFTER UPDATE ON wangge.default_team REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.edition_of_teams()
  GRANT DELETE, INSERT, SELECT, UPDATE ON default_team TO wangge_app

TABLE department ROW SECURITY
  id uuid NOT NULL
  code text NOT NULL
  path text COLLATE C NOT NULL
  level text NOT NULL
  name text NOT NULL
  phone text
  synthetic boolean NOT NULL DEFAULT false
  CONSTRAINT department_code_key UNIQUE (code)
  CONSTRAINT department_pkey PRIMARY KEY (id)
  CREATE INDEX idx_department_path ON wangge.department USING btree (path)
  POLICY directory PERMISSIVE FOR SELECT TO public USING (current_setting('wangge.role'::text, true) = ANY (ARRAY['patrol'::text, 'grid_worker'::text, 'dispatcher'::text, 'department_handler'::text, 'planner'::text, 'approver'::text, 'auditor'::text, 'admin'::text]))
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON department TO wangge_app

TABLE edition ROW SECURITY
  valid timestamp with time zone NOT NULL
  recorded timestamp with time zone NOT NULL
  what text NOT NULL
  CONSTRAINT edition_of_units_or_teams CHECK ((what = ANY (ARRAY['units'::text, 'teams'::text])))
  CONSTRAINT edition_pkey PRIMARY KEY (valid, recorded, what)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  CREATE TRIGGER edition_stays BEFORE DELETE OR UPDATE ON wangge.edition FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, SELECT, UPDATE ON edition TO wangge_app

TABLE entrance ROW SECURITY
  id bigint NOT NULL IDENTITY
  building_id bigint NOT NULL
  number integer NOT NULL
  households integer
  geom geometry(Point,4326)
  CONSTRAINT entrance_building_id_fkey FOREIGN KEY (building_id) REFERENCES wangge.building(id) ON DELETE CASCADE
  CONSTRAINT entrance_one_number UNIQUE (building_id, number)
  CONSTRAINT entrance_pkey PRIMARY KEY (id)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR ALL TO public USING (EXISTS ( SELECT FROM wangge.building b WHERE ((b.id = entrance.building_id) AND (b.path >= current_setting('wangge.path_from'::text, true)) AND (b.path < current_setting('wangge.path_to'::text, true)))))
  GRANT DELETE, INSERT, SELECT, UPDATE ON entrance TO wangge_app

TABLE feed ROW SECURITY
  id bigint NOT NULL IDENTITY
  path text COLLATE C NOT NULL
  kind text NOT NULL
  subject text NOT NULL
  body jsonb NOT NULL
  at timestamp with time zone NOT NULL
  CONSTRAINT feed_pkey PRIMARY KEY (id)
  POLICY handed PERMISSIVE FOR SELECT TO public USING (subject = ANY (ARRAY( SELECT (h.incident_id)::text AS incident_id FROM wangge.hand_over h WHERE ((h.organisation = (NULLIF(current_setting('wangge.organisation'::text, true), ''::text))::uuid) AND ((h.until IS NULL) OR (h.until > wangge.instant()))))))
  POLICY handed_appends PERMISSIVE FOR INSERT TO public WITH CHECK (subject = ANY (ARRAY( SELECT (h.incident_id)::text AS incident_id FROM wangge.hand_over h WHERE ((h.organisation = (NULLIF(current_setting('wangge.organisation'::text, true), ''::text))::uuid) AND ((h.until IS NULL) OR (h.until > wangge.instant()))))))
  POLICY intake PERMISSIVE FOR INSERT TO public WITH CHECK (current_setting('wangge.role'::text, true) = 'intake'::text)
  POLICY settled PERMISSIVE FOR INSERT TO public WITH CHECK (kind = 'incident.settled'::text)
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON feed TO wangge_app

TABLE hand_over ROW SECURITY
  organisation uuid NOT NULL
  incident_id uuid NOT NULL
  path text COLLATE C NOT NULL
  since timestamp with time zone NOT NULL
  until timestamp with time zone
  CONSTRAINT hand_over_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES wangge.incident(id)
  CONSTRAINT hand_over_pkey PRIMARY KEY (organisation, incident_id)
  CREATE INDEX idx_hand_over_incident_id ON wangge.hand_over USING btree (incident_id)
  POLICY own PERMISSIVE FOR SELECT TO public USING (organisation = (NULLIF(current_setting('wangge.organisation'::text, true), ''::text))::uuid)
  POLICY subtree PERMISSIVE FOR SELECT TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  CREATE TRIGGER hand_over_changed_is_noted AFTER UPDATE ON wangge.hand_over REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.note_hand_over_change()
  CREATE TRIGGER hand_over_gone_is_noted AFTER DELETE ON wangge.hand_over REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.note_hand_over_change()
  CREATE TRIGGER hand_over_made_is_noted AFTER INSERT ON wangge.hand_over REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.note_hand_over_change()
  GRANT SELECT ON hand_over TO wangge_app

TABLE idempotency ROW SECURITY
  account text NOT NULL
  key text NOT NULL
  request_sha256 text NOT NULL
  status smallint NOT NULL
  response jsonb NOT NULL
  at timestamp with time zone NOT NULL
  CONSTRAINT idempotency_pkey PRIMARY KEY (account, key)
  POLICY housekeeping PERMISSIVE FOR DELETE TO public USING wangge.keeps_house()
  POLICY housekeeping_reads PERMISSIVE FOR SELECT TO public USING wangge.keeps_house()
  POLICY own PERMISSIVE FOR ALL TO public USING (account = current_setting('wangge.account'::text, true))
  GRANT DELETE, INSERT, SELECT, UPDATE ON idempotency TO wangge_app

TABLE identity_link ROW SECURITY
  provider_id bigint NOT NULL
  subject text NOT NULL
  account_id bigint NOT NULL
  CONSTRAINT identity_link_account_id_fkey FOREIGN KEY (account_id) REFERENCES wangge.account(id)
  CONSTRAINT identity_link_pkey PRIMARY KEY (provider_id, subject)
  CONSTRAINT identity_link_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES wangge.identity_provider(id) ON DELETE CASCADE
  CREATE INDEX idx_identity_link_account_id ON wangge.identity_link USING btree (account_id)
  POLICY sign_in PERMISSIVE FOR SELECT TO public USING (current_setting('wangge.role'::text, true) = 'sign_in'::text)
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered() AND (current_setting('wangge.role'::text, true) = ANY (ARRAY['system'::text, 'admin'::text])))
  GRANT DELETE, INSERT, SELECT, UPDATE ON identity_link TO wangge_app

TABLE identity_provider ROW SECURITY
  id bigint NOT NULL IDENTITY
  name text NOT NULL
  issuer text NOT NULL
  client_id text NOT NULL
  claim text NOT NULL
  name_zh text NOT NULL
  name_en text NOT NULL
  has_secret boolean NOT NULL
  CONSTRAINT identity_provider_issuer_key UNIQUE (issuer)
  CONSTRAINT identity_provider_name_is_plain CHECK ((name ~ '^[a-z][a-z0-9-]{1,31}$'::text))
  CONSTRAINT identity_provider_name_key UNIQUE (name)
  CONSTRAINT identity_provider_pkey PRIMARY KEY (id)
  POLICY sign_in PERMISSIVE FOR SELECT TO public USING (current_setting('wangge.role'::text, true) = 'sign_in'::text)
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered() AND (current_setting('wangge.role'::text, true) = ANY (ARRAY['system'::text, 'admin'::text])))
  GRANT DELETE, INSERT, SELECT, UPDATE ON identity_provider TO wangge_app

TABLE incident ROW SECURITY
  id uuid NOT NULL
  path text COLLATE C NOT NULL
  unit_id bigint NOT NULL
  located text NOT NULL
  category text NOT NULL
  channel text NOT NULL
  handling text NOT NULL DEFAULT 'direct'::text
  state text NOT NULL DEFAULT 'reported'::text
  priority smallint NOT NULL DEFAULT 3
  title text NOT NULL
  description text
  address text
  building_id bigint
  geom geometry(Point,4326) NOT NULL
  accuracy_m real
  occurred_at timestamp with time zone NOT NULL
  received_at timestamp with time zone NOT NULL
  due_at timestamp with time zone
  closed_at timestamp with time zone
  team_id uuid
  department_id uuid
  source text COLLATE C NOT NULL
  source_key text COLLATE C NOT NULL
  load_id uuid
  synthetic boolean NOT NULL DEFAULT false
  version integer NOT NULL DEFAULT 1
  doubts text[] NOT NULL DEFAULT '{}'::text[]
  CONSTRAINT incident_accuracy_is_a_radius CHECK ((accuracy_m >= (0)::double precision))
  CONSTRAINT incident_building_id_fkey FOREIGN KEY (building_id) REFERENCES wangge.building(id)
  CONSTRAINT incident_category_fkey FOREIGN KEY (category) REFERENCES wangge.category(code)
  CONSTRAINT incident_channel_fkey FOREIGN KEY (channel) REFERENCES wangge.channel(code)
  CONSTRAINT incident_department_id_fkey FOREIGN KEY (department_id) REFERENCES wangge.department(id)
  CONSTRAINT incident_doubts_known CHECK ((doubts <@ ARRAY['accuracy'::text, 'far_from_building'::text, 'gcj02'::text]))
  CONSTRAINT incident_handling_known CHECK ((handling = ANY (ARRAY['direct'::text, 'assisted'::text, 'on_behalf'::text])))
  CONSTRAINT incident_load_id_fkey FOREIGN KEY (load_id) REFERENCES wangge.load(id)
  CONSTRAINT incident_located_known CHECK ((located = ANY (ARRAY['inside'::text, 'edge'::text, 'building'::text, 'outside'::text, 'settled'::text])))
  CONSTRAINT incident_on_earth CHECK (((abs(st_x(geom)) <= (180)::double precision) AND (abs(st_y(geom)) <= (90)::double precision)))
  CONSTRAINT incident_one_source_key UNIQUE (source, source_key)
  CONSTRAINT incident_pkey PRIMARY KEY (id)
  CONSTRAINT incident_priority_is_one_to_five CHECK (((priority >= 1) AND (priority <= 5)))
  CONSTRAINT incident_state_known CHECK ((state = ANY (ARRAY['reported'::text, 'accepted'::text, 'assigned'::text, 'dispatched'::text, 'signed'::text, 'handling'::text, 'checking'::text, 'deferred'::text, 'returned'::text, 'closed'::text, 'revisited'::text, 'archived'::text, 'refused'::text])))
  CONSTRAINT incident_team_id_fkey FOREIGN KEY (team_id) REFERENCES wangge.team(id)
  CONSTRAINT incident_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  CREATE INDEX idx_incident_ambiguous ON wangge.incident USING btree (path, received_at) WHERE (cardinality(doubts) > 0)
  CREATE INDEX idx_incident_geom ON wangge.incident USING gist (geom)
  CREATE INDEX idx_incident_path_occurred_at ON wangge.incident USING btree (path, occurred_at)
  CREATE INDEX idx_incident_received_at_id ON wangge.incident USING btree (received_at, id)
  POLICY handed PERMISSIVE FOR SELECT TO public USING (id = ANY (ARRAY( SELECT h.incident_id FROM wangge.hand_over h WHERE ((h.organisation = (NULLIF(current_setting('wangge.organisation'::text, true), ''::text))::uuid) AND ((h.until IS NULL) OR (h.until > wangge.instant()))))))
  POLICY handed_changes PERMISSIVE FOR UPDATE TO public USING (id = ANY (ARRAY( SELECT h.incident_id FROM wangge.hand_over h WHERE ((h.organisation = (NULLIF(current_setting('wangge.organisation'::text, true), ''::text))::uuid) AND ((h.until IS NULL) OR (h.until > wangge.instant()))))))
  POLICY intake PERMISSIVE FOR INSERT TO public WITH CHECK (current_setting('wangge.role'::text, true) = 'intake'::text)
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  CREATE TRIGGER incident_changed_is_handed_over AFTER UPDATE ON wangge.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.keep_hand_over()
  CREATE TRIGGER incident_changed_is_noted AFTER UPDATE ON wangge.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.note_incident_change()
  CREATE TRIGGER incident_gone_is_noted AFTER DELETE ON wangge.incident REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.note_incident_change()
  CREATE TRIGGER incident_made_is_handed_over AFTER INSERT ON wangge.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.keep_hand_over()
  CREATE TRIGGER incident_made_is_noted AFTER INSERT ON wangge.incident REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wangge.note_incident_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON incident TO wangge_app

TABLE incident_change ROW SECURITY
  made_in bigint NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint
  at timestamp with time zone NOT NULL DEFAULT now()
  ids uuid[] NOT NULL
  CREATE INDEX idx_incident_change_made_in ON wangge.incident_change USING btree (made_in)
  POLICY housekeeping PERMISSIVE FOR ALL TO public USING wangge.keeps_house()
  GRANT DELETE, INSERT, SELECT, UPDATE ON incident_change TO wangge_app

TABLE incident_event ROW SECURITY
  incident_id uuid NOT NULL
  number integer NOT NULL
  path text COLLATE C NOT NULL
  kind text NOT NULL
  at timestamp with time zone NOT NULL
  account text NOT NULL
  state text NOT NULL
  payload_version smallint NOT NULL DEFAULT 1
  payload jsonb NOT NULL DEFAULT '{}'::jsonb
  CONSTRAINT incident_event_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES wangge.incident(id)
  CONSTRAINT incident_event_pkey PRIMARY KEY (incident_id, number)
  POLICY everything PERMISSIVE FOR SELECT TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  POLICY handed_appends PERMISSIVE FOR INSERT TO public WITH CHECK (incident_id = ANY (ARRAY( SELECT h.incident_id FROM wangge.hand_over h WHERE ((h.organisation = (NULLIF(current_setting('wangge.organisation'::text, true), ''::text))::uuid) AND ((h.until IS NULL) OR (h.until > wangge.instant()))))))
  POLICY intake PERMISSIVE FOR INSERT TO public WITH CHECK (current_setting('wangge.role'::text, true) = 'intake'::text)
  POLICY of_the_matter PERMISSIVE FOR SELECT TO public USING (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = incident_event.incident_id)))
  POLICY subtree PERMISSIVE FOR INSERT TO public WITH CHECK ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  CREATE TRIGGER incident_event_stays BEFORE DELETE OR UPDATE ON wangge.incident_event FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON incident_event TO wangge_app

TABLE incident_original ROW SECURITY
  incident_id uuid NOT NULL
  key_id text NOT NULL
  sealed bytea NOT NULL
  CONSTRAINT incident_original_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES wangge.incident(id)
  CONSTRAINT incident_original_key_has_its_month CHECK ((key_id ~ '^\d{4}-\d{2}-[0-9a-f]{8}$'::text))
  CONSTRAINT incident_original_pkey PRIMARY KEY (incident_id)
  POLICY intake PERMISSIVE FOR INSERT TO public WITH CHECK ((current_setting('wangge.role'::text, true) = 'intake'::text) OR (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = incident_original.incident_id))))
  POLICY reveal PERMISSIVE FOR SELECT TO public USING (wangge.reveals() AND wangge.logged('original.read'::text, incident_id) AND (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = incident_original.incident_id))))
  GRANT DELETE, INSERT, SELECT, UPDATE ON incident_original TO wangge_app

TABLE issued_code ROW SECURITY
  system text NOT NULL
  code text NOT NULL
  unit_id bigint NOT NULL
  issued_at timestamp with time zone NOT NULL DEFAULT now()
  CONSTRAINT issued_code_pkey PRIMARY KEY (system, code)
  CONSTRAINT issued_code_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR INSERT TO public WITH CHECK (EXISTS ( SELECT FROM wangge.unit_version u WHERE ((u.unit_id = issued_code.unit_id) AND upper_inf(u.valid) AND upper_inf(u.recorded) AND (u.path >= current_setting('wangge.path_from'::text, true)) AND (u.path < current_setting('wangge.path_to'::text, true)))))
  CREATE TRIGGER issued_code_stays BEFORE DELETE OR UPDATE ON wangge.issued_code FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON issued_code TO wangge_app

TABLE job_progress ROW SECURITY
  job_id bigint NOT NULL
  path text COLLATE C NOT NULL
  kind text NOT NULL
  account text NOT NULL
  done bigint NOT NULL DEFAULT 0
  total bigint
  message text NOT NULL DEFAULT ''::text
  asked_at timestamp with time zone NOT NULL
  started_at timestamp with time zone
  finished_at timestamp with time zone
  failed text
  cancel_asked boolean NOT NULL DEFAULT false
  organisation text NOT NULL DEFAULT ''::text
  role text NOT NULL DEFAULT 'system'::text
  CONSTRAINT job_progress_pkey PRIMARY KEY (job_id)
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON job_progress TO wangge_app

TABLE load ROW SECURITY
  id uuid NOT NULL
  kind text NOT NULL
  source text NOT NULL
  file_name text NOT NULL
  sha256 text NOT NULL
  options jsonb NOT NULL DEFAULT '{}'::jsonb
  at timestamp with time zone NOT NULL
  account text NOT NULL
  rows_read bigint NOT NULL
  rows_loaded bigint NOT NULL
  rows_unchanged bigint NOT NULL
  rows_rejected bigint NOT NULL
  CONSTRAINT load_adds_up CHECK ((rows_read = ((rows_loaded + rows_unchanged) + rows_rejected)))
  CONSTRAINT load_pkey PRIMARY KEY (id)
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  GRANT DELETE, INSERT, SELECT, UPDATE ON load TO wangge_app

TABLE owed_index ROW SECURITY
  definition text NOT NULL
  CONSTRAINT owed_index_pkey PRIMARY KEY (definition)
  GRANT DELETE, INSERT, SELECT, UPDATE ON owed_index TO wangge_app

TABLE photo ROW SECURITY
  incident_id uuid NOT NULL
  number smallint NOT NULL
  taken_in_at timestamp with time zone NOT NULL
  account text NOT NULL
  width integer NOT NULL
  height integer NOT NULL
  jpeg bytea NOT NULL
  version integer NOT NULL DEFAULT 1
  slot smallint
  CONSTRAINT photo_at_most_nine CHECK (((number >= 1) AND (number <= 9)))
  CONSTRAINT photo_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES wangge.incident(id)
  CONSTRAINT photo_is_small CHECK ((octet_length(jpeg) <= 4000000))
  CONSTRAINT photo_one_a_slot UNIQUE (incident_id, slot)
  CONSTRAINT photo_pkey PRIMARY KEY (incident_id, number)
  POLICY blur PERMISSIVE FOR UPDATE TO public USING (wangge.handles() AND (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = photo.incident_id))))
  POLICY handlers PERMISSIVE FOR SELECT TO public USING (wangge.handles() AND (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = photo.incident_id))))
  POLICY intake PERMISSIVE FOR INSERT TO public WITH CHECK ((current_setting('wangge.role'::text, true) = 'intake'::text) OR (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = photo.incident_id))))
  GRANT DELETE, INSERT, SELECT, UPDATE ON photo TO wangge_app

TABLE post ROW SECURITY
  id bigint NOT NULL IDENTITY
  unit_id bigint NOT NULL
  path text COLLATE C NOT NULL
  kind text NOT NULL
  office_phone text
  filled boolean NOT NULL
  valid tstzrange NOT NULL DEFAULT tstzrange(now(), NULL::timestamp with time zone)
  synthetic boolean NOT NULL DEFAULT false
  CONSTRAINT post_kind_known CHECK ((kind = ANY (ARRAY['grid_head'::text, 'grid_worker'::text, 'micro_grid_head'::text, 'police_officer'::text, 'judge'::text, 'prosecutor'::text])))
  CONSTRAINT post_pkey PRIMARY KEY (id)
  CONSTRAINT post_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  CREATE INDEX idx_post_path ON wangge.post USING btree (path)
  CREATE INDEX idx_post_unit_id ON wangge.post USING btree (unit_id)
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON post TO wangge_app

TABLE public_figure ROW SECURITY
  period text NOT NULL
  since timestamp with time zone NOT NULL
  until timestamp with time zone NOT NULL
  category text NOT NULL
  unit_id bigint NOT NULL
  path text COLLATE C NOT NULL
  incidents bigint NOT NULL
  finest boolean NOT NULL
  published_at timestamp with time zone NOT NULL
  CONSTRAINT public_figure_period_known CHECK ((period = ANY (ARRAY['week'::text, 'month'::text, 'year'::text])))
  CONSTRAINT public_figure_pkey PRIMARY KEY (period, since, category, unit_id)
  CONSTRAINT public_figure_tells_of_nobody CHECK (((incidents = 0) OR (incidents >= 5)))
  CONSTRAINT public_figure_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  POLICY housekeeping PERMISSIVE FOR INSERT TO public WITH CHECK wangge.keeps_house()
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  CREATE TRIGGER public_figure_stays BEFORE DELETE OR UPDATE ON wangge.public_figure FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON public_figure TO wangge_app

TABLE quarantine ROW SECURITY
  load_id uuid NOT NULL
  at timestamp with time zone NOT NULL
  suspected text NOT NULL
  evidence jsonb NOT NULL
  CONSTRAINT quarantine_load_id_fkey FOREIGN KEY (load_id) REFERENCES wangge.load(id)
  CONSTRAINT quarantine_pkey PRIMARY KEY (load_id)
  CONSTRAINT quarantine_suspects_a_system CHECK ((suspected = 'gcj02'::text))
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  CREATE TRIGGER quarantine_stays BEFORE DELETE OR UPDATE ON wangge.quarantine FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON quarantine TO wangge_app

TABLE recut ROW SECURITY
  id bigint NOT NULL IDENTITY
  at timestamp with time zone NOT NULL
  account text NOT NULL
  kind text NOT NULL
  name text NOT NULL
  edition_valid timestamp with time zone
  edition_recorded timestamp with time zone
  digest text NOT NULL
  CONSTRAINT recut_edition_has_its_key CHECK ((((kind = 'edition'::text) = (edition_valid IS NOT NULL)) AND ((kind = 'edition'::text) = (edition_recorded IS NOT NULL))))
  CONSTRAINT recut_kind_known CHECK ((kind = ANY (ARRAY['edition'::text, 'file'::text])))
  CONSTRAINT recut_pkey PRIMARY KEY (id)
  POLICY housekeeping PERMISSIVE FOR ALL TO public USING wangge.keeps_house()
  POLICY signed_in PERMISSIVE FOR SELECT TO public USING (current_setting('wangge.role'::text, true) = ANY (ARRAY['patrol'::text, 'grid_worker'::text, 'dispatcher'::text, 'department_handler'::text, 'planner'::text, 'approver'::text, 'auditor'::text, 'admin'::text]))
  GRANT DELETE, INSERT, SELECT, UPDATE ON recut TO wangge_app

TABLE recut_incident ROW SECURITY
  recut_id bigint NOT NULL
  incident_id uuid NOT NULL
  number integer
  located text NOT NULL
  was_unit_id bigint NOT NULL
  moved boolean NOT NULL
  CONSTRAINT recut_incident_located_known CHECK ((located = ANY (ARRAY['inside'::text, 'edge'::text, 'outside'::text])))
  CONSTRAINT recut_incident_outside_has_no_unit CHECK (((number IS NULL) = (located = 'outside'::text)))
  CONSTRAINT recut_incident_pkey PRIMARY KEY (recut_id, incident_id)
  POLICY housekeeping PERMISSIVE FOR ALL TO public USING wangge.keeps_house()
  POLICY of_the_matter PERMISSIVE FOR SELECT TO public USING (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = recut_incident.incident_id)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON recut_incident TO wangge_app

TABLE recut_unit ROW SECURITY
  recut_id bigint NOT NULL
  number integer NOT NULL
  unit_id bigint
  code text NOT NULL
  name text NOT NULL
  CONSTRAINT recut_unit_one_code UNIQUE (recut_id, code)
  CONSTRAINT recut_unit_pkey PRIMARY KEY (recut_id, number)
  CONSTRAINT recut_unit_recut_id_fkey FOREIGN KEY (recut_id) REFERENCES wangge.recut(id) ON DELETE CASCADE
  CONSTRAINT recut_unit_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  POLICY housekeeping PERMISSIVE FOR ALL TO public USING wangge.keeps_house()
  POLICY signed_in PERMISSIVE FOR SELECT TO public USING (current_setting('wangge.role'::text, true) = ANY (ARRAY['patrol'::text, 'grid_worker'::text, 'dispatcher'::text, 'department_handler'::text, 'planner'::text, 'approver'::text, 'auditor'::text, 'admin'::text]))
  GRANT DELETE, INSERT, SELECT, UPDATE ON recut_unit TO wangge_app

TABLE reporter ROW SECURITY
  incident_id uuid NOT NULL
  key_id text NOT NULL
  sealed bytea NOT NULL
  CONSTRAINT reporter_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES wangge.incident(id)
  CONSTRAINT reporter_key_has_its_month CHECK ((key_id ~ '^\d{4}-\d{2}-[0-9a-f]{8}$'::text))
  CONSTRAINT reporter_pkey PRIMARY KEY (incident_id)
  POLICY intake PERMISSIVE FOR INSERT TO public WITH CHECK ((current_setting('wangge.role'::text, true) = 'intake'::text) OR (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = reporter.incident_id))))
  POLICY reveal PERMISSIVE FOR SELECT TO public USING (wangge.reveals() AND wangge.logged('reporter.revealed'::text, incident_id) AND (EXISTS ( SELECT FROM wangge.incident i WHERE (i.id = reporter.incident_id))))
  GRANT DELETE, INSERT, SELECT, UPDATE ON reporter TO wangge_app

TABLE route ROW SECURITY
  id uuid NOT NULL
  code text NOT NULL
  path text COLLATE C NOT NULL
  team_id uuid
  name text NOT NULL
  shift text NOT NULL DEFAULT 'day'::text
  length_m real NOT NULL
  geom geometry(LineString,4326) NOT NULL
  source text NOT NULL
  synthetic boolean NOT NULL DEFAULT false
  version integer NOT NULL DEFAULT 1
  CONSTRAINT route_code_key UNIQUE (code)
  CONSTRAINT route_has_length CHECK ((length_m > (0)::double precision))
  CONSTRAINT route_pkey PRIMARY KEY (id)
  CONSTRAINT route_shift_known CHECK ((shift = ANY (ARRAY['day'::text, 'evening'::text, 'night'::text, 'all'::text])))
  CONSTRAINT route_team_id_fkey FOREIGN KEY (team_id) REFERENCES wangge.team(id)
  CREATE INDEX idx_route_geom ON wangge.route USING gist (geom)
  CREATE INDEX idx_route_path ON wangge.route USING btree (path)
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON route TO wangge_app

TABLE sign_in_flow ROW SECURITY
  sha256 bytea NOT NULL
  provider_id bigint NOT NULL
  leads_to text NOT NULL
  expires_at timestamp with time zone NOT NULL
  CONSTRAINT sign_in_flow_is_a_sha256 CHECK ((octet_length(sha256) = 32))
  CONSTRAINT sign_in_flow_pkey PRIMARY KEY (sha256)
  CONSTRAINT sign_in_flow_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES wangge.identity_provider(id) ON DELETE CASCADE
  CREATE INDEX idx_sign_in_flow_expires_at ON wangge.sign_in_flow USING btree (expires_at)
  POLICY housekeeping PERMISSIVE FOR ALL TO public USING wangge.keeps_house()
  POLICY sign_in PERMISSIVE FOR ALL TO public USING (current_setting('wangge.role'::text, true) = 'sign_in'::text)
  GRANT DELETE, INSERT, SELECT, UPDATE ON sign_in_flow TO wangge_app

TABLE station ROW SECURITY
  id uuid NOT NULL
  code text NOT NULL
  path text COLLATE C NOT NULL
  kind text NOT NULL
  name text NOT NULL
  address text
  phone text
  geom geometry(Point,4326) NOT NULL
  source text NOT NULL
  synthetic boolean NOT NULL DEFAULT false
  version integer NOT NULL DEFAULT 1
  CONSTRAINT station_code_key UNIQUE (code)
  CONSTRAINT station_pkey PRIMARY KEY (id)
  CREATE INDEX idx_station_geom ON wangge.station USING gist (geom)
  CREATE INDEX idx_station_path ON wangge.station USING btree (path)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON station TO wangge_app

TABLE street ROW SECURITY
  id bigint NOT NULL IDENTITY
  code text NOT NULL
  name text
  class text NOT NULL
  oneway boolean NOT NULL DEFAULT false
  from_node bigint
  to_node bigint
  length_m real NOT NULL
  geom geometry(LineString,4326) NOT NULL
  source text NOT NULL
  synthetic boolean NOT NULL DEFAULT false
  CONSTRAINT street_code_key UNIQUE (code)
  CONSTRAINT street_has_length CHECK ((length_m > (0)::double precision))
  CONSTRAINT street_pkey PRIMARY KEY (id)
  CREATE INDEX idx_street_from_node ON wangge.street USING btree (from_node)
  CREATE INDEX idx_street_geom ON wangge.street USING gist (geom)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  GRANT DELETE, INSERT, SELECT, UPDATE ON street TO wangge_app

TABLE team ROW SECURITY
  id uuid NOT NULL
  code text NOT NULL
  path text COLLATE C NOT NULL
  kind text NOT NULL
  name text NOT NULL
  station_id uuid
  skills text[] NOT NULL DEFAULT '{}'::text[]
  shift text NOT NULL DEFAULT 'day'::text
  members integer NOT NULL DEFAULT 0
  capacity_per_day integer NOT NULL DEFAULT 10
  phone text
  active boolean NOT NULL DEFAULT true
  source text NOT NULL
  synthetic boolean NOT NULL DEFAULT false
  version integer NOT NULL DEFAULT 1
  CONSTRAINT team_capacity_counted CHECK ((capacity_per_day >= 0))
  CONSTRAINT team_code_key UNIQUE (code)
  CONSTRAINT team_kind_known CHECK ((kind = ANY (ARRAY['volunteer'::text, 'patrol'::text, 'mediation'::text, 'property_company'::text, 'duty_desk'::text])))
  CONSTRAINT team_members_counted CHECK ((members >= 0))
  CONSTRAINT team_pkey PRIMARY KEY (id)
  CONSTRAINT team_shift_known CHECK ((shift = ANY (ARRAY['day'::text, 'evening'::text, 'night'::text, 'all'::text])))
  CONSTRAINT team_station_id_fkey FOREIGN KEY (station_id) REFERENCES wangge.station(id)
  CREATE INDEX idx_team_path ON wangge.team USING btree (path)
  CREATE INDEX idx_team_station_id ON wangge.team USING btree (station_id)
  POLICY subtree PERMISSIVE FOR ALL TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  GRANT DELETE, INSERT, SELECT, UPDATE ON team TO wangge_app

TABLE unit ROW SECURITY
  id bigint NOT NULL IDENTITY
  layer text NOT NULL DEFAULT 'base'::text
  made_at timestamp with time zone NOT NULL DEFAULT now()
  CONSTRAINT unit_id_positive CHECK ((id > 0))
  CONSTRAINT unit_pkey PRIMARY KEY (id)
  POLICY made PERMISSIVE FOR INSERT TO public WITH CHECK wangge.entered()
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  CREATE TRIGGER unit_stays BEFORE DELETE OR UPDATE ON wangge.unit FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON unit TO wangge_app

TABLE unit_alias ROW SECURITY
  id bigint NOT NULL IDENTITY
  unit_id bigint NOT NULL
  system text NOT NULL
  code text
  name text
  note text
  valid tstzrange NOT NULL DEFAULT tstzrange(now(), NULL::timestamp with time zone)
  CONSTRAINT unit_alias_pkey PRIMARY KEY (id)
  CONSTRAINT unit_alias_says_something CHECK (((code IS NOT NULL) OR (name IS NOT NULL) OR (note IS NOT NULL)))
  CONSTRAINT unit_alias_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  CREATE INDEX idx_unit_alias_unit_id ON wangge.unit_alias USING btree (unit_id)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR ALL TO public USING (EXISTS ( SELECT FROM wangge.unit_version u WHERE ((u.unit_id = unit_alias.unit_id) AND upper_inf(u.valid) AND upper_inf(u.recorded) AND (u.path >= current_setting('wangge.path_from'::text, true)) AND (u.path < current_setting('wangge.path_to'::text, true)))))
  GRANT DELETE, INSERT, SELECT, UPDATE ON unit_alias TO wangge_app

TABLE unit_lineage ROW SECURITY
  successor_id bigint NOT NULL
  predecessor_id bigint NOT NULL
  at timestamp with time zone NOT NULL
  area_share real NOT NULL
  household_share real
  incident_share real
  CONSTRAINT unit_lineage_area_share_is_a_share CHECK (((area_share > (0)::double precision) AND (area_share <= (1)::double precision)))
  CONSTRAINT unit_lineage_household_share_is_a_share CHECK (((household_share >= (0)::double precision) AND (household_share <= (1)::double precision)))
  CONSTRAINT unit_lineage_incident_share_is_a_share CHECK (((incident_share >= (0)::double precision) AND (incident_share <= (1)::double precision)))
  CONSTRAINT unit_lineage_pkey PRIMARY KEY (successor_id, predecessor_id, at)
  CONSTRAINT unit_lineage_predecessor_id_fkey FOREIGN KEY (predecessor_id) REFERENCES wangge.unit(id)
  CONSTRAINT unit_lineage_successor_id_fkey FOREIGN KEY (successor_id) REFERENCES wangge.unit(id)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR INSERT TO public WITH CHECK (EXISTS ( SELECT FROM wangge.unit_version u WHERE ((u.unit_id = unit_lineage.successor_id) AND upper_inf(u.valid) AND upper_inf(u.recorded) AND (u.path >= current_setting('wangge.path_from'::text, true)) AND (u.path < current_setting('wangge.path_to'::text, true)))))
  CREATE TRIGGER unit_lineage_stays BEFORE DELETE OR UPDATE ON wangge.unit_lineage FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON unit_lineage TO wangge_app

TABLE unit_version ROW SECURITY
  id bigint NOT NULL IDENTITY
  unit_id bigint NOT NULL
  parent_id bigint
  layer text NOT NULL DEFAULT 'base'::text
  level text NOT NULL
  code text NOT NULL
  path text COLLATE C NOT NULL
  name text NOT NULL
  name_mn text
  name_en text
  kind text
  geom geometry(MultiPolygon,4326) NOT NULL
  derived boolean NOT NULL
  households integer
  synthetic boolean NOT NULL DEFAULT false
  attributes jsonb NOT NULL DEFAULT '{}'::jsonb
  valid tstzrange NOT NULL
  recorded tstzrange NOT NULL
  CONSTRAINT unit_version_households_counted CHECK ((households >= 0))
  CONSTRAINT unit_version_level_known CHECK ((level = ANY (ARRAY['league'::text, 'banner'::text, 'township'::text, 'community'::text, 'grid'::text, 'micro_grid'::text])))
  CONSTRAINT unit_version_on_earth CHECK (((st_xmin((geom)::box3d) >= ('-180'::integer)::double precision) AND (st_xmax((geom)::box3d) <= (180)::double precision) AND (st_ymin((geom)::box3d) >= ('-90'::integer)::double precision) AND (st_ymax((geom)::box3d) <= (90)::double precision)))
  CONSTRAINT unit_version_one_at_a_time EXCLUDE USING gist (unit_id WITH =, valid WITH &&, recorded WITH &&)
  CONSTRAINT unit_version_one_code EXCLUDE USING gist (layer WITH =, code WITH =, valid WITH &&, recorded WITH &&)
  CONSTRAINT unit_version_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES wangge.unit(id)
  CONSTRAINT unit_version_path_ends_in_unit CHECK (((path ~ '^([0-9]+\.)+$'::text) AND (path ~ (('(^|\.)'::text || unit_id) || '\.$'::text))))
  CONSTRAINT unit_version_pkey PRIMARY KEY (id)
  CONSTRAINT unit_version_ranges_hold CHECK (((NOT isempty(valid)) AND (NOT isempty(recorded))))
  CONSTRAINT unit_version_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES wangge.unit(id)
  CREATE INDEX idx_unit_version_geom ON wangge.unit_version USING gist (geom)
  CREATE INDEX idx_unit_version_path ON wangge.unit_version USING btree (path)
  CREATE INDEX idx_unit_version_unit_id ON wangge.unit_version USING btree (unit_id)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY subtree PERMISSIVE FOR INSERT TO public WITH CHECK ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  POLICY subtree_closes PERMISSIVE FOR UPDATE TO public USING ((path >= current_setting('wangge.path_from'::text, true)) AND (path < current_setting('wangge.path_to'::text, true)))
  CREATE TRIGGER unit_version_makes_edition AFTER INSERT ON wangge.unit_version REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION wangge.edition_of_units()
  CREATE TRIGGER unit_version_only_closes BEFORE UPDATE ON wangge.unit_version FOR EACH ROW EXECUTE FUNCTION wangge.unit_version_only_closes()
  CREATE TRIGGER unit_version_stays BEFORE DELETE ON wangge.unit_version FOR EACH STATEMENT EXECUTE FUNCTION wangge.refuse_change()
  GRANT DELETE, INSERT, SELECT, UPDATE ON unit_version TO wangge_app

TABLE water ROW SECURITY
  id bigint NOT NULL IDENTITY
  code text NOT NULL
  name text
  name_en text
  kind text NOT NULL
  geom geometry(Geometry,4326) NOT NULL
  source text NOT NULL
  synthetic boolean NOT NULL DEFAULT false
  CONSTRAINT water_code_key UNIQUE (code)
  CONSTRAINT water_is_areas_or_lines CHECK ((geometrytype(geom) = ANY (ARRAY['MULTIPOLYGON'::text, 'MULTILINESTRING'::text])))
  CONSTRAINT water_pkey PRIMARY KEY (id)
  CREATE INDEX idx_water_geom ON wangge.water USING gist (geom)
  POLICY published PERMISSIVE FOR SELECT TO public USING wangge.entered()
  POLICY whole PERMISSIVE FOR ALL TO public USING ((current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())
  GRANT DELETE, INSERT, SELECT, UPDATE ON water TO wangge_app
  GRANT USAGE ON account_grant_id_seq TO wangge_app
  GRANT USAGE ON account_id_seq TO wangge_app
  GRANT USAGE ON assignment_run_id_seq TO wangge_app
  GRANT USAGE ON audit_entry_id TO wangge_app
  GRANT USAGE ON block_id_seq TO wangge_app
  GRANT USAGE ON building_id_seq TO wangge_app
  GRANT USAGE ON credential_id_seq TO wangge_app
  GRANT USAGE ON entrance_id_seq TO wangge_app
  GRANT USAGE ON feed_id_seq TO wangge_app
  GRANT USAGE ON identity_provider_id_seq TO wangge_app
  GRANT USAGE ON post_id_seq TO wangge_app
  GRANT USAGE ON recut_id_seq TO wangge_app
  GRANT USAGE ON street_id_seq TO wangge_app
  GRANT USAGE ON unit_alias_id_seq TO wangge_app
  GRANT USAGE ON unit_id_seq TO wangge_app
  GRANT USAGE ON unit_version_id_seq TO wangge_app
  GRANT USAGE ON water_id_seq TO wangge_app

CREATE OR REPLACE FUNCTION wangge.answering_team(unit_ids bigint[], at timestamp with time zone)
 RETURNS TABLE(id uuid, code text, kind text, name text, unit_id bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'wangge', 'public', 'pg_temp'
AS $function$
  SELECT t.id, t.code, t.kind, t.name, d.unit_id
  FROM default_team AS d INNER JOIN team AS t ON d.team_id = t.id
  WHERE d.category = '' AND d.unit_id = any(unit_ids) AND d.valid @> at
  ORDER BY array_position(unit_ids, d.unit_id) DESC
  LIMIT 1
$function$

-- granted: {wangge_owner=X/wangge_owner,wangge_app=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.edition_of_teams()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'public', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO edition (valid, recorded, what)
  SELECT coalesce(lower(valid), '1000-01-01Z'), instant(), 'teams' FROM changed
  UNION
  SELECT upper(valid), instant(), 'teams' FROM changed WHERE NOT upper_inf(valid)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$function$

-- granted: {wangge_owner=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.edition_of_units()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'public', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO edition (valid, recorded, what)
  SELECT coalesce(upper(n.valid), lower(n.valid), '1000-01-01Z'), lower(n.recorded), 'units' FROM made AS n
  UNION
  SELECT coalesce(lower(n.valid), '1000-01-01Z'), lower(n.recorded), 'units' FROM made AS n
  WHERE
    NOT upper_inf(n.valid)
    AND NOT EXISTS (
      SELECT FROM unit_version AS o
      WHERE
        o.unit_id = n.unit_id AND upper(o.recorded) = lower(n.recorded)
        AND lower(o.valid) IS NOT DISTINCT FROM lower(n.valid)
    )
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$function$

-- granted: {wangge_owner=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.entered()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (COALESCE(current_setting('wangge.path_to'::text, true), ''::text) <> ''::text)


CREATE OR REPLACE FUNCTION wangge.handles()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (COALESCE(current_setting('wangge.role'::text, true), ''::text) = ANY (ARRAY['patrol'::text, 'grid_worker'::text, 'dispatcher'::text, 'department_handler'::text]))


CREATE OR REPLACE FUNCTION wangge.instant()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN COALESCE((NULLIF(current_setting('wangge.now'::text, true), ''::text))::timestamp with time zone, now())


CREATE OR REPLACE FUNCTION wangge.keep_hand_over()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'public', 'pg_temp'
AS $function$
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
$function$

-- granted: {wangge_owner=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.keeps_house()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN ((COALESCE(current_setting('wangge.role'::text, true), ''::text) = 'system'::text) AND (current_setting('wangge.path_from'::text, true) = ''::text) AND wangge.entered())


CREATE OR REPLACE FUNCTION wangge.logged(what text, incident uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'wangge', 'pg_temp'
RETURN (EXISTS (SELECT FROM wangge.audit_entry WHERE ((audit_entry.written_in = (pg_current_xact_id_if_assigned())::text) AND (audit_entry.kind = logged.what) AND (audit_entry.subject = (logged.incident)::text) AND (audit_entry.at = wangge.instant()) AND (audit_entry.account = current_setting('wangge.account'::text)) AND ((audit_entry.reason <> ''::text) OR (logged.what <> 'reporter.revealed'::text)))))

-- granted: {wangge_owner=X/wangge_owner,wangge_app=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.note_hand_over_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO incident_change (ids)
  SELECT array_agg(numbered.incident_id)
  FROM (SELECT c.incident_id, (row_number() OVER () - 1) / 10000 AS part FROM changed AS c) AS numbered
  GROUP BY numbered.part;
  RETURN NULL;
END
$function$

-- granted: {wangge_owner=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.note_incident_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO incident_change (ids)
  SELECT array_agg(numbered.id)
  FROM (SELECT c.id, (row_number() OVER () - 1) / 10000 AS part FROM changed AS c) AS numbered
  GROUP BY numbered.part;
  RETURN NULL;
END
$function$

-- granted: {wangge_owner=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.purge_sealed(month text)
 RETURNS TABLE(contacts bigint, originals bigint, photos bigint, of_open_matters bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'pg_temp'
AS $function$
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
$function$

-- granted: {wangge_owner=X/wangge_owner,wangge_app=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$function$


CREATE OR REPLACE FUNCTION wangge.reveals()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (COALESCE(current_setting('wangge.role'::text, true), ''::text) = ANY (ARRAY['dispatcher'::text, 'department_handler'::text]))


CREATE OR REPLACE FUNCTION wangge.settle_incident(matter uuid, chosen bigint, chosen_path text, chosen_team uuid, why bigint, rule text, team_unit bigint, untaken text[], said jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'public', 'pg_temp'
AS $function$
DECLARE
  low text := current_setting('wangge.path_from', true);
  high text := current_setting('wangge.path_to', true);
  was incident;
  made incident;
  last assignment;
BEGIN
  SELECT * INTO was FROM incident WHERE id = matter FOR UPDATE;
  SELECT a.* INTO last FROM assignment AS a WHERE a.incident_id = matter ORDER BY a.run_id DESC LIMIT 1;
  IF was.id IS NULL OR NOT entered() OR was.path < low OR was.path >= high THEN
    RAISE EXCEPTION 'a matter is settled by its own scope' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NOT (chosen_path >= low AND chosen_path < high) AND chosen <> all(last.candidates) THEN
    RAISE EXCEPTION 'a unit of another scope must be a candidate' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NOT EXISTS (
    SELECT FROM unit_version AS v
    WHERE
      v.unit_id = chosen AND v.path = chosen_path AND v.layer = 'base' AND (NOT v.derived OR v.parent_id IS NULL)
      AND v.valid @> instant() AND v.recorded @> instant()
  ) THEN
    RAISE EXCEPTION 'there is no such micro-grid' USING ERRCODE = 'foreign_key_violation';
  END IF;
  UPDATE incident AS i SET
    path = chosen_path,
    unit_id = chosen,
    located = 'settled',
    doubts = '{}',
    team_id = CASE WHEN i.state = any(untaken) THEN chosen_team ELSE i.team_id END,
    version = i.version + 1
  WHERE i.id = matter
  RETURNING i.* INTO made;
  INSERT INTO incident_event (incident_id, number, path, kind, at, account, state, payload)
  VALUES (
    matter, made.version, made.path, 'settled', instant(), current_setting('wangge.account'), made.state,
    said || jsonb_build_object('from_unit_id', was.unit_id, 'unit_id', chosen, 'doubts', to_jsonb(was.doubts))
  );
  INSERT INTO assignment (
    incident_id, run_id, path, unit_id, owner_rule, candidates, shares, team_id, team_rule, team_unit_id
  )
  VALUES (
    matter, why, made.path, chosen, 'settled_by_dispatcher', last.candidates, last.shares, chosen_team, rule, team_unit
  );
  RETURN made.version;
END
$function$

-- granted: {wangge_owner=X/wangge_owner,wangge_app=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.stamp_audit_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$


CREATE OR REPLACE FUNCTION wangge.take_photo(incident uuid, place smallint, wide integer, high integer, picture bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'pg_temp'
AS $function$
DECLARE
  free smallint;
BEGIN
  IF current_setting('wangge.role', true) IS DISTINCT FROM 'intake' THEN
    RAISE EXCEPTION 'photographs of a report are taken in at its intake' USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('wangge.photo' || incident::text));
  IF EXISTS (SELECT FROM photo WHERE incident_id = incident AND slot = place) THEN
    RETURN true;
  END IF;
  SELECT coalesce(max(number), 0) + 1 INTO free FROM photo WHERE incident_id = incident;
  IF free > 9 THEN
    RETURN false;
  END IF;
  INSERT INTO photo (incident_id, number, taken_in_at, account, width, height, jpeg, slot)
  VALUES (incident, free, instant(), current_setting('wangge.account'), wide, high, picture, place);
  RETURN true;
END
$function$

-- granted: {wangge_owner=X/wangge_owner,wangge_app=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.team_called(team_id uuid)
 RETURNS TABLE(code text, name text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'wangge', 'public', 'pg_temp'
AS $function$
  SELECT t.code, t.name FROM team AS t WHERE t.id = team_id
$function$

-- granted: {wangge_owner=X/wangge_owner,wangge_app=X/wangge_owner}

CREATE OR REPLACE FUNCTION wangge.unit_version_only_closes()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF upper_inf(OLD.recorded) AND NOT upper_inf(NEW.recorded) AND lower(NEW.recorded) = lower(OLD.recorded) THEN
    OLD.recorded = NEW.recorded;
    IF OLD IS NOT DISTINCT FROM NEW THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'a unit version may only have its recorded range closed' USING ERRCODE = 'restrict_violation';
END
$function$


CREATE OR REPLACE FUNCTION wangge.validate_keys(of_table text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'wangge', 'public', 'pg_temp'
AS $function$
DECLARE
  reference name;
BEGIN
  IF NOT keeps_house() THEN
    RAISE EXCEPTION 'only the service itself validates keys' USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOR reference IN
    SELECT conname FROM pg_constraint
    WHERE conrelid = of_table::regclass AND connamespace = 'wangge'::regnamespace AND contype = 'f' AND NOT convalidated
  LOOP
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', of_table::regclass, reference);
  END LOOP;
END
$function$

-- granted: {wangge_owner=X/wangge_owner,wangge_app=X/wangge_owner}
SCHEMA jobs GRANTED {wangge_owner=UC/wangge_owner,wangge_app=U/wangge_owner}
SCHEMA wangge GRANTED {wangge_owner=UC/wangge_owner,wangge_app=U/wangge_owner}
