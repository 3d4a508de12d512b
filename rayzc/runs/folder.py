"""The folder of a run, and the files in it."""

import json
import shlex
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rayzc.documents import json_text, replacing
from rayzc.errors import RunError
from rayzc.images import LabelledImages
from rayzc.problems import Suite, load_suite, write_suite
from rayzc.runs.checkpoints import checkpoint_files
from rayzc.runs.events import Log
from rayzc.runs.files import AnyPath, at, holds_a_run, place_of
from rayzc.runs.uris import is_uri

__all__ = ["FINALS", "OWN_IMAGES", "OWN_SUITE", "TRAININGS", "RunFolder", "lasting_place", "unused_folder"]

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


def unused_folder(kind: str) -> Path:
    """A folder below ``runs`` that does not exist yet, named by the kind of run and the time."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"{kind}-{stamp}{suffix}" for suffix in ["", *(f"-{number}" for number in range(2, 99))])
    return next(path for path in (Path("runs", name) for name in names) if not path.exists())


def lasting_place(source: str | AnyPath) -> str:
    """An absolute path, which also holds from another folder; what is not a path, such as a suite's name, stays."""
    path = Path(str(source))
    return str(path.resolve()) if path.exists() else str(source)


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    It holds ``config.json`` (the options), ``checkpoints/``, ``events.jsonl`` (a log, a JSON object per line),
    ``hall_of_fame.json`` (the best formulas: the same bytes for the same seed) and ``result.json``. Searches also
    have a ``cache/`` of measurements and a ``report.txt``; trainings have one checkpoint each, with the weights.

    Attributes:
        path: where it is: on this machine, or on another file system.
    """

    path: AnyPath
    _log: Log = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Makes the log, which may hold lines that are not written yet."""
        object.__setattr__(self, "_log", at(self.events).log())

    @classmethod
    def create(cls, place: str | AnyPath, force: bool = False) -> "RunFolder":
        """Makes a new folder.

        Args:
            place: a path or a URI; it must not exist, or be empty, or be a run's that `force` lets go.
            force: remove the run that is there.

        Raises:
            RunError: there is something already, another process works on it, or it cannot be written.
        """
        path = place_of(place)
        folder = cls(path)
        try:
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                if not force and not _is_empty_run(folder):
                    raise RunError(
                        f"{path} exists and is not empty: choose another --out, add --force to overwrite it, "
                        f"or continue it with `rayzc resume {shlex.quote(str(path))}`"
                    )
                _clear(folder)
                folder = cls(path)  # with a log that has forgotten the earlier run
            folder.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error.strerror or error}") from None
        return folder

    @classmethod
    def open(cls, place: str | AnyPath) -> "RunFolder":
        """Opens the folder of an earlier run.

        Args:
            place: a path or a URI.

        Raises:
            RunError: it is not there, not a run's, or cannot be reached.
        """
        path = place_of(place)
        folder = cls(path)
        try:
            if not path.is_dir():
                raise RunError(f"{path}: no such run; a run's folder holds config.json and checkpoints/")
            if not folder.config.is_file():
                raise RunError(f"{path} is not the folder of a run: it has no config.json")
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror or error}") from None
        return folder

    def child(self, name: str) -> "RunFolder":
        """The folder of a run inside this one, which need not be there, such as ``members/NAME``."""
        return RunFolder(self.path / name)

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

    def suite(self, place: str) -> str | AnyPath:
        """The path or name of the suite that a configuration names.

        Args:
            place: what the configuration has: a path, a name, or :data:`OWN_SUITE`. A path to the copy that
                the enclosing run keeps means this copy, wherever the two runs are now.
        """
        if place == OWN_SUITE:
            return self.path / OWN_SUITE
        given = place_of(place)
        if given.name == OWN_SUITE and not given.exists():
            # A stage is in its run's folder, or in a folder of such stages.
            for outer in (self.path.parent / OWN_SUITE, self.path.parent.parent / OWN_SUITE):
                if outer.is_file():
                    return outer
        return given if is_uri(place) else place

    def load_suite(self, place: str) -> Suite:
        """Loads the suite that a configuration names.

        Args:
            place: see :meth:`suite`.

        Raises:
            RunError: it cannot be read from another file system.
            SuiteError: it does not exist or cannot be read.
        """
        found: str | AnyPath = place
        try:
            found = self.suite(place)
            if isinstance(found, str):
                return load_suite(found)
            with at(found).fetched() as path:
                return load_suite(path)
        except OSError as error:
            raise RunError(f"{found} cannot be read: {error.strerror or error}") from None

    def training(self, place: int, seed: int) -> Path:
        """The checkpoint of a training.

        Args:
            place: place of the network among the networks of the run, from 0.
            seed: seed of the training.
        """
        return self.local / self.checkpoints.name / f"{TRAINING_PREFIX}{place + 1:04}-seed-{seed}.pt"

    def keep_images(self, images: LabelledImages | str | Path) -> str:
        """Where a run finds its images again: its own copy of images given in memory, else the path or name.

        Args:
            images: what the run was given.

        Raises:
            RunError: they cannot be written.
        """
        if isinstance(images, LabelledImages):
            try:
                with at(self.path / OWN_IMAGES).made() as path, replacing(path) as temporary:
                    images.write(temporary)
            except OSError as error:
                raise RunError(
                    f"{self.path / OWN_IMAGES} cannot be written: {error.strerror or error}"
                ) from None
            return OWN_IMAGES
        return lasting_place(images)

    def images(self, place: str) -> str | Path:
        """The path or name of the images that a configuration names."""
        return self.local / OWN_IMAGES if place == OWN_IMAGES else place

    def keep_suite(self, suite: Suite | str | Path) -> str:
        """Where a run finds its suite again: its own copy of a suite given in memory, else the path or name.

        Args:
            suite: what the run was given.

        Raises:
            SuiteError: it cannot be written.
            RunError: it cannot be written to another file system.
        """
        if isinstance(suite, Suite):
            try:
                with at(self.path / OWN_SUITE).made() as path:
                    write_suite(suite, path)
            except OSError as error:
                raise RunError(
                    f"{self.path / OWN_SUITE} cannot be written: {error.strerror or error}"
                ) from None
            return OWN_SUITE
        return lasting_place(suite)

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


