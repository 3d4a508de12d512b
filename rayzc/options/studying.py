"""The options of `study`: many discoveries, which differ in what they are bred on and how."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from rayzc.options.flat import option
from rayzc.options.runs import BreedOptions

__all__ = ["BREED_ON", "StudyOptions"]

BREED_ON = ("all", "each-problem", "each-space", "all-but-one-problem", "all-but-one-space")
"""The sets of problems that formulas are bred on."""


class StudyOptions(BreedOptions, frozen=True, kw_only=True):
    """The options of a study: those of its discoveries, and in what they differ."""

    earlier: ClassVar[Mapping[str, Any]] = {}

    breed_on: Annotated[
        tuple[str, ...],
        option(
            "Problems that each discovery is bred on; several sets may be given.",
            choices=BREED_ON,
            commas=True,
            panel="What to compare",
        ),
    ] = ("all-but-one-space",)
    vary: Annotated[
        tuple[str, ...],
        option(
            "A setting of the breeding and the values to try, such as parsimony=0,0.001; may be repeated, for all "
            "combinations. Values that are lists have a plus sign: selection=lexicase,tournament+lexicase.",
            metavar="NAME=A,B",
            panel="What to compare",
        ),
    ] = ()
    repeats: Annotated[
        int,
        option(
            "Number of discoveries of each kind, with the seeds --seed, --seed + 1, ...",
            low=1,
            high=1000,
            panel="What to compare",
        ),
    ] = 1
    holdout: Annotated[
        float | None,
        option(
            "Share of the networks to hold out, such as 0.25; 0 for none.",
            low=0,
            high=1,
        ),
    ] = 0.25
    bootstrap: Annotated[
        int, option("Number of bootstrap samples for the confidence intervals; 0 for none.", low=0)
    ] = 200
