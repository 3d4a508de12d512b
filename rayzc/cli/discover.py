"""``rayzc discover``: breed a formula."""

from rayzc.cli.options import Output, Suite, takes_options
from rayzc.options import Cluster, DiscoverOptions, Place

__all__ = ["discover"]


@takes_options(options=DiscoverOptions, cluster=Cluster, place=Place, output=Output)
def discover(
    options: DiscoverOptions, cluster: Cluster, place: Place, output: Output, suite: Suite = None
) -> None:
    """Breed a formula from zero-cost proxies that ranks the networks of all problems."""
    from rayzc.cli.displays.discovery import DiscoveryDisplay
    from rayzc.cli.output import suite_or_default
    from rayzc.problems import load_suite

    suite = suite_or_default(suite, output)
    display = DiscoveryDisplay(output)
    loaded = load_suite(suite)
    if options.proxies is None:
        for proxy, lacking in loaded.select(options.problems, options.leave_out).left_out.items():
            display.say(f"{proxy} is not used: it is missing on {', '.join(lacking)}")

    spaces = {problem.space for problem in loaded.select(options.problems, options.leave_out).problems}
    if options.cross_validate and len(spaces) == 1:
        display.say(
            f"nothing is cross-validated: {spaces.pop()} is the only search space, and one is left out"
        )

    from rayzc.cluster import discover
    from rayzc.cluster.islands.discovery import with_islands

    options = options.replaced(settings=with_islands(options.settings, cluster, display.say))
    with display:
        result = discover(
            suite, options=options, cluster=cluster, place=place, listen=display.show, warn=display.say
        )
    display.conclude(result)
