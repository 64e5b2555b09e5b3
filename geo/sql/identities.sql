-- add --
-- A provider, or the new terms of one.
INSERT INTO identity_provider (name, issuer, client_id, claim, name_zh, name_en, has_secret)
VALUES (%(name)s, %(issuer)s, %(client_id)s, %(claim)s, %(name_zh)s, %(name_en)s, %(has_secret)s)
ON CONFLICT DO NOTHING
RETURNING id;

-- providers --
-- All providers, or the one of a name.
SELECT id, name, issuer, client_id, claim, name_zh, name_en, has_secret FROM identity_provider
WHERE %(name)s::text IS NULL OR name = %(name)s
ORDER BY name ASC;

-- remove --
-- A provider with its links.
DELETE FROM identity_provider
WHERE id = %(provider_id)s;

-- link --
-- A person at a provider may act for an account.
INSERT INTO identity_link (provider_id, subject, account_id)
VALUES (%(provider_id)s, %(subject)s, %(account_id)s)
ON CONFLICT DO NOTHING
RETURNING account_id;

-- unlink --
-- A person at a provider may do so no more.
DELETE FROM identity_link
WHERE provider_id = %(provider_id)s AND subject = %(subject)s
RETURNING account_id;

-- links --
-- Who is linked to which account.
SELECT p.name AS provider, l.subject, a.name AS account FROM identity_link AS l
INNER JOIN identity_provider AS p ON l.provider_id = p.id
INNER JOIN account AS a ON l.account_id = a.id
ORDER BY p.name ASC, a.name ASC, l.subject ASC;

-- linked --
-- The account in use that a person at a provider may act for.
SELECT a.id, a.name, a.password_hash FROM identity_link AS l
INNER JOIN account AS a ON l.account_id = a.id
WHERE l.provider_id = %(provider_id)s AND l.subject = %(subject)s AND a.active;

-- end_sessions --
-- End the sessions that a provider's word started: all, or those of an account.
UPDATE credential SET ended_at = instant()
WHERE
  provider_id = %(provider_id)s AND ended_at IS NULL
  AND (%(account_id)s::bigint IS NULL OR account_id = %(account_id)s);

-- leave --
-- A browser goes to a provider.
INSERT INTO sign_in_flow (sha256, provider_id, leads_to, expires_at)
VALUES (%(sha256)s, %(provider_id)s, %(leads_to)s, instant() + %(lasts)s::interval);

-- come_back --
-- A browser comes back, once.
DELETE FROM sign_in_flow
WHERE sha256 = %(sha256)s
RETURNING provider_id, leads_to, expires_at > instant() AS in_time;
