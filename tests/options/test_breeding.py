"""How formulas are bred, and when breeding stops: names that agree with the registries, and limits."""

from typing import Any

import pytest

from rayzc import evolution, nas
from rayzc.cluster.searches import attempt
from rayzc.errors import RunError
from rayzc.evolution.objectives import TOP
from rayzc.options import Limits, Settings
from rayzc.options.breeding import CORRELATIONS, ISLANDS, OBJECTIVES, SELECTIONS, TOPOLOGIES
from rayzc.options.runs import LOGGERS
from rayzc.options.searching import ALGORITHMS
from tests.options.test_option import refused


@pytest.mark.parametrize(
    ("names", "registry"),
    [
        (CORRELATIONS, evolution.CORRELATIONS),
        (OBJECTIVES, (*evolution.OBJECTIVES, *TOP)),
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


class TestNumberOfIslands:
    def test_the_default_is_the_same_on_every_machine(self) -> None:
        assert {Settings().for_workers(workers).number_of_islands for workers in (1, 8, 1_000)} == {ISLANDS}

    @pytest.mark.parametrize(("workers", "islands"), [(1, 16), (8, 16), (9, 18), (64, 128), (9_000, 10_000)])
    def test_auto_is_two_for_each_worker(self, workers: int, islands: int) -> None:
        settings = Settings(islands="auto").for_workers(workers)
        assert settings.islands == settings.to_document()["islands"] == islands

    def test_auto_is_no_number_until_a_run_sets_it(self) -> None:
        with pytest.raises(RunError, match="the number of islands is 'auto'"):
            _ = Settings(islands="auto").number_of_islands
