"""A cache of scores on disk that outlives its pool: a folder of Parquet files, one row per score.

Every pool writes its own file, rewritten whole and put in place at once, so that pools can share a folder and a crash
costs no more than the scores since the last flush. A file that cannot be read is skipped. Rows name everything that a
score depends on; those of other conditions stay in the folder, unused.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rayzc.cluster.measuring.ledger import Target
from rayzc.documents import replacing
from rayzc.errors import RunError, first_line
from rayzc.measurement import Request
from rayzc.options import Setup
from rayzc.problems import Shapes
from rayzc.spaces import SearchSpace, find_space, search_space, user_spaces
from rayzc.spaces.four_node import FourNodeSpace

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MEASURING_VERSION", "ScoreCache", "canonical_encoding", "require_folder"]

MEASURING_VERSION = 1
"""Raise this when networks are built or measured differently, so that no cache mixes old and new scores."""

_KEY = b"rayzc_scores"
_SCHEMA_VERSION = b"1"
_ROWS_PER_FILE = 50_000


def canonical_encoding(request: Request, setup: Setup, shapes: Shapes) -> str:
    """The encoding of the network that is built for a request; requests with the same one are measured once.

    By default that is the canonical architecture. Two encodings of one network can differ in operations whose output
    nothing reads, but whose weights are drawn and counted; one of the encodings has to be chosen for both to have
    the same score. With ``as_written`` the encoding itself is built. Only in spaces of four-node cells do the two
    differ in substance: networks of the other spaces are built without the parts that do not matter, so they keep
    the canonical encoding.

    Raises:
        SpaceError: the space, architecture or task does not exist.
    """
    space: SearchSpace = search_space(request.space)
    architecture = space.parse(request.encoding)
    shapes.task(request.space, request.task)
    if setup.as_written and isinstance(space, FourNodeSpace):
        return space.format(architecture)
    return space.key(architecture)


def require_folder(folder: Path) -> None:
    """Checks that scores can be kept in a folder.

    Raises:
        RunError: it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file; the cache of measurements must be a folder: give another path")


@dataclass(slots=True)
class _Rows:
    """The rows of a file as columns."""

    targets: list[Target] = field(default_factory=list)
    proxies: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


class ScoreCache:
    """Scores on disk.

    Args:
        folder: of the files; created when there is something to write.
        setup: what holds for all measurements.
        device: where networks are measured, ``cpu`` or ``cuda``.
        versions: version of each proxy, by name.
        shapes: how large networks are.
        hashes: of the code of the user's search spaces, by name.

    Attributes:
        warnings: about files that were skipped.

    Raises:
        RunError: the folder is a file.
    """

    def __init__(
        self,
        folder: Path,
        setup: Setup,
        device: str,
        versions: Mapping[str, str],
        shapes: Shapes,
        hashes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        require_folder(folder)
        self._hashes = hashes
        self._folder = folder
        self._setup = setup
        self._device = device
        self._versions = versions
        self._shapes = shapes
        # Other releases of torch may draw and sum differently; the build (+cpu, +cu126) is the device's matter.
        self._measuring = f"{MEASURING_VERSION}, torch {version('torch').partition('+')[0]}"
        self._rows = _Rows()
        # A flush may run in another thread, and the last one while another is in progress.
        self._adding = threading.Lock()
        self._flushing = threading.Lock()
        self._written = 0
        self._path: Path | None = None
        self.warnings: list[str] = []

    def read(self) -> dict[Target, dict[str, float]]:
        """The scores that were measured under the same conditions."""
        known: dict[Target, dict[str, float]] = {}
        for path in sorted(self._folder.glob("*.parquet")):
            try:
                for target, proxy, score in self._valid(path):
                    known.setdefault(target, {})[proxy] = score
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError) as error:
                self.warnings.append(
                    f"{path}: skipped, not a complete file of measurements ({first_line(error)})"
                )
        return known

    def add(self, target: Target, scores: Mapping[str, float]) -> None:
        """Adds scores; :meth:`flush` writes them."""
        with self._adding:
            for proxy, score in scores.items():
                self._rows.targets.append(target)
                self._rows.proxies.append(proxy)
                self._rows.scores.append(score)

    def flush(self) -> None:
        """Writes the scores that were added since the last time.

        Raises:
            RunError: they cannot be written; nothing is lost, the next flush tries again.
        """
        with self._flushing:
            self._write()

    def _write(self) -> None:
        with self._adding:
            count = len(self._rows.scores)
        if count == self._written:
            return
        import pyarrow.parquet as pq

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._path is None:
                self._path = self._folder / f"{time.time_ns():019}-{os.getpid()}.parquet"
            with replacing(self._path) as temporary:
                pq.write_table(self._table(count), temporary, compression="zstd", write_page_checksum=True)
        except OSError as error:
            raise RunError(
                f"{self._folder}: measurements cannot be written: {error.strerror or error}"
            ) from None
        self._written = count
        if count >= _ROWS_PER_FILE:
            with self._adding:
                rows = self._rows
                self._rows = _Rows(rows.targets[count:], rows.proxies[count:], rows.scores[count:])
            self._written, self._path = 0, None

    def _conditions(self, space: str) -> dict[str, Any]:
        width, depth = self._shapes.scale(space, self._setup.width, self._setup.depth)
        own = user_spaces().get(space)
        return {
            "width": width,
            "depth": depth,
            "device": self._device,
            # Networks of the user's own change with the code that builds them.
            "measuring": self._measuring if own is None else f"{self._measuring}, code {self._hashes[space]}",
        }

    def _table(self, count: int) -> "pa.Table":
        import pyarrow as pa

        targets, proxies = self._rows.targets[:count], self._rows.proxies[:count]
        conditions = {space: self._conditions(space) for space in {target.space for target in targets}}
        columns: dict[str, Any] = {
            name: pa.array([getattr(target, name) for target in targets], pa.string())
            for name in ("space", "architecture", "task", "batch")
        }
        columns["seed"] = pa.array([target.seed for target in targets], pa.int64())
        for name, kind in _CONDITIONS.items():
            columns[name] = pa.array([conditions[t.space][name] for t in targets], getattr(pa, kind)())
        columns["proxy"] = pa.array(proxies, pa.string())
        columns["version"] = pa.array([self._versions[proxy] for proxy in proxies], pa.string())
        columns["score"] = pa.array(self._rows.scores[:count], pa.float64())
        return pa.table(columns).replace_schema_metadata({_KEY: _SCHEMA_VERSION})

    def _valid(self, path: Path) -> Iterator[tuple[Target, str, float]]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
        if (table.schema.metadata or {}).get(_KEY) != _SCHEMA_VERSION:
            raise ValueError("not a cache of measurements, or that of another version of rayzc")
        rows = table.to_pylist()
        known = {space for space in {row["space"] for row in rows} if find_space(space) is not None}
        conditions = {space: self._conditions(space) for space in known}
        for row in rows:
            expected = conditions.get(row["space"])
            if expected is None or self._versions.get(row["proxy"]) != row["version"]:
                continue
            if all(row[name] == value for name, value in expected.items()):
                target = Target(row["space"], row["architecture"], row["task"], row["seed"], row["batch"])
                yield target, row["proxy"], row["score"]


_CONDITIONS = {"width": "int64", "depth": "int64", "device": "string", "measuring": "string"}
