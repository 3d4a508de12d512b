"""The configuration of a run: whole again after JSON, and true to its suite."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rayzc.errors import RunError, SearchError
from rayzc.evolution.objectives import objective_of
from rayzc.options import AlgorithmSettings, Limits, PlanOptions, SearchOptions, Settings, Setup
from rayzc.problems import Problem, Suite
from rayzc.runs import DiscoverConfig, PipelineConfig, SearchConfig, split
from tests.evolution import samples
from tests.evolution.samples import Floats

PATH = Path("runs/one/config.json")


def worst_but_one(taus: Floats) -> float:
    """A user's objective."""
    return float(np.sort(taus)[1])


def refused(message: str) -> "pytest.RaisesExc[RunError]":
    return pytest.raises(RunError, match=f"^{re.escape(message)}$")


def config(of: Suite, /, **changes: Any) -> DiscoverConfig:
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
    return DiscoverConfig(**(values | changes))


def read_back(one: DiscoverConfig) -> DiscoverConfig:
    return DiscoverConfig.from_json(json.loads(json.dumps(one.to_json())), PATH)


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
        assert objective_of(again.settings)(np.array([0.3, 0.1, 0.2])) == 0.2

    def test_a_function_that_cannot_be_found_again_says_so(self, small_suite: Suite) -> None:
        again = read_back(config(small_suite, settings=Settings(objective=lambda taus: 0.0)))
        with pytest.raises(RunError, match=r"^objective '.*<lambda>': module .* has no '.*<lambda>'$"):
            objective_of(again.settings)

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
            f"{PATH} has schema {version!r}, written by rayzc 9.0.0; this version of rayzc reads schema 1: continue "
            "with the version that wrote it, or start a new run"
        )
        with refused(message):
            DiscoverConfig.from_json(document, PATH)

    @pytest.mark.parametrize(
        "key",
        [
            *("rayzc", "suite", "suite_hash", "problems", "proxies", "holdout", "settings", "limits"),
            *("settings.islands", "settings.measure", "limits.epochs"),
        ],
    )
    def test_what_is_missing_is_named(self, small_suite: Suite, key: str) -> None:
        document = config(small_suite).to_json()
        *above, last = key.split(".")
        del (document[above[0]] if above else document)[last]
        with refused(f"{PATH}: missing key '{key}'"):
            DiscoverConfig.from_json(document, PATH)

    @pytest.mark.parametrize("key", ["islands", "settings.islnds", "limits.hours"])
    def test_what_is_not_known_is_named(self, small_suite: Suite, key: str) -> None:
        document = config(small_suite).to_json()
        *above, last = key.split(".")
        (document[above[0]] if above else document)[last] = 3
        with refused(f"{PATH}: unknown key '{key}'"):
            DiscoverConfig.from_json(document, PATH)

    def test_a_key_that_is_misspelt_is_named_as_it_stands(self, small_suite: Suite) -> None:
        document = config(small_suite).to_json()
        document["settings"]["islnds"] = document["settings"].pop("islands")
        with refused(f"{PATH}: unknown key 'settings.islnds'"):
            DiscoverConfig.from_json(document, PATH)

    def test_a_run_from_before_there_was_a_choice_goes_on_as_it_was_bred(self, small_suite: Suite) -> None:
        document = config(small_suite).to_json()
        del document["settings"]["parsimony"], document["settings"]["max_ties"], document["leave_out"]
        again = DiscoverConfig.from_json(document, PATH)
        assert (again.settings.parsimony, again.settings.max_ties, again.leave_out) == (0.0, 1.0, ())

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"settings": 3}, ": key 'settings' must be an object"),
            ({"settings": {"population": "x"}}, ": key 'settings.population' must be a whole number"),
            ({"settings": {"objective": 3}}, " cannot be used: objective 3 is not a named function"),
            ({"limits": None}, ": key 'limits' must be an object"),
            ({"limits": {"epochs": "x"}}, ": key 'limits.epochs' must be a whole number"),
            ({"problems": None}, ": key 'problems' must be a list"),
            ({"problems": ["a", 3]}, ": key 'problems[1]' must be text"),
            ({"holdout": "half"}, ": key 'holdout' must be a number"),
            ({"settings": {"seed": -1}}, " cannot be used: seed is -1; it must lie between 0 and "),
        ],
    )
    def test_what_makes_no_sense_is_an_error_of_ours(
        self, small_suite: Suite, change: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(RunError, match=f"^{re.escape(f'{PATH}{message}')}"):
            DiscoverConfig.from_json(config(small_suite).to_json() | change, PATH)


class TestSearchesAndRuns:
    """The configurations of the other kinds of runs."""

    @pytest.mark.parametrize(
        "one",
        [
            SearchConfig(
                rayzc="0.1.0", suite="s.parquet", suite_hash="abc", candidates="table", loggers=("csv",)
            ),
            SearchConfig(
                rayzc="0.1.0",
                problems=("nasbench201/cifar10",),
                plan=PlanOptions(
                    formula="nwot", constraints=("params < 3",), settings=AlgorithmSettings(starts=3)
                ),
                setup=Setup(batch=4, time_limit=None, gpus=0.5),
                time_limit=60.0,
            ),
        ],
    )
    def test_round_trip_of_searches(self, one: SearchConfig) -> None:
        document = json.loads(json.dumps(one.to_json()))
        assert document["kind"] == "search"
        assert SearchConfig.from_json(document, PATH) == one
        for key in document.keys() - {"schema_version", "kind", "leave_out", "suite", "suite_hash", "space"}:
            with refused(f"{PATH}: missing key '{key}'"):
                SearchConfig.from_json({k: v for k, v in document.items() if k != key}, PATH)

    def test_round_trip_of_a_run(self) -> None:
        search = SearchOptions(plan=PlanOptions(budget=20, minimise=("flops",)), seeds=2)
        one = PipelineConfig(
            rayzc="0.1.0",
            suite="s",
            settings=Settings(seed=4),
            limits=Limits(epochs=3),
            search=search,
            holdout=0.2,
        )
        document = json.loads(json.dumps(one.to_json()))
        assert document["kind"] == "run"
        assert PipelineConfig.from_json(document, PATH) == one
        document["search"]["plan"]["settings"]["starst"] = 3
        message = f"{PATH}: unknown key 'search.plan.settings.starst'"
        with refused(message):
            PipelineConfig.from_json(document, PATH)

    def test_a_run_of_version_0_1_0(self) -> None:
        document = PipelineConfig(rayzc="0.1.0", suite="s").to_json()
        del document["holdout"]
        document["search"] = {
            "algorithm": "random",
            "budget": 15,
            "seeds": 2,
            "seed": 3,
            "constraints": ["a < 1"],
        }
        again = PipelineConfig.from_json(document, PATH)
        plan = PlanOptions(algorithm="random", budget=15, seed=3, constraints=("a < 1",))
        assert again.search == SearchOptions(plan=plan, seeds=2)
        document["search"]["budgte"] = 3
        with refused(f"{PATH}: unknown key 'search.plan.budgte'"):
            PipelineConfig.from_json(document, PATH)

    def test_a_table_needs_a_suite(self) -> None:
        message = "without a suite there is no table to search: name a suite, or use --candidates space"
        with pytest.raises(SearchError, match=f"^{re.escape(message)}$"):
            SearchConfig(rayzc="0.1.0", candidates="table")

    def test_the_trials(self) -> None:
        one = SearchConfig(rayzc="0.1.0", problems=("a/b", "c/d"), plan=PlanOptions(seed=5), seeds=2)
        assert one.trials == (("a/b", 5), ("c/d", 5), ("a/b", 6), ("c/d", 6))


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
            f"{changed.content_hash[:12]}, was {small_suite.content_hash[:12]}): restore the earlier suite, or "
            "start a new run"
        )
        with refused(message):
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
