"""The formula: typeset, in words, and what each of its terms and proxies is worth."""

import numpy as np

from rayzc.evolution.assessment import kendall
from rayzc.formula import Formula
from rayzc.problems import Suite
from rayzc.report.content import Block, Column, Estimate, Mathematics, Section, Table, Words
from rayzc.report.figures import Bar, Bars
from rayzc.report.mathml import to_mathml
from rayzc.report.measures import Taus, formula_values, taus, without_proxy
from rayzc.report.terms import terms
from rayzc.report.words import in_words, measured_by

__all__ = ["formula_section", "typeset", "worth_section"]

_DIGITS = 4
_CLEAR = 0.1


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
            row += [_direction(term.whole, judged), _alone(term.whole, judged, term.turned)]
        rows.append(tuple(row))
    columns = [Column(apart.kind), Column("in words")]
    if judged is not None:
        columns += [Column("its value"), Column("tau by itself", ".3f")]
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
        bars.append(Bar(label, _lost(whole, taus(values, judged, 0)), f"without the {apart.kind}"))
    for proxy in formula.proxies:
        values = {problem.name: without_proxy(formula, proxy, problem) for problem in judged.problems}
        bars.append(Bar(proxy, _lost(whole, taus(values, judged, 0)), "without the proxy"))
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
            ),
            figure,
        ),
    )


def _lost(whole: Taus, rest: Taus) -> Estimate:
    return Estimate(whole.mean.value - rest.mean.value)


def _alone(term: Formula, judged: Suite, turned: bool) -> float | None:
    """Tau of a term by itself, in the direction in which it counts."""
    if not term.proxies:
        return None
    values = {problem.name: formula_values(term, problem) for problem in judged.problems}
    return taus(values, judged, 0).mean.value * (-1 if turned else 1)


def _direction(term: Formula, judged: Suite) -> str:
    """Whether the values of a term grow or fall with each of its proxies."""
    if not term.proxies:
        return "is constant"
    grows: list[str] = []
    falls: list[str] = []
    mixed: list[str] = []
    for proxy in term.proxies:
        tau = float(
            np.mean(
                [kendall(formula_values(term, problem), problem.column(proxy)) for problem in judged.problems]
            )
        )
        (grows if tau > _CLEAR else falls if tau < -_CLEAR else mixed).append(proxy)
    parts = [
        f"{verb} {', '.join(names)}"
        for verb, names in (("grows with", grows), ("falls with", falls), ("depends little on", mixed))
        if names
    ]
    return "; ".join(parts)


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
