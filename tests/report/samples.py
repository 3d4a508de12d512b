"""Hand-made runs: small tables with a planted truth, and the files that runs on them would leave."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from rayzc.evolution import assess
from rayzc.formula import Formula
from rayzc.nas import Results, comparisons, outcome_of, run, tabulated
from rayzc.options import Limits, PlanOptions, Settings
from rayzc.problems import Problem, Suite, write_suite
from rayzc.runs import (
    DiscoverConfig,
    PipelineConfig,
    RunFolder,
    SearchConfig,
    StudyConfig,
    TrainConfig,
    split,
)
from tests.nas.samples import SMALL, parsed, planted

FORMULA = "good + noise / 10"
FRONT = ("good", "good - params", FORMULA)


def table(space: str = "nasbench201", seed: int = 0, task: str = "planted") -> Problem:
    """A planted table with a size, which says nothing, and proxies by names of rayzc's own."""
    made = planted(60, space, seed)
    rng = np.random.default_rng(seed + 1)
    scores = np.column_stack([made.scores, rng.uniform(1, 2, len(made)), rng.uniform(1, 9, len(made))])
    proxies = ("good", "cost", "noise", "params", "flops")
    return Problem(space, task, made.architectures, proxies, scores, made.accuracy, made.groups)


def suite(task: str = "planted") -> Suite:
    """Two tables, of two search spaces."""
    return Suite("toy", (table(task=task), table("transbench101_micro", 1, task)))


def discovery(
    place: Path,
    formula: str = FORMULA,
    holdout: float | None = 0.25,
    own: Suite | None = None,
    kept: bool = True,
    front: tuple[str, ...] = FRONT,
) -> RunFolder:
    """The folder of a discovery.

    Args:
        place: where to make it.
        formula: the formula that it bred.
        holdout: share of the networks to hold out.
        own: the suite; by default the two tables.
        kept: whether its suite is still there.
        front: its front.
    """
    own = own or suite()
    folder = RunFolder.create(place)
    if kept:
        write_suite(own, place / "suite.parquet")
    config = DiscoverConfig(
        problems=own.names,
        proxies=own.problems[0].proxies,
        holdout=holdout,
        settings=Settings(islands=2, migration_interval=2),
        limits=Limits(epochs=4),
        rayzc="0.1.0",
        suite="suite.parquet",
        suite_hash=own.content_hash,
    )
    folder.write_config(config.to_json())
    fitting, validation = split(own, holdout, 0)
    best = assess(formula, fitting)
    held = assess(formula, validation) if validation else None

    def entry(text: str) -> dict[str, Any]:
        taus = {name: each.kendall for name, each in assess(text, fitting).problems.items()}
        return {
            "expression": text,
            "complexity": Formula.parse(text).size,
            "objective": float(np.mean([*taus.values()])),
            "correlations": taus,
        }

    folder.write(folder.hall_of_fame, {"best": [entry(formula)], "front": [*map(entry, front)]})

    def numbers(score: Any) -> dict[str, Any]:
        return {
            "mean_kendall": score.mean_kendall,
            "kendall": {name: each.kendall for name, each in score.problems.items()},
        }

    result = {
        "run": str(place),
        "best": {"expression": formula, **numbers(best)},
        "held_out": numbers(held) if held else None,
        "evaluations": 1234,
        "seconds": 65.5,
        "stopped": "epochs",
        "epochs": 4,
        "scored": 1000,
        "known": 234,
        "workers_lost": 0,
    }
    folder.write(folder.result, result)
    for epoch, best_ in ((0, 0.3), (2, 0.5), (4, 0.6)):
        folder.record("checkpoint", epoch=epoch, best=best_, islands=[best_, best_ - 0.1])
    return folder


