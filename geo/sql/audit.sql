-- append --
-- One entry; who, when and from which scope are the transaction's.
INSERT INTO audit_entry (kind, subject, reason) VALUES (%(kind)s, %(subject)s, %(reason)s);

-- lock --
-- One writer of the chain at a time, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtext('wangge.audit_link'));

-- end_of_chain --
-- The last link.
SELECT number, entry_id, seal FROM audit_link
ORDER BY number DESC
LIMIT 1;

-- unlinked --
-- Entries behind the end of the chain, in their order.
SELECT id, at, account, role, path, kind, subject, reason, written_in FROM audit_entry
WHERE id > %(after)s
ORDER BY id ASC
LIMIT %(limit)s;

-- link --
-- Add links to the chain.
INSERT INTO audit_link (number, entry_id, seal)
SELECT number, entry_id, seal
FROM unnest(%(numbers)s::bigint[], %(entries)s::bigint[], %(seals)s::bytea[]) AS l (number, entry_id, seal);

-- linked --
-- Links with the entries that they seal, in the order of the chain.
SELECT
  l.number, l.entry_id, l.seal, e.id, e.at, e.account, e.role, e.path, e.kind, e.subject, e.reason, e.written_in
FROM audit_link AS l
LEFT JOIN audit_entry AS e ON l.entry_id = e.id
WHERE l.number > %(after)s
ORDER BY l.number ASC
LIMIT %(limit)s;

-- strays --
-- Entries below the end of the chain that are not in it.
SELECT e.id FROM audit_entry AS e
WHERE
  e.id <= (SELECT max(entry_id) FROM audit_link)
  AND NOT EXISTS (SELECT FROM audit_link AS l WHERE l.entry_id = e.id)
ORDER BY e.id ASC
LIMIT %(limit)s;

-- waiting --
-- How many entries wait to be chained.
SELECT count(*) AS entries FROM audit_entry
WHERE id > coalesce((SELECT max(entry_id) FROM audit_link), 0);

-- find --
-- Entries by any of the filters, newest first, after a key.
SELECT id, at, account, role, path, kind, subject, reason FROM audit_entry
WHERE
  (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(subject)s::text IS NULL OR subject = %(subject)s)
  AND (%(account)s::text IS NULL OR account = %(account)s)
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC
LIMIT %(limit)s;
