"""Which formula a run hands out: by what cross-validation says of search spaces that formulas have not seen.

The numbers of the chosen formula stand beside those of the formula that fits best, of the best single proxy, chosen on
the other spaces by the same cross-validation, and of formulas that were known before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from rayzc.evolution.committee import COMMITTEES, committee_of, members_of
from rayzc.evolution.folds import Fold, Size, Unseen, chosen_size, sizes_of
from rayzc.evolution.individual import Individual
from rayzc.evolution.transfer import Judged, Transfer, taus_of, transfer_of
from rayzc.formula import Formula, is_proxy_name
from rayzc.problems import Suite

__all__ = ["KNOWN", "REFERENCES", "CrossValidation", "Known", "cross_validated"]

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


KNOWN: tuple[Known, ...] = ()
"""The formulas that come with rayzc."""


@dataclass(frozen=True)
class CrossValidation:
    """What cross-validated breeding says.

    Attributes:
        formula: the formula that is handed out.
        numbers: what its row of the comparison is called.
        rows: by what they are, formulas with their numbers: ``chosen`` and ``fitted`` by breeding, a ``committee``
            and a ``large committee`` that were bred, the best single ``proxy``, and others by name.
        sizes: how formulas of each size hold on spaces that they have not seen.
        limit: the size that was chosen.
        folds: by space left out, the best formulas that were bred without it.
        verdict: in plain words, what breeding brought.
    """

    formula: Formula
    numbers: str
    rows: Mapping[str, Transfer]
    sizes: tuple[Size, ...]
    limit: int
    folds: Mapping[str, tuple[Unseen, ...]]
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
                    for each in own
                ]
                for space, own in self.folds.items()
            },
        }


def cross_validated(
    best: Individual,
    front: Sequence[Individual],
    unseen: Mapping[str, tuple[Unseen, ...]],
    folds: Sequence[Fold],
    fitting: Suite,
    validation: Suite | None,
    *,
    choose: str = "transfer",
    known: Sequence[Known] = KNOWN,
    samples: int = SAMPLES,
) -> CrossValidation:
    """Chooses the formula to hand out, and compares it.

    Args:
        best: the best formula on what the run was bred on.
        front: the best formula of each size on that, the simplest first.
        unseen: by space left out, the formulas of its fold, judged on it, the best first.
        folds: the folds.
        fitting: what the run was bred on.
        validation: the networks that were held out; None if none were.
        choose: ``transfer`` or ``fitted``.
        known: formulas that were known before, and may be handed out.
        samples: number of bootstrap samples.
    """
    sizes = sizes_of(unseen)
    suites = {fold.space: fold.unseen for fold in folds}

    def row(formula: Formula, left_out: Judged, name: str | None = None) -> Transfer:
        return transfer_of(formula, fitting, validation, left_out, samples, name)

    def bred(formula: Formula, size: Size) -> Transfer:
        return row(formula, [(size.formulas[space], suite) for space, suite in suites.items()])

    def given(formula: Formula, name: str | None = None) -> Transfer:
        return row(formula, [((formula,), suite) for suite in suites.values()], name)

    proxy = best_proxy(fitting)
    rivals = {
        "proxy": row(proxy, [((best_proxy(fold.fitting),), fold.unseen) for fold in folds]),
        **{each.name: given(each.formula, each.name) for each in known if _has(fitting, each.formula)},
    }
    rival = max(rivals, key=lambda what: rivals[what].mean("left_out") or 0.0)
    to_beat = rivals[rival].mean("left_out") or 0.0
    size = chosen_size([size for size in sizes if size.mean >= to_beat] or sizes)
    formulas = {
        "chosen": _of_front(front, size.limit) or Formula.trusted(front[0].tokens),
        "fitted": Formula.trusted(best.tokens),
        "proxy": proxy,
        **{each.name: each.formula for each in known},
    }
    rows = {
        "chosen": bred(formulas["chosen"], size),
        "fitted": row(formulas["fitted"], [(_best(unseen[space]), suite) for space, suite in suites.items()]),
    }
    for name, limits in COMMITTEES.items():
        members = members_of(limits, partial(_of_front, front))
        if len(members) > 1:
            formulas[name] = committee_of(members, fitting)
            rows[name] = row(
                formulas[name],
                [((_committee(limits, unseen[fold.space], fold.fitting),), fold.unseen) for fold in folds],
            )
    rows |= rivals
    rows |= {text: given(formula) for text, formula in _references(fitting).items()}
    numbers = "fitted" if choose == "fitted" else _handed_out(rows, rival)
    verdict = _verdict(rows, formulas[numbers], numbers, rival)
    return CrossValidation(formulas[numbers], numbers, rows, sizes, size.limit, unseen, verdict)


def _handed_out(rows: Mapping[str, Transfer], rival: str) -> str:
    """What holds best on spaces left out: a simpler formula, unless a less simple one is better."""
    found = rival
    for what in ("chosen", *COMMITTEES):
        own, other = (rows[each].mean("left_out") if each in rows else None for each in (what, found))
        if own is not None and other is not None and (own > other or (what == "chosen" and own == other)):
            found = what
    return found


def _of_front(front: Sequence[Individual], limit: int) -> Formula | None:
    """The best formula of a front of at most some size."""
    small = [each for each in front if len(each.tokens) <= limit]
    return Formula.trusted(small[-1].tokens) if small else None


def _committee(limits: tuple[int, ...], formulas: Sequence[Unseen], fitting: Suite) -> Formula:
    """The committee of a fold, made as that of the run is."""
    members = members_of(
        limits, lambda limit: next((each.formula for each in formulas if each.formula.size <= limit), None)
    )
    return committee_of(members, fitting) if len(members) > 1 else formulas[0].formula


def best_proxy(suite: Suite) -> Formula:
    """The proxy, or its negation, with the highest mean Kendall's tau on a suite."""
    means = {
        proxy: float(np.mean([*taus_of(Formula((proxy,)), suite).values()]))
        for proxy in filter(is_proxy_name, suite.common_proxies)
    }
    best = max(means, key=lambda proxy: abs(means[proxy]))
    return Formula((best,)) if means[best] >= 0 else Formula(("neg", best))


