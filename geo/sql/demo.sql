-- What only the demonstration writes: where its rows come from, and the names another authority gives its units.

-- known_loads --
-- What the demonstrations in the database were made from.
SELECT (options ->> 'seed')::bigint AS seed, (options ->> 'scale')::double precision AS scale
FROM load WHERE source = 'demo' AND kind = 'incidents';

-- put_load --
-- Where the demonstration's incidents come from; the same demonstration is one load.
INSERT INTO load (
  id, kind, source, file_name, sha256, options, at, account, rows_read, rows_loaded, rows_unchanged, rows_rejected
)
VALUES (
  %(id)s, 'incidents', %(source)s, 'wangge load demo', %(sha256)s, %(options)s, instant(),
  current_setting('wangge.account'), %(rows)s, %(rows)s, 0, 0
)
ON CONFLICT (id) DO NOTHING;

-- put_aliases --
-- What another authority calls units, where that is not yet written down.
INSERT INTO unit_alias (unit_id, system, code, name, note, valid)
SELECT a.unit_id, a.system, a.code, a.name, nullif(a.note, ''), tstzrange(%(at)s::timestamptz, NULL)
FROM
  unnest(%(unit_ids)s::bigint[], %(systems)s::text[], %(codes)s::text[], %(names)s::text[], %(notes)s::text[])
    AS a (unit_id, system, code, name, note)
WHERE
  NOT EXISTS (
    SELECT FROM unit_alias AS known
    WHERE
      (known.unit_id, known.system, known.code, known.name, known.note)
      IS NOT DISTINCT FROM (a.unit_id, a.system, a.code, a.name, nullif(a.note, ''))
  );
