"""``rayzc report``: what a run found, as a page to show, as figures for papers, or as tables."""

from typing import Annotated

import typer

from rayzc.cli.options import takes_options
from rayzc.options import ReportOptions

__all__ = ["report"]


@takes_options(options=ReportOptions)
def report(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Folder of a run of any kind, or its s3://... or gs://...; several are compared.",
        ),
    ],
    options: ReportOptions,
) -> None:
    """Write a report of a run: a page with its formula, its figures and its tables, which needs no network."""
    from rayzc.report.writing import write_report

    typer.echo(write_report(runs, options=options))
