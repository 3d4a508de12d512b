"""A suite laid out for speed: all problems in one table, each in order of accuracy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError
from rayzc.formula import is_proxy_name
from rayzc.problems import Suite

__all__ = ["Tables"]


@dataclass(frozen=True)
class Tables:
    """The rows of all problems, one after the other, each problem's in ascending accuracy.

    Attributes:
        problems: names of the problems, ``(problems,)``.
        proxies: names of the proxies, ``(proxies,)``.
        scores: a contiguous row per proxy, ``(proxies, rows)``.
        accuracy: true accuracy, ascending within a problem, ``(rows,)``.
        offsets: where each problem's rows begin, and the end, ``(problems + 1,)``.
    """

    problems: tuple[str, ...]
    proxies: tuple[str, ...]
    scores: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, suite: Suite) -> "Tables":
        """Lays out a suite in which all problems have the same proxies, measured on every architecture.

        Raises:
            SuiteError: problems with different proxies, or a proxy whose name cannot stand in a formula.
        """
        first = suite.problems[0]
        for problem in suite.problems:
            if problem.proxies != first.proxies:
                raise SuiteError(
                    f"{problem.name} has other proxies than {first.name}; use Suite.for_fitting first"
                )
        for proxy in first.proxies:
            if not is_proxy_name(proxy):
                raise SuiteError(
                    f"proxy '{proxy}' cannot be used in a formula: a name has letters, digits and _ only, and is not "
                    "the name of a function; rename it, or choose others with --proxies"
                )
        orders = [np.argsort(problem.accuracy, kind="stable") for problem in suite.problems]
        parts = list(zip(suite.problems, orders, strict=True))
        return cls(
            problems=tuple(problem.name for problem in suite.problems),
            proxies=first.proxies,
            scores=np.ascontiguousarray(np.concatenate([p.scores[order] for p, order in parts]).T),
            accuracy=np.concatenate([p.accuracy[order] for p, order in parts]),
            offsets=np.cumsum([0, *(len(order) for order in orders)], dtype=np.int64),
        )

    def indistinguishable(self) -> NDArray[np.int64]:
        """Pairs of architectures that no proxy tells apart, of each problem, ``(problems,)``."""
        bounds = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        return np.array([_same_rows(self.scores[:, low:high]) for low, high in bounds], np.int64)


def _same_rows(scores: NDArray[np.float64]) -> int:
    """Pairs of equal columns of ``(proxies, rows)``, to the byte."""
    rows = np.ascontiguousarray(scores.T)
    _, times = np.unique(rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))), return_counts=True)
    return int((times * (times - 1) // 2).sum())
