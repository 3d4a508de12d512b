"""Checks by structure that a file is what it should be, since its publishers publish no checksums.

Reading has already shown that a file is well-formed JSON of the right form, and that each encoding is an architecture
of its search space. Here follow its problems, the number of architectures, the proxies, and the ranges of
accuracies and scores. A file that fails is refused, with numbers; a file that is only smaller than the published one is
taken, and a note says so: early versions of the files are about, and tables of the user's own in the same form.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rayzc.errors import SuiteError, counted
from rayzc.problems.named import NamedSuite, SourceFile
from rayzc.problems.nas_bench_suite_zero import SuiteFile
from rayzc.problems.problem import Problem
from rayzc.problems.suite import FEW_NETWORKS

__all__ = ["Checked", "check"]

# The least number of the suite's proxies that makes a file one of it. Early versions have 11 or 12 of 13.
_PROXIES = 9
# The share of values that may be outside of their range: single networks diverge, or divide by zero.
_STRAY = 0.01
# At or below this, a score is not a score: the publishers write -1e8 for networks that are not connected.
_SENTINEL = -1e8

# What the tables of the early versions span, with a wide margin; flops and params are in millions, synflow is a
# logarithm. A table of another quantity, or in another unit, is outside.
_SCORES = {
    "flops": (0.1, 1e6),
    "params": (1e-3, 1e3),
    "l2_norm": (0, 1e6),
    "nwot": (0, 1e4),
    "snip": (0, 1e8),
    "grad_norm": (0, 1e8),
    "fisher": (0, 1e9),
    "synflow": (-1e4, 1e4),
}
# Larger is better everywhere: the loss of room_layout is negated. The other tasks are in percent.
_LOSSES = {"room_layout": (-100, 0)}
_PERCENT = (0, 100)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file was found to be.

    Attributes:
        passed: what was checked, in a few words each.
        notes: how it differs from what was published, in a few words each; empty if it does not.
    """

    passed: tuple[str, ...]
    notes: tuple[str, ...]


def check(content: SuiteFile, file: SourceFile, suite: NamedSuite) -> Checked:
    """Checks a file of a named suite.

    Args:
        content: the file, as it was read.
        file: what it should be.
        suite: the suite that it is for.

    Raises:
        SuiteError: it is not what it should be; says which check failed, with numbers.
    """
    expected = suite.problems_of(file)
    by_name = {problem.name: problem for problem in content.problems}
    if lacking := [name for name in expected if name not in by_name]:
        raise SuiteError(f"it lacks {', '.join(lacking)}; it has {', '.join(by_name)}")
    problems = [by_name[name] for name in expected]
    for problem in problems:
        _check_size(problem)
        _check_accuracies(problem)
        _check_scores(problem)
    missing = _missing(problems, suite.proxies)
    present = [proxy for proxy in suite.proxies if proxy not in missing]
    whole = min(_whole(problem, present) for problem in problems)
    passed = (
        counted(len(problems), "problem"),
        counted(min(map(len, problems)), "architecture"),
        counted(len(present), "proxy", "proxies"),
        "ranges",
    )
    notes = []
    if whole < file.architectures:
        notes.append(f"smaller than published: all scores on {whole:,} of {file.architectures:,}")
    if missing:
        notes.append(f"without {', '.join(missing)}")
    return Checked(passed, tuple(notes))


def _check_size(problem: Problem) -> None:
    if len(problem) < FEW_NETWORKS:
        raise SuiteError(
            f"{problem.name} has {counted(len(problem), 'architecture')} with an accuracy, at least "
            f"{FEW_NETWORKS} are needed"
        )


def _check_accuracies(problem: Problem) -> None:
    low, high = _LOSSES.get(problem.task, _PERCENT)
    if stray := _stray(problem.accuracy, low, high):
        raise SuiteError(
            f"{problem.name}: {stray} accuracies are outside of {low} to {high}{_span(problem.accuracy)}"
        )
    distinct = len(np.unique(problem.accuracy))
    if distinct < FEW_NETWORKS:
        raise SuiteError(
            f"{problem.name} has {counted(distinct, 'different accuracy', 'different accuracies')} for "
            f"{len(problem):,} architectures, at least {FEW_NETWORKS} are needed"
        )


def _check_scores(problem: Problem) -> None:
    for proxy, (low, high) in _SCORES.items():
        if proxy not in problem.has:
            continue
        measured = _measured(problem, proxy)
        if stray := _stray(measured, low, high):
            raise SuiteError(
                f"{problem.name}: {stray} scores of {proxy} are outside of {low:g} to {high:g}{_span(measured)}"
            )


def _missing(problems: list[Problem], proxies: tuple[str, ...]) -> list[str]:
    """The proxies that not all problems have on enough architectures to rank by.

    Raises:
        SuiteError: there are so many of them that the file is not one of this suite.
    """
    missing: dict[str, None] = {}
    for problem in problems:
        lacking = [
            proxy
            for proxy in proxies
            if proxy not in problem.has or np.isfinite(problem.column(proxy)).sum() < FEW_NETWORKS
        ]
        if len(proxies) - len(lacking) < _PROXIES:
            raise SuiteError(
                f"{problem.name} has {len(proxies) - len(lacking)} of {len(proxies)} proxies on at least "
                f"{FEW_NETWORKS} architectures, at least {_PROXIES} are needed; it lacks {', '.join(lacking)}"
            )
        missing.update(dict.fromkeys(lacking))
    return sorted(missing)


def _whole(problem: Problem, proxies: list[str]) -> int:
    """The number of architectures with scores of all these proxies.

    Raises:
        SuiteError: they are too few to breed or to judge a formula on.
    """
    count = len(problem.complete(proxies))
    if count < FEW_NETWORKS:
        raise SuiteError(
            f"{problem.name} has {counted(count, 'architecture')} with scores of all of its {len(proxies)} proxies, at "
            f"least {FEW_NETWORKS} are needed"
        )
    return count


def _measured(problem: Problem, proxy: str) -> npt.NDArray[np.float64]:
    column = problem.column(proxy)
    return column[np.isfinite(column) & (column > _SENTINEL)]


def _stray(values: npt.NDArray[np.float64], low: float, high: float) -> str:
    """How many values are outside, of how many; nothing if they are few."""
    outside = int(((values < low) | (values > high)).sum())
    return f"{outside:,} of {len(values):,}" if outside > _STRAY * len(values) else ""


def _span(values: npt.NDArray[np.float64]) -> str:
    return f" (they are {values.min():.4g} to {values.max():.4g})"
