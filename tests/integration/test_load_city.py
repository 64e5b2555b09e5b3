"""A city that nobody prepared: areas with invalid rings, incidents in another language, loaded with options alone."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from psycopg_pool import ConnectionPool

from geo import crs, db, units
from geo.db import EVERYTHING, begin, one, rows
from geo.load_order import LoadOrder, LoadReport
from geo.loads import load_file

CATEGORIES = {"basura": "environment.rubbish", "ruido": "environment.noise", "farola": "facility.light"}
INCIDENTS = 90_000


def areas() -> gpd.GeoDataFrame:
    """20 by 10 cells about Valencia; of four, the ring crosses itself at a spike that adds no area."""
    made = []
    for k in range(200):
        west, south = -0.45 + (k % 20) * 0.01, 39.42 + (k // 20) * 0.01
        cell = shapely.box(west, south, west + 0.01, south + 0.01)
        if k % 50 == 7:
            x, y = west + 0.005, south + 0.005
            ring = [*cell.exterior.coords[:-1], (x, y), cell.exterior.coords[-2], cell.exterior.coords[0]]
            cell = shapely.Polygon(ring)
        made.append(cell)
    names = [f"Barrio {k}" for k in range(200)]
    return gpd.GeoDataFrame({"codigo": [f"B{k:03}" for k in range(200)], "nombre": names}, geometry=made, crs=4326)


def incidents() -> pd.DataFrame:
    random = np.random.default_rng(5)
    n = INCIDENTS
    start = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(
        {
            "expediente": [f"E{k:06}" for k in range(n)],
            "tipo": random.choice(list(CATEGORIES), n),
            "fecha": start + pd.to_timedelta(random.integers(0, 86400 * 600, n), unit="s"),
            "asunto": "Contenedor lleno",
            "longitud": random.uniform(-0.46, -0.24, n).round(6),
            "latitud": random.uniform(39.41, 39.53, n).round(6),
        }
    )
    frame.loc[10, "longitud"] = np.nan
    frame.loc[[20, 21], "tipo"] = "perro"
    frame.loc[30, "fecha"] = pd.Timestamp("2099-01-01")
    frame.loc[31, "fecha"] = pd.NaT
    frame.loc[40, "expediente"] = "E000039"
    frame.loc[50, "latitud"] = 139.5
    frame.loc[60, "asunto"] = "a\x00b"
    return frame


def order_of_units(folder: Path) -> LoadOrder:
    path = folder / "barrios.geojson"
    if not path.exists():
        areas().to_file(path, driver="GeoJSON")
    return LoadOrder("units", path, columns={"code": "codigo", "name": "nombre"}, source="valencia", root="Valencia")


def order_of_incidents(folder: Path) -> LoadOrder:
    path = folder / "incidencias.parquet"
    if not path.exists():
        incidents().to_parquet(path)
    columns = {"source_key": "expediente", "category": "tipo", "occurred_at": "fecha", "title": "asunto"}
    return LoadOrder(
        "incidents",
        path,
        crs="EPSG:4326",
        columns=columns | {"lon": "longitud", "lat": "latitud"},
        values={"category": CATEGORIES},
        source="valencia",
        timezone="Europe/Madrid",
        rejects=folder / "rejects.csv",
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city")


@pytest.fixture(scope="module")
def loaded(pool: ConnectionPool[db.Connection], folder: Path) -> tuple[LoadReport, LoadReport]:
    return load_file(pool, order_of_units(folder)), load_file(pool, order_of_incidents(folder))


def test_every_area_is_loaded_and_the_repairs_are_told(loaded: tuple[LoadReport, LoadReport]) -> None:
    report, _ = loaded
    assert (report.read, report.loaded, report.unchanged, report.rejected) == (200, 200, 0, 0)
    assert [repair.of for repair in report.repairs if repair.what == "ring"] == [
        (f"B{k:03}",) for k in (7, 57, 107, 157)
    ]


def test_the_areas_are_a_coverage_and_the_root_is_their_union(
    pool: ConnectionPool[db.Connection], loaded: tuple[LoadReport, LoadReport]
) -> None:
    with begin(pool, EVERYTHING) as conn:
        frame = units.in_force(conn)
    grids, root = frame[~frame["derived"]], frame[frame["derived"]].iloc[0]
    assert len(grids) == 200
    assert shapely.coverage_is_valid(grids.geometry.to_numpy())
    assert crs.areas_m2([root.geometry])[0] == pytest.approx(crs.areas_m2(grids.geometry.to_numpy()).sum(), rel=1e-9)


def test_every_incident_is_loaded_or_refused_with_its_reason(
    loaded: tuple[LoadReport, LoadReport], folder: Path
) -> None:
    _, report = loaded
    assert report.read == INCIDENTS == report.loaded + report.unchanged + report.rejected
    assert dict(report.reasons) == {
        "unknown_value": 2,
        "time_in_future": 1,
        "missing_value": 1,
        "repeated_key": 1,
        "bad_coordinate": 2,
        "bad_text": 1,
    }
    refused = pd.read_csv(folder / "rejects.csv")
    assert sorted(refused["row"]) == [11, 21, 22, 31, 32, 41, 51, 61]


def test_the_owner_of_each_incident_is_the_one_shapely_finds(
    pool: ConnectionPool[db.Connection], loaded: tuple[LoadReport, LoadReport]
) -> None:
    with begin(pool, EVERYTHING) as conn:
        found = pd.DataFrame(
            rows(
                conn, "SELECT unit_id, located, st_x(geom) AS lon, st_y(geom) AS lat FROM incident ORDER BY source_key"
            )
        )
        grids = units.base(conn)
        root = one(conn, "SELECT unit_id FROM unit_version WHERE parent_id IS NULL")["unit_id"]
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(found["lon"], found["lat"]), crs=4326)
    joined = points.sjoin(grids[["unit_id", "geometry"]], predicate="intersects", how="left")
    expected = joined.groupby(level=0)["unit_id"].min().fillna(root).astype(int)
    assert (found["unit_id"].to_numpy() == expected.to_numpy()).all()
    assert set(found["located"]) >= {"inside", "outside"}


def test_each_incident_has_its_first_event_its_assignment_and_a_team(
    pool: ConnectionPool[db.Connection], loaded: tuple[LoadReport, LoadReport]
) -> None:
    with begin(pool, EVERYTHING) as conn:
        counts = one(
            conn,
            """
            SELECT
              (SELECT count(*) FROM incident WHERE team_id IS NOT NULL) AS incidents,
              (SELECT count(*) FROM incident_event WHERE kind = 'imported' AND number = 1) AS events,
              (SELECT count(*) FROM assignment) AS assignments,
              (SELECT rows_loaded FROM load WHERE kind = 'incidents' ORDER BY id LIMIT 1) AS told
            """,
        )
    assert set(counts.values()) == {INCIDENTS - 8}


def test_times_without_a_zone_are_those_of_the_city(
    pool: ConnectionPool[db.Connection], loaded: tuple[LoadReport, LoadReport]
) -> None:
    with begin(pool, EVERYTHING) as conn:
        stored = one(conn, "SELECT occurred_at AS at FROM incident WHERE source_key = 'E000000'")["at"]
    assert pd.Timestamp(stored) == incidents()["fecha"][0].tz_localize("Europe/Madrid")


def test_indexes_and_foreign_keys_stand_after_a_large_load(
    pool: ConnectionPool[db.Connection], loaded: tuple[LoadReport, LoadReport]
) -> None:
    with begin(pool, EVERYTHING) as conn:
        keys = one(
            conn, "SELECT count(*) AS n FROM pg_constraint WHERE conrelid = 'incident'::regclass AND contype = 'f'"
        )
        indexes = one(conn, "SELECT count(*) AS n FROM pg_index WHERE indrelid = 'incident'::regclass AND indisvalid")
    assert keys["n"] == 7
    assert indexes["n"] >= 5


def test_loading_twice_changes_nothing(
    pool: ConnectionPool[db.Connection], loaded: tuple[LoadReport, LoadReport], folder: Path
) -> None:
    again = load_file(pool, order_of_units(folder))
    assert (again.read, again.loaded, again.unchanged) == (200, 0, 200)
    again = load_file(pool, order_of_incidents(folder))
    assert (again.loaded, again.unchanged, again.rejected) == (0, INCIDENTS - 8, 8)
