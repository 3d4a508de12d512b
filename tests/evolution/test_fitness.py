"""A judge never scores a ranking twice, and what it has seen changes no answer."""

from collections import OrderedDict

import numpy as np
import pytest

from rayzc.evolution import CORRELATIONS, Judge, Tables, Verdict
from rayzc.evolution.correlations import Kendall
from rayzc.evolution.fitness import _remember
from rayzc.evolution.ranking import Ranking
from rayzc.formula import Formula
from rayzc.problems import Problem, Suite
from tests.evolution import samples
from tests.evolution.samples import Floats, formulas
from tests.evolution.test_correlations import peer


def equal(first: Verdict, second: Verdict) -> bool:
    return first.ranking == second.ranking and np.array_equal(first.correlations, second.correlations)


@pytest.mark.parametrize("correlation", list(CORRELATIONS))
def test_a_verdict_has_the_correlation_on_every_problem(correlation: str, small_suite: Suite) -> None:
    judge = samples.judge(correlation)
    for tokens in formulas(40):
        verdict = judge(tokens)
        for problem, value in zip(small_suite.problems, verdict.correlations, strict=True):
            columns = {name: problem.column(name) for name in problem.proxies}
            expected = peer(correlation, Formula(tokens).evaluate(columns), problem.accuracy)
            assert abs(value - expected) <= 1e-12


def test_no_ranking_is_scored_twice(judge: Judge) -> None:
    alike = [("flops",), ("+", "flops", 3.0), ("*", 2.0, "flops"), ("neg", "neg", "flops"), ("flops",)]
    verdicts = [judge(tokens) for tokens in alike]
    assert (judge.scored, judge.known) == (1, 4)
    assert all(verdict is verdicts[0] for verdict in verdicts)
    judge(("neg", "flops"))
    assert (judge.scored, judge.known) == (2, 4)


def test_the_correlation_is_computed_once_a_ranking(
    small_tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    computed = Kendall.__call__

    def counted(self: Kendall, ranking: Ranking) -> Floats:
        asked.append(ranking.digest())
        return computed(self, ranking)

    monkeypatch.setattr(Kendall, "__call__", counted)
    judge = Judge(small_tables)
    population = formulas(400, depth=3)
    for tokens in [*population, *population]:
        judge(tokens)
    assert len(asked) == len(set(asked)) == judge.scored < 400
    assert judge.scored + judge.known == 800


def test_ties_are_counted_apart_from_those_that_cannot_be_helped() -> None:
    """Of four architectures the last two are one network: only they cannot be told apart."""
    scores = np.array([[1.0, 5.0], [1.0, 6.0], [2.0, 7.0], [2.0, 7.0]])
    problem = Problem("own", "task", tuple("abcd"), ("flops", "snip"), scores, np.arange(4.0), np.arange(4))
    judge = Judge(Tables.of(Suite("four", (problem,), {})))
    for tokens, pairs in (
        (("snip",), 0),
        (("flops",), 1),
        (("min", "snip", 6.0), 2),
        (("log", "-", "flops", 3.0), 5),  # nowhere finite
    ):
        assert judge(tokens).ties == pytest.approx(pairs / 6)


def test_memory_changes_no_answer(small_tables: Tables) -> None:
    experienced, forgetful = Judge(small_tables), Judge(small_tables, memory=3)
    population = formulas(150)
    for tokens in population[::-1]:
        experienced(tokens)
    for tokens in [*population, *population[::3]]:
        fresh = Judge(small_tables)
        assert equal(experienced(tokens), fresh(tokens))
        assert equal(forgetful(tokens), fresh(tokens))


def test_memory_is_bounded(small_tables: Tables) -> None:
    judge = Judge(small_tables, memory=5)
    for tokens in formulas(60):
        judge(tokens)
    assert len(judge._formulas) == len(judge._rankings) == 5
    scored = judge.scored
    judge(formulas(60)[-1])
    assert judge.scored == scored
    judge(formulas(60)[0])
    assert judge.scored == scored + 1


def test_a_verdict_cannot_be_changed(judge: Judge) -> None:
    verdict = judge(("flops",))
    with pytest.raises(ValueError, match="read-only"):
        verdict.correlations[0] = 1.0
    assert 0 <= verdict.ranking < 2**64


def test_a_judge_knows_its_proxies(judge: Judge) -> None:
    assert judge.proxies == samples.PROXIES


def test_the_first_to_come_is_forgotten_first() -> None:
    known: OrderedDict[str, int] = OrderedDict()
    for answer, key in enumerate("abcd"):
        _remember(known, key, answer, room=3)
    assert list(known.items()) == [("b", 1), ("c", 2), ("d", 3)]
