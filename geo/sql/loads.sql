-- What a load of a file looks up and leaves behind.

-- begin_load --
-- One row a file; its counts follow when it is through.
INSERT INTO load (
  id, kind, source, file_name, sha256, options, at, account, rows_read, rows_loaded, rows_unchanged, rows_rejected
) VALUES (
  %(load_id)s, %(kind)s, %(source)s, %(file_name)s, %(sha256)s, %(options)s, instant(),
  current_setting('wangge.account'), 0, 0, 0, 0
);

-- finish_load --
-- The counts of a load, which the table holds to their sum.
UPDATE load SET
  rows_read = %(read)s,
  rows_loaded = %(loaded)s,
  rows_unchanged = %(unchanged)s,
  rows_rejected = %(rejected)s
WHERE id = %(load_id)s;

-- categories --
-- Every category by its code and its names.
SELECT code, name_zh, name_en, name_mn FROM category WHERE active;

-- channels --
-- Every channel by its code and its names.
SELECT code, name_zh, name_en FROM channel;

-- station_codes --
-- Which of the stations exist.
SELECT code FROM station WHERE code = any(%(codes)s);

-- team_codes --
-- Which of the teams exist.
SELECT code FROM team WHERE code = any(%(codes)s);

-- roots_without_team --
-- Roots in force that name no default team.
SELECT u.unit_id, u.code, u.path, u.name
FROM unit_version AS u
WHERE
  u.layer = 'base' AND u.parent_id IS NULL AND u.valid @> instant() AND upper_inf(u.recorded)
  AND NOT EXISTS (
    SELECT FROM default_team AS d WHERE d.unit_id = u.unit_id AND d.category = '' AND d.valid @> instant()
  )
ORDER BY u.unit_id;
