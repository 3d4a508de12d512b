"""One way in for all forms of a suite."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rayzc.errors import SuiteError, nearest
from rayzc.problems.names import NAMED_SUITES
from rayzc.problems.nas_bench_suite_zero import SuiteFile, read_json
from rayzc.problems.parquet import read_suite
from rayzc.problems.problem import Problem
from rayzc.problems.suite import Suite

__all__ = ["assemble", "import_json", "load_suite"]


def load_suite(source: str | Path) -> Suite:
    """Loads a suite: a Parquet file, a folder of JSON files, one JSON file, or a name such as ``nbsz-13``.

    A folder of ``zc_<space>.json`` files gives all their tasks as problems, sorted by name. A name is that of a
    fetched suite; a file or folder of that name in the working folder goes first.

    Raises:
        SuiteError: if there is no such suite, or it cannot be read; with the place and what to do.
    """
    path = Path(source)
    if path.is_dir():
        files = sorted(path.glob("zc_*.json"))
        if not files:
            raise SuiteError(
                f"{path}: the folder holds no zc_<space>.json file; give the folder of the suite's JSON files"
            )
        return import_json(path.resolve().name, files)
    if path.is_file():
        if path.suffix == ".json":
            return import_json(path.stem.removeprefix("zc_"), [path])
        return read_suite(path)
    text = str(source)
    if path.suffix in (".json", ".parquet") or path.name != text:
        raise SuiteError(f"{path}: no such file or folder")
    if text not in NAMED_SUITES:
        raise SuiteError(
            f"'{text}' is neither a file, nor a folder, nor a named suite; {nearest(text, tuple(NAMED_SUITES))}"
        )
    named = NAMED_SUITES[text]
    if not named.path.is_file():
        raise SuiteError(
            f"suite {text} is not on this machine yet: run `rayzc suite fetch {text}`; where it cannot be "
            f"downloaded, put {', '.join(file.name for file in named.files)} into {named.folder} first"
        )
    return read_suite(named.path)


def import_json(name: str, files: Iterable[Path]) -> Suite:
    """Makes a suite of all problems in NAS-Bench-Suite-Zero JSON files, reading one after the other.

    Raises:
        SuiteError: if one of them cannot be read, or if a problem is in two of them.
    """
    return assemble(name, (read_json(file) for file in files))


def assemble(name: str, files: Iterable[SuiteFile]) -> Suite:
    """Makes a suite of what files hold, with its problems sorted by name.

    Raises:
        SuiteError: if a problem is in two of them.
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
