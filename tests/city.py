"""A city of two by two micro-grids, small enough to check by hand."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import shapely

from geo import accounts, db, publication, sessions
from geo.roles import Role

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

# Two by two micro-grids of a hundredth of a degree, from (122.00, 46.00); M1 and M2 in banner B1, M3 and M4 in B2.
GRIDS = {"M1": (122.00, 46.00), "M2": (122.01, 46.00), "M3": (122.00, 46.01), "M4": (122.01, 46.01)}


def small_city() -> gpd.GeoDataFrame:
    named = [("L", None, "league", "示例盟"), ("B1", "L", "banner", "甲旗"), ("B2", "L", "banner", "乙旗")]
    named += [(code, "B1" if code < "M3" else "B2", "micro_grid", f"微网格{code}") for code in GRIDS]
    areas = [None] * 3
    areas += [shapely.box(west, south, round(west + 0.01, 2), round(south + 0.01, 2)) for west, south in GRIDS.values()]
    frame = pd.DataFrame(named, columns=["code", "parent_code", "level", "name"])
    frame["name_en"] = frame["code"].map({"L": "Example League"})
    frame["synthetic"] = True
    return gpd.GeoDataFrame(frame, geometry=areas, crs="EPSG:4326")


def furnish(conn: db.Connection) -> None:
    publication.publish(conn, small_city(), LONG_AGO, system="test")
    conn.execute(
        """
        INSERT INTO team (id, code, path, kind, name, source)
        SELECT gen_random_uuid(), c.team, u.path, c.kind, c.name, 'test'
        FROM unit_version AS u INNER JOIN (VALUES
            ('L', 'T0', 'duty_desk', '值班台'),
            ('B1', 'T1', 'patrol', '红枫巡防队'),
            ('B2', 'T2', 'volunteer', '志愿队')
        ) AS c (unit, team, kind, name) ON u.code = c.unit
        """
    )
    conn.execute(
        """
        INSERT INTO default_team (unit_id, path, team_id, valid)
        SELECT u.unit_id, u.path, t.id, tstzrange('2026-01-01', NULL)
        FROM team AS t INNER JOIN unit_version AS u ON t.path = u.path
        """
    )
    conn.execute(
        """
        INSERT INTO station (id, code, path, kind, name, geom, source)
        SELECT
            gen_random_uuid(), 'S' || u.code, u.path, 'service', '服务站' || u.code, st_pointonsurface(u.geom), 'test'
        FROM unit_version AS u WHERE u.level = 'micro_grid'
        """
    )
    conn.execute(
        """
        INSERT INTO route (id, code, path, team_id, name, length_m, geom, source)
        SELECT gen_random_uuid(), 'R1', u.path, t.id, '夜巡一号', 1500,
               st_setsrid(st_makeline(st_makepoint(122.001, 46.001), st_makepoint(122.019, 46.001)), 4326), 'test'
        FROM unit_version AS u CROSS JOIN team AS t WHERE u.code = 'B1' AND t.code = 'T1'
        """
    )
    conn.execute(
        """
        INSERT INTO department (id, code, path, level, name)
        SELECT gen_random_uuid(), 'D1', path, 'banner', '住建局' FROM unit_version WHERE code = 'B1'
        """
    )


def desk(dsn: str) -> tuple[dict[str, str], str]:
    """The duty desk of everything: the header of its program, and the secret of its session."""
    with db.open_pool(dsn, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        account = accounts.lookup(conn, "desk") or accounts.add(conn, "desk")
        accounts.grant(conn, account, Role.DISPATCHER, None)
        grant = accounts.grants(conn, account.id)[0]
        token = sessions.issue(conn, account, grant, timedelta(days=1))
        return {"Authorization": f"Bearer {token}"}, sessions.start(conn, account.id, grant)
