"""What came out of a run of searches."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rayzc.nas import Results
from rayzc.runs.interruption import signal_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Searched"]


@dataclass(frozen=True)
class Searched:
    """The result of a run of searches.

    Attributes:
        run: the run's folder.
        results: what every search came to, and what it is compared with.
        stopped: why it ended: ``all searches ended`` or ``interrupted by SIGINT``.
        seconds: how long the run took, those before a resume included.
        measured: networks that were measured since it was begun or resumed.
        cached: requests for networks of which all was known already, likewise.
        workers_lost: measuring workers that were lost and replaced, likewise.
    """

    run: Path
    results: Results
    stopped: str
    seconds: float
    measured: int = 0
    cached: int = 0
    workers_lost: int = 0

    @property
    def interrupted(self) -> str | None:
        """The signal that ended it, if one did."""
        return signal_of(self.stopped)

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc search --json`` prints, and ``result.json`` holds."""
        return {
            "run": str(self.run),
            "stopped": self.stopped,
            "seconds": self.seconds,
            "measured": self.measured,
            "cached": self.cached,
            "workers_lost": self.workers_lost,
            "results": json.loads(self.results.to_json()),
        }

    def to_table(self) -> "pa.Table":
        """A row for each problem and seed, see :meth:`rayzc.nas.Results.to_table`."""
        return self.results.to_table()
