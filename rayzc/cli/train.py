"""``rayzc train``: train networks."""

from typing import Annotated

import typer

from rayzc.cli.options import Output, takes_options
from rayzc.options import Cluster, Place, TrainOptions

__all__ = ["train"]

NETWORKS = (
    "Networks: space:encoding, such as 'nasbench201:(4, 3, 3, 3, 2, 3)'; the folder of a run of searches, for the "
    "architectures that it found; or your own network as module:factory."
)
DATA = (
    "Images: an .npz file with the arrays images (N, channels, height, width) and labels (N,), and optionally "
    "test_images and test_labels; a folder with a folder of image files for each class; or the name of a torchvision "
    "data set."
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
    """Train networks on images, many at once, and measure their test accuracy."""
    from rayzc.cli.displays.training import TrainDisplay
    from rayzc.cluster.training import train

    display = TrainDisplay(output)
    with display:
        result = train(networks, data, options=options, cluster=cluster, place=place, listen=display.show)
    display.conclude(result)
