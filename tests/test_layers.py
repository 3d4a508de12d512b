"""Who may import whom, and that no two files import each other, not even in a roundabout way."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "rayzc"
FILES = tuple(sorted(ROOT.rglob("*.py")))
GROUND = {"documents", "ending", "errors", "images", "measurement", "options", "user_code", "version"}
"""What every package may import."""

MAY_IMPORT = {
    "formula": set(),
    "spaces": set(),
    "problems": {"spaces"},
    "evolution": {"formula", "problems"},
    "passes": set(),
    "proxies": {"formula", "passes", "spaces"},
    "training": {"passes", "problems", "proxies", "spaces"},
    "nas": {"formula", "spaces", "problems"},
    "runs": {"formula", "problems", "evolution", "nas"},
    "report": {"formula", "problems", "evolution", "spaces", "nas", "runs"},
    "options": set(),
    "images": set(),
    "cluster": {"formula", "problems", "evolution", "spaces", "proxies", "training", "nas", "runs"},
}
MAY_IMPORT_WHEN_CALLED = {"formula": {"proxies"}}
"""What a function may import when it is called: a formula scores a network by measuring its proxies, while whoever
reads, breeds or evaluates formulas needs no proxy and no torch."""

OWNERS = {
    "ray": {"cluster"},
    "torch": {"spaces", "passes", "proxies", "training", "formula", "testing"},
    "typer": {"cli"},
}
FORWARDING = "formula/expression.py"
"""Its methods hand over to functions of the files beside it, which import it."""


@pytest.mark.parametrize("package", sorted(p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()))
def test_package_keeps_the_rules(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for name, late in imports(path).items():
            top, *rest = name.split(".")
            if top == "rayzc" and rest and package in MAY_IMPORT:
                allowed = MAY_IMPORT[package] | {package} | GROUND
                if late:
                    allowed |= MAY_IMPORT_WHEN_CALLED.get(package, set())
                assert rest[0] in allowed, f"{path.name} imports {name}"
            if top in OWNERS:
                assert package in OWNERS[top], f"{path} imports {name}"


def test_no_files_import_in_a_circle() -> None:
    graph = {path: frozenset(imported_files(path)) for path in FILES}
    assert sum(map(len, graph.values())) > 700
    assert [sorted(str(path.relative_to(ROOT)) for path in circle) for circle in circles(graph)] == []


def test_a_circle_is_found() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    assert list(circles({a: frozenset({b}), b: frozenset({c}), c: frozenset({b})})) == [{b, c}]


@cache
def imports(path: Path) -> dict[str, bool]:
    """What a file imports, and whether only its functions do, when they are called."""
    tree = ast.parse(path.read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    late = {inner for function in functions for inner in ast.walk(function)}
    at_once = imported(path, (node for node in ast.walk(tree) if node not in late))
    return {name: name not in at_once for name in imported(path, ast.walk(tree))}


def imported(path: Path, nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_files(path: Path) -> Iterator[Path]:
    """The files that a file names in its imports: at once, when a function is called, and for type checkers."""
    forwarding = str(path.relative_to(ROOT)) == FORWARDING
    for name, late in imports(path).items():
        target = file_of(name)
        if target is not None and not (forwarding and late):
            yield from ({target} | initialised(path, target)) - {path}


def initialised(path: Path, target: Path) -> set[Path]:
    """The ``__init__`` of every package that a file is not in itself and runs by importing another."""
    outside = [folder for folder in target.parents if folder not in path.parents]
    return {folder / "__init__.py" for folder in outside if (folder / "__init__.py").is_file()}


@cache
def file_of(name: str) -> Path | None:
    """The file that defines a module, or the module that a name is imported from."""
    while name.partition(".")[0] == "rayzc":
        place = ROOT.parent.joinpath(*name.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return file
        name = name.rpartition(".")[0]
    return None


def circles(graph: dict[Path, frozenset[Path]]) -> Iterator[set[Path]]:
    """The sets of files that all reach each other."""
    reached = {start: reachable(graph, start) for start in graph}
    seen: set[Path] = set()
    for start in graph:
        circle = {other for other in reached[start] if start in reached.get(other, ())}
        if circle and start not in seen:
            seen |= circle
            yield circle


def reachable(graph: dict[Path, frozenset[Path]], start: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [*graph[start]]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += graph.get(path, ())
    return found
