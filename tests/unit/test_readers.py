import subprocess
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from geo.errors import BadFile
from geo.readers import Opened, open_file, unlike

NAMES = ["红城小学", "乌兰浩特火车站"]


def everything(opened: Opened) -> tuple[list[int], pd.DataFrame]:
    batches = list(opened.batches)
    frame = pd.concat([batch.frame for batch in batches], ignore_index=True)
    return [int(row) for batch in batches for row in batch.rows], frame


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gbk", "gb18030"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_csv_is_read_in_the_encoding_it_has(tmp_path: Path, encoding: str, told: str) -> None:
    path = write(tmp_path / "a.csv", f"编号,名称\n1,{NAMES[0]}\n2,{NAMES[1]}\n", encoding)
    opened = open_file(path)
    assert (opened.encoding, opened.columns) == (told, ["编号", "名称"])
    rows, frame = everything(opened)
    assert rows == [1, 2]
    assert frame["名称"].tolist() == NAMES


def test_text_in_no_known_encoding_is_refused_and_told_how_much_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,name\n" + b"1,\xff\xff\xff\n" * 3)
    with pytest.raises(BadFile, match=r"not text in gb18030: 3 of 4 lines; name its --encoding"):
        everything(open_file(tmp_path / "a.csv"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("bad", [b"\xff\xff", b"\xe5"])
def test_a_line_of_bad_bytes_is_set_aside_and_the_others_are_read(tmp_path: Path, encoding: str, bad: bytes) -> None:
    lines = [f"{k},{NAMES[k % 2]},站".encode(encoding.removesuffix("-sig")) for k in range(30)]
    lines[7] = b"7," + bad + b",x"
    heading = "编号,名称,类型".encode(encoding)
    (tmp_path / "a.csv").write_bytes(b"\n".join([heading, *lines]))
    opened = open_file(tmp_path / "a.csv")
    rows, frame = everything(opened)
    assert rows == [k for k in range(1, 31) if k != 8]
    assert frame["名称"].tolist() == [NAMES[k % 2] for k in range(30) if k != 7]
    ((row, (reason, seen)),) = opened.unread.items()
    assert (row, reason) == (8, "bad_text")
    assert seen.startswith("名称: not ")


def test_damaged_utf8_is_not_taken_for_gb18030_although_every_byte_would_decode(tmp_path: Path) -> None:
    lines = ["编号,名称", *["1,垃圾"] * 20]
    text = "\n".join(lines).encode()
    (tmp_path / "a.csv").write_bytes(text + b"\n1,\xc0\xc1\n")
    opened = open_file(tmp_path / "a.csv")
    assert everything(opened)[1]["名称"].unique().tolist() == ["垃圾"]
    assert opened.encoding == "utf-8"
    assert list(opened.unread) == [21]


def test_western_text_is_not_taken_for_chinese(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,name\n1,Köln\n2,Düsseldorf\n", "iso-8859-1")
    with pytest.raises(BadFile, match="Western text; name its --encoding, such as windows-1252"):
        open_file(path)
    assert everything(open_file(path, encoding="iso-8859-1"))[1]["name"].tolist() == ["Köln", "Düsseldorf"]


def test_an_encoding_that_was_asked_for_is_not_guessed_around(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,名称\n", "gbk")
    with pytest.raises(BadFile, match="not text in utf-8"):
        open_file(path, encoding="utf-8")


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_the_separator_is_the_one_of_the_heading(tmp_path: Path, separator: str) -> None:
    path = write(tmp_path / "a.txt", f'a{separator}b\n"1{separator}1"{separator}2\n')
    assert everything(open_file(path))[1].iloc[0].tolist() == [f"1{separator}1", "2"]


def test_rows_that_do_not_fit_the_heading_are_set_aside_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    opened = open_file(write(tmp_path / "a.csv", 'a,b\n1,2\n1,2,3\n"x\ny",2\n7\n8,9\n'))
    rows, frame = everything(opened)
    assert rows == [1, 3, 5]
    assert {row: reason for row, (reason, _) in opened.unread.items()} == {2: "ragged_row", 4: "ragged_row"}
    assert frame["a"].tolist() == ["1", "x\ny", "8"]


def test_a_heading_alone_is_a_file_of_no_rows(tmp_path: Path) -> None:
    rows, _ = everything_or_nothing(open_file(write(tmp_path / "a.csv", "a,b\n")))
    assert rows == 0


def everything_or_nothing(opened: Opened) -> tuple[int, list[str]]:
    return sum(len(batch.rows) for batch in opened.batches), opened.columns


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b""), ("a.csv", b"\n\n"), ("a.geojson", b"{"), ("a.gpkg", b"x")]
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile, match=name):
        open_file(tmp_path / name)


@pytest.mark.parametrize("name", ["none.csv", "a.docx"])
def test_a_file_that_is_not_there_or_of_no_known_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.docx").write_bytes(b"x")
    with pytest.raises(BadFile, match=name):
        open_file(tmp_path / name)


def test_columns_of_one_name_are_told_apart() -> None:
    assert unlike(["x", "x", None, " ", "x"]) == ["x", "x_2", "column_3", "column_4", "x_3"]


def test_duplicated_columns_of_a_csv_keep_their_values(tmp_path: Path) -> None:
    assert everything(open_file(write(tmp_path / "a.csv", "x,x\n1,2\n")))[1].iloc[0].to_dict() == {"x": "1", "x_2": "2"}


def test_a_sheet_is_read_and_whole_numbers_stay_whole(tmp_path: Path) -> None:
    pd.DataFrame({"编号": [1, 2], "名称": NAMES, "值": [1.5, None]}).to_excel(tmp_path / "a.xlsx", index=False)
    _, frame = everything(open_file(tmp_path / "a.xlsx"))
    assert frame["编号"].tolist() == [1, 2]
    assert frame["名称"].tolist() == NAMES
    with pytest.raises(BadFile, match="no sheet other"):
        open_file(tmp_path / "a.xlsx", layer="other")


def test_titles_above_the_heading_of_a_sheet_and_blank_rows_are_passed_over_and_told(tmp_path: Path) -> None:
    cells = [["队伍一览", None], [None, None], ["编号", "名称"], [1, NAMES[0]], [None, None], [2, NAMES[1]]]
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        pd.DataFrame(cells).to_excel(book, sheet_name="一", header=False, index=False)
        pd.DataFrame([[1]]).to_excel(book, sheet_name="二")
    opened = open_file(tmp_path / "a.xlsx")
    rows, frame = everything(opened)
    assert rows == [1, 3]
    assert frame["名称"].tolist() == NAMES
    assert [en for _, en in opened.notes] == [
        "一 is read; there are also 二 (--layer)",
        "row 3 was taken for the heading",
    ]


def test_the_layer_that_is_read_is_named_where_a_file_has_several(tmp_path: Path) -> None:
    for name in ("wijken", "buurten"):
        places().to_file(tmp_path / "a.gpkg", layer=name)
    opened = open_file(tmp_path / "a.gpkg")
    assert opened.layer == "wijken"
    assert [en for _, en in opened.notes] == ["wijken is read; there are also buurten (--layer)"]
    with pytest.raises(BadFile, match="no layer straten; it has wijken, buurten"):
        open_file(tmp_path / "a.gpkg", layer="straten")


def places() -> gpd.GeoDataFrame:
    points = [shapely.Point(122.1, 46.1), shapely.Point(122.2, 46.2)]
    return gpd.GeoDataFrame({"name": NAMES, "n": [1, 2]}, geometry=points, crs=4326)


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "fgb", "shp", "parquet"])
def test_vector_files_give_their_columns_geometries_and_system(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    places().to_parquet(path) if suffix == "parquet" else places().to_file(path)
    opened = open_file(path)
    (batch,) = opened.batches
    assert batch.geometry is not None
    found = dict(zip(batch.frame["name"], batch.geometry, strict=True))  # FlatGeobuf orders by place
    assert found == dict(zip(NAMES, places().geometry, strict=True))
    assert opened.crs is not None
    assert opened.total in (2, None)


@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:4490"])
def test_a_geopackage_written_by_ogr2ogr_carries_its_system(tmp_path: Path, crs: str) -> None:
    places().to_file(tmp_path / "a.geojson")
    for suffix in ("gpkg", "fgb"):
        subprocess.run(["ogr2ogr", "-t_srs", crs, tmp_path / f"b.{suffix}", tmp_path / "a.geojson"], check=True)
        opened = open_file(tmp_path / f"b.{suffix}")
        assert opened.crs == crs
        assert set(next(opened.batches).frame["name"]) == set(NAMES)


@pytest.mark.parametrize("with_cpg", [True, False])
@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
def test_a_shapefile_of_ogr2ogr_is_read_with_and_without_its_cpg(tmp_path: Path, encoding: str, with_cpg: bool) -> None:
    places().to_file(tmp_path / "a.geojson")
    shape = tmp_path / "b.shp"
    subprocess.run(["ogr2ogr", "-lco", f"ENCODING={encoding}", shape, tmp_path / "a.geojson"], check=True)
    if not with_cpg:
        shape.with_suffix(".cpg").unlink()
    assert next(open_file(shape).batches).frame["name"].tolist() == NAMES


def test_a_shapefile_without_prj_declares_no_system(tmp_path: Path) -> None:
    places().to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    assert open_file(tmp_path / "a.shp").crs is None


def test_geojson_in_gbk_is_read(tmp_path: Path) -> None:
    places().to_file(tmp_path / "a.geojson")
    text = (tmp_path / "a.geojson").read_text(encoding="utf-8")
    opened = open_file(write(tmp_path / "b.geojson", text, "gbk"))
    assert opened.encoding == "gb18030"
    assert next(opened.batches).frame["name"].tolist() == NAMES


def test_a_geojson_ring_that_is_no_ring_leaves_its_row_without_geometry(tmp_path: Path) -> None:
    feature = '{"type":"Feature","properties":{"n":%d},"geometry":{"type":"Polygon","coordinates":[[%s]]}}'
    good, bad = "[1,1],[2,1],[2,2],[1,1]", "[1,1],[2,1]"
    text = '{"type":"FeatureCollection","features":[' + feature % (1, good) + "," + feature % (2, bad) + "]}"
    (batch,) = open_file(write(tmp_path / "a.geojson", text)).batches
    assert len(batch.rows) == 2
    assert batch.geometry is not None
    assert batch.geometry[1] is None or not batch.geometry[1].is_valid


def test_streets_and_buildings_come_out_of_openstreetmap() -> None:
    pyrosm = pytest.importorskip("pyrosm")
    path = Path(pyrosm.get_data("test_pbf"))
    (streets,), (buildings,) = open_file(path, kind="streets").batches, open_file(path, kind="buildings").batches
    assert len(streets.rows) > 100
    assert streets.frame["highway"].notna().all()
    assert len(buildings.rows) > 2_000
    assert buildings.frame["osm_key"].is_unique


def test_rivers_and_lakes_come_out_of_openstreetmap_as_lines_and_areas_with_their_kind() -> None:
    pyrosm = pytest.importorskip("pyrosm")
    (water,) = open_file(Path(pyrosm.get_data("helsinki_pbf")), kind="water").batches
    assert water.geometry is not None
    kinds = water.frame["kind"]
    assert set(kinds[shapely.get_dimensions(water.geometry) == 1]) == {"stream", "drain"}
    assert set(kinds[shapely.get_dimensions(water.geometry) == 2]) == {"basin", "water"}
    assert water.frame["osm_key"].is_unique
    # Of ways alone, lines and areas: no number of a way is taken for that of a relation.
    relations = pyogrio.read_dataframe(pyrosm.get_data("helsinki_pbf"), layer="multipolygons", read_geometry=False)[
        "osm_id"
    ].dropna()
    found = water.frame["osm_key"]
    assert set(found[found.str.startswith("r")]) <= {f"r{number}" for number in relations}


def test_whole_numbers_beside_missing_ones_keep_their_digits(tmp_path: Path) -> None:
    pd.DataFrame({"id": pd.array([2**53 + 1, None], "Int64")}).to_parquet(path := tmp_path / "a.parquet")
    table = pa.table({"id": pa.array([2**53 + 1, None])})
    pq.write_table(table, plain := tmp_path / "b.parquet")
    for file in (path, plain):
        assert next(open_file(file).batches).frame["id"][0] == 2**53 + 1
