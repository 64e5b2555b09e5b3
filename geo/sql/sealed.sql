-- put_contact --
-- The sealed contact of an incident's reporter; a report that is repeated under its key brings it again.
INSERT INTO reporter (incident_id, key_id, sealed) VALUES (%(id)s, %(key_id)s, %(sealed)s)
ON CONFLICT DO NOTHING;

-- contact --
-- The sealed contact, in a transaction that has logged why.
SELECT key_id, sealed FROM reporter
WHERE incident_id = %(id)s;

-- put_original --
-- The sealed text of an incident as it was written; a repeated report brings it again.
INSERT INTO incident_original (incident_id, key_id, sealed) VALUES (%(id)s, %(key_id)s, %(sealed)s)
ON CONFLICT DO NOTHING;

-- original --
-- The sealed text, in a transaction that has logged its reading.
SELECT key_id, sealed FROM incident_original
WHERE incident_id = %(id)s;

-- put_photo --
-- A photograph of an incident; a repeated report brings it again.
INSERT INTO photo (incident_id, number, taken_in_at, account, width, height, jpeg)
VALUES (
  %(id)s, %(number)s, instant(), current_setting('wangge.account'), %(width)s, %(height)s, %(jpeg)s
)
ON CONFLICT DO NOTHING;

-- take_photo --
-- A photograph that comes after a report by anyone, at its place; sent again, it is the same one.
SELECT take_photo(%(id)s::uuid, %(slot)s::smallint, %(width)s::integer, %(height)s::integer, %(jpeg)s::bytea) AS taken;

-- lock_photos --
-- One that adds a photograph to an incident at a time, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtext('wangge.photo' || %(id)s::uuid::text));

-- photos --
-- The photographs of an incident, without the pictures.
SELECT number, taken_in_at, account, width, height, octet_length(jpeg) AS size_bytes, version FROM photo
WHERE incident_id = %(id)s
ORDER BY number ASC;

-- photo --
-- One photograph with its picture.
SELECT number, taken_in_at, account, width, height, octet_length(jpeg) AS size_bytes, version, jpeg FROM photo
WHERE incident_id = %(id)s AND number = %(number)s;

-- blur --
-- The photograph with parts of it made unreadable takes the place of the clear one.
UPDATE photo SET jpeg = %(jpeg)s, width = %(width)s, height = %(height)s, version = version + 1
WHERE incident_id = %(id)s AND number = %(number)s AND version = %(version)s;

-- purge --
-- End the retention of what was sealed or taken in before a month.
SELECT contacts, originals, photos, of_open_matters AS of_open_incidents FROM purge_sealed(%(month)s);
