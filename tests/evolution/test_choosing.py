"""What is handed out: what holds best elsewhere, and never less than what a run was given."""

from dataclasses import replace

import pytest

from rayzc.evolution import Individual, Judge, Tables, judged_as_it_is
from rayzc.evolution.choosing import CrossValidation, Known, best_proxy, cross_validated
from rayzc.evolution.committee import COMMITTEES
from rayzc.evolution.folds import Unseen, folds_of
from rayzc.evolution.objectives import mean
from rayzc.evolution.transfer import taus_of
from rayzc.formula import Formula
from rayzc.problems import Suite
from tests.evolution import samples
from tests.evolution.test_folds import spaces

GOOD, BAD = Formula.parse("flops - 0.07 * jacov"), Formula.parse("nwot * snip - flops")


def front(suite: Suite, *texts: str) -> list[Individual]:
    judge = Judge(Tables.of(suite))
    found = [judged_as_it_is(Formula.parse(text).tokens, judge, mean) for text in texts]
    assert [each.objective for each in found] == sorted(each.objective for each in found)
    return found


def checked(formula: Formula, choose: str = "transfer", known: tuple[Known, ...] = ()) -> CrossValidation:
    """A run that bred flops and something better, whose folds bred one formula, each with its taus."""
    whole = spaces()
    fitting, validation = whole.split(0.25, 0)
    folds = folds_of(fitting, whole)
    bred = front(fitting, "flops", "flops - 0.07 * jacov")
    unseen = {fold.space: (Unseen(formula, 0.5, taus_of(formula, fold.unseen)),) for fold in folds}
    return cross_validated(
        bred[-1], bred, unseen, folds, fitting, validation, choose=choose, known=known, samples=10
    )


def test_what_holds_elsewhere_is_handed_out() -> None:
    found = checked(GOOD)
    assert found.numbers in ("chosen", *COMMITTEES)
    assert found.rows["chosen"].left_out == pytest.approx(taus_of(GOOD, spaces()))
    assert found.rows["fitted"].name == str(GOOD)
    assert found.handed_out.mean("left_out") >= found.rows["proxy"].mean("left_out")  # type: ignore[operator]
    assert found.verdict.startswith("on search spaces that were left out, the formula has a mean tau of ")
    assert found.formula.size > 2
    for row in found.rows.values():
        for column in ("fitted", "held_out", "left_out"):
            low, high = row.intervals[column]
            assert low <= row.mean(column) <= high  # type: ignore[operator]
            assert 0 < row.top[column].first <= 1


def test_where_breeding_brings_nothing_the_best_proxy_is_handed_out() -> None:
    found = checked(BAD)
    assert found.numbers == "proxy"
    assert str(found.formula) == "flops"
    assert found.verdict.startswith(
        "breeding brought nothing for search spaces that were left out: there, the best "
    )


def test_or_a_formula_that_was_known_before() -> None:
    found = checked(BAD, known=(Known("shipped", GOOD), Known("other", Formula.parse("zen"))))
    assert (found.numbers, found.formula) == ("shipped", GOOD)
    assert "other" not in found.rows  # the suite lacks its proxy


def test_todays_choice() -> None:
    found = checked(BAD, choose="fitted")
    assert (found.numbers, found.formula) == ("fitted", GOOD)
    assert found.verdict.startswith("breeding brought nothing")


def test_a_single_proxy_that_is_bred_is_called_one() -> None:
    found = checked(Formula(("flops",)))
    assert (found.numbers, str(found.formula), found.limit) == ("chosen", "flops", 1)
    assert "larger formulas" in found.verdict


def test_the_best_proxy_may_be_turned() -> None:
    suite = samples.suite()
    assert str(best_proxy(suite)) == "flops"
    turned = replace(suite, problems=tuple(replace(p, accuracy=-p.accuracy) for p in suite.problems))
    assert str(best_proxy(turned)) == "-flops"


def test_the_document() -> None:
    found = checked(GOOD)
    document = found.to_json()
    assert document["expression"] == str(found.formula)
    assert document["complexity"] == found.formula.size
    assert document["rows"]["chosen"]["top"]["left_out"].keys() == {
        "regret",
        "first",
        "best_of_ten",
        "precision",
        "ndcg",
    }
    assert set(document["folds"]) == {"space0", "space1", "space2"}
    assert found.summary().items() <= document.items()
    assert checked(GOOD).to_json() == document
