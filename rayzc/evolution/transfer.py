"""How well formulas hold on what they were not bred on: networks that were held out, and search spaces left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rayzc.evolution.assessment import assess
from rayzc.formula import Formula, is_proxy_name
from rayzc.problems import Suite

__all__ = ["Transfer", "proxy_transfers", "spaces_of", "taus_of"]


@dataclass(frozen=True)
class Transfer:
    """Kendall's tau of a formula by problem, on what it was bred on and on what it was not.

    Attributes:
        name: the formula; of a proxy with the sign that the networks it was chosen on ask for.
        fitted: on the networks that it was bred or chosen on.
        held_out: on the networks that were held out; None if none were.
        left_out: on each problem, of what was bred or chosen without the problem's search space; None if nothing was.
    """

    name: str
    fitted: Mapping[str, float]
    held_out: Mapping[str, float] | None = None
    left_out: Mapping[str, float] | None = None

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
        return {"formula": self.name} | {
            name: None if taus is None else dict(taus) for name, taus in given.items()
        }


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
