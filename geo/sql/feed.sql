-- lock --
-- One writer of the feed at a time, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtext('wangge.feed'));

-- append --
-- The entries; nothing is returned, for a report's scope may put in what it may not read.
INSERT INTO feed (path, kind, subject, body, at)
SELECT path, kind, subject, body, instant()
FROM unnest(%(paths)s::text [], %(kinds)s::text [], %(subjects)s::text [], %(bodies)s::jsonb [])
AS e (path, kind, subject, body);

-- wake --
-- One wake-up for all of them.
SELECT pg_notify('wangge_feed', currval(pg_get_serial_sequence('feed', 'id'))::text);
