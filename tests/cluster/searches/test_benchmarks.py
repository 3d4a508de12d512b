"""Searches of whole spaces by a suite's benchmark, interrupted and resumed, and what is told of their networks."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rayzc.cli.displays.searched_details import report
from rayzc.cli.exporting import export_best, shapes_of
from rayzc.cluster.searches import SearchProgress, resume_search, search
from rayzc.errors import SearchError
from rayzc.measurement import Request
from rayzc.nas import Results
from rayzc.options import Setup
from rayzc.problems import Suite, load_suite
from rayzc.proxies.architectures import measure_architecture
from tests.cluster.measuring.networks import one_thread
from tests.cluster.searches.samples import trajectories
from tests.problems.benchmarks import SPACE, benchmark, built_suite

FORMULA = "synflow + log(params)"
GIVEN: dict[str, Any] = {"candidates": "space", "budget": 16, "batch": 4, "setup": Setup(batch=6)}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return built_suite()


@pytest.fixture(scope="module")
def found(suite: Suite, ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return search(FORMULA, suite, **GIVEN, workers=2, out=tmp_path_factory.mktemp("built") / "run")


def test_networks_are_measured_by_the_benchmark(found: Results) -> None:
    assert found.problems == ("nasbench201/shapes", "nasbench201/puzzle")
    assert found.measured > 0
    for outcome in found.outcomes:
        shown = benchmark().tasks[outcome.problem.partition("/")[2]]
        with one_thread():
            expected = measure_architecture(
                Request(SPACE, outcome.found.encoding, shown.name, ("params", "synflow")),
                batch=shown.batch(6, 0),
                width=4,
                depth=1,
                task=shown.task,
                device="cpu",
            )
        assert outcome.found.proxies["params"] == expected.scores["params"]
        assert outcome.found.score > 0


def test_an_interrupted_search_goes_on_by_the_benchmark(suite: Suite, found: Results, tmp_path: Path) -> None:
    def interrupt(progress: SearchProgress) -> None:
        if not sent and any(row.evaluated for row in progress.problems):
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    sent: list[SearchProgress] = []
    search(FORMULA, suite, **GIVEN, problems=["puzzle"], workers=1, out=tmp_path / "run", listen=interrupt)
    assert load_suite(tmp_path / "run" / "suite.parquet").content_hash == suite.content_hash
    again = trajectories(resume_search(tmp_path / "run", workers=1))
    assert again == {
        key: value for key, value in trajectories(found).items() if key[0] == "nasbench201/puzzle"
    }


def test_what_is_told_of_the_networks(found: Results, tmp_path: Path) -> None:
    assert shapes_of(found) == benchmark().shapes
    text = report(found)
    assert "classes=3, input_size=8, width=4, depth=1)" in text
    assert "classes=4, input_size=4, width=4, depth=1, patches=4)" in text
    said: list[str] = []
    export_best(found, tmp_path, said.append)
    module = (tmp_path / "nasbench201-puzzle" / "network.py").read_text()
    assert "width=4" in module
    assert "patches=4" in module


def test_a_suite_that_is_gone_has_no_benchmark(found: Results, tmp_path: Path) -> None:
    assert shapes_of(replace(found, run=tmp_path)).tasks is None
    assert shapes_of(replace(found, run=None)).tasks is None


def test_another_width_cannot_be_mixed(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="those of its benchmark's networks and cannot be mixed"):
        search(FORMULA, suite, **{**GIVEN, "setup": Setup(width=8)}, out=tmp_path / "run")
