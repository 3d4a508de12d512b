"""What holds for all files of clusters/: their headers, the versions that they name, and that they hold no secret."""

import re
import sys

import pytest

from tests.clusters.files import FOLDER, PINS, PROJECT, RAY, ROOT, header, recipes, text

RECIPES = recipes()
RAY_VERSION = re.compile(r"(?:\bray *[=>]=? *|\bRay |rayproject/ray:|:ray|rayVersion: \"?)(\d+(?:\.\w+)+)")
PYTHON_VERSION = re.compile(r"\bPython (\d+\.\d+)|--python (\d+\.\d+)|-py(\d)(\d+)")


def pythons(name: str) -> set[str]:
    return {
        spaced or option or f"{major}.{minor}"
        for spaced, option, major, minor in PYTHON_VERSION.findall(text(name))
    }


def test_all_ways_are_there() -> None:
    assert RECIPES == [
        "Containerfile",
        "aws.yaml",
        "gcp.yaml",
        "kuberay/raycluster.yaml",
        "kuberay/rayjob.yaml",
        "kuberay/shared-volume.yaml",
        "onprem.yaml",
        "slurm.sh",
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_all_name_the_ray_of_the_constraints(name: str) -> None:
    assert set(RAY_VERSION.findall(text(name))) == {RAY}


def test_readme_names_the_ray_of_the_constraints() -> None:
    assert set(RAY_VERSION.findall(text("README.md"))) == {RAY}


@pytest.mark.parametrize(
    "line",
    [
        "Ray 2.9.0",
        "image: rayproject/ray:2.60.1-py312",
        'rayVersion: "3.0"',
        "ray==1.0.0",
        "rayzc:ray2.61.0-gpu",
    ],
)
def test_another_ray_is_noticed(line: str) -> None:
    found = RAY_VERSION.findall(line)
    assert found
    assert set(found) != {RAY}


@pytest.mark.parametrize("name", RECIPES)
def test_all_name_one_python_that_rayzc_supports(name: str) -> None:
    if name == "kuberay/shared-volume.yaml":
        assert pythons(name) == set()
        return
    assert pythons(name) == {"3.12"}
    lowest, highest = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert int(lowest) <= 12 < int(highest)


@pytest.mark.parametrize("name", RECIPES)
def test_header_says_how_and_what_to_override(name: str) -> None:
    said = header(name)
    assert f"hecked offline with Ray {RAY}" in said or f"hecked with\nRay {RAY}" in said
    assert re.search(r"^Override: ", said, re.MULTILINE)
    assert f"clusters/{name}" in said
    assert max(map(len, text(name).splitlines())) <= 120


@pytest.mark.parametrize("name", RECIPES)
def test_commands_name_files_that_exist(name: str) -> None:
    named = set(re.findall(r"(?<![\w/])(?:clusters|jobs)/[\w./-]+\.(?:yaml|py|sh)", text(name)))
    assert f"clusters/{name}" in named or name == "Containerfile"
    assert [path for path in named if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("name", [*RECIPES, "README.md"])
def test_no_token_is_written_down(name: str) -> None:
    written = text(name)
    assert not re.search(r"RAY_AUTH_TOKEN\s*[=:]\s*\"?[\w-]", written)
    assert not re.search(r"auth_token:\s*['\"]?[\w-]{8,}", written)
    assert not re.search(r"RAY_AUTH_MODE\W+disabled", written)


def test_readme_has_a_row_for_each() -> None:
    rows = [line for line in text("README.md").splitlines() if line.startswith("| [")]
    assert sorted(re.match(r"\| \[([^\]]+)\]\(([^)]+)\)", row).groups() for row in rows) == [
        (name, name) for name in RECIPES
    ]
    assert "clusters/README.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_constraints_pin_what_the_files_rely_on() -> None:
    assert {"ray", "torch"} <= PINS.keys()
    assert sys.version_info[:2] >= (3, 11)
    assert (FOLDER / "slurm.sh").stat().st_mode & 0o111


@pytest.mark.parametrize("name", RECIPES)
def test_jobs_are_submitted_with_paths_that_no_shell_need_expand(name: str) -> None:
    # `ray job submit` quotes what it is given, and the job's folder is another one.
    submitted = re.findall(r"ray job submit [^\n]*\\\n#([^\n]*)", text(name))
    assert bool(submitted) == (name in {"aws.yaml", "gcp.yaml", "onprem.yaml", "kuberay/raycluster.yaml"})
    for arguments in submitted:
        assert re.search(r" python /\S*/jobs/discover\.py --out /\S+", arguments), arguments
        assert "~" not in arguments
