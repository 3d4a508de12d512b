"""The networks of a run of trainings: by name, from the folder of a run of searches, or the user's own."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import cloudpickle

from rayzc.errors import TrainingError
from rayzc.nas import Results
from rayzc.runs import RunFolder, TrainConfig
from rayzc.training import NetworkSource, TrainingData

__all__ = ["named_networks", "shipped_by_value", "users_networks"]

_cloudpickle: Any = cloudpickle


def named_networks(given: Sequence[str | Path], shortlist: int) -> tuple[str, ...]:
    """The names of all networks, each once; the folder of a run stands for the architectures that the run found.

    Args:
        given: names of networks, and folders of runs.
        shortlist: number of architectures to take for each problem of a run, best first.

    Raises:
        TrainingError: a text is not the name of a network, or a run has no results yet.
        SpaceError: an encoding is not an architecture of its space.
        RunError: a folder is not the folder of a run.
    """
    names: list[str] = []
    for text in map(str, given):
        if Path(text).is_dir():
            names += _found(Path(text), shortlist)
        elif ":" not in text:
            raise TrainingError(
                f"'{text}' is neither a folder nor the name of a network: write space:encoding, such as "
                "'nasbench201:(4, 3, 3, 3, 2, 3)', module:factory, or the folder of a run of searches"
            )
        else:
            names.append(NetworkSource.named(text).name)
    if not names:
        raise TrainingError("no networks to train: give some, such as 'nasbench201:(4, 3, 3, 3, 2, 3)'")
    return tuple(dict.fromkeys(names))


def _found(path: Path, shortlist: int) -> Iterator[str]:
    """The names of the architectures that the searches of a run found, best first for each problem."""
    if (path / "search" / "config.json").is_file():
        path = path / "search"
    folder = RunFolder.open(path)
    kind = folder.read_config().get("kind")
    if kind != "search":
        raise TrainingError(
            f"{path} is the folder of a '{kind}' run, which finds no architectures: give the folder of a run of "
            "`rayzc search` or `rayzc run`"
        )
    try:
        document = json.loads(folder.result.read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError, KeyError, TypeError):
        raise TrainingError(
            f"{path} has no results yet: wait until the run has ended, or continue it with `rayzc resume {path}`"
        ) from None
    results = Results.from_text(json.dumps(document), str(folder.result))
    for problem in results.problems:
        outcomes = [outcome for outcome in results.outcomes if outcome.problem == problem]
        # The searches of a problem share a formula, so their scores can be compared.
        findings = {found.key: (outcome.space, found) for outcome in outcomes for found in outcome.shortlist}
        best = sorted(findings.values(), key=lambda pair: -pair[1].score)[:shortlist]
        yield from (NetworkSource.named(f"{space}:{found.encoding}").name for space, found in best)


def users_networks(config: TrainConfig, data: TrainingData) -> Callable[[int, int], Any]:
    """A function that builds the user's network of a place and a seed in this process, which has its module."""
    sources = [NetworkSource.named(name) for name in config.networks]

    def network(place: int, seed: int) -> Any:
        if sources[place].space is not None:
            return None
        return sources[place].build(data, width=config.width, depth=config.depth, seed=seed)

    return network


@contextmanager
def shipped_by_value(names: Sequence[str]) -> Iterator[None]:
    """Sends the modules of the user's networks to the workers, for the duration of the block."""
    sources = [NetworkSource.named(name) for name in names]
    wanted = {source.name.partition(":")[0] for source in sources if source.space is None}
    modules = [sys.modules[name] for name in sorted(wanted) if name in sys.modules]
    # Installed packages, such as torchvision, are on the workers, too.
    modules = [module for module in modules if "site-packages" not in str(getattr(module, "__file__", ""))]
    for module in modules:
        _cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            _cloudpickle.unregister_pickle_by_value(module)
