"""The assessment of a formula against scipy, and the intervals that say how sure it is."""

import math
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import rayzc
from rayzc.errors import FormulaError, RunError, SuiteError
from rayzc.evolution import ProblemScore, SuiteScore, assess, best_single_proxies
from rayzc.evolution.assessment import kendall, resampled_kendall
from rayzc.formula import Formula, ranking_values
from rayzc.options import ScoreOptions
from rayzc.problems import Problem, Suite, write_suite
from tests.evolution import samples
from tests.evolution.samples import Floats

FORMULA = Formula.parse("flops - 0.05 * jacov + log(nwot)")


def by_scipy(values: Floats, accuracy: Floats) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = stats.kendalltau(values, accuracy).statistic, stats.spearmanr(values, accuracy).statistic
    return tuple(0.0 if math.isnan(value) else float(value) for value in found)  # type: ignore[return-value]


def values_of(formula: Formula, problem: Problem) -> Floats:
    return ranking_values(formula.evaluate({name: problem.column(name) for name in problem.proxies}))


def assert_equals_scipy(result: SuiteScore, suite: Suite) -> None:
    assert list(result.problems) == list(suite.names)
    for problem in suite.problems:
        score = result.problems[problem.name]
        kendall, spearman = by_scipy(values_of(result.formula, problem), problem.accuracy)
        assert score.kendall == pytest.approx(kendall, abs=1e-12)
        assert score.spearman == pytest.approx(spearman, abs=1e-12)
        assert score.architectures == len(problem)
    mean = np.mean([score.kendall for score in result.problems.values()])
    assert result.mean_kendall == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize(
    "text", ["flops", "-jacov", str(FORMULA), "log(flops)", "1 / (snip - snip)", "2", "tanh(nwot)"]
)
def test_equals_scipy(text: str, small_suite: Suite) -> None:
    result = assess(Formula.parse(text), small_suite)
    assert_equals_scipy(result, small_suite)
    assert all(score.kendall_interval is None for score in result.problems.values())


@pytest.mark.parametrize(
    "text", ["flops", "log(flops) + jacov / l2_norm", "synflow - log(abs(grasp)) * params"]
)
def test_equals_scipy_on_the_real_suite(text: str, real_suite: Suite) -> None:
    suite = real_suite.for_fitting()
    assert len(suite) == 13
    assert_equals_scipy(assess(Formula.parse(text), suite), suite)


def test_intervals_hold_the_estimate_and_are_the_same_for_a_seed(small_suite: Suite) -> None:
    result = assess(FORMULA, small_suite, bootstrap=200, seed=1)
    for score in result.problems.values():
        for estimate, interval in (
            (score.kendall, score.kendall_interval),
            (score.spearman, score.spearman_interval),
        ):
            assert interval is not None
            assert -1.0 <= interval[0] < estimate < interval[1] <= 1.0
    assert assess(FORMULA, small_suite, bootstrap=200, seed=1) == result
    assert assess(FORMULA, small_suite, bootstrap=200, seed=2) != result
    plain = assess(FORMULA, small_suite)
    for name, score in result.problems.items():
        assert replace(score, kendall_interval=None, spearman_interval=None) == plain.problems[name]


def width(rows: int, copies: int = 1, one_network: bool = True) -> float:
    """Width of tau's interval on so many networks, each there so many times."""
    base = samples.problem("task", rows=rows, levels=None)
    index = np.tile(np.arange(rows), copies)
    groups = index if one_network else np.arange(len(index))
    problem = Problem(
        base.space,
        base.task,
        tuple(f"net-{k}" for k in range(len(index))),
        base.proxies,
        base.scores[index],
        base.accuracy[index],
        groups * 1000 + 7,  # any numbers
    )
    score = assess(FORMULA, Suite("one", (problem,)), bootstrap=300).problems["own/task"]
    assert score.kendall_interval is not None
    return score.kendall_interval[1] - score.kendall_interval[0]


def test_intervals_are_wider_on_fewer_rows() -> None:
    assert width(25) > 1.5 * width(100) > 2.25 * width(400)


