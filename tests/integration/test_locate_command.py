"""`wangge locate FILE`, from the database's units to the answer, the rejects and the exit code."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner, Result

from api.cli import program
from geo import db
from geo.db import EVERYTHING, begin
from geo.errors import NotFound, UndeclaredCrs
from geo.settings import settings
from tests.city import LONG_AGO, furnish

Pool = ConnectionPool[db.Connection]


@pytest.fixture
def folder(pool: Pool, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a file of three rows and the settings of the database."""
    with begin(pool, EVERYTHING) as conn:
        if not db.first(conn, "SELECT id FROM unit"):
            furnish(conn)
    monkeypatch.setenv("WANGGE_DSN", database)
    monkeypatch.setenv("WANGGE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    (tmp_path / "a.csv").write_text("经度,纬度\n122.005,46.005\n122.01,46.01\nx,46\n", encoding="gb18030")
    return tmp_path


@pytest.fixture(autouse=True)
def fresh_settings() -> None:
    settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(program.app, ["locate", *words])


def test_a_file_is_located_by_the_units_in_force_and_refused_rows_are_kept(folder: Path) -> None:
    done = run("a.csv", "--out", "out.csv", "--crs", "EPSG:4326")
    assert done.exit_code == 0, done.output
    out = pd.read_csv(folder / "out.csv", dtype=str)
    assert out["unit_code"].tolist() == ["M1", "M1"]
    assert out["located"].tolist() == ["inside", "edge"]
    assert len(out["candidates"][1].split()) == 4
    assert pd.read_csv(folder / "a.rejects.csv")["reason"].tolist() == ["bad_number"]
    assert "gb18030" in done.output
    assert "rows/s" in done.output


def test_a_worker_process_gives_the_rows_of_the_plain_command(folder: Path) -> None:
    assert run("a.csv", "--out", "one.parquet", "--crs", "EPSG:4326").exit_code == 0
    done = run("a.csv", "--out", "many.parquet", "--crs", "EPSG:4326", "--workers", "1")
    assert done.exit_code == 0, done.output
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "one.parquet"), pd.read_parquet(folder / "many.parquet"))


def test_the_exit_code_tells_that_every_row_was_refused_or_the_file_was(folder: Path) -> None:
    (folder / "bad.csv").write_text("lon,lat\nx,y\n")
    assert run("bad.csv", "--out", "out.csv", "--crs", "EPSG:4326").exit_code == 3
    assert isinstance(run("a.csv", "--out", "out.csv").exception, UndeclaredCrs)
    early = (LONG_AGO - (datetime.now(UTC) - LONG_AGO)).isoformat()
    assert isinstance(run("a.csv", "--out", "out.csv", "--crs", "4326", "--at", early).exception, NotFound)
    for words in (["a.csv"], ["a.csv", "b", "c"], ["a", "b"], ["a.csv", "--out", "out.csv", "--at", "tomorrow"]):
        assert run(*words).exit_code == 2


def test_two_numbers_are_a_point(folder: Path) -> None:
    assert "M1" in run("122.005", "46.005").output
