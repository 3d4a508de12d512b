import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rayzc.errors import FormulaError, SearchError
from rayzc.measurement import Measurement, Request
from rayzc.nas import (
    ALGORITHMS,
    MixedScores,
    Plan,
    Search,
    SearchEnding,
    SpaceDomain,
    TableDomain,
    TableScores,
    absorb,
    advance,
    begin,
    on_demand,
    propose,
    run,
    tabulated,
)
from rayzc.options import AlgorithmSettings, PlanOptions
from rayzc.spaces import SPACES
from tests.nas.samples import SMALL, parsed, plan, planted, solve

TABLE = planted(150)
DOMAIN = TableDomain(TABLE, ("good", "cost"))
SCORES = TableScores(TABLE)


def searched(asked: Plan) -> Search:
    return run(asked, TABLE.name, DOMAIN, SCORES)


def test_a_search_evaluates_its_budget_and_keeps_the_best() -> None:
    search = searched(plan("genetic", 40))

    assert search.ended == SearchEnding.BUDGET_SPENT
    assert len(search.evaluations) == 40
    assert search.best is not None
    assert search.best.score == max(one.score for one in search.evaluations)
    assert search.best.measurement.scores == {"good": search.best.score}
    assert advance(search, DOMAIN, SCORES) is search
    assert propose(search, DOMAIN) == ()


def test_the_last_batch_ends_with_the_budget() -> None:
    assert len(searched(plan("random", 13, batch=5)).evaluations) == 13


def test_what_is_proposed_can_be_asked_again_and_is_absorbed_in_its_order() -> None:
    search = begin(plan("random"), TABLE.name, DOMAIN, SCORES)
    proposals = propose(search, DOMAIN)

    assert proposals == propose(search, DOMAIN)
    with pytest.raises(SearchError, match="5 architectures were proposed, but 4 were measured"):
        absorb(search, proposals, [Measurement({"good": 1.0})] * 4)
    after = absorb(search, proposals, [Measurement({"good": float(i)}) for i in range(5)])
    assert [one.score for one in after.evaluations] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [one.proposal for one in after.evaluations] == list(proposals)


def test_what_is_not_finite_or_failed_ranks_last_and_is_no_result() -> None:
    search = begin(plan("random"), TABLE.name, DOMAIN, SCORES)
    scored = [
        Measurement({"good": float("nan")}),
        Measurement({"good": float("inf")}),
        Measurement({}, {"good": "out of memory"}),
        Measurement({"good": -3.0}, seconds=1.5),
        Measurement({"good": -4.0}, cached=True),
    ]
    search = absorb(search, propose(search, DOMAIN), scored)

    assert [one.score for one in search.evaluations] == [-np.inf, -np.inf, -np.inf, -3.0, -4.0]
    assert search.best == search.evaluations[3]
    assert search.evaluations[2].measurement.failures == {"good": "out of memory"}
    assert (search.measured, search.cache_hits, search.measuring_seconds) == (1, 1, 1.5)
    restored = Search.from_text(search.to_text())
    assert [one.values for one in restored.evaluations] == [one.values for one in search.evaluations]
    assert restored.to_text() == search.to_text()
    assert json.loads(search.to_text(), parse_constant=pytest.fail)["kind"] == "search"


def test_a_violated_constraint_counts_against_the_budget_but_is_no_result_and_no_parent() -> None:
    asked = parsed(
        "good",
        constraints=("cost <= 11", "good > cost - 9"),
        algorithm="genetic",
        budget=80,
        settings=SMALL,
    )
    search = searched(asked)
    violating = [one for one in search.evaluations if not one.met]

    assert len(search.evaluations) == 80
    assert violating
    assert all(one.score > -np.inf and not one.eligible for one in violating)
    assert search.best is not None
    assert search.best.measurement.scores["cost"] <= 11
    assert not {one.proposal.key for one in violating} & {one.proposal.parent for one in search.evaluations}


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_with_several_objectives_the_front_is_what_nobody_dominates(algorithm: str) -> None:
    asked = parsed("good", minimise=("cost",), algorithm=algorithm, budget=80, settings=SMALL)
    outcome, _ = solve(tabulated(TABLE, asked), asked)
    front = [(one.score, one.proxies["cost"]) for one in outcome.front]

    assert front == sorted(front, reverse=True)
    assert [cost for _, cost in front] == sorted((cost for _, cost in front), reverse=True)
    assert len(front) > 1
    assert outcome.found.score == front[0][0]


