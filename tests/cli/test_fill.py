"""``rayzc suite fill``: mistakes, told before Ray is started; the rest is shown in tests/cluster/measuring."""

from pathlib import Path

import numpy as np
import pytest

from rayzc.problems import Problem, Suite, write_suite
from tests.cli.conftest import Command


@pytest.fixture
def gaps(tmp_path: Path) -> Path:
    """A suite of two networks; nwot is whole, zen is not."""
    scores = np.array([[1.0, np.nan], [2.0, 3.0]])
    encodings = ("(0, 0, 0, 0, 0, 0)", "(2, 2, 2, 2, 2, 2)")
    table = Problem(
        "nasbench201", "cifar10", encodings, ("nwot", "zen"), scores, np.arange(2.0), np.arange(2)
    )
    write_suite(Suite("gaps", (table,)), tmp_path / "gaps.parquet")
    return tmp_path / "gaps.parquet"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--proxies", "zenn"), "there is no proxy 'zenn'; did you mean 'zen'?"),
        (
            ("--proxies", "nwot"),
            "suite gaps has all scores of nwot on nasbench201/cifar10: there is nothing to measure",
        ),
        (("--proxies", "zen", "--problems", "nasbench101"), "no problem of suite gaps matches 'nasbench101'"),
        (
            ("--proxies", "zen", "--network-time-limit", "soon"),
            "--network-time-limit: 'soon' is not a duration: write 90s, 3m or 1h30m",
        ),
        (
            ("--proxies", "zen", "--network-time-limit", "0s"),
            "--network-time-limit is 0; it must be greater than 0",
        ),
        ((), "--proxies is missing: name the proxies to measure, such as --proxies nwot,zen"),
        (("--proxies", ""), "--proxies has an empty name: write --proxies A,B or leave --proxies out"),
        (("--proxies", "no_such_module:mine"), "there is no module 'no_such_module' in "),
        (("--proxies", "zen", "--device", "tpu"), "unknown device 'tpu'; did you mean 'cpu'?"),
    ],
)
def test_mistakes(command: Command, gaps: Path, arguments: tuple[str, ...], message: str) -> None:
    ended = command("suite", "fill", gaps, "--out", "out.parquet", *arguments)
    assert ended.code == 2
    assert ended.err.startswith(f"rayzc: {message}")
    assert ended.err.count("\n") == 1
    assert not Path("out.parquet").exists()


def test_a_file_that_is_there_already(command: Command, gaps: Path) -> None:
    ended = command("suite", "fill", gaps, "--out", gaps, "--proxies", "zen")
    assert (ended.code, ended.err) == (2, f"rayzc: {gaps} exists: use --force to overwrite it\n")
    ended = command("suite", "fill", gaps, "--out", "out.json", "--proxies", "zen")
    assert ended.code == 2
    assert "a name that ends in .parquet" in ended.err


def test_a_cache_that_is_a_file(command: Command, gaps: Path) -> None:
    ended = command("suite", "fill", gaps, "--out", "out.parquet", "--proxies", "zen", "--cache", gaps)
    assert ended.code == 2
    assert ended.err.startswith(f"rayzc: {gaps} is a file; the cache of measurements must be a folder")


@pytest.mark.parametrize("option", [("--limit", "0"), ("--batch-size", "0"), ("--workers", "0")])
def test_numbers_that_are_not_possible(command: Command, gaps: Path, option: tuple[str, str]) -> None:
    ended = command("suite", "fill", gaps, "--out", "out.parquet", "--proxies", "zen", *option)
    assert ended.code == 2
    assert option[0] in ended.err
