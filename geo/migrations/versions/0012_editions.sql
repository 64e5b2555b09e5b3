-- Editions: from when on something else is in force, and since when that is known; lineage; and who moved a matter why.

-- A row for each instant from which other units or other default teams are in force, with when it was recorded. What is
-- in force at v as known at k is what all rows with valid <= v and recorded <= k made; the greatest of both instants
-- among them are its key, and no other pair has that key (docs/decisions/0008).
CREATE TABLE edition (
  valid timestamptz NOT NULL,
  recorded timestamptz NOT NULL,
  what text NOT NULL,
  PRIMARY KEY (valid, recorded, what),
  CONSTRAINT edition_of_units_or_teams CHECK (what IN ('units', 'teams'))
);
CREATE TRIGGER edition_stays BEFORE UPDATE OR DELETE ON edition
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Nobody writes here but the triggers below.
ALTER TABLE edition ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON edition FOR SELECT USING (entered());
REVOKE INSERT ON edition FROM wangge_app;

-- A version without an end is news from its beginning, one with an end from its end. A beginning that was known before,
-- of a version that was closed in the same transaction to end it, is none: else each publication for a later instant
-- would be a new edition of today.
CREATE FUNCTION wangge.edition_of_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION edition_of_units() FROM public;
CREATE TRIGGER unit_version_makes_edition AFTER INSERT ON unit_version
REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION edition_of_units();

-- Who answers by default changes with the beginning and the end of each row written, and at once where it is in force.
CREATE FUNCTION wangge.edition_of_teams() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
  INSERT INTO edition (valid, recorded, what)
  SELECT coalesce(lower(valid), '1000-01-01Z'), instant(), 'teams' FROM changed
  UNION
  SELECT upper(valid), instant(), 'teams' FROM changed WHERE NOT upper_inf(valid)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION edition_of_teams() FROM public;
CREATE TRIGGER default_team_makes_edition AFTER INSERT ON default_team
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION edition_of_teams();
CREATE TRIGGER default_team_renews_edition AFTER UPDATE ON default_team
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION edition_of_teams();
CREATE TRIGGER default_team_leaves_edition AFTER UPDATE ON default_team
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION edition_of_teams();
CREATE TRIGGER default_team_ends_edition AFTER DELETE ON default_team
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION edition_of_teams();

-- What stands already.
INSERT INTO edition (valid, recorded, what)
SELECT coalesce(lower(valid), '1000-01-01Z'), lower(recorded), 'units' FROM unit_version
UNION
SELECT upper(valid), lower(recorded), 'units' FROM unit_version WHERE NOT upper_inf(valid)
UNION
SELECT coalesce(lower(valid), '1000-01-01Z'), least(coalesce(lower(valid), '1000-01-01Z'), now()), 'teams'
FROM default_team
UNION
SELECT upper(valid), least(coalesce(lower(valid), '1000-01-01Z'), now()), 'teams' FROM default_team
WHERE NOT upper_inf(valid);

-- Editions after which nothing is left to be done: open matters and places went to the units as they are.
CREATE TABLE activation (
  valid timestamptz NOT NULL,
  recorded timestamptz NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (valid, recorded)
);
CREATE TRIGGER activation_stays BEFORE UPDATE OR DELETE ON activation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE activation ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON activation FOR SELECT USING (entered());
CREATE POLICY housekeeping ON activation FOR INSERT WITH CHECK (keeps_house());

-- Why a run of the assigner was made: a report, a load, an order to assign everything again, another edition.
ALTER TABLE assignment_run
ADD COLUMN reason text NOT NULL DEFAULT 'reported',
ADD CONSTRAINT assignment_run_reason_known
CHECK (reason IN ('reported', 'loaded', 'asked', 'edition_changed'));

-- How much of a predecessor went to a successor, of its area, households, and matters of the year before: what it had
-- none of has no share. A unit that is redrawn more than once has a row for each time.
ALTER TABLE unit_lineage
RENAME COLUMN share TO area_share;
ALTER TABLE unit_lineage
RENAME CONSTRAINT unit_lineage_share_is_a_share TO unit_lineage_area_share_is_a_share;
ALTER TABLE unit_lineage
ADD COLUMN household_share real,
ADD COLUMN incident_share real,
ADD CONSTRAINT unit_lineage_household_share_is_a_share CHECK (household_share BETWEEN 0 AND 1),
ADD CONSTRAINT unit_lineage_incident_share_is_a_share CHECK (incident_share BETWEEN 0 AND 1),
DROP CONSTRAINT unit_lineage_pkey,
ADD PRIMARY KEY (successor_id, predecessor_id, at);
