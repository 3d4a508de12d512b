"""From a suite to architectures in one run: a discovery, then searches with the formula that it found.

Each stage is a run of its own in a folder below the run's, so it can be resumed wherever it was ended.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rayzc.cluster.connection import connected
from rayzc.cluster.islands import Progress, discover, resume
from rayzc.cluster.searches import SearchProgress, resume_search, search
from rayzc.documents import write_atomically
from rayzc.errors import SearchError
from rayzc.evolution import Settings
from rayzc.formula import Formula
from rayzc.nas import Plan, PlanOptions
from rayzc.problems import Suite, load_suite, write_suite
from rayzc.runs import (
    OWN_SUITE,
    Discovery,
    Limits,
    RunFolder,
    Searched,
    WholeConfig,
    WholeRun,
    best_formula,
    json_text,
    lasting_place,
    signal_of,
    unused_folder,
)
from rayzc.version import __version__

__all__ = ["resume_run", "run"]

_DISCOVERY, _SEARCH = "discovery", "search"
_DISCOVERY_SECONDS = 180.0
_DISCOVERY_SHARE = 0.5

Listener = Callable[[Progress | SearchProgress], None]


def run(
    suite: Suite | str | Path,
    *,
    formula: Formula | str | None = None,
    problems: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    proxies: Sequence[str] | None = None,
    settings: Settings | None = None,
    limits: Limits | None = None,
    time_limit: float | None = None,
    algorithm: str = "regularized_evolution",
    budget: int = 1000,
    seeds: int = 3,
    constraints: Sequence[str] = (),
    workers: int | None = None,
    address: str | None = None,
    out: str | Path | None = None,
    force: bool = False,
    listen: Listener | None = None,
    found: Callable[[Discovery], None] = lambda discovery: None,
) -> WholeRun:
    """Breeds a formula on a suite, then searches with it on every problem of the suite at once.

    Args:
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        formula: to search with; by default one is bred first.
        problems: names or patterns of the problems to take; by default all.
        leave_out: names or patterns of problems, search spaces or tasks to leave out.
        proxies: names of the proxies that a bred formula may use; by default those that all chosen problems have.
        settings: how formulas are bred; its seed is also that of the first search.
        limits: when the discovery stops; by default after half of the time, and three minutes at most.
        time_limit: seconds for all of it.
        algorithm: of the searches, see :func:`rayzc.cluster.searches.search`.
        budget: of each search.
        seeds: how many searches each problem gets.
        constraints: what an architecture has to meet.
        workers: how many workers; by default as many as the cluster has CPUs.
        address: of a Ray cluster; by default ``RAY_ADDRESS``, else a Ray of our own on this machine.
        out: folder of the run; by default a new one below ``runs``.
        force: overwrite the run that is in `out`.
        listen: is told of the progress, a few times a second.
        found: is told of a discovery's result before the searches begin.

    Raises:
        SuiteError: the suite cannot be read or is not fit for use.
        FormulaError: the formula does not parse.
        SearchError: the searches make no sense.
        RunError: the folder exists, or the settings make no sense.
        ClusterError: there is no Ray, or it refuses us.
    """
    settings = settings or Settings()
    if time_limit is not None and not time_limit > 0:
        raise SearchError(f"a time limit of {time_limit:g} s ends before it begins: give more than 0")
    text = None if formula is None else str(formula)
    # Mistakes in what the searches are told should not wait until a formula has been bred.
    Plan.of(
        PlanOptions(
            formula=text or "flops",
            algorithm=algorithm,
            budget=budget,
            seed=settings.seed,
            constraints=tuple(constraints),
        )
    )
    if seeds < 1:
        raise SearchError(f"{seeds} seeds give no search: give at least 1")
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    whole.select(problems, leave_out)
    folder = RunFolder.create(Path(out) if out else unused_folder("run"), force)
    if isinstance(suite, Suite):
        write_suite(suite, folder.path / OWN_SUITE)
        place = OWN_SUITE
    else:
        place = lasting_place(suite)
    share = (
        _DISCOVERY_SECONDS if time_limit is None else min(_DISCOVERY_SECONDS, _DISCOVERY_SHARE * time_limit)
    )
    config = WholeConfig(
        rayzc=__version__,
        suite=place,
        problems=tuple(problems),
        leave_out=tuple(leave_out),
        formula=text,
        proxies=None if proxies is None else tuple(proxies),
        settings=settings,
        limits=(limits or Limits()).or_else(Limits(time_limit=share)),
        time_limit=time_limit,
        search={
            "algorithm": algorithm,
            "budget": budget,
            "seeds": seeds,
            "seed": settings.seed,
            "constraints": list(constraints),
        },
    )
    folder.write_config(config.to_json())
    return _Stages(folder, config, workers, listen, found).go(address)


def resume_run(
    path: str | Path,
    *,
    workers: int | None = None,
    address: str | None = None,
    listen: Listener | None = None,
    found: Callable[[Discovery], None] = lambda discovery: None,
    warn: Callable[[str], None] = lambda text: None,
) -> WholeRun:
    """Goes on with a run, in whichever stage it was ended.

    Args:
        path: the run's folder.
        workers: how many workers.
        address: of a Ray cluster.
        listen: is told of the progress.
        found: is told of a discovery's result before the searches begin.
        warn: is told of checkpoints that cannot be read and are passed over.

    Raises:
        RunError: there is no such run, or its suite has changed.
        ClusterError: there is no Ray, or it refuses us.
    """
    folder = RunFolder.open(Path(path))
    config = WholeConfig.from_json(folder.read_config(), folder.config)
    return _Stages(folder, config, workers, listen, found, warn).go(address)


@dataclass(frozen=True)
class _Stages:
    """The stages of a run, each begun, resumed or read, as its folder stands."""

    folder: RunFolder
    config: WholeConfig
    workers: int | None
    listen: Listener | None
    found: Callable[[Discovery], None]
    warn: Callable[[str], None] = lambda text: None

    def go(self, address: str | None) -> WholeRun:
        """Does what is left to do."""
        with connected(address, self.workers):
            formula, discovery = self._formula()
            spent = float(discovery["seconds"]) if discovery else 0.0
            searched = self._searched(formula, spent) if formula is not None else None
        seconds = spent + (searched.seconds if searched else 0.0)
        whole = WholeRun(self.folder.path, formula, discovery, searched, round(seconds, 3))
        write_atomically(self.folder.result, json_text(whole.to_json()))
        return whole

    def _formula(self) -> tuple[str | None, Mapping[str, Any] | None]:
        """The formula to search with, None if there is none yet, and the result of what bred it."""
        if self.config.formula is not None:
            return self.config.formula, None
        place = self.folder.path / _DISCOVERY
        finished = _finished(place)
        if finished is not None:
            return str(best_formula(place / "hall_of_fame.json")), finished
        if _begun(place):
            discovery = resume(place, workers=self.workers, listen=self.listen, warn=self.warn)
        else:
            discovery = discover(
                self._suite(),
                proxies=self.config.proxies,
                problems=self.config.problems,
                leave_out=self.config.leave_out,
                settings=self.config.settings,
                limits=self.config.limits,
                workers=self.workers,
                out=place,
                listen=self.listen,
            )
        self.found(discovery)
        return None if discovery.interrupted else str(discovery.formula), discovery.to_json()

    def _searched(self, formula: str, spent: float) -> Searched:
        place = self.folder.path / _SEARCH
        limit = None if self.config.time_limit is None else max(1.0, self.config.time_limit - spent)
        if _begun(place):
            return resume_search(place, time_limit=limit, workers=self.workers, listen=self.listen)
        arguments: Mapping[str, Any] = self.config.search
        return search(
            formula,
            self._suite(),
            problems=self.config.problems,
            leave_out=self.config.leave_out,
            time_limit=limit,
            workers=self.workers,
            out=place,
            listen=self.listen,
            **arguments,
        )

    def _suite(self) -> str | Path:
        return self.folder.suite(self.config.suite)


def _begun(place: Path) -> bool:
    """Whether a stage has a run to resume; what was left before it had a configuration is removed."""
    if (place / "config.json").exists():
        return True
    shutil.rmtree(place, ignore_errors=True)
    return False


def _finished(place: Path) -> dict[str, Any] | None:
    """The result of a stage that ended by itself."""
    try:
        result = json.loads((place / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ended = isinstance(result, dict) and signal_of(str(result.get("stopped", ""))) is None
    return result if ended else None
