"""Measuring what a suite's tables lack."""

import itertools
import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.measuring.client import MeasuringPool, measuring_pool
from rayzc.cluster.measuring.request import Answer, Request, Setup, Statistics, built
from rayzc.errors import SuiteError
from rayzc.problems import Problem, Suite, load_suite
from rayzc.version import __version__

__all__ = ["Failure", "Filled", "Filling", "fill_suite"]

TABLE_SETUP = Setup(batch=32, as_written=True)
"""How a table is filled by default: networks as they are written, since the tables measured them so."""

_WINDOW = 128
_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class Filling:
    """How far it has come.

    Attributes:
        rows: how many rows were to be measured.
        done: how many of them are.
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
    """A cell that could not be measured.

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
    """What came of it.

    Attributes:
        suite: the suite with what was measured.
        cells: by problem and proxy, how many cells were filled.
        lacking: by problem and proxy, how many are still empty.
        failures: the cells that could not be measured.
        seconds: how long it took.
        statistics: of the pool, in the end.
        interrupted: the signal that ended it early; None if it was not.
    """

    suite: Suite
    cells: Mapping[str, Mapping[str, int]]
    lacking: Mapping[str, Mapping[str, int]]
    failures: tuple[Failure, ...]
    seconds: float
    statistics: Statistics
    interrupted: signal.Signals | None

    @property
    def filled(self) -> int:
        """How many cells were filled."""
        return sum(count for counts in self.cells.values() for count in counts.values())


def fill_suite(
    suite: Suite | str | Path,
    proxies: Iterable[str],
    problems: Sequence[str] = (),
    *,
    limit: int | None = None,
    setup: Setup = TABLE_SETUP,
    seed: int = 0,
    workers: int | None = None,
    cache: str | Path | None = None,
    address: str | None = None,
    listen: Callable[[Filling], None] | None = None,
) -> Filled:
    """Measures the cells of a suite that are empty, on a cluster.

    Ctrl-C and SIGTERM end it early, with what is there by then. With a cache, the next call goes on where this one
    was ended, however it was.

    Args:
        suite: a suite, or where it is, see :func:`rayzc.load_suite`.
        proxies: which columns to fill; new ones are added.
        problems: which problems, see :meth:`rayzc.Suite.select`; by default all.
        limit: measure so many rows of each problem at most.
        setup: how to measure.
        seed: of weights and images.
        workers: how many, see :func:`rayzc.measuring_pool`.
        cache: folder of scores to keep.
        address: of the Ray cluster.
        listen: called again and again with the progress.

    Raises:
        SuiteError: nothing is empty, or the suite cannot be read.
        SpaceError: a problem is not on a search space and task that networks can be built for.
        ProxyError: a proxy is not known, or the images are not there or do not fit.
        ClusterError: no Ray cluster, or no workers in it.
        RunError: the cache is none, or cannot be written.
    """
    from rayzc.proxies import find

    began = time.monotonic()
    loaded = suite if isinstance(suite, Suite) else load_suite(suite)
    names = tuple(proxy.name for proxy in find(list(proxies)))
    chosen = [_with_columns(problem, names) for problem in loaded.select(problems).problems]
    places = _places(chosen, names, limit, seed)
    if not places:
        where = ", ".join(problem.name for problem in chosen)
        raise SuiteError(
            f"suite {loaded.name} has all scores of {', '.join(names)} on {where}: nothing is missing"
        )
    for request in {(request.space, request.task): request for request in places}.values():
        built(request, setup)
    scores = {problem.name: problem.scores.copy() for problem in chosen}
    columns = {problem.name: problem.proxies.index for problem in chosen}
    failures: list[Failure] = []
    done = 0

    with measuring_pool(setup, workers, cache, address=address) as pool, Interrupts() as interrupts:
        for answers in _answers(pool, iter(places), lambda: interrupts.received is not None):
            for answer in answers:
                for problem, row in places[answer.request]:
                    done += 1
                    for proxy in answer.request.proxies:
                        score = answer.scores.get(proxy, math.nan)
                        scores[problem][row, columns[problem](proxy)] = score
                        if math.isnan(score):
                            reason = answer.failures.get(proxy, "the score is nan")
                            failures.append(Failure(problem, answer.request.encoding, proxy, reason))
            if listen:
                rows = sum(map(len, places.values()))
                seconds = time.monotonic() - began
                listen(Filling(rows, done, len(failures), seconds, pool.statistics()))
        statistics, device = pool.statistics(), pool.device

    filled = {problem.name: replace(problem, scores=scores[problem.name]) for problem in chosen}
    cells = {problem.name: _fewer(problem, filled[problem.name], names) for problem in chosen}
    return Filled(
        suite=replace(
            loaded,
            problems=tuple(filled.get(problem.name, problem) for problem in loaded.problems),
            metadata={**loaded.metadata, "origin": _origin(loaded, cells, setup, seed, device)},
        ),
        cells=cells,
        lacking={name: _empty(problem, names) for name, problem in filled.items()},
        failures=tuple(failures),
        seconds=time.monotonic() - began,
        statistics=statistics,
        interrupted=interrupts.received,
    )


