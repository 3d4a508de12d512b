"""Runs of trainings: trains networks on images as parallel tasks, and keeps every epoch in the folder of the run."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ray

from rayzc.cluster.connection import check_address, connected
from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.own_code import networks_code, record_code, require_known_code
from rayzc.cluster.readiness import warned_unless_ready
from rayzc.cluster.training.named import named_networks, shipped_by_value, users_networks
from rayzc.cluster.training.progress import Listener, ProgressReporter, State, TrainingProgress
from rayzc.cluster.training.tasks import MAX_DEATHS, TrainingTasks, capacity, chosen_device, died
from rayzc.cluster.training.worker import Report, Started
from rayzc.ending import Ending, Reason
from rayzc.errors import RunError, TrainingError, first_line
from rayzc.images import LabelledImages, read_images
from rayzc.options import Cluster, Place, TrainOptions, takes
from rayzc.runs import RunFolder, TrainConfig, local_path, unused_folder
from rayzc.training import NetworkSource, TrainingData
from rayzc.training.checkpoints import read_checkpoint, trained_of, write_checkpoint
from rayzc.training.results import Trained, TrainedNetwork, TrainResults
from rayzc.version import __version__

__all__ = ["resume_train", "train"]

_SECONDS_BETWEEN_RECORDS = 10.0
_NOT_THERE = "a run of trainings has its folder on this machine: give a path to --out"
_ray: Any = ray


@takes(options=TrainOptions, cluster=Cluster, place=Place)
def train(
    networks: Sequence[str | Path] | str | Path,
    data: LabelledImages | str | Path,
    *,
    options: TrainOptions,
    cluster: Cluster,
    place: Place,
    listen: Listener | None = None,
) -> TrainResults:
    """Trains networks on images, as parallel tasks of a cluster, and measures their test accuracy.

    Every training has a checkpoint after every epoch, from which :func:`resume_train` reaches the same accuracies.
    Every option below can be given by keyword.

    Args:
        networks: a network or several: ``space:encoding``, such as ``nasbench201:(4, 3, 3, 3, 2, 3)``; the folder of a
            run of searches, for the architectures that it found; or your own network as ``module:factory``.
        data: an ``.npz`` file with the arrays ``images`` and ``labels``, and optionally ``test_images`` and
            ``test_labels``; a folder of class folders; the name of a torchvision data set; or
            :class:`rayzc.images.LabelledImages`.
        options: how to train.
        cluster: where to compute.
        place: where to keep the run.
        listen: called with the progress, twice a second.

    Raises:
        TrainingError: networks, images or recipe cannot be used, or all trainings failed.
        SpaceError: an encoding is not an architecture of its space, or the space cannot build it for these images.
        ProxyError: the user's own network cannot be imported.
        RunError: the folder exists.
        ClusterError: Ray cannot be reached or started, refuses the connection, or no machine can run a training.
    """
    recipe = options.effective_recipe
    out = place.out and local_path(place.out, _NOT_THERE)
    check_address(cluster.address)
    given = [networks] if isinstance(networks, str | Path) else list(networks)
    names = named_networks(given, options.shortlist)
    images = _read(data, options)
    prepared = TrainingData.of(images.split(options.test_share, options.seed))
    _check(names, prepared, options)
    recipe.check_side(min(prepared.input_shape[-2:]))
    options = options.replaced(datasets=str(Path(options.datasets).resolve()))
    fields = {name: getattr(options, name) for name in options.__struct_fields__}
    folder = RunFolder.create(out or unused_folder("train"), place.force)
    with folder.locked():
        config = TrainConfig(
            **fields,
            rayzc=__version__,
            networks=names,
            data=folder.keep_images(data),
            data_hash=images.fingerprint,
        )
        folder.write_config(config.to_json())
        record_code(folder, networks_code(names))
        with connected(cluster.address, cluster.workers, folder.again):
            # Stored, so that a resumed run uses the same device.
            config = config.replaced(device=chosen_device(config.device))
            folder.write_config(config.to_json())
            return _Run(folder, config, images, prepared, listen).go(cluster.workers, 0.0)


@takes(cluster=Cluster)
def resume_train(
    run: str | Path,
    *,
    time_limit: float | None = None,
    cluster: Cluster,
    listen: Listener | None = None,
    code: Sequence[str] = (),
) -> TrainResults:
    """Continues a run of trainings, each from its last epoch; those that have ended stay as they are.

    Args:
        run: the run's folder.
        time_limit: seconds, including the time before; by default the run's own limit.
        cluster: where to compute.
        listen: called with the progress.
        code: your own modules that the run names, and that may be imported even if they have changed or lie in its
            folder.

    Raises:
        RunError: there is no such run, its images have changed, another process works on it, or its own networks are
            not known to be those of the run.
        TrainingError: images or a checkpoint cannot be read, or all trainings failed.
        ClusterError: Ray cannot be reached or started, refuses the connection, or no machine can run a training.
    """
    folder = RunFolder.open(run)
    with folder.locked():
        config = TrainConfig.from_json(folder.read_config(), folder.config)
        if time_limit is not None:
            config = config.replaced(time_limit=time_limit)
        require_known_code(folder, networks_code(config.networks), code)
        check_address(cluster.address)
        images = _read(folder.images(config.data), config)
        if images.fingerprint != config.data_hash:
            raise RunError(
                f"the images {config.data} have changed since the run began: restore the earlier images, or start a "
                "new run"
            )
        before = max((float(event.get("seconds", 0.0)) for event in folder.recorded()), default=0.0)
        folder.record("resumed", seconds=before)
        prepared = TrainingData.of(images.split(config.test_share, config.seed))
        _check(config.networks, prepared, config)
        with connected(cluster.address, cluster.workers, folder.again):
            config = config.replaced(device=chosen_device(config.device))
            return _Run(folder, config, images, prepared, listen).go(cluster.workers, before)


def _read(data: LabelledImages | str | Path, options: TrainOptions) -> LabelledImages:
    if isinstance(data, LabelledImages):
        return data
    return read_images(data, TrainingError, side=options.image_size, folder=Path(options.datasets))


def _check(names: Sequence[str], data: TrainingData, options: TrainOptions) -> None:
    """Builds every network once, so that mistakes are reported before anything is started."""
    for name in names:
        NetworkSource.named(name).build(data, width=options.width, depth=options.depth, seed=options.seed)


@dataclass
class _Run:
    """A run of trainings, from the checkpoints in its folder to its end."""

    folder: RunFolder
    config: TrainConfig
    images: LabelledImages
    data: TrainingData
    listen: Listener | None
    trained: dict[tuple[int, int], Trained] = field(default_factory=dict)
    failures: dict[tuple[int, int], str] = field(default_factory=dict)
    processes: int = 0
    """How many have started."""

    def go(self, workers: int | None, before: float) -> TrainResults:
        """Runs the trainings that have not ended.

        Args:
            workers: number of trainings that may run at a time; None for as many as the cluster has room for.
            before: seconds that the run took before a resume.
        """
        config, begun = self.config, time.monotonic() - before
        epochs = config.effective_recipe.epochs
        rows = []
        for place, seed in config.trainings:
            kept = read_checkpoint(self.folder.training(place, seed))
            trained = trained_of(kept, self.folder.training(place, seed)) if kept is not None else None
            if trained is not None:
                self.trained[place, seed] = trained
            state = State.ENDED if trained is not None and trained.finished else State.WAITING
            rows.append(TrainingProgress(config.networks[place], seed, epochs, state, trained))
        reporter = ProgressReporter(rows, begun, config.time_limit, self._heard)
        ending = Ending(Reason.ALL_TRAINED)
        left = [row for row, progress in zip(config.trainings, rows, strict=True) if progress.left]
        if left:
            self.folder.record("started", rayzc=__version__, trainings=len(left), device=config.device)
            ready = warned_unless_ready(lambda: self.processes)
            with shipped_by_value(config.networks), Interrupts() as interrupts, ready:
                ending = self._train(left, reporter, interrupts, workers)
        reporter.report(always=True)
        return self._conclude(ending, round(reporter.seconds, 3), reporter.lost)

    def _train(
        self,
        left: list[tuple[int, int]],
        reporter: ProgressReporter,
        interrupts: Interrupts,
        workers: int | None,
    ) -> Ending:
        config = self.config
        places = {training: number for number, training in enumerate(config.trainings)}
        images = _ray.put(self.images.split(config.test_share, config.seed))
        tasks = TrainingTasks(config, images, users_networks(config, self.data))
        deaths: Counter[tuple[int, int]] = Counter()
        waiting = list(reversed(left))
        try:
            while waiting or len(tasks):
                if interrupts.received:
                    return Ending.interrupted_by(interrupts.received)
                if reporter.out_of_time:
                    return Ending(Reason.TIME_LIMIT)
                reporter.parallel = capacity(config, workers)
                while waiting and len(tasks) < reporter.parallel:
                    place, seed = waiting.pop()
                    tasks.start(place, seed, read_checkpoint(self.folder.training(place, seed)))
                    reporter.update(places[place, seed], State.TRAINING)
                for place, seed, event in tasks.events():
                    training = (place, seed)
                    if isinstance(event, Started):
                        self.processes += 1
                    elif isinstance(event, Report):
                        deaths[training] = 0
                        self.trained[training] = event.trained
                        write_checkpoint(self.folder.training(place, seed), event.checkpoint)
                        reporter.update(places[training], State.TRAINING, event.trained, event.process)
                    elif event is None:
                        reporter.update(places[training], State.ENDED)
                    elif died(event) and deaths[training] + 1 < MAX_DEATHS:
                        deaths[training] += 1
                        reporter.lost += 1
                        waiting.append(training)
                    else:
                        self.failures[training] = first_line(event)
                        reporter.update(places[training], State.FAILED)
                reporter.report()
        finally:
            tasks.cancel()
        return Ending(Reason.ALL_TRAINED)

    def _heard(self, progress: Any) -> None:
        self.folder.record_now_and_then(
            "progress", _SECONDS_BETWEEN_RECORDS, seconds=round(progress.seconds, 3)
        )
        if self.listen:
            self.listen(progress)

    def _conclude(self, ending: Ending, seconds: float, lost: int) -> TrainResults:
        config = self.config
        seeds = range(config.seed, config.seed + config.seeds)
        networks = []
        for place, name in enumerate(config.networks):
            trained = {seed: self.trained[place, seed] for seed in seeds if (place, seed) in self.trained}
            networks.append(
                TrainedNetwork(
                    name,
                    trained,
                    {seed: self.folder.training(place, seed) for seed in trained},
                    {seed: self.failures[place, seed] for seed in seeds if (place, seed) in self.failures},
                )
            )
        results = TrainResults(tuple(networks), self.folder.local, ending, seconds, lost)
        results = replace(results, trouble=self.folder.write_or_say(self.folder.result, results.to_json()))
        self.folder.record("stopped", why=results.stopped, seconds=seconds)
        if self.failures and not self.trained and not results.interrupted:
            (place, seed), why = next(iter(self.failures.items()))
            raise TrainingError(f"{config.networks[place]}, seed {seed}: {why}")
        return results
