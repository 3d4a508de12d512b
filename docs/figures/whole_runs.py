"""Repeats the table of results on mini-13: ``python docs/figures/whole_runs.py --seeds 3``.

Each seed is a run of all stages, as ``rayzc run --seed SEED``, in a folder of its own. A run that is there already is
not repeated, but continued or read.
"""

import argparse
from pathlib import Path

import numpy as np

import rayzc
from rayzc.nas.finals import Choice, Final


def main() -> None:
    """Runs, and prints the table in Markdown."""
    parser = argparse.ArgumentParser(description="Repeats the table of results on mini-13.")
    parser.add_argument("--seeds", type=int, default=3, help="number of runs (default: 3)")
    parser.add_argument("--suite", default="mini-13", help="a suite with a benchmark (default: mini-13)")
    parser.add_argument("--time-limit", type=float, default=None, help="seconds of each run")
    parser.add_argument("--out", type=Path, default=Path("runs/figures"), help="folder of the runs")
    given = parser.parse_args()
    runs = []
    for seed in range(given.seeds):
        folder = given.out / f"seed-{seed}"
        if (folder / "config.json").exists():
            run = rayzc.resume_run(folder)
        else:
            run = rayzc.run(given.suite, seed=seed, time_limit=given.time_limit, out=folder)
        runs.append(run)
        print(f"seed {seed}: {run.seconds:.0f} s, {run.formula}", flush=True)
    suite = rayzc.load_suite(given.suite)
    print(
        "\n| problem | tau of two trainings | found | by proxy | random | best in suite | median in suite |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    rows = [row(suite, [run.finals[place] for run in runs]) for place in range(len(runs[0].finals))]
    for final, numbers in zip(runs[0].finals, rows, strict=True):
        print(f"| {final.problem} | {' | '.join(f'{number:.3f}' for number in numbers)} |")
    print(f"| mean | {' | '.join(f'{number:.3f}' for number in np.nanmean(rows, axis=0))} |")


def row(suite: rayzc.Suite, finals: list[Final]) -> list[float]:
    """A problem's row: the ceiling, the mean accuracies of the three choices, the suite's best and median."""
    table = suite.problem(finals[0].problem)
    chosen = [accuracy(finals, choice) for choice in (Choice.FOUND, Choice.BY_PROXY, Choice.RANDOM)]
    accuracies = finals[0].suite
    return [
        float(table.ceiling or np.nan),
        *map(float, chosen),
        max(accuracies),
        float(np.median(accuracies)),
    ]


def accuracy(finals: list[Final], choice: Choice) -> float:
    """The mean over the seeds of what networks of a choice reached; nan where there was no time to train any."""
    known = [each.accuracy for final in finals for each in final.finalists if each.choice == choice]
    return float(np.mean([value for value in known if value is not None] or [np.nan]))


if __name__ == "__main__":
    main()
