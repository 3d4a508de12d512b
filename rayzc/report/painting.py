"""The figures of a report as files of their own, for papers: PNG and SVG by matplotlib, the same bytes every time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rayzc.errors import RunError
from rayzc.report.content import Block, Page, blocks_of, is_figure

__all__ = ["paint"]

_LOOK: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "svg.hashsalt": "rayzc",
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
    # Names of runs and problems may have dollars in them: they are no mathematics.
    "text.parse_math": False,
}
_DOTS_PER_INCH = 300


def paint(page: Page, form: str, folder: Path) -> list[Path]:
    """Draws every figure of a page to a file.

    Args:
        page: the page.
        form: ``png`` or ``svg``.
        folder: where to; it is made where it is not there.

    Returns:
        The files.

    Raises:
        RunError: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise RunError(
            "figures for papers need matplotlib, which is not installed: pip install 'rayzc[report]'"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    with matplotlib.rc_context(_LOOK):
        for block in _figures(page):
            figure = Figure()
            block.paint(figure)
            path = folder / f"{block.name}.{form}"
            figure.savefig(path, format=form, dpi=_DOTS_PER_INCH, metadata=metadata, bbox_inches="tight")
            written.append(path)
    return written


def _figures(page: Page) -> Iterator[Any]:
    """The figures of a page, of those of one name the first: a problem may be in several runs."""
    seen: set[str] = set()
    block: Block
    for block in blocks_of(page):
        if is_figure(block) and (name := getattr(block, "name", "")) not in seen:
            seen.add(name)
            yield block
