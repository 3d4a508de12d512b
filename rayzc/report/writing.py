"""Writing a report in one of its formats."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rayzc.documents import write_atomically
from rayzc.errors import RunError
from rayzc.options import ReportOptions, takes
from rayzc.report.build import comparison_of, page_of
from rayzc.report.content import Page
from rayzc.report.html import html_of
from rayzc.report.painting import paint
from rayzc.report.records import read_run
from rayzc.report.tabular import csv_of, latex_of, markdown_of, tables_of
from rayzc.runs import AnyPath

__all__ = ["write_report"]

_TEXTS = {"html": (".html", html_of), "md": (".md", markdown_of), "latex": (".tex", latex_of)}


@takes(options=ReportOptions)
def write_report(runs: str | AnyPath | Sequence[str | AnyPath], *, options: ReportOptions) -> Path:
    """Writes a report of a run of any kind, or a comparison of several.

    Every option below can be given by keyword.

    Args:
        runs: the folder of a run, a path or a URI, or several.
        options: what to write, and where.

    Returns:
        The file or folder that was written.

    Raises:
        RunError: there is no such run, it has no result yet, an extra is not installed, or the report cannot be
            written.
        SearchError: the results of its searches cannot be read.
    """
    places: list[Any] = list(runs) if isinstance(runs, list | tuple) else [runs]
    if not places:
        raise RunError("there is no run to report on: name at least one")
    records = [read_run(place) for place in places]
    one = len(records) == 1
    page = page_of(records[0], options.bootstrap) if one else comparison_of(records, options.bootstrap)
    out = options.out or _place(records[0].folder.path, options.format, "report" if one else "comparison")
    try:
        _write(page, options.format, out)
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error.strerror or error}") from None
    return out


def _place(run: AnyPath, form: str, name: str) -> Path:
    """Where a report goes by default: into the folder of the run, or, where that is elsewhere, here."""
    file = f"{name}{_TEXTS[form][0]}" if form in _TEXTS else f"{name}-{form}"
    return run / file if isinstance(run, Path) else Path(f"{run.name}-{file}")


def _write(page: Page, form: str, out: Path) -> None:
    if form in _TEXTS:
        _, text_of = _TEXTS[form]
        write_atomically(out, text_of(page))
    elif form == "csv":
        out.mkdir(parents=True, exist_ok=True)
        for table in tables_of(page):
            write_atomically(out / f"{table.name}.csv", csv_of(table))
    else:
        paint(page, form, out)
