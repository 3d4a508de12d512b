"""Whatever is bred is a formula, and the same for the same seed."""

import math
from collections.abc import Callable
from random import Random

import pytest

from rayzc.evolution import OBJECTIVES, OPERATORS, Judge, Vocabulary, judged_as_it_is
from rayzc.evolution.objectives import mean
from rayzc.evolution.variation import constant, cross_over, grow, moved, mutate, pick, polish
from rayzc.formula import PRIMITIVES, Formula, Tokens
from tests.evolution import samples
from tests.evolution.samples import PROXIES, WORDS, formulas

Operator = Callable[[Random, Tokens, Vocabulary], Tokens]

BREEDERS: dict[str, Operator] = {
    **OPERATORS,
    "mutate": mutate,
    "cross_over": lambda rng, tokens, words: cross_over(rng, tokens, grow(rng, words, 5)),
    "grow": lambda rng, tokens, words: grow(rng, words, 1 + len(tokens) % 6),
}
PARENTS: list[Tokens] = [
    *formulas(60, seed=1),
    ("flops",),
    (0.0,),
    (2.0,),
    ("*", "flops", 0.0),
    ("+", 1.0, 2.0),
    ("*", 1.7e308, "flops"),
    ("*", -1.7e308, "flops"),
    ("/", "flops", 5e-324),
    ("+", -5e-324, "snip"),
]
WITH_CONSTANTS = [tokens for tokens in formulas(200) if any(isinstance(t, float) for t in tokens)]
every_breeder = pytest.mark.parametrize("name", list(BREEDERS))


def bred(name: str, seed: int, tokens: Tokens, words: Vocabulary = WORDS) -> Tokens:
    return BREEDERS[name](Random(seed), tokens, words)


def well_formed(tokens: Tokens) -> bool:
    """Accepted as it is by the language, and in its one form: plain floats, none of them -0.0."""
    kept = Formula(tokens).tokens
    return type(tokens) is tuple and kept == tokens and repr(kept) == repr(tokens)


@every_breeder
def test_gives_formulas(name: str) -> None:
    for number, parent in enumerate(PARENTS):
        for seed in range(30):
            child = bred(name, 1000 * number + seed, parent)
            assert well_formed(child)
            assert set(Formula(child).proxies) <= set(PROXIES)


@every_breeder
def test_generations_stay_formulas(name: str) -> None:
    """Constants drift for hundreds of generations, and must neither overflow nor become -0.0."""
    for seed in range(12):
        rng = Random(seed)
        tokens: Tokens = ("+", "*", 1e300, "flops", "*", 1e-320, "jacov")
        for _ in range(400):
            child = BREEDERS[name](rng, tokens, WORDS)
            assert well_formed(child)
            tokens = child if len(child) <= 40 else tokens


@every_breeder
def test_the_same_seed_gives_the_same(name: str) -> None:
    children = [[bred(name, seed, parent) for parent in PARENTS for seed in range(5)] for _ in range(2)]
    assert children[0] == children[1]


@every_breeder
def test_different_seeds_give_different_children(name: str) -> None:
    parent = ("+", "*", 2.0, "flops", "log", "/", "jacov", "abs", "nwot")
    assert len({bred(name, seed, parent) for seed in range(60)}) >= 5


@every_breeder
def test_keeps_to_the_vocabulary(name: str) -> None:
    words = Vocabulary(("a", "b"), unary=("sqrt",), binary=("max", "-"), constants=0.0)
    parent: Tokens = ("max", "sqrt", "a", "-", "b", "a")
    for seed in range(80):
        child = bred(name, seed, parent, words)
        assert {t for t in child if t in PRIMITIVES} <= {"sqrt", "max", "-", "*", "+"}
        assert set(Formula(child).proxies) <= {"a", "b"}


def test_the_vocabulary_is_all_primitives() -> None:
    assert set(WORDS.unary) | set(WORDS.binary) == set(PRIMITIVES)


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_grown_formulas_keep_to_the_depth(depth: int) -> None:
    grown = [Formula(grow(Random(seed), WORDS, depth)) for seed in range(400)]
    assert max(formula.depth for formula in grown) == depth
    assert {proxy for formula in grown for proxy in formula.proxies} == set(PROXIES)
    assert all(formula.proxies for formula in grown)


def test_no_grown_primitive_has_constants_alone() -> None:
    for seed in range(400):
        tokens = grow(Random(seed), WORDS, 6)
        for place, token in enumerate(tokens):
            arity = PRIMITIVES[token].arity if token in PRIMITIVES else 0
            operands = tokens[place + 1 : place + 1 + arity]
            assert not arity or not all(isinstance(operand, float) for operand in operands)


