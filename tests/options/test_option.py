"""Options in general: types, ranges and messages; documents; keywords, earlier names, and flags."""

import copy
import json
import math
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest

import rayzc
from rayzc.errors import ProxyError, RayzcError, RunError, SearchError
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
    flattened,
    group,
    option,
    takes,
)
from rayzc.runs import DiscoverConfig, PipelineConfig, SearchConfig
from tests.cli.conftest import Command

WHERE = "runs/one/config.json"


class Oven(Options, frozen=True, kw_only=True):
    """A nested class."""

    error: ClassVar[type[RayzcError]] = ProxyError

    heat: Annotated[float, option("Degrees.", above=0, aliases=("temperature",))] = 180.0
    rack: Annotated[str, option("Where.", choices=("top", "middle"))] = "middle"


class Cake(Options, frozen=True, kw_only=True):
    """A class with all kinds of options."""

    earlier: ClassVar[dict[str, Any]] = {"layers": 1}

    eggs: Annotated[int, option("Eggs.", low=1, high=12)] = 3
    layers: Annotated[int, option("Layers.", low=1)] = 2
    sugar: Annotated[float | None, option("Share of sugar.")] = None
    fruit: Annotated[tuple[str, ...], option("Fruit.")] = ()
    place: Annotated[Path | None, option("Where it is kept.")] = None
    iced: Annotated[bool, option("With icing.")] = False
    oven: Annotated[Oven, group("The oven", {"rack": "oven_rack"})] = Oven()


@takes(cake=Cake)
def bake(guests: int, *, cake: Cake, listen: Callable[[], None] | None = None) -> tuple[int, Cake]:
    """Bakes a cake."""
    return guests, cake


def refused(message: str, kind: type[RayzcError] = RunError) -> "pytest.RaisesExc[RayzcError]":
    return pytest.raises(kind, match=f"^{re.escape(message)}$")


class TestValues:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"eggs": 0}, "eggs is 0; it must lie between 1 and 12"),
            ({"eggs": 1_000_000}, "eggs is 1,000,000; it must lie between 1 and 12"),
            ({"eggs": 2.5}, "eggs is 2.5; it must be a whole number"),
            ({"eggs": "three"}, "eggs is 'three'; it must be a whole number"),
            ({"eggs": None}, "eggs is None; it must be a whole number"),
            ({"layers": -4}, "layers is -4; it must be 1 or more"),
            ({"sugar": math.nan}, "sugar is nan; it must be finite, or left out"),
            ({"sugar": math.inf}, "sugar is inf; it must be finite, or left out"),
            ({"sugar": "much"}, "sugar is 'much'; it must be a number"),
            ({"fruit": "plum"}, "fruit must be a list of names, such as ['plum'], not one text"),
            ({"fruit": 3}, "fruit is 3; it must be a list"),
            ({"fruit": ["plum", 3]}, "fruit is ['plum', 3]; it must be text"),
            ({"iced": "yes"}, "iced is 'yes'; it must be true or false"),
        ],
    )
    def test_what_cannot_be_used_is_refused(self, given: dict[str, Any], message: str) -> None:
        with refused(message):
            Cake(**given)
        with refused(message):
            Cake().replaced(**given)
        with refused(message):
            bake(3, **given)

    def test_of_a_nested_class_with_the_name_that_was_given_and_its_kind_of_error(self) -> None:
        with refused("unknown rack 'midle'; did you mean 'middle'?", ProxyError):
            Oven(rack="midle")
        with refused("unknown oven rack 'midle'; did you mean 'middle'?", ProxyError):
            bake(3, oven_rack="midle")
        with refused("heat is 0; it must be greater than 0", ProxyError):
            bake(3, heat=0)

    def test_numbers_of_numpy_lists_and_texts_of_paths_are_taken(self) -> None:
        made = Cake(eggs=np.int64(4), sugar=np.float32(0.5), fruit=["plum"], place="shelf")
        assert made == Cake(eggs=4, sugar=0.5, fruit=("plum",), place=Path("shelf"))
        assert [type(value) for value in (made.eggs, made.sugar, made.fruit)] == [int, float, tuple]
        assert isinstance(made.place, Path)

    def test_they_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            Cake().eggs = 4  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("make", "kind", "message"),
        [
            (lambda: PlanOptions(budget=0), SearchError, "budget is 0; it must be 1 or more"),
            (lambda: SearchOptions(seeds=0), SearchError, "seeds is 0; it must be 1 or more"),
            (
                lambda: AlgorithmSettings(crossover=2),
                SearchError,
                "crossover is 2; it must lie between 0 and 1",
            ),
            (lambda: Setup(batch=0), ProxyError, "batch is 0; it must be 1 or more"),
            (lambda: Setup(device="tpu"), ProxyError, "unknown device 'tpu'; did you mean 'cpu'?"),
            (lambda: RunOptions(time_limit=0), RunError, "time_limit is 0; it must be greater than 0"),
            (lambda: DiscoverOptions(holdout=1.5), RunError, "holdout is 1.5; it must lie between 0 and 1"),
        ],
    )
    def test_of_the_real_classes(
        self, make: Callable[[], Options], kind: type[RayzcError], message: str
    ) -> None:
        with refused(message, kind):
            make()


