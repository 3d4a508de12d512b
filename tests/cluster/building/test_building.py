"""Building a suite: the same file, whatever interrupts it, on any number of workers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rayzc.cluster.building import Building, Built, build_suite
from rayzc.cluster.training.trials import Trial, TrialLog, conditions
from rayzc.errors import RunError, SuiteError
from rayzc.measurement import Request
from rayzc.options import Recipe
from rayzc.problems import Suite, benchmark_of, load_suite, read_spec
from rayzc.proxies.architectures import measure_architecture
from rayzc.runs.lock import locked
from rayzc.training import NetworkSource, TrainingData, train_network
from tests.cluster.building.samples import SPEC
from tests.cluster.measuring.networks import one_thread

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def built(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The suite of twenty networks, built without a break by one worker."""
    return build_suite(SPEC, tmp_path_factory.mktemp("built") / "small.parquet", workers=1)


@pytest.fixture(scope="module")
def suite(built: Built) -> Suite:
    """The suite as it is read back."""
    return load_suite(built.out)


def test_what_was_done(built: Built) -> None:
    assert (built.trainings, built.trained, built.measured) == (40, 40, 20)
    assert (built.diverged, built.failures, built.interrupted) == (0, (), None)


def test_accuracies_are_those_of_single_trainings(suite: Suite) -> None:
    assert suite.benchmark is not None
    recipe = Recipe.from_document(dict(suite.benchmark.recipe), "recipe")
    with one_thread():
        for problem in suite.problems:
            data = TrainingData.of_task(suite.benchmark.task(problem.task))
            width, depth = suite.benchmark.shapes.scale(problem.space)
            for row in (0, 7):
                source = NetworkSource.named(f"{problem.space}:{problem.architectures[row]}")
                for column, seed in enumerate(suite.benchmark.seeds):
                    network = source.build(data, width=width, depth=depth, seed=seed)
                    trained = train_network(network, data, recipe, seed=seed, device="cpu")
                    assert problem.repeats is not None
                    assert problem.repeats[row, column] == trained.accuracy


def test_scores_are_those_of_single_measurements(suite: Suite) -> None:
    assert suite.benchmark is not None
    with one_thread():
        for problem in suite.problems:
            task = suite.benchmark.task(problem.task)
            width, depth = suite.benchmark.shapes.scale(problem.space)
            request = Request(problem.space, problem.architectures[3], problem.task, problem.proxies)
            images, labels = task.batch(64, 0)
            found = measure_architecture(
                request, batch=(images, labels), width=width, depth=depth, task=task.task, device="cpu"
            )
            assert [*found.scores.values()] == problem.scores[3].tolist()


def test_numbers_are_those_recorded(suite: Suite) -> None:
    """On the processor on which they were recorded they are equal; on others, sums are rounded differently."""
    recorded = json.loads(SPEC.with_suffix(".json").read_text())
    assert [problem.name for problem in suite.problems] == [*recorded]
    for problem in suite.problems:
        expected = recorded[problem.name]
        assert list(problem.architectures) == expected["architectures"]
        np.testing.assert_allclose(problem.repeats, expected["accuracies"], atol=0.04)
        for proxy in problem.proxies:
            np.testing.assert_allclose(problem.column(proxy), expected[proxy], rtol=1e-3)


def test_the_file_says_how_it_was_built(suite: Suite) -> None:
    assert suite.name == "small"
    assert suite.metadata["origin"].startswith("built by rayzc ")
    assert json.loads(suite.metadata["specification"]) == json.loads(json.dumps(read_spec(SPEC).document))
    assert suite.proxies == ("nwot", "params", "synflow")
    assert all(problem.ceiling is not None for problem in suite.problems)


@pytest.mark.parametrize(
    ("stage", "done"), [("training", 6), pytest.param("measuring", 3, marks=pytest.mark.slow)]
)
def test_killed_and_continued_by_more_workers(
    built: Built, ray_session: None, tmp_path: Path, stage: str, done: int
) -> None:
    out = tmp_path / "small.parquet"
    command = [sys.executable, "-m", "tests.cluster.building.driver", str(out)]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            now, count = line.split()
            assert now != "built", "the build was over before it could be killed"
            if now == stage and int(count) >= done:
                driver.kill()
                break
    assert not out.exists()
    rest = build_suite(SPEC, out, workers=2)
    assert rest.trained < 40
    assert out.read_bytes() == built.out.read_bytes()
    again = build_suite(SPEC, out, workers=1)
    assert (again.trained, again.measured) == (0, 0)
    assert out.read_bytes() == built.out.read_bytes()


