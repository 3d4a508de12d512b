"""The last stage of a run: trains the best networks that its searches found, beside baselines of as many."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.measuring import measuring_pool
from rayzc.cluster.measuring.workers import capacity
from rayzc.cluster.training.trials import Trial, train_trials
from rayzc.ending import Ending, Reason
from rayzc.measurement import Request
from rayzc.nas import Results
from rayzc.nas.finals import Choice, Final, Finalist, found_finalists, random_networks
from rayzc.options import Setup
from rayzc.problems import Suite
from rayzc.runs import TRAININGS

__all__ = ["Finishing", "best_by_score", "train_finalists"]

_CHOOSING_SHARE = 0.4
_resources: Any = ray.cluster_resources


@dataclass(frozen=True, slots=True)
class Finishing:
    """Progress of the last stage.

    Attributes:
        stage: ``choosing``, while the single proxy is measured on random networks, or ``training``.
        done: how many networks have been measured, or trainings have ended.
        total: of how many.
        seconds: since the stage began.
        seconds_left: to its estimated end, or to its time limit if that is earlier; None if neither is known.
    """

    stage: str
    done: int
    total: int
    seconds: float
    seconds_left: float | None


def train_finalists(
    suite: Suite,
    results: Results,
    proxy: str,
    *,
    count: int,
    trainings: int | None,
    seed: int,
    setup: Setup,
    workers: int | None,
    folder: Path,
    time_limit: float | None,
    listen: Callable[[Finishing], None] | None,
) -> tuple[float, tuple[Final, ...], Ending]:
    """Trains the best networks of every problem as the networks of the suite were trained.

    For each problem these are the best of the search's shortlists; as many that a single proxy chose from as many
    random networks as the search looked at; and as many random networks.

    Args:
        suite: the suite; it must have a benchmark.
        results: what the searches found.
        proxy: the single proxy, with ``-`` before it where smaller is better.
        count: how many networks of each choice.
        trainings: how many trainings of each network; None for as many as the suite's networks have.
        seed: draws the random networks.
        setup: how networks are measured.
        workers: number of workers; None for as many as the cluster has room for.
        folder: folder in which scores and accuracies are kept; what it has is not measured or trained again.
        time_limit: seconds for the stage; None for no limit.
        listen: called with the progress.

    Returns:
        The seconds that it took; the finals, with what was trained in time; and how the stage ended.

    Raises:
        ClusterError: workers die again and again.
    """
    benchmark = suite.benchmark
    assert benchmark is not None
    begun = time.monotonic()
    seeds = benchmark.seeds[:trainings]

    def tell(stage: str, done: int, total: int, left: float | None) -> None:
        if listen:
            seconds = time.monotonic() - begun
            rest = [] if left is None else [left]
            rest += [] if time_limit is None else [max(0.0, time_limit - seconds)]
            listen(Finishing(stage, done, total, seconds, min(rest, default=None)))

    with Interrupts() as interrupts:

        def out_of_time(share: float = 1.0) -> bool:
            spent = time.monotonic() - begun
            return interrupts.received is not None or (time_limit is not None and spent > share * time_limit)

        looked_at = {
            name: sum(outcome.evaluated for outcome in results.outcomes if outcome.problem == name)
            for name in results.problems
        }
        drawn = {name: random_networks(name, number, seed) for name, number in looked_at.items()}
        with measuring_pool(setup, workers, folder / "scores", benchmark=benchmark) as pool:
            requests = list(_in_turn(drawn, (proxy.removeprefix("-"),)))
            scores: dict[tuple[str, str], float] = {}
            for request, measurement in pool.measure(requests, lambda: out_of_time(_CHOOSING_SHARE)):
                score = measurement.scores.get(request.proxies[0], math.nan)
                name = f"{request.space}/{request.task}"
                scores[name, request.encoding] = -score if proxy.startswith("-") else score
                tell("choosing", len(scores), len(requests), None)
        chosen = {
            name: (
                *found_finalists(results, name, count),
                *best_by_score(
                    Choice.BY_PROXY, {key: scores.get((name, key), math.nan) for key in drawn[name]}, count
                ),
                *(Finalist(Choice.RANDOM, key) for key in drawn[name][:count]),
            )
            for name in drawn
        }
        # What was found first, and then what it is compared with, so that a time limit leaves whole rows.
        trials = dict.fromkeys(
            Trial(*_parts(name, finalist.architecture), under)
            for under in seeds
            for found in (True, False)
            for name, finalists in chosen.items()
            for finalist in finalists
            if (finalist.choice is Choice.FOUND) is found
        )
        device = setup.device or ("cuda" if _resources().get("GPU", 0) else "cpu")
        accuracies = train_trials(
            benchmark,
            [*trials],
            folder / TRAININGS,
            device=device,
            workers=workers or capacity(setup, device),
            gpus=setup.gpus,
            stop=out_of_time,
            tell=lambda done, left: tell("training", done, len(trials), left),
        )
        ending = Ending(Reason.ALL_TRAINED if len(accuracies) == len(trials) else Reason.TIME_LIMIT)
        if interrupts.received is not None:
            ending = Ending.interrupted_by(interrupts.received)
    measured = {name: sum(key[0] == name for key in scores) for name in drawn}
    finals = []
    for name, finalists in chosen.items():
        trained = [_trained(suite, name, finalist, seeds, accuracies) for finalist in finalists]
        finals.append(
            Final.of(suite.problem(name), looked_at[name], measured[name], proxy, trained, len(seeds))
        )
    return time.monotonic() - begun, tuple(finals), ending


def _parts(problem: str, architecture: str) -> tuple[str, str, str]:
    space, _, task = problem.partition("/")
    return space, architecture, task


def _in_turn(drawn: Mapping[str, Sequence[str]], proxies: tuple[str, ...]) -> Iterator[Request]:
    """A request for each network, of one problem after the other, so that a time limit falls on all evenly."""
    for place in range(max(map(len, drawn.values()), default=0)):
        for name, networks in drawn.items():
            if place < len(networks):
                yield Request(*_parts(name, networks[place]), proxies)


def best_by_score(choice: Choice, scores: Mapping[str, float], count: int) -> Iterator[Finalist]:
    """The networks with the best scores. Those without a finite score come last, as in every ranking of rayzc's."""
    known = {key: score for key, score in scores.items() if not math.isnan(score)}
    for key in sorted(known, key=lambda key: (not math.isfinite(known[key]), -known[key]))[:count]:
        yield Finalist(choice, key)


def _trained(
    suite: Suite, problem: str, finalist: Finalist, seeds: Sequence[int], accuracies: Mapping[Trial, float]
) -> Finalist:
    """The finalist with its accuracies; a training that diverged has the accuracy of a guess, as in the suite."""
    assert suite.benchmark is not None
    guess = 1 / suite.benchmark.task(problem.partition("/")[2]).classes
    trials = [Trial(*_parts(problem, finalist.architecture), seed) for seed in seeds]
    found = [accuracies[trial] for trial in trials if trial in accuracies]
    return Finalist(
        finalist.choice,
        finalist.architecture,
        tuple(guess if math.isnan(accuracy) else accuracy for accuracy in found),
    )
