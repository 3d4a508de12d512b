"""Cells as graphs to look at."""

import shutil
import subprocess

import pytest

from rayzc.spaces import Drawing, Edge

DRAWING = Drawing('a "cell"', ("input", "", "output"), (Edge(0, 1, "conv"), Edge(0, 2), Edge(1, 2, "skip")))


def test_text_lists_what_arrives_at_each_node() -> None:
    assert DRAWING.text() == (
        'a "cell"\n0 input\n1\n  └◀── conv ── 0 input\n2 output\n  ├◀── 0 input\n  └◀── skip ── 1\n'
    )


def test_dot_quotes_labels() -> None:
    lines = DRAWING.dot().splitlines()
    assert lines[0] == 'digraph "a \\"cell\\"" {'
    assert lines[-1] == "}"
    assert '  0 [label="0 input"];' in lines
    assert '  1 [label="1"];' in lines
    assert '  0 -> 1 [label="conv"];' in lines
    assert "  0 -> 2;" in lines


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_it() -> None:
    drawn = subprocess.run(["dot", "-Tsvg"], input=DRAWING.dot(), capture_output=True, text=True, check=True)
    assert "<svg" in drawn.stdout
