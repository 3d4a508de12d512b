"""What came out of runs: in types, as JSON and as a table; and how they ended."""

import errno
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from signal import Signals

import pytest

from rayzc.errors import RunError
from rayzc.evolution import assess
from rayzc.formula import Formula
from rayzc.runs import Discovery, Ending, HallOfFame, Pipeline, Reason, RunFolder
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
        ending=Ending(Reason.EPOCHS),
        best=assess(best, suite),
        held_out=assess(best, samples.suite(seed=9)),
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


class TestEnding:
    @pytest.mark.parametrize(
        ("text", "ending"),
        [
            ("epochs", Ending(Reason.EPOCHS)),
            ("evaluations", Ending(Reason.EVALUATIONS)),
            ("plateau", Ending(Reason.PLATEAU)),
            ("time limit", Ending(Reason.TIME_LIMIT)),
            ("all searches ended", Ending(Reason.ALL_ENDED)),
            ("interrupted by SIGINT", Ending.interrupted_by(Signals.SIGINT)),
            ("interrupted by SIGTERM", Ending.interrupted_by(Signals.SIGTERM)),
        ],
    )
    def test_is_stored_as_text_and_read_again(self, text: str, ending: Ending) -> None:
        assert str(ending) == text
        assert Ending.read(text) == ending

    @pytest.mark.parametrize(
        "text", ["", "SIGINT", "was interrupted by SIGINT", "interrupted by SIGNOTHING", "tea time"]
    )
    def test_others_are_refused(self, text: str) -> None:
        message = f"a stored result ended by '{text}', which this version of rayzc does not know"
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            Ending.read(text)

    def test_of_a_result(self, discovery: Discovery) -> None:
        assert (discovery.stopped, discovery.interrupted) == ("epochs", None)
        interrupted = replace(discovery, ending=Ending.interrupted_by(Signals.SIGTERM))
        assert (interrupted.stopped, interrupted.interrupted) == ("interrupted by SIGTERM", Signals.SIGTERM)
        assert interrupted.to_json()["stopped"] == "interrupted by SIGTERM"


def test_a_run_that_was_interrupted_before_its_searches_has_no_table(tmp_path: Path) -> None:
    part = Pipeline(tmp_path, None, None, None, Ending.interrupted_by(Signals.SIGINT), 3.0)
    assert part.to_json()["search"] is None
    message = f"{tmp_path} was interrupted before its searches: continue with `rayzc resume {tmp_path}`"
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        part.to_table()


def test_a_result_that_cannot_be_written_says_why(
    discovery: Discovery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder.create(tmp_path / "run")
    assert folder.write_or_say(folder.result, discovery.to_json()) is None

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    before = folder.result.read_bytes()
    trouble = folder.write_or_say(folder.result, replace(discovery, seconds=9.0).to_json())
    assert trouble == f"{folder.result} cannot be written: No space left on device"
    assert folder.result.read_bytes() == before
    folder.result.unlink()
    folder.checkpoints.rmdir()
    folder.path.rmdir()
    assert (
        folder.write_or_say(folder.result, {})
        == f"{folder.result} cannot be written: No such file or directory"
    )
    folder.record("an event that nobody can read")
