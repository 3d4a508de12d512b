"""The wheel in a clean environment: a run, its report, and README's three lines, without the checkout."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["check", "install", "three_lines"]

ROOT = Path(__file__).parents[2]

_BEFORE = """import torch

import rayzc

networks = {"mine": rayzc.build("nasbench201", "(4, 3, 3, 3, 2, 3)", classes=10)}
images, labels = torch.randn(8, 3, 32, 32), torch.arange(8)
"""
_AFTER = """
assert set(scores) == {"mine"} and scores["mine"] == scores["mine"], scores
print(rayzc.__version__, rayzc.__file__, scores)
"""


def three_lines() -> str:
    """The lines of README under "Score your own networks", with networks and images before them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Score your own networks\n")[2].partition("\n## ")[0]
    snippet = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert snippet is not None, "README has no block of Python under 'Score your own networks'"
    return _BEFORE + snippet[1] + _AFTER


def install(wheel: Path, folder: Path) -> Path:
    """Makes a virtual environment with the wheel and what reports need.

    Returns:
        the folder of its programs.
    """
    environment = folder / "venv"
    _run([sys.executable, "-m", "venv", environment], folder)
    pip = [environment / "bin" / "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    _run([*pip, f"{wheel.resolve()}[report]"], folder)
    return environment / "bin"


def check(programs: Path, folder: Path, arguments: Sequence[str] = ()) -> None:
    """Runs rayzc from an installation, in an empty folder.

    Args:
        programs: the folder of its programs.
        folder: where to run them.
        arguments: further arguments of ``rayzc run --quick``.
    """
    script = folder / "three_lines.py"
    script.write_text(three_lines(), encoding="utf-8")
    told = _run([programs / "python", script], folder)
    version, place, _ = told.split(" ", 2)
    assert Path(place).is_relative_to(programs.parent), f"rayzc {version} is that of {place}"
    _run([programs / "rayzc", "run", "--quick", "--out", "runs/quick", *arguments], folder)
    assert (folder / "runs" / "quick" / "result.json").is_file()
    _run([programs / "rayzc", "report", "runs/quick"], folder)
    page = (folder / "runs" / "quick" / "report.html").read_text(encoding="utf-8")
    assert page[:15].lower() == "<!doctype html>"


def _run(words: Sequence[object], folder: Path) -> str:
    """Runs a program without the checkout's modules; what it printed is printed if it fails."""
    begin = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    shown = " ".join(Path(str(word)).name for word in words[:3])
    assert done.returncode == 0, f"{shown} left with {done.returncode}\n{done.stdout}\n{done.stderr}"
    print(f"{shown}: {time.monotonic() - begin:.0f} s", flush=True)
    return done.stdout
