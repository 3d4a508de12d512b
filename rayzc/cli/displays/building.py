"""The display of ``rayzc suite build``: how far trainings and measurements are, then what was built."""

import json
import shlex
import sys
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

from rayzc.cli.durations import clock
from rayzc.cli.output import ProgressDisplay, plain_console
from rayzc.errors import counted

if TYPE_CHECKING:
    from rayzc.cluster.building import Building, Built
    from rayzc.problems import Suite

__all__ = ["BuildDisplay", "print_benchmark", "trainings_table"]

_STAGES = {"training": "trainings", "measuring": "networks measured"}


class BuildDisplay(ProgressDisplay["Building"]):
    """The display of ``rayzc suite build``."""

    def line(self, progress: "Building") -> str:
        """The progress on a line."""
        left = "" if progress.seconds_left is None else f"  {clock(progress.seconds_left)} left"
        return (
            f"{clock(progress.seconds):>7}  {progress.done:,} of {progress.total:,} {_STAGES[progress.stage]}  "
            f"{counted(progress.workers, 'worker')}{left}"
        )

    def conclude(self, built: "Built") -> None:
        """Prints what was built; leaves with 128 and the signal's number if a signal ended the build."""
        if self._as_json:
            sys.stdout.write(json.dumps(_document(built), indent=1) + "\n")
        elif built.suite is not None:
            self._print(built, built.suite)
        if built.interrupted is not None:
            self._console.print(
                f"interrupted by {built.interrupted.name}; what has been done is kept in {built.folder}; to continue: "
                f"rayzc {shlex.join(sys.argv[1:])}",
                soft_wrap=True,
                markup=False,
            )
            sys.exit(128 + built.interrupted)

    def _print(self, built: "Built", suite: "Suite") -> None:
        console = plain_console()
        console.print(trainings_table(suite))
        for (problem, proxy), count in _failed(built).items():
            console.print(
                f"failed: {proxy} on {counted(count, 'network')} of {problem}", soft_wrap=True, markup=False
            )
        if built.diverged:
            console.print(
                f"{counted(built.diverged, 'training')} diverged: the accuracy is that of a guess",
                soft_wrap=True,
                markup=False,
            )
        console.print(
            f"{built.out}: {counted(len(suite), 'problem')}, {counted(built.trained, 'training')} and "
            f"{counted(built.measured, 'network')} measured in {clock(built.seconds)}",
            soft_wrap=True,
            markup=False,
        )


def trainings_table(suite: "Suite") -> Table:
    """For each problem of a suite that was built: its networks, their accuracies, and how well trainings agree."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("problem", no_wrap=True)
    for header in (
        "networks",
        "lowest\naccuracy",
        "median\naccuracy",
        "highest\naccuracy",
        "tau of two\ntrainings",
    ):
        table.add_column(header, justify="right", no_wrap=True)
    for problem in suite.problems:
        accuracies = problem.accuracy.tolist()
        cells = (min(accuracies), median(accuracies), max(accuracies))
        ceiling = "-" if problem.ceiling is None else f"{problem.ceiling:.3f}"
        table.add_row(problem.name, f"{len(problem):,}", *(f"{accuracy:.3f}" for accuracy in cells), ceiling)
    return table


def print_benchmark(suite: "Suite", console: Console) -> None:
    """How the networks of a suite were built, shown images and trained, and how well their trainings agree."""
    benchmark = suite.benchmark
    if benchmark is None:
        return
    console.print()
    tasks = Table(box=box.SIMPLE_HEAD)
    tasks.add_column("task", no_wrap=True)
    for header in ("classes", "images", "for\ntraining", "for\ntesting"):
        tasks.add_column(header, justify="right", no_wrap=True)
    for name, task in benchmark.tasks.items():
        side = f"{task.input_size}x{task.input_size}"
        shape = side if task.patches == 1 else f"{task.patches} of {side}"
        counts = (task.training, len(task.labels) - task.training)
        tasks.add_row(name, f"{task.classes}", shape, *(f"{count:,}" for count in counts))
    console.print(tasks)
    for space, (width, depth) in benchmark.scales.items():
        changes = "".join(f", {key} {value}" for key, value in benchmark.recipes.get(space, {}).items())
        console.print(f"{space}: width {width}, depth {depth}{changes}", markup=False, soft_wrap=True)
    for name, about in benchmark.images.items():
        console.print(f"{name}: {about}", markup=False, soft_wrap=True)
    recipe = ", ".join(f"{key} {value}" for key, value in benchmark.recipe.items() if value)
    console.print(f"recipe: {recipe}", markup=False, soft_wrap=True)
    seeds = ", ".join(map(str, benchmark.seeds))
    console.print(f"trainings of each network: {len(benchmark.seeds)}, with the seeds {seeds}", markup=False)
    console.print(trainings_table(suite))
    console.print(
        "tau of two trainings: how well the accuracies of two seeds agree; no formula can rank better than that",
        markup=False,
        soft_wrap=True,
    )


def _failed(built: "Built") -> Counter[tuple[str, str]]:
    return Counter((failure.problem, failure.proxy) for failure in built.failures)


def _document(built: "Built") -> dict[str, Any]:
    problems = built.suite.problems if built.suite is not None else ()
    return {
        "out": str(built.out) if built.suite is not None else None,
        "folder": str(built.folder),
        "problems": {
            problem.name: {"networks": len(problem), "ceiling": problem.ceiling} for problem in problems
        },
        "trainings": built.trainings,
        "trained": built.trained,
        "diverged": built.diverged,
        "networks_measured": built.measured,
        "failures": [
            {"problem": problem, "proxy": proxy, "networks": count}
            for (problem, proxy), count in _failed(built).items()
        ],
        "seconds": built.seconds,
        "interrupted": built.interrupted.name if built.interrupted else None,
    }
