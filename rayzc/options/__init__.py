"""All options, each defined once with its type, default, range and help.

Nothing here imports numpy or torch, so that ``--help`` is fast.
"""

from rayzc.options.breeding import Limits, ScoreOptions, Settings
from rayzc.options.flat import Flat, Group, Option, flattened, group, option
from rayzc.options.keywords import read_options, takes
from rayzc.options.measuring import BuildOptions, FillOptions, Setup, ShowOptions
from rayzc.options.option import Options
from rayzc.options.reporting import ReportOptions
from rayzc.options.runs import BreedOptions, Cluster, DiscoverOptions, Place, RunOptions, SearchOptions
from rayzc.options.searching import AlgorithmSettings, PlanOptions
from rayzc.options.studying import BREED_ON, StudyOptions
from rayzc.options.submitting import JobServer, SubmitOptions
from rayzc.options.training import RECIPES, Recipe, RecipeChanges, TrainOptions

__all__ = [
    "BREED_ON",
    "RECIPES",
    "AlgorithmSettings",
    "BreedOptions",
    "BuildOptions",
    "Cluster",
    "DiscoverOptions",
    "FillOptions",
    "Flat",
    "Group",
    "JobServer",
    "Limits",
    "Option",
    "Options",
    "Place",
    "PlanOptions",
    "Recipe",
    "RecipeChanges",
    "ReportOptions",
    "RunOptions",
    "ScoreOptions",
    "SearchOptions",
    "Settings",
    "Setup",
    "ShowOptions",
    "StudyOptions",
    "SubmitOptions",
    "TrainOptions",
    "flattened",
    "group",
    "option",
    "read_options",
    "takes",
]
