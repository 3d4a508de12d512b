"""How formulas are bred, and when breeding stops: names that agree with the registries, and limits."""

from typing import Any

import pytest

from rayzc import evolution, nas
from rayzc.cluster.searches import attempt
from rayzc.errors import RunError
from rayzc.options import Limits
from rayzc.options.breeding import CORRELATIONS, OBJECTIVES, SELECTIONS, TOPOLOGIES
from rayzc.options.runs import LOGGERS
from rayzc.options.searching import ALGORITHMS
from tests.options.test_option import refused


@pytest.mark.parametrize(
    ("names", "registry"),
    [
        (CORRELATIONS, evolution.CORRELATIONS),
        (OBJECTIVES, evolution.OBJECTIVES),
        (SELECTIONS, evolution.SELECTIONS),
        (TOPOLOGIES, evolution.TOPOLOGIES),
        (ALGORITHMS, nas.ALGORITHMS),
        (LOGGERS, attempt.LOGGERS),
    ],
)
def test_the_names_are_those_of_the_registries(names: tuple[str, ...], registry: Any) -> None:
    assert sorted(names) == sorted(registry)


class TestLimits:
    @pytest.mark.parametrize("value", [0, -1])
    @pytest.mark.parametrize("name", ["epochs", "evaluations", "plateau"])
    def test_counts_are_positive(self, name: str, value: int) -> None:
        with refused(f"{name} is {value}; it must be 1 or more"):
            Limits(**{name: value})

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.5])
    @pytest.mark.parametrize("name", ["epochs", "evaluations", "plateau"])
    def test_counts_are_whole(self, name: str, value: float) -> None:
        with refused(f"{name} is {value}; it must be a whole number"):
            Limits(**{name: value})  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (0, "time_limit is 0; it must be greater than 0"),
            (-1.5, "time_limit is -1.5; it must be greater than 0"),
            (float("nan"), "time_limit is nan; it must be greater than 0"),
            (float("inf"), "time_limit is inf; it must be finite, or left out"),
        ],
    )
    def test_time_is_positive_and_finite(self, value: float, message: str) -> None:
        with refused(message, RunError):
            Limits(time_limit=value)

    def test_others_count_only_if_none_is_set(self) -> None:
        other = Limits(time_limit=180.0)
        assert Limits().or_else(other) == other
        assert Limits(epochs=3).or_else(other) == Limits(epochs=3)
