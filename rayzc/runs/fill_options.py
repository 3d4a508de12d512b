"""What ``rayzc suite fill`` and :func:`rayzc.fill_suite` are asked to do."""

from typing import Annotated

from rayzc.measurement import Setup
from rayzc.options import Options, group, option

__all__ = ["FillOptions"]


class FillOptions(Options, frozen=True, kw_only=True):
    """Which scores of a suite to measure, and how."""

    proxies: Annotated[
        tuple[str, ...],
        option("Proxies to measure; a suite that has no column for one of them gets it.", metavar="A,B"),
    ] = ()
    problems: Annotated[
        tuple[str, ...],
        option(
            "Problems to use: names, search spaces, tasks or patterns such as 'nasbench201/*'.", default="all"
        ),
    ] = ()
    limit: Annotated[int | None, option("Rows of each problem to measure at most.", default="all", low=1)] = (
        None
    )
    seed: Annotated[
        int, option("Seed of the weights, the images and everything else that is drawn.", low=0)
    ] = 0
    setup: Annotated[
        Setup,
        group("How networks are measured", {"time_limit": "network_time_limit", "batch": "batch_size"}),
        # Networks as they are written, since those who made the tables measured them so.
    ] = Setup(batch=32, as_written=True)
