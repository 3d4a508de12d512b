"""An attempt at a run of searches: trials of Ray Tune, from the last checkpoints to their ends or a signal."""

import importlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import FIFOScheduler

from rayzc.cluster.connection import connected
from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.measuring import MeasuringPool, measuring_pool
from rayzc.cluster.searches.progress import ProgressReporter, SearchProgress, Stop
from rayzc.cluster.searches.schedule import Deadline, Schedule, Trial
from rayzc.cluster.searches.storage import Storage, trial_folder
from rayzc.cluster.searches.trial import SearchTrial, Work, reported, trial_of, trial_text
from rayzc.errors import SearchError, first_line
from rayzc.nas.outcome import outcome_of
from rayzc.nas.plan import Plan
from rayzc.nas.results import Results
from rayzc.nas.search import Search, SearchEnding
from rayzc.problems import Benchmark, Problem
from rayzc.runs import Ending, Reason, RunFolder, SearchConfig
from rayzc.version import __version__

__all__ = ["LOGGERS", "Attempt", "Listener", "loggers_named", "work_of"]

Listener = Callable[[SearchProgress], None]

_SECONDS_BETWEEN_RECORDS = 5.0
# Searches that wait for measurements do little, so many run at once; each search on a table keeps a core busy.
_MOST_WAITING = 32
# Starting a process takes seconds of a core, so a time limit leaves each core only as many as keep it busy.
_WAITING_PER_CORE = 2
_FAILURES = 16
# A search looks at the clock between its batches; what takes longer than this after its end, as a hung worker, is left.
_OVERRUN = 3.0
_SECONDS_TO_STOP = 3  # for the process of a search; by default, Tune waits for ten minutes
# A trial needs no CPU of the cluster, but Tune requires some resource.
_RESOURCES = [{"CPU": 0.0, "memory": 1024.0}]

_cluster_resources: Any = ray.cluster_resources


def _logger(module: str, name: str, **arguments: Any) -> Callable[[], Any]:
    return lambda: getattr(importlib.import_module(module), name)(**arguments)


LOGGERS: Mapping[str, Callable[[], Any]] = {
    "csv": _logger("ray.tune.logger", "CSVLoggerCallback"),
    "json": _logger("ray.tune.logger", "JsonLoggerCallback"),
    "tensorboard": _logger("ray.tune.logger", "TBXLoggerCallback"),
    "mlflow": _logger("ray.air.integrations.mlflow", "MLflowLoggerCallback", experiment_name="rayzc"),
    "wandb": _logger("ray.air.integrations.wandb", "WandbLoggerCallback", project="rayzc"),
}
"""Tune's loggers by name. The last two need packages that rayzc does not install, and take their servers from the
environment."""


class _NewestFirst(FIFOScheduler):
    """Gives a free process to the search that was added last.

    Those before it have processes that are starting. Tune would give the free process to the first of them and end
    the process that starts for it, so that searches on tables, which take less time than a start, would all go through
    one process while others were started and ended beside it.
    """

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        waiting = [trial for trial in tune_controller.get_trials() if trial.status == "PENDING"]
        return waiting[-1] if waiting else None


