"""Builds a suite from its specification: trains every network for real, and measures all proxies on it.

All that has been done is kept beside the suite, in a folder that ends in ``.building``: a build that was interrupted or
killed continues there, and gives the same suite.
"""

import json
import math
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import ray

from rayzc.cluster.connection import check_address, connected
from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.measuring.filling import Failure, fill_suite
from rayzc.cluster.measuring.workers import capacity
from rayzc.cluster.training.trials import Trial, known_accuracies, train_trials
from rayzc.documents import write_atomically
from rayzc.errors import SuiteError
from rayzc.options import BuildOptions, Cluster, takes
from rayzc.problems import Benchmark, BuildSpec, Problem, Suite, benchmark_of, read_spec, write_suite
from rayzc.runs import local_path
from rayzc.runs.lock import locked
from rayzc.version import __version__

__all__ = ["Building", "Built", "build_suite"]

_resources: Any = ray.cluster_resources
_AGAIN = "repeat the command"


@dataclass(frozen=True, slots=True)
class Building:
    """Progress of a build.

    Attributes:
        stage: ``training`` or ``measuring``.
        done: how many trainings have ended, or networks have been measured.
        total: of how many.
        seconds: since the start of the command.
        seconds_left: of this stage; None if too little is known.
        workers: how many are at work.
    """

    stage: str
    done: int
    total: int
    seconds: float
    seconds_left: float | None
    workers: int


@dataclass(frozen=True)
class Built:
    """A suite that was built.

    Attributes:
        suite: the suite; None if the build was interrupted.
        out: its file.
        folder: what has been done so far.
        trainings: how many trainings there are.
        trained: how many this command did.
        diverged: how many diverged: their accuracy is that of a guess.
        measured: networks that this command measured.
        failures: scores that could not be measured.
        seconds: how long this command took.
        interrupted: the signal that ended it early; None if it ended by itself.
    """

    suite: Suite | None
    out: Path
    folder: Path
    trainings: int
    trained: int
    diverged: int
    measured: int
    failures: tuple[Failure, ...]
    seconds: float
    interrupted: signal.Signals | None = None


@takes(options=BuildOptions, cluster=Cluster)
def build_suite(
    spec: BuildSpec | str | Path,
    out: str | Path,
    *,
    options: BuildOptions,
    cluster: Cluster,
    listen: Callable[[Building], None] | None = None,
) -> Built:
    """Builds a suite: trains the networks of a specification, measures all proxies on them, and writes the file.

    Ctrl-C and SIGTERM end it early. Whatever ended it, the next call continues, on any number of workers, and gives
    the same file.

    Args:
        spec: the specification, or its TOML file, see :func:`rayzc.problems.read_spec`.
        out: the Parquet file to write. What has been done is kept in a folder beside it.
        options: where to train and measure.
        cluster: where to compute.
        listen: called with the progress, about twice a second.

    Raises:
        SuiteError: the specification, its images or the file cannot be used.
        TrainingError: a network cannot be trained.
        ClusterError: there is no Ray cluster, or a worker died again and again.
        RunError: another process is building this file.
    """
    path = local_path(out, "a suite is written to a file of this machine: give a path to --out")
    check_address(cluster.address)
    known = spec if isinstance(spec, BuildSpec) else read_spec(spec)
    folder = path.with_suffix(".building")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        return _Build(
            known, benchmark_of(known), path, folder, options, cluster, listen, time.monotonic()
        ).go()


