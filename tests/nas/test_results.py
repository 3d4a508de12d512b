import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from rayzc.errors import SearchError
from rayzc.measurement import Measurement
from rayzc.nas import Average, Baseline, Results, Sample, on_demand, tabulated
from tests.nas.samples import SMALL, parsed, planted, solve

TABLES = (planted(90), planted(120, "transbench101_micro", 1))


@pytest.fixture(scope="module")
def results() -> Results:
    outcomes, comparisons = [], []
    for table in TABLES:
        for seed in range(3):
            asked = parsed("noise + good", budget=40, seed=seed, settings=SMALL)
            outcome, others = solve(tabulated(table, asked), asked)
            outcomes.append(outcome)
            comparisons += others
    return Results(tuple(outcomes), tuple(comparisons), {"own/toy, seed 0": "out of memory"})


def test_averages_are_over_seeds_and_over_problems(results: Results) -> None:
    of = TABLES[1].name
    tops = [one.found.standing.top for one in results.outcomes if one.problem == of and one.found.standing]
    short = [
        one.shortlist_best.standing.top
        for one in results.outcomes
        if one.shortlist_best and one.shortlist_best.standing
    ]

    assert results.problems == tuple(table.name for table in TABLES)
    assert results.compared == results.problems
    assert results.seeds == (0, 1, 2)
    assert results.found().over_seeds(of) == Average(np.mean(tops), np.std(tops, ddof=1), 3)
    means = np.array(short).reshape(2, 3).mean(axis=0)  # of each seed over both problems
    average = results.shortlist().over_problems()
    assert average is not None
    assert (average.mean, average.deviation) == pytest.approx((np.mean(short), np.std(means, ddof=1)))
    assert average.count == 3
    accuracy = results.found(lambda standing: standing.accuracy).over_seeds(of)
    assert accuracy is not None
    assert accuracy.mean == pytest.approx(
        np.mean([one.found.standing.accuracy for one in results.outcomes[3:] if one.found.standing])
    )
    random = results.baseline(Baseline.RANDOM_SEARCH).over_seeds(of)
    assert random is not None
    assert random.count == 3
    assert results.baseline(Baseline.PROXY_TEN, "nobody").values == {}
    assert results.baseline(Baseline.PROXY_TEN).over_problems() is None
    assert results.of(of).problems == (of,)
    assert {each.problem for each in results.of(of).comparisons} == {of}
    assert Average.of([2.0]) == Average(2.0, 0.0, 1)


def test_the_mean_over_problems_weighs_problems_alike() -> None:
    assert Sample({}).over_problems() is None
    assert Sample({("a", 0): 1.0, ("a", 1): 3.0, ("b", 0): 10.0}).over_problems() == Average(6.0, 0.0, 1)
    sample = Sample({("a", 0): 1.0, ("a", 1): 3.0, ("b", 0): 10.0, ("b", 1): 14.0})
    both = sample.over_problems()
    assert both is not None
    assert both.mean == 7.0
    assert both.deviation == pytest.approx(3 / 2**0.5)
    assert sample.over_problems(("b",)) == sample.over_seeds("b")


def test_the_best_proxy_is_chosen_by_what_its_searches_found(results: Results) -> None:
    assert results.best_proxy() == "good"
    assert results.best_proxy(TABLES[0].name) == "good"
    assert Results(results.outcomes).best_proxy() is None


def test_the_best_outcome_has_the_best_score_of_the_seeds(results: Results) -> None:
    best = results.best(TABLES[0].name)

    assert best.found.score == max(one.found.score for one in results.outcomes[:3])
    with pytest.raises(SearchError, match="there is no outcome for problem 'p/t'"):
        results.best("p/t")


def test_results_come_back_from_json(results: Results) -> None:
    assert Results.from_text(results.to_text()) == results
    with pytest.deprecated_call(match="found itself"):
        assert results.results is results


def test_the_document_of_a_run_holds_the_same(results: Results) -> None:
    first = results.outcomes[0]
    infinite = msgspec.structs.replace(first, found=msgspec.structs.replace(first.found, score=math.inf))
    for each in (results, replace(results, outcomes=(infinite,), run=Path("runs/a"))):
        document = each.to_json()
        assert document["results"] == json.loads(each.to_text())
        assert document["run"] == (None if each.run is None else "runs/a")
        assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"schema_version": 1', '"schema_version": 2', "results.json has schema 2; this version"),
        ('"comparisons"', '"others"', "results.json: unknown key 'others'"),
        ('"trajectory"', '"path"', "results.json, outcomes[0]: unknown key 'path'"),
        ('"accuracy"', '"precision"', "results.json, outcomes[0]: unknown key 'found.standing.precision'"),
        ('"constraints"', '"conditions"', "results.json, outcomes[0], plan: unknown key 'conditions'"),
        (
            '"way": "random ten"',
            '"way": "random eleven"',
            "results.json, comparisons[1]: key 'way' cannot be used: invalid enum value 'random eleven'",
        ),
        (
            '"way": "search by good"',
            '"way": "search by god"',
            "results.json, comparisons[5]: key 'way' cannot be used: invalid enum value 'search by god'",
        ),
    ],
)
def test_results_that_cannot_be_used_are_refused_with_file_and_key(
    results: Results, old: str, new: str, message: str
) -> None:
    assert old in results.to_text()
    with pytest.raises(SearchError) as caught:
        Results.from_text(results.to_text().replace(old, new), "results.json")
    assert str(caught.value).startswith(message)


def test_the_table_has_a_row_for_each_search(results: Results) -> None:
    rows: list[dict[str, Any]] = results.to_table().to_pylist()

    assert [(row["problem"], row["seed"]) for row in rows] == [
        (one.problem, one.seed) for one in results.outcomes
    ]
    for row, outcome in zip(rows, results.outcomes, strict=True):
        assert outcome.found.standing is not None
        assert row["task"] == "planted"
        assert row["encoding"] == outcome.found.encoding
        assert row["rank"] == outcome.found.standing.rank
        assert dict(row["proxies"]) == outcome.found.proxies
        assert [one["encoding"] for one in row["shortlist"]] == [one.encoding for one in outcome.shortlist]
        assert row["shortlist_top"] <= row["top"]
        assert row["best_proxy"] == "good"
        assert dict(row["proxies_search_top"])["good"] == row["best_proxy_top"]
        assert row["random_search_top"] > 0


def test_where_no_table_knows_the_truth_there_are_nulls() -> None:
    asked = parsed("zico", budget=12)
    problem = on_demand(
        "nasbench201/cifar10", lambda requests: [Measurement({"zico": 1.0})] * len(requests), ("zico",)
    )
    results = Results((solve(problem, asked)[0],))
    (row,) = results.to_table().to_pylist()

    assert row["accuracy"] is row["rank"] is row["random_search_top"] is row["best_proxy"] is None
    assert row["score"] == 1.0
    assert len(row["shortlist"]) == 10
    assert results.found().values == {}
    assert Results.from_text(results.to_text()) == results


def test_no_outcome_is_an_empty_table() -> None:
    assert Results(()).to_table().num_rows == 0
