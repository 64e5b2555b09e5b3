-- idempotency --
-- Keys of reports are known for a week.
DELETE FROM idempotency
WHERE at < instant() - interval '7 days';

-- journeys --
-- Sign-ins that never came back from their provider.
DELETE FROM sign_in_flow
WHERE expires_at < instant();

-- feed --
-- What streams can still be caught up with.
DELETE FROM feed
WHERE at < instant() - interval '30 days';

-- progress --
-- The progress of jobs that ended long ago.
DELETE FROM job_progress
WHERE finished_at < instant() - interval '90 days';