@dataclass(frozen=True)
class _Build:
    """A build from wherever it stands to its end."""

    spec: BuildSpec
    benchmark: Benchmark
    out: Path
    folder: Path
    options: BuildOptions
    cluster: Cluster
    listen: Callable[[Building], None] | None
    begun: float

    def go(self) -> Built:
        """Does what is left to do."""
        networks = {space: self.spec.networks(space) for space in self.spec.spaces}
        trials = [
            Trial(space, architecture, task, seed)
            for space, task in self.spec.problems
            for architecture in networks[space]
            for seed in self.spec.trainings
        ]
        date = self._date()
        with connected(self.cluster.address, self.cluster.workers, _AGAIN):
            device = self.options.setup.device or ("cuda" if _resources().get("GPU", 0) else "cpu")
            accuracies, trained, interrupted = self._trained(trials, device)
            built = Built(None, self.out, self.folder, len(trials), trained, 0, 0, (), 0.0, interrupted)
            if interrupted is None:
                diverged = sum(math.isnan(accuracy) for accuracy in accuracies.values())
                built = self._measured(
                    replace(built, suite=self._suite(networks, accuracies), diverged=diverged)
                )
        if built.interrupted is None and built.suite is not None:
            built = replace(
                built, suite=replace(built.suite, metadata=self._metadata(date, device, built.diverged))
            )
            assert built.suite is not None
            write_suite(built.suite, self.out)
        return replace(built, seconds=round(time.monotonic() - self.begun, 3))

    def _date(self) -> str:
        """The day on which the build began, so that a build that is continued gives the same file."""
        path = self.folder / "build.json"
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["date"])
        except (OSError, ValueError, KeyError, TypeError):
            date = f"{datetime.now(UTC):%Y-%m-%d}"
            write_atomically(
                path, json.dumps({"date": date, "specification": self.spec.document}, indent=1) + "\n"
            )
            return date

    def _trained(
        self, trials: list[Trial], device: str
    ) -> tuple[dict[Trial, float], int, signal.Signals | None]:
        """The accuracy of every trial, how many were trained now, and the signal that ended it early, if one did."""
        path = self.folder / "trainings.jsonl"
        before = len(known_accuracies(self.benchmark, trials, path, device))
        workers = self.cluster.workers or capacity(self.options.setup, device)
        with Interrupts() as interrupts:
            found = train_trials(
                self.benchmark,
                trials,
                path,
                device=device,
                workers=workers,
                gpus=self.options.setup.gpus,
                stop=lambda: interrupts.received is not None,
                tell=lambda done, left: self._tell("training", done, len(trials), left, workers),
            )
        return found, len(found) - before, interrupts.received

    def _suite(self, networks: Mapping[str, tuple[str, ...]], accuracies: Mapping[Trial, float]) -> Suite:
        """The suite without scores. A training that diverged has the accuracy of a guess."""
        problems = []
        for space, task in self.spec.problems:
            guess = 1 / self.benchmark.task(task).classes
            repeats = np.array(
                [
                    [accuracies[Trial(space, architecture, task, seed)] for seed in self.spec.trainings]
                    for architecture in networks[space]
                ]
            )
            repeats = np.where(np.isnan(repeats), guess, repeats)
            problems.append(
                Problem(
                    space,
                    task,
                    networks[space],
                    (),
                    np.empty((len(repeats), 0)),
                    repeats.mean(axis=1),
                    repeats=repeats,
                )
            )
        return Suite(self.spec.name, tuple(problems), benchmark=self.benchmark)

    def _measured(self, built: Built) -> Built:
        """The suite with the scores of all proxies."""
        from rayzc.proxies import registered

        suite, failures, measured = built.suite, built.failures, built.measured
        assert suite is not None
        everything = tuple(name for name, proxy in registered().items() if proxy.built_in)
        for space in self.spec.spaces:
            filled = fill_suite(
                suite,
                proxies=self.spec.measured(space) or everything,
                problems=(space,),
                setup=self.options.setup.replaced(as_written=False),
                workers=self.cluster.workers,
                cache=self.folder / "scores",
                listen=lambda filling: self._tell(
                    "measuring",
                    filling.done,
                    filling.rows,
                    filling.seconds * (filling.rows - filling.done) / filling.done if filling.done else None,
                    filling.statistics.workers,
                ),
            )
            suite, failures = filled.suite, (*failures, *filled.failures)
            measured += filled.statistics.measured
            if filled.trouble:
                raise SuiteError(filled.trouble)
            if filled.interrupted is not None:
                return replace(
                    built, suite=None, failures=failures, measured=measured, interrupted=filled.interrupted
                )
        return replace(built, suite=suite, failures=failures, measured=measured)

    def _metadata(self, date: str, device: str, diverged: int) -> dict[str, str]:
        return {
            "origin": f"built by rayzc {__version__} with torch {version('torch')} on {device}",
            "date": date,
            "specification": json.dumps(self.spec.document, sort_keys=True),
            "diverged": str(diverged),
            "measured": f"{self.options.setup.batch} training images of each task, seed 0, canonical forms",
        }

    def _tell(self, stage: str, done: int, total: int, left: float | None, workers: int) -> None:
        if self.listen:
            seconds = time.monotonic() - self.begun
            self.listen(Building(stage, done, total, seconds, left, workers))
