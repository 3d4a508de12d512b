"""How a formula ranks: beside every proxy, fitted beside held out, and architecture by architecture."""

from collections.abc import Mapping

import numpy as np

from rayzc.formula import Formula, is_proxy_name
from rayzc.problems import Problem, Suite
from rayzc.report.content import Estimate, Panels, Section, Words
from rayzc.report.figures import Bar, Bars, Heatmap, Point, Scatter
from rayzc.report.measures import Taus, formula_values, ranks, taus
from rayzc.report.texts import file_name

__all__ = ["FORMULA", "fit_section", "proxy_taus", "ranks_section", "taus_section"]

FORMULA = "this formula"
_MOST_POINTS = 1000


def proxy_taus(suite: Suite, samples: int) -> dict[str, Taus]:
    """How every single proxy ranks, the best first; the sign of each is the one that its mean tau asks for.

    Args:
        suite: the problems.
        samples: number of bootstrap samples.
    """
    found = {}
    for proxy in filter(is_proxy_name, suite.common_proxies):
        for sign, name in ((1, proxy), (-1, f"−{proxy}")):
            formula = Formula((proxy,) if sign > 0 else ("neg", proxy))
            values = {problem.name: formula_values(formula, problem) for problem in suite.problems}
            if taus(values, suite, 0).mean.value >= 0:
                found[name] = taus(values, suite, samples)
                break
    return dict(sorted(found.items(), key=lambda each: -each[1].mean.value))


def taus_section(own: Taus, proxies: Mapping[str, Taus], on: str) -> Section:
    """The heat map of tau by problem, the formula's beside every proxy's."""
    problems = tuple(own.by_problem)
    columns = (FORMULA, *proxies)
    every = (own, *proxies.values())
    cells = tuple(tuple(each.by_problem[name] for each in every) for name in problems)
    means = tuple(each.mean for each in every)
    framed = set()
    for row, values in enumerate((*cells, means)):
        best = max(range(len(values)), key=lambda column: values[column].value)
        framed.add((row, best))
    first = next(iter(proxies), None)
    won = sum(1 for row, column in framed if column == 0 and row < len(problems))
    summary = f"The formula ranks best on {won} of {len(problems)} problems"
    if first is not None:
        summary += (
            f"; its mean tau is {own.mean.value:.3f}, that of {first}, the best single proxy, "
            f"{proxies[first].mean.value:.3f}"
        )
    figure = Heatmap(
        "taus",
        "Kendall's tau by problem",
        f"{summary}.",
        "problem",
        (*problems, "mean"),
        columns,
        (*cells, means),
        strong_rows=(len(problems),),
        strong_columns=(0,),
        framed=frozenset(framed),
    )
    return Section(
        "taus",
        "Tau by problem, beside every proxy",
        (
            Words(
                f"On {on}. A frame marks the best of each row. Below each number is half of its 95 % bootstrap "
                "interval over networks. A minus before a proxy means that smaller scores are better."
            ),
            figure,
        ),
    )


def fit_section(
    fitted: Mapping[str, float],
    held_out: Mapping[str, float] | None,
    left_out: Mapping[str, float] | None,
) -> Section:
    """Fitted beside held out, and beside what was bred without the problem's search space.

    Args:
        fitted: tau by problem, on the networks that the formula was bred on.
        held_out: on those that were held out.
        left_out: of formulas that were bred without the problem's search space.
    """
    groups = [("held out", held_out), ("fitted", fitted), ("space left out", left_out)]
    known = [(name, taus_) for name, taus_ in groups if taus_]
    bars = tuple(
        Bar(problem, Estimate(values[problem]), name)
        for problem in fitted
        for name, values in known
        if problem in values
    )
    means = {name: sum(values.values()) / len(values) for name, values in known}
    mean_bars = tuple(Bar("mean", Estimate(mean), name) for name, mean in means.items())
    said = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    figure = Bars(
        "fit",
        "Kendall's tau by problem and by what was known to the breeding",
        f"Mean tau: {said}.",
        "problem",
        "Kendall's tau",
        (*mean_bars, *bars),
    )
    words = [
        "Fitted: on the networks that the formula was bred on.",
        "Held out: on other networks of the same search spaces." if held_out else "",
        "Space left out: of a formula that was bred without the problem's search space." if left_out else "",
    ]
    text = " ".join(filter(None, words))
    if not held_out:
        text += " No networks were held out (--holdout), so nothing here says how well it holds on others."
    return Section("fit", "Does it hold on what it has not seen?", (Words(text), figure))


def ranks_section(formula: Formula, fitting: Suite, validation: Suite | None) -> Section:
    """Predicted against true rank of every architecture, a panel for each problem."""
    panels = []
    for problem in fitting.problems:
        other = validation.problem(problem.name) if validation is not None else None
        panels.append((problem.name, _scatter(formula, problem, other)))
    words = (
        "Each point is an architecture; on the dashed line, the formula ranks it as its accuracy does. The best are in "
        "the upper right corner. Point at one for its encoding."
    )
    if validation is not None:
        words += " Ranks are among all networks of the problem, and those that were held out stand out."
    return Section("ranks", "Predicted and true ranks", (Words(words), Panels("problem", tuple(panels))))


def _scatter(formula: Formula, problem: Problem, other: Problem | None) -> Scatter:
    parts = [problem] if other is None else [problem, other]
    values = np.concatenate([formula_values(formula, part) for part in parts])
    accuracy = np.concatenate([part.accuracy for part in parts])
    encodings = [text for part in parts for text in part.architectures]
    lit = np.concatenate([np.full(len(part), place == len(parts) - 1) for place, part in enumerate(parts)])
    predicted, true = ranks(values), ranks(accuracy)
    points = sorted(
        (
            Point(int(x), int(y), text, float(value), bool(own))
            for x, y, text, value, own in zip(predicted, true, encodings, accuracy, lit, strict=True)
        ),
        key=lambda point: point.x,
    )
    whole = len(points)
    best = points[0]
    summary = (
        f"Of {whole:,} architectures, the one that is predicted to be the best has the true rank {best.y:,}."
    )
    if whole > _MOST_POINTS:
        chosen = np.linspace(0, whole - 1, _MOST_POINTS).astype(int)
        points = [points[place] for place in chosen]
        summary += f" Of them {_MOST_POINTS:,} are shown, evenly spaced by predicted rank."
    names = ("all networks", "") if other is None else ("held out", "fitted")
    return Scatter(
        f"ranks-{file_name(problem.name)}", problem.name, summary, tuple(points), names[0], names[1]
    )
