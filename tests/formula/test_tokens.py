"""Token tuples: where parts begin and end, and which names they may hold."""

import pytest
from hypothesis import given

from rayzc.formula import Formula, arities, fold, is_proxy_name, subtree_end
from tests.formula.strategies import examples, formulas

EXAMPLE = ("+", "log", "flops", "/", "jacov", "nwot")


def test_subtrees() -> None:
    assert arities(EXAMPLE) == [2, 1, 0, 2, 0, 0]
    assert [subtree_end(EXAMPLE, start) for start in range(6)] == [6, 3, 3, 6, 5, 6]


@examples(200)
@given(formulas())
def test_subtrees_are_formulas(formula: Formula) -> None:
    tokens = formula.tokens
    for start, arity in enumerate(arities(tokens)):
        end = subtree_end(tokens, start)
        inner = Formula(tokens[start:end])
        assert inner.size == end - start
        if arity == 0:
            assert end == start + 1
    sizes = fold(tokens, lambda leaf: 1, lambda name, *inner: 1 + sum(inner))
    assert sizes == formula.size


@pytest.mark.parametrize("name", ["flops", "l2_norm", "_", "e", "Log", "x1"])
def test_names_that_a_formula_can_use(name: str) -> None:
    assert is_proxy_name(name)
    assert Formula.parse(f"{name} + 1").proxies == (name,)


@pytest.mark.parametrize("name", ["", "log", "max", "neg", "+", "jacob-cov", "val acc", "1x", "é", "a\n"])
def test_names_that_a_formula_cannot_use(name: str) -> None:
    assert not is_proxy_name(name)
