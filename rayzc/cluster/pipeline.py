"""From a suite to architectures in one run: a discovery, then searches with the formula that it found.

Each stage is a run of its own in a folder below the run's, so it can be resumed wherever it was interrupted.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rayzc.cluster.connection import check_address, connected
from rayzc.cluster.islands.discovery import discover, resume
from rayzc.cluster.islands.progress import Progress
from rayzc.cluster.searches.progress import SearchProgress
from rayzc.cluster.searches.searching import resume_search, search
from rayzc.evolution import check_settings
from rayzc.formula import Formula
from rayzc.nas import Plan, Results
from rayzc.options import Cluster, Limits, Place, RunOptions, takes
from rayzc.options.runs import DEFAULT_SECONDS
from rayzc.problems import DEFAULT_SUITE, Suite, load_suite
from rayzc.runs import (
    Discovery,
    Ending,
    Pipeline,
    PipelineConfig,
    Reason,
    RunFolder,
    best_formula,
    unused_folder,
)
from rayzc.version import __version__

__all__ = ["resume_run", "run"]

_DISCOVERY, _SEARCH = "discovery", "search"
_DISCOVERY_SHARE = 0.5

Listener = Callable[[Progress | SearchProgress], None]


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
    """Breeds a formula on a suite, then searches with it on every problem of the suite at once.

    Every option below can be given by keyword.

    Args:
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        formula: the formula to search with; by default one is bred first.
        options: what to do.
        cluster: where to compute.
        place: where to keep the run.
        listen: called with the progress, a few times a second.
        found: called with the result of the discovery before the searches begin.

    Raises:
        SuiteError: the suite cannot be read or is not fit for use.
        FormulaError: the formula does not parse.
        SearchError: an option of the searches cannot be used.
        RunError: the folder exists, or an option cannot be used.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    check_address(cluster.address)
    text = None if formula is None else str(formula)
    plan = options.search.plan.replaced(seed=options.settings.seed)
    # Report mistakes in the options of the searches before a formula is bred.
    Plan.of(plan.replaced(formula=text or "flops"))
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    chosen = whole.select(options.problems, options.leave_out).for_fitting(options.proxies)
    if formula is None:
        check_settings(options.settings, chosen.problems[0].proxies)
    share = DEFAULT_SECONDS
    if options.time_limit is not None:
        share = min(share, _DISCOVERY_SHARE * options.time_limit)
    folder = RunFolder.create(place.out or unused_folder("run"), place.force)
    with folder.locked():
        limits = options.limits
        if limits.time_limit is None and (options.time_limit is not None or limits == Limits()):
            limits = limits.replaced(time_limit=share)
        options = options.replaced(
            limits=limits,
            search=options.search.replaced(plan=plan),
        )
        given = {name: getattr(options, name) for name in options.__struct_fields__}
        config = PipelineConfig(**given, rayzc=__version__, suite=folder.keep_suite(suite), formula=text)
        folder.write_config(config.to_json())
        return _Stages(folder, config, cluster, listen, found).go()


@takes(cluster=Cluster)
def resume_run(
    path: str | Path,
    *,
    time_limit: float | None = None,
    cluster: Cluster,
    listen: Listener | None = None,
    found: Callable[[Discovery], None] = lambda discovery: None,
    warn: Callable[[str], None] = lambda text: None,
) -> Pipeline:
    """Continues a run in the stage in which it was interrupted.

    Args:
        path: the run's folder.
        time_limit: seconds, including the time before; by default the run's own limit.
        cluster: where to compute.
        listen: called with the progress.
        found: called with the result of the discovery before the searches begin.
        warn: called with a line for every checkpoint that cannot be read and is passed over.

    Raises:
        RunError: there is no such run, its suite has changed, or another process works on it.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    folder = RunFolder.open(Path(path))
    with folder.locked():
        config = PipelineConfig.from_json(folder.read_config(), folder.config)
        if time_limit is not None:
            config = config.replaced(time_limit=time_limit)
        return _Stages(folder, config, cluster, listen, found, warn).go()


@dataclass(frozen=True)
class _Stages:
    """The stages of a run, each begun, resumed or read, depending on the state of its folder."""

    folder: RunFolder
    config: PipelineConfig
    cluster: Cluster
    listen: Listener | None
    found: Callable[[Discovery], None]
    warn: Callable[[str], None] = lambda text: None

    def go(self) -> Pipeline:
        """Does what is left to do."""
        with connected(self.cluster.address, self.cluster.workers):
            formula, bred, ending, trouble = self._formula()
            spent = float(bred["seconds"]) if bred else 0.0
            searched = self._searched(formula, spent) if formula is not None else None
        seconds = round(spent + (searched.seconds if searched else 0.0), 3)
        ending = searched.ending if searched else ending
        result = Pipeline(self.folder.path, formula, bred, searched, ending, seconds)
        own = self.folder.write_or_say(self.folder.result, result.to_json())
        return replace(result, trouble=own or (searched.trouble if searched else None) or trouble)

    def _formula(self) -> tuple[str | None, Mapping[str, Any] | None, Ending, str | None]:
        """The formula to search with, if there is one yet; the result of the discovery that bred it; how that ended."""
        if self.config.formula is not None:
            return self.config.formula, None, Ending(Reason.ALL_ENDED), None
        place = self.folder.path / _DISCOVERY
        finished = _finished(place)
        if finished is not None:
            return str(best_formula(place / "hall_of_fame.json")), *finished, None
        if _begun(place):
            discovery = resume(place, cluster=self.cluster, listen=self.listen, warn=self.warn)
        else:
            discovery = discover(
                self.folder.suite(self.config.suite),
                problems=self.config.problems,
                leave_out=self.config.leave_out,
                proxies=self.config.proxies,
                holdout=self.config.holdout,
                settings=self.config.settings,
                limits=self.config.limits,
                cluster=self.cluster,
                place=Place(out=place),
                listen=self.listen,
            )
        self.found(discovery)
        formula = None if discovery.interrupted else str(discovery.formula)
        return formula, discovery.to_json(), discovery.ending, discovery.trouble

    def _searched(self, formula: str, spent: float) -> Results:
        place = self.folder.path / _SEARCH
        limit = None if self.config.time_limit is None else max(1.0, self.config.time_limit - spent)
        if _begun(place):
            return resume_search(place, time_limit=limit, cluster=self.cluster, listen=self.listen)
        return search(
            formula,
            self.folder.suite(self.config.suite),
            options=self.config.search.replaced(
                problems=self.config.problems, leave_out=self.config.leave_out, time_limit=limit
            ),
            cluster=self.cluster,
            place=Place(out=place),
            listen=self.listen,
        )


def _begun(place: Path) -> bool:
    """Whether a stage has a run to resume; what was left before it had a configuration is removed."""
    if (place / "config.json").exists():
        return True
    shutil.rmtree(place, ignore_errors=True)
    return False


def _finished(place: Path) -> tuple[dict[str, Any], Ending] | None:
    """The result of a stage that ended by itself, and how."""
    try:
        result = json.loads((place / "result.json").read_text(encoding="utf-8"))
        ending = Ending.read(result["stopped"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (result, ending) if ending.signal is None else None
