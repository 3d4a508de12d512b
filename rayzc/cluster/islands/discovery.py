"""Discovery: breeds formulas on a suite, with islands on a cluster, and keeps them in a run's folder."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

from rayzc.cluster.connection import check_address, connected, number_of_workers
from rayzc.cluster.islands.breeding import DiscoveryRun, breed
from rayzc.cluster.islands.files import RunFiles, warn_by_default
from rayzc.cluster.islands.folds import Folds
from rayzc.cluster.islands.progress import Progress
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.cluster.own_code import objective_code, record_code, require_known_code
from rayzc.errors import RunError, counted
from rayzc.evolution import Island, Judge, Tables, check_settings
from rayzc.evolution.transfer import spaces_of
from rayzc.options import Cluster, DiscoverOptions, Limits, Place, Settings, takes
from rayzc.options.runs import DEFAULT_SECONDS
from rayzc.problems import DEFAULT_SUITE, Suite, load_suite
from rayzc.runs import (
    DiscoverConfig,
    Discovery,
    RunFolder,
    read_newest,
    restore,
    split,
    unused_folder,
)
from rayzc.version import __version__

__all__ = ["continued_run", "discover", "resume", "with_islands"]

Listener = Callable[[Progress], None]

_WITHOUT_LIMITS = Limits(time_limit=DEFAULT_SECONDS)


@takes(options=DiscoverOptions, cluster=Cluster, place=Place)
def discover(
    suite: Suite | str | Path = DEFAULT_SUITE,
    *,
    options: DiscoverOptions,
    cluster: Cluster,
    place: Place,
    listen: Listener | None = None,
    warn: Callable[[str], None] = warn_by_default,
    island_workers: IslandWorkers | None = None,
) -> Discovery:
    """Breeds formulas on a suite, on Ray, and keeps all of it in a run's folder.

    Every option below can be given by keyword.

    Args:
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        options: what to do.
        cluster: where to compute.
        place: where to keep the run.
        listen: called with the progress, a few times per second.
        warn: called with a line if the run's folder cannot be written; by default Python warns.
        island_workers: workers of other discoveries, to share; by default it starts its own.

    Raises:
        SuiteError: the suite cannot be read or is not fit for use.
        RunError: the folder exists, or an option cannot be used.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    check_address(cluster.address)
    settings = with_islands(options.settings, cluster)
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    chosen = whole.select(options.problems, options.leave_out).for_fitting(options.proxies)
    fitting, validation = split(chosen, options.holdout, settings.seed)
    check_settings(settings, chosen.problems[0].proxies)
    limits = options.limits.or_else(_WITHOUT_LIMITS)
    folder = RunFolder.create(place.out or unused_folder("discover"), place.force)
    with folder.locked(warn):
        config = DiscoverConfig(
            problems=chosen.names,
            leave_out=options.leave_out,
            proxies=chosen.problems[0].proxies,
            holdout=options.holdout,
            settings=settings,
            limits=limits,
            cross_validate=options.share_for(limits) if len(spaces_of(chosen)) > 1 else 0.0,
            choose=options.choose,
            rayzc=__version__,
            suite=folder.keep_suite(suite),
            suite_hash=whole.content_hash,
        )
        folder.write_config(config.to_json())
        record_code(folder, objective_code(settings))
        folds = Folds.of(fitting, chosen, settings, config.cross_validate or 0.0)
        run = DiscoveryRun(RunFiles(folder, warn), config, fitting, validation, folds)
        return _bred(run, folder, cluster, listen, island_workers)


def with_islands(
    settings: Settings, cluster: Cluster, say: Callable[[str], None] = lambda text: None
) -> Settings:
    """The settings with a number of islands, found out from the number of workers where it was ``auto``.

    Args:
        settings: how formulas are bred.
        cluster: where to compute.
        say: called with a line that says the number.

    Raises:
        ClusterError: the cluster cannot be reached.
    """
    if settings.islands != "auto":
        return settings
    workers = number_of_workers(cluster.address, cluster.workers)
    settings = settings.for_workers(workers)
    say(
        f"{settings.islands} islands for {counted(workers, 'worker')}; to repeat this run: --islands {settings.islands}"
    )
    return settings


