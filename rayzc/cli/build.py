"""``rayzc suite build``: build a suite of one's own images and search spaces."""

from pathlib import Path
from typing import Annotated

import typer

from rayzc.cli.options import Output, takes_options
from rayzc.options import BuildOptions, Cluster

__all__ = ["build"]


@takes_options(options=BuildOptions, cluster=Cluster, output=Output)
def build(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="Specification of the suite, a TOML file.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet file to write.")],
    options: BuildOptions,
    cluster: Cluster,
    output: Output,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Train the networks of a specification, measure all proxies on them, and write a suite.

    Trainings and measurements are kept: repeat the command to continue.
    """
    from rayzc.cli.displays.building import BuildDisplay
    from rayzc.cli.fill import check_out
    from rayzc.cluster.building import build_suite

    check_out(out, force)
    with BuildDisplay(output) as display:
        built = build_suite(spec, out, options=options, cluster=cluster, listen=display.show)
    display.conclude(built)
