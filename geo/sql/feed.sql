-- append --
-- The entries, in the turn of this transaction, which lasts until it ends.
-- The insert reads from the turn, so that its ids are drawn after the lock is held. It returns nothing, because a
-- report's scope may put in what it may not read.
WITH turn AS MATERIALIZED (
  SELECT pg_advisory_xact_lock(hashtext('wangge.feed'))
)

INSERT INTO feed (path, kind, subject, body, at)
SELECT e.path, e.kind, e.subject, e.body, instant()
FROM
  turn CROSS JOIN
  unnest(%(paths)s::text[], %(kinds)s::text[], %(subjects)s::text[], %(bodies)s::jsonb[])
    AS e (path, kind, subject, body);

-- wake --
-- One wake-up for all of them.
SELECT pg_notify('wangge_feed', currval(pg_get_serial_sequence('feed', 'id'))::text);

-- after --
-- Entries of the scope behind one, in their order, with the organisations that have in hand what they tell of.
SELECT
  f.id, f.path, f.kind, f.subject, f.body, f.at,
  array(
    SELECT h.organisation::text FROM hand_over AS h
    WHERE
      h.incident_id = CASE WHEN starts_with(f.kind, 'incident.') THEN f.subject::uuid END
      AND (h.until IS NULL OR h.until > instant())
  ) AS organisations
FROM feed AS f
WHERE f.id > %(after)s AND f.id <= %(last)s
ORDER BY f.id ASC
LIMIT %(limit)s;

-- ends --
-- The first and the last entry that are there.
SELECT coalesce(min(id), 0) AS oldest, coalesce(max(id), 0) AS newest FROM feed;
