"""Options as documents, pickles and copies."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from rayzc.errors import RayzcError, RunError, SearchError
from rayzc.options import (
    AlgorithmSettings,
    Cluster,
    DiscoverOptions,
    FillOptions,
    Limits,
    Options,
    Place,
    PlanOptions,
    RunOptions,
    SearchOptions,
    Settings,
    Setup,
    ShowOptions,
)
from rayzc.runs import DiscoverConfig, PipelineConfig, SearchConfig
from tests.options.cakes import Cake, Oven, refused

WHERE = "runs/one/config.json"


class TestDocuments:
    @pytest.mark.parametrize(
        "made",
        [
            Cake(),
            Cake(
                eggs=4,
                sugar=0.1 + 0.2,
                fruit=("plum", "é"),
                place=Path("a/b"),
                iced=True,
                oven=Oven(heat=1e-300),
            ),
            Settings(
                seed=2**63 - 1, objective="cvar", selection=("lexicase",), seeds=("log(flops)", "-snip")
            ),
            Limits(time_limit=1.5, plateau=3),
            Setup(batch=4, images="x.npz", as_written=True, time_limit=None),
            AlgorithmSettings(starts=3),
            PlanOptions(formula="nwot", constraints=("params < 3",), minimise=("flops",)),
            DiscoverOptions(problems=("a",), proxies=("flops",), holdout=0.25, limits=Limits(epochs=3)),
            SearchOptions(candidates="space", loggers=("csv",), storage="s3://b"),
            RunOptions(time_limit=60, search=SearchOptions(seeds=1)),
            Cluster(workers=3, address="auto"),
            Place(out="runs/x", force=True),
            FillOptions(proxies=("nwot",), limit=3),
            ShowOptions(input_shape="1,8,8"),
        ],
        ids=lambda made: type(made).__name__,
    )
    def test_come_back_and_are_pickled_and_copied(self, made: Options) -> None:
        assert type(made).from_document(json.loads(json.dumps(made.to_document())), WHERE) == made
        assert pickle.loads(pickle.dumps(made)) == made
        assert copy.deepcopy(made) == made
        assert hash(made) == hash(copy.copy(made))

    @pytest.mark.parametrize(
        "made",
        [
            DiscoverConfig(rayzc="1", suite="s", suite_hash="h"),
            SearchConfig(rayzc="1", suite="s"),
            PipelineConfig(rayzc="1", suite="s"),
        ],
        ids=lambda made: type(made).__name__,
    )
    def test_configurations_are_pickled(self, made: Options) -> None:
        assert pickle.loads(pickle.dumps(made)) == made

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"egs": 3}, f"{WHERE}: unknown key 'egs'"),
            ({"oven": {"heat": 1.0, "rack": "top", "fan": True}}, f"{WHERE}: unknown key 'oven.fan'"),
            ({"oven": {"heat": 1.0}}, f"{WHERE}: missing key 'oven.rack'"),
            ({"oven": {"heat": "hot", "rack": "top"}}, f"{WHERE}: key 'oven.heat' must be a number"),
            ({"oven": 3}, f"{WHERE}: key 'oven' must be an object"),
            ({"eggs": 2.5}, f"{WHERE}: key 'eggs' must be a whole number"),
            ({"fruit": [3]}, f"{WHERE}: key 'fruit[0]' must be text"),
            ({"eggs": 99}, f"{WHERE} cannot be used: eggs is 99; it must lie between 1 and 12"),
            (
                {"oven": {"heat": 1.0, "rack": "low"}},
                f"{WHERE} cannot be used: unknown rack 'low'; known: top, middle",
            ),
        ],
    )
    @pytest.mark.parametrize("kind", [RunError, SearchError])
    def test_that_this_version_does_not_know(
        self, change: dict[str, Any], message: str, kind: type[RayzcError]
    ) -> None:
        with refused(message, kind):
            Cake.from_document(Cake().to_document() | change, WHERE, kind)

    @pytest.mark.parametrize("key", ["eggs", "sugar", "fruit", "place", "iced", "oven"])
    def test_that_lack_a_key(self, key: str) -> None:
        document = Cake().to_document()
        del document[key]
        with refused(f"{WHERE}: missing key '{key}'"):
            Cake.from_document(document, WHERE)

    def test_of_before_there_was_an_option(self) -> None:
        document = Cake(eggs=4).to_document()
        del document["layers"]
        assert Cake.from_document(document, WHERE) == Cake(eggs=4, layers=1)

    def test_what_cannot_be_stored(self) -> None:
        class Odd(Options, frozen=True, kw_only=True):
            thing: Any = None

        with pytest.raises(TypeError, match=r"^<object object at .*> cannot be written to JSON$"):
            Odd(thing=object()).to_document()
