"""The rules of who may import whom."""

import ast
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
    "search": {"formula", "spaces", "problems"},
    "runs": {"formula", "problems", "evolution"},
    "cluster": {"formula", "problems", "evolution", "spaces", "proxies", "search", "runs"},
}
OWNERS = {"ray": {"cluster"}, "torch": {"spaces", "proxies", "formula"}, "typer": {"cli"}}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
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
        for name in imports(path):
            top, *rest = name.split(".")
            if top == "rayzc" and rest and package in MAY_IMPORT:
                allowed = MAY_IMPORT[package] | {package, "errors", "files", "__version__"}
                assert rest[0] in allowed, f"{path.name} imports {name}"
            if top in OWNERS:
                assert package in OWNERS[top], f"{path} imports {name}"
