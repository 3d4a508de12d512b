"""The configuration of a run: whole again after JSON, and true to its suite."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rayzc.errors import RunError
from rayzc.evolution import Settings
from rayzc.problems import Problem, Suite
from rayzc.runs import Limits, RunConfig, split
from tests.evolution import samples
from tests.evolution.samples import Floats

PATH = Path("runs/one/config.json")


def worst_but_one(taus: Floats) -> float:
    """A user's objective."""
    return float(np.sort(taus)[1])


def config(of: Suite, /, **changes: Any) -> RunConfig:
    values: dict[str, Any] = {
        "rayzc": "0.1.0",
        "suite": "small.parquet",
        "suite_hash": of.content_hash,
        "problems": of.names,
        "proxies": ("snip", "flops"),
        "holdout": None,
        "settings": samples.BREEDING,
        "limits": Limits(time_limit=60.0, epochs=5),
    }
    return RunConfig(**(values | changes))


def read_back(one: RunConfig) -> RunConfig:
    return RunConfig.from_json(json.loads(json.dumps(one.to_json())), PATH)


class TestJson:
    @pytest.mark.parametrize("holdout", [None, 0.25])
    @pytest.mark.parametrize("objective", ["cvar", f"{__name__}:worst_but_one"])
    @pytest.mark.parametrize("limits", [Limits(), Limits(time_limit=1.5, plateau=3), Limits(evaluations=10)])
    def test_round_trip(
        self, small_suite: Suite, holdout: float | None, objective: str, limits: Limits
    ) -> None:
        settings = Settings(seed=5, objective=objective, selection=("lexicase",), seeds=("flops", "-snip"))
        one = config(small_suite, holdout=holdout, settings=settings, limits=limits)
        assert read_back(one) == one

    def test_a_function_as_objective_is_found_again(self, small_suite: Suite) -> None:
        again = read_back(config(small_suite, settings=Settings(objective=worst_but_one)))
        assert again.settings.objective == f"{__name__}:worst_but_one"
        assert again.settings.objective_function()(np.array([0.3, 0.1, 0.2])) == 0.2

    def test_a_function_that_cannot_be_found_again_says_so(self, small_suite: Suite) -> None:
        again = read_back(config(small_suite, settings=Settings(objective=lambda taus: 0.0)))
        with pytest.raises(RunError, match=r"^objective '.*<lambda>': module .* has no '.*<lambda>'$"):
            again.settings.objective_function()

    def test_the_provenance_names_neither_place_nor_limits(self, small_suite: Suite) -> None:
        one = config(small_suite)
        other = config(small_suite, suite="/elsewhere", limits=Limits(), rayzc="9.9")
        assert one.provenance == other.provenance
        assert set(one.provenance) == {"suite_hash", "problems", "proxies", "holdout", "settings"}
        for change in ({"holdout": 0.2}, {"proxies": ("flops",)}, {"settings": Settings(seed=9)}):
            assert config(small_suite, **change).provenance != one.provenance

    @pytest.mark.parametrize("version", [2, None, "1"])
    def test_another_schema_is_refused_with_a_reason(self, small_suite: Suite, version: Any) -> None:
        document = config(small_suite).to_json() | {"schema_version": version, "rayzc": "9.0.0"}
        message = (
            f"{PATH} has configuration schema {version}, written by rayzc 9.0.0; this version reads schema 1: "
            "resume with that one"
        )
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            RunConfig.from_json(document, PATH)

    @pytest.mark.parametrize(
        "key", ["rayzc", "suite", "suite_hash", "problems", "proxies", "holdout", "settings", "limits"]
    )
    def test_what_is_missing_is_named(self, small_suite: Suite, key: str) -> None:
        document = config(small_suite).to_json()
        del document[key]
        with pytest.raises(RunError, match=f"^{re.escape(str(PATH))} is incomplete: '{key}'$"):
            RunConfig.from_json(document, PATH)

    @pytest.mark.parametrize(
        "change",
        [
            {"settings": 3},
            {"settings": {"population": "x"}},
            {"limits": None},
            {"limits": {"hours": 1}},
            {"limits": {"epochs": "x"}},
            {"problems": None},
            {"settings": {"seed": -1}},
        ],
    )
    def test_what_makes_no_sense_is_an_error_of_ours(
        self, small_suite: Suite, change: dict[str, Any]
    ) -> None:
        with pytest.raises(RunError):
            RunConfig.from_json(config(small_suite).to_json() | change, PATH)


