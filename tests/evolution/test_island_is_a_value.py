"""An island is a value, and a step a pure function of what it is given."""

import pickle
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rayzc.evolution import Individual, Island, initialise, step
from rayzc.options import Settings
from tests.evolution import samples
from tests.evolution.samples import BREEDING, evolved, formulas


class TestPurity:
    def test_the_same_inputs_give_an_equal_island(
        self, island: Island, immigrants: Sequence[Individual]
    ) -> None:
        judge = samples.judge()
        first = step(island, immigrants, judge, BREEDING)
        assert step(island, immigrants, judge, BREEDING) == first
        assert step(island, immigrants, samples.judge(), BREEDING) == first

    def test_what_the_judge_has_seen_changes_nothing(
        self, island: Island, immigrants: Sequence[Individual]
    ) -> None:
        experienced = samples.judge()
        for tokens in formulas(500, seed=8):
            experienced(tokens)
        evolved(2, BREEDING.replaced(seed=77), judge=experienced)
        forgetful = samples.judge(memory=1)
        expected = step(island, immigrants, samples.judge(), BREEDING)
        assert step(island, immigrants, experienced, BREEDING) == expected
        assert step(island, immigrants, forgetful, BREEDING) == expected
        assert initialise(2, experienced, BREEDING) == initialise(2, forgetful, BREEDING)

    def test_a_pickled_island_steps_alike(self, island: Island, immigrants: Sequence[Individual]) -> None:
        copies: tuple[Island, Sequence[Individual], Settings] = pickle.loads(
            pickle.dumps((island, immigrants, BREEDING))
        )
        assert copies[0] == island
        assert step(copies[0], copies[1], samples.judge(), copies[2]) == step(
            island, immigrants, samples.judge(), BREEDING
        )

    def test_the_island_before_stays_as_it_was(
        self, island: Island, immigrants: Sequence[Individual]
    ) -> None:
        before = pickle.dumps(island)
        after = step(island, immigrants, samples.judge(), BREEDING)
        assert pickle.dumps(island) == before
        assert after != island

    def test_an_island_cannot_be_changed(self, island: Island) -> None:
        with pytest.raises(AttributeError):
            island.epoch = 5  # type: ignore[misc]
        assert isinstance(island.population, tuple)
        assert isinstance(island.front, tuple)
        assert hash(island) == hash(pickle.loads(pickle.dumps(island)))

    def test_immigrants_may_come_from_anywhere_iterable(
        self, island: Island, immigrants: Sequence[Individual]
    ) -> None:
        assert step(island, iter(immigrants), samples.judge(), BREEDING) == step(
            island, list(immigrants), samples.judge(), BREEDING
        )


class TestChance:
    @pytest.mark.parametrize("change", [{"index": 1}, {"epoch": 9}])
    def test_another_island_or_epoch_gives_another(self, island: Island, change: dict[str, int]) -> None:
        first = step(island, (), samples.judge(), BREEDING)
        other = step(replace(island, **change), (), samples.judge(), BREEDING)
        assert other.population != first.population

    def test_another_seed_gives_another(self, island: Island) -> None:
        first, other = (step(island, (), samples.judge(), BREEDING.replaced(seed=s)) for s in (3, 4))
        assert first.population != other.population

    def test_islands_settle_apart(self) -> None:
        settled = [initialise(index, samples.judge(), BREEDING) for index in range(4)]
        assert len({island.population for island in settled}) == 4
        assert (
            len({initialise(0, samples.judge(), BREEDING.replaced(seed=s)).population for s in range(4)}) == 4
        )

    def test_the_global_generators_play_no_part(self, island: Island) -> None:
        import random

        expected = step(island, (), samples.judge(), BREEDING)
        random.seed(5)
        np.random.seed(5)  # noqa: NPY002
        assert step(island, (), samples.judge(), BREEDING) == expected
