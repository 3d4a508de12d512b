"""Searches of many problems at once: a formula goes in, architectures come out, by way of trials on a cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ray import tune

from rayzc.cluster.measuring import Setup
from rayzc.cluster.searches.attempt import Attempt, Listener, loggers_named, work_of
from rayzc.cluster.searches.storage import Storage
from rayzc.errors import RunError, SearchError, nearest
from rayzc.formula import Formula
from rayzc.nas import Plan, PlanOptions, begin
from rayzc.problems import Problem, Suite, load_suite
from rayzc.problems.parquet import write_suite
from rayzc.runs import OWN_SUITE, RunFolder, SearchConfig, Searched, lasting_place, unused_folder
from rayzc.spaces import search_space
from rayzc.version import __version__

__all__ = ["resume_search", "search"]


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
        algorithm: a name in :data:`rayzc.nas.ALGORITHMS`.
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
    options = PlanOptions(
        formula=str(formula),
        algorithm=algorithm,
        budget=budget,
        seed=seed,
        batch=batch,
        constraints=tuple(constraints),
        minimise=tuple(minimise),
    )
    plan = Plan.of(options)
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
        suite=None if suite is None else OWN_SUITE if isinstance(suite, Suite) else lasting_place(suite),
        suite_hash=whole.content_hash if whole is not None else None,
        problems=names,
        candidates=candidates or ("space" if whole is None else "table"),
        setup=_lasting(setup).to_document(),
        time_limit=time_limit,
        storage=storage,
        loggers=tuple(loggers),
    )
    tables = {problem.name: problem for problem in chosen.problems} if chosen is not None else {}
    _check(config, tables)
    if storage is not None:
        Storage(storage)
    folder = RunFolder.create(Path(out) if out else unused_folder("search"), force)
    if isinstance(suite, Suite):
        write_suite(suite, folder.path / OWN_SUITE)
    folder.write_config(config.to_json())
    return Attempt(folder, config, tables, tuple(callbacks), listen).go(workers, address, 0.0)


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
        suite = load_suite(folder.suite(config.suite))
        if suite.content_hash != config.suite_hash:
            raise RunError(
                f"suite {config.suite} has changed since the run began (content hash {suite.content_hash[:12]}, was "
                f"{str(config.suite_hash)[:12]}): put the earlier one back, or start a new run"
            )
        tables = {name: suite.problem(name) for name in config.problems}
    before = max((float(one.get("seconds", 0.0)) for one in folder.recorded()), default=0.0)
    folder.record("resumed", seconds=before)
    return Attempt(folder, config, tables, (), listen).go(workers, address, before)


def _check(config: SearchConfig, tables: Mapping[str, Problem]) -> None:
    """Begins every search once, to have mistakes told before anything is started."""
    work = work_of(config, tables)
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


def _lasting(setup: Setup) -> Setup:
    """The setup with files that a run resumed from another folder finds."""
    images = lasting_place(setup.images) if setup.images else None
    return setup.replaced(images=images, data=str(Path(setup.data).resolve()))
