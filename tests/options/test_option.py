"""Options: types, ranges, messages, changes and flat names."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

from rayzc.errors import ProxyError, RayzcError, RunError, SearchError
from rayzc.options import (
    AlgorithmSettings,
    DiscoverOptions,
    Options,
    PlanOptions,
    RunOptions,
    SearchOptions,
    Setup,
    flattened,
    group,
    option,
)
from rayzc.runs import SearchConfig
from tests.options.cakes import Cake, Oven, bake, refused


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
        made = SearchConfig(rayzc="0.1.0", candidates="space")
        table = SearchConfig(rayzc="0.1.0", candidates="table", suite="s.parquet")
        assert made.replaced(candidates="table", suite="s.parquet") == table
        assert made.replaced(suite="s.parquet", candidates="table") == table

    def test_what_is_not_there(self) -> None:
        with refused("there is no option 'egs'; did you mean 'eggs'?"):
            Cake().replaced(egs=3)

    def test_none_leaves_a_nested_class_as_it_is(self) -> None:
        assert bake(3, oven=None, cake=None) == (3, Cake())


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
