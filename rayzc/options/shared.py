"""Options that several classes share, each defined once."""

from typing import Annotated

from rayzc.options.flat import option

__all__ = [
    "BATCH",
    "DEFAULT_SUITE",
    "PROBLEMS",
    "DepthOption",
    "ImagesOption",
    "ProblemsOption",
    "SeedOption",
    "WidthOption",
]

DEFAULT_SUITE = "mini-13"
"""The suite where none is named. It comes with rayzc, so that everything runs on a fresh machine."""

PROBLEMS = "Problems to use: names, search spaces, tasks or patterns such as 'nasbench201/*'."

BATCH = "Number of images to measure each network on."

ProblemsOption = Annotated[tuple[str, ...], option(PROBLEMS, default="all", commas=True)]

ImagesOption = Annotated[
    str | None,
    option(
        "Images to measure on: an .npz file with the arrays images (N, channels, height, width) and labels (N,), or "
        "the name of a torchvision data set.",
        default="random images",
        metavar="FILE_OR_NAME",
    ),
]

SeedOption = Annotated[int, option("Seed of weights and images: the same seed gives the same scores.")]
"""Seed of a measurement."""

WidthOption = Annotated[
    int | None,
    option("Number of channels, for scaled-down networks.", default="as in the benchmark", low=1),
]

DepthOption = Annotated[
    int | None,
    option("Number of cells per stage, for scaled-down networks.", default="as in the benchmark", low=1),
]
