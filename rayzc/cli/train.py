"""``rayzc train``: train networks for real."""

from typing import Annotated

import typer

from rayzc.cli.options import Output, takes_options
from rayzc.options import Cluster, Place, TrainOptions

__all__ = ["train"]

NETWORKS = (
    "Networks: space:encoding, such as 'nasbench201:(4, 3, 3, 3, 2, 3)'; the folder of a run of searches, for what it "
    "found; or a network of yours as module:factory."
)
DATA = (
    "Images: an .npz file with arrays images and labels (and test_images and test_labels, if you have them), a folder "
    "with a folder of pictures for each class, or the name of a torchvision data set."
)


@takes_options(options=TrainOptions, cluster=Cluster, place=Place, output=Output)
def train(
    networks: Annotated[list[str], typer.Argument(metavar="NETWORK...", help=NETWORKS, show_default=False)],
    data: Annotated[str, typer.Option("--data", metavar="PATH_OR_NAME", help=DATA, rich_help_panel="Images")],
    options: TrainOptions,
    cluster: Cluster,
    place: Place,
    output: Output,
) -> None:
    """Train networks on images and test them, many at once; each is kept after every epoch."""
    from rayzc.cli.displays.training import TrainDisplay
    from rayzc.cluster.training import train

    display = TrainDisplay(output)
    with display:
        result = train(networks, data, options=options, cluster=cluster, place=place, listen=display.show)
    display.conclude(result)
