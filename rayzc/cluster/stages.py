"""The stages of a run, each begun, resumed or read, depending on what the folder of the run has of it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from rayzc.cluster.connection import connected
from rayzc.cluster.finals import Finishing, train_finalists
from rayzc.cluster.islands.discovery import discover, resume
from rayzc.cluster.islands.progress import Progress
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.cluster.searches.progress import SearchProgress
from rayzc.cluster.searches.searching import resume_search, search
from rayzc.evolution.transfer import Transfer, proxy_transfers, taus_of
from rayzc.formula import Formula
from rayzc.nas import Results
from rayzc.nas.finals import Final
from rayzc.options import Cluster, Place
from rayzc.problems import Suite
from rayzc.runs import FINALS, Discovery, Ending, Pipeline, PipelineConfig, Reason, RunFolder, split

__all__ = ["Listener", "Stages"]

_DISCOVERY, _SEARCH, _TRAINING = "discovery", "search", "training"
_SEARCH_SHARE = 0.35
"""The searches' share of the time that the discovery leaves, where trainings follow."""

_TRAINING_SHARE = 0.25
"""The share of the whole time that the trainings have, even if the stages before them took longer than theirs."""

_QUICK_TRAININGS = 1

Listener = Callable[[Progress | SearchProgress | Finishing], None]


class _InterruptedError(Exception):
    """A stage was interrupted: the next ones do not begin."""


