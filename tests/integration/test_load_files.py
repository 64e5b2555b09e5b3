"""Loads of every kind, of dirty rows, and of files that cannot be loaded as a whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool

from geo import crs, db, load_incidents, units
from geo.db import EVERYTHING, begin, one, rows
from geo.errors import BadColumn, BadCoordinate, UndeclaredCrs
from geo.load_order import LoadOrder, LoadReport
from geo.loads import load_file
from geo.repair import NotACity

Pool = ConnectionPool[db.Connection]
HIERARCHY = [
    ("L", None, "league", "示例盟"),
    ("B1", "L", "banner", "甲旗"),
    ("M1", "B1", "微网格", "一"),
    ("M2", "B1", "微网格", "二"),
]


def counts(report: LoadReport) -> tuple[int, int, int, int]:
    return report.read, report.loaded, report.unchanged, report.rejected


def hierarchy() -> gpd.GeoDataFrame:
    cells = [None, None, shapely.box(122, 46, 122.01, 46.01), shapely.box(122.01, 46, 122.02, 46.01)]
    return gpd.GeoDataFrame(
        pd.DataFrame(HIERARCHY, columns=["编码", "上级编码", "层级", "名称"]), geometry=cells, crs=4326
    )


@pytest.fixture(scope="module")
def city(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> LoadReport:
    path = tmp_path_factory.mktemp("units") / "units.gpkg"
    hierarchy().to_file(path)
    return load_file(pool, LoadOrder("units", path, source="test"))


def test_a_hierarchy_is_loaded_by_its_chinese_columns_and_gets_a_duty_desk(pool: Pool, city: LoadReport) -> None:
    assert counts(city) == (4, 4, 0, 0)
    with begin(pool, EVERYTHING) as conn:
        frame = units.in_force(conn).set_index("code")
        team = one(conn, "SELECT t.kind FROM default_team AS d INNER JOIN team AS t ON d.team_id = t.id")
    assert frame["level"].to_dict() == {"L": "league", "B1": "banner", "M1": "micro_grid", "M2": "micro_grid"}
    assert frame["derived"].to_dict() == {"L": True, "B1": True, "M1": False, "M2": False}
    assert team["kind"] == "duty_desk"


def frames() -> Iterator[tuple[str, pd.DataFrame, dict[str, str]]]:
    point, line = shapely.Point(122.005, 46.005), shapely.LineString([(122.001, 46.001), (122.019, 46.009)])
    area = shapely.box(122.001, 46.001, 122.002, 46.002)
    two = {"code": ["a", "b"], "name": ["甲", "乙"]}
    yield "buildings", gpd.GeoDataFrame(two | {"floors": [6, 1]}, geometry=[area] * 2, crs=4326), {}
    yield "streets", gpd.GeoDataFrame(two | {"class": "residential"}, geometry=[line] * 2, crs=4326), {}
    yield "water", gpd.GeoDataFrame(two | {"类型": ["湖", "河流"]}, geometry=[area, line], crs=4326), {}
    yield "stations", gpd.GeoDataFrame(two, geometry=[point] * 2, crs=4326), {"kind": "service"}
    yield (
        "teams",
        pd.DataFrame(two | {"类型": ["志愿者", "义警"], "unit_code": ["M1", "B1"], "skills": ["水暖、电工", ""]}),
        {},
    )
    yield "routes", gpd.GeoDataFrame(two | {"team_code": ["a", "b"]}, geometry=[line] * 2, crs=4326), {"shift": "night"}


@pytest.mark.parametrize("given", list(frames()), ids=lambda given: given[0])
def test_each_kind_is_loaded_once_and_unchanged_the_second_time(
    pool: Pool, city: LoadReport, tmp_path: Path, given: tuple[Any, pd.DataFrame, dict[str, str]]
) -> None:
    kind, frame, constants = given
    path = tmp_path / ("a.gpkg" if isinstance(frame, gpd.GeoDataFrame) else "a.csv")
    frame.to_file(path) if isinstance(frame, gpd.GeoDataFrame) else frame.to_csv(path, index=False)
    order = LoadOrder(kind, path, source="test", constants=constants)
    assert counts(load_file(pool, LoadOrder(kind, path, source="test", constants=constants, dry_run=True))) == (
        2,
        2,
        0,
        0,
    )
    assert counts(load_file(pool, order)) == (2, 2, 0, 0)
    assert counts(load_file(pool, order)) == (2, 0, 2, 0)


def test_water_of_a_foreign_city_keeps_its_lines_and_areas_and_tells_what_it_refused(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    bow_tie = shapely.Polygon([(10, 50), (10.02, 50.02), (10.02, 50), (10, 50.02)])
    halves = shapely.LineString([(10, 51), (10.1, 51)]), shapely.LineString([(10.2, 51), (10.3, 51)])
    rows_of_file = {
        "see": ("lake", bow_tie),
        "fluss": ("riverbank", shapely.box(10, 52, 10.1, 52.1)),
        "kanal": ("canal", shapely.MultiLineString(halves)),
        "quelle": ("river", shapely.Point(10, 50)),
        "meer": ("sea", shapely.box(11, 50, 11.1, 50.1)),
        "strich": ("pond", shapely.Polygon([(10, 50), (10.1, 50), (10.2, 50), (10, 50)])),
        "punkt": ("stream", shapely.LineString([(10, 50), (10, 50)])),
        "nichts": ("lake", None),
    }
    kinds, shapes = zip(*rows_of_file.values(), strict=True)
    path, rejects = tmp_path / "gewaesser.gpkg", tmp_path / "r.csv"
    gpd.GeoDataFrame({"id": list(rows_of_file), "fclass": kinds}, geometry=list(shapes), crs=4326).to_file(path)
    water = LoadOrder("water", path, source="stadt", rejects=rejects)
    report = load_file(pool, water)
    assert counts(report) == (8, 3, 0, 5)
    assert [(one.what, one.of) for one in report.repairs] == [("ring", ("see",)), ("ring", ("strich",))]
    reasons = pd.read_csv(rejects).set_index("id")["reason"]
    assert reasons.to_dict() == {
        "quelle": "wrong_geometry", "meer": "unknown_value", "strich": "beyond_repair", "punkt": "no_geometry",
        "nichts": "no_geometry",
    }  # fmt: skip
    with begin(pool, EVERYTHING) as conn:
        found = rows(conn, "SELECT code, kind, st_asbinary(geom) AS geom FROM water WHERE source = 'stadt'")
    stored = {row["code"]: (row["kind"], shapely.from_wkb(bytes(row["geom"]))) for row in found}
    assert {code: kind for code, (kind, _) in stored.items()} == {"see": "lake", "fluss": "river", "kanal": "canal"}
    assert stored["see"][1].equals(shapely.make_valid(bow_tie))
    assert stored["kanal"][1].equals(shapely.MultiLineString(halves))
    assert counts(load_file(pool, water)) == (8, 0, 3, 5)


def test_a_station_lies_in_the_unit_that_covers_it(pool: Pool, city: LoadReport, tmp_path: Path) -> None:
    x, y = crs.wgs84_to_gcj02(np.array([122.0051]), np.array([46.0051]))
    text = f"编号,站名,类型,经度,纬度\n9,南站,service,{x[0]!r},{y[0]!r}\n".replace("np.float64(", "").replace(")", "")
    (tmp_path / "a.csv").write_bytes(text.encode("gbk"))
    report = load_file(pool, LoadOrder("stations", tmp_path / "a.csv", crs="gcj02", source="test"))
    assert (report.encoding, report.crs, report.loaded) == ("gb18030", "gcj02", 1)
    with begin(pool, EVERYTHING) as conn:
        station = one(conn, "SELECT path, st_x(geom) AS lon, st_y(geom) AS lat FROM station WHERE code = '9'")
        cell = units.read(conn, "M1")
    assert station["path"] == cell["path"]
    assert abs(station["lon"] - 122.0051) + abs(station["lat"] - 46.0051) < 1e-10


def write_incidents(path: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(path, index=False)
    return path


def incidents(**changes: Any) -> pd.DataFrame:
    row = {"id": "1", "类别": "垃圾堆积", "发生时间": "2024-05-01 08:00", "经度": "122.005", "纬度": "46.005"}
    return pd.DataFrame([row | changes])


def order(path: Path, **changes: Any) -> LoadOrder:
    return LoadOrder("incidents", path, **({"crs": "EPSG:4326", "source": path.stem} | changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"类别": "狗"}, "unknown_value"),
        ({"类别": ""}, "missing_value"),
        ({"发生时间": "昨天"}, "bad_time"),
        ({"发生时间": "2999-01-01"}, "time_in_future"),
        ({"发生时间": "1066-10-14"}, "time_too_early"),
        ({"结案时间": "2024-04-30"}, "closed_before_it_occurred"),
        ({"接报时间": "2024-04-30"}, "received_before_it_occurred"),
        ({"经度": "nan"}, "bad_number"),
        ({"经度": "inf"}, "bad_number"),
        ({"经度": "1e400"}, "bad_number"),
        ({"id": "".join(chr(0x4E00 + 7 * one) for one in range(3000))}, "key_too_long"),
        ({"截止时间": "1066-10-14"}, "time_too_early"),
        ({"截止时间": "9999-12-31 23:59:59-08:00"}, "bad_time"),
        ({"经度": "", "纬度": ""}, "no_geometry"),
        ({"标题": "a\x00b"}, "bad_text"),
        ({"优先级": "9"}, "bad_number"),
    ],
)
def test_a_row_that_cannot_be_loaded_says_why(
    pool: Pool, city: LoadReport, tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    frame = pd.concat([incidents(**changes), incidents(id="2"), incidents(id="3")])
    rejects = tmp_path / "r.csv"
    report = load_file(pool, order(write_incidents(tmp_path / f"{reason}.csv", frame), rejects=rejects, dry_run=True))
    assert counts(report) == (3, 2, 0, 1)
    assert dict(report.reasons) == {reason: 1}
    assert not rejects.exists()


def test_an_unknown_category_with_a_default_keeps_its_own_word(pool: Pool, city: LoadReport, tmp_path: Path) -> None:
    path = write_incidents(tmp_path / "dogs.csv", incidents(类别="流浪狗", 描述="三只"))
    assert counts(load_file(pool, order(path, defaults={"category": "other"}))) == (1, 1, 0, 0)
    with begin(pool, EVERYTHING) as conn:
        stored = one(conn, "SELECT category, description FROM incident WHERE source = 'dogs'")
    assert stored == {"category": "other", "description": "[流浪狗] 三只"}


def test_rows_without_a_key_are_known_by_what_they_say_and_true_doubles_count(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    frame = pd.concat([incidents(), incidents(), incidents(纬度="46.006")]).drop(columns="id")
    path = write_incidents(tmp_path / "nokey.csv", frame)
    assert counts(load_file(pool, order(path))) == (3, 3, 0, 0)
    assert counts(load_file(pool, order(path))) == (3, 0, 3, 0)


def test_what_the_source_changes_is_an_event_and_what_was_worked_on_here_is_kept(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    path = tmp_path / "moving.csv"
    load_file(pool, order(write_incidents(path, pd.concat([incidents(), incidents(id="2")]))))
    with begin(pool, EVERYTHING) as conn:
        conn.execute(
            """
            INSERT INTO incident_event (incident_id, number, path, kind, at, account, state)
            SELECT id, 2, path, 'accepted', now(), 'test', 'accepted' FROM incident
            WHERE source = 'moving' AND source_key = '2'
            """
        )
    changed = pd.concat([incidents(经度="122.015"), incidents(id="2", 经度="122.015")])
    report = load_file(pool, order(write_incidents(path, changed)))
    assert counts(report) == (2, 1, 1, 0)
    assert report.kept == 1
    with begin(pool, EVERYTHING) as conn:
        stored = rows(
            conn,
            """
            SELECT i.version, u.code, count(DISTINCT e.number) AS events, count(DISTINCT a.run_id) AS runs
            FROM incident AS i INNER JOIN unit_version AS u ON i.unit_id = u.unit_id
            INNER JOIN incident_event AS e ON i.id = e.incident_id INNER JOIN assignment AS a ON i.id = a.incident_id
            WHERE i.source = 'moving' GROUP BY i.id, u.code ORDER BY i.source_key
            """,
        )
    assert stored[0] == {"version": 2, "code": "M2", "events": 2, "runs": 2}
    assert (stored[1]["code"], stored[1]["runs"]) == ("M1", 1)


def test_a_table_without_a_declared_system_is_refused(pool: Pool, city: LoadReport, tmp_path: Path) -> None:
    with pytest.raises(UndeclaredCrs):
        load_file(pool, order(write_incidents(tmp_path / "a.csv", incidents()), crs=None))


def test_a_file_with_longitude_and_latitude_swapped_is_refused_as_such(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    path = write_incidents(tmp_path / "a.csv", incidents(经度="46.005", 纬度="122.005"))
    with pytest.raises(BadCoordinate, match="swapped"):
        load_file(pool, order(path))


def shifted(path: Path, count: int = 20) -> Path:
    """Incidents all over the city, in GCJ-02."""
    lon, lat = np.meshgrid(np.linspace(122.0001, 122.0199, count), np.linspace(46.0001, 46.0099, count))
    x, y = crs.wgs84_to_gcj02(lon.ravel(), lat.ravel())
    many = pd.concat([incidents()] * count**2, ignore_index=True).assign(id=range(count**2), 经度=x, 纬度=y)
    return write_incidents(path, many)


def test_a_file_that_is_likely_gcj02_is_quarantined_with_the_evidence(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    path, rejects = shifted(tmp_path / "shifted.csv"), tmp_path / "r.csv"
    report = load_file(pool, order(path, rejects=rejects))
    assert counts(report) == (400, 0, 0, 400)
    assert dict(report.reasons) == {"likely_gcj02": 400}
    assert any("GCJ-02" in en for _, en in report.notes)
    assert len(pd.read_csv(rejects)) == 400
    with begin(pool, EVERYTHING) as conn:
        (kept_out,) = load_incidents.quarantined(conn)
    assert (kept_out.file_name, kept_out.rows, kept_out.suspected) == ("shifted.csv", 400, "gcj02")
    assert kept_out.evidence["by"] == "units"
    assert kept_out.evidence["unshifted_share"] == 1 > kept_out.evidence["declared_share"] > 0
    assert counts(load_file(pool, order(path, crs="gcj02"))) == (400, 400, 0, 0)
    with begin(pool, EVERYTHING) as conn:
        assert load_incidents.quarantined(conn) == [], "what was loaded since waits no more"


def test_who_says_that_the_system_is_right_is_believed(pool: Pool, city: LoadReport, tmp_path: Path) -> None:
    path = shifted(tmp_path / "trusted.csv")
    assert counts(load_file(pool, order(path, trust_crs=True))) == (400, 400, 0, 0)
    with begin(pool, EVERYTHING) as conn:
        found = one(conn, "SELECT count(*) AS n FROM incident WHERE source = 'trusted' AND cardinality(doubts) > 0")
    assert found == {"n": 0}


def test_a_few_rows_with_the_offset_of_gcj02_are_doubted_one_by_one(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    x, y = crs.wgs84_to_gcj02(np.array([122.0199]), np.array([46.005]))
    few = pd.concat([incidents(), incidents(id="2", 经度=str(x[0]), 纬度=str(y[0]))])
    assert load_file(pool, order(write_incidents(tmp_path / "few.csv", few))).loaded == 2
    with begin(pool, EVERYTHING) as conn:
        found = rows(conn, "SELECT doubts, located FROM incident WHERE source = 'few' ORDER BY source_key")
    assert [row["doubts"] for row in found] == [[], ["gcj02"]]
    assert found[1]["located"] == "outside"


def test_discs_and_buildings_of_a_file_decide_as_those_of_a_report(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    areas = [shapely.box(122.0149, 46.0049, 122.0151, 46.0051)]
    houses = gpd.GeoDataFrame({"code": ["H1"], "name": ["甲"], "address": ["幸福路1号"]}, geometry=areas, crs=4326)
    houses.to_file(tmp_path / "houses.gpkg")
    load_file(pool, LoadOrder("buildings", tmp_path / "houses.gpkg", source="test"))
    given = [
        incidents(id="1", 经度="122.0099", 精度="100", 楼栋编码="", 地址=""),
        incidents(id="2", 经度="122.0099", 精度="1", 楼栋编码="", 地址=""),
        incidents(id="3", 经度="122.0099", 精度="100", 楼栋编码="H1", 地址=""),
        incidents(id="4", 经度="122.0099", 精度="", 楼栋编码="", 地址="幸福路1号"),
        incidents(id="5", 经度="122.0099", 精度="", 楼栋编码="H9", 地址=""),
    ]
    report = load_file(pool, order(write_incidents(tmp_path / "sure.csv", pd.concat(given))))
    assert (counts(report), dict(report.reasons)) == ((5, 4, 0, 1), {"unknown_building": 1})
    with begin(pool, EVERYTHING) as conn:
        stored = rows(
            conn,
            """
            SELECT u.code, i.located, i.doubts, a.owner_rule AS rule, cardinality(a.candidates) AS candidates, a.shares
            FROM incident AS i INNER JOIN assignment AS a ON i.id = a.incident_id
            INNER JOIN unit_version AS u ON i.unit_id = u.unit_id WHERE i.source = 'sure' ORDER BY i.source_key
            """,
        )
    shares = [row.pop("shares") for row in stored]
    assert [tuple(row.values()) for row in stored] == [
        ("M1", "inside", ["accuracy"], "one_owner", 2),
        ("M1", "inside", [], "one_owner", 1),
        ("M2", "building", [], "building", 1),
        ("M2", "building", [], "address", 1),
    ]
    assert shares[1:] == [None, None, None]
    assert sum(shares[0]) == pytest.approx(1, abs=1e-6)
    assert shares[0][0] > shares[0][1] > 0.4


def test_a_file_that_lacks_a_needed_column_names_it_and_what_it_has(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    with pytest.raises(BadColumn, match="category; the file has id"):
        load_file(pool, order(write_incidents(tmp_path / "a.csv", incidents().drop(columns="类别"))))


def test_a_file_of_no_rows_is_a_load_of_no_rows(pool: Pool, city: LoadReport, tmp_path: Path) -> None:
    assert counts(load_file(pool, order(write_incidents(tmp_path / "none.csv", incidents().head(0))))) == (0, 0, 0, 0)


def test_areas_that_overlap_by_far_name_the_worst_pair_and_change_nothing(pool: Pool, tmp_path: Path) -> None:
    cells = [shapely.box(10 + k * 0.001, 50, 10.01 + k * 0.001, 50.01) for k in range(10)]
    path = tmp_path / "a.geojson"
    gpd.GeoDataFrame({"code": [f"c{k}" for k in range(10)], "name": "x"}, geometry=cells, crs=4326).to_file(path)
    with pytest.raises(NotACity, match=r"c\d and c\d share"):
        load_file(pool, LoadOrder("units", path))


def test_orphans_doubled_codes_and_areas_on_top_of_others_are_refused_and_the_rest_is_repaired(
    pool: Pool, city: LoadReport, tmp_path: Path
) -> None:
    cells = [shapely.box(122.1 + k * 0.01, 46, 122.11001 + k * 0.01, 46.01) for k in range(20)]
    frame = gpd.GeoDataFrame(
        {"code": [f"N{k}" for k in range(20)], "name": "x", "parent": "B1"}, geometry=cells, crs=4326
    )
    frame.loc[3, "parent"] = "nobody"
    frame.loc[5, "code"] = "N4"
    frame.loc[9, "geometry"] = frame.geometry[8]
    frame.to_file(path := tmp_path / "a.gpkg")
    report = load_file(pool, LoadOrder("units", path, source="test", constants={"level": "micro_grid"}, dry_run=True))
    assert counts(report) == (20, 17, 0, 3)
    assert dict(report.reasons) == {"unknown_parent": 1, "repeated_key": 1, "overlap_too_large": 1}
    assert {repair.what for repair in report.repairs} >= {"overlap", "border"}


CELL = st.one_of(
    st.none(), st.text(max_size=5), st.floats().map(str), st.sampled_from(["垃圾堆积", "122.005", "46.005"])
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL, CELL, CELL, CELL, CELL), max_size=8), st.integers(0, 3))
def test_of_whatever_rows_each_is_loaded_unchanged_or_rejected(
    pool: Pool, city: LoadReport, tmp_path: Path, dirty: list[tuple[Any, ...]], good: int
) -> None:
    frame = pd.DataFrame(dirty, columns=list(incidents().columns), dtype=object)
    frame = pd.concat([frame, *[incidents(id=f"good{k}") for k in range(good)]], ignore_index=True)
    frame.to_parquet(path := tmp_path / "dirty.parquet")
    report = load_file(pool, order(path, source="dirty", rejects=tmp_path / "r.csv"))
    assert report.read == len(frame) == report.loaded + report.unchanged + report.rejected
    if report.rejected:
        refused = pd.read_csv(tmp_path / "r.csv", dtype=str, keep_default_na=False)
        assert len(refused) == report.rejected
    (tmp_path / "r.csv").unlink(missing_ok=True)
