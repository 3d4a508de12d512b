"""``rayzc run``: from a suite to trained networks."""

from typing import Annotated

import typer

from rayzc.cli.options import FORMULA, SearchOutput, Suite, takes_options
from rayzc.options import Cluster, Place, RunOptions

__all__ = ["run"]


@takes_options(options=RunOptions, cluster=Cluster, place=Place, output=SearchOutput)
def run(
    options: RunOptions,
    cluster: Cluster,
    place: Place,
    output: SearchOutput,
    suite: Suite = None,
    formula: Annotated[
        str | None,
        typer.Option(
            "--formula",
            metavar="FORMULA_OR_FILE",
            help=f"{FORMULA} Without this option, a formula is bred first.",
        ),
    ] = None,
) -> None:
    """Breed a formula on a suite, search with it on every problem at once, and train what was found."""
    from rayzc.cli.displays.pipeline import PipelineDisplay
    from rayzc.cli.exporting import check_folder, export_best
    from rayzc.cli.formulas import read_formula
    from rayzc.cli.output import suite_or_default

    parsed = read_formula(formula) if formula is not None else None
    check_folder(output.export)
    chosen = suite_or_default(suite, output)

    from rayzc.cluster.islands.discovery import with_islands
    from rayzc.cluster.pipeline import run

    display = PipelineDisplay(output)
    if formula is None:
        options = options.replaced(settings=with_islands(options.settings, cluster, display.say))
    with display:
        result = run(
            chosen,
            formula=parsed,
            options=options,
            cluster=cluster,
            place=place,
            listen=display.show,
            found=display.found,
        )
    display.conclude(result)
    if result.searched is not None:
        export_best(result.searched, output.export, display.remark)
