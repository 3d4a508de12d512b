"""Writes docs/tutorial/from-a-suite-to-a-plot.ipynb anew, executed: ``python docs/figures/draw_notebook.py``.

The notebook is edited as any other; this only executes its cells and keeps what they print, without times and counts.
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "tutorial" / "from-a-suite-to-a-plot.ipynb"


def main() -> None:
    """Executes the notebook."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, record_timing=False).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":  # warnings name places of this machine
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata = nbformat.NotebookNode({"kernelspec": notebook.metadata["kernelspec"]})
    nbformat.write(notebook, NOTEBOOK)
    print(f"{NOTEBOOK} is executed")


if __name__ == "__main__":
    main()
