"""Trainings: what the networks reached, their curves, and the finals of a run beside its baselines."""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rayzc.nas.finals import Choice, Final
from rayzc.report.content import Block, Column, Estimate, Panels, Section, Table, Words
from rayzc.report.figures import Bar, Bars, Lines, Series

__all__ = ["finals_section", "losses_section", "networks_section"]

_DASHED = {Choice.FOUND: "found", Choice.BY_PROXY: "by proxy", Choice.RANDOM: "random"}


def networks_section(networks: Sequence[Mapping[str, Any]]) -> Section:
    """The accuracy of every network, mean over its trainings.

    Args:
        networks: as ``result.json`` has them.
    """
    rows, bars = [], []
    for network in networks:
        trainings = network.get("trainings") or ()
        accuracies = [each["accuracy"] for each in trainings if each.get("accuracy") is not None]
        diverged = [str(each["diverged"]) for each in trainings if each.get("diverged")]
        failures = [f"seed {seed}: {why}" for seed, why in (network.get("failures") or {}).items()]
        rows.append(
            (
                str(network["network"]),
                _size(network.get("mean"), network.get("deviation")),
                len(accuracies),
                sum(float(each.get("seconds") or 0.0) for each in trainings),
                "; ".join((*diverged, *failures)) or None,
            )
        )
        if network.get("mean") is not None:
            bars.append(
                Bar(
                    str(network["network"]),
                    _size(network["mean"], network.get("deviation")) or Estimate(0.0),
                    "accuracy",
                )
            )
    columns = (
        Column("network", code=True),
        Column("test accuracy", ".4f"),
        Column("trainings", ",d"),
        Column("seconds", ",.0f"),
        Column("trouble"),
    )
    blocks: list[Block] = [Words("Mean over the seeds, with one standard deviation to each side.")]
    if bars:
        ordered = tuple(sorted(bars, key=lambda bar: -bar.size.value))
        best = ordered[0]
        blocks.append(
            Bars(
                "accuracies",
                "Test accuracy after training",
                f"The best is {best.label} with {best.size.value:.4f}.",
                "network",
                "test accuracy",
                ordered,
            )
        )
    blocks.append(Table("networks", "The trained networks", columns, tuple(rows)))
    return Section("networks", "What the networks reached", tuple(blocks))


def losses_section(networks: Sequence[Mapping[str, Any]]) -> Section | None:
    """The loss of every epoch, a panel for each network; None where there is none."""
    panels = []
    for place, network in enumerate(networks, start=1):
        series = []
        for training in network.get("trainings") or ():
            losses = [
                (float(epoch), float(loss))
                for epoch, loss in enumerate(training.get("losses") or (), start=1)
                if isinstance(loss, int | float) and math.isfinite(loss)
            ]
            if losses:
                series.append(
                    Series(
                        f"seed {training['seed']}",
                        tuple(epoch for epoch, _ in losses),
                        tuple(Estimate(loss) for _, loss in losses),
                    )
                )
        if series:
            last = series[0].y[-1].value
            name = str(network["network"])
            figure = Lines(
                f"losses-{place}",
                name,
                f"After {len(series[0].x)} epochs the mean loss is {last:.3g}.",
                "epoch",
                "mean training loss",
                tuple(series),
            )
            panels.append((name, figure))
    if not panels:
        return None
    return Section(
        "losses",
        "Training curves",
        (Words("The mean loss over the training images of each epoch."), Panels("network", tuple(panels))),
    )


def finals_section(finals: Sequence[Final]) -> Section:
    """What the networks that a run found reached, beside the choice of a proxy and of chance."""
    columns = (
        Column("problem"),
        Column("networks searched", ",d"),
        *(Column(_DASHED[choice], ".3f") for choice in Choice),
        Column("best in suite", ".3f"),
        Column("median in suite", ".3f"),
        Column("top %", ".0f"),
        Column("noise", ".3f"),
    )
    rows, bars = [], []
    for final in finals:
        rows.append(
            (
                final.problem,
                final.searched,
                *(final.accuracy(choice) for choice in Choice),
                final.suite[0],
                median(final.suite),
                final.top,
                final.noise,
            )
        )
        for choice in Choice:
            accuracy = final.accuracy(choice)
            if accuracy is not None:
                size = Estimate(accuracy, accuracy - final.noise, accuracy + final.noise)
                bars.append(Bar(final.problem, size, _DASHED[choice]))
    compared = [final for final in finals if final.beats(Choice.RANDOM) is not None]
    won = sum(bool(final.beats(Choice.RANDOM)) for final in compared)
    figure = Bars(
        "finals",
        "Test accuracy after training",
        f"The found network is better than a random one on {won} of {len(compared)} problems.",
        "problem",
        "test accuracy",
        tuple(bars),
    )
    words = (
        f"Found: by the search with the formula. By proxy: the choice of {finals[0].proxy} of as many random networks. "
        "The lines are one standard deviation between trainings to each side."
    )
    table = Table("finals", "What the trained networks reached", columns, tuple(rows))
    blocks: tuple[Block, ...] = (Words(words), *((figure,) if bars else ()), table)
    return Section("finals", "What the found networks reached", blocks)


def _size(mean: float | None, deviation: float | None) -> Estimate | None:
    if mean is None:
        return None
    return Estimate(mean) if deviation is None else Estimate(mean, mean - deviation, mean + deviation)
