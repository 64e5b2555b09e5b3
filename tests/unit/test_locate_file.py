"""Files of points: every row located or refused with its reason, in the order of the file, whole or not there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from distributed import Client, LocalCluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.division import Division, areas
from geo.errors import BadCoordinate, BadFile, NoCoordinates, UndeclaredCrs, UnfitColumn
from geo.locate_dask import NoScheduler, client_of, locate_parts
from geo.locate_file import locate_file
from geo.locate_order import LocateOrder, LocateReport

CRS = "EPSG:4326"
# Four squares of a degree from (120, 45); ids 7, 8, 9, 10.
UNITS = gpd.GeoDataFrame(
    {
        "unit_id": [7, 8, 9, 10],
        "code": list("abcd"),
        "path": ["1.7.", "1.8.", "1.9.", "1.10."],
        "name": list("甲乙丙丁"),
    },
    geometry=shapely.box([120, 121, 120, 121], [45, 45, 46, 46], [121, 122, 121, 122], [46, 46, 47, 47]),
    crs=CRS,
)
DIVISION = Division.of(UNITS)


def order(path: Path, **more: object) -> LocateOrder:
    given = {"out": path.parent / "out.parquet", "rejects": path.parent / "rejects.csv", "crs": CRS} | more
    return LocateOrder(path, **given)  # type: ignore[arg-type]


def counts(report: LocateReport) -> tuple[int, int, int, int, int]:
    return report.read, report.inside, report.edge, report.outside, report.rejected


def csv(folder: Path, *lines: str, heading: str = "id,lon,lat") -> Path:
    path = folder / "points.csv"
    path.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")
    return path


def answer(path: Path) -> pd.DataFrame:
    """What was written, with codes, paths and places as plain text."""
    frame = pd.read_parquet(path)
    return frame.astype(dict.fromkeys(("unit_code", "unit_path", "located"), object))


def refused(folder: Path) -> dict[int, tuple[str, str]]:
    frame = pd.read_csv(folder / "rejects.csv", dtype=str, keep_default_na=False)
    return {int(row): (reason, detail) for row, reason, detail in frame[["row", "reason", "detail"]].to_numpy()}


def test_each_row_has_its_unit_or_its_reason_and_the_counts_add_up(tmp_path: Path) -> None:
    path = csv(
        tmp_path, "p,120.5,45.5", "q,121,45.5", "r,121,46", "s,10,10", "t,,", "u,abc,45", "v,inf,45", "w,nan,45",
        "x,200,45", 'y,"120,5","45,5"', "z,120.5", "é,120.5,46.5",
    )  # fmt: skip
    report = locate_file(order(path), DIVISION)
    assert counts(report) == (12, 2, 2, 1, 7)
    out = answer(tmp_path / "out.parquet")
    assert list(out.columns) == [
        "row",
        "unit_id",
        "unit_code",
        "unit_path",
        "located",
        "candidates",
        "id",
        "lon",
        "lat",
    ]
    assert out["row"].tolist() == [1, 2, 3, 4, 12]
    assert out["unit_id"].fillna(0).tolist() == [7, 7, 7, 0, 9]
    assert out["unit_code"].fillna("").tolist() == ["a", "a", "a", "", "c"]
    assert out["unit_path"].fillna("").tolist() == ["1.7.", "1.7.", "1.7.", "", "1.9."]
    assert out["located"].tolist() == ["inside", "edge", "edge", "outside", "inside"]
    assert [None if c is None else c.tolist() for c in out["candidates"]] == [None, [7, 8], [7, 8, 9, 10], None, None]
    assert {row: reason for row, (reason, _) in refused(tmp_path).items()} == {
        5: "missing_value", 6: "bad_number", 7: "bad_coordinate", 8: "bad_coordinate", 9: "bad_coordinate",
        10: "bad_number", 11: "ragged_row",
    }  # fmt: skip
    assert refused(tmp_path)[10][1] == "lon is 120,5: write a decimal point"


def test_csv_out_says_what_parquet_out_says(tmp_path: Path) -> None:
    path = csv(tmp_path, "p,120.5,45.5", "q,121,46", "s,10,10")
    locate_file(order(path), DIVISION)
    locate_file(order(path, out=tmp_path / "out.csv"), DIVISION)
    parquet, text = answer(tmp_path / "out.parquet"), pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert text["unit_id"].tolist()[:2] == ["7", "7"]
    assert text["candidates"].fillna("").tolist() == ["", "7 8 9 10", ""]
    assert text["located"].tolist() == parquet["located"].tolist()


@pytest.mark.parametrize("lines", [[], ["p,120.5,45.5"], ["p,x,y"]])
def test_a_file_of_no_row_one_row_or_only_bad_rows_has_an_answer_with_its_columns(
    tmp_path: Path, lines: list[str]
) -> None:
    report = locate_file(order(csv(tmp_path, *lines)), DIVISION)
    out = answer(tmp_path / "out.parquet")
    assert (report.read, len(out) + report.rejected) == (len(lines), len(lines))
    assert list(out.columns)[-3:] == ["id", "lon", "lat"]
    assert (tmp_path / "rejects.csv").exists() == (report.rejected > 0)


def test_rejects_of_an_earlier_run_do_not_stay_beside_an_answer_without_any(tmp_path: Path) -> None:
    locate_file(order(csv(tmp_path, "p,x,y")), DIVISION)
    assert refused(tmp_path).keys() == {1}
    locate_file(order(csv(tmp_path, "p,120.5,45.5")), DIVISION)
    assert not (tmp_path / "rejects.csv").exists()


KINDS = [pa.float32(), pa.float64(), pa.decimal128(9, 3), pa.string(), pa.large_string(), pa.string_view()]


@pytest.mark.parametrize("kind", [*KINDS, pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_coordinates_may_be_numbers_or_text_of_any_arrow_type(tmp_path: Path, kind: pa.DataType) -> None:
    texts = pa.array(["120.5", None, " +121.5 "[1:-1].lstrip("+"), "1.205e2"])
    x = texts.cast(pa.float64()).cast(kind) if pa.types.is_floating(kind) or pa.types.is_decimal(kind) else None
    x = (texts.dictionary_encode() if pa.types.is_dictionary(kind) else texts.cast(kind)) if x is None else x
    pq.write_table(pa.table({"lon": x, "lat": pa.array([45.5] * 4)}), tmp_path / "a.parquet")
    report = locate_file(order(tmp_path / "a.parquet"), DIVISION)
    assert counts(report) == (4, 3, 0, 0, 1)
    assert answer(tmp_path / "out.parquet")["unit_code"].tolist() == ["a", "b", "a"]
    assert refused(tmp_path) == {2: ("missing_value", "lon")}


@pytest.mark.parametrize("values", [[True], [[1.0]], [b"12"], [pd.Timestamp("2026-01-01")]])
def test_a_column_that_holds_no_numbers_is_refused(tmp_path: Path, values: list[object]) -> None:
    pq.write_table(pa.table({"lon": values, "lat": [45.5]}), tmp_path / "a.parquet")
    with pytest.raises(UnfitColumn, match="lon holds"):
        locate_file(order(tmp_path / "a.parquet"), DIVISION)
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_columns_with_one_name_or_a_name_of_ours_are_kept_apart(tmp_path: Path) -> None:
    path = csv(tmp_path, "1,5,120.5,45.5,121.5", heading="row,unit_id,lon,lat,lon")
    with pytest.raises(NoCoordinates, match="two columns lon"):
        locate_file(order(path), DIVISION)
    locate_file(order(path, x="lon_2", y="lat"), DIVISION)
    out = answer(tmp_path / "out.parquet").iloc[0]
    assert (out["unit_code"], out["row"], out["row_2"], out["unit_id_2"]) == ("b", 1, "1", "5")


def test_a_crs_is_declared_or_carried_and_never_assumed(tmp_path: Path) -> None:
    with pytest.raises(UndeclaredCrs):
        locate_file(order(csv(tmp_path, "p,120.5,45.5"), crs=None), DIVISION)
    points = gpd.GeoDataFrame({"k": [1, 2]}, geometry=shapely.points([120.5, 121.5], [45.5, 46.5]), crs=CRS)
    for name, crs in (("a.gpkg", 4549), ("a.parquet", 4490), ("a.geojson", 4326), ("a.fgb", 3857), ("a.shp", 4326)):
        moved = points.to_crs(crs)
        (moved.to_parquet if name.endswith("parquet") else moved.to_file)(tmp_path / name)
        locate_file(order(tmp_path / name, crs=None), DIVISION)
        out = answer(tmp_path / "out.parquet").sort_values("k")  # FlatGeobuf sorts them its own way
        assert out["unit_code"].tolist() == ["a", "d"]
        assert np.allclose(out[["lon", "lat"]], [[120.5, 45.5], [121.5, 46.5]], atol=1e-6)
    bare = gpd.GeoDataFrame({"k": [1]}, geometry=[shapely.Point(120.5, 45.5)])
    bare.to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(UndeclaredCrs):
        locate_file(order(tmp_path / "bare.parquet", crs=None), DIVISION)


def test_geometries_that_are_no_points_are_refused_and_heights_are_dropped(tmp_path: Path) -> None:
    shapes = [
        shapely.Point(120.5, 45.5), shapely.Point(121.5, 45.5, 300), shapely.MultiPoint([(120.5, 45.5)]), None,
        shapely.Point(), shapely.box(120, 45, 121, 46), shapely.Point(180, 90), shapely.Point(-180, -90),
    ]  # fmt: skip
    gpd.GeoDataFrame({"k": range(8)}, geometry=shapes, crs=CRS).to_parquet(tmp_path / "a.parquet")
    report = locate_file(order(tmp_path / "a.parquet", crs=None), DIVISION)
    assert counts(report) == (8, 2, 0, 2, 4)
    assert {row: reason for row, (reason, _) in refused(tmp_path).items()} == {
        3: "wrong_geometry", 4: "no_geometry", 5: "no_geometry", 6: "wrong_geometry"
    }  # fmt: skip
    assert refused(tmp_path)[3][1] == "MultiPoint"


def test_geoarrow_points_are_read_as_wkb_is(tmp_path: Path) -> None:
    points = gpd.GeoDataFrame({"k": range(300)}, geometry=shapely.points(np.linspace(119, 123, 300), 45.5), crs=CRS)
    answers = []
    for encoding in ("WKB", "geoarrow"):
        points.to_parquet(tmp_path / "a.parquet", geometry_encoding=encoding)
        locate_file(order(tmp_path / "a.parquet", crs=None), DIVISION)
        answers.append(answer(tmp_path / "out.parquet"))
    pd.testing.assert_frame_equal(*answers)


def test_swapped_coordinates_and_metres_are_refused_as_such(tmp_path: Path) -> None:
    path = csv(tmp_path, *(f"{k},45.5,120.5" for k in range(40)))
    with pytest.raises(BadCoordinate, match="swapped"):
        locate_file(order(path), DIVISION)
    path = csv(tmp_path, *(f"{k},500000,5000000" for k in range(40)))
    with pytest.raises(BadCoordinate, match="metres of a projection"):
        locate_file(order(path), DIVISION)


def test_an_answer_goes_into_a_folder_that_is_there_under_a_known_suffix_and_not_over_its_file(tmp_path: Path) -> None:
    path = csv(tmp_path, "p,120.5,45.5")
    for out, said in ((tmp_path / "out.xlsx", "suffix"), (tmp_path / "no" / "out.csv", "folder"), (path, "is read")):
        with pytest.raises(BadFile, match=said):
            locate_file(order(path, out=out), DIVISION)
    pq.write_table(pa.table({"lon": [120.5], "lat": [45.5], "tags": [["a"]]}), tmp_path / "a.parquet")
    with pytest.raises(UnfitColumn, match="tags holds list"):
        locate_file(order(tmp_path / "a.parquet", out=tmp_path / "out.csv"), DIVISION)


def test_a_file_damaged_in_its_middle_leaves_nothing_behind_and_the_old_answer_in_place(tmp_path: Path) -> None:
    x = np.random.default_rng(1).uniform(120, 122, 400_000)
    pq.write_table(pa.table({"lon": x, "lat": x - 75}), path := tmp_path / "a.parquet", use_dictionary=False)
    (tmp_path / "out.parquet").write_text("old")
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 2000] = bytes(2000)
    pages = bytes(content)
    path.write_bytes(pages)
    try:
        locate_file(order(path), DIVISION)
    except BadFile:
        assert (tmp_path / "out.parquet").read_text() == "old"
    assert not list(tmp_path.glob(".*"))


def test_what_is_killed_in_the_middle_leaves_no_answer_under_its_name(tmp_path: Path) -> None:
    x = np.random.default_rng(1).uniform(120, 122, 3_000_000)
    pq.write_table(pa.table({"lon": x, "lat": x - 75}), tmp_path / "a.parquet")
    DIVISION.save(tmp_path)
    program = f"""
