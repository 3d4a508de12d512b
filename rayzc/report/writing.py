"""Writing a report in one of its formats."""

from collections.abc import Sequence
from pathlib import Path

from rayzc.documents import write_atomically
from rayzc.errors import RunError
from rayzc.options import ReportOptions, takes
from rayzc.report.build import comparison_of, page_of
from rayzc.report.content import Page
from rayzc.report.records import read_run
from rayzc.runs import AnyPath

__all__ = ["write_report"]

_SUFFIXES = {"html": ".html", "md": ".md", "latex": ".tex"}


@takes(options=ReportOptions)
def write_report(runs: str | AnyPath | Sequence[str | AnyPath], *, options: ReportOptions) -> Path:
    """Writes a report of a run of any kind, or compares several.

    Every option below can be given by keyword.

    Args:
        runs: the folder of a run, a path or a URI, or several.
        options: what to write, and where.

    Returns:
        The file or folder that was written.

    Raises:
        RunError: there is no such run, it has no result yet, an extra is not installed, or the report cannot be
            written.
    """
    places = [runs] if isinstance(runs, str | Path) or not isinstance(runs, Sequence) else list(runs)
    if not places:
        raise RunError("there is no run to report on: name at least one")
    records = [read_run(place) for place in places]
    one = len(records) == 1
    page = page_of(records[0], options.bootstrap) if one else comparison_of(records, options.bootstrap)
    out = options.out or _place(records[0].folder.path, options.format)
    try:
        _write(page, options.format, out)
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error.strerror or error}") from None
    return out


def _place(run: AnyPath, form: str) -> Path:
    """Where a report goes by default: into the folder of the run, or, where that is elsewhere, here."""
    suffix = _SUFFIXES.get(form)
    name = f"report{suffix}" if suffix else f"report-{form}"
    return run / name if isinstance(run, Path) else Path(f"{run.name}-{name}")


def _write(page: Page, form: str, out: Path) -> None:
    from rayzc.report.html import html_of

    assert form == "html"
    write_atomically(out, html_of(page))
