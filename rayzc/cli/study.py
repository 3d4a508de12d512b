"""``rayzc study``: many discoveries at once, and how their formulas rank what they were not bred on."""

from rayzc.cli.options import Output, Suite, takes_options
from rayzc.options import Cluster, Place, StudyOptions

__all__ = ["study"]


@takes_options(options=StudyOptions, cluster=Cluster, place=Place, output=Output)
def study(options: StudyOptions, cluster: Cluster, place: Place, output: Output, suite: Suite = None) -> None:
    """Breed formulas on many sets of problems at once, and judge each on what it was not bred on."""
    from rayzc.cli.displays.study import StudyDisplay
    from rayzc.cli.output import suite_or_default

    chosen = suite_or_default(suite, output)
    display = StudyDisplay(output)

    from rayzc.cluster.studies import study

    with display:
        result = study(
            chosen, options=options, cluster=cluster, place=place, listen=display.show, warn=display.say
        )
    display.conclude(result)