def test_several_objectives_find_cheaper_architectures_than_one() -> None:
    def mean_cost(*minimise: str) -> float:
        asked = parsed("good", minimise=minimise, algorithm="genetic", budget=60, settings=SMALL)
        children = [one.architecture for one in searched(asked).evaluations[20:]]
        return float(np.mean([TABLE.column("cost")[TABLE.architectures.index(one)] for one in children]))

    assert mean_cost("cost") < mean_cost()


def test_a_table_and_measurements_of_the_rest_give_the_search_of_the_whole_table() -> None:
    hidden = np.array(TABLE.scores)
    hidden[::2, 0] = np.nan
    asked: list[str] = []

    def measure(requests: Sequence[Request]) -> list[Measurement]:
        asked.extend(request.encoding for request in requests)
        return [replace(answer, seconds=1.0) for answer in SCORES.answer(requests)]

    whole = on_demand(TABLE.name, lambda requests: [], (), TABLE, within_table=True)
    mixed = on_demand(TABLE.name, measure, ("good",), replace(TABLE, scores=hidden), within_table=True)
    expected, _ = solve(whole, plan("genetic"))
    outcome, comparisons = solve(mixed, plan("genetic"))

    assert outcome.shortlist == expected.shortlist
    assert outcome.measured == len(asked) == len(set(asked)) > 0
    assert comparisons == ()


def test_a_whole_space_is_searched_by_measurements() -> None:
    def measure(requests: Sequence[Request]) -> list[Measurement]:
        return [
            Measurement({"twos": float(request.encoding.count("2"))}, seconds=1.0) for request in requests
        ]

    asked = parsed("twos", algorithm="local_search", budget=200, settings=SMALL)
    outcome, _ = solve(on_demand("nasbench201/cifar10", measure, ("twos",)), asked)

    assert outcome.found.encoding == "(2, 2, 2, 2, 2, 2)"
    assert outcome.found.standing is None
    assert outcome.shortlist_best is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": 0}, "budget is 0; it must be 1 or more"),
        ({"batch": 0}, "batch is 0; it must be 1 or more"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"algorithm": "genetics"}, "unknown algorithm 'genetics'; did you mean 'genetic'?"),
        (
            {"formula": "1 + 2"},
            "'1 + 2' names no proxy: it has the same value for every architecture",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(SearchError) as caught:
        plan("genetic").replaced(**change)
    assert str(caught.value) == message


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SearchError, match="population is 0; it must be 1 or more"):
        AlgorithmSettings(population=0)
    with pytest.raises(SearchError, match="crossover is 2; it must lie between 0 and 1"):
        AlgorithmSettings(crossover=2)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"formula": "god + cost"},
            "nasbench201/planted: the formula needs proxy 'god', which is neither in the table nor can be measured; "
            "did you mean 'good'?",
        ),
        (
            {"formula": "good", "constraints": ["params < 3"]},
            "nasbench201/planted: the constraint 'params < 3' needs proxy 'params', which is neither in the table nor "
            "can be measured; known: cost, good, noise",
        ),
        (
            {"formula": "good", "minimise": ["costs"]},
            "nasbench201/planted: the objective 'costs' needs proxy 'costs', which is neither in the table nor "
            "can be measured; did you mean 'cost'?",
        ),
    ],
)
def test_a_proxy_that_nobody_can_give_is_named(texts: dict[str, object], message: str) -> None:
    asked = parsed(**texts)  # type: ignore[arg-type]
    for attempt in (lambda: begin(asked, TABLE.name, DOMAIN, SCORES), lambda: tabulated(TABLE, asked)):
        with pytest.raises(SearchError) as caught:
            attempt()
        assert str(caught.value) == message


def test_a_constraint_that_no_candidate_meets_is_refused_before_the_search() -> None:
    asked = parsed("good", constraints=("cost < 0",))
    low, high = TABLE.column("cost").min(), TABLE.column("cost").max()

    with pytest.raises(SearchError) as caught:
        begin(asked, TABLE.name, DOMAIN, SCORES)
    assert str(caught.value) == (
        f"nasbench201/planted: none of the {DOMAIN.size} candidates meets the constraint 'cost < 0': "
        f"cost ranges from {low:g} to {high:g}"
    )


