"""From a suite to architectures in one run, ended and resumed in each of its stages."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from rayzc.cluster import Progress
from rayzc.cluster.pipeline import resume_run, run
from rayzc.cluster.searches import SearchProgress
from rayzc.errors import RayzcError
from rayzc.options import Limits, Settings
from rayzc.runs import Discovery, Pipeline
from tests.cluster.searches.samples import suite, trajectories

GIVEN: dict[str, Any] = {
    "settings": Settings(seed=2, islands=2, population=10, offspring=12, generations=1),
    "limits": Limits(epochs=3),
    "budget": 20,
    "seeds": 2,
    "workers": 1,
}


def halls(out: Path) -> bytes:
    return (out / "discovery" / "hall_of_fame.json").read_bytes()


def test_a_formula_and_what_is_found_with_it(ray_session: None, tmp_path: Path) -> None:
    found: list[Discovery] = []
    whole = run(suite(), **GIVEN, out=tmp_path / "run", found=found.append)
    assert [str(one.formula) for one in found] == [whole.formula]
    assert whole.searched is not None
    assert {str(one.plan.formula) for one in whole.searched.results.outcomes} == {whole.formula}
    assert len(whole.searched.results.outcomes) == 4
    assert whole.to_table().num_rows == 4
    assert whole.stopped == "all searches ended"
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result == json.loads(json.dumps(whole.to_json()))
    assert result["discovery"]["best"]["expression"] == whole.formula
    again = resume_run(tmp_path / "run")
    assert again.searched is not None
    assert (again.formula, trajectories(again.searched)) == (whole.formula, trajectories(whole.searched))
    assert again.discovery == whole.discovery


@pytest.fixture(scope="module")
def undisturbed(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return run(suite(), **GIVEN, out=tmp_path_factory.mktemp("undisturbed") / "run")


@pytest.mark.parametrize("stage", ["discovery", "search"])
def test_interrupted_and_resumed(undisturbed: Pipeline, tmp_path: Path, stage: str) -> None:
    sent: list[object] = []

    def interrupt(progress: Progress | SearchProgress) -> None:
        due = stage == ("discovery" if isinstance(progress, Progress) else "search")
        if due and not sent and getattr(progress, "epoch", 1) >= 1:
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    part = run(suite(), **GIVEN, out=tmp_path / "run", listen=interrupt)
    assert part.interrupted is signal.SIGINT
    assert (part.searched is None) == (stage == "discovery")
    rest = resume_run(tmp_path / "run")
    assert rest.interrupted is None
    assert halls(tmp_path / "run") == halls(undisturbed.run)
    assert rest.searched is not None
    assert undisturbed.searched is not None
    assert trajectories(rest.searched) == trajectories(undisturbed.searched)


def test_a_formula_that_is_given_is_not_bred(ray_session: None, tmp_path: Path) -> None:
    whole = run(suite(), formula="flops + 0.1 * noise", **GIVEN, out=tmp_path / "run")
    assert whole.formula == "flops + 0.1 * noise"
    assert whole.discovery is None
    assert not (tmp_path / "run" / "discovery").exists()
    run(suite(), formula="flops", **GIVEN, out=tmp_path / "run", force=True)
    assert "flops + 0.1" not in (tmp_path / "run" / "search" / "result.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0}, "budget is 0; it must be 1 or more"),
        ({"seeds": 0}, "seeds is 0; it must be 1 or more"),
        ({"algorithm": "genetics"}, "unknown algorithm 'genetics'; did you mean 'genetic'?"),
        ({"time_limit": 0.0}, "time_limit is 0; it must be greater than 0"),
    ],
)
def test_mistakes_are_told_before_anything_is_bred(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RayzcError, match=f"^{re.escape(message)}$"):
        run(suite(), **{**GIVEN, **arguments}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
