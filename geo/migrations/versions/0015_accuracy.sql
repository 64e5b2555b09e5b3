-- What is uncertain about a place, who settled it, files that were kept out, and history that goes where a matter goes.

-- Why somebody should look at the place of a matter: its disc of uncertainty lies in several units, it lies far from
-- the building that it names, or it has the offset of GCJ-02.
ALTER TABLE incident
ADD COLUMN doubts text[] NOT NULL DEFAULT '{}',
ADD COLUMN ambiguous boolean NOT NULL GENERATED ALWAYS AS (cardinality(doubts) > 0) STORED,
ADD CONSTRAINT incident_doubts_known CHECK (doubts <@ ARRAY['accuracy', 'far_from_building', 'gcj02']),
-- `settled`: a dispatcher chose the owner, which stays while the unit does.
DROP CONSTRAINT incident_located_known,
ADD CONSTRAINT incident_located_known CHECK (located IN ('inside', 'edge', 'building', 'outside', 'settled'));
CREATE INDEX idx_incident_ambiguous ON incident (path, received_at) WHERE ambiguous;

-- The share of the disc of uncertainty in each candidate; what lies outside of all is the root's. None without a disc.
ALTER TABLE assignment
ADD COLUMN shares real[],
ADD CONSTRAINT assignment_shares_are_of_candidates
CHECK (shares IS NULL OR cardinality(shares) = cardinality(candidates));

ALTER TABLE assignment_run
DROP CONSTRAINT assignment_run_reason_known,
ADD CONSTRAINT assignment_run_reason_known
CHECK (reason IN ('reported', 'loaded', 'asked', 'edition_changed', 'settled'));

-- What a unit was, is and will be, by its id: names of matters' units, and the rule of the settled owner.
CREATE INDEX idx_unit_version_unit_id ON unit_version (unit_id);

-- A building by what reports say of it.
CREATE INDEX idx_building_address ON building (address);

-- A load whose coordinates are not what was declared: its rows are with the rejects, and this is why.
CREATE TABLE quarantine (
  load_id uuid PRIMARY KEY REFERENCES load,
  at timestamptz NOT NULL,
  suspected text NOT NULL,
  evidence jsonb NOT NULL,
  CONSTRAINT quarantine_suspects_a_system CHECK (suspected IN ('gcj02'))
);
CREATE TRIGGER quarantine_stays BEFORE UPDATE OR DELETE ON quarantine
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY whole ON quarantine FOR ALL USING (current_setting('wangge.path_from', true) = '' AND entered());

-- Who sees a matter sees all its history, and nobody else any of it: what was written under the path of a unit that had
-- it before goes with the matter. The matter's own policies answer, by its primary key.
DROP POLICY subtree ON incident_event;
DROP POLICY handed ON incident_event;
CREATE POLICY subtree ON incident_event FOR INSERT WITH CHECK (
  path >= current_setting('wangge.path_from', true) AND path < current_setting('wangge.path_to', true)
);
CREATE POLICY everything ON incident_event FOR SELECT USING (
  current_setting('wangge.path_from', true) = '' AND entered()
);
CREATE POLICY of_the_matter ON incident_event FOR SELECT USING (
  EXISTS (SELECT FROM incident AS i WHERE i.id = incident_event.incident_id)
);
DROP POLICY subtree ON assignment;
DROP POLICY handed ON assignment;
CREATE POLICY subtree ON assignment FOR INSERT WITH CHECK (
  path >= current_setting('wangge.path_from', true) AND path < current_setting('wangge.path_to', true)
);
CREATE POLICY everything ON assignment FOR SELECT USING (
  current_setting('wangge.path_from', true) = '' AND entered()
);
CREATE POLICY of_the_matter ON assignment FOR SELECT USING (
  EXISTS (SELECT FROM incident AS i WHERE i.id = assignment.incident_id)
);

-- A dispatcher settles whose a matter is: one of the candidates, even beyond the scope, or a unit of the scope.
-- What leaves the scope cannot be written by a session of that scope, hence this. It returns the new version.
CREATE FUNCTION wangge.settle_incident(
  matter uuid, chosen bigint, chosen_path text, chosen_team uuid, why bigint, rule text, team_unit bigint,
  untaken text[], said jsonb
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION wangge.settle_incident(uuid, bigint, text, uuid, bigint, text, bigint, text[], jsonb)
FROM public;
GRANT EXECUTE ON FUNCTION wangge.settle_incident(uuid, bigint, text, uuid, bigint, text, bigint, text[], jsonb)
TO wangge_app;

-- The stream of the unit that wins or loses a settled matter hears of it, whoever settled it.
CREATE POLICY settled ON feed FOR INSERT WITH CHECK (kind = 'incident.settled');