def test_copies_of_a_network_make_nobody_surer() -> None:
    """Whole networks are drawn: ten rows of each tell no more than one."""
    alone, copied, taken_apart = width(30), width(30, 10), width(30, 10, one_network=False)
    assert copied == pytest.approx(alone, rel=0.25)
    assert taken_apart < 0.6 * alone


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(60):
        x = rng.normal(size=60)
        y = x + rng.normal(size=60)  # correlation sqrt(1/2): tau is 2/pi arcsin of it, one half
        problem = Problem("own", "t", tuple(map(str, range(60))), ("x",), x[:, None], y, np.arange(60))
        score = assess(Formula(("x",)), Suite("s", (problem,)), bootstrap=100, seed=trial).problems["own/t"]
        assert score.kendall_interval is not None
        hits += score.kendall_interval[0] <= 0.5 <= score.kendall_interval[1]
    assert 50 <= hits <= 60


def test_a_constant_formula_has_a_score_of_zero(small_suite: Suite) -> None:
    result = assess(Formula.parse("0 * flops"), small_suite, bootstrap=10)
    assert {
        (score.kendall, score.spearman, score.kendall_interval) for score in result.problems.values()
    } == {(0.0, 0.0, (0.0, 0.0))}


def test_the_best_single_proxies_come_the_right_way_up(small_suite: Suite) -> None:
    every = best_single_proxies(small_suite, count=9)
    assert len(every) == 4
    names = [str(score.formula) for score in every]
    assert names[0] == "flops"
    assert "-jacov" in names
    means = [score.mean_kendall for score in every]
    assert means == sorted(means, reverse=True)
    assert min(means) >= 0
    assert every[:3] == best_single_proxies(small_suite)
    for score in every:
        assert score == assess(score.formula, small_suite)


def test_the_best_single_proxies_of_the_real_suite(real_suite: Suite) -> None:
    """What the field knows: flops and params rank better on the mean than all that is measured."""
    best, second, *_ = best_single_proxies(real_suite.for_fitting())
    assert (str(best.formula), str(second.formula)) == ("flops", "params")
    assert best.mean_kendall == pytest.approx(0.437, abs=0.001)


def test_a_proxy_that_no_formula_can_name_is_no_single_proxy() -> None:
    suite = Suite("odd", (samples.problem("a", proxies=("flops", "l2-norm", "log")),))
    assert [str(score.formula) for score in best_single_proxies(suite)] == ["flops"]
    assert assess(Formula.parse("flops"), suite).mean_kendall > 0.4


def test_a_formula_of_unknown_proxies_is_refused(small_suite: Suite) -> None:
    with pytest.raises(FormulaError, match=r"^the formula needs proxy 'flop'; did you mean 'flops'\?$"):
        assess(Formula.parse("flop"), small_suite)


