"""A foreign city as its officer has it: broken areas, other words, a damaged line, misplaced points; all told."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from psycopg_pool import ConnectionPool
from rich.cells import cell_len

from api.cli import load_report
from geo import db, loads, units
from geo.assign import Assigner
from geo.db import EVERYTHING, begin, one, rows
from geo.errors import BadOption
from geo.load_order import LoadOrder, LoadReport
from geo.loads import load_file
from geo.reassign import reassign

Pool = ConnectionPool[db.Connection]
SIDE = 8
BROKEN = 27
WORDS = {"afval": "rubbish", "lawaai": "environment.noise", "straatlamp": "facility.light"}
INCIDENTS = 600


def cell(k: int) -> shapely.Polygon:
    west, south = 3.7 + k % SIDE * 0.01, 51 + k // SIDE * 0.01
    return shapely.box(round(west, 2), round(south, 2), round(west + 0.01, 2), round(south + 0.01, 2))


def bow_tie(square: shapely.Polygon) -> shapely.Polygon:
    a, b, c, d = shapely.get_coordinates(square)[:4]
    return shapely.Polygon([a, b, d, c])


def districts(*, mended: bool = False) -> gpd.GeoDataFrame:
    """64 squares, one with its corners in the wrong order; and first of all one that lies on top of four of them."""
    cells = [cell(k) if mended or k != BROKEN else bow_tie(cell(k)) for k in range(SIDE**2)]
    large = [] if mended else [shapely.union_all([cell(k) for k in (9, 10, 17, 18)])]
    codes = [*(["W99"] if large else []), *(f"W{k:02}" for k in range(SIDE**2))]
    frame = {"wijkcode": codes, "wijknaam": [f"Wijk {code}" for code in codes]}
    return gpd.GeoDataFrame(frame, geometry=[*large, *cells], crs=4326)


def reports() -> pd.DataFrame:
    random = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "nummer": [f"M{k:04}" for k in range(INCIDENTS)],
            "soort": random.choice(list(WORDS), INCIDENTS),
            "gemeld_op": pd.Series(pd.date_range("2025-03-01", periods=INCIDENTS, freq="h")).dt.strftime(
                "%d.%m.%Y %H:%M"
            ),
            "gesloten": "",
            "omschrijving": "垃圾 container vol",
            "lengte": random.uniform(3.7, 3.78, INCIDENTS).round(6),
            "breedte": random.uniform(51, 51.08, INCIDENTS).round(6),
        }
    )
    west, _, east, north = cell(BROKEN).bounds
    frame.loc[:19, "lengte"] = (west + east) / 2
    frame.loc[:19, "breedte"] = np.linspace(north - 0.001, north - 0.0001, 20).round(6)
    frame.loc[:9, "gesloten"] = "01.05.2026 12:00"
    frame.loc[100:102, ["lengte", "breedte"]] = 0.0
    frame.loc[110:113, ["lengte", "breedte"]] = [51.04, 3.74]
    frame.loc[120:124, ["lengte", "breedte"]] = [104.0, 30.0]
    frame.loc[130:132, "soort"] = "straatlmp"
    frame.loc[133, "soort"] = "hond"
    return frame


def left_open() -> shapely.Geometry:
    """The halves of the broken area that its ring does not enclose."""
    return shapely.difference(cell(BROKEN), shapely.make_valid(bow_tie(cell(BROKEN)), method="structure"))


def in_the_gap() -> int:
    frame = reports().drop([*range(130, 134), 200])  # without those that are refused
    return int(shapely.contains_xy(left_open(), frame["lengte"], frame["breedte"]).sum())


def write(frame: pd.DataFrame, path: Path, *, damaged: int) -> Path:
    lines = frame.to_csv(index=False, sep=";", decimal=",").encode("gbk").split(b"\n")
    lines[damaged] = lines[damaged].replace("垃".encode("gbk"), b"\xff\xff")
    path.write_bytes(b"\n".join(lines))
    return path


def of_units(path: Path, **changes: Any) -> LoadOrder:
    columns = {"code": "wijkcode", "name": "wijknaam"}
    asked: dict[str, Any] = {"columns": columns, "source": "gent", "rejects": path.with_name("wijken.rejects.csv")}
    return LoadOrder("units", path, **(asked | changes))


def of_incidents(path: Path, **changes: Any) -> LoadOrder:
    columns = {"source_key": "nummer", "category": "soort", "occurred_at": "gemeld_op", "closed_at": "gesloten"}
    columns |= {"title": "omschrijving", "lon": "lengte", "lat": "breedte"}
    asked: dict[str, Any] = {"crs": "EPSG:4326", "columns": columns, "values": {"category": WORDS}, "source": "gent"}
    asked |= {"timezone": "Europe/Brussels", "rejects": path.with_name("meldingen.rejects.csv")}
    return LoadOrder("incidents", path, **(asked | changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gent")
    districts().to_file(folder / "wijken.geojson")
    write(reports(), folder / "meldingen.csv", damaged=201)
    return folder


@pytest.fixture(scope="module")
def areas(pool: Pool, folder: Path) -> LoadReport:
    return load_file(pool, of_units(folder / "wijken.geojson"))


@pytest.fixture(scope="module")
def told(pool: Pool, areas: LoadReport, folder: Path) -> LoadReport:
    return load_file(pool, of_incidents(folder / "meldingen.csv"))


def test_only_the_area_on_top_of_four_others_is_refused(areas: LoadReport) -> None:
    assert (areas.read, areas.loaded, areas.rejected) == (65, 64, 1)
    ((row, reason, detail),) = areas.examples
    assert (row, reason) == (1, "overlap_too_large")
    assert detail.endswith("100% and 3 more")


def test_the_gaps_of_a_broken_ring_are_told_and_written(areas: LoadReport, folder: Path) -> None:
    assert [(gap.why, gap.of) for gap in areas.gaps] == [("broken_ring", ("W27",))] * 2
    assert shapely.union_all([gap.area for gap in areas.gaps]).symmetric_difference(left_open()).area < 1e-12
    written = json.loads((folder / "wijken.gaps.geojson").read_text(encoding="utf-8"))
    assert [feature["properties"]["of"] for feature in written["features"]] == ["W27", "W27"]


def test_a_dry_run_tells_the_gaps_and_writes_no_file(
    pool: Pool, areas: LoadReport, folder: Path, tmp_path: Path
) -> None:
    report = load_file(pool, of_units(folder / "wijken.geojson", rejects=tmp_path / "r.csv", dry_run=True))
    assert len(report.gaps) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_root_is_named_for_the_source_and_keeps_its_name_at_the_next_load(
    pool: Pool, areas: LoadReport, folder: Path
) -> None:
    assert root_of(pool) == ("gent", "league")
    load_file(pool, of_units(folder / "wijken.geojson", root="Gent", root_level="county"))
    assert root_of(pool) == ("Gent", "banner")
    again = load_file(pool, of_units(folder / "wijken.geojson"))
    assert root_of(pool) == ("Gent", "banner")
    assert (again.loaded, again.unchanged) == (0, 64)
    with pytest.raises(BadOption, match="--root-level gemeente: the levels are league"):
        load_file(pool, of_units(folder / "wijken.geojson", root_level="gemeente"))


def root_of(pool: Pool) -> tuple[str, str]:
    with begin(pool, EVERYTHING) as conn:
        root = units.read(conn, "gent-root")
    return root["name"], root["level"]


def test_each_row_is_loaded_or_refused_and_a_damaged_line_goes_alone(told: LoadReport, folder: Path) -> None:
    assert dict(told.reasons) == {"unknown_value": 4, "bad_text": 1}
    assert told.read == INCIDENTS == told.loaded + told.rejected
    assert told.encoding == "gb18030"
    refused = pd.read_csv(folder / "meldingen.rejects.csv", dtype=str)
    assert refused["row"].tolist() == ["131", "132", "133", "134", "201"]


def test_words_that_no_catalogue_knows_are_counted_with_the_nearest(told: LoadReport) -> None:
    found = [(one.field, one.word, one.rows, one.nearest) for one in told.unknown]
    assert found == [("category", "straatlmp", 3, "facility.light"), ("category", "hond", 1, None)]


def test_places_outside_are_counted_by_what_is_likely_wrong_with_them(pool: Pool, told: LoadReport) -> None:
    assert told.outside == {"near": in_the_gap(), "zero": 3, "swapped": 4, "far": 5}
    with begin(pool, EVERYTHING) as conn:
        outside = one(conn, "SELECT count(*) AS n FROM incident WHERE located = 'outside'")["n"]
    assert sum(told.outside.values()) == outside


def test_the_owner_of_each_incident_is_the_one_shapely_finds(pool: Pool, told: LoadReport) -> None:
    with begin(pool, EVERYTHING) as conn:
        found = rows(conn, "SELECT unit_id, st_x(geom) AS lon, st_y(geom) AS lat FROM incident")
        grids, root = units.base(conn), units.read(conn, "gent-root")["unit_id"]
    frame = pd.DataFrame(found)
    tree = shapely.STRtree(grids.geometry.to_numpy())
    point, area = tree.query(shapely.points(frame["lon"], frame["lat"]), predicate="intersects")
    owners = pd.Series(grids["unit_id"].to_numpy()[area]).groupby(point).min()
    assert frame["unit_id"].tolist() == owners.reindex(range(len(frame))).fillna(root).astype(int).tolist()


def test_times_with_dots_are_days_first_on_the_clock_of_the_city(pool: Pool, told: LoadReport) -> None:
    with begin(pool, EVERYTHING) as conn:
        stored = one(conn, "SELECT occurred_at AS at FROM incident WHERE source_key = 'M0035'")["at"]
    assert pd.Timestamp(stored) == pd.Timestamp("2025-03-02 11:00", tz="Europe/Brussels")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"values": {"category": {"afval": "rubish"}}},
            r"--map-value category:afval=rubish: .*mean environment.rubbish\?",
        ),
        ({"defaults": {"category": "overig"}}, r"--default category=overig: overig is no category; The values are "),
        ({"constants": {"state": "klaar"}}, r"--set state=klaar: .* accepted, archived, "),
        (
            {"columns": {"categorie": "soort"}},
            r"--map categorie=soort: incidents have no field categorie; the fields are",
        ),
        (
            {"columns": {"category": "type"}},
            r"--map category=type: the file has no column type; its columns are nummer",
        ),
    ],
)
def test_a_mistyped_option_is_blamed_and_not_the_data(
    pool: Pool, areas: LoadReport, folder: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadOption, match=said):
        load_file(pool, of_incidents(folder / "meldingen.csv", **changes))


def test_the_default_may_be_any_word_that_stands_for_a_value(pool: Pool, areas: LoadReport, folder: Path) -> None:
    order = of_incidents(folder / "meldingen.csv", defaults={"category": "Rubbish"}, dry_run=True, source="other")
    report = load_file(pool, order)
    assert dict(report.reasons) == {"bad_text": 1}
    assert [one.word for one in report.unknown] == ["straatlmp", "hond"]


def test_the_values_of_a_field_can_be_asked_for(pool: Pool) -> None:
    with begin(pool, EVERYTHING) as conn:
        fields = loads.fields(conn, "incidents")
    assert {"environment.rubbish", "other"} <= set(fields["category"].choices.values())
    assert "import" in fields["channel"].choices


def test_a_report_is_readable_at_80_columns(
    pool: Pool, areas: LoadReport, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_report.console, "_width", 80)
    order = of_incidents(folder / "meldingen.csv", dry_run=True, source="preview")
    load_report.show(load_file(pool, order), order)
    printed = capsys.readouterr().out
    assert "occurred_at  2025-02-28 23:00:00+00:00 ← 01.03.2025 00:00" in printed
    assert "category     environment.rubbish ← afval" in printed or "environment.noise ← lawaai" in printed
    assert f"{in_the_gap()} 在城市边缘或缝隙中" in printed
    assert max(cell_len(line) for line in printed.splitlines()) <= 80


def test_once_the_areas_are_mended_assigning_again_brings_home_what_lay_in_the_gaps(
    pool: Pool, told: LoadReport, folder: Path
) -> None:
    districts(mended=True).to_file(folder / "heel.geojson")
    report = load_file(pool, of_units(folder / "heel.geojson"))
    assert (report.loaded, report.unchanged, report.gaps) == (1, 63, [])
    with begin(pool, EVERYTHING) as conn:
        done = reassign(conn, Assigner.load(conn))
        units_of = {row["code"] for row in rows(conn, IN_THE_GAP)}
    assert (done.moved, done.settled) == (in_the_gap(), 10)
    assert units_of == {"W27"}


IN_THE_GAP = """
SELECT u.code FROM incident AS i INNER JOIN unit_version AS u ON i.unit_id = u.unit_id AND upper_inf(u.recorded)
WHERE i.source_key < 'M0020'
"""
