"""What came out of a discovery, as JSON and as a table."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rayzc.evolution import score
from rayzc.formula import Formula
from rayzc.runs import Discovery, HallOfFame
from tests.evolution import samples
from tests.runs.test_checkpoints import archipelago


@pytest.fixture(scope="module")
def discovery() -> Discovery:
    """A discovery on the small suite, validated on one task."""
    suite = samples.suite()
    hall = HallOfFame.of(archipelago(3))
    best = Formula(hall.best[0].tokens)
    return Discovery(
        run=Path("runs/one"),
        stopped="epochs",
        best=score(best, suite),
        held_out=score(best, samples.suite(seed=9)),
        hall_of_fame=hall,
        problems=suite.names,
        epochs=3,
        evaluations=500,
        scored=400,
        known=100,
        workers_lost=0,
        seconds=1.5,
    )


def test_the_document_holds_what_the_command_line_promises(discovery: Discovery) -> None:
    document = json.loads(json.dumps(discovery.to_json(), allow_nan=False))
    assert {"run", "best", "held_out", "evaluations", "seconds"} <= set(document)
    assert (document["run"], document["evaluations"], document["seconds"]) == ("runs/one", 500, 1.5)
    assert set(document["best"]) == {"expression", "mean_kendall", "kendall"}
    assert set(document["held_out"]) == {"mean_kendall", "kendall"}
    assert document["best"]["expression"] == str(discovery.formula)
    taus = document["best"]["kendall"]
    assert list(taus) == ["own/task-0", "own/task-1", "own/task-2"]
    assert document["best"]["mean_kendall"] == pytest.approx(sum(taus.values()) / 3)
    assert taus == pytest.approx(
        dict(zip(taus, discovery.hall_of_fame.best[0].correlations, strict=True)), abs=1e-15
    )


def test_without_a_holdout_it_is_null(discovery: Discovery) -> None:
    assert replace(discovery, held_out=None).to_json()["held_out"] is None


def test_the_table_is_the_front(discovery: Discovery) -> None:
    table = discovery.to_table()
    front = discovery.hall_of_fame.front
    assert table.column_names == ["expression", "complexity", "objective", *discovery.problems]
    assert table.num_rows == len(front)
    for row, one in zip(table.to_pylist(), front, strict=True):
        assert Formula.parse(row["expression"]).tokens == one.tokens
        assert row["complexity"] == len(one.tokens)
        assert tuple(row[problem] for problem in discovery.problems) == one.correlations


@pytest.mark.parametrize(
    ("stopped", "signal"),
    [
        ("epochs", None),
        ("time limit", None),
        ("interrupted by SIGINT", "SIGINT"),
        ("interrupted by SIGTERM", "SIGTERM"),
    ],
)
def test_interrupted(discovery: Discovery, stopped: str, signal: str | None) -> None:
    assert replace(discovery, stopped=stopped).interrupted == signal