class TestReplaced:
    def test_by_own_and_by_flat_names(self) -> None:
        made = Cake().replaced(eggs=4, heat=200, oven_rack="top")
        assert made == Cake(eggs=4, oven=Oven(heat=200.0, rack="top"))

    def test_a_nested_class_and_one_of_its_options_in_whatever_order(self) -> None:
        expected = Cake(oven=Oven(heat=200.0, rack="top"))
        assert Cake().replaced(oven=Oven(rack="top"), heat=200) == expected
        assert Cake().replaced(heat=200, oven=Oven(rack="top")) == expected

    def test_what_only_makes_sense_together_is_changed_together(self) -> None:
        long = "flops"
        for _ in range(6):
            long = f"({long} + {long})"
        made = Settings().replaced(seeds=(long,), max_size=127)
        assert made.replaced(max_size=10, seeds=("flops",)) == Settings(max_size=10, seeds=("flops",))

    def test_what_is_not_there(self) -> None:
        with refused("there is no option 'egs'; did you mean 'eggs'?"):
            Cake().replaced(egs=3)

    def test_none_leaves_a_nested_class_as_it_is(self) -> None:
        assert bake(3, oven=None, cake=None) == (3, Cake())


class TestKeywords:
    def test_the_class_keywords_and_both(self) -> None:
        assert bake(3) == (3, Cake())
        assert bake(3, eggs=5, heat=200) == (3, Cake(eggs=5, oven=Oven(heat=200.0)))
        assert bake(guests=3, cake=Cake(layers=7)) == (3, Cake(layers=7))
        assert bake(3, cake=Cake(layers=7), eggs=5) == (3, Cake(layers=7, eggs=5))

    def test_what_is_not_there(self) -> None:
        with refused("there is no option 'lairs'; did you mean 'layers'?"):
            bake(3, lairs=3)

    def test_the_signature_and_the_documentation_list_them(self) -> None:
        assert (bake.__doc__ or "").startswith("Bakes a cake.\n\nOptions:\n    eggs: Eggs.\n")
        with pytest.raises(TypeError):
            bake()

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: rayzc.discover("s", islnds=3), "there is no option 'islnds'; did you mean 'islands'?"),
            (
                lambda: rayzc.discover("s", hold_out=0.2),
                "there is no option 'hold_out'; did you mean 'holdout'?",
            ),
            (
                lambda: rayzc.search("flops", "s", buget=3),
                "there is no option 'buget'; did you mean 'budget'?",
            ),
            (lambda: rayzc.run("s", epoch=3), "there is no option 'epoch'; did you mean 'epochs'?"),
            (lambda: rayzc.resume("r", epoch=3), "there is no option 'epoch'; did you mean 'epochs'?"),
            (
                lambda: rayzc.resume_search("r", worker=3),
                "there is no option 'worker'; did you mean 'workers'?",
            ),
            (lambda: rayzc.search("flops", "s", batch_size=0), None),
        ],
    )
    def test_of_the_functions(self, call: Callable[[], object], message: str | None) -> None:
        if message is None:
            with refused("batch_size is 0; it must be 1 or more", ProxyError):
                call()
        else:
            with refused(message):
                call()


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


