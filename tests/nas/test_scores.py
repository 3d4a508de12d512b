from collections.abc import Sequence

import numpy as np
import pytest

from rayzc.errors import SearchError
from rayzc.measurement import Measurement, Request
from rayzc.nas.scores import MixedScores, TableScores, require_proxies
from rayzc.problems import Problem

# The first two are one network: nothing reaches edge 2 -> 3, and then 0 -> 2 and 1 -> 2 do not matter.
ONE, SAME, OTHER = "(2, 1, 3, 1, 2, 1)", "(2, 3, 3, 1, 2, 1)", "(3, 3, 3, 3, 3, 3)"
ABSENT = "(2, 2, 2, 2, 2, 2)"
NAN = float("nan")


@pytest.fixture
def table() -> Problem:
    scores = np.array([[1.0, NAN], [5.0, 6.0], [7.0, NAN]])
    return Problem(
        "nasbench201", "t", (ONE, SAME, OTHER), ("flops", "nwot"), scores, np.arange(3), np.array([1, 1, 2])
    )


def request(architecture: str, *proxies: str) -> Request:
    return Request("nasbench201", architecture, "t", proxies or ("flops", "nwot"))


def test_a_table_gives_the_own_row_first_then_those_of_the_same_network(table: Problem) -> None:
    one, same, other = TableScores(table).answer([request(ONE), request(SAME), request(OTHER)])

    assert one == Measurement({"flops": 1.0, "nwot": 6.0})
    assert same == Measurement({"flops": 5.0, "nwot": 6.0})
    assert other == Measurement(
        {"flops": 7.0}, {"nwot": "the table of nasbench201/t has no score by nwot for it"}
    )


def test_a_table_knows_a_network_by_another_of_its_encodings(table: Problem) -> None:
    third = "(2, 2, 3, 1, 2, 1)"

    assert TableScores(table).answer([request(third)]) == [Measurement({"flops": 1.0, "nwot": 6.0})]
    assert TableScores(table).answer([request(ABSENT)])[0].failures == {
        "flops": "the table of nasbench201/t has no such architecture",
        "nwot": "the table of nasbench201/t has no such architecture",
    }


def test_what_the_table_lacks_is_measured_cell_by_cell_in_one_call(table: Problem) -> None:
    calls: list[list[Request]] = []

    def measure(asked: Sequence[Request]) -> list[Measurement]:
        calls.append(list(asked))
        return [Measurement(dict.fromkeys(each.proxies, 9.0), seconds=2.0) for each in asked]

    answers = MixedScores(TableScores(table), measure, ("flops", "nwot")).answer(
        [request(ONE), request(OTHER), request(ABSENT)]
    )

    assert calls == [[request(OTHER, "nwot"), request(ABSENT)]]
    assert answers == [
        Measurement({"flops": 1.0, "nwot": 6.0}),
        Measurement({"flops": 7.0, "nwot": 9.0}, seconds=2.0),
        Measurement({"flops": 9.0, "nwot": 9.0}, seconds=2.0),
    ]


def test_a_measurement_that_fails_says_why(table: Problem) -> None:
    def measure(asked: Sequence[Request]) -> list[Measurement]:
        return [Measurement({}, {"nwot": "out of memory"}), Measurement({"flops": 1.0})]

    other, absent = MixedScores(TableScores(table), measure, ("flops", "nwot")).answer(
        [request(OTHER), request(ABSENT)]
    )

    assert other == Measurement({"flops": 7.0}, {"nwot": "out of memory"})
    assert absent == Measurement({"flops": 1.0}, {"nwot": "it was not measured, and no reason was given"})


def test_nothing_is_measured_where_the_table_has_all_or_measuring_cannot_help(table: Problem) -> None:
    def measure(asked: Sequence[Request]) -> list[Measurement]:
        raise AssertionError(f"asked for {asked}")

    assert MixedScores(TableScores(table), measure, ("flops",)).answer([request(ONE), request(OTHER)])[
        1
    ].failures == {"nwot": "the table of nasbench201/t has no score by nwot for it"}


def test_without_a_table_everything_is_measured() -> None:
    source = MixedScores(
        None, lambda asked: [Measurement({"flops": 3.0, "nwot": NAN})] * len(asked), ("flops", "nwot")
    )

    assert [answer.scores["flops"] for answer in source.answer([request(ONE), request(OTHER)])] == [3.0, 3.0]
    assert source.proxies == {"flops", "nwot"}


def test_measuring_must_answer_every_question(table: Problem) -> None:
    with pytest.raises(
        SearchError, match="measurements were requested for 2 architectures, but 1 were returned"
    ):
        MixedScores(None, lambda asked: [Measurement({})], ("flops",)).answer([request(ONE), request(OTHER)])


def test_a_proxy_that_nobody_can_give_is_refused(table: Problem) -> None:
    source = MixedScores(TableScores(table), lambda asked: [], ("zico",))

    with pytest.raises(SearchError) as caught:
        require_proxies(source, ("flops", "nwott"), "nasbench201/t", "the formula")
    assert str(caught.value) == (
        "nasbench201/t: the formula needs proxy 'nwott', which is neither in the table nor can be measured; "
        "did you mean 'nwot'?"
    )
    assert require_proxies(source, ("zico", "nwot"), "nasbench201/t", "the formula") is None  # type: ignore[func-returns-value]