def test_crossover_takes_from_both() -> None:
    mother: Tokens = ("+", "flops", "log", "flops")
    father: Tokens = ("*", "jacov", "abs", "jacov")
    children = {cross_over(Random(seed), mother, father) for seed in range(200)}
    assert mother not in children
    assert father in children  # the whole gives way to the whole
    assert ("+", "flops", "log", "jacov") in children
    assert ("+", "*", "jacov", "abs", "jacov", "log", "flops") in children


def contains(tokens: Tokens, part: Tokens) -> bool:
    return any(tokens[k : k + len(part)] == part for k in range(len(tokens)))


@pytest.mark.parametrize("seed", range(40))
def test_what_each_operator_does(seed: int) -> None:
    parent = PARENTS[seed]
    arity = [PRIMITIVES[t].arity if t in PRIMITIVES else 0 for t in parent]
    point = bred("point", seed, parent)
    assert [PRIMITIVES[t].arity if t in PRIMITIVES else 0 for t in point] == arity
    assert sum(a != b for a, b in zip(point, parent, strict=True)) <= 1
    assert contains(parent, bred("hoist", seed, parent))
    assert len(bred("shrink", seed, parent)) < len(parent) or not any(arity)
    assert len(bred("insert", seed, parent)) > len(parent)
    assert contains(bred("term", seed, parent), parent)
    before = [t for t in parent if isinstance(t, float)]
    after = bred("constant", seed, parent)
    if before:
        assert [t for t in after if isinstance(t, str)] == [t for t in parent if isinstance(t, str)]
        assert sum(a != b for a, b in zip(after, parent, strict=True)) <= 1
    else:
        assert len(after) == len(parent) + 2
        assert sum(isinstance(t, float) for t in after) == 1


def test_constants_have_all_magnitudes_and_signs() -> None:
    drawn = [constant(Random(seed)) for seed in range(500)]
    assert all(1e-3 <= abs(c) <= 1e3 and float(f"{c:.3g}") == c for c in drawn)
    assert 0.2 < sum(c < 0 for c in drawn) / 500 < 0.4
    assert min(map(abs, drawn)) < 0.01
    assert max(map(abs, drawn)) > 100


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-300, 5e-324, -5e-324, 1e300, 1.7e308, -1.7e308])
def test_moved_constants_are_finite_and_near(value: float) -> None:
    drawn = [moved(Random(seed), value) for seed in range(2000)]
    assert all(math.isfinite(c) for c in drawn)
    assert not any(c == 0.0 and math.copysign(1.0, c) < 0 for c in drawn)
    assert len(set(drawn)) > (4 if 0 < abs(value) < 1e-320 else 100)
    if value and abs(value) > 1e-300:
        assert sum(abs(c / value - 1) <= 0.5 for c in drawn) > 1400


def test_pick_is_uniform() -> None:
    rng = Random(0)
    drawn = [pick(rng, "abcd") for _ in range(4000)]
    assert all(900 < drawn.count(item) < 1100 for item in "abcd")


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_polishing_is_never_worse_and_only_the_constants_change(name: str) -> None:
    judge = samples.judge(max_ties=1.0)
    objective = OBJECTIVES[name]
    better = 0
    for seed, tokens in enumerate(WITH_CONSTANTS[:60]):
        individual = judged_as_it_is(tokens, judge, objective)
        other, tried = polish(Random(seed), individual, judge, objective)
        assert tried == 16
        assert other.objective >= individual.objective
        assert other == judged_as_it_is(other.tokens, judge, objective)
        pairs = zip(individual.tokens, other.tokens, strict=True)
        assert all(a == b or (isinstance(a, float) and isinstance(b, float)) for a, b in pairs)
        assert repr(Formula(other.tokens).tokens) == repr(other.tokens)
        better += other.objective > individual.objective
    assert better > 5


def test_polishing_finds_the_constant_that_a_problem_was_made_with(judge: Judge) -> None:
    """Accuracy is about flops - 0.07 * jacov."""
    tokens: Tokens = ("-", "flops", "*", 3.0, "jacov")
    individual = judged_as_it_is(tokens, judge, mean)
    best = max(
        (polish(Random(seed), individual, judge, mean)[0] for seed in range(20)), key=lambda i: i.objective
    )
    assert best.objective > individual.objective + 0.2
    assert isinstance(best.tokens[3], float)
    assert 0.01 < best.tokens[3] < 0.3


def test_polishing_a_formula_without_constants_is_left_alone(judge: Judge) -> None:
    individual = judged_as_it_is(("+", "flops", "snip"), judge, mean)
    assert polish(Random(0), individual, judge, mean) == (individual, 0)


def test_polishing_by_the_same_seed_gives_the_same(judge: Judge) -> None:
    individual = judged_as_it_is(("-", "flops", "*", 3.0, "jacov"), judge, mean)
    assert polish(Random(4), individual, judge, mean) == polish(Random(4), individual, samples.judge(), mean)


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e308, -1.7e308])
def test_polished_constants_at_the_ends_of_float64_stay_constants(value: float, judge: Judge) -> None:
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
