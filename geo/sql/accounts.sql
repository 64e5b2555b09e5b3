-- add --
-- A new account.
INSERT INTO account (name, made_at) VALUES (%(name)s, instant())
ON CONFLICT (name) DO NOTHING
RETURNING id;

-- by_name --
-- An account that is in use, with its password's hash.
SELECT id, name, password_hash FROM account
WHERE name = %(name)s AND active;

-- set_password --
-- The hash of a new password.
UPDATE account
SET password_hash = %(password_hash)s, password_set_at = instant(), password_given = %(given)s
WHERE id = %(account_id)s;

-- grant --
-- A role in a unit, from now on.
INSERT INTO account_grant (account_id, role, unit_id, organisation, valid)
VALUES (%(account_id)s, %(role)s, %(unit_id)s, %(organisation)s, tstzrange(instant(), %(until)s))
RETURNING id;

-- standing --
-- The grant of a role in a unit that stands now.
SELECT id, organisation FROM account_grant
WHERE
  account_id = %(account_id)s AND role = %(role)s AND unit_id IS NOT DISTINCT FROM %(unit_id)s
  AND valid @> instant();

-- revoke --
-- End grants now: all of an account, or those of a role, or in a unit.
UPDATE account_grant SET valid = tstzrange(lower(valid), greatest(lower(valid), instant()))
WHERE
  account_id = %(account_id)s AND coalesce(upper(valid) > instant(), true)
  AND (%(role)s::text IS NULL OR role = %(role)s)
  AND (%(unit_id)s::bigint IS NULL OR unit_id = %(unit_id)s);

-- grants --
-- The grants of an account that stand now, the widest first.
SELECT
  g.id, g.role, g.organisation, coalesce(u.path, '') AS path, u.code AS unit_code, u.name AS unit_name,
  u.name_en AS unit_name_en, upper(g.valid) AS until
FROM account_grant AS g
LEFT JOIN unit_version AS u ON g.unit_id = u.unit_id AND u.valid @> instant() AND u.recorded @> instant()
WHERE g.account_id = %(account_id)s AND g.valid @> instant() AND (g.unit_id IS NULL OR u.path IS NOT NULL)
ORDER BY array_length(string_to_array(coalesce(u.path, ''), '.'), 1) ASC NULLS FIRST, g.id ASC;

-- list --
-- All accounts, with their standing grants and tokens.
SELECT
  a.name, a.active, a.password_hash IS NOT NULL AS has_password,
  coalesce((
    SELECT array_agg(concat_ws(' ', g.role, coalesce(u.code, '*')) ORDER BY g.id ASC)
    FROM account_grant AS g
    LEFT JOIN unit_version AS u ON g.unit_id = u.unit_id AND u.valid @> instant() AND u.recorded @> instant()
    WHERE g.account_id = a.id AND g.valid @> instant()
  ), '{}') AS grants,
  coalesce((
    SELECT array_agg(c.prefix ORDER BY c.prefix ASC) FROM credential AS c
    WHERE c.account_id = a.id AND c.kind = 'token' AND c.ended_at IS NULL AND c.expires_at > instant()
  ), '{}') AS tokens
FROM account AS a
ORDER BY a.name ASC;

-- any_grant --
-- Whether anybody can sign in and do anything.
SELECT count(*) > 0 AS found FROM account AS a INNER JOIN account_grant AS g ON a.id = g.account_id
WHERE a.active AND a.password_hash IS NOT NULL AND g.valid @> instant();

-- organisation --
-- A team or a department by its code.
SELECT id FROM department
WHERE code = %(code)s
UNION ALL
SELECT id FROM team
WHERE code = %(code)s
LIMIT 1;

-- busiest --
-- The path of the micro-grid with the most incidents.
WITH counted AS (
  SELECT unit_id, count(*) AS incidents FROM incident
  GROUP BY unit_id
)

SELECT u.path FROM unit_version AS u LEFT JOIN counted AS i ON u.unit_id = i.unit_id
WHERE u.layer = 'base' AND NOT u.derived AND u.valid @> instant() AND u.recorded @> instant()
ORDER BY i.incidents DESC NULLS LAST, u.unit_id ASC
LIMIT 1;

-- department_near --
-- The department nearest to a place: at one of the units of its path, the lowest first.
SELECT code FROM department
WHERE starts_with(%(path)s, path)
ORDER BY length(path) DESC, code ASC
LIMIT 1;
