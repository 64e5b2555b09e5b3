"""The published figures, read from a database."""

import uuid
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo import db, publication, summary

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
# The last hour of January in UTC is the first of February in Shanghai.
TURN_OF_MONTH = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)
INCIDENT = """
INSERT INTO incident (id, path, unit_id, located, category, channel, state, title, geom, occurred_at, received_at,
                      source, source_key, synthetic)
SELECT %(id)s, path, unit_id, %(located)s, 'other', 'snap', %(state)s, 'x',
       st_setsrid(st_makepoint(%(lon)s, 45.55), 4326), %(at)s, %(at)s, 'test', %(id)s::text, true
FROM unit_version WHERE code = %(code)s
"""


def two_banners() -> gpd.GeoDataFrame:
    rows = [
        {"code": "L", "parent_code": None, "level": "league", "name": "示例盟"},
        {"code": "B1", "parent_code": "L", "level": "banner", "name": "西旗", "households": 9999},
        {"code": "B2", "parent_code": "L", "level": "banner", "name": "东旗"},
    ]
    for code, parent, west in (("M1", "B1", 121.0), ("M2", "B1", 121.5), ("M3", "B2", 122.0)):
        area = shapely.box(west, 45, west + 0.5, 46)
        row = {"code": code, "parent_code": parent, "level": "micro_grid", "name": code, "geometry": area}
        rows.append(row | {"households": 100, "synthetic": True})
    frame = pd.DataFrame(rows)
    frame["synthetic"] = frame["synthetic"].eq(True)
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def incident(
    conn: db.Connection, code: str, lon: float, state: str = "reported", *, located: str = "inside", days: int = 0
):
    at = TURN_OF_MONTH - timedelta(days=days)
    values = {"code": code, "lon": lon, "state": state, "located": located, "at": at}
    conn.execute(INCIDENT, values | {"id": uuid.uuid4()})


@pytest.fixture(scope="module")
def figures(pool) -> summary.Summary:
    with db.begin(pool, db.EVERYTHING) as conn:
        publication.publish(conn, two_banners(), LONG_AGO, system="test")
        for _ in range(6):
            incident(conn, "M1", 121.25)
        for state in ("closed", "revisited", "archived", "refused", "handling"):
            incident(conn, "M2", 121.75, state)
        for _ in range(3):
            incident(conn, "M3", 122.25, days=20)
        incident(conn, "L", 10.0, located="outside")
        return summary.read(conn, timezone="Asia/Shanghai")


def test_units_are_counted_by_level_from_the_league_down(figures):
    assert [(level.kind, level.total, level.synthetic) for level in figures.units] == [
        ("league", 1, 0),
        ("banner", 2, 0),
        ("micro_grid", 3, 3),
    ]
    assert (figures.name, figures.parts_level) == ("示例盟", "banner")


def test_every_incident_is_settled_open_or_refused(figures):
    told = figures.incidents
    assert (told.total, told.settled, told.open, told.outside, told.synthetic) == (15, 3, 11, 1, 15)


def test_days_and_months_are_those_of_the_citys_clock(figures):
    assert (figures.incidents.first_on, figures.incidents.last_on) == (date(2026, 1, 12), date(2026, 2, 1))
    # The three of January would be had by subtraction were February told.
    assert figures.months == []


def test_a_banner_with_few_incidents_is_not_told_nor_to_be_had_by_subtraction(figures):
    assert [(part.code, part.incidents) for part in figures.parts] == [("B1", None), ("B2", None)]


def test_households_are_those_of_the_units_without_children(figures):
    assert [(part.code, part.households) for part in figures.parts] == [("B1", 200), ("B2", 100)]


def test_cells_leave_out_few_incidents_and_those_outside(figures):
    """And one more cell where the few would be had by subtraction from the total."""
    assert [(cell.lon, cell.lat, cell.total) for cell in figures.incident_cells] == [(121.2, 45.5, 6)]
    assert figures.incidents.total - figures.incidents.outside - 6 >= summary.LEAST


def test_outlines_of_the_parts_share_their_edge(figures):
    west, east = (shapely.geometry.shape(part.outline) for part in figures.parts)
    assert shapely.coverage_is_valid([west, east])
    assert west.bounds == (121.0, 45.0, 122.0, 46.0)


def test_an_unfurnished_session_sees_no_incident(pool, figures):
    with db.begin(pool, db.PUBLIC) as conn:
        seen = summary.read(conn, timezone="Asia/Shanghai")
    assert (seen.incidents.total, seen.incident_cells, seen.months) == (0, [], [])
    assert seen.units == figures.units


def test_the_outline_of_the_whole_names_its_parts_and_counts_its_units(pool, figures):
    with db.begin(pool, db.EVERYTHING) as conn:
        outline = summary.outline(conn)
    assert (outline.name, outline.units, outline.parts_level) == (figures.name, figures.units, figures.parts_level)
    assert [(part.unit_id, part.code, part.name) for part in outline.parts] == [
        (part.unit_id, part.code, part.name) for part in figures.parts
    ]


def test_too_many_parts_are_not_named(pool, figures, monkeypatch):
    monkeypatch.setattr(summary, "MOST_DRAWN", 1)
    with db.begin(pool, db.EVERYTHING) as conn:
        outline = summary.outline(conn)
    assert (outline.parts_level, outline.parts) == ("banner", [])