def _answers(
    pool: MeasuringPool, requests: Iterator[Request], stop: Callable[[], bool]
) -> Iterator[list[Answer]]:
    """Answers as they come, now and then none, so that whoever listens can stop."""
    while not stop():
        pool.submit(itertools.islice(requests, _WINDOW - pool.outstanding))
        if not pool.outstanding:
            return
        yield pool.answers(timeout=_PATIENCE)


def _with_columns(problem: Problem, names: tuple[str, ...]) -> Problem:
    """The problem with a column for each of the proxies, empty where it had none."""
    new = tuple(name for name in names if name not in problem.proxies)
    if not new:
        return problem
    empty = np.full((len(problem), len(new)), np.nan)
    return replace(
        problem, proxies=problem.proxies + new, scores=np.concatenate([problem.scores, empty], axis=1)
    )


def _places(
    problems: list[Problem], names: tuple[str, ...], limit: int | None, seed: int
) -> dict[Request, list[tuple[str, int]]]:
    """What to ask for, and for which rows of which problems."""
    places: dict[Request, list[tuple[str, int]]] = {}
    for problem in problems:
        empty = np.isnan(problem.scores[:, [problem.proxies.index(name) for name in names]])
        for row in np.flatnonzero(empty.any(axis=1))[:limit].tolist():
            lacking = tuple(name for name, lacks in zip(names, empty[row].tolist(), strict=True) if lacks)
            request = Request(problem.space, problem.architectures[row], problem.task, lacking, seed)
            places.setdefault(request, []).append((problem.name, row))
    return places


def _empty(problem: Problem, names: tuple[str, ...]) -> dict[str, int]:
    return {name: int(np.isnan(problem.column(name)).sum()) for name in names}


def _fewer(before: Problem, after: Problem, names: tuple[str, ...]) -> dict[str, int]:
    empty = _empty(after, names)
    return {name: count - empty[name] for name, count in _empty(before, names).items()}


def _origin(
    suite: Suite, cells: Mapping[str, Mapping[str, int]], setup: Setup, seed: int, device: str
) -> str:
    """Where the suite comes from now: what it was, and what was measured how."""
    what = "; ".join(
        f"{name} {', '.join(f'{proxy} ({count})' for proxy, count in counts.items() if count)}"
        for name, counts in cells.items()
        if any(counts.values())
    )
    if not what:
        return suite.metadata.get("origin", suite.name)
    images = "normal random images" if setup.images is None else f"images of {Path(setup.images).name}"
    scaled = "".join(
        f", {key} {value}"
        for key, value in (("width", setup.width), ("depth", setup.depth))
        if value is not None
    )
    form = "as written" if setup.as_written else "in canonical form"
    how = f"{setup.batch} {images}, seed {seed}, networks {form}{scaled}, on {device}"
    by = f"rayzc {__version__} with torch {version('torch')} on {datetime.now(UTC):%Y-%m-%d}"
    return f"{suite.metadata.get('origin', suite.name)} + measured by {by}: {what} [{how}]"
