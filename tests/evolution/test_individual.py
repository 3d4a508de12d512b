"""Formulas the right way up, and fronts of them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rayzc.evolution import (
    Individual,
    Judge,
    judged,
    judged_as_it_is,
    one_of_each_shape,
    pareto_front,
    unique,
)
from rayzc.evolution.objectives import mean
from rayzc.formula import Formula
from tests.evolution import samples
from tests.evolution.samples import Tokens, examples, formulas


def individual(size: int, objective: float, ranking: int = 0, leaf: str = "flops") -> Individual:
    tokens: Tokens = (*("neg",) * (size - 1), leaf)
    return Individual(tokens, (objective,), objective, ranking)


individuals = st.builds(
    individual,
    st.integers(1, 6),
    st.sampled_from([-math.inf, -0.5, 0.0, 0.25, 0.5]),
    st.integers(0, 5),
    st.sampled_from(["flops", "jacov"]),
)


def test_formulas_come_the_right_way_up(judge: Judge) -> None:
    assert judged(("jacov",), judge, mean).tokens == ("neg", "jacov")
    assert judged(("neg", "jacov"), judge, mean).tokens == ("neg", "jacov")
    assert judged(("neg", "flops"), judge, mean).tokens == ("flops",)


def test_a_formula_is_never_worse_than_its_negation(judge: Judge) -> None:
    for tokens in formulas(300):
        candidate = judged(tokens, judge, mean)
        assert candidate == judged_as_it_is(candidate.tokens, judge, mean)
        assert (
            candidate.objective >= 0
            or candidate.objective >= judged(("neg", *candidate.tokens), judge, mean).objective
        )


@pytest.mark.parametrize(
    "tokens", [("+", "flops", 3.0), ("*", 2.0, "flops"), ("tanh", "flops"), ("exp", "+", "flops", 1.0)]
)
def test_increasing_outer_functions_are_stripped(tokens: Tokens, judge: Judge) -> None:
    assert judged(tokens, judge, mean).tokens == ("flops",)


def test_a_decreasing_outer_function_becomes_neg(judge: Judge) -> None:
    assert judged(("-", 3.0, "jacov"), judge, mean).tokens == ("neg", "jacov")
    assert judged(("*", -3.0, "flops"), judge, mean).tokens == ("flops",)


def test_as_it_is_touches_nothing(judge: Judge) -> None:
    for tokens in [("+", "flops", 3.0), ("jacov",), ("neg", "neg", "flops")]:
        candidate = judged_as_it_is(tokens, judge, mean)
        assert candidate.tokens == tokens
        assert candidate.correlations == tuple(judge(tokens).correlations)
        assert candidate.objective == pytest.approx(np.mean(candidate.correlations))
        assert candidate.ranking == judge(tokens).ranking


def test_the_way_up_is_that_of_the_objective(judge: Judge) -> None:
    """Turned over only if the objective says so, too."""

    def contrary(taus: np.ndarray) -> float:
        return float(-taus.mean())

    assert judged(("jacov",), judge, contrary).tokens == ("jacov",)


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_an_objective_without_a_value_is_the_worst(value: float, judge: Judge) -> None:
    objective: Callable[[object], float] = lambda taus: value  # noqa: E731
    assert judged_as_it_is(("flops",), judge, objective).objective == -math.inf


@pytest.mark.parametrize(
    ("tokens", "ties"),
    [
        (("flops",), False),
        (("min", "flops", 0.0), True),  # half of all at the limit
        (("+", 1e17, "flops"), True),  # digits that are lost
        (("tanh", "*", 1e3, "flops"), True),  # saturated
        (("log", "flops"), True),  # not finite
    ],
)
def test_what_ties_too_much_comes_behind_all_others(tokens: Tokens, ties: bool) -> None:
    strict, lax = samples.judge(max_ties=0.05), samples.judge(max_ties=1.0)
    candidate = judged_as_it_is(tokens, strict, mean)
    assert (candidate.objective == -math.inf) is ties
    assert candidate.correlations == judged_as_it_is(tokens, lax, mean).correlations
    assert judged_as_it_is(tokens, lax, mean).objective == pytest.approx(np.mean(candidate.correlations))


def test_the_order_is_better_then_smaller_then_by_ranking() -> None:
    ranked = [
        individual(3, 0.5, 1),
        individual(1, 0.25, 9),
        individual(2, 0.25, 3),
        individual(2, 0.25, 4),
        individual(1, -math.inf, 0),
    ]
    assert (
        [*ranked[1:], ranked[0]]
        != ranked
        == sorted([*ranked[1:], ranked[0]], key=lambda candidate: candidate.order)
    )


@examples(200)
@given(st.lists(individuals, max_size=25), st.randoms(use_true_random=False))
def test_a_front_is_what_nothing_simpler_equals(group: list[Individual], rng: object) -> None:
    front = pareto_front(group)
    sizes = [len(candidate.tokens) for candidate in front]
    objectives = [candidate.objective for candidate in front]
    assert sizes == sorted(set(sizes))
    assert objectives == sorted(set(objectives))
    assert set(front) <= set(group)
    for candidate in front:  # nothing dominates it
        assert not any(
            other.objective >= candidate.objective and len(other.tokens) < len(candidate.tokens)
            for other in group
        )
        assert not any(
            other.objective > candidate.objective and len(other.tokens) == len(candidate.tokens)
            for other in group
        )
    for candidate in group:  # and all else is equalled or beaten by something that is no larger
        assert any(
            other.objective >= candidate.objective and len(other.tokens) <= len(candidate.tokens)
            for other in front
        )
    rng.shuffle(group)  # type: ignore[attr-defined]
    assert pareto_front(group) == front
    assert pareto_front(front) == front


@examples(200)
@given(st.lists(individuals, max_size=25))
def test_unique_keeps_the_smallest_of_each_ranking(group: list[Individual]) -> None:
    kept = unique(group)
    assert [candidate.ranking for candidate in kept] == list(
        dict.fromkeys(candidate.ranking for candidate in group)
    )
    for candidate in kept:
        alike = [other for other in group if other.ranking == candidate.ranking]
        smallest = min(len(other.tokens) for other in alike)
        assert candidate is next(other for other in alike if len(other.tokens) == smallest)


@examples(200)
@given(st.lists(individuals, max_size=25))
def test_the_first_of_each_shape(group: list[Individual]) -> None:
    kept = list(one_of_each_shape(group))
    shapes = [
        str(Formula.trusted(tuple(t if isinstance(t, str) else 0.0 for t in candidate.tokens)))
        for candidate in group
    ]
    assert kept == [candidate for place, candidate in enumerate(group) if shapes[place] not in shapes[:place]]


def test_constants_do_not_make_a_shape() -> None:
    texts = ("2 * flops", "-3.5 * flops", "flops * 2", "2 * jacov", "flops")
    group = [Individual(Formula.parse(text).tokens, (0.5,), 0.5, place) for place, text in enumerate(texts)]
    assert [candidate.ranking for candidate in one_of_each_shape(group)] == [0, 2, 3, 4]
