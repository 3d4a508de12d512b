"""Search spaces made of choices: counts, text, moves, mistakes, and the contract."""

from typing import Any

import cloudpickle
import numpy as np
import pytest
from torch import nn

from rayzc.errors import SpaceError
from rayzc.spaces import Choices, Repeat, When, find_space, register_spaces, registry, space
from rayzc.testing import check_space


def small(
    depth: int, act: str, layers: list[dict[str, int]], op: Any, classes: int, **more: Any
) -> nn.Module:
    modules: list[nn.Module] = [nn.Conv2d(3, 4, 3, 2, 1)]
    for layer in layers:
        modules += [nn.ReLU() if act == "relu" else nn.ELU(more["slope"])]
        modules += [nn.Conv2d(4, 4, layer["kernel"], padding=layer["kernel"] // 2)]
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes))


CHOICES = {
    "depth": [1, 2, 3],
    "act": ["relu", "elu"],
    "slope": When("act", "elu", [0.5, 1.0]),
    "layers": Repeat("depth", {"kernel": [3, 5]}),
    "op": ["skip", {"conv": {"size": [(1, 2), (3, 4)]}}],
}


@pytest.fixture
def made() -> Choices:
    return Choices(CHOICES, small)


def test_space_keeps_the_contract(made: Choices) -> None:
    check_space(made)


def test_constrained_space_keeps_the_contract() -> None:
    def few(chosen: dict[str, Any]) -> bool:
        return sum(layer["kernel"] for layer in chosen["layers"]) <= 9

    constrained = Choices(CHOICES, small, constraint=few)
    check_space(constrained)
    assert constrained.size == sum(
        few(constrained.decode(each)) for each in Choices(CHOICES, small).enumerate()
    )


def test_count_is_the_number_of_elements(made: Choices) -> None:
    # (2 + 4 + 8) kernels, relu or elu with one of two slopes, skip or one of two convolutions.
    assert made.size == 14 * 3 * 3 == len({*made.enumerate()})


def test_every_element_is_drawn_with_the_same_probability(made: Choices) -> None:
    rng = np.random.default_rng(0)
    counts: dict[Any, int] = {}
    for _ in range(12_600):
        drawn = made.sample(rng)
        counts[drawn] = counts.get(drawn, 0) + 1
    chi = sum((counts.get(each, 0) - 100) ** 2 / 100 for each in made.enumerate())
    assert chi < 125 + 5 * 250**0.5


def test_text_is_what_was_chosen(made: Choices) -> None:
    text = "depth=2, act=elu, slope=0.5, layers=[kernel=3; kernel=5], op=conv(size=3x4)"
    architecture = made.parse(text)
    assert made.format(architecture) == text
    assert made.decode(architecture) == {
        "depth": 2,
        "act": "elu",
        "slope": 0.5,
        "layers": [{"kernel": 3}, {"kernel": 5}],
        "op": ("conv", {"size": (3, 4)}),
    }
    assert made.encode(made.decode(architecture)) == architecture


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("depth=2", "does not choose act"),
        ("depth=9, act=relu, layers=[], op=skip", "depth has no option 9"),
        ("depth=1, act=relu, slope=0.5, layers=[kernel=3], op=skip", "there is no choice slope"),
        ("depth=1, act=relu, layers=[kernel=3; kernel=3], op=skip", "there is no choice layers.1.kernel"),
        ("depth=1, depth=2", "decides depth twice"),
        ("depth", "at character 6 expected '='"),
    ],
)
def test_text_of_another_form_is_refused(made: Choices, text: str, said: str) -> None:
    with pytest.raises(SpaceError, match=said):
        made.parse(text)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({}, "there are no choices"),
        ({"a": []}, "a has no options"),
        ({"a": [1, 1]}, "two options that are written 1"),
        ({"a": [1, 1.0]}, "two equal options"),
        ({"a": [[1]]}, "not hashable"),
        ({"a": 3}, r"give its options in a list, such as \[3\]"),
        ({"a": ["x y"]}, "cannot be written"),
        ({"a b": [1]}, "needs a name"),
        ({"a": Repeat("b", [1, 2])}, "depends on 'b'"),
        ({"b": ["x"], "a": Repeat("b", [1, 2])}, "not a number"),
        ({"b": [1], "a": When("b", 2, [1, 2])}, "not one of its options"),
    ],
)
def test_choices_that_cannot_be_are_refused(choices: dict[str, Any], said: str) -> None:
    with pytest.raises(SpaceError, match=said):
        Choices(choices, lambda **chosen: nn.Identity(), name="mine")


def test_function_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SpaceError, match="does not take the choice 'width'"):
        Choices({"width": [1, 2]}, lambda depth: nn.Identity(), name="mine")
    with pytest.raises(SpaceError, match="needs the argument 'other'"):
        Choices({"width": [1, 2]}, lambda width, other: nn.Identity(), name="mine")
    with pytest.raises(SpaceError, match="needs the choices"):
        space(small)  # type: ignore[arg-type]


def test_failures_of_the_function_are_explained() -> None:
    def fails(width: int) -> nn.Module:
        raise ValueError("too wide")

    failing = Choices({"width": [1, 2]}, fails)
    with pytest.raises(SpaceError, match=r"fails: build failed for 'width=1': ValueError: too wide"):
        failing.build((0,))
    nothing = Choices({"width": [1, 2]}, lambda width: None, name="nothing")
    with pytest.raises(SpaceError, match="build returned a NoneType for 'width=2'"):
        nothing.build((1,))


def test_impossible_constraint_is_explained() -> None:
    with pytest.raises(SpaceError, match="no architecture meets the constraint"):
        print(
            Choices(
                {"width": [1, 2]}, lambda width: nn.Identity(), name="mine", constraint=lambda _: False
            ).size
        )


def test_own_canonical_form_joins_encodings() -> None:
    pair = Choices(
        {"a": [1, 2], "b": [1, 2]},
        lambda a, b, classes: nn.Sequential(nn.Flatten(), nn.LazyLinear(classes)),
        name="pair",
        canonical=lambda chosen: dict(zip("ab", sorted(chosen.values()), strict=True)),
    )
    assert pair.key((1, 0)) == pair.key((0, 1)) == "a=1, b=2"


def test_space_travels(made: Choices) -> None:
    sent = cloudpickle.loads(cloudpickle.dumps(made))
    assert [*sent.enumerate()] == [*made.enumerate()]
    assert sent.size == made.size


def test_names_of_rayzc_are_taken(made: Choices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    register_spaces([made])
    assert find_space("small") is made
    with pytest.raises(SpaceError, match="of its own"):
        register_spaces([Choices(CHOICES, small, name="darts")])