def test_a_formula_as_text_and_a_suite_by_its_path(small_suite: Suite, tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    write_suite(small_suite, path)
    expected = assess(FORMULA, small_suite, bootstrap=20)
    for formula, suite in ((str(FORMULA), small_suite), (FORMULA, path), (str(FORMULA), str(path))):
        assert rayzc.score(formula, suite, bootstrap=20) == expected
    name = small_suite.names[0]
    options = ScoreOptions(problems=(name,), bootstrap=0)
    assert rayzc.score(FORMULA, path, options=options) == assess(FORMULA, small_suite.select([name]))
    with pytest.raises(RunError, match="bootstrap is -1; it must be 0 or more"):
        rayzc.score(FORMULA, small_suite, bootstrap=-1)
    with pytest.raises(FormulaError, match="cannot parse formula at position 8"):
        rayzc.score("flops +", small_suite)
    with pytest.raises(SuiteError):
        rayzc.score("flops", tmp_path / "nothing.parquet")


def test_architectures_without_the_formulas_proxies_are_left_out() -> None:
    whole = samples.problem("task")
    scores = whole.scores.copy()
    scores[:10, 1] = np.nan  # jacov
    scores[5:30, 3] = np.nan  # snip, which the formula does not need
    raw = Suite("raw", (replace(whole, scores=scores),))
    result = assess("flops - jacov", raw)
    assert result.problems["own/task"].architectures == 30
    assert result == assess("flops - jacov", raw.for_fitting(("flops", "jacov")))
    assert assess("flops", raw).problems["own/task"].architectures == 40
    assert assess("2", raw).mean_kendall == 0.0


def test_a_proxy_that_a_problem_lacks_is_named() -> None:
    problems = samples.problem("a"), samples.problem("b", proxies=("flops", "zen"))
    with pytest.raises(
        SuiteError, match=r"^proxy 'zen' is missing on own/a; leave out the proxy or these problems$"
    ):
        assess("zen + flops", Suite("two", problems))
    with pytest.raises(SuiteError, match="suite none is empty"):
        assess("flops", Suite("none", ()))


def test_an_interval_of_one_network_is_a_point() -> None:
    problem = replace(samples.problem("task", rows=6), groups=np.full(6, 3))
    score = assess(FORMULA, Suite("one", (problem,)), bootstrap=10).problems["own/task"]
    assert score.kendall_interval == (score.kendall, score.kendall)
    assert score.spearman_interval == (score.spearman, score.spearman)


def test_intervals_are_quantiles_over_networks_drawn_with_replacement() -> None:
    """The bootstrap by hand, on networks of different numbers of rows."""
    problem = samples.problem("task", rows=30, levels=None)
    groups = np.arange(30) // 3 * 2 + np.arange(30) % 2
    problem = replace(problem, groups=groups)
    score = assess(FORMULA, Suite("one", (problem,)), bootstrap=500, seed=7).problems["own/task"]
    values, networks = values_of(FORMULA, problem), np.unique(groups)
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(500):
        rows = np.concatenate(
            [np.flatnonzero(groups == network) for network in rng.choice(networks, len(networks))]
        )
        drawn.append(by_scipy(values[rows], problem.accuracy[rows]))
    for interval, place in ((score.kendall_interval, 0), (score.spearman_interval, 1)):
        expected = np.quantile([sample[place] for sample in drawn], [0.025, 0.975])
        assert interval == pytest.approx(expected, abs=0.05)


def test_means_and_the_problem_that_is_tied_most(small_suite: Suite) -> None:
    result = assess("min(flops, 0)", small_suite)
    scores = result.problems
    assert result.mean_spearman == pytest.approx(np.mean([score.spearman for score in scores.values()]))
    name, ties = result.most_tied
    assert ties == scores[name].ties == max(score.ties for score in scores.values())


def test_the_json_document(small_suite: Suite) -> None:
    document = assess(FORMULA, small_suite, bootstrap=20).to_json()
    assert set(document) == {"expression", "mean_kendall", "mean_top", "problems"}
    assert document["expression"] == str(FORMULA)
    assert list(document["problems"]) == ["own/task-0", "own/task-1", "own/task-2"]
    for score in document["problems"].values():
        intervals = {"kendall_interval", "spearman_interval"}
        assert set(score) == {"kendall", "spearman", "architectures", "ties", "top"} | intervals
        assert 0 < score["top"]["first"] <= 1
        assert score["architectures"] == 40
        assert score["kendall_interval"][0] < score["kendall"] < score["kendall_interval"][1]


def test_the_table(small_suite: Suite) -> None:
    result = assess(FORMULA, small_suite)
    table = result.to_table().to_pydict()
    assert table["problem"] == list(small_suite.names)
    assert table["kendall"] == [score.kendall for score in result.problems.values()]
    assert table["spearman"] == [score.spearman for score in result.problems.values()]
    assert table["architectures"] == [40, 40, 40]
    assert table["ties"] == [score.ties for score in result.problems.values()]


def test_ties_are_a_share_of_the_pairs(small_suite: Suite) -> None:
    for problem, score in zip(
        small_suite.problems,
        assess(Formula.parse("min(flops, 0)"), small_suite).problems.values(),
        strict=True,
    ):
        at_the_limit = int((problem.column("flops") >= 0).sum())
        assert 2 < at_the_limit < 40
        assert score.ties == pytest.approx(at_the_limit * (at_the_limit - 1) / (40 * 39))


def test_scores_are_values() -> None:
    score = ProblemScore(0.5, 0.6, 10, 0.0)
    assert score == ProblemScore(0.5, 0.6, 10, 0.0, None, None)
    with pytest.raises(AttributeError):
        score.kendall = 1.0  # type: ignore[misc]


def test_samples_that_are_ranked_at_once_are_those_ranked_one_by_one(small_suite: Suite) -> None:
    problem = replace(small_suite.problems[0], groups=np.arange(40) // 3)
    values = values_of(FORMULA, problem)
    rng = np.random.default_rng([7, 40])
    expected = []
    for _ in range(70):
        times = np.bincount(rng.integers(14, size=14), minlength=14)
        rows = np.repeat(np.arange(40), times[problem.groups])
        expected.append(kendall(values[rows], problem.accuracy[rows]))
    assert resampled_kendall(values, problem, 70, seed=7).tolist() == expected
    assert resampled_kendall(values, problem, 0, seed=7).size == 0