def _is_empty_run(folder: RunFolder) -> bool:
    """Whether a run was refused or interrupted here before it had anything to keep."""
    known = {
        folder.config.name,
        folder.checkpoints.name,
        folder.events.name,
        OWN_IMAGES,
        OWN_SUITE,
        *STAGES,
        *SERIES,
    }
    return (
        folder.config.is_file()
        and {file.name for file in folder.path.iterdir() if not holds_a_run(file.name)} <= known
        and not any(folder.checkpoints.glob("*"))
        and not _keeps_elsewhere(folder)
        and all(_is_empty_run(RunFolder(inner)) for inner in _inner_folders(folder))
    )


def _inner_folders(folder: RunFolder) -> Iterator[AnyPath]:
    """The folders of a run's stages and of a study's members."""
    yield from (folder.path / name for name in STAGES if (folder.path / name).is_dir())
    for series in (folder.path / name for name in SERIES):
        found: list[AnyPath] = [*series.glob("*")]
        yield from (inner for inner in sorted(found, key=str) if inner.is_dir())


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
        at(attempt).remove()
    with suppress(OSError):
        at(folder.path / "cache").remove()
    for inner in _inner_folders(folder):
        if any((inner / name).is_file() for name in ("config.json", FINALS, TRAININGS)):
            at(inner).remove()
    for series in SERIES:
        with suppress(OSError):  # it is not there, or holds what is not ours
            (folder.path / series).rmdir()
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
