"""How to move in TransNAS-Bench-101 macro."""

from collections import Counter

import numpy as np
from scipy.stats import chisquare

from rayzc.spaces import TransBench101Macro

SPACE = TransBench101Macro()


def test_there_are_3256_sequences() -> None:
    assert Counter(map(len, SPACE.enumerate())) == {4: 210, 5: 750, 6: 2296}
    assert SPACE.size == 210 + 750 + 2296


def test_samples_are_even_over_all_sequences() -> None:
    rng = np.random.default_rng(0)
    counts = Counter(SPACE.sample(rng) for _ in range(10 * SPACE.size))
    assert chisquare([counts[element] for element in SPACE.enumerate()]).pvalue > 1e-3


def test_neighbours_are_one_module_away() -> None:
    neighbours = {*SPACE.neighbours((2, 3, 1, 1))}
    assert (4, 3, 1, 1) in neighbours
    assert (2, 3, 1, 1, 1) in neighbours
    assert (1, 3, 1, 1) not in neighbours  # never doubles the channels
    assert (2, 3, 1) not in neighbours  # too short
    longer = SPACE.neighbours((2, 3, 1, 1, 1))
    assert (2, 3, 1, 1) in longer
    assert {len(neighbour) for neighbour in longer} == {4, 5, 6}


def test_children_take_length_and_modules_from_their_parents() -> None:
    rng = np.random.default_rng(0)
    first, second = (4, 1, 1, 1), (1, 3, 2, 3, 2, 1)
    children = Counter(SPACE.cross_over(first, second, rng) for _ in range(2000))
    assert {first, second} < {*children}
    for child in children:
        assert len(child) in (4, 6)
        for place, module in enumerate(child):
            assert module in (first[place : place + 1] + second[place : place + 1])
    assert chisquare(list(children.values())).pvalue > 1e-3


def test_description_and_drawing() -> None:
    assert SPACE.describe((4, 1, 3, 2)) == "64-4132-basic"
    [drawing] = SPACE.draw((4, 1, 3, 2))
    assert drawing.nodes == (
        "stem",
        "doubles channels, halves resolution",
        "keeps",
        "halves resolution",
        "doubles channels",
        "head",
    )
