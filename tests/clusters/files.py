"""The files of clusters/, and the versions that they must name."""

import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "clusters"

LAUNCHED = ("onprem", "aws", "gcp")
"""The files for Ray's cluster launcher."""

PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)
RAY = PINS["ray"]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def document(name: str) -> dict[str, Any]:
    """A YAML file with one document."""
    read = yaml.safe_load(text(name))
    assert isinstance(read, dict)
    return read


def recipes() -> list[str]:
    """All ways to get a cluster, as paths in the folder."""
    paths = (path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    names = (path.relative_to(FOLDER).as_posix() for path in paths)
    return sorted(name for name in names if not name.endswith((".md", ".dockerignore")))


def header(name: str) -> str:
    """The comment that a file begins with, without its marks."""
    lines = text(name).splitlines()
    if lines[0].startswith("#!"):
        del lines[0]
    found = re.match(r"(?:#.*\n)+", "\n".join(lines) + "\n")
    assert found, f"{name} begins without a comment"
    return re.sub(r"^# ?", "", found.group(), flags=re.MULTILINE)


def tool(name: str) -> str:
    """The path of a program of the dev extra."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is not installed: pip install --constraint constraints.txt --editable '.[dev]'"
    return found
