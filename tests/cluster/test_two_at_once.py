"""Two processes that resume one run at once: exactly one gets in, whatever the kind of the run."""

import subprocess
import sys
from pathlib import Path

import pytest

from rayzc.cluster.islands import discovery
from rayzc.cluster.searches import searching
from rayzc.cluster.searches.attempt import Attempt
from rayzc.errors import RunError
from rayzc.problems import Suite
from tests.cluster.searches import samples

ROOT = Path(__file__).parents[2]
RESUME = {
    "discover": """
import sys
from rayzc.cluster.islands import discovery
discovery._bred = lambda *arguments: let_in()
resume = discovery.resume
""",
    "search": """
import sys
from rayzc.cluster.searches import searching
searching.Attempt.go = lambda *arguments: let_in()
resume = searching.resume_search
""",
}
AT_ONCE = """
from rayzc.errors import RunError
def let_in():
    print("in", flush=True)
    sys.stdin.readline()
print("ready", flush=True)
sys.stdin.readline()
try:
    resume(sys.argv[1])
except RunError as error:
    print(error, flush=True)
"""


@pytest.fixture
def begun(small_suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a discovery and a run of searches that were begun, and did nothing yet."""

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(discovery, "_bred", stop)
    monkeypatch.setattr(Attempt, "go", stop)
    with pytest.raises(KeyboardInterrupt):
        discovery.discover(small_suite, out=tmp_path / "discover")
    with pytest.raises(KeyboardInterrupt):
        searching.search("flops", samples.suite(), budget=30, out=tmp_path / "search")
    return tmp_path


@pytest.mark.parametrize("kind", ["discover", "search"])
def test_exactly_one_gets_in(begun: Path, kind: str) -> None:
    command = [sys.executable, "-c", RESUME[kind] + AT_ONCE, str(begun / kind)]
    both = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
    said = []
    for process in both:
        assert process.stdout is not None
        said.append(process.stdout.readline())
    for process in both:
        process.communicate("\n", timeout=60)
    winner = both[said.index("in\n")].pid
    (refused,) = (text for text in said if text != "in\n")
    assert f"{begun / kind}: " in refused
    assert "is working on this run: wait until it has ended, or stop it first" in refused
    assert f"process {winner} on " in refused or "another process" in refused


@pytest.mark.parametrize(
    ("function", "mend"),
    [
        (
            "search",
            "a run of searches has its folder on this machine; its checkpoints may be elsewhere, by --storage",
        ),
        ("run", "a run of all stages has its folder on this machine: give a path to --out"),
        ("train", "a run of trainings has its folder on this machine: give a path to --out"),
        ("build_suite", "a suite is written to a file of this machine: give a path to --out"),
    ],
)
def test_runs_that_can_only_be_here(function: str, mend: str) -> None:
    import rayzc

    arguments = {"search": ["flops"], "train": ["my:net", "images.npz"], "build_suite": ["spec.toml"]}
    with pytest.raises(RunError) as raised:
        getattr(rayzc, function)(*arguments.get(function, []), out="s3://me:mine@bucket/run")
    assert str(raised.value) == f"s3://bucket/run: {mend}"