class TestLimits:
    @pytest.mark.parametrize("name", ["time_limit", "epochs", "evaluations", "plateau"])
    @pytest.mark.parametrize("value", [0, -1, float("nan")])
    def test_none_that_is_not_positive(self, name: str, value: float) -> None:
        message = f"the limit {name.replace('_', '-')} is {value}; it must be greater than 0"
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            Limits(**{name: value})  # type: ignore[arg-type]

    def test_none_that_is_infinite(self) -> None:
        message = r"^the limit time-limit is inf; it must be finite, or left out$"
        with pytest.raises(RunError, match=message):
            Limits(time_limit=float("inf"))

    def test_others_count_only_if_none_is_set(self, small_suite: Suite) -> None:
        other = Limits(time_limit=180.0)
        assert Limits().or_else(other) == other
        assert Limits(epochs=3).or_else(other) == Limits(epochs=3)
        one = config(small_suite)
        assert one.with_limits(Limits()) == one
        assert one.with_limits(Limits(epochs=9)) == replace(one, limits=Limits(epochs=9))


class TestSuite:
    def test_the_run_s_part_of_the_suite(self, small_suite: Suite) -> None:
        one = config(small_suite, problems=("own/task-2", "own/task-0"))
        asked: list[str] = []

        def load(source: str) -> Suite:
            asked.append(source)
            return small_suite

        fitting, validation = one.fitting_and_validation(load)
        assert asked == ["small.parquet"]
        assert fitting.names == ("own/task-2", "own/task-0")
        assert fitting.problems[0].proxies == ("snip", "flops")
        assert validation is None

    def test_a_holdout_is_cut_as_before(self, small_suite: Suite) -> None:
        one = config(small_suite, holdout=0.25)
        first, second = (one.fitting_and_validation(lambda source: samples.suite()) for _ in range(2))
        assert first[1] is not None
        assert second[1] is not None
        for before, after in zip(first, second, strict=True):
            assert before is not None
            assert after is not None
            assert before.content_hash == after.content_hash
        assert [len(p) + len(q) for p, q in zip(first[0].problems, first[1].problems, strict=True)] == [
            40
        ] * 3

    def test_a_suite_that_has_changed(self, small_suite: Suite) -> None:
        changed = samples.suite(seed=50)
        message = (
            "suite small.parquet has changed since the run began (content hash "
            f"{changed.content_hash[:12]}, was {small_suite.content_hash[:12]}): put the earlier one back, or start "
            "a new run"
        )
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            config(small_suite).fitting_and_validation(lambda source: changed)

    def test_one_score_is_enough_of_a_change(self, small_suite: Suite) -> None:
        first = small_suite.problems[0]
        scores = first.scores.copy()
        scores[3, 1] = np.nextafter(scores[3, 1], np.inf)
        other = Problem(
            first.space, first.task, first.architectures, first.proxies, scores, first.accuracy, first.groups
        )
        changed = replace(small_suite, problems=(other, *small_suite.problems[1:]))
        with pytest.raises(RunError, match="has changed since the run began"):
            config(small_suite).fitting_and_validation(lambda source: changed)

    def test_problems_in_another_order_are_put_back(self, small_suite: Suite) -> None:
        """The hash does not see the order, but every array of the run is in that of the configuration."""
        turned = replace(small_suite, problems=small_suite.problems[::-1])
        assert turned.content_hash == small_suite.content_hash
        fitting, _ = config(small_suite).fitting_and_validation(lambda source: turned)
        assert fitting.names == small_suite.names

    def test_split(self, small_suite: Suite) -> None:
        assert split(small_suite, None, 3) == (small_suite, None)
        fitting, validation = split(small_suite, 0.25, 3)
        assert validation is not None
        assert len(fitting.problems[0]) == 30
        assert len(validation.problems[0]) == 10