from pathlib import Path
from geo.division import Division
from geo.locate_file import locate_file
from geo.locate_order import LocateOrder
folder = Path({str(tmp_path)!r})
tell = lambda done, total: print(done, flush=True)
locate_file(LocateOrder(folder / "a.parquet", folder / "out.csv", {CRS!r}), Division.load(folder), tell)
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.csv").exists()


CELL = st.one_of(
    st.none(), st.text(max_size=4), st.floats(119, 123).map(str), st.floats().map(str), st.sampled_from(["121", "46"])
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL, CELL), max_size=12))
def test_of_whatever_rows_each_is_written_or_refused_once_and_owned_as_shapely_says(
    tmp_path: Path, cells: list[tuple[str | None, str | None]]
) -> None:
    frame = pd.DataFrame(cells, columns=["lon", "lat"], dtype=object)
    frame.to_parquet(tmp_path / "a.parquet")
    report = locate_file(order(tmp_path / "a.parquet"), DIVISION)
    out = answer(tmp_path / "out.parquet")
    rejected = refused(tmp_path) if report.rejected else {}
    assert sorted([*out["row"], *rejected]) == list(range(1, len(cells) + 1))
    assert report.read == len(cells) == report.inside + report.edge + report.outside + report.rejected
    for row, owner in zip(out["row"], out["unit_code"], strict=True):
        place = shapely.Point(*(float(text or "") for text in cells[row - 1]))
        touched = UNITS.loc[UNITS.intersects(place), "code"].tolist()
        assert (owner if isinstance(owner, str) else None) == (touched[0] if touched else None)