def searches(place: Path, formula: str = FORMULA) -> RunFolder:
    """The folder of a run of searches on the two tables, with two seeds."""
    own = suite()
    folder = RunFolder.create(place)
    write_suite(own, place / "suite.parquet")
    outcomes, compared = [], []
    for problem in own.problems:
        for seed in (0, 1):
            plan = parsed(formula, budget=30, batch=5, seed=seed, settings=SMALL)
            ready = tabulated(problem, plan)
            search = run(plan, problem.name, ready.domain, ready.source)
            outcomes.append(outcome_of(search, problem.space, ready.truth))
            compared += comparisons(ready, plan)
    results = Results(tuple(outcomes), tuple(compared))
    config = SearchConfig(
        problems=own.names,
        seeds=2,
        candidates="table",
        plan=PlanOptions(formula=formula, budget=30, batch=5, settings=SMALL),
        rayzc="0.1.0",
        suite="suite.parquet",
        suite_hash=own.content_hash,
    )
    folder.write_config(config.to_json())
    document = {"run": str(place), "stopped": "all searches ended", "seconds": 3.0}
    folder.write(folder.result, {**document, "results": json.loads(results.to_text())})
    return folder


def whole(place: Path) -> RunFolder:
    """The folder of a run of all stages, without trainings."""
    folder = RunFolder.create(place)
    discovery(place / "discovery")
    searches(place / "search")
    config = PipelineConfig(rayzc="0.1.0", suite="toy.parquet")
    folder.write_config(config.to_json())
    taus = dict.fromkeys(suite().names, 0.4)
    transfer = {"formula": FORMULA, "fitted": taus, "held_out": taus, "left_out": taus}
    finalist = {"choice": "found", "architecture": "(0, 0, 0, 0, 0, 0)", "accuracies": [0.9, 0.8]}
    other = {"choice": "random", "architecture": "(1, 0, 0, 0, 0, 0)", "accuracies": [0.7]}
    final = {
        "problem": suite().names[0],
        "searched": 30,
        "random": 30,
        "proxy": "good",
        "finalists": [finalist, other],
        "suite": [0.95, 0.9, 0.1],
        "noise": 0.01,
    }
    folder.write(
        folder.result,
        {
            "formula": FORMULA,
            "stopped": "all trainings ended",
            "seconds": 99.0,
            "transfer": [transfer],
            "finals": [final],
        },
    )
    return folder


def study(place: Path) -> RunFolder:
    """The folder of a study of two kinds."""
    folder = RunFolder.create(place)
    names = suite().names
    config = StudyConfig(problems=names, rayzc="0.1.0", suite="toy.parquet", suite_hash="0")
    folder.write_config(config.to_json())
    rows = [
        {
            "bred_on": f"all but {name}",
            "parsimony": 0.001,
            "judged_on": other,
            "seen": other != name,
            "fitted": False,
            "repeats": 1,
            "kendall": 0.6 if other != name else 0.4,
            "low": 0.3,
            "high": 0.7,
        }
        for name in names
        for other in names
    ]
    members = [
        {
            "bred_on": f"all but {name}",
            "varied": {"parsimony": 0.001},
            "seed": 0,
            "best": {"expression": FORMULA, "mean_kendall": 0.5},
            "evaluations": 10,
            "epochs": 2,
        }
        for name in names
    ]
    document = {"stopped": "all discoveries ended", "seconds": 5.0, "unfinished": 0}
    folder.write(folder.result, {**document, "members": members, "matrix": rows})
    return folder


def trainings(place: Path) -> RunFolder:
    """The folder of a run of trainings of two networks, one of which diverged."""
    folder = RunFolder.create(place)
    config = TrainConfig(rayzc="0.1.0", networks=("one", "two"), data="images.npz", data_hash="0", seeds=2)
    folder.write_config(config.to_json())

    def training(seed: int, accuracy: float | None, diverged: str | None = None) -> dict[str, Any]:
        losses = [2.0, 1.0, 0.5] if accuracy else [None]
        return {"seed": seed, "accuracy": accuracy, "losses": losses, "seconds": 2.0, "diverged": diverged}

    networks = [
        {"network": "one", "mean": 0.8, "deviation": 0.1, "trainings": [training(0, 0.9), training(1, 0.7)]},
        {"network": "two", "mean": None, "trainings": [training(0, None, "its loss is not finite")]},
    ]
    folder.write(folder.result, {"stopped": "epochs", "seconds": 8.0, "networks": networks})
    return folder
