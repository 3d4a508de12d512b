import itertools

import pytest

from rayzc.errors import SpaceError
from rayzc.problems import Suite
from rayzc.spaces.transbench101.macro_encoding import TRANSBENCH101_MACRO
from tests.spaces.strategies import allowed


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
