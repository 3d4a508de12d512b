"""Evaluation with memory gives what plain evaluation gives, bit for bit."""

import numpy as np
import pytest
from hypothesis import given

from rayzc.evolution import evaluation
from rayzc.evolution.evaluation import Evaluator
from rayzc.formula import Formula
from tests.evolution.samples import PROXIES, UGLY, Floats, Tokens, examples, formulas
from tests.formula.strategies import NAMES, Columns, columns
from tests.formula.strategies import formulas as any_formulas


def same_bits(x: Floats, y: Floats) -> bool:
    """Whether two arrays are equal bit for bit, any nan being equal to any other."""
    nan = np.isnan(x) & np.isnan(y)
    return x.shape == y.shape and bool(np.all(nan | (x.view(np.int64) == y.view(np.int64))))


def scores(rows: int = 60, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    return np.where(
        rng.random((len(PROXIES), rows)) < 0.5,
        rng.choice(UGLY, (len(PROXIES), rows)),
        rng.normal(scale=100, size=(len(PROXIES), rows)),
    )


def plain(tokens: Tokens, table: Floats) -> Floats:
    return Formula(tokens).evaluate(dict(zip(PROXIES, table, strict=True)))


@examples(150)
@given(any_formulas(leaves=25), columns(rows=20))
def test_equals_plain_evaluation(formula: Formula, table: Columns) -> None:
    evaluate = Evaluator(NAMES, np.array([table[name] for name in NAMES]))
    for _ in range(3):  # in scratch arrays, in arrays that are kept, from those
        assert same_bits(evaluate(formula.tokens), formula.evaluate(table))


@pytest.mark.parametrize("rows", [1, 7, 1001])
def test_equals_plain_evaluation_at_every_length(rows: int) -> None:
    """Vector instructions and what is left over at the end give the same bits."""
    table = scores(rows)
    evaluate = Evaluator(PROXIES, table)
    for tokens in formulas(150, seed=2, depth=6):
        assert same_bits(evaluate(tokens), plain(tokens, table))


@pytest.mark.parametrize("room", [64, 100, 4096])
def test_memory_and_its_loss_change_no_answer(room: int) -> None:
    """A room of 64 holds a few formulas of up to 32 nodes: parts are thrown out all the time."""
    table = scores()
    evaluate = Evaluator(PROXIES, table, room)
    population = [tokens for tokens in formulas(300, depth=6) if len(tokens) <= 32]
    assert len(population) > 200
    for tokens in [*population, *population[::-1], *population[::7]]:
        assert same_bits(evaluate(tokens), plain(tokens, table))


def test_the_room_is_kept_to() -> None:
    evaluate = Evaluator(PROXIES, scores(), room=64)
    for tokens in formulas(200, depth=5):
        if len(tokens) <= 32:
            evaluate(tokens)
            evaluate(tokens)
    assert len(evaluate._kept) == 64


@pytest.mark.parametrize(("rows", "room"), [(60, 1024), (100_000, 83)])
def test_long_columns_have_less_room(rows: int, room: int) -> None:
    assert Evaluator(PROXIES, np.zeros((4, rows)))._room == room


def test_what_is_remembered_by_name_alone_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_SOON", 10)
    table = scores()
    evaluate = Evaluator(PROXIES, table)
    for tokens in formulas(100, depth=5):
        assert same_bits(evaluate(tokens), plain(tokens, table))
    assert 10 <= len(evaluate._lately | evaluate._earlier) < 20


def test_the_largest_formulas_of_a_small_room() -> None:
    """Wide formulas whose left halves must outlive the evaluation of their right halves."""
    table = scores()
    evaluate = Evaluator(PROXIES, table, room=62)
    for shift in range(40):
        leaves = [PROXIES[(k * k + shift) % 4] if k % 3 else float(k + shift) for k in range(16)]
        tokens = _balanced([(leaf,) for leaf in leaves], ("+", "*", "-", "/"))
        assert len(tokens) == 31
        for _ in range(3):
            assert same_bits(evaluate(tokens), plain(tokens, table))


def _balanced(parts: list[Tokens], names: tuple[str, ...]) -> Tokens:
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [(names[k % len(names)], *left, *right) for k, (left, right) in enumerate(pairs)]
    return parts[0]


@pytest.mark.parametrize(
    ("tokens", "value"),
    [((2.5,), 2.5), (("log", 1.0), 0.0), (("/", 1.0, 0.0), np.inf), (("-", "exp", 1e3, "exp", 1e3), np.nan)],
)
def test_formulas_of_constants_alone_have_a_value_for_every_row(tokens: Tokens, value: float) -> None:
    evaluate = Evaluator(PROXIES, scores(rows=7))
    for _ in range(2):
        assert np.array_equal(evaluate(tokens), np.full(7, value), equal_nan=True)


def test_the_scores_are_left_alone() -> None:
    table = scores()
    before = table.view(np.int64).copy()
    table.flags.writeable = False  # as Ray gives them
    evaluate = Evaluator(PROXIES, table)
    for tokens in [*((proxy,) for proxy in PROXIES), *formulas(50)]:
        evaluate(tokens)
    assert np.array_equal(table.view(np.int64), before)


def test_a_formula_too_large_for_the_room_gets_more() -> None:
    """Its left half must outlive the evaluation of its right half, each with more parts than there was room for."""
    table = scores()
    evaluate = Evaluator(PROXIES, table, room=4)
    for shift in range(10):
        leaves = [(PROXIES[(k + shift) % 4],) if k % 3 else (float(k + shift),) for k in range(16)]
        tokens = _balanced(leaves, ("+", "*", "-", "/"))
        for _ in range(3):
            assert same_bits(evaluate(tokens), plain(tokens, table))
    assert len(evaluate._kept) <= 2 * 31
