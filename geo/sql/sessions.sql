-- open --
-- A session or a token under one grant.
INSERT INTO credential (
  sha256, kind, account_id, grant_id, prefix, permissions, made_at, seen_at, expires_at
)
VALUES (
  %(sha256)s, %(kind)s, %(account_id)s, %(grant_id)s, %(prefix)s, %(permissions)s, instant(), instant(),
  %(expires_at)s
);

-- holder --
-- Who shows a credential, if the credential, the account, the grant and its unit all stand now.
SELECT
  c.kind, c.account_id, a.name AS account, c.grant_id, g.role, g.organisation, c.permissions, c.expires_at,
  coalesce(u.path, '') AS path, c.seen_at < instant() - %(renew)s::interval AS stale
FROM credential AS c
INNER JOIN account AS a ON c.account_id = a.id AND a.active
INNER JOIN account_grant AS g ON c.grant_id = g.id AND g.valid @> instant()
LEFT JOIN unit_version AS u ON g.unit_id = u.unit_id AND u.valid @> instant() AND u.recorded @> instant()
WHERE
  c.sha256 = %(sha256)s AND c.ended_at IS NULL AND c.expires_at > instant()
  AND (c.kind = 'token' OR c.seen_at > instant() - %(idle)s::interval)
  AND (g.unit_id IS NULL OR u.path IS NOT NULL);

-- see --
-- A credential was used.
UPDATE credential SET seen_at = instant()
WHERE sha256 = %(sha256)s;

-- end --
-- End one session.
UPDATE credential SET ended_at = instant()
WHERE sha256 = %(sha256)s AND ended_at IS NULL;

-- end_sessions --
-- End the sessions of an account.
UPDATE credential SET ended_at = instant()
WHERE account_id = %(account_id)s AND kind = 'session' AND ended_at IS NULL;

-- end_token --
-- End the token of an account by its prefix.
UPDATE credential SET ended_at = instant()
WHERE account_id = %(account_id)s AND prefix = %(prefix)s AND ended_at IS NULL;

-- forget --
-- Take away the sessions that ended a while ago.
DELETE FROM credential
WHERE kind = 'session' AND account_id = %(account_id)s AND least(expires_at, ended_at) < instant() - interval '30 days';
