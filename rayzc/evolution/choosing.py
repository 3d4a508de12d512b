"""Which formula a run hands out: by what cross-validation says of search spaces that formulas have not seen.

The numbers of the chosen formula stand beside those of the formula that fits best, of the best single proxy, chosen on
the other spaces by the same cross-validation, and of formulas that were known before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rayzc.evolution.folds import Fold, Size, Unseen, chosen_size, sizes_of
from rayzc.evolution.individual import Individual
from rayzc.evolution.transfer import Judged, Transfer, taus_of, transfer_of
from rayzc.formula import Formula, is_proxy_name
from rayzc.problems import Suite

__all__ = ["REFERENCES", "CrossValidation", "Known", "cross_validated"]

SAMPLES = 100
"""Bootstrap samples of each interval."""

REFERENCES = ("jacov + log(flops)",)
"""Formulas that results show for comparison, where a suite has their proxies."""


@dataclass(frozen=True)
class Known:
    """A formula that was known before the run, which may be handed out where breeding brings nothing.

    Attributes:
        name: what it is called.
        formula: the formula.
    """

    name: str
    formula: Formula


@dataclass(frozen=True)
class CrossValidation:
    """What cross-validated breeding says.

    Attributes:
        formula: the formula that is handed out.
        numbers: what its row of the comparison is called.
        rows: by what they are, formulas with their numbers: ``chosen`` and ``fitted`` by breeding, the best single
            ``proxy``, and others by name.
        sizes: how formulas of each size hold on spaces that they have not seen.
        limit: the size that was chosen.
        fronts: by space left out, the formulas that were bred without it.
        verdict: in plain words, what breeding brought.
    """

    formula: Formula
    numbers: str
    rows: Mapping[str, Transfer]
    sizes: tuple[Size, ...]
    limit: int
    fronts: Mapping[str, tuple[Unseen, ...]]
    verdict: str

    @property
    def handed_out(self) -> Transfer:
        """The numbers of what is handed out."""
        return self.rows[self.numbers]

    def summary(self) -> dict[str, Any]:
        """What the result of a run has of it."""
        return {
            "expression": str(self.formula),
            "complexity": self.formula.size,
            "numbers": self.numbers,
            "limit": self.limit,
            "verdict": self.verdict,
            "rows": {what: row.to_json() for what, row in self.rows.items()},
        }

    def to_json(self) -> dict[str, Any]:
        """What a hall of fame keeps of it: also the formulas of the folds."""
        return self.summary() | {
            "sizes": [{"complexity": size.limit, "left_out": size.taus} for size in self.sizes],
            "folds": {
                space: [
                    {
                        "expression": str(each.formula),
                        "complexity": each.formula.size,
                        "objective": each.objective if np.isfinite(each.objective) else None,
                        "left_out": dict(each.taus),
                    }
                    for each in front
                ]
                for space, front in self.fronts.items()
            },
        }


def cross_validated(
    best: Individual,
    front: Sequence[Individual],
    fronts: Mapping[str, tuple[Unseen, ...]],
    folds: Sequence[Fold],
    fitting: Suite,
    validation: Suite | None,
    *,
    choose: str = "transfer",
    known: Sequence[Known] = (),
    samples: int = SAMPLES,
) -> CrossValidation:
    """Chooses the formula to hand out, and compares it.

    Args:
        best: the best formula on what the run was bred on.
        front: the best formula of each size on that, the simplest first.
        fronts: by space left out, the judged front of its fold.
        folds: the folds.
        fitting: what the run was bred on.
        validation: the networks that were held out; None if none were.
        choose: ``transfer`` or ``fitted``.
        known: formulas that were known before, and may be handed out.
        samples: number of bootstrap samples.
    """
    sizes = sizes_of(fronts)
    unseen = {fold.space: fold.unseen for fold in folds}

    def row(formula: Formula, left_out: Judged, name: str | None = None) -> Transfer:
        return transfer_of(formula, fitting, validation, left_out, samples, name)

    def bred(formula: Formula, size: Size) -> Transfer:
        return row(formula, [(size.formulas[space], suite) for space, suite in unseen.items()])

    def given(formula: Formula, name: str | None = None) -> Transfer:
        return row(formula, [(formula, suite) for suite in unseen.values()], name)

    proxy = best_proxy(fitting)
    rivals = {
        "proxy": row(proxy, [(best_proxy(fold.fitting), fold.unseen) for fold in folds]),
        **{each.name: given(each.formula, each.name) for each in known if _has(fitting, each.formula)},
    }
    rival_formulas = {"proxy": proxy, **{each.name: each.formula for each in known}}
    rival = max(rivals, key=lambda what: rivals[what].mean("left_out") or 0.0)
    to_beat = rivals[rival].mean("left_out") or 0.0
    size = chosen_size([size for size in sizes if size.mean >= to_beat] or sizes)
    chosen = Formula.trusted([each for each in front if len(each.tokens) <= size.limit][-1].tokens)
    fitted = Formula.trusted(best.tokens)
    rows = {
        "chosen": bred(chosen, size),
        "fitted": bred(fitted, sizes[-1]),
        **rivals,
        **{text: given(formula) for text, formula in _references(fitting).items()},
    }
    if choose == "fitted":
        formula, numbers = fitted, "fitted"
    elif size.mean >= to_beat:
        formula, numbers = chosen, "chosen"
    else:
        formula, numbers = rival_formulas[rival], rival
    verdict = _verdict(rows, rival, size)
    return CrossValidation(formula, numbers, rows, sizes, size.limit, fronts, verdict)


def best_proxy(suite: Suite) -> Formula:
    """The proxy, or its negation, with the highest mean Kendall's tau on a suite."""
    means = {
        proxy: float(np.mean([*taus_of(Formula((proxy,)), suite).values()]))
        for proxy in filter(is_proxy_name, suite.common_proxies)
    }
    best = max(means, key=lambda proxy: abs(means[proxy]))
    return Formula((best,)) if means[best] >= 0 else Formula(("neg", best))


def _has(suite: Suite, formula: Formula) -> bool:
    return set(formula.proxies) <= set(suite.common_proxies)


def _references(suite: Suite) -> dict[str, Formula]:
    formulas = {text: Formula.parse(text) for text in REFERENCES}
    return {text: formula for text, formula in formulas.items() if _has(suite, formula)}


def _verdict(rows: Mapping[str, Transfer], rival: str, size: Size) -> str:
    """What breeding brought for search spaces that were left out."""
    other = rows[rival]
    tau = other.mean("left_out") or 0.0
    what = f"the best single proxy, {other.name}," if rival == "proxy" else other.name
    beside = f"{size.mean:.3f} beside {tau:.3f} of {what} chosen on the other spaces"
    if size.mean < tau:
        return (
            f"breeding brought nothing for search spaces that were left out: there, formulas that were bred have a "
            f"mean tau of {beside}"
        )
    nodes = f"at most {size.limit} nodes" if size.limit > 1 else "1 node"
    return f"on search spaces that were left out, formulas of {nodes} have a mean tau of {beside}"
