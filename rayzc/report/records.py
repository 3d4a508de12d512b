"""What the folder of a run has recorded, read once: the only place where a report touches files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rayzc.errors import RayzcError, RunError
from rayzc.formula import Formula
from rayzc.nas import Results
from rayzc.nas.finals import Final
from rayzc.problems import Suite
from rayzc.runs import (
    AnyPath,
    DiscoverConfig,
    PipelineConfig,
    RunFolder,
    SearchConfig,
    StudyConfig,
    TrainConfig,
)

__all__ = ["Bred", "Record", "Searched", "Studied", "TrainedRun", "Whole", "read_run"]


@dataclass(frozen=True)
class Bred:
    """A discovery.

    Attributes:
        folder: its folder.
        config: its configuration.
        result: its ``result.json``.
        hall: its ``hall_of_fame.json``.
        events: its ``events.jsonl``.
        fitting: the networks that it was bred on; None where its suite is not there any more.
        validation: the networks that were held out, if there are any.
        missing: why the suite is not there; None if it is.
    """

    folder: RunFolder
    config: DiscoverConfig
    result: Mapping[str, Any]
    hall: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    fitting: Suite | None
    validation: Suite | None
    missing: str | None = None

    @cached_property
    def formula(self) -> Formula:
        """Its best formula."""
        return Formula.parse(self.result["best"]["expression"])

    @property
    def judged(self) -> Suite | None:
        """The networks to judge on: those that were held out, or else those that it was bred on."""
        return self.validation or self.fitting

    @property
    def judged_on(self) -> str:
        """What :attr:`judged` is, in words."""
        return "held-out networks" if self.validation else "the networks it was bred on"


@dataclass(frozen=True)
class Searched:
    """A run of searches.

    Attributes:
        folder: its folder.
        config: its configuration.
        results: what the searches found.
        seconds: how long it took.
        stopped: why it ended.
        suite: the suite; None where there is none, or it is not there any more.
    """

    folder: RunFolder
    config: SearchConfig
    results: Results
    seconds: float
    stopped: str
    suite: Suite | None


@dataclass(frozen=True)
class TrainedRun:
    """A run of trainings.

    Attributes:
        folder: its folder.
        config: its configuration.
        result: its ``result.json``.
    """

    folder: RunFolder
    config: TrainConfig
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Whole:
    """A run of all stages.

    Attributes:
        folder: its folder.
        config: its configuration.
        result: its ``result.json``.
        bred: its discovery; None where its formula was given.
        left_out: by search space, the discovery without it.
        searched: its searches; None if it was interrupted before.
        finals: what was trained.
    """

    folder: RunFolder
    config: PipelineConfig
    result: Mapping[str, Any]
    bred: Bred | None
    left_out: Mapping[str, Bred]
    searched: Searched | None
    finals: tuple[Final, ...]


@dataclass(frozen=True)
class Studied:
    """A study.

    Attributes:
        folder: its folder.
        config: its configuration.
        result: its ``result.json``.
    """

    folder: RunFolder
    config: StudyConfig
    result: Mapping[str, Any]


Record = Bred | Searched | TrainedRun | Whole | Studied


def read_run(place: str | AnyPath) -> Record:
    """Reads the folder of a run of any kind.

    Args:
        place: a path or a URI.

    Raises:
        RunError: it is not a run, of a kind that this version does not know, or has no result yet.
        SearchError: the results of its searches cannot be read.
    """
    folder = RunFolder.open(place)
    kind = str(folder.read_config().get("kind", "discover"))
    readers: dict[str, Callable[[RunFolder], Record]] = {
        "discover": _bred,
        "search": _searched,
        "train": _trained,
        "run": _whole,
        "study": _studied,
    }
    if kind not in readers:
        raise RunError(
            f"{folder.config} is the configuration of a '{kind}' run; this version of rayzc reports on "
            f"{', '.join(readers)}"
        )
    return readers[kind](folder)


def _bred(folder: RunFolder) -> Bred:
    config = DiscoverConfig.from_json(folder.read_config(), folder.config)
    result, hall = _document(folder, folder.result), _document(folder, folder.hall_of_fame)
    for key in ("best", "evaluations", "seconds", "stopped", "epochs"):
        if key not in result:
            raise RunError(f"{folder.result} has no '{key}': it is not the result of a discovery")
    fitting = validation = missing = None
    try:
        fitting, validation = config.fitting_and_validation(folder.load_suite)
    except RayzcError as error:
        missing = str(error)
    return Bred(folder, config, result, hall, tuple(folder.recorded()), fitting, validation, missing)


def _searched(folder: RunFolder) -> Searched:
    config = SearchConfig.from_json(folder.read_config(), folder.config)
    result = _document(folder, folder.result)
    try:
        results = Results.from_text(json.dumps(result["results"]), str(folder.result))
    except KeyError:
        raise RunError(f"{folder.result} has no 'results': it is not the result of searches") from None
    suite = None
    if config.suite is not None:
        try:
            suite = folder.load_suite(config.suite)
        except RayzcError:
            suite = None
        if suite is not None and suite.content_hash != config.suite_hash:
            suite = None
    return Searched(
        folder, config, results, float(result.get("seconds", 0.0)), str(result.get("stopped", "")), suite
    )


def _trained(folder: RunFolder) -> TrainedRun:
    config = TrainConfig.from_json(folder.read_config(), folder.config)
    return TrainedRun(folder, config, _document(folder, folder.result))


def _whole(folder: RunFolder) -> Whole:
    config = PipelineConfig.from_json(folder.read_config(), folder.config)
    result = _document(folder, folder.result)
    discovery, search = folder.child("discovery"), folder.child("search")
    bred = _bred(discovery) if discovery.result.is_file() else None
    searched = _searched(search) if search.result.is_file() else None
    left_out = {}
    for space in dict.fromkeys(name.partition("/")[0] for name in (bred.config.problems if bred else ())):
        child = folder.child("left_out").child(space)
        if child.result.is_file():
            left_out[space] = _bred(child)
    finals = tuple(Final.from_document(each, str(folder.result)) for each in result.get("finals") or ())
    return Whole(folder, config, result, bred, left_out, searched, finals)


def _studied(folder: RunFolder) -> Studied:
    config = StudyConfig.from_json(folder.read_config(), folder.config)
    return Studied(folder, config, _document(folder, folder.result))


def _document(folder: RunFolder, path: AnyPath) -> dict[str, Any]:
    """One of the run's JSON documents.

    Raises:
        RunError: it is not there, or not a JSON object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"{folder.path} has no {path.name} yet: let the run end, or continue it with `{folder.again}`"
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise RunError(f"{path} is not a JSON object")
    return document
