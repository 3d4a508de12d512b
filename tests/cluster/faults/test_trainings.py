"""Trainings whose processes are killed: the same accuracies, alone and as the last stage of a run."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from rayzc.cluster.finals import Finishing
from rayzc.cluster.pipeline import run
from rayzc.cluster.training import TrainProgress, resume_train, train
from rayzc.cluster.training import progress as reports
from rayzc.runs import Pipeline
from tests.cluster.faults.conftest import Survived
from tests.cluster.faults.drivers import descendants, started, wait_until
from tests.cluster.test_finals import TRAINED, accuracies, small_benchmark
from tests.cluster.training.samples import NETWORKS, RUN, numbers
from tests.training import samples

pytestmark = pytest.mark.cluster

ALONE = {**RUN, "networks": NETWORKS[0], "seeds": 1, "epochs": 40}


@pytest.fixture(autouse=True)
def _every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is reported after every epoch."""
    monkeypatch.setattr(reports, "INTERVAL", 0.0)


def test_the_worker_of_a_training(ray_session: None, tmp_path: Path, survived: Survived) -> None:
    happened: dict[str, float] = {}
    reached = [0]

    def kill(progress: TrainProgress) -> None:
        (training,) = progress.trainings
        if training.state == "training" and training.epoch >= 4 and not happened:
            happened["killed"], reached[0] = time.monotonic(), training.epoch
            os.kill(training.process, signal.SIGKILL)
        elif happened and "recovered" not in happened and progress.lost and training.epoch > reached[0]:
            happened["recovered"] = time.monotonic()

    undisturbed = train(**ALONE, data=samples.labelled_images(), out=tmp_path / "undisturbed")
    result = train(**ALONE, data=samples.labelled_images(), out=tmp_path / "run", listen=kill)
    assert result.workers_lost >= 1
    seconds = happened["recovered"] - happened["killed"]
    survived(
        "SIGKILL of the worker of a training, to its next epoch",
        seconds,
        numbers(result) == numbers(undisturbed),
    )


def test_the_command(ray_session: None, tmp_path: Path, survived: Survived) -> None:
    """The driver of ``rayzc train`` and its workers are killed together, as by an operator."""
    samples.labelled_images().write(tmp_path / "images.npz")
    undisturbed = train(**ALONE, data=tmp_path / "images.npz", out=tmp_path / "undisturbed")
    out = tmp_path / "run"
    given = ["train", NETWORKS[0], "--data", str(tmp_path / "images.npz"), "--out", str(out)]
    given += ["--epochs", "40", "--batch-size", "16", "--width", "4", "--depth", "1", "--seed", "3"]
    given += ["--augment", "flip,crop"]
    with started(*given) as driver:
        wait_until(lambda: any(out.glob("checkpoints/training-*.pt")), driver)
        for process in (driver.pid, *descendants(driver.pid)):
            os.kill(process, signal.SIGKILL)
        driver.wait()
    begun = time.monotonic()
    result = resume_train(out)
    seconds = time.monotonic() - begun
    survived(
        "SIGKILL of rayzc train and all its workers, to the end of the resume",
        seconds,
        numbers(result) == numbers(undisturbed),
    )


@pytest.fixture(scope="module")
def finals(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return run(small_benchmark(), **TRAINED, out=tmp_path_factory.mktemp("finals") / "run")


def test_the_worker_of_a_trial(finals: Pipeline, tmp_path: Path, survived: Survived) -> None:
    """In the last stage of ``rayzc run``, Ray runs a trial again whose worker was killed."""
    killed: list[float] = []
    recovered: list[float] = []
    over = threading.Event()

    def kill() -> None:
        while not killed and not over.wait(0.005):
            victims = [pid for pid in descendants(os.getpid()) if _name(pid).startswith("ray::_trained")]
            with suppress(ProcessLookupError):
                for victim in victims[:1]:
                    os.kill(victim, signal.SIGKILL)
                    killed.append(time.monotonic())

    def hear(progress: object) -> None:
        if killed and not recovered and isinstance(progress, Finishing) and progress.done:
            recovered.append(time.monotonic())

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        whole = run(small_benchmark(), **TRAINED, out=tmp_path / "run", listen=hear)
    finally:
        over.set()
        killer.join()
    assert killed
    survived(
        "SIGKILL of the worker of a trial, to the next trials",
        recovered[0] - killed[0],
        accuracies(whole) == accuracies(finals),
    )


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""
