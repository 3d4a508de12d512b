"""Where the searches of a run keep their checkpoints: a folder here, or on any file system that pyarrow knows.

Tune writes them, below a folder of its own for each attempt (``attempt-1``, ``attempt-2`` after the first resume). They
are read back from here and not by ``Tuner.restore``, which unpickles what it finds: a run's folder may come from
anywhere, and JSON cannot run code.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from pyarrow import fs

from rayzc.cluster.searches.trial import RESULTS_FILE, SEARCH_FILE, Trial
from rayzc.errors import SearchError, first_line
from rayzc.nas.results import Results
from rayzc.nas.search import Search
from rayzc.runs import file_system, is_uri, without_secrets

__all__ = ["Storage", "trial_folder"]

RecordT = TypeVar("RecordT", Search, Results)

_ATTEMPT = "attempt-"


def trial_folder(trial: Trial) -> str:
    """Name of the folder of a search."""
    name, seed = trial
    return f"{name.replace('/', '-')}-seed-{seed}"


class Storage:
    """Checkpoints of the searches of one run.

    Args:
        place: a path, or a URI such as ``s3://bucket/folder``.

    Attributes:
        place: the same, without secrets.
        system: the file system.
        path: the folder on it.

    Raises:
        SearchError: the place does not exist, or cannot be written.
    """

    def __init__(self, place: str | Path) -> None:
        self.place = without_secrets(str(place)) if is_uri(str(place)) else str(place)
        try:
            self.system, self.path = _resolved(str(place))
            self.system.create_dir(self.path, recursive=True)
            probe = f"{self.path}/.writable"
            with self.system.open_output_stream(probe) as stream:
                stream.write(b"")
            self.system.delete_file(probe)
        except (OSError, pa.ArrowException) as error:
            raise SearchError(f"the storage {self.place} cannot be written: {first_line(error)}") from None

    @property
    def used(self) -> bool:
        """Whether the searches of a run have checkpoints here."""
        return bool(self._attempts())

    def next_attempt(self) -> str:
        """Name of the folder for the next attempt."""
        return f"{_ATTEMPT}{max(self._attempts(), default=0) + 1}"

    def newest(self, trial: Trial) -> tuple[Search | None, Results | None]:
        """The newest checkpoint of a search, and its results if it has ended.

        Incomplete checkpoints are skipped.

        Raises:
            SearchError: a checkpoint is of another version, or has an unknown key.
        """
        for attempt in sorted(self._attempts(), reverse=True):
            folder = f"{self.path}/{_ATTEMPT}{attempt}/{trial_folder(trial)}"
            for checkpoint in self._listed(folder, "checkpoint_"):
                search = self._read(f"{checkpoint}/{SEARCH_FILE}", Search.from_text)
                results = self._read(f"{checkpoint}/{RESULTS_FILE}", Results.from_text)
                if search is not None or results is not None:
                    return search, results
        return None, None

    def _attempts(self) -> list[int]:
        names = [path.rpartition("/")[2].removeprefix(_ATTEMPT) for path in self._listed(self.path, _ATTEMPT)]
        return [int(name) for name in names if name.isdecimal()]

    def _listed(self, folder: str, prefix: str) -> list[str]:
        """Folders below a folder whose names begin so, the last by name first."""
        selector = fs.FileSelector(folder, allow_not_found=True)
        found: list[Any] = self.system.get_file_info(selector)
        return sorted((info.path for info in found if info.base_name.startswith(prefix)), reverse=True)

    def _read(self, path: str, reader: Callable[[bytes, str], RecordT]) -> RecordT | None:
        """A search or results; None if they are absent or incomplete."""
        try:
            with self.system.open_input_stream(path) as stream:
                text = bytes(stream.read())
            json.loads(text)
        except (OSError, ValueError):
            return None
        return reader(text, path)


def _resolved(place: str) -> tuple[Any, str]:
    if is_uri(place):
        return file_system(place)
    return fs.LocalFileSystem(), str(Path(place).resolve())
