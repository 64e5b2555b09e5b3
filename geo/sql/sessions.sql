-- open --
-- A session or a token under one grant.
INSERT INTO credential (
  sha256, kind, account_id, grant_id, provider_id, prefix, permissions, made_at, seen_at, expires_at
)
VALUES (
  %(sha256)s, %(kind)s, %(account_id)s, %(grant_id)s, %(provider_id)s, %(prefix)s, %(permissions)s,
  instant(), instant(), %(expires_at)s
);

-- holders --
-- Who shows credentials, of those whose account, grant and unit all stand now.
SELECT
  c.sha256, c.id, c.kind, c.account_id, a.name AS account, c.grant_id, g.role, g.organisation, c.permissions,
  c.expires_at, coalesce(u.path, '') AS path, c.seen_at < instant() - %(renew)s::interval AS stale,
  c.provider_id, p.name AS provider,
  a.password_given AND c.kind = 'session' AND c.provider_id IS NULL AS must_change
FROM credential AS c
INNER JOIN account AS a ON c.account_id = a.id AND a.active
INNER JOIN account_grant AS g ON c.grant_id = g.id AND g.valid @> instant()
LEFT JOIN unit_version AS u ON g.unit_id = u.unit_id AND u.valid @> instant() AND u.recorded @> instant()
LEFT JOIN identity_provider AS p ON c.provider_id = p.id
WHERE
  c.sha256 = any(%(sha256s)s) AND c.ended_at IS NULL AND c.expires_at > instant()
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
-- End sessions of an account: all, or one, or all but one.
UPDATE credential SET ended_at = instant()
WHERE
  account_id = %(account_id)s AND kind = 'session' AND ended_at IS NULL
  AND (%(chosen)s::bigint IS NULL OR id = %(chosen)s)
  AND (%(other_than)s::bigint IS NULL OR id <> %(other_than)s);

-- of_account --
-- The sessions of an account that stand now, the last used first.
SELECT
  c.id, g.role, u.code AS unit_code, u.name AS unit_name, u.name_en AS unit_name_en, p.name AS provider,
  c.made_at AS begun_at, c.seen_at AS used_at, c.expires_at
FROM credential AS c
INNER JOIN account_grant AS g ON c.grant_id = g.id AND g.valid @> instant()
LEFT JOIN unit_version AS u ON g.unit_id = u.unit_id AND u.valid @> instant() AND u.recorded @> instant()
LEFT JOIN identity_provider AS p ON c.provider_id = p.id
WHERE
  c.account_id = %(account_id)s AND c.kind = 'session' AND c.ended_at IS NULL AND c.expires_at > instant()
  AND c.seen_at > instant() - %(idle)s::interval
ORDER BY c.seen_at DESC, c.id DESC;

-- end_token --
-- End the token of an account by its prefix.
UPDATE credential SET ended_at = instant()
WHERE account_id = %(account_id)s AND prefix = %(prefix)s AND ended_at IS NULL;

-- forget --
-- Take away the credentials that ended a while ago.
DELETE FROM credential
WHERE least(expires_at, ended_at) < instant() - interval '30 days';
