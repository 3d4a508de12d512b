"""Searches of many problems at once: a formula goes in, architectures come out, by way of trials on a cluster."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import ray
from ray import tune

from rayzc import __version__
from rayzc.cluster.connection import connected
from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.measuring import MeasuringPool, Setup, measuring_pool
from rayzc.cluster.searches.loggers import loggers_named
from rayzc.cluster.searches.progress import SearchProgress, Stop, Watch
from rayzc.cluster.searches.storage import Storage, trial_folder
from rayzc.cluster.searches.trial import SearchTrial
from rayzc.cluster.searches.work import Trial, Work
from rayzc.errors import RunError, SearchError, nearest
from rayzc.files import write_atomically
from rayzc.formula import Formula
from rayzc.problems import Problem, Suite, load_suite
from rayzc.problems.parquet import write_suite
from rayzc.runs import RunFolder, SearchConfig, Searched, json_text
from rayzc.search import Results, Search, begin, parse_plan
from rayzc.spaces import search_space

__all__ = ["resume_search", "search"]

Listener = Callable[[SearchProgress], None]

_OWN_SUITE = "suite.parquet"
_SECONDS_BETWEEN_RECORDS = 5.0
# Searches that wait for measurements are many processes that do little; those on tables keep a core busy each.
_MOST_WAITING = 32
_FAILURES = 4
# A trial holds no CPU of the cluster's, and Tune wants it to hold something.
_RESOURCES = [{"CPU": 0.0, "memory": 1024.0}]
_ALL_ENDED = "all searches ended"


def search(
    formula: Formula | str,
    suite: Suite | str | Path | None = None,
    *,
    problems: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    candidates: str | None = None,
    algorithm: str = "regularized_evolution",
    budget: int = 1000,
    seeds: int = 3,
    seed: int = 0,
    batch: int = 10,
    constraints: Sequence[str] = (),
    minimise: Sequence[str] = (),
    setup: Setup | None = None,
    time_limit: float | None = None,
    workers: int | None = None,
    address: str | None = None,
    storage: str | None = None,
    loggers: Sequence[str] = (),
    callbacks: Sequence[tune.Callback] = (),
    out: str | Path | None = None,
    force: bool = False,
    listen: Listener | None = None,
) -> Searched:
    """Searches for architectures under a formula, on many problems at once, each with several seeds.

    Scores come from the suite's tables; what these lack is measured on the workers of the cluster.

    Args:
        formula: the score to be maximised.
        suite: a suite, or what :func:`rayzc.load_suite` takes; None to measure everything.
        problems: names or patterns of the suite's problems, by default all; without a suite names of search spaces
            and their tasks, ``nasbench201/cifar10``.
        leave_out: names or patterns of problems, search spaces or tasks of the suite to leave out.
        candidates: ``table`` to search among the rows of the tables, ``space`` in the whole search spaces; by default
            the table where there is a suite.
        algorithm: a name in :data:`rayzc.search.ALGORITHMS`.
        budget: how many distinct architectures a search may evaluate.
        seeds: how many searches each problem gets.
        seed: of the first of them; the others follow.
        batch: architectures that a search asks for at a time.
        constraints: what an architecture has to meet, ``params < 1.5``.
        minimise: further objectives, ``flops``.
        setup: how networks are measured.
        time_limit: seconds after which all searches end with what they have.
        workers: how many workers measure; by default as many as the cluster has room for.
        address: of a Ray cluster; by default ``RAY_ADDRESS``, else a Ray of our own on this machine.
        storage: where the searches keep their checkpoints, a path or a URI of pyarrow's (``s3://...``); by default in
            the run's folder.
        loggers: names of Tune's loggers to tell: ``csv``, ``json``, ``tensorboard``, ``mlflow``, ``wandb``.
        callbacks: further callbacks of Tune's; a resumed run does not have them.
        out: folder of the run; by default a new one below ``runs``.
        force: overwrite the run that is in `out`.
        listen: is told of the progress, twice a second.

    Raises:
        FormulaError: the formula does not parse.
        SearchError: the searches make no sense, or none has found anything.
        SuiteError: the suite cannot be read, or has no such problem.
        RunError: the folder exists.
        ClusterError: there is no Ray, or it refuses us.
    """
    plan = parse_plan(
        str(formula), constraints, minimise, algorithm=algorithm, budget=budget, seed=seed, batch=batch
    )
    loggers_named(loggers)
    whole = suite if isinstance(suite, Suite) or suite is None else load_suite(suite)
    chosen = whole.select(problems, leave_out) if whole is not None else None
    names = chosen.names if chosen is not None else _checked(problems)
    setup = setup or Setup(as_written=whole is not None)
    if whole is not None and (setup.width or setup.depth):
        raise SearchError(
            "a suite's scores are of networks of full size, and do not go with those of another width or depth: leave "
            "out the suite, or width and depth"
        )
    config = SearchConfig(
        rayzc=__version__,
        plan=plan,
        seeds=seeds,
        suite=None if suite is None else _OWN_SUITE if isinstance(suite, Suite) else _place(suite),
        suite_hash=whole.content_hash if whole is not None else None,
        problems=names,
        candidates=candidates or ("space" if whole is None else "table"),
        setup=asdict(replace(setup, images=_place(setup.images) if setup.images else None)),
        time_limit=time_limit,
        storage=storage,
        loggers=tuple(loggers),
    )
    tables = {problem.name: problem for problem in chosen.problems} if chosen is not None else {}
    _check(config, tables)
    if storage is not None:
        Storage(storage)
    folder = RunFolder.create(Path(out) if out else _new_folder(), force)
    if isinstance(suite, Suite):
        write_suite(suite, folder.path / _OWN_SUITE)
    folder.write_config(config.to_json())
    return _Run(folder, config, tables, tuple(callbacks), listen).go(workers, address, 0.0)


def resume_search(
    run: str | Path,
    *,
    time_limit: float | None = None,
    workers: int | None = None,
    address: str | None = None,
    listen: Listener | None = None,
) -> Searched:
    """Goes on with a run of searches, each from its last checkpoint; those that are over stay as they are.

    Args:
        run: the run's folder.
        time_limit: seconds, the time before included; by default as the run was told.
        workers: how many workers measure.
        address: of a Ray cluster.
        listen: is told of the progress.

    Raises:
        RunError: there is no such run, or its suite has changed.
        ClusterError: there is no Ray, or it refuses us.
    """
    folder = RunFolder.open(Path(run))
    config = SearchConfig.from_json(folder.read_config(), folder.config)
    config = replace(config, time_limit=time_limit or config.time_limit)
    tables: dict[str, Problem] = {}
    if config.suite is not None:
        suite = load_suite(folder.path / _OWN_SUITE if config.suite == _OWN_SUITE else config.suite)
        if suite.content_hash != config.suite_hash:
            raise RunError(
                f"suite {config.suite} has changed since the run began (content hash {suite.content_hash[:12]}, was "
                f"{str(config.suite_hash)[:12]}): put the earlier one back, or start a new run"
            )
        tables = {name: suite.problem(name) for name in config.problems}
    before = max((float(one.get("seconds", 0.0)) for one in folder.recorded()), default=0.0)
    folder.record("resumed", seconds=before)
    return _Run(folder, config, tables, (), listen).go(workers, address, before)


@dataclass(frozen=True)
class _Run:
    """One stretch of a run, from its start or its checkpoints to its end."""

    folder: RunFolder
    config: SearchConfig
    tables: Mapping[str, Problem]
    callbacks: tuple[tune.Callback, ...]
    listen: Listener | None

    def go(self, workers: int | None, address: str | None, before: float) -> Searched:
        """Runs what is not over yet."""
        begun = time.monotonic() - before
        config, storage = self.config, Storage(self.config.storage or self.folder.checkpoints)
        found = {trial: storage.newest(trial) for trial in config.trials}
        done = {trial: results for trial, (_, results) in found.items() if results is not None}
        left = [trial for trial in config.trials if trial not in done]
        started = {trial: text for trial, (text, _) in found.items() if text is not None}
        work = replace(_work(config, self.tables), started={t: started[t] for t in left if t in started})
        if config.time_limit is not None:
            work = replace(work, deadline=time.time() + config.time_limit - before)
        stopped, numbers = _ALL_ENDED, {"measured": 0, "cached": 0, "workers_lost": 0}
        if left:
            with connected(address, workers), ExitStack() as stack:
                work = replace(work, pool=stack.enter_context(self._pool(work, workers)))
                interrupts = stack.enter_context(Interrupts())
                known = {trial: _told(started[trial], trial in done) for trial in started}
                watch = Watch(
                    config.trials, config.plan.budget, known, begun, config.time_limit, work.pool, self._hear
                )
                self.folder.record("started", rayzc=__version__, searches=len(left))
                errors = self._tune(storage, left, work, watch, Stop(interrupts))
                watch.tell(always=True)
                if work.pool:
                    statistics = work.pool.statistics()
                    numbers = {
                        "measured": statistics.measured,
                        "cached": statistics.cached,
                        "workers_lost": statistics.lost,
                    }
                if interrupts.received:
                    stopped = f"interrupted by {interrupts.received}"
            for trial in left:
                results = storage.newest(trial)[1]
                if results is not None:
                    done[trial] = results
                elif trial in errors:
                    name, seed = trial
                    done[trial] = Results((), failures={f"{name}, seed {seed}": errors[trial]})
        return self._conclude(done, stopped, time.monotonic() - begun, numbers)

    @contextmanager
    def _pool(self, work: Work, workers: int | None) -> Iterator[MeasuringPool | None]:
        if not any(work.needs_measuring(name) for name in self.config.problems):
            yield None
            return
        setup = _setup(self.config)
        with measuring_pool(setup, workers=workers, cache=self.folder.path / "cache") as pool:
            yield pool

    def _tune(
        self, storage: Storage, trials: Sequence[Trial], work: Work, watch: Watch, stop: Stop
    ) -> dict[Trial, str]:
        """Runs the trials to their ends, or to a signal; gives what went wrong by trial."""
        # Loggers are named, not taken for granted; the signals are ours.
        os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
        os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
        os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # it prints whatever the verbosity
        logging.getLogger("ray.tune").setLevel(logging.ERROR)
        trainable = tune.with_resources(
            tune.with_parameters(SearchTrial, work=work), tune.PlacementGroupFactory(_RESOURCES)
        )
        cores = max(1, int(_cluster_resources().get("CPU", 1)))
        tuner = tune.Tuner(
            trainable,
            param_space={"trial": tune.grid_search([list(trial) for trial in trials])},
            tune_config=tune.TuneConfig(
                reuse_actors=True,
                max_concurrent_trials=_MOST_WAITING if work.pool else cores,
                trial_name_creator=lambda trial: trial_folder(_trial(trial)),
                trial_dirname_creator=lambda trial: trial_folder(_trial(trial)),
            ),
            run_config=tune.RunConfig(
                name=storage.next_attempt(),
                storage_path=storage.path,
                storage_filesystem=storage.system,
                failure_config=tune.FailureConfig(max_failures=_FAILURES),
                checkpoint_config=tune.CheckpointConfig(
                    num_to_keep=2, checkpoint_frequency=1, checkpoint_at_end=True
                ),
                callbacks=[watch, *loggers_named(self.config.loggers), *self.callbacks],
                stop=stop,
                verbose=0,
            ),
        )
        grid = tuner.fit()
        errors: dict[Trial, str] = {}
        for result in (grid[place] for place in range(len(grid))):
            if result.error is not None and result.config:
                name, seed = result.config["trial"]
                errors[str(name), int(seed)] = str(result.error).strip().splitlines()[-1]
        return errors

    def _hear(self, progress: SearchProgress) -> None:
        self.folder.record_now_and_then(
            "progress", _SECONDS_BETWEEN_RECORDS, seconds=round(progress.seconds, 3)
        )
        if self.listen:
            self.listen(progress)

    def _conclude(
        self, done: Mapping[Trial, Results], stopped: str, seconds: float, numbers: Mapping[str, int]
    ) -> Searched:
        parts = [done[trial] for trial in self.config.trials if trial in done]
        results = Results(
            tuple(outcome for part in parts for outcome in part.outcomes),
            tuple(comparison for part in parts for comparison in part.comparisons),
            {name: why for part in parts for name, why in part.failures.items()},
        )
        searched = Searched(self.folder.path, results, stopped, round(seconds, 3), **numbers)
        write_atomically(self.folder.result, json_text(searched.to_json()))
        self.folder.record("stopped", why=stopped, seconds=searched.seconds)
        if not results.outcomes and results.failures and not searched.interrupted:
            name, why = next(iter(results.failures.items()))
            raise SearchError(why if why.startswith(name.partition(",")[0]) else f"{name}: {why}")
        return searched


def _trial(trial: Any) -> Trial:
    name, seed = trial.config["trial"]
    return str(name), int(seed)


def _work(config: SearchConfig, tables: Mapping[str, Problem]) -> Work:
    # It imports torch, for which the processes of the searches, which import this package, have no use.
    from rayzc.proxies import registered

    return Work(config.plan, tables, config.candidates == "table", frozenset(registered()))


def _check(config: SearchConfig, tables: Mapping[str, Problem]) -> None:
    """Begins every search once, to have mistakes told before anything is started."""
    work = _work(config, tables)
    for name in config.problems:
        problem = work.problem(name)
        begin(config.plan, name, problem.domain, problem.source)


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    """Names of problems of search spaces.

    Raises:
        SearchError: there are none, or one is not known.
    """
    if not names:
        raise SearchError("nothing to search: name a suite, or problems such as nasbench201/cifar10")
    for name in names:
        space, _, task = name.partition("/")
        tasks = search_space(space).tasks
        if task not in tasks:
            known = [f"{space}/{one}" for one in tasks]
            raise SearchError(f"there is no problem '{name}'; {nearest(name, known)}")
    return tuple(dict.fromkeys(names))


def _setup(config: SearchConfig) -> Setup:
    known = {field.name for field in fields(Setup)}
    return Setup(**{name: value for name, value in config.setup.items() if name in known})


def _told(text: str, done: bool) -> dict[str, Any]:
    """What a search had told when it was stopped."""
    search: Search = Search.from_json(text)
    best = search.best
    return {
        "evaluated": len(search.evaluations),
        "cache_hits": search.cache_hits,
        "score": best.score if best else None,
        "accuracy": None,
        "done": done,
    }


def _place(source: str | Path) -> str:
    """A path that still holds from another folder, or a suite's name as it is."""
    path = Path(source)
    return str(path.resolve()) if path.exists() else str(source)


def _new_folder() -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"search-{stamp}{suffix}" for suffix in ["", *(f"-{number}" for number in range(2, 99))])
    return next(path for path in (Path("runs", name) for name in names) if not path.exists())


_cluster_resources: Any = ray.cluster_resources
