"""TransNAS-Bench-101 macro: its sequences of modules, and how to move among them."""

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from rayzc.errors import SpaceError
from rayzc.problems import Suite
from rayzc.spaces import TransBench101Macro
from rayzc.spaces.transbench101.macro import TRANSBENCH101_MACRO
from tests.spaces.strategies import allowed

SPACE = TransBench101Macro()


def test_the_space_is_what_the_suite_has(real_suite: Suite) -> None:
    space = {
        modules
        for length in (3, 4, 5, 6, 7)
        for modules in itertools.product((1, 2, 3, 4), repeat=length)
        if allowed("transbench101_macro", modules)
    }
    assert len(space) == 3256
    recorded = real_suite.problem("transbench101_macro/jigsaw").architectures
    assert space == {TRANSBENCH101_MACRO.parse(architecture) for architecture in recorded}


def test_zero_padding_is_dropped() -> None:
    value = TRANSBENCH101_MACRO.parse("(4, 3, 3, 2, 0, 0)")
    assert value == (4, 3, 3, 2)
    assert TRANSBENCH101_MACRO.format(value) == "(4, 3, 3, 2)"
    assert TRANSBENCH101_MACRO.key("(4, 3, 3, 2, 0, 0)") == TRANSBENCH101_MACRO.key("(4, 3, 3, 2)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(4, 3, 3)", " has 3 modules; there must be 4, 5 or 6"),
        (
            "(4, 0, 3, 3)",
            ": module 1 is 0; module types are 1 (keeps), 2 (doubles the channels), 3 (halves the resolution), "
            "4 (both)",
        ),
        ("(1, 3, 3, 1)", " doubles the channels 0 times; 1 to 3 are allowed"),
        ("(2, 2, 1, 2)", " halves the resolution 0 times; 1 to 4 are allowed"),
    ],
)
def test_bad_sequences_are_refused(text: str, reason: str) -> None:
    with pytest.raises(SpaceError) as error:
        TRANSBENCH101_MACRO.parse(text)
    assert str(error.value) == f"transbench101_macro encoding '{text}'{reason}"


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