@dataclass(frozen=True)
class Attempt:
    """An attempt at a run, from its start or its checkpoints to its end.

    Attributes:
        folder: the run's folder.
        config: what was asked for.
        tables: by name of the problem.
        callbacks: further callbacks of Tune's.
        listen: called with the progress, twice a second.
        benchmark: of the suite, by which is measured; None where it has none.
    """

    folder: RunFolder
    config: SearchConfig
    tables: Mapping[str, Problem]
    callbacks: tuple[tune.Callback, ...]
    listen: Listener | None
    benchmark: Benchmark | None = None

    def go(self, workers: int | None, address: str | None, before: float) -> Results:
        """Runs the searches that have not ended yet.

        Args:
            workers: how many workers measure.
            address: of a Ray cluster.
            before: seconds that earlier attempts took.
        """
        begun = time.monotonic() - before
        config, storage = (
            self.config,
            Storage(self.config.storage or self.folder.local / self.folder.checkpoints.name),
        )
        found = {trial: storage.newest(trial) for trial in config.trials}
        more_time = config.time_limit is None or before < config.time_limit
        done: dict[Trial, Results] = {}
        started: dict[Trial, Search] = {}
        for trial, (search, results) in found.items():
            late = search is not None and search.ended is SearchEnding.TIME_LIMIT
            if results is not None and not (late and more_time):
                done[trial] = results
            elif search is not None:
                started[trial] = replace(search, ended=None) if late else search
        left = [trial for trial in config.trials if trial not in done]
        work = replace(work_of(config, self.tables), started=started)
        ending, numbers = Ending(Reason.ALL_ENDED), {"measured": 0, "cached": 0, "workers_lost": 0}
        trouble = None
        if left:
            with connected(address, workers, self.folder.again), ExitStack() as stack:
                work = replace(work, pool=stack.enter_context(self._pool(work, workers)))
                at_once = _at_once(measuring=work.pool is not None, limited=config.time_limit is not None)
                if config.time_limit is not None:
                    deadline = Deadline.in_(begun + config.time_limit - time.monotonic())
                    work = replace(work, schedule=Schedule(tuple(left), at_once, deadline))
                interrupts = stack.enter_context(Interrupts())
                known = {
                    trial: reported(search, work.problem(trial[0]).truth, trial in done)
                    for trial, (search, _) in found.items()
                    if search
                }
                reporter = ProgressReporter(
                    config.trials, config.plan.budget, known, begun, config.time_limit, work.pool, self._hear
                )
                self.folder.record("started", rayzc=__version__, searches=len(left))
                end = None if config.time_limit is None else begun + config.time_limit + _OVERRUN
                stop = Stop(interrupts, end, reporter.all_begun)
                errors = self._tune(storage, left, work, reporter, stop, at_once)
                reporter.report(always=True)
                if work.pool:
                    statistics = work.pool.statistics()
                    numbers = {
                        "measured": statistics.measured,
                        "cached": statistics.cached,
                        "workers_lost": statistics.lost,
                    }
                    trouble = work.pool.close_or_say()
                if stop.overrun:
                    ending = Ending(Reason.TIME_LIMIT)
                if interrupts.received:
                    ending = Ending.interrupted_by(interrupts.received)
            for trial in left:
                done[trial] = self._concluded(trial, storage, work, errors.get(trial), ending)
        return self._conclude(done, ending, time.monotonic() - begun, numbers, trouble)

    def _concluded(
        self, trial: Trial, storage: Storage, work: Work, error: str | None, ending: Ending
    ) -> Results:
        """The results of a search, or the best that it had found when all were stopped."""
        search, results = storage.newest(trial)
        if results is not None:
            return results
        if error is not None:
            return Results((), failures={trial_text(trial): error})
        if search is None or search.best is None:
            return Results(())
        if ending.reason is Reason.TIME_LIMIT:
            search = replace(search, ended=search.ended or SearchEnding.TIME_LIMIT)
        problem = work.problem(trial[0])
        return Results((outcome_of(search, problem.domain.space, problem.truth),))

    @contextmanager
    def _pool(self, work: Work, workers: int | None) -> Iterator[MeasuringPool | None]:
        if not any(work.needs_measuring(name) for name in self.config.problems):
            yield None
            return
        cache = self.folder.local / "cache"
        with measuring_pool(self.config.setup, workers, cache, benchmark=self.benchmark) as pool:
            yield pool

    def _tune(
        self,
        storage: Storage,
        trials: Sequence[Trial],
        work: Work,
        reporter: ProgressReporter,
        stop: Stop,
        at_once: int,
    ) -> dict[Trial, str]:
        """Runs the trials to their ends, or to a signal; returns what went wrong, by trial."""
        # Only the loggers that were named, and our own handler of signals.
        os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
        os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
        os.environ["TUNE_FORCE_TRIAL_CLEANUP_S"] = str(_SECONDS_TO_STOP)
        os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # it prints whatever the verbosity
        logging.getLogger("ray.tune").setLevel(logging.ERROR)
        trainable = tune.with_resources(
            tune.with_parameters(SearchTrial, work=work), tune.PlacementGroupFactory(_RESOURCES)
        )
        tuner = tune.Tuner(
            trainable,
            param_space={"trial": tune.grid_search([list(trial) for trial in trials])},
            tune_config=tune.TuneConfig(
                scheduler=_NewestFirst(),  # type: ignore[no-untyped-call]  # as Tune has it
                reuse_actors=True,
                max_concurrent_trials=at_once,
                trial_name_creator=lambda trial: trial_folder(trial_of(trial.config)),
                trial_dirname_creator=lambda trial: trial_folder(trial_of(trial.config)),
            ),
            run_config=tune.RunConfig(
                name=storage.next_attempt(),
                storage_path=storage.path,
                storage_filesystem=storage.system,
                failure_config=tune.FailureConfig(max_failures=_FAILURES),
                checkpoint_config=tune.CheckpointConfig(
                    num_to_keep=2, checkpoint_frequency=1, checkpoint_at_end=True
                ),
                callbacks=[reporter, *loggers_named(self.config.loggers), *self.callbacks],
                stop=stop,
                verbose=0,
            ),
        )
        grid = tuner.fit()
        errors: dict[Trial, str] = {}
        for result in (grid[place] for place in range(len(grid))):
            if result.error is not None and result.config:
                errors[trial_of(result.config)] = str(result.error).strip().splitlines()[-1]
        return errors

    def _hear(self, progress: SearchProgress) -> None:
        self.folder.record_now_and_then(
            "progress", _SECONDS_BETWEEN_RECORDS, seconds=round(progress.seconds, 3)
        )
        if self.listen:
            self.listen(progress)

    def _conclude(
        self,
        done: Mapping[Trial, Results],
        ending: Ending,
        seconds: float,
        numbers: Mapping[str, int],
        trouble: str | None,
    ) -> Results:
        parts = [done[trial] for trial in self.config.trials if trial in done]
        results = Results(
            tuple(outcome for part in parts for outcome in part.outcomes),
            tuple(comparison for part in parts for comparison in part.comparisons),
            {name: why for part in parts for name, why in part.failures.items()},
            self.folder.local,
            ending,
            round(seconds, 3),
            trouble=None,
            **numbers,
        )
        trouble = self.folder.write_or_say(self.folder.result, results.to_json()) or trouble
        results = replace(results, trouble=trouble)
        self.folder.record("stopped", why=results.stopped, seconds=results.seconds)
        if not results.outcomes and results.failures and not results.interrupted:
            name, why = next(iter(results.failures.items()))
            raise SearchError(why if why.startswith(name.partition(",")[0]) else f"{name}: {why}")
        return results


def _at_once(measuring: bool, limited: bool) -> int:
    """How many searches run at once, each in a process of its own."""
    cores = max(1, int(_cluster_resources().get("CPU", 1)))
    if not measuring:
        return cores
    return min(_MOST_WAITING, _WAITING_PER_CORE * cores) if limited else _MOST_WAITING


def loggers_named(names: Sequence[str]) -> list[Any]:
    """Makes loggers of Tune's.

    Raises:
        SearchError: the package of one is not installed.
    """
    made = []
    for name in names:
        try:
            made.append(LOGGERS[name]())
        except (ImportError, RuntimeError) as error:
            raise SearchError(f"the logger {name} cannot be used: {first_line(error)}") from None
    return made


def work_of(config: SearchConfig, tables: Mapping[str, Problem]) -> Work:
    """What the searches of a configuration share, except for the pool."""
    # This imports torch, which the processes of the searches, which import this package, do not need.
    from rayzc.proxies import registered

    return Work(Plan.of(config.plan), tables, config.candidates == "table", frozenset(registered()))
