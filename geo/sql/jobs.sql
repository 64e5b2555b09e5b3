-- see_queue --
-- Let procrastinate's statements, which name no schema, find their functions until this transaction ends.
SELECT set_config('search_path', current_setting('search_path') || ', jobs', true);

-- ask --
-- The progress of a job that was just deferred; its scope and account are those of this transaction.
INSERT INTO job_progress (job_id, path, kind, account, organisation, role, asked_at)
VALUES (
  %(job_id)s, current_setting('wangge.path_from'), %(kind)s, current_setting('wangge.account'),
  current_setting('wangge.organisation'), current_setting('wangge.role'), instant()
);

-- start --
-- Begin a job, or begin it again after its worker died; one that has finished has no row to begin.
UPDATE job_progress
SET started_at = instant(), done = 0, total = NULL
WHERE job_id = %(job_id)s AND finished_at IS NULL
RETURNING path, account, organisation, role;

-- still_granted --
-- Whether an account may still act in a scope: it is in use, and a grant that holds the scope stands.
SELECT count(*) > 0 AS granted
FROM account AS a
INNER JOIN account_grant AS g ON a.id = g.account_id AND g.valid @> instant()
LEFT JOIN unit_version AS u ON g.unit_id = u.unit_id AND u.valid @> instant() AND u.recorded @> instant()
WHERE
  a.name = %(account)s AND a.active AND g.role = %(role)s
  AND coalesce(g.organisation::text, '') = %(organisation)s
  AND (g.unit_id IS NULL OR starts_with(%(path)s, u.path));

-- advance --
-- How far a job is; tells whether somebody asked it to stop.
UPDATE job_progress
SET done = %(done)s, total = coalesce(%(total)s, total)
WHERE job_id = %(job_id)s
RETURNING cancel_asked;

-- finish --
-- The end of a job, good or bad.
UPDATE job_progress
SET finished_at = instant(), message = %(message)s, failed = %(failed)s
WHERE job_id = %(job_id)s AND finished_at IS NULL;

-- ask_cancel --
-- Ask a job that has not finished to stop.
UPDATE job_progress SET cancel_asked = true
WHERE job_id = %(job_id)s AND finished_at IS NULL
RETURNING job_id;

-- find --
-- The newest jobs, or one.
SELECT job_id, path, kind, account, done, total, message, asked_at, started_at, finished_at, failed, cancel_asked
FROM job_progress
WHERE %(job_id)s::bigint IS NULL OR job_id = %(job_id)s
ORDER BY job_id DESC
LIMIT %(limit)s;

-- count_incidents --
-- How many incidents the scope holds.
SELECT count(*) AS total FROM incident;

-- incidents_astray --
-- Of the next incidents by id: how many there are, how many stand under a path that their unit does not have now.
WITH batch AS (
  SELECT id, unit_id, path FROM incident
  WHERE %(after)s::uuid IS NULL OR id > %(after)s
  ORDER BY id ASC
  LIMIT %(limit)s
)

SELECT
  count(*) AS checked,
  count(*) FILTER (WHERE u.path IS DISTINCT FROM batch.path) AS astray,
  max(batch.id::text)::uuid AS last
FROM batch
LEFT JOIN unit_version AS u
  ON
    batch.unit_id = u.unit_id AND u.valid @> instant() AND u.recorded @> instant();
