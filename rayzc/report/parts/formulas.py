"""The formula: typeset, in words, and what each of its terms and proxies is worth."""

import numpy as np

from rayzc.evolution.assessment import kendall
from rayzc.formula import Formula
from rayzc.problems import Suite
from rayzc.report.content import Block, Column, Estimate, Mathematics, Section, Table, Words
from rayzc.report.figures import Bar, Bars
from rayzc.report.mathml import to_mathml
from rayzc.report.measures import Taus, formula_values, taus, without_proxy
from rayzc.report.terms import Terms, terms
from rayzc.report.words import in_words, measured_by

__all__ = ["formula_section", "typeset", "worth_section"]

_DIGITS = 4
_FEW = 0.02
_SIGNS = " What is left without a factor counts with the sign that ranks better."
_STEP = 1e-3
"""How much a proxy is moved to see what the score does, in standard deviations."""


def typeset(formula: Formula) -> Mathematics:
    """A formula, ready to be shown in any format."""
    return Mathematics(to_mathml(formula, _DIGITS), str(formula), formula.to_latex(digits=_DIGITS))


def formula_section(formula: Formula, judged: Suite | None) -> Section:
    """The formula, and what each of its terms does.

    Args:
        formula: the formula.
        judged: the networks to judge terms on; None for words alone.
    """
    apart = terms(formula)
    rows = []
    for place, term in enumerate(apart.terms):
        name = in_words(term.tokens)
        verb = {"+": "subtracted: ", "*": "divided by: "}.get(apart.operation, "") if term.turned else ""
        row: list[str | Estimate | float | None] = [f"{place + 1}", verb + name]
        if judged is not None:
            row += [_effect(apart, place, judged), _alone(formula, term.whole, judged)]
        rows.append(tuple(row))
    columns = [Column(apart.kind), Column("in words")]
    if judged is not None:
        columns += [Column("what it does"), Column("tau by itself", ".3f")]
    proxies = tuple((proxy, measured_by(proxy)) for proxy in formula.proxies)
    blocks: tuple[Block, ...] = (
        typeset(formula),
        Words(f"In words: {in_words(formula.tokens)}. A larger value means a better network."),
        Table("terms", f"What each {apart.kind} does", tuple(columns), tuple(rows)),
        Table("proxies", "What its proxies measure", (Column("proxy"), Column("it measures")), proxies),
    )
    return Section("formula", "The formula", blocks)


def worth_section(formula: Formula, judged: Suite, whole: Taus, on: str) -> Section:
    """What tau loses without each term and each proxy.

    Args:
        formula: the formula.
        judged: the networks to judge on.
        whole: how the whole formula ranks them.
        on: what the networks are, in words.
    """
    apart = terms(formula)
    bars: list[Bar] = []
    labels = {}
    for place, term in enumerate(apart.terms):
        rest = apart.without(place)
        if rest is None:
            continue
        labels[place] = _short(str(Formula.trusted(term.tokens)))
        values = {
            problem.name: formula_values(rest, problem) if rest.proxies else np.zeros(len(problem))
            for problem in judged.problems
        }
        label = f"{apart.kind} {place + 1}: {labels[place]}"
        left = taus(values, judged, 0).mean.value
        # Without a factor that is negative for most networks, all that is left ranks the other way round.
        left = abs(left) if apart.operation == "*" else left
        bars.append(Bar(label, Estimate(whole.mean.value - left), f"without the {apart.kind}"))
    for proxy in formula.proxies:
        values = {problem.name: without_proxy(formula, proxy, problem) for problem in judged.problems}
        left = taus(values, judged, 0).mean.value
        bars.append(Bar(proxy, Estimate(whole.mean.value - left), "without the proxy"))
    ordered = tuple(sorted(bars, key=lambda bar: (bar.group != f"without the {apart.kind}", -bar.size.value)))
    worst = max(ordered, key=lambda bar: bar.size.value)
    figure = Bars(
        "worth",
        "What mean tau loses",
        f"The most is lost without {worst.label}: {worst.size.value:.3f} of {whole.mean.value:.3f}.",
        "left out",
        "loss of mean tau",
        ordered,
    )
    return Section(
        "worth",
        "What each part is worth",
        (
            Words(
                f"A {apart.kind} is taken out of the formula; a proxy is replaced by its median on each problem. The "
                f"longer the bar, the more the ranking of {on} suffers; below zero, it is better without."
                f"{_SIGNS if apart.operation == '*' else ''}"
            ),
            figure,
        ),
    )


def _alone(formula: Formula, term: Formula, judged: Suite) -> float | None:
    """Tau of a term by itself, of the sign with which it enters the formula."""
    if not term.proxies:
        return None
    values = {problem.name: formula_values(term, problem) for problem in judged.problems}
    together = [kendall(formula_values(formula, p), values[p.name]) for p in judged.problems]
    sign = -1 if np.mean(together) < 0 else 1
    return sign * taus(values, judged, 0).mean.value


def _effect(apart: Terms, place: int, judged: Suite) -> str:
    """What the score does when each proxy of a term is a little larger there, over all networks."""
    term = apart.terms[place].whole
    if not term.proxies:
        return "is constant"
    parts = []
    other = "moved"
    while any(other in problem.proxies for problem in judged.problems):
        other += "_"
    for proxy in term.proxies:
        moved = apart.renamed(place, {proxy: other})
        up, down = 0, 0
        for problem in judged.problems:
            columns = {name: problem.column(name) for name in problem.proxies}
            known = columns[proxy][np.isfinite(columns[proxy])]  # log_paths is -inf where there are none
            scale = (float(known.std()) if known.size else 0.0) or 1.0
            with np.errstate(all="ignore"):
                before = moved.evaluate({**columns, other: columns[proxy]})
                after = moved.evaluate({**columns, other: columns[proxy] + _STEP * scale})
            up += int((after > before).sum())
            down += int((after < before).sum())
        share = up / (up + down) if up + down else 0.5
        parts.append(f"a larger {proxy} {_said(share)}")
    return "; ".join(parts)


def _said(share: float) -> str:
    """A share of networks whose score rises, in words."""
    if share >= 1 - _FEW:
        return "raises the score"
    if share <= _FEW:
        return "lowers the score"
    return f"raises the score of {share:.0%} of networks and lowers it of the others"


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
