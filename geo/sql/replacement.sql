-- instant_by_now --
-- The transaction's instant, and what time has passed in it.
SELECT instant() + (clock_timestamp() - now()) AS at;

-- households --
-- Buildings of a subtree, each by a point inside, with their households.
SELECT st_x(p.geom) AS lon, st_y(p.geom) AS lat, b.households AS weight
FROM building AS b CROSS JOIN st_pointonsurface(b.geom) AS p (geom)
WHERE b.path >= %(path_from)s AND b.path < %(path_to)s AND b.households > 0;

-- incidents --
-- Incidents of a subtree in the year before now.
SELECT st_x(geom) AS lon, st_y(geom) AS lat, 1 AS weight FROM incident
WHERE
  path >= %(path_from)s AND path < %(path_to)s
  AND occurred_at >= instant() - interval '1 year' AND occurred_at <= instant();

-- write_lineage --
-- What each former unit gave to each new one.
INSERT INTO unit_lineage (successor_id, predecessor_id, at, area_share, household_share, incident_share)
SELECT successor_id, predecessor_id, %(at)s, area_share, household_share, incident_share
FROM
  unnest(
    %(successors)s::bigint[], %(predecessors)s::bigint[], %(areas)s::float8[], %(households)s::float8[],
    %(incidents)s::float8[]
  ) AS s (successor_id, predecessor_id, area_share, household_share, incident_share);
