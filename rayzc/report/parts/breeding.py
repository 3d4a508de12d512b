"""How the formula was bred: the front of all complexities, the progress of the islands, the hall of fame."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rayzc.errors import FormulaError
from rayzc.formula import Formula
from rayzc.problems import Suite
from rayzc.report.content import Column, Estimate, Section, Table, Words
from rayzc.report.figures import Front, FrontPoint, Lines, Series
from rayzc.report.measures import formula_values, taus
from rayzc.report.parts.formulas import typeset
from rayzc.report.records import Bred

__all__ = ["front_section", "hall_section", "islands_section"]

_MOST_ISLANDS = 8


def front_section(bred: Bred) -> Section:
    """The best formula of each complexity, fitted and held out."""
    points = []
    for entry in bred.hall.get("front", ()):
        formula = Formula.parse(entry["expression"])
        fitted = float(np.mean([*entry["correlations"].values()]))
        points.append(
            FrontPoint(int(entry["complexity"]), fitted, _mean(formula, bred.validation), typeset(formula))
        )
    last = points[-1]
    summary = f"From {points[0].complexity} to {last.complexity} nodes, mean tau grows from "
    summary += f"{points[0].fitted:.3f} to {last.fitted:.3f} on the fitted networks"
    if points[0].held_out is not None and last.held_out is not None:
        summary += f", and from {points[0].held_out:.3f} to {last.held_out:.3f} on those held out"
    figure = Front("front", "The best formula of each complexity", f"{summary}.", tuple(points))
    return Section(
        "front",
        "Short formulas and long ones",
        (
            Words(
                "Each step is the best formula of that many nodes. Choose a point, or a row below, to see its formula. "
                "Where the curves part, longer formulas only learn the networks that they were bred on by heart."
            ),
            figure,
        ),
    )


def hall_section(bred: Bred) -> Section:
    """The best formulas, no two ranking alike."""
    rows = tuple(
        (
            place,
            int(entry["complexity"]),
            float(np.mean([*entry["correlations"].values()])),
            _mean(Formula.parse(entry["expression"]), bred.validation),
            entry["expression"],
        )
        for place, entry in enumerate(bred.hall.get("best", ()), start=1)
    )
    columns = (
        Column("place", "d"),
        Column("nodes", ",d"),
        Column("fitted", ".3f"),
        Column("held out", ".3f"),
        Column("formula", code=True),
    )
    return Section(
        "hall", "Hall of fame", (Table("hall", "The best formulas of all islands", columns, rows),)
    )


def islands_section(bred: Bred) -> Section:
    """The best of every island over the epochs, and when formulas migrated."""
    events = [event for event in bred.events if event.get("event") == "checkpoint"]
    # After a resume, epochs may be there twice: the last one counts.
    by_epoch = {int(event["epoch"]): event for event in events if isinstance(event.get("epoch"), int)}
    epochs = sorted(by_epoch)
    series = [_series("best of all islands", by_epoch, epochs, lambda event: event.get("best"))]
    islands = max((len(event.get("islands") or ()) for event in events), default=0)
    for island in range(min(islands, _MOST_ISLANDS) if islands > 1 else 0):
        series.append(
            _series(
                f"island {island + 1}",
                by_epoch,
                epochs,
                lambda event, island=island: (event.get("islands") or [None] * (island + 1))[island],
            )
        )
    interval = bred.config.settings.migration_interval
    last = epochs[-1] if epochs else 0
    moments = tuple(float(epoch) for epoch in range(interval, last + 1, interval)) if interval else ()
    words = f"The objective of the best formula at every checkpoint, over {last:,} epochs of "
    words += f"{bred.config.settings.number_of_islands} islands."
    if moments:
        words += (
            f" Vertical lines: every {interval} epochs, the best formulas migrate between islands "
            f"({bred.config.settings.topology})."
        )
    if islands > _MOST_ISLANDS:
        words += f" The first {_MOST_ISLANDS} of {islands} islands are drawn."
    first, final = (series[0].y[0], series[0].y[-1]) if series[0].y else (Estimate(0.0), Estimate(0.0))
    figure = Lines(
        "islands",
        "Progress of the islands",
        f"The best objective grows from {first.value:.3f} to {final.value:.3f}.",
        "epoch",
        "objective of the best formula",
        tuple(each for each in series if each.y),
        moments,
        "migration",
        steps=True,
    )
    return Section("islands", "Progress of the islands", (Words(words), figure))


def _series(name: str, by_epoch: Mapping[int, Mapping[str, Any]], epochs: list[int], value: Any) -> Series:
    known = [(epoch, value(by_epoch[epoch])) for epoch in epochs]
    known = [(epoch, number) for epoch, number in known if isinstance(number, int | float)]
    return Series(
        name,
        tuple(float(epoch) for epoch, _ in known),
        tuple(Estimate(float(number)) for _, number in known),
    )


def _mean(formula: Formula, suite: Suite | None) -> float | None:
    """Mean tau on a suite; None without one."""
    if suite is None:
        return None
    try:
        values = {problem.name: formula_values(formula, problem) for problem in suite.problems}
    except FormulaError:
        return None
    return taus(values, suite, 0).mean.value
