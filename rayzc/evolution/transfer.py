"""How well formulas hold on what they were not bred on: networks that were held out, and search spaces left out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.assessment import Interval, assess, resampled_kendall
from rayzc.evolution.top import Top, mean_top, top_of
from rayzc.formula import Formula, is_proxy_name, ranking_values
from rayzc.problems import Problem, Suite

__all__ = ["Transfer", "proxy_transfers", "spaces_of", "taus_of", "transfer_of"]

_PERCENTILES = (2.5, 97.5)

Judged = Sequence[tuple[Sequence[Formula], Suite]]
"""Formulas, with the problems that they are judged on; of several formulas, the mean counts."""


@dataclass(frozen=True)
class Transfer:
    """Kendall's tau of a formula by problem, on what it was bred on and on what it was not.

    Attributes:
        name: the formula; of a proxy with the sign that the networks it was chosen on ask for.
        fitted: on the networks that it was bred or chosen on.
        held_out: on the networks that were held out; None if none were.
        left_out: on each problem, of what was bred or chosen without the problem's search space; None if nothing was.
        intervals: by column, a 95 % bootstrap interval of the mean over the problems. A sample draws networks, and for
            search spaces left out also search spaces.
        top: by column, the mean measures of the top, see :mod:`rayzc.evolution.top`.
    """

    name: str
    fitted: Mapping[str, float]
    held_out: Mapping[str, float] | None = None
    left_out: Mapping[str, float] | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    top: Mapping[str, Top] = field(default_factory=dict)

    def mean(self, column: str) -> float | None:
        """The mean tau over the problems.

        Args:
            column: ``fitted``, ``held_out`` or ``left_out``.

        Returns:
            The mean; None if there are no such numbers.
        """
        taus: Mapping[str, float] | None = getattr(self, column)
        return float(np.mean([*taus.values()])) if taus else None

    def to_json(self) -> dict[str, Any]:
        """The document in a run's ``result.json``."""
        columns = ("fitted", "held_out", "left_out")
        given = {name: getattr(self, name) for name in columns}
        document: dict[str, Any] = {"formula": self.name}
        document |= {name: None if taus is None else dict(taus) for name, taus in given.items()}
        if self.intervals:
            document["intervals"] = {name: list(bounds) for name, bounds in self.intervals.items()}
        if self.top:
            document["top"] = {name: asdict(top) for name, top in self.top.items()}
        return document


def transfer_of(
    formula: Formula,
    fitting: Suite,
    validation: Suite | None,
    left_out: Judged,
    samples: int = 0,
    name: str | None = None,
) -> Transfer:
    """How a formula holds, with intervals and measures of the top.

    Args:
        formula: the formula.
        fitting: what it was bred or chosen on.
        validation: the networks that were held out; None if none were.
        left_out: by search space, what was bred or chosen without it, and its problems; empty if nothing was.
        samples: number of bootstrap samples; 0 for no intervals.
        name: what to call it; by default its text.
    """
    columns: dict[str, Judged] = {"fitted": [((formula,), fitting)]}
    if validation is not None:
        columns["held_out"] = [((formula,), validation)]
    if left_out:
        columns["left_out"] = left_out
    taus = {column: _taus(judged) for column, judged in columns.items()}
    return Transfer(
        str(formula) if name is None else name,
        taus["fitted"],
        taus.get("held_out"),
        taus.get("left_out"),
        {column: _interval(judged, samples) for column, judged in columns.items()} if samples else {},
        {column: _top(judged) for column, judged in columns.items()},
    )


def proxy_transfers(whole: Suite, fitting: Suite, validation: Suite | None) -> list[Transfer]:
    """The transfer of every single proxy, the best on the fitted networks first.

    All that is chosen of a proxy is its sign: by the mean tau on the fitted networks, and for a search space that is
    left out by that on the other spaces.

    Args:
        whole: all networks.
        fitting: those that formulas are bred on.
        validation: the networks that were held out; None if none were.
    """
    spaces, found = spaces_of(fitting), []
    for proxy in filter(is_proxy_name, fitting.common_proxies):
        alone = Formula((proxy,))
        taus, all_taus = taus_of(alone, fitting), taus_of(alone, whole)
        sign = _sign(taus)
        held_out = taus_of(alone, validation) if validation is not None else None
        left_out: dict[str, float] = {}
        for space in spaces:
            own = [name for name in taus if name.startswith(f"{space}/")]
            others = _sign({name: tau for name, tau in taus.items() if name not in own})
            left_out |= {name: others * all_taus[name] for name in own}
        found.append(
            Transfer(
                proxy if sign > 0 else f"-{proxy}",
                {name: sign * tau for name, tau in taus.items()},
                None if held_out is None else {name: sign * tau for name, tau in held_out.items()},
                left_out if len(spaces) > 1 else None,
            )
        )
    return sorted(found, key=lambda each: -float(np.mean([*each.fitted.values()])))


def spaces_of(suite: Suite) -> tuple[str, ...]:
    """The search spaces of a suite, each once, in order."""
    return tuple(dict.fromkeys(problem.space for problem in suite.problems))


def taus_of(formula: Formula, suite: Suite) -> dict[str, float]:
    """Kendall's tau of a formula on each problem of a suite, by name."""
    assessed = assess(formula, suite)
    return {name: score.kendall for name, score in assessed.problems.items()}


def _sign(taus: Mapping[str, float]) -> int:
    return -1 if taus and np.mean([*taus.values()]) < 0 else 1


def _taus(judged: Judged) -> dict[str, float]:
    taus: dict[str, float] = {}
    for formulas, suite in judged:
        each = [taus_of(formula, suite) for formula in formulas]
        taus |= {name: float(np.mean([own[name] for own in each])) for name in suite.names}
    return taus


def _values(formula: Formula, problem: Problem) -> NDArray[np.float64]:
    return ranking_values(formula.evaluate({name: problem.column(name) for name in problem.proxies}))


def _top(judged: Judged) -> Top:
    return mean_top(
        mean_top(top_of(_values(formula, problem), problem.accuracy) for formula in formulas)
        for formulas, suite in judged
        for problem in suite.problems
    )


def _interval(judged: Judged, samples: int) -> Interval:
    """A 95 % interval of the mean over the problems; where several spaces are left out, spaces are drawn, too."""
    drawn = [
        np.stack([_resampled(formulas, problem, samples) for problem in suite.problems])
        for formulas, suite in judged
    ]
    times = np.ones((len(drawn), samples), np.int64)
    if len(drawn) > 1:
        rng = np.random.default_rng([len(drawn), samples])
        chosen = rng.integers(len(drawn), size=(len(drawn), samples))
        times = np.stack([(chosen == place).sum(axis=0) for place in range(len(drawn))])
    counts = np.array([[len(taus)] for taus in drawn])
    sums = np.stack([taus.sum(axis=0) for taus in drawn])
    low, high = np.percentile((times * sums).sum(axis=0) / (times * counts).sum(axis=0), _PERCENTILES)
    return float(low), float(high)


def _resampled(formulas: Sequence[Formula], problem: Problem, samples: int) -> NDArray[np.float64]:
    """The mean tau of formulas on bootstrap samples of the networks of a problem, ``(samples,)``."""
    taus = [resampled_kendall(_values(formula, problem), problem, samples, seed=0) for formula in formulas]
    mean: NDArray[np.float64] = np.mean(taus, axis=0)
    return mean