def test_a_constraint_that_nothing_measured_meets_is_refused_at_the_end() -> None:
    source = MixedScores(None, lambda requests: [Measurement({"params": 2.0})] * len(requests), ("params",))
    asked = parsed("params", constraints=("params < 1.5",), budget=12)

    with pytest.raises(SearchError) as caught:
        run(asked, "nasbench201/cifar10", SpaceDomain(SPACES["nasbench201"]), source)
    assert str(caught.value) == (
        "nasbench201/cifar10: none of the 12 architectures evaluated meets the constraint 'params < 1.5': "
        "params ranges from 2 to 2"
    )


def test_a_search_in_which_every_measurement_fails_says_why() -> None:
    source = MixedScores(
        None, lambda requests: [Measurement({}, {"zico": "no labels"})] * len(requests), ("zico",)
    )

    with pytest.raises(SearchError) as caught:
        run(parsed("zico", budget=5), "p/t", SpaceDomain(SPACES["nasbench201"]), source)
    assert str(caught.value) == (
        "p/t: none of the 5 architectures evaluated has a finite score; the first failure: no labels"
    )


def test_there_must_be_something_to_search() -> None:
    with pytest.raises(SearchError, match="own/t: there is no search space 'own'; known: nasbench101"):
        on_demand("own/t", lambda requests: [], ())
    with pytest.raises(SearchError, match="p/t: there is no table to search within; search the whole space"):
        on_demand("p/t", lambda requests: [], (), within_table=True)
    with pytest.raises(SearchError, match="the table of nasbench201/planted lists no architecture"):
        TableDomain(TABLE.take([]), ())


def test_a_saved_search_has_a_row_of_nine_for_each_evaluation() -> None:
    source = MixedScores(
        None, lambda requests: [Measurement({"x": 2.0}, {"y": "no labels"}, 0.5)] * len(requests), ("x", "y")
    )
    search = begin(parsed("x + 0 * y", budget=1), "p/t", SpaceDomain(SPACES["nasbench201"]), source)
    search = advance(search, SpaceDomain(SPACES["nasbench201"]), source)

    (evaluation,) = search.evaluations
    proposal = [evaluation.proposal.architecture, evaluation.proposal.key, None]
    assert json.loads(search.to_text())["evaluations"] == [
        [proposal, "-inf", ["-inf"], True, {"x": 2.0}, {"y": "no labels"}, True, False, 0.5]
    ]
    assert Search.from_text(search.to_text()) == search


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"schema_version": 1',
            '"schema_version": 7',
            "search.json has schema 7; this version of rayzc reads schema 1: continue with the version that wrote it, "
            "or start a new run",
        ),
        ('"kind": "search"', '"kind": "discover"', "search.json is not a document of the kind 'search'"),
        ('"minimise"', '"maximise"', "search.json, plan: unknown key 'maximise'"),
        ('"population"', '"populaton"', "search.json, plan: unknown key 'settings.populaton'"),
        (
            '"population": 12',
            '"population": 0',
            "search.json, plan cannot be used: population is 0; it must be 1 or more",
        ),
        ('"evaluations"', '"evaluation"', "search.json: unknown key 'evaluation'"),
        (
            '"budget spent"',
            '"budget spend"',
            "search.json: key 'ended' cannot be used: invalid enum value 'budget spend'",
        ),
        ('"good"', '"good" +', "search.json is not valid JSON"),
    ],
)
def test_a_saved_search_that_cannot_be_used_is_refused_with_file_and_key(
    old: str, new: str, message: str
) -> None:
    text = searched(plan("random", 6)).to_text()
    assert old in text

    with pytest.raises(SearchError) as caught:
        Search.from_text(text.replace(old, new), "search.json")
    assert str(caught.value).startswith(message)


def test_a_plan_comes_back_from_its_options() -> None:
    options = PlanOptions(
        formula="good + cost / 2", constraints=("cost < 3",), minimise=("cost",), budget=7, settings=SMALL
    )

    assert Plan.of(options).options == options
    assert Plan.of(options).replaced(budget=9, minimise=()) == Plan.of(
        options.replaced(budget=9, minimise=())
    )
    short = options.replaced(formula="good+cost/2", constraints=("cost<3",), minimise=(" cost",))
    assert Plan.of(short).options == options  # as documents have them
    assert Plan.of(PlanOptions.from_document(options.to_document(), "config.json")) == Plan.of(options)
    with pytest.raises(FormulaError, match="cannot parse formula"):
        parsed("good +")
