"""Searches of many problems at once: finds architectures under a formula, by trials on a cluster."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ray import tune

from rayzc.cluster.connection import check_address
from rayzc.cluster.measuring.user_spaces import load_space, space_reference
from rayzc.cluster.own_code import record_code, require_known_code, space_code
from rayzc.cluster.searches.attempt import Attempt, Listener, loggers_named, work_of
from rayzc.cluster.searches.storage import Storage
from rayzc.errors import RunError, SearchError, SuiteError, nearest
from rayzc.formula import Formula
from rayzc.nas import Results, begin
from rayzc.options import Cluster, Place, SearchOptions, Setup, takes
from rayzc.problems import DEFAULT_SUITE, Problem, Suite, load_suite
from rayzc.runs import RunFolder, SearchConfig, lasting_place, local_path, require_unchanged, unused_folder
from rayzc.spaces import SPACES, SearchSpace, find_space, register_spaces, search_space
from rayzc.version import __version__

__all__ = ["resume_search", "search"]

OWN_SPACE = "in a program"
"""What a configuration has for a search space that no module has."""

_NOT_THERE = (
    "a run of searches has its folder on this machine; its checkpoints may be elsewhere, by --storage"
)


@takes(options=SearchOptions, cluster=Cluster, place=Place)
def search(
    formula: Formula | str,
    suite: Suite | str | Path | None = DEFAULT_SUITE,
    *,
    space: SearchSpace | str | None = None,
    options: SearchOptions,
    cluster: Cluster,
    place: Place,
    callbacks: Sequence[tune.Callback] = (),
    listen: Listener | None = None,
) -> Results:
    """Searches for architectures under a formula, on many problems at once, each with several seeds.

    Scores come from the suite's tables; what these lack is measured on the workers of the cluster, by the suite's
    benchmark where it has one. Every option below can be given by keyword.

    Args:
        formula: the score to be maximised.
        suite: a suite, or what :func:`rayzc.load_suite` takes; None to measure everything.
        space: a search space: one of :class:`rayzc.Choices`, ``module:attribute`` that is one, or a name such as
            ``mobilenetv2``. All its tasks are searched, unless problems are named; without a suite of its own,
            everything is measured.
        options: what to do.
        cluster: where to compute.
        place: where to keep the run.
        callbacks: further callbacks of Ray Tune; a resumed run does not have them.
        listen: called with the progress, twice a second.

    Raises:
        FormulaError: the formula does not parse.
        SearchError: an option cannot be used, or no search has found anything.
        SuiteError: the suite cannot be read, or has no such problem.
        RunError: the folder exists.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    loggers_named(options.loggers)
    out = place.out and local_path(place.out, _NOT_THERE)
    check_address(cluster.address)
    searched = _searched(space)
    if searched is not None and suite == DEFAULT_SUITE:
        suite = None
    whole = suite if isinstance(suite, Suite) or suite is None else load_suite(suite)
    chosen = _chosen(whole, options) if whole is not None else None
    setup = options.setup
    if whole is not None and (setup.width or setup.depth):
        size = "full-size" if whole.benchmark is None else "its benchmark's"
        raise SearchError(
            f"the scores of a suite are those of {size} networks and cannot be mixed with those of another width or "
            "depth: measure without a suite, --suite none (in Python suite=None), or leave out width and depth"
        )
    if setup.as_written is None:
        # As the tables were measured; those of a benchmark list canonical architectures alone.
        setup = setup.replaced(as_written=whole is not None and whole.benchmark is None)
    options = options.replaced(
        plan=options.plan.replaced(formula=str(formula)),
        problems=chosen.names if chosen is not None else _checked(options.problems, searched),
        leave_out=(),
        candidates=options.candidates or ("space" if whole is None else "table"),
        setup=_lasting(setup),
    )
    given = {name: getattr(options, name) for name in options.__struct_fields__}
    content_hash = whole.content_hash if whole is not None else None
    kept = None if suite is None else "" if isinstance(suite, Suite) else lasting_place(suite)
    config = SearchConfig(**given, rayzc=__version__, suite=kept, suite_hash=content_hash)
    if searched is not None:
        config = config.replaced(space=space_reference(searched) or OWN_SPACE)
    tables = {problem.name: problem for problem in chosen.problems} if chosen is not None else {}
    _check(config, tables)
    storage = None if options.storage is None else Storage(options.storage)
    if storage is not None and storage.used:
        raise SearchError(
            f"the storage {storage.place} holds the searches of another run: give another, or resume that run"
        )
    folder = RunFolder.create(out or unused_folder("search"), place.force)
    with folder.locked():
        record_code(folder, space_code(config.space))
        if suite is not None:
            config = config.replaced(suite=folder.keep_suite(suite))
        # Passwords in the URI of the storage serve this process alone.
        folder.write_config(config.replaced(storage=storage and storage.place).to_json())
        benchmark = whole.benchmark if whole is not None else None
        return Attempt(folder, config, tables, tuple(callbacks), listen, benchmark).go(
            cluster.workers, cluster.address, 0.0
        )


