"""Units by their codes as people write them, and maps of a city in which nothing has happened yet."""

from typing import Any

import geopandas as gpd
import pytest
import shapely
from psycopg_pool import ConnectionPool

from geo import db, units
from geo.db import EVERYTHING, begin, instant
from geo.publication import publish
from tiles import atlas
from tiles.labels import label

Pool = ConnectionPool[db.Connection]
ROWS = [
    ("152200000000", None, "league"),
    ("152201000000", "152200000000", "banner"),
    ("152201001000", "152201000000", "township"),
    ("15220100100100203", "152201001000", "micro_grid"),
    ("152202000000", "152200000000", "banner"),
    ("152202", "152202000000", "micro_grid"),
]


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    places = {
        "15220100100100203": shapely.box(122, 46, 122.01, 46.01),
        "152202": shapely.box(122.01, 46, 122.02, 46.01),
    }
    frame = gpd.GeoDataFrame(ROWS, columns=["code", "parent_code", "level"])
    shapes: Any = [places.get(code) for code in frame["code"]]
    frame = frame.assign(name=frame["code"]).set_geometry(shapes, crs=4326)
    with begin(pool, EVERYTHING) as conn:
        publish(conn, frame, instant(conn), system="test")
    return pool


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("152201", "152201000000"),
        ("1522", "152200000000"),
        ("152201001", "152201001000"),
        ("152201000000", "152201000000"),
        ("15220100100100203", "15220100100100203"),
        ("152202", "152202"),  # what is stored as it is asked for comes first
    ],
)
def test_a_unit_is_found_by_the_digits_before_the_zeros_of_its_code(city: Pool, asked: str, stored: str) -> None:
    with begin(city, EVERYTHING) as conn:
        assert units.read(conn, asked)["code"] == stored
        assert units.geometry(conn, asked) == units.geometry(conn, stored)


def test_the_units_below_a_parent_are_found_by_its_digits(city: Pool) -> None:
    with begin(city, EVERYTHING) as conn:
        assert [row["code"] for row in units.find(conn, units.UnitFilter(parent="152201"))] == ["152201001000"]


@pytest.mark.parametrize("asked", ["15220", "15220100", "15229", "0", ""])
def test_other_beginnings_of_a_code_name_no_unit(city: Pool, asked: str) -> None:
    with begin(city, EVERYTHING) as conn, pytest.raises(units.UnitNotFound):
        units.read(conn, asked)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("heat", "no_incidents"),
        ("heat_time", "no_incidents"),
        ("incidents", "no_incidents"),
        ("rates", "no_incidents"),
        ("routes", "no_routes"),
        ("coverage", "no_stations"),
    ],
)
def test_a_map_without_anything_on_it_says_so_and_what_to_do(city: Pool, kind: atlas.Kind, word: str) -> None:
    with begin(city, EVERYTHING) as conn:
        for lang in ("zh", "en"):
            sheet = atlas.draw(conn, kind, atlas.Wanted(unit="152201"), lang, "Asia/Shanghai")
            assert sheet.notices == [label(word, lang)]
