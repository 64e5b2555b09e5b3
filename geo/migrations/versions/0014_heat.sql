-- What memory follows the matters by, and the finished figures of the public heat.

-- Which matters a transaction made, changed or took away, or handed over: at most 10,000 to a row. Whoever remembers
-- the snapshot of the last look finds what was committed since, in whatever order transactions end.
CREATE TABLE incident_change (
  -- The full number of the transaction.
  made_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  at timestamptz NOT NULL DEFAULT now(),
  ids uuid[] NOT NULL
);
CREATE INDEX idx_incident_change_made_in ON incident_change (made_in);

CREATE FUNCTION wangge.note_incident_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, pg_temp AS $$
BEGIN
  INSERT INTO incident_change (ids)
  SELECT array_agg(numbered.id)
  FROM (SELECT c.id, (row_number() OVER () - 1) / 10000 AS part FROM changed AS c) AS numbered
  GROUP BY numbered.part;
  RETURN NULL;
END
$$;
CREATE FUNCTION wangge.note_hand_over_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, pg_temp AS $$
BEGIN
  INSERT INTO incident_change (ids)
  SELECT array_agg(numbered.incident_id)
  FROM (SELECT c.incident_id, (row_number() OVER () - 1) / 10000 AS part FROM changed AS c) AS numbered
  GROUP BY numbered.part;
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION wangge.note_incident_change(), wangge.note_hand_over_change() FROM public;

CREATE TRIGGER incident_made_is_noted AFTER INSERT ON incident
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_incident_change();
CREATE TRIGGER incident_changed_is_noted AFTER UPDATE ON incident
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_incident_change();
CREATE TRIGGER incident_gone_is_noted AFTER DELETE ON incident
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_incident_change();
CREATE TRIGGER hand_over_made_is_noted AFTER INSERT ON hand_over
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_hand_over_change();
CREATE TRIGGER hand_over_changed_is_noted AFTER UPDATE ON hand_over
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_hand_over_change();
CREATE TRIGGER hand_over_gone_is_noted AFTER DELETE ON hand_over
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_hand_over_change();

-- The public heat: finished figures of finished periods, never made again. A count of one to four is in none of them.
CREATE TABLE public_figure (
  period text NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL,
  -- The empty text is all categories together.
  category text NOT NULL,
  unit_id bigint NOT NULL REFERENCES unit,
  path text COLLATE "C" NOT NULL,
  incidents bigint NOT NULL,
  -- Whether no unit below it has a figure of this period and category.
  finest boolean NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (period, since, category, unit_id),
  CONSTRAINT public_figure_period_known CHECK (period IN ('week', 'month', 'year')),
  CONSTRAINT public_figure_tells_of_nobody CHECK (incidents = 0 OR incidents >= 5)
);
CREATE TRIGGER public_figure_stays BEFORE UPDATE OR DELETE ON public_figure
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE incident_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE public_figure ENABLE ROW LEVEL SECURITY;

CREATE POLICY housekeeping ON incident_change FOR ALL USING (keeps_house());
CREATE POLICY published ON public_figure FOR SELECT USING (entered());
CREATE POLICY housekeeping ON public_figure FOR INSERT WITH CHECK (keeps_house());
