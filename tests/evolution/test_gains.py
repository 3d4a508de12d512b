"""The top of a ranking, fast: the same as the plain definition, ties and infinities included."""

import numpy as np
import pytest

from rayzc.evolution import Judge, Tables, judged_as_it_is
from rayzc.evolution.objectives import mean_and_top
from rayzc.evolution.top import best_first, ndcg
from rayzc.formula import Formula
from rayzc.options import Settings
from tests.evolution import samples


@pytest.mark.parametrize("rows", [2, 11, 400])
def test_equals_the_definition(rows: int) -> None:
    suite = samples.suite(3, rows)
    judge = Judge.of(Tables.of(suite), Settings(objective="mean+top"))
    formulas = [Formula(tokens) for tokens in samples.formulas(60)]
    formulas += [Formula.parse(text) for text in ("min(flops, 0)", "flops - flops", "log(flops)", "flops")]
    for formula in formulas:
        found = judge(formula.tokens).top
        assert found is not None
        for value, problem in zip(found, suite.problems, strict=True):
            columns = {name: problem.column(name) for name in problem.proxies}
            values = np.broadcast_to(formula.evaluate(columns), rows)
            expected = ndcg(problem.accuracy[best_first(values, problem.accuracy)])
            assert value == pytest.approx(expected, abs=1e-12), str(formula)


def test_only_objectives_of_the_top_have_it_measured() -> None:
    tables = Tables.of(samples.suite())
    assert Judge.of(tables, Settings())(("flops",)).top is None
    judge = Judge.of(tables, Settings(objective="mean+top"))
    verdict = judge(("flops",))
    assert verdict.top is not None
    bred = judged_as_it_is(("flops",), judge, mean_and_top)
    assert bred.objective == pytest.approx((verdict.correlations.mean() + verdict.top.mean()) / 2)
