"""The architectures of a suite that is built."""

import pytest

from rayzc.errors import SpaceError, SuiteError
from rayzc.problems import sampled
from rayzc.spaces import SPACES


@pytest.mark.parametrize("space", SPACES)
def test_networks_are_distinct_and_canonical(space: str) -> None:
    found = sampled(space, 40, seed=3)
    assert len(set(found)) == 40
    assert [SPACES[space].key(SPACES[space].parse(text)) for text in found] == list(found)
    assert sampled(space, 25, seed=3) == found[:25]
    assert sampled(space, 40, seed=4) != found


def test_recorded_networks() -> None:
    assert sampled("nasbench201", 3, seed=0) == (
        "(2, 0, 2, 4, 3, 3)",
        "(0, 1, 3, 1, 4, 1)",
        "(3, 4, 4, 4, 3, 2)",
    )


def test_more_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rayzc.problems.sampling._DRAWS", 50)
    with pytest.raises(
        SuiteError, match=r"transbench101_micro has [0-9,]+ networks, not 9,999: ask for fewer"
    ):
        sampled("transbench101_micro", 9_999, seed=0)
    with pytest.raises(SpaceError, match="there is no search space 'nasbench202'"):
        sampled("nasbench202", 1, seed=0)
