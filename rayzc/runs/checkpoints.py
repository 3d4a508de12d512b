"""Checkpoints: all islands at one epoch, as the texts of their formulas.

A checkpoint holds formulas, not numbers: correlations are computed again when it is read, so a file of an earlier
version stays readable as long as its formulas parse. Each file is written whole or not at all and carries the hash
of all that a run is resumed from; the last three are kept, and instead of an incomplete or damaged one, the one
before it is read.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rayzc.documents import SCHEMA_VERSION
from rayzc.errors import FormulaError, RunError
from rayzc.evolution import Individual, Island, Judge, judged_as_it_is
from rayzc.evolution.objectives import objective_of
from rayzc.formula import Formula
from rayzc.options import Settings
from rayzc.runs.files import AnyPath, at

__all__ = ["WrittenIsland", "checkpoint_files", "read_newest", "restore", "write_checkpoint"]

KEPT = 3


@dataclass(frozen=True, slots=True)
class WrittenIsland:
    """An island as checkpoints have it, made where the island is: writing out many takes a while.

    Attributes:
        epoch: its epoch.
        text: JSON, with sorted keys.
        evaluations: number of formulas bred and judged on it so far.
        best: the objective of its best formula.
    """

    epoch: int
    text: str
    evaluations: int
    best: float

    @classmethod
    def of(cls, island: Island) -> "WrittenIsland":
        """Writes out an island."""
        return cls(
            epoch=island.epoch,
            text=json.dumps(_dump(island), sort_keys=True),
            evaluations=island.evaluations,
            best=island.population[0].objective,
        )


def write_checkpoint(
    folder: AnyPath,
    islands: Sequence[Island] | Sequence[WrittenIsland],
    version: str,
    seconds: float,
    improved: int | None = None,
) -> AnyPath:
    """Writes all islands, which are at one epoch, and removes all but the last three checkpoints.

    Args:
        folder: the run's folder of checkpoints.
        islands: the islands, in order, written out or not.
        version: the version of rayzc that writes.
        seconds: how long the run has taken.
        improved: the epoch in which the best formula was found, from which a plateau counts.

    Returns:
        The new file.
    """
    epoch = islands[0].epoch
    written = [
        (island if isinstance(island, WrittenIsland) else WrittenIsland.of(island)).text for island in islands
    ]
    # As json.dumps writes it with sorted keys, which is what the hash is of, but without parsing the islands.
    since = "" if improved is None else f'"improved": {improved}, '
    body = f'"epoch": {epoch}, {since}"islands": [{", ".join(written)}], "seconds": {json.dumps(seconds)}}}'
    digest = hashlib.sha256(f"{{{body}".encode()).hexdigest()
    head = json.dumps({"schema_version": SCHEMA_VERSION, "rayzc": version, "sha256": digest})
    path = folder / f"epoch-{epoch:08d}.json"
    at(path).write(f"{head[:-1]}, {body}")
    for old in checkpoint_files(folder)[:-KEPT]:
        old.unlink()
    return path


def checkpoint_files(folder: AnyPath) -> list[AnyPath]:
    """The checkpoints in a folder, the oldest first."""
    found: list[AnyPath] = [*folder.glob("epoch-*.json")]
    return sorted(found, key=lambda path: path.name)


def read_newest(folder: AnyPath, warn: Callable[[str], None]) -> dict[str, Any] | None:
    """The content of the newest checkpoint that is whole.

    Args:
        folder: the run's folder of checkpoints.
        warn: called with a line for every checkpoint that is passed over.

    Returns:
        The document, to be given to :func:`restore`; None if there is no checkpoint yet.

    Raises:
        RunError: a checkpoint of a newer schema, not one of several is whole, or the folder cannot be reached.
    """
    try:
        paths = checkpoint_files(folder)[::-1]
    except OSError as error:
        raise RunError(f"{folder} cannot be read: {error.strerror or error}") from None
    for path in paths:
        try:
            document: dict[str, Any] = json.loads(path.read_bytes())
            version = document["schema_version"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            warn(
                f"{path.name} is incomplete ({type(error).__name__}); going back to the checkpoint before it"
            )
            continue
        if version != SCHEMA_VERSION:
            raise RunError(
                f"{path} has checkpoint schema {version}, written by rayzc {document.get('rayzc', '?')}; this "
                f"version reads schema {SCHEMA_VERSION}: resume with the version that wrote it"
            )
        body = {key: document.get(key) for key in ("epoch", "seconds", "islands")}
        if "improved" in document:  # checkpoints of earlier versions have none
            body["improved"] = document["improved"]
        if _digest(body) != document.get("sha256"):
            warn(f"{path.name} is damaged (its hash differs); going back to the checkpoint before it")
            continue
        return document
    if paths:
        raise RunError(f"{folder}: none of the {len(paths)} checkpoints can be read; start a new run")
    return None


def restore(document: dict[str, Any], judge: Judge, settings: Settings) -> tuple[Island, ...]:
    """The islands of a checkpoint, judged again.

    Raises:
        RunError: a formula that does not parse, or names a proxy that the tables lack.
    """
    objective = objective_of(settings)
    known: dict[str, Individual] = {}

    def individual(text: str) -> Individual:
        if text not in known:
            formula = Formula.parse(text)
            if missing := set(formula.proxies) - set(judge.proxies):
                raise FormulaError(f"{text} needs {', '.join(sorted(missing))}")
            known[text] = judged_as_it_is(formula.tokens, judge, objective)
        return known[text]

    try:
        return tuple(
            Island(
                index=island["index"],
                epoch=document["epoch"],
                population=tuple(individual(text) for text in island["population"]),
                front=tuple(individual(text) for text in island["front"]),
                evaluations=island["evaluations"],
            )
            for island in document["islands"]
        )
    except FormulaError as error:
        raise RunError(f"the checkpoint of epoch {document['epoch']} cannot be used: {error}") from None


def _dump(island: Island) -> dict[str, Any]:
    return {
        "index": island.index,
        "evaluations": island.evaluations,
        "population": [_text(individual) for individual in island.population],
        "front": [_text(individual) for individual in island.front],
    }


def _text(individual: Individual) -> str:
    return str(Formula.trusted(individual.tokens))


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
