"""The local search over constants never makes a formula worse."""

import math
from random import Random

import pytest

from rayzc.evolution import OBJECTIVES, Judge, judged_as_it_is
from rayzc.evolution.objectives import mean
from rayzc.evolution.polish import polish
from rayzc.formula import Formula
from tests.evolution import samples
from tests.evolution.samples import Tokens, formulas

WITH_CONSTANTS = [tokens for tokens in formulas(200) if any(isinstance(t, float) for t in tokens)]


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_never_worse_and_only_the_constants_change(name: str) -> None:
    judge = samples.judge(max_ties=1.0)
    objective = OBJECTIVES[name]
    better = 0
    for seed, tokens in enumerate(WITH_CONSTANTS[:60]):
        one = judged_as_it_is(tokens, judge, objective)
        other, tried = polish(Random(seed), one, judge, objective)
        assert tried == 16
        assert other.objective >= one.objective
        assert other == judged_as_it_is(other.tokens, judge, objective)
        pairs = zip(one.tokens, other.tokens, strict=True)
        assert all(a == b or (isinstance(a, float) and isinstance(b, float)) for a, b in pairs)
        assert repr(Formula(other.tokens).tokens) == repr(other.tokens)
        better += other.objective > one.objective
    assert better > 5


def test_finds_the_constant_that_a_problem_was_made_with(judge: Judge) -> None:
    """Accuracy is about flops - 0.07 * jacov."""
    tokens: Tokens = ("-", "flops", "*", 3.0, "jacov")
    one = judged_as_it_is(tokens, judge, mean)
    best = max((polish(Random(seed), one, judge, mean)[0] for seed in range(20)), key=lambda i: i.objective)
    assert best.objective > one.objective + 0.2
    assert isinstance(best.tokens[3], float)
    assert 0.01 < best.tokens[3] < 0.3


def test_a_formula_without_constants_is_left_alone(judge: Judge) -> None:
    one = judged_as_it_is(("+", "flops", "snip"), judge, mean)
    assert polish(Random(0), one, judge, mean) == (one, 0)


def test_the_same_seed_gives_the_same(judge: Judge) -> None:
    one = judged_as_it_is(("-", "flops", "*", 3.0, "jacov"), judge, mean)
    assert polish(Random(4), one, judge, mean) == polish(Random(4), one, samples.judge(), mean)


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e308, -1.7e308])
def test_constants_at_the_ends_of_float64_stay_constants(value: float, judge: Judge) -> None:
    tokens: Tokens = ("+", "flops", "*", value, "jacov")

    def outgrow(taus: object) -> float:
        """An objective that takes every step for an improvement."""
        outgrow.calls += 1  # type: ignore[attr-defined]
        return float(outgrow.calls)  # type: ignore[attr-defined]

    outgrow.calls = 0  # type: ignore[attr-defined]
    for seed in range(20):
        other, _ = polish(Random(seed), judged_as_it_is(tokens, judge, outgrow), judge, outgrow)
        constant = other.tokens[3]
        assert isinstance(constant, float)
        assert math.isfinite(constant)
        assert repr(constant) != "-0.0"
