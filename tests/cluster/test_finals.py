"""The last stage of a run: what was found is trained, beside baselines, and all of it can be interrupted."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rayzc.cluster.finals import Finishing, best_by_score
from rayzc.cluster.pipeline import resume_run, run
from rayzc.nas.finals import Choice, Final
from rayzc.options import Recipe
from rayzc.problems import Suite
from rayzc.runs import Pipeline
from rayzc.training import NetworkSource, TrainingData, train_network
from tests.cluster.measuring.networks import one_thread
from tests.problems.benchmarks import benchmark, built_suite


def small_benchmark() -> Suite:
    """A suite with a benchmark, with made-up scores."""
    built = built_suite()
    problems = (
        replace(problem, scores=np.arange(1.0, 1 + len(problem))[:, None]) for problem in built.problems
    )
    recipe = Recipe(epochs=2, augment=("flip",)).to_document()
    return replace(built, problems=tuple(problems), benchmark=replace(benchmark(), recipe=recipe))


TRAINED: dict[str, Any] = {
    "formula": "params",
    "budget": 6,
    "seeds": 1,
    "workers": 1,
    "batch_size": 6,
    "finalists": 2,
}


def accuracies(whole: Pipeline) -> list[tuple[str, str, tuple[float, ...]]]:
    return [
        (final.problem, each.architecture, each.accuracies)
        for final in whole.finals
        for each in final.finalists
    ]


@pytest.fixture(scope="module")
def trained(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return run(small_benchmark(), **TRAINED, out=tmp_path_factory.mktemp("trained") / "run")


def test_what_was_found_is_trained_as_the_suites_networks_were(trained: Pipeline) -> None:
    assert trained.searched is not None
    assert [final.problem for final in trained.finals] == ["nasbench201/shapes", "nasbench201/puzzle"]
    for final in trained.finals:
        assert (final.searched, final.random) == (6, 6)
        assert [each.choice for each in final.finalists] == [choice for choice in Choice for _ in range(2)]
        shortlist = trained.searched.best(final.problem).shortlist
        assert [each.architecture for each in final.finalists[:2]] == [found.key for found in shortlist[:2]]
    first = trained.finals[0].finalists[0]
    task = benchmark().task("shapes")
    for seed, accuracy in zip(benchmark().seeds, first.accuracies, strict=True):
        data = TrainingData.of_task(task)
        source = NetworkSource.named(f"nasbench201:{first.architecture}")
        network = source.build(data, width=4, depth=1, seed=seed)
        with one_thread():
            expected = train_network(
                network, data, Recipe(epochs=2, augment=("flip",)), seed=seed, device="cpu"
            )
        assert accuracy == expected.accuracy
    document = json.loads((trained.run / "result.json").read_text())
    assert [Final.from_document(each, "result.json") for each in document["finals"]] == [*trained.finals]


def test_a_quick_run_trains_once(ray_session: None, tmp_path: Path) -> None:
    quick = run(small_benchmark(), **TRAINED | {"finalists": 1}, quick=True, out=tmp_path / "run")
    assert [len(each.accuracies) for final in quick.finals for each in final.finalists] == [1] * 6


def test_trainings_can_be_left_out(ray_session: None, tmp_path: Path) -> None:
    without = run(small_benchmark(), **TRAINED, no_train=True, out=tmp_path / "run")
    assert (without.finals, without.untrained) == ((), "as asked")
    assert not (tmp_path / "run" / "training").exists()


@pytest.mark.parametrize("stage", ["choosing", "training"])
def test_trainings_that_were_interrupted_are_resumed(trained: Pipeline, tmp_path: Path, stage: str) -> None:
    sent: list[object] = []

    def interrupt(progress: object) -> None:
        if isinstance(progress, Finishing) and progress.stage == stage and progress.done and not sent:
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    part = run(small_benchmark(), **TRAINED, out=tmp_path / "run", listen=interrupt)
    assert part.interrupted is signal.SIGINT
    assert not all(len(found) == 2 for _, _, found in accuracies(part))
    rest = resume_run(tmp_path / "run")
    assert rest.interrupted is None
    assert accuracies(rest) == accuracies(trained)
    again = resume_run(tmp_path / "run")
    assert accuracies(again) == accuracies(trained)


def test_networks_without_a_finite_score_are_chosen_last() -> None:
    """With a minus sign, too: what a proxy cannot rank is -inf, and its opposite is no recommendation."""
    scores = {"a": float("inf"), "b": 1.0, "c": float("nan"), "d": 2.0, "e": float("-inf")}
    chosen = [finalist.architecture for finalist in best_by_score(Choice.BY_PROXY, scores, 4)]
    assert chosen[:2] == ["d", "b"]
    assert set(chosen[2:]) == {"a", "e"}
