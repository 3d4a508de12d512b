"""The container file: hadolint, pinned versions, no root, and a context with what is copied and nothing else."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.clusters.files import FOLDER, RAY, ROOT, document, text, tool


def instructions() -> list[tuple[str, str]]:
    """The instructions and what follows them, with continued lines joined."""
    lines = [line for line in text("Containerfile").splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (word, " ".join(rest.split()))
        for word, _, rest in (line.partition(" ") for line in joined.split("\n"))
    ]


def values(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def hadolint(path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [tool("hadolint"), "--no-color", str(path)], capture_output=True, text=True, timeout=60, check=False
    )


def test_hadolint_finds_nothing() -> None:
    checked = hadolint(FOLDER / "Containerfile")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (f":{RAY}-py312", ":latest", "DL3007"),
        ("pip install --no-cache-dir", "pip install", "DL3042"),
        ("USER 1000:100", "USER root", "DL3002"),
    ],
)
def test_hadolint_can_find_something(old: str, new: str, rule: str, tmp_path: Path) -> None:
    broken = tmp_path / "Containerfile"
    broken.write_text(text("Containerfile").replace(old, new))
    checked = hadolint(broken)
    assert checked.returncode == 1
    assert rule in checked.stdout


def test_ray_and_python_are_pinned() -> None:
    assert values("FROM") == [f"rayproject/ray:{RAY}-py312"]
    (install,) = values("RUN")
    assert install.startswith("pip install --no-cache-dir --constraint constraints.txt ")
    assert '--extra-index-url "${TORCH_INDEX}"' in install
    (argument,) = values("ARG")
    assert argument == "TORCH_INDEX=https://download.pytorch.org/whl/cpu"


def test_nothing_is_installed_or_run_as_root() -> None:
    words = [word for word, _ in instructions()]
    assert values("USER") == ["1000:100"]
    assert words.index("USER") < min(words.index("RUN"), words.index("COPY"))
    pod = document("kuberay/raycluster.yaml")["spec"]["headGroupSpec"]["template"]["spec"]["securityContext"]
    assert f"{pod['runAsUser']}:{pod['runAsGroup']}" == values("USER")[0]


def test_the_context_has_what_is_copied() -> None:
    copied = [source for rest in values("COPY") for source in rest.split()[1:-1]]
    assert all(rest.startswith("--chown=1000:100 ") for rest in values("COPY"))
    assert [source for source in copied if not (ROOT / source).exists()] == []
    rules = [line for line in text("Containerfile.dockerignore").splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    assert [rule[1:] for rule in rules if rule.startswith("!")] == copied
    assert rules[-1] == "**/__pycache__"
    # jobs are where the manifests say.
    assert values("WORKDIR") == ["/home/ray/rayzc"]
    assert "python /home/ray/rayzc/jobs/" in document("kuberay/rayjob.yaml")["spec"]["entrypoint"]


def test_the_tags_are_those_of_the_manifests() -> None:
    tags = set(re.findall(r"-t (\S+)", text("Containerfile")))
    groups = document("kuberay/raycluster.yaml")["spec"]["workerGroupSpecs"]
    assert tags == {group["template"]["spec"]["containers"][0]["image"] for group in groups}
