"""The folder of a run, and the files in it."""

import json
import shlex
import shutil
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rayzc.documents import json_text, replacing, write_atomically
from rayzc.errors import RunError
from rayzc.images import LabelledImages
from rayzc.problems import Suite, write_suite
from rayzc.runs.checkpoints import checkpoint_files
from rayzc.runs.lock import LOCK_FILES, locked

__all__ = ["OWN_IMAGES", "OWN_SUITE", "RunFolder", "lasting_place", "unused_folder"]

OWN_SUITE = "suite.parquet"
"""The suite that a run keeps in its own folder, because it was given in memory."""

OWN_IMAGES = "images.npz"
"""The images that a run keeps in its own folder, because they were given in memory."""

TRAINING_PREFIX = "training-"
"""The beginning of the names of checkpoints of trainings."""


def unused_folder(kind: str) -> Path:
    """A folder below ``runs`` that does not exist yet, named by the kind of run and the time."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"{kind}-{stamp}{suffix}" for suffix in ["", *(f"-{number}" for number in range(2, 99))])
    return next(path for path in (Path("runs", name) for name in names) if not path.exists())


def lasting_place(source: str | Path) -> str:
    """An absolute path, which also holds from another folder; what is not a path, such as a suite's name, stays."""
    path = Path(source)
    return str(path.resolve()) if path.exists() else str(source)


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    It holds ``config.json`` (the options), ``checkpoints/``, ``events.jsonl`` (a log, a JSON object per line),
    ``hall_of_fame.json`` (the best formulas: the same bytes for the same seed) and ``result.json``. Searches also
    have a ``cache/`` of measurements and a ``report.txt``; trainings have one checkpoint each, with the weights.

    Attributes:
        path: where it is.
    """

    path: Path

    @classmethod
    def create(cls, path: Path, force: bool = False) -> "RunFolder":
        """Makes a new folder.

        Args:
            path: where; it must not exist, or be empty, or be a run's that `force` lets go.
            force: remove the run that is there.

        Raises:
            RunError: there is something already, another process works on it, or it cannot be written.
        """
        folder = cls(path)
        try:
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                if not force and not _is_empty_run(folder):
                    raise RunError(
                        f"{path} exists and is not empty: choose another --out, add --force to overwrite it, "
                        f"or continue it with `rayzc resume {path}`"
                    )
                _clear(folder)
            folder.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error.strerror or error}") from None
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Opens the folder of an earlier run.

        Raises:
            RunError: it is not there, or not a run's.
        """
        folder = cls(path)
        if not path.is_dir():
            raise RunError(f"{path}: no such run; a run's folder holds config.json and checkpoints/")
        if not folder.config.is_file():
            raise RunError(f"{path} is not the folder of a run: it has no config.json")
        return folder

    @property
    def again(self) -> str:
        """The command that continues the run."""
        return f"rayzc resume {shlex.quote(str(self.path))}"

    @property
    def config(self) -> Path:
        """The options of the run."""
        return self.path / "config.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def events(self) -> Path:
        """The log of events, a JSON object per line."""
        return self.path / "events.jsonl"

    @property
    def hall_of_fame(self) -> Path:
        """The best formulas that were bred."""
        return self.path / "hall_of_fame.json"

    @property
    def result(self) -> Path:
        """The result, with what is specific to this run, such as its seconds."""
        return self.path / "result.json"

    @property
    def report(self) -> Path:
        """The report of searches, for people to read."""
        return self.path / "report.txt"

    def suite(self, place: str) -> str | Path:
        """The path or name of the suite that a configuration names.

        Args:
            place: what the configuration has: a path, a name, or :data:`OWN_SUITE`. A path to the copy that
                the enclosing run keeps means this copy, wherever the two runs are now.
        """
        if place == OWN_SUITE:
            return self.path / OWN_SUITE
        outer = self.path.parent / OWN_SUITE
        if Path(place).name == OWN_SUITE and not Path(place).exists() and outer.is_file():
            return outer
        return place

    def training(self, place: int, seed: int) -> Path:
        """The checkpoint of a training.

        Args:
            place: place of the network among the networks of the run, from 0.
            seed: seed of the training.
        """
        return self.checkpoints / f"{TRAINING_PREFIX}{place + 1:04}-seed-{seed}.pt"

    def keep_images(self, images: LabelledImages | str | Path) -> str:
        """Where a run finds its images again: its own copy of images given in memory, else the path or name.

        Args:
            images: what the run was given.

        Raises:
            RunError: they cannot be written.
        """
        if isinstance(images, LabelledImages):
            try:
                with replacing(self.path / OWN_IMAGES) as temporary:
                    images.write(temporary)
            except OSError as error:
                raise RunError(
                    f"{self.path / OWN_IMAGES} cannot be written: {error.strerror or error}"
                ) from None
            return OWN_IMAGES
        return lasting_place(images)

    def images(self, place: str) -> str | Path:
        """The path or name of the images that a configuration names."""
        return self.path / OWN_IMAGES if place == OWN_IMAGES else place

    def keep_suite(self, suite: Suite | str | Path) -> str:
        """Where a run finds its suite again: its own copy of a suite given in memory, else the path or name.

        Args:
            suite: what the run was given.
        """
        if isinstance(suite, Suite):
            write_suite(suite, self.path / OWN_SUITE)
            return OWN_SUITE
        return lasting_place(suite)

    def locked(self) -> AbstractContextManager[None]:
        """Reserves the run for this process for the duration of the block, see :func:`rayzc.runs.lock.locked`.

        Raises:
            RunError: another process works on the run.
        """
        return locked(self.path)

    def write(self, path: Path, document: Mapping[str, Any]) -> None:
        """Writes one of the run's JSON files.

        Raises:
            RunError: it cannot be written; says why on one line.
        """
        try:
            write_atomically(path, json_text(document))
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error.strerror or error}") from None

    def write_config(self, document: Mapping[str, Any]) -> None:
        """Writes ``config.json``.

        Raises:
            RunError: it cannot be written.
        """
        self.write(self.config, document)

    def write_or_say(self, path: Path, document: Mapping[str, Any]) -> str | None:
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
        with suppress(OSError), self.events.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def record_now_and_then(self, event: str, interval: float, **details: Any) -> None:
        """Appends a line, unless the last one was written less than `interval` seconds ago."""
        try:
            idle = time.time() - self.events.stat().st_mtime
        except OSError:
            idle = interval
        if idle >= interval:
            self.record(event, **details)

    def recorded(self) -> list[dict[str, Any]]:
        """The events in ``events.jsonl``, without an incomplete last line."""
        found = []
        if self.events.is_file():
            for line in self.events.read_text(encoding="utf-8").splitlines():
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found


