"""The folder of a run: made, opened, and what it keeps a copy of."""

import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from rayzc.documents import replacing
from rayzc.errors import RunError
from rayzc.images import LabelledImages
from rayzc.problems import Suite, load_suite, write_suite
from rayzc.runs.clearing import clear, is_empty_run
from rayzc.runs.files import AnyPath, at, place_of
from rayzc.runs.paths import OWN_IMAGES, OWN_SUITE, TRAINING_PREFIX, RunPaths
from rayzc.runs.uris import is_uri

__all__ = ["RunFolder", "lasting_place", "unused_folder"]


def unused_folder(kind: str) -> Path:
    """A folder below ``runs`` that does not exist yet, named by the kind of run and the time."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"{kind}-{stamp}{suffix}" for suffix in ["", *(f"-{number}" for number in range(2, 99))])
    return next(path for path in (Path("runs", name) for name in names) if not path.exists())


def lasting_place(source: str | AnyPath) -> str:
    """An absolute path, which also holds from another folder; what is not a path, such as a suite's name, stays."""
    path = Path(str(source))
    return str(path.resolve()) if path.exists() else str(source)


@dataclass(frozen=True)
class RunFolder(RunPaths):
    """The folder of one run.

    It holds ``config.json`` (the options), ``checkpoints/``, ``events.jsonl`` (a log, a JSON object per line),
    ``hall_of_fame.json`` (the best formulas: the same bytes for the same seed) and ``result.json``. Searches also
    have a ``cache/`` of measurements and a ``report.txt``; trainings have one checkpoint each, with the weights.
    """

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
                if not force and not is_empty_run(folder):
                    raise RunError(
                        f"{path} exists and is not empty: choose another --out, add --force to overwrite it, "
                        f"or continue it with `rayzc resume {shlex.quote(str(path))}`"
                    )
                clear(folder)
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
