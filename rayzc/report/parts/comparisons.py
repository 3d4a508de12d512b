"""Several runs side by side: their formulas, their numbers by problem, and the options in which they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rayzc.report.content import Column, Estimate, Section, Table, Words
from rayzc.report.figures import Bar, Bars, Heatmap
from rayzc.report.parts.about import flat

__all__ = ["Compared", "compared_sections"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A run, as it is compared with others.

    Attributes:
        name: its name, other than those of the others.
        kind: what kind of run it is.
        formula: its formula; None where it has none.
        facts: its numbers, by name.
        taus: Kendall's tau by problem; empty where it has none.
        judged_on: what these were computed on.
        tops: where the found architectures are, in percent, by problem; empty where nobody knows.
        config: its configuration.
    """

    name: str
    kind: str
    formula: str | None
    facts: Mapping[str, str]
    taus: Mapping[str, Estimate]
    judged_on: str
    tops: Mapping[str, float]
    config: Mapping[str, Any]


def compared_sections(runs: Sequence[Compared]) -> list[Section]:
    """The sections of a comparison.

    Args:
        runs: two runs or more.
    """
    sections = [_overview(runs)]
    judged = [each for each in runs if each.taus]
    if len(judged) > 1:
        sections.append(_taus(judged))
    found = [each for each in runs if each.tops]
    if len(found) > 1:
        sections.append(_tops(found))
    return [*sections, _differences(runs)]


def _overview(runs: Sequence[Compared]) -> Section:
    names = tuple(dict.fromkeys(name for each in runs for name in each.facts))
    columns = (
        Column("run"),
        Column("kind"),
        *(Column(name) for name in names),
        Column("formula", code=True),
    )
    rows = tuple(
        (each.name, each.kind, *(each.facts.get(name) for name in names), each.formula) for each in runs
    )
    return Section("overview", "The runs", (Table("runs", "The runs", columns, rows),))


def _taus(runs: Sequence[Compared]) -> Section:
    problems = tuple(dict.fromkeys(name for each in runs for name in each.taus))
    cells = [tuple(each.taus.get(name) for each in runs) for name in problems]
    common = [name for name in problems if all(name in each.taus for each in runs)]
    rows, summary = list(problems), "No problem is in all of these runs."
    if common:
        means = tuple(Estimate(sum(each.taus[name].value for name in common) / len(common)) for each in runs)
        cells.append(means)
        same = len(common) == len(problems)
        rows.append("mean" if same else "mean of the problems that all runs have")
        best = max(range(len(runs)), key=lambda place: means[place].value)
        summary = f"The highest mean tau is that of {runs[best].name}, {means[best].value:.3f}."
    framed = set()
    for row, line in enumerate(cells):
        values = [-2.0 if cell is None else cell.value for cell in line]
        framed.add((row, values.index(max(values))))
    figure = Heatmap(
        "compared-taus",
        "Kendall's tau by problem and run",
        summary,
        "problem",
        tuple(rows),
        tuple(each.name for each in runs),
        tuple(cells),
        strong_rows=(len(problems),),
        framed=frozenset(framed),
    )
    on = ", ".join(f"{each.name} on {each.judged_on}" for each in runs)
    return Section(
        "compared-taus", "Tau by problem", (Words(f"{on}. A frame marks the best of each row."), figure)
    )


def _tops(runs: Sequence[Compared]) -> Section:
    problems = tuple(dict.fromkeys(name for each in runs for name in each.tops))
    bars = tuple(
        Bar(name, Estimate(each.tops[name]), each.name)
        for name in problems
        for each in runs
        if name in each.tops
    )
    means = {each.name: sum(each.tops.values()) / len(each.tops) for each in runs}
    best = min(means, key=means.__getitem__)
    figure = Bars(
        "compared-tops",
        "Where the found architectures are among the candidates",
        f"The lowest mean is that of {best}, the best {means[best]:.1f} %.",
        "problem",
        "among the best x % (shorter is better)",
        bars,
    )
    return Section("compared-tops", "What was found", (figure,))


def _differences(runs: Sequence[Compared]) -> Section:
    options = [dict(flat(each.config)) for each in runs]
    names = tuple(dict.fromkeys(name for each in options for name in each))
    rows = tuple(
        (name, *(each.get(name) for each in options))
        for name in names
        if len({each.get(name) for each in options}) > 1
    )
    columns = (Column("option"), *(Column(each.name, code=True) for each in runs))
    table = Table("differences", "Options in which they differ", columns, rows)
    same = Words("All options are the same.") if not rows else None
    return Section("differences", "How they were asked", (same,) if same else (table,))
