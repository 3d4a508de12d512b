"""Does the formula only count parameters? Its agreement with sizes, within bands of them, and with every proxy."""

import math

import numpy as np

from rayzc.evolution.assessment import kendall
from rayzc.formula import Formula
from rayzc.problems import Suite
from rayzc.report.content import Estimate, Section, Words
from rayzc.report.figures import Bar, Bars, Heatmap
from rayzc.report.measures import agreement, banded, formula_values

__all__ = ["agreement_section", "sizes_section"]

SIZES = ("params", "flops")
_BANDS = 5


def sizes_section(formula: Formula, suite: Suite) -> Section | None:
    """The correlation of a formula with params and flops, and tau within bands of one of them.

    Args:
        formula: the formula.
        suite: the problems, with as many networks as there are: bands are small.

    Returns:
        The section; None where the suite has neither.
    """
    sizes = [name for name in SIZES if name in suite.common_proxies]
    if not sizes:
        return None
    rows = []
    for problem in suite.problems:
        values = formula_values(formula, problem)
        cells = [Estimate(kendall(values, problem.column(name))) for name in sizes]
        rows.append((*cells, Estimate(kendall(values, problem.accuracy))))
    means = tuple(Estimate(float(np.mean([row[k].value for row in rows]))) for k in range(len(sizes) + 1))
    heat = Heatmap(
        "sizes",
        "Kendall's tau of the formula with sizes, and with accuracy",
        f"Mean tau with {' and '.join(f'{n} {m.value:.2f}' for n, m in zip(sizes, means, strict=False))}, with "
        f"accuracy {means[-1].value:.2f}.",
        "problem",
        (*suite.names, "mean"),
        (*sizes, "accuracy"),
        (*rows, means),
        strong_rows=(len(rows),),
        strong_columns=(len(sizes),),
    )
    by = "flops" if "flops" in sizes else sizes[-1]
    within = np.array(
        [
            banded(formula_values(formula, problem), problem.column(by), problem.accuracy, _BANDS)
            for problem in suite.problems
        ]
    )
    bars = []
    for band in range(_BANDS):
        label = f"{band * 100 // _BANDS} to {(band + 1) * 100 // _BANDS} %"
        for place, name in enumerate(("this formula", by)):
            mean = (
                float(np.nanmean(within[:, band, place]))
                if np.isfinite(within[:, band, place]).any()
                else math.nan
            )
            if math.isfinite(mean):
                bars.append(Bar(label, Estimate(mean), name))
    own = [bar.size.value for bar in bars if bar.group == "this formula"]
    inside = float(np.mean(own)) if own else 0.0
    verdict = (
        f"Among networks of about the same {by}, its mean tau is {inside:.2f}, over all of them "
        f"{means[-1].value:.2f}: "
    )
    verdict += (
        "it tells networks of one size apart, too."
        if inside > 0.5 * means[-1].value
        else "most of what it knows is their size."
    )
    figure = Bars(
        "bands",
        f"Mean tau within fifths of the networks by {by}, the smallest first",
        verdict,
        f"fifth by {by}",
        "mean Kendall's tau",
        tuple(bars),
    )
    return Section("sizes", "Does it only count parameters?", (Words(verdict), heat, figure))


def agreement_section(formula: Formula, suite: Suite, names: tuple[str, ...]) -> Section:
    """The matrix of Kendall's tau between the formula and the proxies.

    Args:
        formula: the formula.
        suite: the problems.
        names: the proxies.
    """
    matrix = agreement(names, suite, formula)
    rows = ("this formula", *names)
    cells = tuple(
        tuple(None if row == column else Estimate(value) for column, value in enumerate(values))
        for row, values in enumerate(matrix)
    )
    nearest = max(names, key=lambda name: abs(matrix[0][names.index(name) + 1]))
    figure = Heatmap(
        "agreement",
        "Kendall's tau between the formula and every proxy, mean over the problems",
        f"The formula agrees most with {nearest}, tau {matrix[0][names.index(nearest) + 1]:.2f}.",
        "",
        rows,
        rows,
        cells,
        strong_rows=(0,),
        strong_columns=(0,),
    )
    return Section(
        "agreement",
        "How the proxies agree",
        (
            Words(
                "Proxies that rank alike are dark blue, those that rank in opposite order dark orange; where one says "
                "what another says already, a formula gains little by it."
            ),
            figure,
        ),
    )