@takes(cluster=Cluster)
def resume_search(
    run: str | Path,
    *,
    time_limit: float | None = None,
    cluster: Cluster,
    listen: Listener | None = None,
    code: Sequence[str] = (),
    space: SearchSpace | None = None,
) -> Results:
    """Continues a run of searches, each from its last checkpoint; those that have ended stay as they are.

    Args:
        run: the run's folder.
        time_limit: seconds, including the time before; by default the run's own limit.
        cluster: where to compute.
        listen: called with the progress.
        code: modules of the user's own that may be imported although they have changed.
        space: the run's search space, where it was made in a program and not in a module.

    Raises:
        RunError: there is no such run, its suite or the code of its search space has changed, or another
            process works on it.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    folder = RunFolder.open(run)
    with folder.locked():
        config = SearchConfig.from_json(folder.read_config(), folder.config)
        if time_limit is not None:
            config = config.replaced(time_limit=time_limit)
        _known_again(folder, config, code, space)
        tables: dict[str, Problem] = {}
        benchmark = None
        if config.suite is not None:
            suite = folder.load_suite(config.suite)
            require_unchanged(suite, config.suite, config.suite_hash)
            tables = {name: suite.problem(name) for name in config.problems}
            benchmark = suite.benchmark
        before = max((float(event.get("seconds", 0.0)) for event in folder.recorded()), default=0.0)
        folder.record("resumed", seconds=before)
        attempt = Attempt(folder, config, tables, (), listen, benchmark)
        return attempt.go(cluster.workers, cluster.address, before)


def _check(config: SearchConfig, tables: Mapping[str, Problem]) -> None:
    """Begins every search once, so that mistakes are reported before anything is started."""
    work = work_of(config, tables)
    for name in config.problems:
        problem = work.problem(name)
        begin(work.plan, name, problem.domain, problem.source)


def _chosen(suite: Suite, options: SearchOptions) -> Suite:
    """The problems of a suite that are to be searched.

    Raises:
        SuiteError: the suite has no such problem.
    """
    for name in options.problems:
        space, _, task = name.partition("/")
        if name not in suite.names and space in SPACES and task in SPACES[space].tasks:
            raise SuiteError(
                f"suite {suite.name} has no problem '{name}'; --suite none (in Python suite=None) measures it "
                "without a suite"
            )
    return suite.select(options.problems, options.leave_out)


def _searched(space: SearchSpace | str | None) -> SearchSpace | None:
    """The search space that was asked for, known by name from now on."""
    if space is None:
        return None
    if isinstance(space, str):
        return load_space(space)
    if isinstance(space, type) or not isinstance(space, SearchSpace):
        raise SearchError(
            f"space is a {type(space).__name__}, not a search space: make one with rayzc.Choices({{...}}, build=...)"
        )
    if find_space(space.name) is not space:
        register_spaces([space])
    return space


def _known_again(
    folder: RunFolder, config: SearchConfig, code: Sequence[str], space: SearchSpace | None
) -> None:
    """Makes the search space of a run known by name, as it was when the run began.

    Raises:
        RunError: its code has changed or may not be run, or it was made in a program and is not given.
    """
    if space is not None:
        _searched(space)
    elif config.space == OWN_SPACE:
        raise RunError(
            f"{folder.path}: the run's search space was made in a program: continue it there, with "
            "rayzc.resume_search(run, space=...), or put the space into a module"
        )
    elif config.space is not None:
        require_known_code(folder, space_code(config.space), code)
        load_space(config.space)


def _checked(names: Sequence[str], searched: SearchSpace | None = None) -> tuple[str, ...]:
    """Names of problems of search spaces.

    Raises:
        SearchError: there are none, or one is not known.
    """
    if not names and searched is not None:
        names = [f"{searched.name}/{task}" for task in searched.tasks]
    if not names:
        raise SearchError("nothing to search: name a suite, or problems such as nasbench201/cifar10")
    for name in names:
        space, _, task = name.partition("/")
        tasks = search_space(space).tasks
        if task not in tasks:
            known = [f"{space}/{task}" for task in tasks]
            raise SearchError(f"there is no problem '{name}'; {nearest(name, known)}")
    return tuple(dict.fromkeys(names))


def _lasting(setup: Setup) -> Setup:
    """The setup with files that a run resumed from another folder finds."""
    images = lasting_place(setup.images) if setup.images else None
    return setup.replaced(images=images, data=str(Path(setup.data).resolve()))