def many(folder: Path, count: int, row_group: int) -> Path:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(119.9, 122.1, count), rng.uniform(44.9, 47.1, count)
    x[::50], y[::70], x[::1000] = 121.0, 46.0, np.nan
    pq.write_table(
        pa.table({"id": np.arange(count), "lon": x, "lat": y}), folder / "many.parquet", row_group_size=row_group
    )
    pd.DataFrame({"id": np.arange(count), "lon": x, "lat": y}).to_csv(folder / "many.csv", index=False)
    return folder


def same_by_workers(client: Client, folder: Path, name: str, parts: int) -> None:
    alone = locate_file(order(folder / name, rejects=folder / "r1.csv"), DIVISION)
    shared = locate_parts(
        client, order(folder / name, out=folder / "parts.parquet", rejects=folder / "r2.csv"), DIVISION
    )
    assert counts(alone) == counts(shared)
    assert (folder / "r1.csv").read_bytes() == (folder / "r2.csv").read_bytes()
    assert len(list((folder / "parts.parquet").iterdir())) >= parts
    together = pd.concat(map(answer, sorted((folder / "parts.parquet").iterdir())), ignore_index=True)
    pd.testing.assert_frame_equal(answer(folder / "out.parquet"), together)


def test_dask_workers_give_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    many(tmp_path, 60_000, 7_000)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as c,
        Client(c) as client,
    ):
        same_by_workers(client, tmp_path, "many.parquet", 1)
        with pytest.raises(BadFile, match="not replaced"):
            locate_parts(client, order(tmp_path / "many.csv", out=tmp_path / "parts.parquet"), DIVISION)
        with pytest.raises(NoCoordinates, match="The file has a"):
            locate_parts(client, order(csv(tmp_path, "1", heading="a"), out=tmp_path / "p2.parquet"), DIVISION)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.full
@pytest.mark.parametrize("name", ["many.parquet", "many.csv"])
def test_dask_worker_processes_give_the_same_rows_in_the_same_order(tmp_path: Path, name: str) -> None:
    many(tmp_path, 3_000_000, 300_000)
    with client_of(None, 2) as client:
        same_by_workers(client, tmp_path, name, 3)


def test_a_scheduler_that_is_not_there_is_said_to_be_so() -> None:
    with pytest.raises(NoScheduler), client_of("nonsense://127.0.0.1:9", 1):
        pass


def test_areas_without_ids_name_candidates_by_their_codes(tmp_path: Path) -> None:
    division = Division.of(areas(["x", "y"], UNITS.geometry[:2].to_numpy()))
    locate_file(order(csv(tmp_path, "p,121,45.5")), division)
    out = answer(tmp_path / "out.parquet").iloc[0]
    assert (out["unit_code"], list(out["candidates"])) == ("x", ["x", "y"])
    assert pd.isna(out["unit_id"])
