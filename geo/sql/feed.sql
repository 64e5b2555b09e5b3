-- append --
<<<<<<< HEAD
-- The entries; nothing is returned, for a report's scope may put in what it may not read.
INSERT INTO feed (path, kind, subject, body, at)
SELECT path, kind, subject, body, instant()
FROM unnest(%(paths)s::text [], %(kinds)s::text [], %(subjects)s::text [], %(bodies)s::jsonb [])
AS e (path, kind, subject, body);
=======
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
>>>>>>> main

-- wake --
-- One wake-up for all of them.
SELECT pg_notify('wangge_feed', currval(pg_get_serial_sequence('feed', 'id'))::text);
