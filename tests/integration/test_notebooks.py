"""Notebooks run from the first cell to the last, and show what they say."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from geo.settings import CHECKOUT

NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_draws_its_maps(
    notebook: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_DSN", database)
    found = nbformat.read(notebook, as_version=4)
    NotebookClient(found, timeout=240, resources={"metadata": {"path": str(CHECKOUT)}}).execute()
    shown = [output for cell in found.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "".join(output.text for output in shown if output.output_type == "stream")
    assert "3000 = 3000 + 0 + 0" in text
    assert "3,000 matters seen, 0 moved; 40 micro-grids" in text
    pages = [output.data["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert sum("<iframe" in page for page in pages) == 2


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_output(notebook: Path) -> None:
    found = nbformat.read(notebook, as_version=4)
    assert all(not cell.outputs for cell in found.cells if cell.cell_type == "code")