@takes(limits=Limits, cluster=Cluster)
def resume(
    run: str | Path,
    *,
    limits: Limits,
    cluster: Cluster,
    listen: Listener | None = None,
    warn: Callable[[str], None] = warn_by_default,
    island_workers: IslandWorkers | None = None,
    code: Sequence[str] = (),
) -> Discovery:
    """Continues a run from its newest checkpoint; the number of workers may be another.

    Args:
        run: the run's folder.
        limits: when to stop; by default as the run was asked to.
        cluster: where to compute.
        listen: called with the progress.
        warn: called with a line for every checkpoint that cannot be read and is passed over, and if the folder cannot
            be written; by default Python warns.
        island_workers: workers of other discoveries, to share; by default it starts its own.
        code: your own modules that the run names, and that may be imported even if they have changed or lie in its
            folder.

    Raises:
        RunError: there is no such run, its suite has changed, no checkpoint can be read, another process has it, or its
            own objective is not known to be that of the run.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    folder = RunFolder.open(run)
    with folder.locked(warn):
        settings = DiscoverConfig.from_json(folder.read_config(), folder.config).settings
        require_known_code(folder, objective_code(settings), code)
        continued = continued_run(folder, limits, warn)
        return _bred(continued, folder, cluster, listen, island_workers)


def continued_run(folder: RunFolder, limits: Limits, warn: Callable[[str], None]) -> DiscoveryRun:
    """A discovery at the newest checkpoint of its folder, ready to be bred on.

    Args:
        folder: the folder, which this process has locked.
        limits: when to stop; those of the run where there are none.
        warn: called with a line for every checkpoint that cannot be read and is passed over.

    Raises:
        RunError: its suite has changed, or no checkpoint can be read.
    """
    config = DiscoverConfig.from_json(folder.read_config(), folder.config)
    config = config.replaced(limits=limits.or_else(config.limits))
    chosen = config.chosen(folder.load_suite)
    fitting, validation = split(chosen, config.holdout, config.settings.seed)
    folds = Folds.of(fitting, chosen, config.settings, config.cross_validate or 0.0)
    check_settings(config.settings, fitting.problems[0].proxies)

    def pass_over(text: str) -> None:
        folder.record("checkpoint passed over", reason=text)
        warn(text)

    document = read_newest(folder.checkpoints, pass_over)
    islands, seconds, improved = None, 0.0, None
    if document is not None:
        islands = _restored(document, [(Tables.of(fitting), config.settings), *folds.groups])
        seconds, improved = float(document["seconds"]), document.get("improved")
    folder.record("resumed", epoch=islands[0].epoch if islands else None)
    return DiscoveryRun(
        RunFiles(folder, warn), config, fitting, validation, folds, islands, seconds, improved
    )


def _restored(document: dict[str, Any], groups: Sequence[tuple[Tables, Settings]]) -> tuple[Island, ...]:
    """The islands of a checkpoint, group by group, judged again on the tables of their group."""
    rest = iter(document["islands"])
    islands: list[Island] = []
    for tables, settings in groups:
        own = {**document, "islands": [*islice(rest, settings.number_of_islands)]}
        islands += restore(own, Judge.of(tables, settings), settings)
    return tuple(islands)


def _bred(
    run: DiscoveryRun,
    folder: RunFolder,
    cluster: Cluster,
    listen: Listener | None,
    shared: IslandWorkers | None,
) -> Discovery:
    """Breeds until a limit is met or a signal comes.

    Raises:
        RunError: a signal came before there was a result.
    """

    def tell(runs: Sequence[DiscoveryRun]) -> None:
        if listen:
            listen(runs[0].progress)

    with connected(cluster.address, cluster.workers, folder.again):
        # Workers that are shared are not ended here.
        with nullcontext(shared) if shared else IslandWorkers(cluster.workers) as workers:
            received = breed([run], workers, tell)
    if run.result is None:
        assert received is not None
        raise RunError(f"{received.name} came before the end of the first epoch: there is no result to keep")
    return run.result
