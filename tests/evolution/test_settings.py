"""Settings refuse what makes no sense, and survive JSON."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rayzc.errors import FormulaError, RunError
from rayzc.evolution import CORRELATIONS, OBJECTIVES, SELECTIONS, TOPOLOGIES, check_settings
from rayzc.evolution.objectives import objective_of
from rayzc.options import Settings
from tests.evolution.samples import Floats


def second_best(taus: Floats) -> float:
    """An objective of a user."""
    return float(np.sort(taus)[-2])


NOT_AN_OBJECTIVE = 3.0


def test_the_defaults() -> None:
    settings = Settings()
    assert (settings.correlation, settings.objective, settings.islands) == ("kendall", "mean", 16)
    assert set(settings.selection) == set(SELECTIONS)


@pytest.mark.parametrize("correlation", list(CORRELATIONS))
@pytest.mark.parametrize("topology", list(TOPOLOGIES))
@pytest.mark.parametrize("objective", [*OBJECTIVES, f"{__name__}:second_best"])
def test_all_names_are_taken_and_survive_json(correlation: str, topology: str, objective: str) -> None:
    settings = Settings(
        seed=9,
        correlation=correlation,
        topology=topology,
        objective=objective,
        seeds=("log(flops)",),
        selection=("lexicase",),
    )
    document = json.loads(json.dumps(settings.to_document()))
    assert document["measure"] == correlation  # as version 0.1.0 wrote it
    assert Settings.from_document(document, "config.json") == settings


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"correlation": "kendal"}, "unknown correlation 'kendal'; did you mean 'kendall'?"),
        ({"topology": "tours"}, "unknown topology 'tours'; did you mean 'torus'?"),
        ({"topology": "x"}, "unknown topology 'x'; known: ring, torus, star, random"),
        (
            {"selection": ("lexicase", "turnament")},
            "unknown selection 'turnament'; did you mean 'tournament'?",
        ),
        ({"selection": ()}, "no selection is named; known: tournament, lexicase"),
        ({"objective": "maen"}, "unknown objective 'maen'; did you mean 'mean'?"),
        ({"islands": 0}, "islands is 0; it must lie between 1 and 10,000"),
        ({"population": 3}, "population is 3; it must lie between 4 and 100,000"),
        ({"offspring": 0}, "offspring is 0; it must lie between 1 and 1,000,000"),
        ({"max_size": 201}, "max_size is 201; it must lie between 1 and 200"),
        ({"max_depth": 0}, "max_depth is 0; it must lie between 1 and 60"),
        ({"parsimony": -0.1}, "parsimony is -0.1; it must lie between 0 and 1"),
        ({"max_ties": 1.1}, "max_ties is 1.1; it must lie between 0 and 1"),
        ({"crossover": 1.5}, "crossover is 1.5; it must lie between 0 and 1"),
        ({"constants": float("nan")}, "constants is nan; it must be finite, or left out"),
        ({"polish": -1}, "polish is -1; it must lie between 0 and 1,000"),
        ({"migration_interval": -1}, "migration_interval is -1; it must lie between 0 and 1,000,000"),
        ({"migration_rate": 2}, "migration_rate is 2; it must lie between 0 and 1"),
        ({"seed": -1}, "seed is -1; it must lie between 0 and 9,223,372,036,854,775,807"),
        ({"population": "x"}, "population is 'x'; it must be a whole number"),
        ({"population": 4.5}, "population is 4.5; it must be a whole number"),
        ({"islands": None}, "islands is None; it must be a whole number or auto"),
        ({"selection": "lexicase"}, "selection must be a list of names, such as ['lexicase'], not one text"),
        (
            {"objective": 3.0},
            "objective 3.0 is not a named function, so a resumed run could not find it; give a function that a module "
            "defines",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        Settings(**choice)


def test_a_run_from_before_there_was_a_choice_goes_on_as_it_was_bred() -> None:
    document = Settings(seed=4).to_document()
    del document["parsimony"], document["max_ties"]
    assert Settings.from_document(document, "config.json") == Settings(seed=4, parsimony=0.0, max_ties=1.0)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
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
            {"seeds": ("flops", "log(zen)")},
            "the starting formula log(zen) needs proxy 'zen'; known: flops, snip",
        ),
        ({"objective": ":f"}, "objective ':f' names no module; write module:function"),
    ],
)
def test_what_settings_name_is_checked_before_a_run(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        check_settings(Settings(**choice), ("flops", "snip"))
    check_settings(Settings(seeds=("log(flops)",), objective="min"), ("flops", "snip"))


def test_a_starting_formula_that_does_not_parse_is_refused() -> None:
    with pytest.raises(FormulaError, match="cannot parse formula at position 8"):
        check_settings(Settings(seeds=("flops", "flops +")), ("flops",))


def test_an_objective_of_the_user_s() -> None:
    taus = np.array([0.1, 0.5, 0.3])
    for objective in (second_best, f"{__name__}:second_best"):
        assert objective_of(Settings(objective=objective))(taus) == 0.3
    document = json.loads(json.dumps(Settings(objective=second_best).to_document()))
    again = Settings.from_document(document, "config.json")
    assert again.objective == f"{__name__}:second_best"
    assert objective_of(again)(taus) == 0.3


def test_an_objective_without_a_name_is_refused() -> None:
    with pytest.raises(RunError, match="is not a named function, so a resumed run could not find it"):
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
        (":f", "objective ':f' names no module; write module:function"),
        (
            f"{__name__}:NOT_AN_OBJECTIVE",
            f"objective '{__name__}:NOT_AN_OBJECTIVE' is not a function of the correlations",
        ),
    ],
)
def test_an_objective_that_cannot_be_had(objective: str, message: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        objective_of(Settings(objective=objective))


def test_an_objective_whose_module_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_objective.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    message = rf"^importing 'broken_objective' failed: ZeroDivisionError: division by zero \({tmp_path}/.*, line 1\)$"
    with pytest.raises(RunError, match=message):
        objective_of(Settings(objective="broken_objective:f"))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"sede": 1}, "run/config.json: unknown key 'sede'"),
        (
            {"measure": "gini"},
            "run/config.json cannot be used: unknown correlation 'gini'; known: kendall, spearman, weighted_kendall",
        ),
        ({"population": "x"}, "run/config.json: key 'population' must be a whole number"),
        ({"islands": 0}, "run/config.json cannot be used: islands is 0; it must lie between 1 and 10,000"),
    ],
)
def test_documents_that_this_version_does_not_know(document: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(message)}"):
        Settings.from_document(document, "run/config.json")


def test_the_earlier_name_of_the_correlation_still_works() -> None:
    with pytest.warns(DeprecationWarning, match="^Settings: measure is now correlation$"):
        settings = Settings(measure="spearman")
    assert settings == Settings(correlation="spearman")
