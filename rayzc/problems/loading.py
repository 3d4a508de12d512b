"""One way in for all forms of a suite."""

from datetime import UTC, datetime
from pathlib import Path

from rayzc.errors import SuiteError
from rayzc.problems.nas_bench_suite_zero import read_json
from rayzc.problems.problem import Problem
from rayzc.problems.suite import Suite

__all__ = ["load_suite"]


def load_suite(source: str | Path) -> Suite:
    """Loads a suite: a Parquet file, a JSON file, a folder of JSON files, or the name of a fetched suite.

    A folder of ``zc_<space>.json`` files gives all their tasks as problems, files and tasks by name.

    Raises:
        SuiteError: if there is no such suite, or it cannot be read; with the place and what to do.
    """
    path = Path(source)
    if path.is_dir():
        return _from_json(path.name, sorted(path.glob("zc_*.json")), path)
    if path.suffix == ".json":
        return _from_json(path.name.removesuffix(".json"), [path], path)
    raise SuiteError(f"{source}: no such suite")


def _from_json(name: str, files: list[Path], origin: Path) -> Suite:
    if not files:
        raise SuiteError(f"{origin}: the folder holds no zc_<space>.json files")
    problems: list[Problem] = []
    dropped = 0
    for file in files:
        read, without = read_json(file)
        problems += read
        dropped += without
    metadata = {
        "origin": ", ".join(file.name for file in files),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "dropped_without_accuracy": str(dropped),
    }
    return Suite(name, tuple(problems), metadata)
