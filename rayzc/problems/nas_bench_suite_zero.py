"""Imports NAS-Bench-Suite-Zero JSON, in all dialects of its files.

Krishnakumar et al., "NAS-Bench-Suite-Zero: Accelerating Research on Zero Cost Proxies", NeurIPS 2022. A file
``zc_<space>.json`` holds ``{task: {architecture: entry}}``, older ones ``{space: {task: {architecture:
entry}}}``. An entry maps proxies to ``{"score": .., "time": ..}`` or to bare numbers, ``val_accuracy`` to the
accuracy, and has fields of other kinds (:data:`NOT_PROXIES`). Which proxies were measured differs from entry
to entry.

Memory stays low since a ``{"score", "time"}`` object becomes its score while the file is parsed, and since only one
file is held at a time.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rayzc.errors import SpaceError, SuiteError
from rayzc.problems.formats import HEAD, SUITE_FILES, described
from rayzc.problems.problem import Problem
from rayzc.problems.suite import Suite
from rayzc.spaces.registry import SPACES

__all__ = ["NOT_PROXIES", "SuiteFile", "assemble", "import_json", "read_json"]

ACCURACY = "val_accuracy"
NOT_PROXIES = frozenset(
    {
        ACCURACY,
        "arch",
        "arch_str",
        "hash",
        "id",
        "idx",
        "index",
        "cost",
        "epochs",
        "latency",
        "name",
        "time",
    }
)
_NOT_PROXY_ENDINGS = ("_acc", "_accuracy", "_loss", "_time")


class _DuplicateKeyError(Exception):
    """A key that is twice in one JSON object."""


@dataclass(frozen=True, slots=True)
class SuiteFile:
    """The content of one file.

    Attributes:
        name: the file's name.
        problems: its problems, sorted by name.
        dropped: number of entries that were left out since they have no accuracy.
    """

    name: str
    problems: tuple[Problem, ...]
    dropped: int


def import_json(name: str, files: Iterable[Path]) -> Suite:
    """Makes a suite of all problems in NAS-Bench-Suite-Zero JSON files, reading one after the other.

    Raises:
        SuiteError: a file cannot be read, or a problem is in two files.
    """
    return assemble(name, (read_json(file) for file in files))


def assemble(name: str, files: Iterable[SuiteFile]) -> Suite:
    """Makes a suite of the content of files, with its problems sorted by name.

    Raises:
        SuiteError: a problem is in two files.
    """
    problems: dict[str, Problem] = {}
    source: dict[str, str] = {}
    dropped = 0
    for file in files:
        dropped += file.dropped
        for problem in file.problems:
            if problem.name in problems:
                raise SuiteError(
                    f"problem {problem.name} is both in {source[problem.name]} and in {file.name}; remove one "
                    "of the files"
                )
            problems[problem.name], source[problem.name] = problem, file.name
    metadata = {
        "origin": ", ".join(dict.fromkeys(source.values())),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "dropped_without_accuracy": str(dropped),
    }
    return Suite(name, tuple(problems[key] for key in sorted(problems)), metadata)


def read_json(path: Path, name: str | None = None) -> SuiteFile:
    """Reads one file.

    Args:
        path: the file.
        name: the name that says the search space, ``zc_<space>.json``, where the file itself does not; by
            default the file's own name.

    Raises:
        SuiteError: the file is missing, is not JSON or not a suite, or an entry is malformed; the message says where.
    """
    document = _parse(path)
    if not isinstance(document, dict) or not document:
        raise SuiteError(f"{path}: expected an object with tasks or search spaces, not {_short(document)}")
    name = name or path.name
    problems: list[Problem] = []
    dropped = 0
    for space, task, table in _tables(document, path, name):
        problem, without = _problem(space, task, table, path)
        if any(problem.name == other.name for other in problems):
            raise SuiteError(f"{path}: problem {problem.name} appears twice")
        problems.append(problem)
        dropped += without
    return SuiteFile(name, tuple(sorted(problems, key=lambda problem: problem.name)), dropped)


def _parse(path: Path) -> Any:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such file") from None
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror}") from None
    what = described(data[:HEAD])
    if what is not None:
        raise SuiteError(f"{path}: {what}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SuiteError(
            f"{path}: byte {error.start} is not UTF-8, so this is not a JSON file; {SUITE_FILES}"
        ) from None
    del data
    try:
        return json.loads(text, object_pairs_hook=_collapse)
    except json.JSONDecodeError as error:
        cut = not text[error.pos :].strip() or error.msg.startswith("Unterminated string")
        reason = "the file ends too early, it was cut off" if cut else f"not JSON: {error.msg}"
        raise SuiteError(
            f"{path}, line {error.lineno}, column {error.colno}: {reason}; fetch or copy the file again"
        ) from None
    except RecursionError:
        raise SuiteError(f"{path}: objects are nested too deep for a suite; {SUITE_FILES}") from None
    except _DuplicateKeyError as error:
        raise SuiteError(
            f"{path}: key {error.args[0]!r} appears twice in an object; remove one of them"
        ) from None


def _collapse(pairs: list[tuple[str, Any]]) -> Any:
    """The score in ``{"score": .., "time": ..}``, None for a time without a score, a dict for anything else."""
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        raise _DuplicateKeyError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    if "score" in result or result.keys() == {"time"}:
        return result.get("score")
    return result


def _tables(document: dict[str, Any], path: Path, name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields (space, task, {architecture: entry}) of all problems, whether spaces or tasks are outside."""
    stem = name.removesuffix(".json")
    named = stem[3:] if stem.startswith("zc_") else ""
    for outer, inner in document.items():
        if not isinstance(inner, dict) or not inner:
            raise SuiteError(f"{path}: '{outer}' should hold architectures, but is {_short(inner)}")
        if _is_space(inner):
            for task, table in inner.items():
                if not isinstance(table, dict) or not table:
                    raise SuiteError(
                        f"{path}: '{outer}', '{task}' should hold architectures, but is {_short(table)}"
                    )
                yield outer, task, table
        elif named:
            yield named, outer, inner
        else:
            raise SuiteError(
                f"{path}: the search space is neither in the file nor in its name; name it zc_<space>.json, "
                "for example zc_nasbench201.json"
            )


