"""What a user sees of a mistake with ``rayzc discover`` and ``rayzc resume``: one line, which says what to do."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rayzc.problems import Suite, write_suite
from rayzc.runs import RunFolder
from tests.cli.conftest import Command
from tests.evolution import samples

Fails = Callable[..., None]


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """A small suite in a file."""
    path = tmp_path / "small.parquet"
    write_suite(samples.suite(), path)
    return path


@pytest.fixture
def fails(command: Command) -> Fails:
    """Asserts that a command ends with this message, before it has touched Ray, and with nothing printed."""

    def check(message: str, *arguments: object) -> None:
        ended = command(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.splitlines(keepends=True)[-1 - message.count("\n") :] == (
            f"rayzc: {message}\n".splitlines(keepends=True)
        )

    return check


class TestSuites:
    def test_a_missing_file(self, fails: Fails) -> None:
        fails("suite.parquet: no such file or folder", "discover", "--suite", "suite.parquet")

    def test_a_name_that_is_none(self, fails: Fails) -> None:
        fails(
            "'nbsz-31' is neither a file, nor a folder, nor a named suite; did you mean 'nbsz-13'?",
            "discover",
            "--suite",
            "nbsz-31",
        )

    def test_truncated_parquet(self, fails: Fails, parquet: Path) -> None:
        parquet.write_bytes(parquet.read_bytes()[:-100])
        message = f"{parquet}: the Parquet file ends too early, it was cut off; import or fetch it again"
        fails(message, "discover", "--suite", parquet)

    def test_truncated_json(self, fails: Fails, tmp_path: Path) -> None:
        folder = tmp_path / "suite"
        folder.mkdir()
        whole = json.dumps({"cifar10": {"(0, 1, 2, 3, 4, 0)": {"id": {}, "val_accuracy": 0.5, "flops": 1.5}}})
        path = folder / "zc_nasbench201.json"
        path.write_text(whole[:-30])
        message = (
            f"{path}, line 1, column 47: the file ends too early, it was cut off; fetch or copy the "
            "file again"
        )
        fails(message, "discover", "--suite", folder)

    def test_an_unknown_proxy(self, fails: Fails, parquet: Path) -> None:
        message = "suite small has no proxy 'flop'; did you mean 'flops'?"
        fails(message, "discover", "--suite", parquet, "--proxies", "flop,snip")

    def test_an_empty_suite(self, fails: Fails, tmp_path: Path) -> None:
        write_suite(Suite("void", ()), tmp_path / "void.parquet")
        fails("suite void is empty: it has no problems", "discover", "--suite", tmp_path / "void.parquet")

    def test_nothing_is_left(self, fails: Fails, parquet: Path) -> None:
        message = "no problem of suite small is left; it has own/task-0, own/task-1, own/task-2"
        fails(message, "discover", "--suite", parquet, "--leave-out", "own")

    def test_one_architecture(self, fails: Fails, tmp_path: Path) -> None:
        part = samples.suite().problems[0]
        one = replace(
            part,
            architectures=part.architectures[:1],
            scores=part.scores[:1],
            accuracy=part.accuracy[:1],
            groups=part.groups[:1],
        )
        write_suite(Suite("poor", (one,)), tmp_path / "poor.parquet")
        message = f"problem {part.name} has 1 architecture; at least two are needed to rank: leave it out"
        fails(message, "discover", "--suite", tmp_path / "poor.parquet")

    def test_constant_accuracy(self, fails: Fails, tmp_path: Path) -> None:
        part = samples.suite().problems[0]
        flat = replace(part, accuracy=np.full(len(part), 5.0))
        write_suite(Suite("flat", (flat,)), tmp_path / "flat.parquet")
        message = (
            f"problem {part.name} has the same accuracy, 5, for all of its {len(part)} architectures: there is "
            "nothing to rank; leave it out"
        )
        fails(message, "discover", "--suite", tmp_path / "flat.parquet")


class TestChoices:
    def test_a_formula_that_does_not_parse(self, fails: Fails, parquet: Path) -> None:
        message = (
            "cannot parse formula at position 8: expected a proxy, a number or '(', found the end\n"
            "  flops +\n"
            "         ^"
        )
        fails(message, "discover", "--suite", parquet, "--start", "flops +")

    def test_a_formula_with_another_proxy(self, fails: Fails, parquet: Path) -> None:
        message = "the starting formula log(flop) needs proxy 'flop'; known: flops, snip"
        fails(message, "discover", "--suite", parquet, "--start", "log(flop)", "--proxies", "flops,snip")

    @pytest.mark.parametrize(
        ("option", "value", "message"),
        [
            ("--objective", "men", "unknown objective 'men'; did you mean 'mean'?"),
            ("--correlation", "kendal", "unknown correlation 'kendal'; did you mean 'kendall'?"),
            ("--measure", "kendal", "unknown correlation 'kendal'; did you mean 'kendall'?"),
            ("--topology", "rink", "unknown topology 'rink'; did you mean 'ring'?"),
            ("--holdout", 1.5, "--holdout is 1.5; it must lie between 0 and 1"),
            ("--epochs", 0, "--epochs is 0; it must be 1 or more"),
            ("--proxies", "", "--proxies has an empty name: write --proxies A,B or leave --proxies out"),
            (
                "--problems",
                "a,,b",
                "--problems has an empty name: write --problems A,B or leave --problems out",
            ),
            ("--selection", "tournament,lexicas", "unknown selection 'lexicas'; did you mean 'lexicase'?"),
            ("--selection", "lexicas", "unknown selection 'lexicas'; did you mean 'lexicase'?"),
            ("--islands", 0, "--islands is 0; it must lie between 1 and 10,000"),
            ("--islands", "eleven", "--islands is 'eleven'; it must be a whole number or auto"),
            ("--time-limit", "soon", "--time-limit: 'soon' is not a duration: write 90s, 3m or 1h30m"),
        ],
    )
    def test_a_choice_that_is_none(
        self, fails: Fails, parquet: Path, option: str, value: object, message: str
    ) -> None:
        fails(message, "discover", "--suite", parquet, option, value)

    def test_an_objective_without_its_module(self, fails: Fails, parquet: Path, tmp_path: Path) -> None:
        message = (
            f"there is no module 'my' in {tmp_path} or among the installed ones; run from the folder that holds it, "
            "or set PYTHONPATH"
        )
        fails(message, "discover", "--suite", parquet, "--objective", "my:fn")


class TestRuns:
    def test_a_run_folder_that_exists(self, fails: Fails, parquet: Path, tmp_path: Path) -> None:
        out = tmp_path / "run"
        RunFolder.create(out).write_config({"seed": 1})
        (out / "checkpoints" / "epoch-00000001.json").write_text("{}")
        message = (
            f"{out} exists and is not empty: choose another --out, add --force to overwrite it, or continue it with "
            f"`rayzc resume {out}`"
        )
        fails(message, "discover", "--suite", parquet, "--out", out)
        assert (out / "config.json").exists()

    def test_no_run_to_resume(self, fails: Fails, tmp_path: Path) -> None:
        message = f"{tmp_path / 'nothing'}: no such run; a run's folder holds config.json and checkpoints/"
        fails(message, "resume", tmp_path / "nothing")

    def test_a_suite_that_changed_since_the_checkpoint(
        self, fails: Fails, command: Command, parquet: Path, tmp_path: Path, ray_session: None
    ) -> None:
        few = ("--epochs", 1, "--islands", 2, "--population", 8, "--quiet", "--out", tmp_path / "run")
        assert command("discover", "--suite", parquet, *few).code == 0
        before, after = samples.suite(), samples.suite(seed=50)
        write_suite(after, parquet)
        message = (
            f"suite {parquet} has changed since the run began (content hash {after.content_hash[:12]}, was "
            f"{before.content_hash[:12]}): restore the earlier suite, or start a new run"
        )
        fails(message, "resume", tmp_path / "run")


def test_a_number_of_islands_that_is_found_out_is_told_and_kept(
    command: Command, parquet: Path, tmp_path: Path, ray_session: None
) -> None:
    few = ("--epochs", 1, "--islands", "auto", "--workers", 2, "--population", 8, "--out", tmp_path / "run")
    ended = command("discover", "--suite", parquet, *few)
    assert ended.code == 0
    assert "16 islands for 2 workers; to repeat this run: --islands 16" in ended.err
    assert json.loads((tmp_path / "run" / "config.json").read_text())["settings"]["islands"] == 16


def test_on_a_full_disk_the_result_is_printed_all_the_same(
    command: Command, parquet: Path, tmp_path: Path, ray_session: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rayzc.runs import files

    write = files.write_atomically

    def full(path: Path, content: str) -> None:
        if path.name in ("hall_of_fame.json", "result.json"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, content)

    monkeypatch.setattr(files, "write_atomically", full)
    few = ("--epochs", 1, "--islands", 2, "--population", 8, "--quiet", "--json", "--out", tmp_path / "run")
    ended = command("discover", "--suite", parquet, *few)
    assert ended.code == 0
    assert json.loads(ended.out)["best"]["expression"]
    assert ended.err == f"rayzc: {tmp_path}/run/result.json cannot be written: No space left on device\n"


def test_an_objective_of_the_user_s_in_the_working_folder(parquet: Path, tmp_path: Path) -> None:
    """From the console script, which does not look there by itself; the workers must find it, too."""
    (tmp_path / "my.py").write_text("def second_worst(taus):\n    return float(sorted(taus)[1])\n")
    script = Path(sys.executable).with_name("rayzc")
    arguments = ["--suite", str(parquet), "--objective", "my:second_worst", "--epochs", "1", "--islands", "2"]
    ran = subprocess.run(
        [str(script), "discover", *arguments, "--workers", "1", "--out", "run", "--json", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["settings"]["objective"] == "my:second_worst"
    assert len(json.loads(ran.stdout)["best"]["kendall"]) == 3
