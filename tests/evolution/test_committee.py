"""Committees: formulas as any other, in which each member has an opinion between -1 and 1."""

import numpy as np
import pytest

from rayzc.evolution import assess
from rayzc.evolution.committee import COMMITTEES, committee_of, members_of
from rayzc.formula import Formula
from tests.evolution import samples

FLOPS, JACOV = Formula(("flops",)), Formula(("jacov",))


def test_a_committee_is_a_formula() -> None:
    formula = committee_of([FLOPS, JACOV], samples.suite())
    assert Formula.parse(str(formula)) == formula
    assert formula.proxies == ("flops", "jacov")
    assert np.isfinite(float(formula.evaluate({"flops": 3.0, "jacov": 1e12})))


def test_a_member_alone_ranks_as_it_does_without_a_committee() -> None:
    for member in (FLOPS, Formula.parse("flops * jacov")):
        alone = assess(committee_of([member], samples.suite()), samples.suite())
        taus = [score.kendall for score in assess(member, samples.suite()).problems.values()]
        assert [score.kendall for score in alone.problems.values()] == pytest.approx(taus)


def test_an_opinion_is_a_half_above_three_quarters_of_the_networks() -> None:
    values = np.concatenate([problem.column("flops") for problem in samples.suite().problems])
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    formula = committee_of([FLOPS], samples.suite())
    scores = np.array([formula.evaluate({"flops": x}) for x in (low, middle, high, 1e15, -1e15)])
    assert scores.round(1).tolist() == [-0.5, 0.0, 0.5, 1.0, -1.0]
    assert np.abs(scores).max() <= 1.0


def test_values_that_are_not_finite_or_constant() -> None:
    constant = committee_of([Formula.parse("flops - flops")], samples.suite())
    assert float(constant.evaluate({"flops": 2.0})) == 0.0
    nowhere = committee_of([Formula.parse("log(-1 - abs(flops))"), FLOPS], samples.suite())
    assert np.isnan(nowhere.evaluate({"flops": 2.0}))


def test_members_are_the_best_of_each_limit_once() -> None:
    best = {4: FLOPS, 8: FLOPS, 16: JACOV}
    assert members_of((4, 8, 16), best.get) == (FLOPS, JACOV)
    assert members_of((4, 8), lambda limit: None) == ()
    assert all(3 <= len(limits) <= 5 and list(limits) == sorted(limits) for limits in COMMITTEES.values())