def _is_space(inner: dict[str, Any]) -> bool:
    """Whether this is {task: {architecture: entry}}, three objects deep, and not {architecture: entry}."""
    for middle in inner.values():
        if isinstance(middle, dict):
            for innermost in middle.values():
                return isinstance(innermost, dict)
    return False


def _problem(space: str, task: str, table: dict[str, Any], path: Path) -> tuple[Problem, int]:
    where = f"{path}: {space}/{task}"
    parse = _normaliser(space, where)
    kept: dict[str, dict[str, float]] = {}
    accuracy: list[float] = []
    for text, entry in table.items():
        if not isinstance(entry, dict):
            raise SuiteError(f"{where}: entry '{text}' is {_short(entry)}, expected an object of scores")
        value = _number(entry.get(ACCURACY), f"{where}, entry '{text}', key '{ACCURACY}'")
        if math.isnan(value):
            continue
        if math.isinf(value):
            raise SuiteError(f"{where}, entry '{text}', key '{ACCURACY}': {value} is not finite")
        architecture = parse(text)
        if architecture in kept:
            raise SuiteError(f"{where}: architecture '{architecture}' appears twice, once as '{text}'")
        kept[architecture] = {
            key: _number(score, f"{where}, entry '{text}', key '{key}'")
            for key, score in entry.items()
            if key not in NOT_PROXIES and not key.endswith(_NOT_PROXY_ENDINGS)
        }
        accuracy.append(value)
    if not kept:
        entries = "its only entry has no" if len(table) == 1 else f"none of its {len(table):,} entries has a"
        raise SuiteError(f"{where}: {entries} '{ACCURACY}'; add the accuracy of each network under this key")
    proxies = tuple(sorted(set[str]().union(*kept.values())))
    _check_unicode((space, task, *proxies, *kept), where)
    column = {proxy: i for i, proxy in enumerate(proxies)}
    scores = np.full((len(kept), len(proxies)), np.nan)
    for row, entry in zip(scores, kept.values(), strict=True):
        for proxy, score in entry.items():
            row[column[proxy]] = score
    architectures = tuple(kept)
    problem = Problem(space, task, architectures, proxies, scores, np.array(accuracy))
    return problem, len(table) - len(kept)


def _check_unicode(texts: tuple[str, ...], where: str) -> None:
    """Refuses half of a surrogate pair, which JSON can hold and no other format can."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise SuiteError(
            f"{where}: {error.object[error.start]!r} in a name is not a Unicode character; rename it in the file"
        ) from None


def _normaliser(space: str, where: str) -> Callable[[str], str]:
    """A function that writes an encoding as its space does (without zero padding); other spaces' as they are."""
    encoding = SPACES[space].encoding if space in SPACES else None

    def normalised(text: str) -> str:
        if encoding is None:
            return text
        try:
            return encoding.format(encoding.parse(text))
        except SpaceError as error:
            raise SuiteError(f"{where}: {error}") from None

    return normalised


def _number(value: Any, where: str) -> float:
    """A score as float; nan for null."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SuiteError(f"{where}: {_short(value)} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise SuiteError(f"{where}: the number is too large") from None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