def test_interrupted_and_continued(built: Built, ray_session: None, tmp_path: Path) -> None:
    sent: list[Building] = []

    def interrupt(progress: Building) -> None:
        if not sent and progress.done:
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    out = tmp_path / "small.parquet"
    part = build_suite(SPEC, out, workers=1, listen=interrupt)
    assert part.interrupted is signal.SIGINT
    assert part.suite is None
    assert not out.exists()
    build_suite(SPEC, out, workers=1)
    assert out.read_bytes() == built.out.read_bytes()


def test_a_training_that_diverges_counts_as_a_guess(ray_session: None, tmp_path: Path) -> None:
    text = SPEC.read_text().replace("learning_rate = 0.05", "learning_rate = 100").replace("= 10", "= 2", 1)
    (tmp_path / "wild.toml").write_text(text)
    built = build_suite(tmp_path / "wild.toml", tmp_path / "wild.parquet", workers=1)
    assert built.diverged > 0
    assert built.suite is not None
    guesses = [
        (problem.repeats == 1 / classes).sum()
        for problem, classes in zip(built.suite.problems, (10, 4), strict=True)
    ]
    assert sum(guesses) >= built.diverged


def test_only_one_process_builds_a_file(tmp_path: Path) -> None:
    (tmp_path / "small.building").mkdir()
    with locked(tmp_path / "small.building"), pytest.raises(RunError, match="is working on this run"):
        build_suite(SPEC, tmp_path / "small.parquet")


class TestLog:
    TRIAL = Trial("nasbench201", "(4, 3, 3, 3, 2, 3)", "digits", 1)

    def test_trials_come_back(self, tmp_path: Path) -> None:
        log = TrialLog(tmp_path / "log.jsonl")
        assert log.read() == {}
        log.add({(self.TRIAL, "a"): 0.1 + 0.2})
        log.add({(self.TRIAL, "b"): float("nan"), (self.TRIAL._replace(seed=2), "a"): 1.0})
        found = log.read()
        assert found[self.TRIAL, "a"] == 0.1 + 0.2
        assert np.isnan(found[self.TRIAL, "b"])
        assert len(found) == 3

    def test_a_line_that_was_cut_off_is_ignored_and_spoils_no_other(self, tmp_path: Path) -> None:
        log = TrialLog(tmp_path / "log.jsonl")
        log.add({(self.TRIAL, "a"): 0.5, (self.TRIAL, "b"): 0.25})
        text = (tmp_path / "log.jsonl").read_text()
        for length in range(text.index("\n") + 1, len(text)):
            (tmp_path / "log.jsonl").write_text(text[:length])
            log.add({(self.TRIAL, "c"): 0.75})
            found = {kept: accuracy for (_, kept), accuracy in log.read().items()}
            assert found["a"] == 0.5
            assert found["c"] == 0.75
            assert found.get("b", 0.25) == 0.25

    def test_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "log.jsonl").mkdir()
        with pytest.raises(SuiteError, match=r"log\.jsonl cannot be written: "):
            TrialLog(tmp_path / "log.jsonl").add({(self.TRIAL, "a"): 0.5})

    def test_conditions_are_all_that_an_accuracy_depends_on(self, tmp_path: Path) -> None:
        def of(text: str, device: str = "cpu") -> str:
            path = tmp_path / "spec.toml"
            path.write_text(text)
            return conditions(benchmark_of(read_spec(path)), "nasbench201", "digits", device)

        text = SPEC.read_text()
        same = of(text)
        assert of(text.replace("architectures = 10", "architectures = 11")) == same
        assert of(text.replace('"nwot", ', "")) == same
        changed = [
            of(text, "cuda"),
            of(text.replace("epochs = 2", "epochs = 3")),
            of(text.replace("width = 8", "width = 9", 1)),
            of(text.replace("training = 320", "training = 321")),
        ]
        assert len({same, *changed}) == 5
