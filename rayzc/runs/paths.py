"""The files of a run: where they are, and how they are read and written."""

import json
import shlex
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rayzc.documents import json_text
from rayzc.errors import RunError
from rayzc.runs.events import Log
from rayzc.runs.files import AnyPath, at

__all__ = [
    "FINALS",
    "OWN_IMAGES",
    "OWN_SUITE",
    "SERIES",
    "STAGES",
    "TRAININGS",
    "TRAINING_PREFIX",
    "RunPaths",
]

OWN_SUITE = "suite.parquet"
"""The suite that a run keeps in its own folder, because it was given in memory."""

OWN_IMAGES = "images.npz"
"""The images that a run keeps in its own folder, because they were given in memory."""

STAGES = ("discovery", "search", "training")
"""The folders of the stages of a run, inside its own."""

SERIES = ("left_out", "members")
"""The folders of several discoveries of a run or study, inside its own."""

FINALS = "finals.json"
"""What the trainings of a run gave, in the folder of that stage."""

TRAININGS = "trainings.jsonl"
"""The trainings of that stage that have ended, a JSON object per line."""

TRAINING_PREFIX = "training-"
"""The beginning of the names of checkpoints of trainings."""


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


@dataclass(frozen=True)
class RunPaths:
    """The files of one run, which need not be there.

    Attributes:
        path: the run's folder, on this machine or on another file system.
    """

    path: AnyPath
    _log: Log = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Makes the log, which may hold lines that are not written yet."""
        object.__setattr__(self, "_log", at(self.events).log())

    @property
    def local(self) -> Path:
        """The path of a run that can only be on this machine.

        Raises:
            RunError: it is on another file system.
        """
        if not isinstance(self.path, Path):
            raise RunError(
                f"{self.path}: runs of this kind are kept on this machine: copy the folder here first"
            )
        return self.path

    @property
    def again(self) -> str:
        """The command that continues the run."""
        return f"rayzc resume {shlex.quote(str(self.path))}"

    @property
    def config(self) -> AnyPath:
        """The options of the run."""
        return self.path / "config.json"

    @property
    def checkpoints(self) -> AnyPath:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def events(self) -> AnyPath:
        """The log of events, a JSON object per line."""
        return self.path / "events.jsonl"

    @property
    def hall_of_fame(self) -> AnyPath:
        """The best formulas that were bred."""
        return self.path / "hall_of_fame.json"

    @property
    def result(self) -> AnyPath:
        """The result, with what is specific to this run, such as its seconds."""
        return self.path / "result.json"

    @property
    def report(self) -> AnyPath:
        """The report of searches, for people to read."""
        return self.path / "report.txt"

    @contextmanager
    def locked(self, warn: Callable[[str], None] = _warn) -> Iterator[None]:
        """Reserves the run for this process for the duration of the block.

        Args:
            warn: called with a line if the run is taken over from a process that is dead, which only a run on another
                file system notices; by default Python warns.

        Raises:
            RunError: another process works on the run.
        """
        with at(self.path).locked(warn) as dead:
            for process in dead:
                self.record("taken over", owner=process)
            try:
                yield
            finally:
                with suppress(RunError):  # it is no longer ours
                    self._log.flush()

    def write(self, path: AnyPath, document: Mapping[str, Any]) -> None:
        """Writes one of the run's JSON files.

        Raises:
            RunError: it cannot be written; says why on one line.
        """
        try:
            at(path).write(json_text(document))
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error.strerror or error}") from None

    def write_config(self, document: Mapping[str, Any]) -> None:
        """Writes ``config.json``.

        Raises:
            RunError: it cannot be written.
        """
        self.write(self.config, document)

    def write_or_say(self, path: AnyPath, document: Mapping[str, Any]) -> str | None:
        """Like :meth:`write`, but returns what went wrong: a result is printed even if the disk is full."""
        try:
            self.write(path, document)
        except RunError as error:
            return str(error)
        return None

    def read_config(self) -> dict[str, Any]:
        """Reads ``config.json``.

        Raises:
            RunError: it is not a JSON object.
        """
        try:
            document = json.loads(self.config.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.config} cannot be read: {error}") from None
        if not isinstance(document, dict):
            raise RunError(f"{self.config} is not a run's configuration")
        return document

    def record(self, event: str, **details: Any) -> None:
        """Appends a line to ``events.jsonl``: the time (UTC, seconds since 1970), the event, its details.

        Events are for readers: where they cannot be written, the run continues without them.
        """
        line = json.dumps({"time": round(time.time(), 3), "event": event, **details}, allow_nan=False)
        self._log.add(line)

    def record_now_and_then(self, event: str, interval: float, **details: Any) -> None:
        """Appends a line, unless the last one was written less than `interval` seconds ago."""
        silent = self._log.silent()
        if silent is None or silent >= interval:
            self.record(event, **details)

    def recorded(self) -> list[dict[str, Any]]:
        """The events in ``events.jsonl``, without an incomplete last line."""
        found = []
        for line in self._log.lines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found
