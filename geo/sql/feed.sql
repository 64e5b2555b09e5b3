-- append --
-- The entries and one wake-up for all of them, in the turn of this transaction, which lasts until it ends.
-- The insert reads from the turn, so that its ids are drawn after the lock is held.
WITH turn AS MATERIALIZED (
  SELECT pg_advisory_xact_lock(hashtext('wangge.feed'))
),

entry AS (
  INSERT INTO feed (path, kind, subject, body, at)
  SELECT e.path, e.kind, e.subject, e.body, instant()
  FROM
    turn CROSS JOIN
    unnest(%(paths)s::text[], %(kinds)s::text[], %(subjects)s::text[], %(bodies)s::jsonb[])
      AS e (path, kind, subject, body)
  RETURNING id
)

SELECT pg_notify('wangge_feed', max(id)::text) FROM entry;
