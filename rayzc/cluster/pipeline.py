"""From a suite to trained networks in one run.

The stages are a discovery, cross-validated over the search spaces, searches with its formula, and trainings of what
they found. Each keeps its state in a folder below the run's, so it can be resumed wherever it was interrupted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from rayzc.cluster.connection import check_address
from rayzc.cluster.islands.discovery import with_islands
from rayzc.cluster.own_code import objective_code, record_code, require_known_code
from rayzc.cluster.stages import Listener, Stages
from rayzc.evolution import check_settings
from rayzc.formula import Formula
from rayzc.nas import Plan
from rayzc.options import Cluster, Limits, Place, RunOptions, takes
from rayzc.options.runs import DEFAULT_SECONDS, QUICK_SECONDS, RUN_SECONDS
from rayzc.problems import DEFAULT_SUITE, Suite, load_suite
from rayzc.runs import Discovery, Pipeline, PipelineConfig, RunFolder, local_path, unused_folder
from rayzc.version import __version__

__all__ = ["resume_run", "run"]

_DISCOVERY_SHARE, _QUICK_DISCOVERY_SHARE = 0.4, 0.25
"""The share of the time of a run in which formulas are bred. Searches and trainings have more to begin with."""
_NOT_THERE = "a run of all stages has its folder on this machine: give a path to --out"


@takes(options=RunOptions, cluster=Cluster, place=Place)
def run(
    suite: Suite | str | Path = DEFAULT_SUITE,
    *,
    formula: Formula | str | None = None,
    options: RunOptions,
    cluster: Cluster,
    place: Place,
    listen: Listener | None = None,
    found: Callable[[Discovery], None] = lambda discovery: None,
) -> Pipeline:
    """Breeds a formula on a suite, searches with it on every problem at once, and trains what was found.

    The formula is bred on three quarters of the networks, and judged on the rest. Beside it, formulas are bred without
    one search space at a time, and judged on it: what they say decides which formula is used. Networks are trained if
    the suite has a benchmark, which says how.

    Every option below can be given by keyword.

    Args:
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        formula: the formula to search with; by default one is bred first.
        options: what to do.
        cluster: where to compute.
        place: where to keep the run.
        listen: called with the progress, a few times a second.
        found: called with the result of each discovery.

    Raises:
        SuiteError: the suite cannot be read or is not fit for use.
        FormulaError: the formula does not parse.
        SearchError: an option of the searches cannot be used.
        RunError: the folder exists, or an option cannot be used.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    out = place.out and local_path(place.out, _NOT_THERE)
    check_address(cluster.address)
    options = options.replaced(settings=with_islands(options.settings, cluster))
    text = None if formula is None else str(formula)
    plan = options.search.plan.replaced(seed=options.settings.seed)
    # Report mistakes in the options of the searches before a formula is bred.
    Plan.of(plan.replaced(formula=text or "flops"))
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    chosen = whole.select(options.problems, options.leave_out).for_fitting(options.proxies)
    if formula is None:
        check_settings(options.settings, chosen.problems[0].proxies)
    options = _timed(options)
    candidates = options.search.candidates or ("table" if whole.benchmark is None else "space")
    folder = RunFolder.create(out or unused_folder("run"), place.force)
    with folder.locked():
        options = options.replaced(search=options.search.replaced(plan=plan, candidates=candidates))
        given = {name: getattr(options, name) for name in options.__struct_fields__}
        config = PipelineConfig(**given, rayzc=__version__, suite=folder.keep_suite(suite), formula=text)
        folder.write_config(config.to_json())
        record_code(folder, objective_code(options.settings))
        return Stages(folder, config, cluster, listen, found).go()


def _timed(options: RunOptions) -> RunOptions:
    """The options with a time limit for the run, if it has no other, and for its discovery."""
    limit, own = options.time_limit, options.limits
    if limit is None and options.quick:
        limit = QUICK_SECONDS
    elif limit is None and own == Limits():
        limit = RUN_SECONDS
    if own.time_limit is None and limit is not None:
        breeding = limit * (_QUICK_DISCOVERY_SHARE if options.quick else _DISCOVERY_SHARE)
        own = own.replaced(time_limit=min(DEFAULT_SECONDS, round(breeding, 3)))
    return options.replaced(time_limit=limit, limits=own)


@takes(cluster=Cluster)
def resume_run(
    path: str | Path,
    *,
    time_limit: float | None = None,
    cluster: Cluster,
    listen: Listener | None = None,
    found: Callable[[Discovery], None] = lambda discovery: None,
    warn: Callable[[str], None] = lambda text: None,
    code: Sequence[str] = (),
) -> Pipeline:
    """Continues a run in the stage in which it was interrupted.

    Args:
        path: the run's folder.
        time_limit: seconds, including the time before; by default the run's own limit.
        cluster: where to compute.
        listen: called with the progress.
        found: called with the result of each discovery.
        warn: called with a line for every checkpoint that cannot be read and is passed over.
        code: your own modules that the run names, and that may be imported even if they have changed or lie in its
            folder.

    Raises:
        RunError: there is no such run, its suite has changed, another process works on it, or its own objective is not
            known to be that of the run.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    folder = RunFolder.open(path)
    with folder.locked():
        config = PipelineConfig.from_json(folder.read_config(), folder.config)
        if time_limit is not None:
            config = config.replaced(time_limit=time_limit)
        modules = objective_code(config.settings)
        require_known_code(folder, modules, code)
        return Stages(folder, config, cluster, listen, found, warn, modules).go()
