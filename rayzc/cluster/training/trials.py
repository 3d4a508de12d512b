"""Trainings by a benchmark: in chunks on the cluster, and each kept as soon as it has ended."""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import ray
import ray.exceptions

from rayzc.cluster.readiness import warned_unless_ready
from rayzc.errors import ClusterError, SuiteError, TrainingError, first_line
from rayzc.options import Recipe
from rayzc.problems import Benchmark, ImageTask

__all__ = ["Trial", "TrialLog", "TrialTasks", "conditions", "known_accuracies", "train_trials"]

_CHUNK_SECONDS = 5.0
_LARGEST_CHUNK = 64
_WAIT_SECONDS = 0.5
_ray: Any = ray


class Trial(NamedTuple):
    """A training: a network of a search space on a task, under a seed."""

    space: str
    architecture: str
    task: str
    seed: int

    @property
    def problem(self) -> tuple[str, str]:
        """Search space and task."""
        return self.space, self.task


def conditions(benchmark: Benchmark, space: str, task: str, device: str) -> str:
    """A hash of everything else that determines the accuracy of a trial."""
    document = {
        "task": benchmark.task(task).fingerprint,
        "scale": list(benchmark.shapes.scale(space)),
        "recipe": benchmark.recipe_of(space),
        "device": device,
        "torch": version("torch").partition("+")[0],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


class TrialLog:
    """The accuracies of trials that have ended, in a file with a JSON object per line.

    A crash can only cut off the last line, which is then ignored.

    Args:
        path: the file; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[tuple[Trial, str], float]:
        """The accuracy by trial and :func:`conditions`; nan for a training that diverged."""
        found: dict[tuple[Trial, str], float] = {}
        if not self._path.is_file():
            return found
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
                trial = Trial(row["space"], row["architecture"], row["task"], row["seed"])
                accuracy = row["accuracy"]
                found[trial, row["conditions"]] = math.nan if accuracy is None else float(accuracy)
            except (ValueError, TypeError, KeyError):
                continue
        return found

    def add(self, rows: Mapping[tuple[Trial, str], float]) -> None:
        """Appends trials.

        Raises:
            SuiteError: the file cannot be written.
        """
        text = "".join(
            json.dumps(
                {
                    **trial._asdict(),
                    "conditions": known,
                    "accuracy": None if math.isnan(accuracy) else accuracy,
                }
            )
            + "\n"
            for (trial, known), accuracy in rows.items()
        )
        try:
            with self._path.open("ab+") as file:
                # A line that was cut off is ended first, so that it does not spoil the next one.
                if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                    text = "\n" + text
                file.write(text.encode())
        except OSError as error:
            raise SuiteError(f"{self._path} cannot be written: {error.strerror or error}") from None


@ray.remote(max_retries=3)
def _trained(
    chunk: Sequence[Trial], task: ImageTask, scale: tuple[int, int], recipe: Recipe, device: str, gpus: float
) -> tuple[list[float], float]:
    """Trains networks one after the other; returns their accuracies, and the seconds that it took."""
    from rayzc.training import NetworkSource, TrainingData, train_network, use_resources

    begun = time.perf_counter()
    use_resources(device, 1, gpus)
    data = TrainingData.of_task(task)
    found = []
    for trial in chunk:
        source = NetworkSource.named(f"{trial.space}:{trial.architecture}")
        network = source.build(data, width=scale[0], depth=scale[1], seed=trial.seed)
        found.append(train_network(network, data, recipe, seed=trial.seed, device=device).accuracy)
    return found, time.perf_counter() - begun


@ray.remote(max_retries=3)
def _ready() -> None:
    """Ends as soon as there is room for a task and its process has started."""


_TASK: Any = _trained
_ROOM: Any = _ready


def known_accuracies(
    benchmark: Benchmark, trials: Sequence[Trial], path: Path, device: str
) -> dict[Trial, float]:
    """The accuracies of the trials that a file of :class:`TrialLog` has, trained on the same kind of device."""
    known, logged = _conditions(benchmark, trials, device), TrialLog(path).read()
    return {
        trial: logged[trial, known[trial.problem]]
        for trial in trials
        if (trial, known[trial.problem]) in logged
    }


def _conditions(benchmark: Benchmark, trials: Sequence[Trial], device: str) -> dict[tuple[str, str], str]:
    problems = dict.fromkeys(trial.problem for trial in trials)
    return {problem: conditions(benchmark, *problem, device) for problem in problems}


def train_trials(
    benchmark: Benchmark,
    trials: Sequence[Trial],
    path: Path,
    *,
    device: str,
    workers: int,
    gpus: float,
    stop: Callable[[], bool],
    tell: Callable[[int, float | None], None] | None = None,
) -> dict[Trial, float]:
    """Trains networks that have not been trained yet, in the order given.

    Args:
        benchmark: how networks are built, shown images and trained.
        trials: the trainings.
        path: the file in which accuracies are kept; what it has is not trained again.
        device: where to train.
        workers: number of trainings that run at a time.
        gpus: GPUs that a task takes on cuda.
        stop: called twice a second; if it returns true, trainings at work are ended, and what has been done returned.
        tell: called twice a second with the number of known accuracies, and the seconds left; None for no estimate.

    Returns:
        The accuracy of each trial that was trained, now or before; nan for a training that diverged.

    Raises:
        ClusterError: a task died again and again.
        RayzcError: a network cannot be built or trained, or the file cannot be written.
    """
    log, found = TrialLog(path), known_accuracies(benchmark, trials, path, device)
    known = _conditions(benchmark, trials, device)
    left = [trial for trial in trials if trial not in found]
    tasks = TrialTasks(benchmark, device, workers, gpus)
    try:
        with warned_unless_ready(lambda: int(tasks.ready)):
            while (left or tasks.busy) and not stop():
                tasks.fill_up(left)
                for chunk, accuracies in tasks.ended():
                    ended = dict(zip(chunk, accuracies, strict=True))
                    log.add({(trial, known[trial.problem]): value for trial, value in ended.items()})
                    found |= ended
                if tell:
                    tell(len(found), tasks.seconds_left([trial for trial in trials if trial not in found]))
    finally:
        tasks.cancel()
    return found


class TrialTasks:
    """Trials at work on the cluster, a few seconds of them in each task.

    Args:
        benchmark: how networks are built, shown images and trained.
        device: where they are trained.
        workers: how many tasks run at a time.
        gpus: GPUs that a task takes on cuda.
    """

    def __init__(self, benchmark: Benchmark, device: str, workers: int, gpus: float) -> None:
        self._benchmark, self._device, self._workers, self._gpus = benchmark, device, workers, gpus
        self._recipes = {
            space: Recipe.from_document(benchmark.recipe_of(space), "the benchmark's recipe", TrainingError)
            for space in benchmark.scales
        }
        self._images = {name: ray.put(task) for name, task in benchmark.tasks.items()}
        self._options = {"num_cpus": 1, **({"num_gpus": gpus} if device == "cuda" else {})}
        self._room = _ROOM.options(**self._options).remote()
        self._seconds: dict[tuple[str, str], float] = {}
        self._running: dict[Any, tuple[Trial, ...]] = {}

    @property
    def busy(self) -> bool:
        """Whether a task is at work."""
        return bool(self._running)

    @property
    def ready(self) -> bool:
        """Whether the cluster has had room for a task, and a process for it has started."""
        return bool(_ray.wait([self._room], timeout=0)[0])

    def seconds_left(self, trials: Sequence[Trial]) -> float | None:
        """How long trials will take, by how long those of their problems took so far; None if too little is known."""
        if not self._seconds:
            return None
        mean = sum(self._seconds.values()) / len(self._seconds)
        return sum(self._seconds.get(trial.problem, mean) for trial in trials) / self._workers

    def fill_up(self, trials: list[Trial]) -> None:
        """Starts tasks with the first of these trials, which are removed, until all workers are busy."""
        while trials and len(self._running) < self._workers:
            first = trials[0]
            count = 1
            while (
                count < min(len(trials), self._chunk(first.problem))
                and trials[count].problem == first.problem
            ):
                count += 1
            chunk, trials[:count] = tuple(trials[:count]), []
            scale = self._benchmark.shapes.scale(first.space)
            reference = _TASK.options(**self._options).remote(
                chunk, self._images[first.task], scale, self._recipes[first.space], self._device, self._gpus
            )
            self._running[reference] = chunk

    def ended(self) -> Iterator[tuple[tuple[Trial, ...], list[float]]]:
        """Waits a moment, and yields the trials that have ended with their accuracies.

        Raises:
            ClusterError: a task died again and again.
            RayzcError: a network cannot be built or trained.
        """
        ready, _ = _ray.wait([*self._running], timeout=_WAIT_SECONDS, num_returns=1)
        for reference in ready:
            chunk = self._running.pop(reference)
            try:
                accuracies, seconds = _ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause if isinstance(error.cause, Exception) else error from None
            except ray.exceptions.RayError as error:
                first = chunk[0]
                raise ClusterError(
                    f"the trainings of {first.space}/{first.task} from {first.architecture} on died four times: "
                    f"{first_line(error)}; see the logs of Ray for the reason, then run the command again to continue"
                ) from None
            self._seconds[chunk[0].problem] = seconds / len(chunk)
            yield chunk, accuracies

    def cancel(self) -> None:
        """Ends all tasks."""
        for reference in (self._room, *self._running):
            _ray.cancel(reference, force=True)
        self._running.clear()

    def _chunk(self, problem: tuple[str, str]) -> int:
        """How many trials of a problem go into a task: one at first, then a few seconds of them."""
        seconds = self._seconds.get(problem)
        return (
            1 if seconds is None else max(1, min(_LARGEST_CHUNK, round(_CHUNK_SECONDS / max(seconds, 1e-3))))
        )
