"""The rules of who may import whom."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "rayzc"
MAY_IMPORT = {
    "formula": set(),
    "encodings": set(),
    "problems": {"encodings"},
    "evolution": {"formula", "problems"},
    "spaces": {"encodings"},
    "proxies": {"spaces"},
    "search": {"formula", "spaces", "problems", "encodings"},
    "runs": {"formula", "problems", "evolution", "search"},
    "cluster": {"formula", "problems", "evolution", "spaces", "proxies", "search", "runs"},
}
MAY_IMPORT_WHEN_CALLED = {"formula": {"proxies"}, "search": {"cluster"}}
"""What is no part of a package, but what a function of it may ask for when somebody calls it: a formula scores a
network by measuring its proxies, while whoever reads, breeds or evaluates formulas needs no proxy and no torch; and the
package ``rayzc.search``, called as a function, hands over to the cluster, while whoever takes a name from it needs no
Ray."""

OWNERS = {"ray": {"cluster"}, "torch": {"spaces", "proxies", "formula"}, "typer": {"cli"}}


def imports(path: Path) -> dict[str, bool]:
    """What a file imports, and whether only its functions do, when they are called."""
    tree = ast.parse(path.read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    late = {inner for function in functions for inner in ast.walk(function)}
    everywhere = imported(path, ast.walk(tree))
    at_once = imported(path, (node for node in ast.walk(tree) if node not in late))
    return {name: name not in at_once for name in everywhere}


def imported(path: Path, nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "rayzc"}
    return names


@pytest.mark.parametrize("package", sorted(p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()))
def test_package_keeps_the_rules(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for name, late in imports(path).items():
            top, *rest = name.split(".")
            if top == "rayzc" and rest and package in MAY_IMPORT:
                allowed = MAY_IMPORT[package] | {package, "errors", "files", "user_code", "__version__"}
                if late:
                    allowed |= MAY_IMPORT_WHEN_CALLED.get(package, set())
                assert rest[0] in allowed, f"{path.name} imports {name}"
            if top in OWNERS:
                assert package in OWNERS[top], f"{path} imports {name}"
