"""What a run's folder holds, where another run is to take its place."""

from collections.abc import Iterator
from contextlib import suppress

from rayzc.errors import RunError
from rayzc.runs.checkpoints import checkpoint_files
from rayzc.runs.files import AnyPath, at, holds_a_run
from rayzc.runs.paths import (
    FINALS,
    OWN_IMAGES,
    OWN_SUITE,
    SERIES,
    STAGES,
    TRAINING_PREFIX,
    TRAININGS,
    RunPaths,
)

__all__ = ["clear", "is_empty_run"]


def is_empty_run(folder: RunPaths) -> bool:
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
        and all(is_empty_run(RunPaths(inner)) for inner in _inner_folders(folder))
    )


def _inner_folders(folder: RunPaths) -> Iterator[AnyPath]:
    """The folders of a run's stages and of a study's members."""
    yield from (folder.path / name for name in STAGES if (folder.path / name).is_dir())
    for series in (folder.path / name for name in SERIES):
        found: list[AnyPath] = [*series.glob("*")]
        yield from (inner for inner in sorted(found, key=str) if inner.is_dir())


def _keeps_elsewhere(folder: RunPaths) -> bool:
    """Whether a run has begun whose checkpoints are in a storage of its own."""
    try:
        storage = folder.read_config().get("storage")
    except RunError:
        return False
    return storage is not None and any(event.get("event") == "started" for event in folder.recorded())


def clear(folder: RunPaths) -> None:
    """Removes a run's own files, and only these.

    Raises:
        RunError: it is not the folder of a run, or another process works on the run.
    """
    if not folder.config.is_file():
        raise RunError(f"{folder.path} is not the folder of a run, so --force does not overwrite it")
    with folder.locked():
        _remove(folder)


def _remove(folder: RunPaths) -> None:
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
