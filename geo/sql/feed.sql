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
