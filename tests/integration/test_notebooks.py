"""Notebooks run from the first cell to the last, and show what they say."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from geo.settings import CHECKOUT

NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
# What each prints, and how many maps it shows.
SHOWN = {
    "01_a_city_on_one_page": (["3000 = 3000 + 0 + 0", "3,000 incidents seen, 0 moved; 40 micro-grids"], 2),
    "02_coverage_and_heat": (["of 60", "of 4,000 incidents", "{'retired': 2, 'made': 1}"], 5),
}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_draws_its_maps(
    notebook: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_DSN", database)
    found = nbformat.read(notebook, as_version=4)
    NotebookClient(found, timeout=240, resources={"metadata": {"path": str(CHECKOUT)}}).execute()
    shown = [output for cell in found.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "".join(output.text for output in shown if output.output_type == "stream")
    said, drawn = SHOWN[notebook.stem]
    assert [words for words in said if words not in text] == []
    pages = [output.data["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert sum("<iframe" in page for page in pages) == drawn


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_output(notebook: Path) -> None:
    found = nbformat.read(notebook, as_version=4)
    assert all(not cell.outputs for cell in found.cells if cell.cell_type == "code")
