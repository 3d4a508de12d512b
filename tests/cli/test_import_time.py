"""What is quick imports nothing that is slow; the times themselves are measured in the benchmark."""

import json
import subprocess
import sys

import pytest

HEAVY = {"ray", "torch", "numba", "numpy", "scipy", "sympy", "pyarrow"}
REPORT = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def loaded(code: str) -> set[str]:
    """The packages that are loaded after some code ran in a new interpreter."""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_importing_rayzc() -> None:
    names = loaded(f"import rayzc; {REPORT}")
    assert "rayzc" in names
    assert not names & (HEAVY | {"typer", "rich"})


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["discover"],
        ["search"],
        ["resume"],
        ["run"],
        ["train"],
        ["score"],
        ["report"],
        ["suite"],
        ["submit"],
        ["jobs"],
    ],
)
def test_help(arguments: list[str]) -> None:
    code = f"""
import sys
from rayzc.cli import main
sys.argv = ["rayzc", *{arguments!r}, "--help"]
try:
    main()
except SystemExit as left:
    assert not left.code
{REPORT}
"""
    names = loaded(code)
    assert {"rayzc", "typer"} <= names
    assert not names & HEAVY


def test_the_names_of_the_package_are_there_when_used() -> None:
    code = (
        f"import rayzc; assert set(rayzc.__all__) <= set(dir(rayzc)); rayzc.Formula, rayzc.Limits; {REPORT}"
    )
    assert not loaded(code) & {"ray", "torch", "sympy"}


def test_a_name_that_is_not_there() -> None:
    import rayzc

    with pytest.raises(AttributeError, match=r"^module 'rayzc' has no attribute 'discovr'$"):
        rayzc.discovr  # noqa: B018
