"""Formulas scored per second: against gplearn on one core, by number of workers, by number of islands."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from rayzc.cluster import connected, discover
from rayzc.evolution import Judge, Tables, initialise, step
from rayzc.options import Limits, Settings
from rayzc.problems import Suite
from rayzc.runs import Discovery

__all__ = ["run"]

SECONDS = 20.0
EPOCHS = 12
ROUNDS = 3


def run(suite: Suite) -> Iterator[dict[str, Any]]:
    """Yields rows for a real suite, ready for fitting."""
    tables = Tables.of(suite)
    settings = Settings(seed=0, islands=4)
    judge = Judge(tables, settings.correlation, settings.max_ties)
    islands = [initialise(index, judge, settings) for index in range(settings.islands)]

    def ours() -> tuple[float, float]:
        """New rankings that one process scores per second, and formulas whose ranking it knew."""
        scored, known, begin = judge.scored, judge.known, time.perf_counter()
        while (elapsed := time.perf_counter() - begin) < SECONDS:
            islands[:] = [step(island, (), judge, settings) for island in islands]
        return (judge.scored - scored) / elapsed, (judge.known - known) / elapsed

    rates = [(*ours(), gplearn_per_second(tables, seed)) for seed in range(ROUNDS)]
    scored, known, peer = np.mean(rates, axis=0)
    yield {
        "name": f"new rankings scored per second on {len(suite)} problems, one core, against gplearn",
        "unit": "per second",
        "ours": round(scored, 1),
        "peer": round(peer, 1),
        "ratio": round(scored / peer, 2),
        "known_per_second": round(known, 1),
    }
    with connected(workers=2):
        discovered(suite, 16, 2, Limits(time_limit=10.0))  # compiled code and caches
        whole = Limits(epochs=EPOCHS)
        single, two = in_turn(suite, (16, 1, whole), (16, 2, whole))
        yield row(
            "two workers against one, the same 16 islands and epochs", "formulas judged", two[0], single[0]
        )
        timed = Limits(time_limit=SECONDS)
        few, many = in_turn(suite, (2, 2, timed), (64, 2, timed))
        yield row("64 islands against 2, two workers", "new rankings scored", many[1], few[1])


def in_turn(suite: Suite, *choices: tuple[int, int, Limits]) -> Any:
    """Means of rates measured in turn, so that a machine that gets slower does so for all of them."""
    return np.mean([[discovered(suite, *choice) for choice in choices] for _ in range(ROUNDS)], axis=0)


def row(name: str, counted: str, ours: float, peer: float) -> dict[str, Any]:
    """A row of two rates."""
    return {
        "name": name,
        "unit": f"{counted} per second",
        "ours": round(ours, 1),
        "peer": round(peer, 1),
        "ratio": round(ours / peer, 3),
    }


def gplearn_per_second(tables: Tables, seed: int) -> float:
    """Programs that gplearn scores per second with the mean of scipy's tau over the problems."""
    from gplearn.fitness import make_fitness
    from gplearn.genetic import SymbolicRegressor

    calls = 0

    def mean_tau(y: Any, predicted: Any, weights: Any) -> float:
        nonlocal calls
        calls += 1
        taus = [
            kendalltau(predicted[a:b], y[a:b]).statistic
            for a, b in zip(tables.offsets[:-1], tables.offsets[1:], strict=True)
        ]
        return float(np.nan_to_num(np.mean(taus)))

    regressor = SymbolicRegressor(
        population_size=500,
        generations=8,
        metric=make_fitness(function=mean_tau, greater_is_better=True),
        function_set=("add", "sub", "mul", "div", "log", "sqrt", "abs", "neg", "inv", "max", "min"),
        random_state=seed,
        n_jobs=1,
    )
    begin = time.perf_counter()
    regressor.fit(tables.scores.T, tables.accuracy)
    return calls / (time.perf_counter() - begin)


def discovered(suite: Suite, islands: int, workers: int, limits: Limits) -> tuple[float, float]:
    """Formulas that a discovery on Ray judges per second and new rankings among them, without its start."""
    start: list[tuple[float, int, int]] = []

    def mark(progress: Any) -> None:
        if progress.epoch >= 0 and not start:
            start.append((progress.seconds, progress.evaluations, progress.scored))

    with tempfile.TemporaryDirectory() as folder:
        result: Discovery = discover(
            suite,
            settings=Settings(seed=0, islands=islands),
            limits=limits,
            workers=workers,
            out=Path(folder, "run"),
            listen=mark,
        )
    assert result.workers_lost == 0
    begin, judged_before, scored_before = start[0]
    seconds = result.seconds - begin
    return (result.evaluations - judged_before) / seconds, (result.scored - scored_before) / seconds
