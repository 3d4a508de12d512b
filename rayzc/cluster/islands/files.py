"""Writing to the folder of a discovery while it runs, even if the disk fails."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from rayzc.evolution import Island
from rayzc.runs import RunFolder, WrittenIsland, write_checkpoint
from rayzc.version import __version__

__all__ = ["RunFiles", "warn_by_default"]


class RunFiles:
    """Writes to a run's folder. If that fails, as on a full disk, it warns, once for checkpoints, and continues.

    Args:
        folder: the run's folder.
        warn: called with a line.
    """

    def __init__(self, folder: RunFolder, warn: Callable[[str], None]) -> None:
        self.folder = folder
        self._warn = warn
        self._warned = False

    def record(self, event: str, **details: Any) -> None:
        """Records an event."""
        self.folder.record(event, **details)

    def warn(self, text: str) -> None:
        """Warns whoever watches the run."""
        self._warn(text)

    def write_checkpoint(
        self, islands: Sequence[Island] | Sequence[WrittenIsland], seconds: float, improved: int
    ) -> bool:
        """Writes a checkpoint; returns whether it could be written."""
        try:
            write_checkpoint(self.folder.checkpoints, islands, __version__, seconds, improved)
        except OSError as error:
            self.record("checkpoint not written", epoch=islands[0].epoch)
            if not self._warned:
                self._warned = True
                self._warn(
                    f"{self.folder.path} cannot be written ({error.strerror or error}): the run goes on, and tries "
                    "again at every checkpoint"
                )
            return False
        return True


def warn_by_default(text: str) -> None:
    """Warns as Python does."""
    warnings.warn(text, RuntimeWarning, stacklevel=2)
