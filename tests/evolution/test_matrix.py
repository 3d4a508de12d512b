"""Judging formulas on what they were not bred on, and the means and intervals of a study's matrix."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rayzc.evolution.assessment import resampled_kendall
from rayzc.evolution.matrix import Judgement, Matrix, Tau, judge
from rayzc.evolution.studies import Kind, Member
from rayzc.formula import Formula
from rayzc.options import Settings
from rayzc.problems import Suite
from tests.evolution import samples

FLOPS = Formula.parse("flops")


def kind(bred_on: str, problems: tuple[str, ...]) -> Kind:
    return Kind("each-problem", bred_on, problems, ())


def test_the_networks_that_a_formula_was_bred_on_are_not_judged() -> None:
    suite = samples.suite(3)
    fitting, validation = suite.split(0.25, seed=1)
    judged = judge(FLOPS, suite, fitting)
    assert judged.fitted == frozenset()
    for problem in validation.problems:
        expected = stats.kendalltau(problem.column("flops"), problem.accuracy).statistic
        assert judged.taus[problem.name] == pytest.approx(expected)
    assert all(len(drawn) == 0 for drawn in judged.samples.values())


def test_a_network_that_one_problem_knows_is_known_in_the_whole_space() -> None:
    suite = samples.suite(2)
    first, second = suite.problems
    known = replace(suite, problems=(first.take(np.arange(40) < 30),))
    judged = judge(FLOPS, suite, known)
    new = second.take(np.arange(40) >= 30)
    expected = stats.kendalltau(new.column("flops"), new.accuracy).statistic
    assert judged.taus[second.name] == pytest.approx(expected)


def test_another_space_is_judged_on_all_of_its_networks() -> None:
    suite = samples.suite(2)
    other = replace(suite.problems[1], space="other")
    whole = replace(suite, problems=(suite.problems[0], other))
    judged = judge(FLOPS, whole, replace(whole, problems=whole.problems[:1]))
    expected = stats.kendalltau(other.column("flops"), other.accuracy).statistic
    assert judged.taus[other.name] == pytest.approx(expected)
    assert judged.fitted == {suite.problems[0].name}


def test_equal_networks_are_drawn_equally() -> None:
    suite = samples.suite(1)
    problem = suite.problems[0]
    values = problem.column("flops")
    drawn = resampled_kendall(values, problem, 40, seed=3)
    assert len(drawn) == 40
    assert len(set(drawn)) > 30
    np.testing.assert_array_equal(drawn, resampled_kendall(values, problem, 40, seed=3))
    np.testing.assert_allclose(drawn, -resampled_kendall(-values, problem, 40, seed=3))


def test_bootstrap_agrees_with_the_interval_of_score() -> None:
    suite = samples.suite(1, rows=200)
    from rayzc.evolution import assess

    interval = assess(FLOPS, suite, bootstrap=400).problems["own/task-0"].kendall_interval
    assert interval is not None
    nothing: Suite = replace(suite, problems=())
    drawn = judge(FLOPS, suite, nothing, samples=400).samples["own/task-0"]
    np.testing.assert_allclose(np.percentile(drawn, (2.5, 97.5)), interval, atol=0.02)


class TestMatrix:
    def matrix(self) -> tuple[Matrix, Kind, Kind]:
        a, b = kind("x/1", ("x/1",)), kind("y/2", ("y/2",))
        members = [Member(place, own, Settings(seed=place % 2)) for place, own in enumerate((a, a, b, b))]
        judgements = [
            Judgement(
                {"x/1": 0.1 * place, "y/2": 0.5}, {"x/1": np.full(50, 0.1 * place), "y/2": np.full(50, 0.5)}
            )
            for place in range(4)
        ]
        return Matrix(members, judgements), a, b

    def test_a_cell_is_the_mean_over_seeds(self) -> None:
        matrix, a, b = self.matrix()
        assert (matrix.kinds, matrix.problems, matrix.repeats(a)) == ((a, b), ("x/1", "y/2"), 2)
        first = matrix.tau([(a, "x/1")])
        assert first is not None
        assert first.mean == pytest.approx(0.05)
        # The seeds are drawn, too: some samples have one formula twice.
        assert first.interval == (pytest.approx(0.0), pytest.approx(0.1))
        assert matrix.tau([(b, "y/2")]) == Tau(0.5, (0.5, 0.5))
        assert matrix.tau([]) is None

    def test_a_mean_over_cells(self) -> None:
        matrix, a, b = self.matrix()
        mean = matrix.tau([(a, "x/1"), (b, "x/1"), (b, "y/2")])
        assert mean is not None
        assert mean.mean == pytest.approx((0.05 + 0.25 + 0.5) / 3)

    def test_without_samples_there_is_no_interval(self) -> None:
        suite = samples.suite(2)
        own = kind("all", suite.names)
        matrix = Matrix([Member(0, own, Settings())], [judge(FLOPS, suite, suite)])
        tau = matrix.tau([(own, suite.names[0])])
        assert tau is not None
        assert tau.interval is None
        assert matrix.fitted(own, suite.names[0])
