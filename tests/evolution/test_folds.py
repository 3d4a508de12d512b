"""Folds: what they are bred on and judged on, and the size at which transfer stops to grow."""

from dataclasses import replace

import numpy as np
import pytest

from rayzc.evolution import Judge, Tables, initialise, step
from rayzc.evolution.folds import (
    Size,
    Unseen,
    UnseenJudge,
    chosen_size,
    fold_settings,
    folds_of,
    sizes_of,
)
from rayzc.evolution.transfer import taus_of
from rayzc.formula import Formula
from rayzc.options import Settings
from rayzc.problems import Suite
from tests.evolution import samples


def spaces(count: int = 3) -> Suite:
    """Small problems, each of a search space of its own."""
    whole = samples.suite(count)
    return replace(
        whole, problems=tuple(replace(p, space=f"space{place}") for place, p in enumerate(whole.problems))
    )


def unseen(size: int, *taus: float) -> Unseen:
    """A formula of some size, and its tau on the only problem of its space."""
    formula = Formula(("neg",) * (size - 1) + ("flops",))
    return Unseen(formula, size / 100, {f"s{place}/t": tau for place, tau in enumerate(taus)})


def sizes(*rows: tuple[int, list[float]]) -> tuple[Size, ...]:
    """Sizes by limit, with a tau for each of some spaces."""
    return tuple(
        Size(
            limit, {f"s{p}": (Unseen(Formula(("flops",)), 0.0, {f"s{p}/t": t}),) for p, t in enumerate(taus)}
        )
        for limit, taus in rows
    )


def test_a_fold_has_nothing_of_the_space_that_it_leaves_out() -> None:
    whole = spaces()
    fitting, _ = whole.split(0.25, 0)
    folds = folds_of(fitting, whole)
    assert [fold.space for fold in folds] == ["space0", "space1", "space2"]
    for fold in folds:
        assert fold.space not in {problem.space for problem in fold.fitting.problems}
        assert fold.unseen.names == whole.select((fold.space,)).names
        assert len(fold.unseen.problems[0]) == 40  # those that were held out, too
        assert all(
            problem.accuracy.tolist() == fitting.problem(problem.name).accuracy.tolist()
            for problem in fold.fitting.problems
        )


def test_one_space_has_no_folds() -> None:
    assert folds_of(samples.suite(), samples.suite()) == ()


@pytest.mark.parametrize(
    ("share", "folds", "islands"), [(0.4, 5, 2), (0.5, 4, 4), (0.01, 5, 1), (0.9, 2, 72)]
)
def test_folds_share_islands(share: float, folds: int, islands: int) -> None:
    assert fold_settings(Settings(seed=7), share, folds) == Settings(seed=7, islands=islands)


def test_formulas_of_a_fold_are_judged_on_what_they_have_not_seen() -> None:
    whole = spaces()
    fold = folds_of(whole, whole)[1]
    judge = Judge(Tables.of(fold.fitting))
    island = step(initialise(0, judge, samples.BREEDING), (), judge, samples.BREEDING)
    judged = UnseenJudge(fold)([island.front, island.front])
    assert {each.formula.tokens for each in judged} == {each.tokens for each in island.front}
    objectives = [each.objective for each in judged]
    assert objectives == sorted(objectives, reverse=True)
    for each in judged:
        assert each.taus == taus_of(each.formula, fold.unseen)


def test_classes_of_sizes() -> None:
    small, middle, large = unseen(1, 0.1), unseen(3, 0.3), unseen(4, 0.5)
    found = sizes_of({"s0": (large, middle, small)})
    assert [(size.limit, size.mean) for size in found] == [(1, 0.1), (4, pytest.approx(0.4))]
    assert found[-1].formulas == {"s0": (large.formula, middle.formula)}
    # A fold without formulas of a size hands in its best of fewer nodes; one that has none is waited for.
    other = Unseen(Formula(("neg", "flops")), 0.0, {"s1/t": 0.7})
    found = sizes_of({"s0": (large, middle, small), "s1": (other,)})
    assert [(size.limit, size.taus["s1/t"]) for size in found] == [(2, 0.7), (4, 0.7)]
    assert found[0].taus["s0/t"] == 0.1


def test_the_size_at_which_transfer_stops_to_grow() -> None:
    growing = sizes((1, [0.1, 0.1, 0.1]), (4, [0.4, 0.41, 0.39]), (16, [0.41, 0.38, 0.42]))
    assert chosen_size(growing).limit == 4  # 16 is better by less than its noise
    clear = sizes((1, [0.1, 0.1, 0.1]), (4, [0.3, 0.31, 0.29]), (16, [0.41, 0.42, 0.4]))
    assert chosen_size(clear).limit == 16
    assert chosen_size(clear[:1]).limit == 1
    assert chosen_size(sizes((1, [0.5, 0.5]), (8, [0.2, 0.2]))).limit == 1


def test_a_space_that_is_hard_for_all_is_no_noise() -> None:
    hard = sizes((1, [0.1, 0.5, 0.9]), (4, [0.2, 0.6, 1.0]))
    assert np.isclose(hard[1].mean - hard[0].mean, 0.1)
    assert chosen_size(hard).limit == 4
