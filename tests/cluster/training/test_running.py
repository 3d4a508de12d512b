"""Runs of trainings: the same results as without Ray, however often they are interrupted."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import rayzc
from rayzc.cluster.training import TrainProgress, resume_train, train
from rayzc.cluster.training import progress as reports
from rayzc.errors import ClusterError, RunError, TrainingError
from rayzc.options import RECIPES
from rayzc.training import NetworkSource, TrainingData, train_network
from rayzc.training.results import TrainResults
from tests.cluster.measuring.networks import one_thread
from tests.cluster.training.samples import NETWORKS, RUN, numbers
from tests.training import samples

ROOT = Path(__file__).parents[3]


@pytest.fixture
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is reported after every epoch; on any machine, tasks are at most four epochs ahead."""
    monkeypatch.setattr(reports, "INTERVAL", 0.0)


@pytest.fixture(scope="module")
def expected(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> TrainResults:
    """The result of the run without interruption."""
    return train(**RUN, data=samples.labelled_images(), out=tmp_path_factory.mktemp("whole") / "run")


def test_results_are_equal_to_trainings_without_ray(expected: TrainResults) -> None:
    recipe = RECIPES["quick"].replaced(epochs=6, batch_size=16, augment=("flip", "crop"))
    data = TrainingData.of(samples.labelled_images())
    assert numbers(expected).keys() == {(name, seed) for name in NETWORKS for seed in (3, 4)}
    with one_thread():
        for (name, seed), found in numbers(expected).items():
            network = NetworkSource.named(name).build(data, width=4, depth=1, seed=seed)
            trained = train_network(network, data, recipe, seed=seed, device="cpu")
            assert found == (trained.accuracy, trained.losses)


def test_what_is_in_the_folder(expected: TrainResults) -> None:
    assert expected.stopped == "all trainings ended"
    assert expected.interrupted is None
    document = json.loads((expected.run / "result.json").read_text())
    assert document == expected.to_json()
    config = json.loads((expected.run / "config.json").read_text())
    assert (config["kind"], config["device"], config["networks"]) == ("train", "cpu", list(NETWORKS))
    first = document["networks"][0]
    assert first["mean"] == pytest.approx(np.mean([each["accuracy"] for each in first["trainings"]]))
    kept = torch.load(expected.run / first["trainings"][0]["checkpoint"], weights_only=True)
    network = NetworkSource.named(NETWORKS[0]).build(samples.data(), width=4, depth=1)
    network.load_state_dict(kept["model"])


def test_the_table(expected: TrainResults) -> None:
    table = expected.to_table()
    assert table.column_names == ["network", "mean", "deviation", "trainings", "seed 3", "seed 4"]
    for row, network in zip(table.to_pylist(), expected.networks, strict=True):
        accuracies = [row["seed 3"], row["seed 4"]]
        assert row["network"] == network.network
        assert row["mean"] == pytest.approx(np.mean(accuracies))
        assert row["deviation"] == pytest.approx(np.std(accuracies, ddof=1))
        assert row["trainings"] == 2
    best = expected.best
    assert best is not None
    assert best.mean == max(table["mean"].to_pylist())


def test_a_run_that_has_ended_stays_as_it_is(expected: TrainResults) -> None:
    heard: list[TrainProgress] = []
    again = resume_train(expected.run, listen=heard.append)
    assert numbers(again) == numbers(expected)
    assert [progress.count("ended") for progress in heard] == [4]
    assert heard[0].seconds_left == 0


def test_a_driver_killed_and_resumed(expected: TrainResults, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "tests.cluster.training.driver", str(out)]
    driver = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    for line in driver.stdout:
        if line.strip().isdecimal() and int(line) >= 2:
            break
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    assert not (out / "result.json").exists()
    assert any((out / "checkpoints").glob("training-*.pt"))
    heard: list[TrainProgress] = []
    result = resume_train(out, listen=heard.append)
    assert sum(training.epoch for training in heard[0].trainings) >= 2
    assert numbers(result) == numbers(expected)
    events = [json.loads(line)["event"] for line in (out / "events.jsonl").read_text().splitlines()]
    assert events.count("started") == 2
    assert "resumed" in events


@pytest.mark.usefixtures("every_epoch", "ray_session")
def test_a_worker_killed_in_the_middle(tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(progress: TrainProgress) -> None:
        for training in progress.trainings:
            if not killed and training.state == "training" and 0 < training.epoch < 6:
                killed.append(training.process)
                os.kill(training.process, signal.SIGKILL)

    run = {**RUN, "networks": NETWORKS[0], "seeds": 1, "epochs": 12}
    undisturbed = train(**run, data=samples.labelled_images(), out=tmp_path / "undisturbed")
    result = train(**run, data=samples.labelled_images(), out=tmp_path / "killed", listen=kill)
    assert len(killed) == 1
    assert result.workers_lost >= 1
    assert numbers(result) == numbers(undisturbed)


@pytest.mark.usefixtures("every_epoch", "ray_session")
def test_a_run_that_is_interrupted(expected: TrainResults, tmp_path: Path) -> None:
    sent: list[TrainProgress] = []

    def interrupt(progress: TrainProgress) -> None:
        if not sent and any(training.epoch for training in progress.trainings):
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    result = train(**RUN, data=samples.labelled_images(), workers=1, out=tmp_path / "run", listen=interrupt)
    assert result.interrupted is signal.SIGINT
    assert result.stopped == "interrupted by SIGINT"
    assert len(numbers(result)) < len(numbers(expected))
    assert numbers(resume_train(tmp_path / "run")) == numbers(expected)


@pytest.mark.usefixtures("ray_session")
def test_a_time_limit(expected: TrainResults, tmp_path: Path) -> None:
    result = train(**RUN, data=samples.labelled_images(), out=tmp_path / "run", time_limit=0.01)
    assert result.stopped == "time limit"
    assert len(numbers(result)) < 4
    assert numbers(resume_train(tmp_path / "run", time_limit=600)) == numbers(expected)


MODULE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear({inputs}, classes))

    def forward(self, images):
        return self.layers(images)

def make(classes):
    return Net(classes)
"""


@pytest.mark.usefixtures("ray_session")
def test_networks_of_the_users_and_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of a Ray that was started elsewhere cannot import the user's module."""
    (tmp_path / "nets_of_a_user.py").write_text(MODULE.format(inputs=192))
    (tmp_path / "nets_that_fail.py").write_text(MODULE.format(inputs=5))
    monkeypatch.chdir(tmp_path)
    found = rayzc.search(
        "flops",
        None,
        problems=["nasbench201/cifar10"],
        budget=12,
        seeds=1,
        width=4,
        depth=1,
        batch_size=4,
        out="search",
    )
    samples.labelled_images().write(tmp_path / "images.npz")
    result = rayzc.train(
        ["search", "nets_of_a_user:make"], "images.npz", shortlist=2, epochs=2, out=tmp_path / "run"
    )
    shortlist = found.best("nasbench201/cifar10").shortlist[:2]
    names = [f"nasbench201:{each.encoding}" for each in shortlist]
    assert [network.network for network in result.networks] == [*names, "nets_of_a_user:make"]
    assert all(network.mean is not None for network in result.networks)
    assert numbers(rayzc.resume_train(tmp_path / "run")) == numbers(result)

    some = train(
        ["nets_that_fail:make", "nets_of_a_user:make"], "images.npz", epochs=1, out=tmp_path / "some"
    )
    assert [len(network.trained) for network in some.networks] == [0, 1]
    assert "cannot be trained on images (3, 8, 8)" in some.networks[0].failures[0]
    with pytest.raises(TrainingError, match=r"nets_that_fail:make, seed 0: the network cannot be trained"):
        train("nets_that_fail:make", "images.npz", epochs=1, out=tmp_path / "none")


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"networks": []}, TrainingError, "no networks to train"),
        (
            {"networks": "no-folder"},
            TrainingError,
            "'no-folder' is neither a folder nor the name of a network",
        ),
        ({"networks": "."}, RunError, "is not the folder of a run"),
        ({"networks": NETWORKS[0], "augment": ("cutout",), "cutout": 8}, TrainingError, "cutout is 8, which"),
        ({"networks": NETWORKS[0], "warmup": 9}, TrainingError, "warmup is 9 and epochs is 6"),
        (
            {"networks": NETWORKS[0], "recipe": "darst"},
            TrainingError,
            r"unknown recipe 'darst'; did you mean 'darts'",
        ),
        ({"networks": NETWORKS[0], "data": "no.npz"}, TrainingError, r"no\.npz: there is no such file"),
    ],
)
def test_mistakes_are_reported_before_anything_is_started(
    changes: dict[str, Any],
    kind: type[Exception],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {**RUN, "data": samples.labelled_images(), "out": tmp_path / "run", **changes}
    with pytest.raises(kind, match=message):
        train(**given)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("ray_session")
def test_more_cpus_than_there_are(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="a training needs 1000 CPUs, which no machine of the cluster has"):
        train(**RUN, data=samples.labelled_images(), cpus=1000.0, out=tmp_path / "run")
    with pytest.raises(ClusterError, match=r"1 CPUs and 0\.5 GPUs"):
        train(**RUN, data=samples.labelled_images(), device="cuda", gpus=0.5, out=tmp_path / "run")


def test_images_that_have_changed(expected: TrainResults, tmp_path: Path) -> None:
    config = json.loads((expected.run / "config.json").read_text())
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.json").write_text(json.dumps(config))
    samples.labelled_images(images=61).write(tmp_path / "images.npz")
    with pytest.raises(RunError, match=r"the images .* have changed since the run began"):
        resume_train(tmp_path)


def test_a_run_that_found_nothing_to_train(expected: TrainResults) -> None:
    with pytest.raises(TrainingError, match="the folder of a 'train' run, which finds no architectures"):
        train(expected.run, samples.labelled_images())
