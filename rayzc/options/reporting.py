"""The options of `report`, each defined once."""

from pathlib import Path
from typing import Annotated, ClassVar

from rayzc.options.flat import option
from rayzc.options.option import Options

__all__ = ["REPORT_FORMATS", "ReportOptions"]

REPORT_FORMATS = ("html", "png", "svg", "md", "latex", "csv")


class ReportOptions(Options, frozen=True, kw_only=True):
    """How a report is written."""

    title: ClassVar[str] = "Report"

    format: Annotated[
        str,
        option(
            "What to write: a page, each figure or each table as a file of its own, or the tables as text;",
            choices=REPORT_FORMATS,
        ),
    ] = "html"
    out: Annotated[
        Path | None,
        option(
            "File to write, or folder for the formats that are several files. What is there is replaced.",
            default="report.html in the run's folder",
            metavar="PATH",
        ),
    ] = None
    bootstrap: Annotated[
        int, option("Number of bootstrap samples for the confidence intervals; 0 for none.", low=0)
    ] = 200
