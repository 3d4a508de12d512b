"""The folder of a run: configuration, checkpoints, events, results.

A run lives in one folder from beginning to end. ``config.json`` says what it was asked to do, ``checkpoints/`` what is
safe, ``events.jsonl`` what happened, ``hall_of_fame.json`` what was bred and ``result.json`` what it is worth. Every
file is whole at any moment, whatever happens to the process that writes it, so a run can always be resumed.
"""

from rayzc.ending import Ending, Reason
from rayzc.runs.checkpoints import read_newest, restore, write_checkpoint
from rayzc.runs.configs import DiscoverConfig, PipelineConfig, SearchConfig, require_unchanged, split
from rayzc.runs.folder import OWN_SUITE, RunFolder, lasting_place, unused_folder
from rayzc.runs.hall_of_fame import HallOfFame, best_formula
from rayzc.runs.results import Discovery, Pipeline

__all__ = [
    "OWN_SUITE",
    "DiscoverConfig",
    "Discovery",
    "Ending",
    "HallOfFame",
    "Pipeline",
    "PipelineConfig",
    "Reason",
    "RunFolder",
    "SearchConfig",
    "best_formula",
    "lasting_place",
    "read_newest",
    "require_unchanged",
    "restore",
    "split",
    "unused_folder",
    "write_checkpoint",
]
