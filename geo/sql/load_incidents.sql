-- Files of incidents that are kept out.

-- quarantine --
-- Why the coordinates of a load are likely not what was declared.
INSERT INTO quarantine (load_id, at, suspected, evidence) VALUES (%(load_id)s, instant(), 'gcj02', %(evidence)s);

-- quarantined --
-- The files that are kept out, newest first: those that nothing of was loaded since.
SELECT l.id AS load_id, l.at, l.account, l.source, l.file_name, l.rows_rejected AS rows, q.suspected, q.evidence
FROM quarantine AS q INNER JOIN load AS l ON q.load_id = l.id
WHERE
  NOT EXISTS (
    SELECT FROM load AS later
    WHERE later.sha256 = l.sha256 AND later.id > l.id AND later.rows_loaded + later.rows_unchanged > 0
  )
ORDER BY l.id DESC;
