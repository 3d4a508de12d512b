"""What rayzc 0.1.0 wrote loads, goes on, and comes to the same end."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rayzc

RECORDED = Path(__file__).parent / "v0.1.0"
GONE = "/srv/rayzc"
"""Where the runs were, on another machine."""


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(RECORDED / name, folder / name))


def outcomes(run: Path) -> list[dict[str, Any]]:
    """What the searches of a run came to, but for what depends on who measured, and when."""
    found = json.loads((run / "result.json").read_text())["results"]["outcomes"]
    for one in found:
        for key in ("measured", "cache_hits", "measuring_seconds"):
            del one[key]
    return found


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "rayzc", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_suite_and_a_formula() -> None:
    suite = rayzc.load_suite(RECORDED / "suite.parquet")
    assert suite.names == ("nasbench201/cifar10", "transbench101_macro/jigsaw")
    assert (
        suite.content_hash == json.loads((RECORDED / "discovery" / "config.json").read_text())["suite_hash"]
    )
    assert str(rayzc.Formula.from_json((RECORDED / "formula.json").read_text())) == "jacov + log(flops)"


def test_a_discovery_that_was_interrupted(tmp_path: Path, ray_session: None) -> None:
    run = copied("discovery-interrupted", tmp_path)
    result = rayzc.resume(run, workers=2)
    assert result.epochs == 6
    assert (run / "hall_of_fame.json").read_bytes() == (
        RECORDED / "discovery" / "hall_of_fame.json"
    ).read_bytes()


def test_a_discovery_that_had_ended_goes_on(tmp_path: Path, ray_session: None) -> None:
    run = copied("discovery", tmp_path)
    assert rayzc.resume(run, limits=rayzc.Limits(epochs=8), workers=2).epochs == 8


def test_searches_that_had_ended(tmp_path: Path) -> None:
    run = copied("search", tmp_path)
    found = rayzc.resume_search(run)
    assert found.problems == ("nasbench201/cifar10", "transbench101_macro/jigsaw")
    assert outcomes(run) == outcomes(RECORDED / "search")
    assert found.to_table().num_rows == 4


def test_a_search_that_was_killed(tmp_path: Path, ray_session: None) -> None:
    run = copied("search-interrupted", tmp_path)
    result = rayzc.resume_search(run, workers=2)
    assert result.measured == 0  # the cache has all of it
    assert outcomes(run) == outcomes(RECORDED / "search-whole")


def test_a_run_of_both_that_was_interrupted(tmp_path: Path) -> None:
    """Its folder is at another place now, which its configuration cannot know."""
    run = copied("run-interrupted", tmp_path)
    assert GONE in (run / "discovery" / "config.json").read_text()
    done = command("resume", str(run), "--workers", "2", "--json", folder=tmp_path)
    document = json.loads(done.stdout)
    best = json.loads((RECORDED / "run" / "hall_of_fame.json").read_text())["best"][0]["expression"]
    assert document["formula"] == best
    assert len(document["search"]["results"]["outcomes"]) == 2


@pytest.mark.parametrize("given", ["formula.json", "discovery", "discovery/hall_of_fame.json"])
def test_a_formula_by_its_file_or_run(given: str, tmp_path: Path) -> None:
    done = command(
        "score", str(RECORDED / given), "--suite", str(RECORDED / "suite.parquet"), folder=tmp_path
    )
    assert "transbench101_macro/jigsaw" in done.stdout


def test_a_cache_of_measurements(tmp_path: Path, ray_session: None) -> None:
    from rayzc.cluster.measuring import Request
    from rayzc.options import Setup

    request = Request("nasbench201", "(4, 3, 3, 3, 2, 3)", "cifar10", ("nwot", "synflow", "zen"))
    cache = copied("cache", tmp_path)
    with rayzc.measuring_pool(Setup(batch=4, width=4, depth=1), workers=1, cache=cache) as pool:
        (measurement,) = pool.measure_all([request])
    assert measurement.cached
    assert measurement.scores["synflow"] == pytest.approx(17.7, abs=30)
