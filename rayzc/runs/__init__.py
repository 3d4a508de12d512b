"""The folder of a run: configuration, checkpoints, events, results.

Each run has one folder. ``config.json`` has its options, ``checkpoints/`` the states to resume from, ``events.jsonl`` a
log, ``hall_of_fame.json`` the formulas that were bred and ``result.json`` how well they rank. Every file is complete at
any moment, whatever happens to the process that writes it, so a run can always be resumed.
"""

from rayzc.ending import Ending, Reason
from rayzc.runs.checkpoints import WrittenIsland, read_newest, restore, write_checkpoint
from rayzc.runs.configs import (
    DiscoverConfig,
    PipelineConfig,
    SearchConfig,
    StudyConfig,
    TrainConfig,
    require_unchanged,
    split,
)
from rayzc.runs.files import AnyPath, at, place_of
from rayzc.runs.folder import RunFolder, lasting_place, unused_folder
from rayzc.runs.hall_of_fame import HallOfFame, best_formula
from rayzc.runs.paths import FINALS, OWN_IMAGES, OWN_SUITE, TRAININGS
from rayzc.runs.results import Discovery, Pipeline
from rayzc.runs.study import Study
from rayzc.runs.uris import file_system, is_uri, local_path, without_secrets

__all__ = [
    "FINALS",
    "OWN_IMAGES",
    "OWN_SUITE",
    "TRAININGS",
    "AnyPath",
    "DiscoverConfig",
    "Discovery",
    "Ending",
    "HallOfFame",
    "Pipeline",
    "PipelineConfig",
    "Reason",
    "RunFolder",
    "SearchConfig",
    "Study",
    "StudyConfig",
    "TrainConfig",
    "WrittenIsland",
    "at",
    "best_formula",
    "file_system",
    "is_uri",
    "lasting_place",
    "local_path",
    "place_of",
    "read_newest",
    "require_unchanged",
    "restore",
    "split",
    "unused_folder",
    "without_secrets",
    "write_checkpoint",
]