class TestEarlierNames:
    def test_of_a_class(self) -> None:
        with pytest.warns(DeprecationWarning, match=r"^Settings: measure is now correlation$") as found:
            assert Settings(measure="spearman") == Settings(correlation="spearman")
        assert [Path(warning.filename) for warning in found] == [Path(__file__)]

    def test_of_replaced(self) -> None:
        with pytest.warns(DeprecationWarning, match=r"^measure is now correlation$") as found:
            assert Settings().replaced(measure="spearman") == Settings(correlation="spearman")
        assert [Path(warning.filename) for warning in found] == [Path(__file__)]

    def test_of_a_function(self) -> None:
        with pytest.warns(DeprecationWarning, match=r"^temperature is now heat$") as found:
            assert bake(3, temperature=100) == (3, Cake(oven=Oven(heat=100.0)))
        assert [Path(warning.filename) for warning in found] == [Path(__file__)]

    @pytest.mark.parametrize("function", [rayzc.discover, rayzc.run])
    def test_of_rayzc_s_functions(self, function: Callable[..., Any]) -> None:
        with pytest.warns(DeprecationWarning, match=r"^measure is now correlation$"):
            with refused("unknown correlation 'spaerman'; did you mean 'spearman'?"):
                function("suite", measure="spaerman")

    def test_a_document_has_the_name_of_version_0_1_0(self) -> None:
        document = Settings(correlation="spearman").to_document()
        assert document["measure"] == "spearman"
        assert "correlation" not in document
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert Settings.from_document(document, WHERE) == Settings(correlation="spearman")

    @pytest.mark.parametrize(
        ("arguments", "line", "message"),
        [
            (
                ("discover", "--suite", "s", "--measure", "kendal"),
                "--measure is now --correlation",
                "unknown correlation 'kendal'; did you mean 'kendall'?",
            ),
            (
                ("run", "--suite", "s", "--measure", "kendal"),
                "--measure is now --correlation",
                "unknown correlation 'kendal'; did you mean 'kendall'?",
            ),
            (
                ("search", "--formula", "nwot", "--batch", "0"),
                "--batch is now --proposals",
                "--proposals is 0; it must be 1 or more",
            ),
            (
                ("suite", "fill", "s", "--out", "o", "--batch", "0"),
                "--batch is now --batch-size",
                "--batch-size is 0; it must be 1 or more",
            ),
            (
                ("suite", "fill", "s", "--out", "o", "--time-limit-per-network", "0s"),
                "--time-limit-per-network is now --network-time-limit",
                "--network-time-limit is 0; it must be greater than 0",
            ),
            (
                ("proxies", "a:b", "--batch", "0"),
                "--batch is now --batch-size",
                "--batch-size is 0; it must be 1 or more",
            ),
            (
                ("rank", "flops", "a:b", "--batch", "0"),
                "--batch is now --batch-size",
                "--batch-size is 0; it must be 1 or more",
            ),
        ],
    )
    def test_of_flags(self, command: Command, arguments: tuple[str, ...], line: str, message: str) -> None:
        ended = command(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == f"rayzc: {line}\nrayzc: {message}\n"


class TestFlat:
    def test_names_titles_and_paths(self) -> None:
        flats = flattened(RunOptions)
        assert flats["network_time_limit"].path == ("search", "setup", "time_limit")
        assert flats["network_time_limit"].title == "How networks are measured"
        assert flats["discovery_time_limit"].path == ("limits", "time_limit")
        assert flats["discovery_time_limit"].title == "When the discovery stops"
        assert flats["start"].path == ("settings", "seeds")
        assert flats["seeds"].path == ("search", "seeds")
        assert flats["seed"].path == ("settings", "seed")

    def test_two_of_one_name_are_a_mistake_of_ours(self) -> None:
        class Twice(Options, frozen=True, kw_only=True):
            heat: Annotated[int, option("Once.")] = 1
            oven: Annotated[Oven, group("Again")] = Oven()

        with pytest.raises(TypeError, match=r"^Twice: two options are called heat"):
            flattened(Twice)


def test_options_import_neither_numpy_nor_typer() -> None:
    code = (
        "import sys, rayzc.options, rayzc.options.runs\n"
        "rayzc.options.Settings(), rayzc.options.RunOptions(), rayzc.options.FillOptions()\n"
        "print([name for name in ('numpy', 'typer', 'rich', 'ray', 'torch', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
