"""The notebook runs from its first cell to its last, in ten cells of code, and ends with a plot."""

from pathlib import Path

import nbformat
import pytest

from tests.docs.blocks import ROOT

NOTEBOOK = ROOT / "docs" / "tutorial" / "from-a-suite-to-a-plot.ipynb"


def test_it_has_ten_cells_and_its_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == 10
    assert "load_suite" in code[0].source
    kinds = {kind for cell in code for output in cell.outputs for kind in output.get("data", {})}
    assert "image/png" in kinds
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)


@pytest.mark.slow
def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}})
    client.execute()
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for kind in output.get("data", {})
    }
    assert "image/png" in kinds
    assert (tmp_path / "runs" / "notebook" / "report.html").is_file()
