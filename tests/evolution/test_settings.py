"""Settings refuse what makes no sense, and survive JSON."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rayzc.errors import FormulaError, RunError
from rayzc.evolution import CORRELATIONS, OBJECTIVES, SELECTIONS, TOPOLOGIES, Settings
from tests.evolution.samples import Floats


def second_best(taus: Floats) -> float:
    """An objective of a user."""
    return float(np.sort(taus)[-2])


NOT_AN_OBJECTIVE = 3.0


def test_the_defaults() -> None:
    settings = Settings()
    assert (settings.correlation, settings.objective, settings.islands) == ("kendall", "mean", 16)
    assert set(settings.selection) == set(SELECTIONS)


@pytest.mark.parametrize("measure", list(CORRELATIONS))
@pytest.mark.parametrize("topology", list(TOPOLOGIES))
@pytest.mark.parametrize("objective", [*OBJECTIVES, f"{__name__}:second_best"])
def test_all_names_are_taken_and_survive_json(measure: str, topology: str, objective: str) -> None:
    settings = Settings(
        seed=9,
        measure=measure,
        topology=topology,
        objective=objective,
        seeds=("log(flops)",),
        selection=("lexicase",),
    )
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"measure": "kendal"}, "unknown measure 'kendal'; did you mean 'kendall'?"),
        ({"topology": "tours"}, "unknown topology 'tours'; did you mean 'torus'?"),
        ({"topology": "x"}, "unknown topology 'x'; known: ring, torus, star, random"),
        (
            {"selection": ("lexicase", "turnament")},
            "unknown selection 'turnament'; did you mean 'tournament'?",
        ),
        ({"selection": ()}, "no selection is named; known: tournament, lexicase"),
        ({"objective": "maen"}, "unknown objective 'maen'; did you mean 'mean'?"),
        ({"islands": 0}, "islands is 0; it must lie between 1 and 10000"),
        ({"population": 3}, "population is 3; it must lie between 4 and 100000"),
        ({"offspring": 0}, "offspring is 0; it must lie between 1 and 1000000"),
        ({"max_size": 201}, "max_size is 201; it must lie between 1 and 200"),
        ({"max_depth": 0}, "max_depth is 0; it must lie between 1 and 60"),
        ({"parsimony": -0.1}, "parsimony is -0.1; it must lie between 0 and 1"),
        ({"max_ties": 1.1}, "max_ties is 1.1; it must lie between 0 and 1"),
        ({"crossover": 1.5}, "crossover is 1.5; it must lie between 0 and 1"),
        ({"constants": float("nan")}, "constants is nan; it must lie between 0 and 1"),
        ({"polish": -1}, "polish is -1; it must lie between 0 and 1000"),
        ({"migration_interval": -1}, "migration_interval is -1; it must lie between 0 and 1000000"),
        ({"migration_rate": 2}, "migration_rate is 2; it must lie between 0 and 1"),
        ({"seed": -1}, "seed is -1; it must lie between 0 and 9223372036854775807"),
        (
            {"seeds": ("flops + snip + nwot",), "max_size": 4},
            "the starting formula flops + snip + nwot has 5 nodes; max_size is 4",
        ),
        (
            {"seeds": ("exp(log(flops))",), "max_depth": 2},
            "the starting formula exp(log(flops)) has 3 levels; max_depth is 2",
        ),
        ({"seeds": ("1 + 2",)}, "the starting formula 1 + 2 has no proxy in it"),
        (
            {"objective": 3.0},
            "objective 3.0 is no function with a name, by which a resumed run could find it; give a function of a "
            "module",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        Settings(**choice)


def test_a_run_from_before_there_was_a_choice_goes_on_as_it_was_bred() -> None:
    document = Settings(seed=4).to_json()
    del document["parsimony"], document["max_ties"]
    assert Settings.from_json(document) == Settings(seed=4, parsimony=0.0, max_ties=1.0)


def test_a_starting_formula_that_does_not_parse_is_refused() -> None:
    with pytest.raises(FormulaError, match="cannot parse formula at position 8"):
        Settings(seeds=("flops", "flops +"))


def test_an_objective_of_the_user_s() -> None:
    taus = np.array([0.1, 0.5, 0.3])
    for objective in (second_best, f"{__name__}:second_best"):
        assert Settings(objective=objective).objective_function()(taus) == 0.3
    again = Settings.from_json(json.loads(json.dumps(Settings(objective=second_best).to_json())))
    assert again.objective == f"{__name__}:second_best"
    assert again.objective_function()(taus) == 0.3


def test_an_objective_without_a_name_is_refused() -> None:
    with pytest.raises(RunError, match="is no function with a name, by which a resumed run could find it"):
        Settings(objective=partial(second_best))


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (
            "no_such_module:f",
            f"there is no module 'no_such_module' in {Path.cwd()} or among the installed ones; run from the folder "
            "that holds it, or set PYTHONPATH",
        ),
        (
            f"{__name__}:thrid_best",
            f"objective '{__name__}:thrid_best': module {__name__} has no 'thrid_best'",
        ),
        (":f", "objective ':f' names no module; say module:function"),
        (
            f"{__name__}:NOT_AN_OBJECTIVE",
            f"objective '{__name__}:NOT_AN_OBJECTIVE' is no function of the correlations",
        ),
    ],
)
def test_an_objective_that_cannot_be_had(objective: str, message: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        Settings(objective=objective).objective_function()


def test_an_objective_whose_module_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_objective.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    message = rf"^importing 'broken_objective' failed: ZeroDivisionError: division by zero \({tmp_path}/.*, line 1\)$"
    with pytest.raises(RunError, match=message):
        Settings(objective="broken_objective:f").objective_function()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"sede": 1}, "settings that this version of rayzc does not know: .*'sede'"),
        (
            {"measure": "gini"},
            "settings that cannot be used: unknown measure 'gini'; known: kendall, spearman",
        ),
        ({"seeds": ["flops +"]}, "settings that cannot be used: cannot parse formula at position 8"),
    ],
)
def test_json_that_this_version_does_not_know(document: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        Settings.from_json(document)
