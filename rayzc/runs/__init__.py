"""The folder of a run: configuration, checkpoints, events, results.

A run lives in one folder from beginning to end. ``config.json`` says what was asked for, ``checkpoints/`` what is
safe, ``events.jsonl`` what happened, ``hall_of_fame.json`` what was bred and ``result.json`` what it is worth. Every
file is whole at any moment, whatever happens to the process that writes it, so a run can always be resumed.
"""

from rayzc.runs.checkpoints import read_newest, restore, write_checkpoint
from rayzc.runs.config import Limits, RunConfig, split
from rayzc.runs.folder import OWN_SUITE, RunFolder, json_text, lasting_place, unused_folder
from rayzc.runs.hall_of_fame import HallOfFame, best_formula
from rayzc.runs.interruption import interrupted_by, signal_of
from rayzc.runs.pipeline import WholeConfig, WholeRun
from rayzc.runs.result import Discovery
from rayzc.runs.search_config import CANDIDATES, SearchConfig
from rayzc.runs.searched import Searched

__all__ = [
    "CANDIDATES",
    "OWN_SUITE",
    "Discovery",
    "HallOfFame",
    "Limits",
    "RunConfig",
    "RunFolder",
    "SearchConfig",
    "Searched",
    "WholeConfig",
    "WholeRun",
    "best_formula",
    "interrupted_by",
    "json_text",
    "lasting_place",
    "read_newest",
    "restore",
    "signal_of",
    "split",
    "unused_folder",
    "write_checkpoint",
]