def _best(formulas: Sequence[Unseen]) -> tuple[Formula, ...]:
    """The formula of a fold that fits best."""
    return (formulas[0].formula,)


def _has(suite: Suite, formula: Formula) -> bool:
    return set(formula.proxies) <= set(suite.common_proxies)


def _references(suite: Suite) -> dict[str, Formula]:
    formulas = {text: Formula.parse(text) for text in REFERENCES}
    return {text: formula for text, formula in formulas.items() if _has(suite, formula)}


def _verdict(rows: Mapping[str, Transfer], formula: Formula, numbers: str, rival: str) -> str:
    """What breeding brought for search spaces that were left out."""
    own, other = rows[numbers].mean("left_out") or 0.0, rows[rival].mean("left_out") or 0.0
    what = f"the best single proxy, {rows[rival].name}" if rival == "proxy" else rows[rival].name
    beside = f"and {what}, chosen on the other spaces, {other:.3f}"
    bred = {each: rows[each].mean("left_out") or 0.0 for each in (*COMMITTEES, "fitted") if each in rows}
    if numbers == rival:
        return (
            "breeding brought nothing for search spaces that were left out: there, the best of what is bred has a mean "
            f"tau of {max([*bred.values(), rows['chosen'].mean('left_out') or 0.0]):.3f}, {beside}"
        )
    if len(formula.tokens) <= 2:
        return (
            f"breeding brought nothing for search spaces that were left out: there, larger formulas have a mean tau of "
            f"{max(bred.values()):.3f}, and single proxies that tie few networks, such as {formula}, {own:.3f}"
        )
    if own < other:
        return f"breeding brought nothing for search spaces that were left out: a mean tau of {own:.3f}, {beside}"
    return f"on search spaces that were left out, the formula has a mean tau of {own:.3f}, {beside}"
