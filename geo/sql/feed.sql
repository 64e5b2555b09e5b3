-- lock --
-- One writer of the feed at a time, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtext('wangge.feed'));

-- append --
-- The entries, and one wake-up for all of them.
WITH entry AS (
  INSERT INTO feed (path, kind, subject, body, at)
  SELECT path, kind, subject, body, instant()
  FROM
    unnest(%(paths)s::text[], %(kinds)s::text[], %(subjects)s::text[], %(bodies)s::jsonb[])
      AS e (path, kind, subject, body)
  RETURNING id
)

SELECT pg_notify('wangge_feed', max(id)::text) FROM entry;