@dataclass
class Stages:
    """The stages of a run.

    Args:
        folder: the folder of the run.
        config: its configuration.
        cluster: where to compute.
        listen: called with the progress.
        found: called with the result of each discovery that this process has ended.
        warn: called with a line for every checkpoint that is passed over.
        code: the user's modules that may be imported, see :mod:`rayzc.cluster.own_code`.
    """

    folder: RunFolder
    config: PipelineConfig
    cluster: Cluster
    listen: Listener | None
    found: Callable[[Discovery], None]
    warn: Callable[[str], None] = lambda text: None
    code: tuple[str, ...] = ()

    _workers: IslandWorkers | None = None
    _formula: str | None = None
    _discovery: dict[str, Any] | None = None
    _transfer: tuple[Transfer, ...] = ()
    _results: Results | None = None
    _finals: tuple[Final, ...] = ()
    _ending: Ending = field(default_factory=lambda: Ending(Reason.ALL_ENDED))
    _seconds: float = 0.0
    _trouble: str | None = None

    def go(self) -> Pipeline:
        """Does what is left to do."""
        with connected(self.cluster.address, self.cluster.workers, self.folder.again):
            try:
                with IslandWorkers(self.cluster.workers) as self._workers:
                    self._discover()
                self._compare()
                self._search()
                self._train()
            except _InterruptedError:
                pass
        result = Pipeline(
            run=self.folder.local,
            formula=self._formula,
            discovery=self._discovery,
            searched=self._results,
            ending=self._ending,
            seconds=round(self._seconds, 3),
            transfer=self._transfer,
            finals=self._finals,
            untrained=self._untrained,
        )
        self._note(self.folder.write_or_say(self.folder.result, result.to_json()))
        return replace(result, trouble=self._trouble)

    def _discover(self) -> None:
        """Breeds the formula to search with, unless it was given."""
        if self.config.formula is not None:
            self._formula = self.config.formula
            return
        self._discovery = self._bred(self.folder.local / _DISCOVERY)
        self._formula = self._discovery["best"]["expression"]

    def _compare(self) -> None:
        """How the formula holds on what it was not bred on, and every single proxy beside it."""
        if self._discovery is None or self._formula is None:
            return
        fitting, validation = split(self._suite, self.config.holdout, self.config.settings.seed)
        proxies = proxy_transfers(self._suite, fitting, validation)
        checked = self._discovery.get("cross_validation")
        if checked is not None:
            numbers = checked["rows"][checked["numbers"]]
            own = Transfer(self._formula, numbers["fitted"], numbers["held_out"], numbers["left_out"])
        else:
            formula = Formula.parse(self._formula)
            held_out = None if validation is None else taus_of(formula, validation)
            own = Transfer(self._formula, taus_of(formula, fitting), held_out)
        self._transfer = (own, *proxies)

    def _search(self) -> None:
        """Searches with the formula on all problems."""
        assert self._formula is not None
        place = self.folder.local / _SEARCH
        limit = self._seconds_left(_SEARCH_SHARE if self._untrained is None else 1.0)
        if _begun(place):
            self._results = resume_search(place, time_limit=limit, cluster=self.cluster, listen=self.listen)
        else:
            self._results = search(
                self._formula,
                str(self.folder.suite(self.config.suite)),
                options=self.config.search.replaced(
                    problems=self.config.problems, leave_out=self.config.leave_out, time_limit=limit
                ),
                cluster=self.cluster,
                place=Place(out=str(place)),
                listen=self.listen,
            )
        self._note(self._results.trouble)
        self._passed(self._results.seconds, self._results.ending)

    def _train(self) -> None:
        """Trains the best of what the searches found, beside baselines."""
        if self._untrained is not None or self._results is None:
            return
        place = self.folder.local / _TRAINING
        place.mkdir(exist_ok=True)
        kept = place / FINALS
        before = _read(kept)
        if before is not None and before["stopped"] == str(Reason.ALL_TRAINED):
            self._finals = tuple(Final.from_document(each, kept) for each in before["finals"])
            self._seconds += float(before["seconds"])
            return
        spent = float(before["seconds"]) if before else 0.0
        self._seconds += spent
        proxies = self._transfer[1:] or proxy_transfers(self._suite, self._suite, None)
        seconds, self._finals, ending = train_finalists(
            self._whole,
            self._results,
            proxies[0].name,
            count=self.config.finalists,
            trainings=_QUICK_TRAININGS if self.config.quick else None,
            seed=self.config.settings.seed,
            setup=self.config.search.setup.replaced(as_written=False),
            workers=self.cluster.workers,
            folder=place,
            time_limit=self._seconds_left(least=_TRAINING_SHARE),
            listen=self.listen,
        )
        document = {
            "stopped": str(ending),
            "seconds": round(spent + seconds, 3),
            "finals": [final.to_document() for final in self._finals],
        }
        self._note(self.folder.write_or_say(kept, document))
        stopped_early = ending.reason is not Reason.ALL_TRAINED
        self._passed(seconds, ending if stopped_early else self._ending)

    def _bred(self, place: Path) -> dict[str, Any]:
        """The result of the discovery, which is begun or resumed if it has not ended."""
        document = _read(place / "result.json")
        if document is not None and Ending.read(document["stopped"]).signal is None:
            self._passed(float(document["seconds"]), Ending.read(document["stopped"]))
            return document
        if _begun(place):
            discovery = resume(
                place,
                cluster=self.cluster,
                listen=self.listen,
                warn=self.warn,
                island_workers=self._workers,
                code=self.code,
            )
        else:
            discovery = discover(
                str(self.folder.suite(self.config.suite)),
                problems=self.config.problems,
                leave_out=self.config.leave_out,
                proxies=self.config.proxies,
                holdout=self.config.holdout,
                settings=self.config.settings,
                limits=self.config.limits,
                cross_validate=self.config.cross_validate,
                choose=self.config.choose,
                cluster=self.cluster,
                place=Place(out=str(place)),
                listen=self.listen,
                island_workers=self._workers,
            )
        self.found(discovery)
        self._note(discovery.trouble)
        document = self._discovery = discovery.to_json()
        self._passed(discovery.seconds, discovery.ending)
        return document

    @property
    def _whole(self) -> Suite:
        """The suite, which stays in memory once it is loaded."""
        return self.folder.load_suite(self.config.suite)

    @cached_property
    def _suite(self) -> Suite:
        """The problems and proxies of the run, and the networks that have all of them."""
        chosen = self._whole.select(self.config.problems, self.config.leave_out)
        return chosen.for_fitting(self.config.proxies)

    @property
    def _untrained(self) -> str | None:
        """Why the run does not end with trainings; None if it does."""
        if self.config.no_train:
            return "as asked"
        suite = self._whole
        return None if suite.benchmark else f"suite {suite.name} has no benchmark, which says how to train"

    def _seconds_left(self, share: float = 1.0, least: float = 0.0) -> float | None:
        """A share of the time that is left; None without a limit.

        Args:
            share: the share.
            least: the least to give, as a share of the whole time; a second is always given.
        """
        limit = self.config.time_limit
        return None if limit is None else max(1.0, least * limit, share * (limit - self._seconds))

    def _passed(self, seconds: float, ending: Ending) -> None:
        """Notes that a stage took so long, and how it ended.

        Raises:
            _InterruptedError: a signal ended it.
        """
        self._seconds += seconds
        self._ending = ending
        if ending.signal is not None:
            raise _InterruptedError

    def _note(self, trouble: str | None) -> None:
        self._trouble = self._trouble or trouble


def _begun(place: Path) -> bool:
    """Whether a stage has a run to resume; what was left before it had a configuration is removed."""
    if (place / "config.json").exists():
        return True
    shutil.rmtree(place, ignore_errors=True)
    return False


def _read(path: Path) -> dict[str, Any] | None:
    """The result of a stage; None if there is none that can be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        Ending.read(document["stopped"]), float(document["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return document if isinstance(document, dict) else None
