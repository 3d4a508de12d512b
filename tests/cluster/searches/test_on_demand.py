"""Searches whose networks are measured: the same trajectory whatever happens to those who measure and search."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from ray import tune

from rayzc.cluster.searches import SearchProgress, resume_search, search
from rayzc.nas import Results, SearchEnding
from rayzc.spaces import search_space
from tests.cluster.searches.samples import ON_DEMAND, trajectories, unhurried_proxy

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def _unhurried() -> Iterator[None]:
    with unhurried_proxy():
        yield


@pytest.fixture(scope="module")
def expected(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """An undisturbed run."""
    return search(**ON_DEMAND, workers=2, out=tmp_path_factory.mktemp("expected") / "run")


def test_no_network_is_measured_twice(expected: Results) -> None:
    space = search_space("nasbench201")
    cache = set()
    for outcome in expected.outcomes:
        assert outcome.evaluated == ON_DEMAND["budget"]
        assert outcome.ended == "budget spent"
        search_file = expected.run / "checkpoints" / "attempt-1" / f"nasbench201-cifar10-seed-{outcome.seed}"
        newest = sorted(search_file.glob("checkpoint_*"))[-1]
        evaluations = json.loads((newest / "search.json").read_text())["evaluations"]
        cache |= {space.key(space.parse(one[0][0])) for one in evaluations}
    assert len(expected.outcomes) == 2
    assert expected.measured == len(cache)
    assert expected.stopped == "all searches ended"


def test_a_measuring_worker_killed_in_the_middle(expected: Results, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_one(progress: SearchProgress) -> None:
        pool = progress.pool
        if not killed and pool and pool.measured >= 4 and pool.processes:
            killed.append(pool.processes[0])
            os.kill(killed[0], signal.SIGKILL)

    result = search(**ON_DEMAND, workers=2, out=tmp_path / "run", listen=kill_one)
    assert len(killed) == 1
    assert result.workers_lost == 1
    assert trajectories(result) == trajectories(expected)


def test_the_process_of_a_search_killed_in_the_middle(expected: Results, tmp_path: Path) -> None:
    class Kill(tune.Callback):
        killed: ClassVar[list[int]] = []

        def on_trial_result(
            self, iteration: int, trials: object, trial: object, result: dict[str, Any], **info: object
        ) -> None:
            if not Kill.killed and not result["done"] and result["evaluated"]:
                Kill.killed.append(result["pid"])
                os.kill(result["pid"], signal.SIGKILL)

    result = search(**ON_DEMAND, workers=2, out=tmp_path / "run", callbacks=[Kill()])
    assert len(Kill.killed) == 1
    assert result.failures == {}
    assert trajectories(result) == trajectories(expected)


def test_a_driver_killed_and_resumed(expected: Results, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "tests.cluster.searches.driver", str(out)]
    driver = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    for line in driver.stdout:
        if line.strip().isdecimal() and int(line) >= 4:
            break
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    assert not (out / "result.json").exists()
    result = resume_search(out, workers=1)
    assert trajectories(result) == trajectories(expected)
    assert result.measured + result.cached > 0
    events = [json.loads(line)["event"] for line in (out / "events.jsonl").read_text().splitlines()]
    assert events.count("started") == 2
    assert "resumed" in events
    again = resume_search(out)
    assert again.measured == 0
    assert trajectories(again) == trajectories(expected)


@pytest.fixture(scope="module")
def interrupted(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of a single search that is interrupted after its first progress."""

    def interrupt(progress: SearchProgress) -> None:
        if not sent and any(row.evaluated for row in progress.problems):
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    sent: list[SearchProgress] = []
    out = tmp_path_factory.mktemp("interrupted") / "run"
    return search(**{**ON_DEMAND, "seeds": 1}, workers=1, out=out, listen=interrupt)


def first_seed(searched: Results) -> list[tuple[object, ...]]:
    """The trajectory of the first search."""
    return trajectories(searched)["nasbench201/cifar10", 0]


def test_an_interrupted_run_holds_the_best_so_far(
    interrupted: Results, expected: Results, tmp_path: Path
) -> None:
    assert interrupted.interrupted is signal.Signals.SIGINT
    (outcome,) = interrupted.outcomes
    assert outcome.ended is SearchEnding.INTERRUPTED
    assert 0 < outcome.evaluated < ON_DEMAND["budget"]
    assert outcome.found == outcome.shortlist[0]
    (stored,) = json.loads((interrupted.run / "result.json").read_text())["results"]["outcomes"]
    assert (stored["ended"], stored["evaluated"]) == ("interrupted", outcome.evaluated)
    out = Path(shutil.copytree(interrupted.run, tmp_path / "run"))
    assert first_seed(resume_search(out, workers=2)) == first_seed(expected)


def test_what_the_time_limit_ended_goes_on_with_more_time(
    interrupted: Results, expected: Results, tmp_path: Path
) -> None:
    """The limit comes where the signal came, so that it does not depend on the speed of the machine."""
    out = Path(shutil.copytree(interrupted.run, tmp_path / "run"))
    (outcome,) = interrupted.outcomes
    trial = out / "checkpoints" / "attempt-1" / "nasbench201-cifar10-seed-0"
    newest = sorted(trial.glob("checkpoint_*"))[-1]
    text = (newest / "search.json").read_text().replace('"ended": null', '"ended": "time limit"')
    (newest / "search.json").write_text(text)
    late = msgspec.structs.replace(outcome, ended=SearchEnding.TIME_LIMIT)
    (newest / "results.json").write_text(Results((late,)).to_text())
    same = resume_search(out, time_limit=1e-3)
    assert {each.ended for each in same.outcomes} == {SearchEnding.TIME_LIMIT}
    assert not (out / "checkpoints" / "attempt-2").exists()
    whole = resume_search(out, time_limit=3600.0, workers=2)
    assert first_seed(whole) == first_seed(expected)
    assert {each.ended for each in whole.outcomes} == {SearchEnding.BUDGET_SPENT}


def test_a_search_that_cannot_succeed_does_not_end_the_others(tmp_path: Path, ray_session: None) -> None:
    """Only networks with patches break this proxy, and the jigsaw's have them."""
    import rayzc

    @rayzc.proxy(needs="logits", name="only_whole_images")
    def only_whole_images(measured: object) -> float:
        logits = measured.logits  # type: ignore[attr-defined]
        if logits.shape[1] == 1000:
            raise ValueError("these are the jigsaw's classes")
        return float(logits.abs().mean())

    try:
        result = search(
            "only_whole_images",
            None,
            problems=["transbench101_micro/jigsaw", "nasbench201/cifar10"],
            budget=4,
            seeds=1,
            setup=ON_DEMAND["setup"],
            workers=1,
            out=tmp_path / "run",
        )
    finally:
        from rayzc.proxies import unregister

        unregister("only_whole_images")
    assert [one.problem for one in result.outcomes] == ["nasbench201/cifar10"]
    (why,) = result.failures.values()
    assert list(result.failures) == ["transbench101_micro/jigsaw, seed 0"]
    assert "none of the 4 architectures evaluated has a finite score" in why
    assert "these are the jigsaw's classes" in why
