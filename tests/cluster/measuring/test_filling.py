"""Filling a suite: empty cells only, as the table measures, and what is kept is not measured again."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from rayzc.cli import main
from rayzc.cluster.measuring.filling import Filled, Filling, fill_suite
from rayzc.errors import ProxyError, SpaceError, SuiteError
from rayzc.options import FillOptions, Setup
from rayzc.problems import Problem, Suite, load_suite, write_suite
from rayzc.proxies import ByProducts, proxy, unregister
from tests.cluster.measuring.networks import SPACE, ask, direct, distinct

SMALL = Setup(batch=2, width=4, depth=1, as_written=True)
# In the first one the convolution on 0->1 leads nowhere; the last is the first again.
ENCODINGS = ("(2, 1, 0, 1, 1, 1)", *distinct(4, seed=9), "(2, 1, 0, 1, 1, 1)")


def problem(
    task: str = "cifar10", scores: object = None, proxies: tuple[str, ...] = ("nwot", "params")
) -> Problem:
    values = np.full((6, 2), np.nan) if scores is None else scores
    return Problem(SPACE, task, ENCODINGS, proxies, values, np.arange(6.0), np.arange(6))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def filled(
    ray_session: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Suite, Filled, list[Filling], Path]:
    """A suite with some cells empty, and one column too few, filled."""
    known = np.full((6, 2), np.nan)
    known[1], known[2, 0], known[3, 1] = (-math.inf, 7.0), 8.0, 9.0
    suite = Suite("gaps", (problem(scores=known), problem("cifar100")), {"origin": "somewhere"})
    cache = tmp_path_factory.mktemp("filled") / "cache"
    heard: list[Filling] = []

    @proxy(needs="network", name="unlucky")
    def unlucky(measured: ByProducts) -> float:
        found = sum(parameter.numel() for parameter in measured.network.parameters())
        if found == unlucky_size:
            raise ValueError("thirteen")
        return float(found)

    unlucky_size = round(1e6 * direct(ask(ENCODINGS[2], ("params",)), SMALL, ENCODINGS[2]).scores["params"])
    try:
        result = fill_suite(
            suite,
            proxies=["nwot", "params", "unlucky"],
            problems=["cifar10"],
            setup=SMALL,
            workers=2,
            cache=cache,
            listen=heard.append,
        )
    finally:
        unregister("unlucky")
    return suite, result, heard, cache


def test_empty_cells_are_filled_and_no_others(filled: tuple[Suite, Filled, list[Filling], Path]) -> None:
    suite, result, heard, _ = filled
    before, after = suite.problems[0], result.suite.problems[0]
    assert after.proxies == ("nwot", "params", "unlucky")
    assert after.column("nwot")[1] == -math.inf
    assert after.column("params")[1] == 7.0
    assert after.column("nwot")[2] == 8.0
    assert after.column("params")[3] == 9.0
    for row, encoding in enumerate(ENCODINGS):
        right = direct(ask(encoding, ("nwot", "params")), SMALL, encoding).scores
        for name in ("nwot", "params"):
            if math.isnan(before.column(name)[row]):
                assert after.column(name)[row] == right[name]
    assert after.column("params")[0] > direct(ask(ENCODINGS[0], ("params",)), SMALL).scores["params"]
    assert result.suite.problems[1] is suite.problems[1]
    assert result.statistics.measured == 5
    assert heard[-1].rows == heard[-1].done == 6
    assert heard[-1].statistics.workers >= 1


def test_failures_stay_empty_and_are_listed(filled: tuple[Suite, Filled, list[Filling], Path]) -> None:
    _, result, _, _ = filled
    after = result.suite.problems[0]
    (failure,) = result.failures
    assert (failure.problem, failure.architecture, failure.proxy) == (
        f"{SPACE}/cifar10",
        ENCODINGS[2],
        "unlucky",
    )
    assert "thirteen" in failure.reason
    assert np.isnan(after.column("unlucky")).tolist() == [False, False, True, False, False, False]
    assert result.cells == {f"{SPACE}/cifar10": {"nwot": 4, "params": 4, "unlucky": 5}}
    assert result.lacking == {f"{SPACE}/cifar10": {"nwot": 0, "params": 0, "unlucky": 1}}
    assert result.filled == 13
    assert result.interrupted is None


def test_the_origin_says_what_was_measured_how(filled: tuple[Suite, Filled, list[Filling], Path]) -> None:
    _, result, _, _ = filled
    origin = result.suite.metadata["origin"]
    assert origin.startswith("somewhere + measured by rayzc ")
    assert f"{SPACE}/cifar10 nwot (4), params (4), unlucky (5)" in origin
    assert "[2 normal random images, seed 0, networks as written, width 4, depth 1, on cpu]" in origin


def test_what_is_kept_is_not_measured_again(filled: tuple[Suite, Filled, list[Filling], Path]) -> None:
    suite, result, _, cache = filled
    first = replace(suite, problems=(problem("cifar10"),))
    again = fill_suite(first, proxies=["nwot"], limit=2, setup=SMALL, workers=1, cache=cache)
    assert again.statistics.measured == 1
    assert again.statistics.cached == 1
    assert again.lacking == {f"{SPACE}/cifar10": {"nwot": 4}}
    assert again.suite.problems[0].column("nwot")[0] == result.suite.problems[0].column("nwot")[0]


def test_mistakes_are_reported_before_ray_is_started() -> None:
    whole = Suite("whole", (problem(scores=np.ones((6, 2))),))
    with pytest.raises(
        SuiteError, match=f"has all scores of nwot on {SPACE}/cifar10: there is nothing to measure"
    ):
        fill_suite(whole, proxies=["nwot"])
    with pytest.raises(ProxyError, match="did you mean 'nwot'"):
        fill_suite(whole, proxies=["nwott"])
    with pytest.raises(SuiteError, match="no problem of suite whole matches"):
        fill_suite(whole, proxies=["zen"], problems=["nasbench301"])
    with pytest.raises(SpaceError, match="has no task 'cifar11'"):
        fill_suite(Suite("other", (problem("cifar11"),)), options=FillOptions(proxies=("zen",)))
    with pytest.raises(ProxyError, match="no proxies to measure: name some"):
        fill_suite(whole)


def test_a_sample_of_the_real_gaps(ray_session: None, real_suite: Suite) -> None:
    """Real gaps are filled, and cells made blank come back as they were recorded, dead operations and all."""
    cells = real_suite.problem(f"{SPACE}/cifar10")
    graphs = real_suite.problem("nasbench101/cifar10")
    whole = np.flatnonzero(~np.isnan(cells.scores).any(axis=1))[:12]
    gap = np.flatnonzero(np.isnan(cells.column("synflow")) & ~np.isnan(cells.column("params")))
    assert gap.size == 1
    assert "nwot" not in graphs.has
    recorded = cells.take(np.concatenate([whole, gap]))
    blank = recorded.scores.copy()
    blank[:12] = np.nan
    sample = Suite("sample", (replace(recorded, scores=blank), graphs.take([0, 1])), real_suite.metadata)
    names = ("flops", "nwot", "params", "synflow")
    result = fill_suite(sample, proxies=names, setup=SMALL.replaced(width=None, depth=None), workers=2)
    ours, others = result.suite.problems
    assert result.failures == ()
    assert result.cells == {
        f"{SPACE}/cifar10": {"flops": 12, "nwot": 12, "params": 12, "synflow": 13},
        "nasbench101/cifar10": {"flops": 0, "nwot": 2, "params": 0, "synflow": 0},
    }
    for name in ("flops", "params"):
        assert ours.column(name) == pytest.approx(recorded.column(name), rel=1e-6)
    assert spearmanr(ours.column("synflow")[:12], recorded.column("synflow")[:12]).statistic > 0.98
    assert np.isfinite(others.column("nwot")).all()
    assert np.array_equal(others.column("params"), graphs.column("params")[:2])
    assert result.statistics.measured == 15


def test_the_defaults_measure_as_the_tables_did() -> None:
    assert FillOptions().setup == Setup(batch=32, as_written=True)
    changed = FillOptions(proxies=["zen"], limit=3).replaced(batch_size=4, network_time_limit=1.5)
    assert changed.setup == Setup(batch=4, as_written=True, time_limit=1.5)
    assert FillOptions.from_document(changed.to_document(), "the options") == changed


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A file of a suite without scores."""
    encodings = tuple(distinct(150, seed=12))
    empty = np.full((150, 1), np.nan)
    table = Problem(SPACE, "cifar10", encodings, ("nwot",), empty, np.arange(150.0), np.arange(150))
    write_suite(Suite("many", (table,), {"origin": "nowhere"}), tmp_path / "many.parquet")
    return tmp_path / "many.parquet"


def test_interrupted_and_gone_on_with(
    ray_session: None,
    many: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out.parquet"
    arguments = ["suite", "fill", str(many), "--proxies", "nwot", "--out", str(out), "--batch", "2"]
    arguments += ["--workers", "2", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rayzc", *arguments],
        env={key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("out.measurements/*.parquet")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGINT
    assert not out.exists()
    assert "interrupted by SIGINT" in errors
    assert f"to continue: rayzc {' '.join(arguments)}" in errors
    document = json.loads(output)
    measured = document["networks_measured"]
    assert document["interrupted"] == "SIGINT"
    assert document["out"] is None
    assert 0 < measured < 150

    monkeypatch.setattr("sys.argv", ["rayzc", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    document = json.loads(capsys.readouterr().out)
    assert document["known_already"] >= measured
    assert document["known_already"] + document["networks_measured"] == 150
    assert document["filled"] == {f"{SPACE}/cifar10": {"nwot": 150}}
    assert document["lacking"] == {f"{SPACE}/cifar10": {"nwot": 0}}
    assert document["failures"] == []
    assert document["out"] == str(out)
    assert not np.isnan(load_suite(out).problems[0].scores).any()
