"""`wangge tiles export`: one file, read back by its own library and by GDAL."""

from pathlib import Path

import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner

from api.cli.program import app
from geo import db, units
from geo.settings import settings
from tests.city import furnish
from tiles.layers import CATALOGUE, tiles_in

BOX = "121.99,45.99,122.03,46.03"
BOUNDS = (121.99, 45.99, 122.03, 46.03)


@pytest.fixture(scope="module")
def city(pool: ConnectionPool[db.Connection], database: str) -> ConnectionPool[db.Connection]:
    with db.begin(pool, db.EVERYTHING) as conn:
        furnish(conn)
    return pool


def export(database: str, monkeypatch: pytest.MonkeyPatch, out: Path, *more: str, box: str = BOX) -> str:
    monkeypatch.setenv("WANGGE_DSN", database)
    settings.cache_clear()
    done = CliRunner().invoke(app, ["tiles", "export", "--bbox", box, "--out", str(out), *more])
    settings.cache_clear()
    return f"{done.exit_code} {done.exception!r} {done.output}"


def test_an_archive_holds_every_tile_of_the_public_layers(
    city: ConnectionPool[db.Connection], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "area.pmtiles"
    assert export(database, monkeypatch, out, "--max-zoom", "14").startswith("0 ")
    with out.open("rb") as file:
        source = MmapSource(file)
        found = {at for at, _ in all_tiles(source)}
        reader = Reader(source)
        named = {layer["id"] for layer in reader.metadata()["vector_layers"]}
        header = reader.header()
    assert named == {inner.id for layer in CATALOGUE.values() if layer.public for inner in layer.layers}
    assert found <= set(tiles_in(BOUNDS, range(15)))
    assert {zoom for zoom, _, _ in found} == set(range(15))
    assert (header["min_zoom"], header["max_zoom"], header["min_lon_e7"]) == (0, 14, 1_219_900_000)
    assert not list(tmp_path.glob("*.part"))


def test_gdal_reads_the_units_of_an_archive_where_they_are(
    city: ConnectionPool[db.Connection], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "units.pmtiles"
    zoom = ("--min-zoom", "16", "--max-zoom", "16")
    assert export(database, monkeypatch, out, "--layers", "units", *zoom).startswith("0 ")
    drawn = pyogrio.read_dataframe(out, layer="micro_grid").to_crs("EPSG:4326").dissolve("code")
    with db.begin(city, db.EVERYTHING) as conn:
        put_in = units.in_force(conn, level="micro_grid").set_index("code")
    assert set(drawn.index) == set(put_in.index)
    for code, area in put_in.geometry.items():
        strange = shapely.symmetric_difference(drawn.loc[code, "geometry"], area)
        assert strange.area < area.length * 3e-6  # a tile unit is 2e-6 degrees


@pytest.mark.parametrize(
    ("box", "more", "said"),
    [
        ("1,2,3", (), "--bbox"),
        ("122,46,121,47", (), "--bbox"),
        ("-180,-80,180,80", (), "TooManyTiles"),
        ("10,10,10.1,10.1", ("--max-zoom", "8", "--layers", "stations"), "NothingThere"),
        (BOX, ("--layers", "persons"), "--layers"),
        (BOX, ("--min-zoom", "9", "--max-zoom", "8"), "--min-zoom"),
    ],
)
def test_what_cannot_be_exported_is_said_and_leaves_no_file(
    city: ConnectionPool[db.Connection],
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    box: str,
    more: tuple[str, ...],
    said: str,
) -> None:
    told = export(database, monkeypatch, tmp_path / "a.pmtiles", *more, box=box)
    assert not told.startswith("0 ")
    assert said in told
    assert not list(tmp_path.iterdir())


def test_what_is_not_public_is_exported_only_by_name_and_said_so(
    city: ConnectionPool[db.Connection], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "routes.pmtiles"
    told = export(database, monkeypatch, out, "--layers", "routes", "--max-zoom", "12")
    assert "holds what is not public: routes" in told
    with out.open("rb") as file:
        at, data = next(iter(all_tiles(MmapSource(file))))
    assert at[0] == CATALOGUE["routes"].minzoom
    assert data[:2] == b"\x1f\x8b"
