"""``rayzc search``: find architectures under a formula."""

from typing import Annotated

import typer

from rayzc.cli.options import FORMULA, SUITE, SUITE_DEFAULT, SearchOutput, takes_options
from rayzc.options import Cluster, Place, SearchOptions

__all__ = ["search"]


@takes_options(options=SearchOptions, cluster=Cluster, place=Place, output=SearchOutput)
def search(
    formula: Annotated[str, typer.Option("--formula", metavar="FORMULA_OR_FILE", help=FORMULA)],
    options: SearchOptions,
    cluster: Cluster,
    place: Place,
    output: SearchOutput,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            metavar="PATH_OR_NAME",
            help=f"{SUITE} With --suite none, all networks are measured.{SUITE_DEFAULT}",
        ),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            "--space",
            metavar="MODULE:SPACE",
            help="Search space of your own, made with rayzc.Choices or @rayzc.space, or one by name, such as "
            "mobilenetv2. Its networks are measured.",
        ),
    ] = None,
) -> None:
    """Search for the best architectures under a formula, on many problems at once."""
    from rayzc.cli.displays.search import SearchDisplay
    from rayzc.cli.exporting import check_folder, export_best
    from rayzc.cli.formulas import read_formula
    from rayzc.cli.output import suite_or_default

    parsed = read_formula(formula)
    check_folder(output.export)
    none = suite == "none" or (suite is None and space is not None)
    chosen = None if none else suite_or_default(suite, output)

    from rayzc.cluster.searches import search

    display = SearchDisplay(output)
    with display:
        result = search(
            parsed, chosen, space=space, options=options, cluster=cluster, place=place, listen=display.show
        )
    display.conclude(result)
    export_best(result, output.export, display.remark)