def _is_empty_run(folder: RunFolder) -> bool:
    """Whether a run was refused or interrupted here before it had anything to keep."""
    known = {
        folder.config.name,
        folder.checkpoints.name,
        folder.events.name,
        OWN_IMAGES,
        OWN_SUITE,
        "discovery",
        "search",
    }
    return (
        folder.config.is_file()
        and {file.name for file in folder.path.iterdir()} <= known | LOCK_FILES
        and not any(folder.checkpoints.glob("*"))
        and not _keeps_elsewhere(folder)
        and all(
            _is_empty_run(RunFolder(stage))
            for stage in (folder.path / "discovery", folder.path / "search")
            if stage.is_dir()
        )
    )


def _keeps_elsewhere(folder: RunFolder) -> bool:
    """Whether a run has begun whose checkpoints are in a storage of its own."""
    try:
        storage = folder.read_config().get("storage")
    except RunError:
        return False
    return storage is not None and any(event.get("event") == "started" for event in folder.recorded())


def _clear(folder: RunFolder) -> None:
    """Removes a run's own files, and only these.

    Raises:
        RunError: it is not the folder of a run, or another process works on the run.
    """
    if not folder.config.is_file():
        raise RunError(f"{folder.path} is not the folder of a run, so --force does not overwrite it")
    with folder.locked():
        _remove(folder)


def _remove(folder: RunFolder) -> None:
    for attempt in folder.checkpoints.glob("attempt-*"):
        shutil.rmtree(attempt)
    shutil.rmtree(folder.path / "cache", ignore_errors=True)
    for stage in (folder.path / "discovery", folder.path / "search"):
        if (stage / "config.json").is_file():
            shutil.rmtree(stage)
    # The configuration goes last: while it is there, what an interruption leaves is still a run's folder.
    for file in (
        *checkpoint_files(folder.checkpoints),
        *folder.checkpoints.glob(f"{TRAINING_PREFIX}*.pt"),
        folder.path / OWN_IMAGES,
        folder.events,
        folder.hall_of_fame,
        folder.result,
        folder.report,
        folder.config,
    ):
        file.unlink(missing_ok=True)
