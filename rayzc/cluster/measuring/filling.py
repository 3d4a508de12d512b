"""Measuring the scores that a suite lacks."""

import itertools
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rayzc.cluster.connection import check_address, connected
from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.measuring.cache import canonical_encoding
from rayzc.cluster.measuring.client import MeasuringPool
from rayzc.cluster.measuring.opening import measuring_pool
from rayzc.cluster.measuring.pool import Statistics
from rayzc.errors import ProxyError, SuiteError
from rayzc.measurement import Measurement, Request
from rayzc.options import Cluster, FillOptions, Setup, takes
from rayzc.problems import Problem, Suite, load_suite
from rayzc.version import __version__

__all__ = ["Failure", "Filled", "Filling", "fill_suite"]

_MAX_OUTSTANDING = 128
_SECONDS_BETWEEN_REPORTS = 0.5
_AGAIN = "repeat the command"


@dataclass(frozen=True, slots=True)
class Filling:
    """Progress while a suite is filled.

    Attributes:
        rows: how many rows are to be measured.
        done: how many of them have been measured.
        failures: how many cells could not be measured.
        seconds: since the start.
        statistics: of the pool.
    """

    rows: int
    done: int
    failures: int
    seconds: float
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell of a suite that could not be measured.

    Attributes:
        problem: its problem.
        architecture: its row.
        proxy: its column.
        reason: why not.
    """

    problem: str
    architecture: str
    proxy: str
    reason: str


@dataclass(frozen=True)
class Filled:
    """A suite after its empty cells were measured.

    Attributes:
        suite: the suite with what was measured.
        cells: by problem and proxy, how many cells were filled.
        lacking: by problem and proxy, how many are still empty.
        failures: the cells that could not be measured.
        seconds: how long it took.
        statistics: of the pool, in the end.
        interrupted: the signal that ended it early; None if it ended by itself.
        trouble: why the cache could not be written, if so.
    """

    suite: Suite
    cells: Mapping[str, Mapping[str, int]]
    lacking: Mapping[str, Mapping[str, int]]
    failures: tuple[Failure, ...]
    seconds: float
    statistics: Statistics
    interrupted: signal.Signals | None
    trouble: str | None = None

    @property
    def mixed(self) -> list[tuple[str, str, int]]:
        """Columns that hold scores from elsewhere, too: problem, proxy, and how many scores were there before."""
        sizes = {problem.name: len(problem) for problem in self.suite.problems}
        before = [
            (name, proxy, sizes[name] - count - self.lacking[name][proxy])
            for name, counts in self.cells.items()
            for proxy, count in counts.items()
            if count
        ]
        return [column for column in before if column[2]]

    @property
    def filled(self) -> int:
        """How many cells were filled."""
        return sum(count for counts in self.cells.values() for count in counts.values())


@takes(options=FillOptions, cluster=Cluster)
def fill_suite(
    suite: Suite | str | Path,
    *,
    options: FillOptions,
    cluster: Cluster,
    cache: str | Path | None = None,
    listen: Callable[[Filling], None] | None = None,
) -> Filled:
    """Measures the empty cells of a suite on a cluster.

    The images are those of the suite's benchmark where it has one, and networks have its width and depth; else images
    are random and networks the original ones. Ctrl-C and SIGTERM end it early, with what has been measured by then.
    With a cache, the next call continues where this one ended, for any reason.

    Args:
        suite: a suite, or its file, folder or name, see :func:`rayzc.load_suite`.
        options: which cells, and how to measure.
        cluster: where to compute.
        cache: folder in which scores are kept.
        listen: called repeatedly with the progress.

    Returns:
        The suite with what was measured, and what could not be measured.

    Raises:
        SuiteError: no cell is empty, or the suite cannot be read.
        SpaceError: no networks can be built for the search space and task of a problem.
        ProxyError: no proxy is named, one is not known, or the images are not there or do not fit.
        ClusterError: there is no Ray cluster, or it has no room for workers.
        RunError: the cache is not a folder, or cannot be written.
    """
    from rayzc.proxies import find

    began = time.monotonic()
    if not options.proxies:
        raise ProxyError("no proxies to measure: name some, such as proxies=['nwot', 'zen']")
    check_address(cluster.address)
    names = tuple(proxy.name for proxy in find(options.proxies))
    loaded = suite if isinstance(suite, Suite) else load_suite(suite)
    chosen = [_with_columns(problem, names) for problem in loaded.select(options.problems).problems]
    rows = _empty_rows(chosen, names, options)
    if not rows:
        where = ", ".join(problem.name for problem in chosen)
        raise SuiteError(
            f"suite {loaded.name} has all scores of {', '.join(names)} on {where}: there is nothing to measure"
        )
    for request in {(request.space, request.task): request for request in rows}.values():
        canonical_encoding(request, options.setup, loaded.shapes)
    scores = {problem.name: problem.scores.copy() for problem in chosen}
    columns = {problem.name: problem.proxies.index for problem in chosen}
    failures: list[Failure] = []
    done = 0

    pool_of = measuring_pool(
        options.setup, cluster.workers, cache, address=cluster.address, benchmark=loaded.benchmark
    )
    here = connected(cluster.address, cluster.workers, _AGAIN)
    with here, pool_of as pool, Interrupts() as interrupts:
        for answers in _answers(pool, iter(rows), interrupts):
            for request, measurement in answers:
                for problem, row in rows[request]:
                    done += 1
                    for proxy in request.proxies:
                        score = measurement.scores.get(proxy, math.nan)
                        scores[problem][row, columns[problem](proxy)] = score
                        if math.isnan(score):
                            reason = measurement.failures.get(proxy, "the score is nan")
                            failures.append(Failure(problem, request.encoding, proxy, reason))
            if listen:
                seconds = time.monotonic() - began
                listen(Filling(sum(map(len, rows.values())), done, len(failures), seconds, pool.statistics()))
        statistics, device = pool.statistics(), pool.device
        trouble = pool.close_or_say()

    filled = {problem.name: replace(problem, scores=scores[problem.name]) for problem in chosen}
    cells = {problem.name: _filled_cells(problem, filled[problem.name], names) for problem in chosen}
    origin = _origin(loaded, cells, options.setup, options.seed, device)
    return Filled(
        suite=replace(
            loaded,
            problems=tuple(filled.get(problem.name, problem) for problem in loaded.problems),
            metadata={**loaded.metadata, "origin": origin},
        ),
        cells=cells,
        lacking={name: _empty_cells(problem, names) for name, problem in filled.items()},
        failures=tuple(failures),
        seconds=time.monotonic() - began,
        statistics=statistics,
        interrupted=interrupts.received,
        trouble=trouble,
    )


def _answers(
    pool: MeasuringPool, requests: Iterator[Request], interrupts: Interrupts
) -> Iterator[list[tuple[Request, Measurement]]]:
    """Requests and their measurements as they come; now and then an empty list, so that progress is reported."""
    while interrupts.received is None:
        pool.submit(itertools.islice(requests, _MAX_OUTSTANDING - pool.outstanding))
        if not pool.outstanding:
            return
        yield pool.answers(timeout=_SECONDS_BETWEEN_REPORTS)


def _with_columns(problem: Problem, names: tuple[str, ...]) -> Problem:
    """The problem with a column for each of the proxies; those that are added are empty."""
    new = tuple(name for name in names if name not in problem.proxies)
    if not new:
        return problem
    empty = np.full((len(problem), len(new)), np.nan)
    return replace(
        problem, proxies=problem.proxies + new, scores=np.concatenate([problem.scores, empty], axis=1)
    )


def _empty_rows(
    problems: list[Problem], names: tuple[str, ...], options: FillOptions
) -> dict[Request, list[tuple[str, int]]]:
    """The requests for all empty cells, and for each the problems and rows that wait for it."""
    rows: dict[Request, list[tuple[str, int]]] = {}
    for problem in problems:
        empty = np.isnan(problem.scores[:, [problem.proxies.index(name) for name in names]])
        for row in np.flatnonzero(empty.any(axis=1))[: options.limit].tolist():
            lacking = tuple(name for name, lacks in zip(names, empty[row].tolist(), strict=True) if lacks)
            request = Request(problem.space, problem.architectures[row], problem.task, lacking, options.seed)
            rows.setdefault(request, []).append((problem.name, row))
    return rows


def _empty_cells(problem: Problem, names: tuple[str, ...]) -> dict[str, int]:
    return {name: int(np.isnan(problem.column(name)).sum()) for name in names}


def _filled_cells(before: Problem, after: Problem, names: tuple[str, ...]) -> dict[str, int]:
    empty = _empty_cells(after, names)
    return {name: count - empty[name] for name, count in _empty_cells(before, names).items()}


def _origin(
    suite: Suite, cells: Mapping[str, Mapping[str, int]], setup: Setup, seed: int, device: str
) -> str:
    """The origin of the filled suite: that of the suite, and what was measured, how."""
    what = "; ".join(
        f"{name} {', '.join(f'{proxy} ({count})' for proxy, count in counts.items() if count)}"
        for name, counts in cells.items()
        if any(counts.values())
    )
    if not what:
        return suite.metadata.get("origin", suite.name)
    own = "normal random images" if suite.benchmark is None else "images of the suite's benchmark"
    images = own if setup.images is None else f"images of {Path(setup.images).name}"
    scaled = "".join(
        f", {key} {value}"
        for key, value in (("width", setup.width), ("depth", setup.depth))
        if value is not None
    )
    form = "as written" if setup.as_written else "in canonical form"
    how = f"{setup.batch} {images}, seed {seed}, networks {form}{scaled}, on {device}"
    by = f"rayzc {__version__} with torch {version('torch')} on {datetime.now(UTC):%Y-%m-%d}"
    return f"{suite.metadata.get('origin', suite.name)} + measured by {by}: {what} [{how}]"
