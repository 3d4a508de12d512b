"""Search spaces of the user's own, in a few lines: choices, and a function that builds a network of them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rayzc.errors import SpaceError, nearest
from rayzc.spaces.choice_labels import read_labels, write_choices
from rayzc.spaces.choice_moves import completions, crossed, neighbours_at
from rayzc.spaces.choice_tree import Met, Tree
from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Encoding, Value
from rayzc.spaces.space import SearchSpace, Task
from rayzc.user_code import located

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["Choices", "space"]

COUNTED = 100_000
"""A constrained space with at most this many ways through its choices is counted; of a larger one, the size is an
estimate."""

_TRIES = 20_000
_ESTIMATED_FROM = 2_000
_IMAGES = MappingProxyType({"images": Task(10, 32)})


class Choices(SearchSpace):
    """A search space made of choices.

    The choices are a dictionary; each maps a name to

    - options in a list: ``"width": [16, 32, 64]``;
    - options, some with choices of their own: ``"op": ["skip", {"conv": {"kernel": [3, 5]}}]``;
    - a group of choices: ``"stem": {"kernel": [3, 5], "stride": [1, 2]}``;
    - :class:`Repeat`, for a choice or a group several times: ``"layers": Repeat("depth", {"kernel": [3, 5]})``;
    - :class:`When`, for what exists only if an earlier choice has a certain value.

    Choices that do not exist are no part of an architecture, so they cannot make two of one.

    Args:
        choices: by name, what to choose from.
        build: makes a network. Each choice is an argument by its name: the option itself, a pair ``(option, choices)``
            where options have choices of their own, a dictionary for a group, a list for what is repeated. Choices that
            do not exist are left out. Arguments named ``classes`` and ``input_size`` receive those of the task.
        name: name of the space; by default that of `build`.
        constraint: takes the choices as a dictionary, and returns whether the architecture is part of the space.
        canonical: takes the choices as a dictionary, and returns those that stand for all that are the same network.
        tasks: by name, what networks are built for; by default ``images``, colour images of 32 pixels in 10 classes.
        width: what an argument of `build` named ``width`` receives that is not a choice; ``--width`` changes it.
        depth: likewise for ``depth``.
        side_unit: height and width of images are multiples of this.
        version: change it when the networks change without a change in the file that defines them.

    Raises:
        SpaceError: the choices cannot be read, or `build` does not take them.
    """

    width_unit = 1

    def __init__(
        self,
        choices: Mapping[str, Any],
        build: Callable[..., Any],
        *,
        name: str | None = None,
        constraint: Callable[[dict[str, Any]], bool] | None = None,
        canonical: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
        tasks: Mapping[str, Task] = _IMAGES,
        version: int | str = 0,
        width: int = 1,
        depth: int = 1,
        side_unit: int = 1,
    ) -> None:
        if not callable(build):
            raise SpaceError(f"build is a {type(build).__name__}: give the function that builds a network")
        self.name = str(getattr(build, "__name__", "space") if name is None else name)
        if not self.name.replace("_", "").replace("-", "").isalnum():
            raise SpaceError(
                f"the space needs a name of letters, digits, - and _, not '{self.name}': give it by name="
            )
        self.choices, self.builder, self.version = choices, build, version
        self.width, self.depth, self.side_unit = width, depth, side_unit
        self.constraint, self.own_canonical = constraint, canonical
        self.tasks = MappingProxyType(dict(tasks))
        if not self.tasks:
            raise SpaceError(
                f"{self.name}: tasks is empty: leave it out, or give rayzc.Task(classes, input_size) by name"
            )
        self.tree = Tree(self.name, choices)
        self._given = _arguments(self.name, build, tuple(choices))
        self.encoding = Encoding(self.name, self._parse, self._format, self._check, self._canonical)

    def __repr__(self) -> str:
        about = "about " if self.size_is_estimate else ""
        return f"<Choices {self.name}: {about}{self.size:,} architectures, {len(self.choices)} choices>"

    def __getstate__(self) -> dict[str, Any]:
        """Everything but a read-only mapping, which cannot be pickled, and what follows from the rest."""
        left_out = {"tasks", "encoding", "size"}
        return {**{k: v for k, v in self.__dict__.items() if k not in left_out}, "tasks": dict(self.tasks)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, tasks=MappingProxyType(state["tasks"]))
        self.encoding = Encoding(self.name, self._parse, self._format, self._check, self._canonical)

    @property
    def size_is_estimate(self) -> bool:
        """Whether :attr:`size` is an estimate, as the space has a constraint and is too large to be counted."""
        return self.constraint is not None and self.tree.size > COUNTED

    @cached_property
    def size(self) -> int:  # type: ignore[override]  # the protocol has a variable
        """The number of architectures; with a constraint on a large space an estimate, the same each time."""
        if self.constraint is None:
            return self.tree.size
        if not self.size_is_estimate:
            count = sum(1 for _ in self.enumerate())
            if not count:
                raise SpaceError(f"{self.name}: no architecture meets the constraint: loosen it")
            return count
        rng = np.random.default_rng(0)
        met = sum(self._allowed(self.tree.draw(rng)) for _ in range(_ESTIMATED_FROM))
        return max(1, self.tree.size * met // _ESTIMATED_FROM)

    # Architectures

    def encode(self, chosen: Mapping[str, Any]) -> Value:
        """The architecture of chosen options, as :meth:`decode` returns them.

        Raises:
            SpaceError: a choice is missing, unknown or not one of the options, or the constraint is not met.
        """
        flat = _flat(chosen)
        left = dict(flat)

        def choose(met: Met) -> int:
            if met.path not in flat:
                raise SpaceError(f"{self.name}: {met.path} is not chosen; {nearest(met.path, list(left))}")
            value = left.pop(met.path)
            for place, option in enumerate(met.options.values):
                if option == value and type(option) is type(value):
                    return place
            raise SpaceError(
                f"{self.name}: {met.path} is {value!r}; its options are {', '.join(met.options.labels)}"
            )

        found = self._walked(choose)
        if left:
            raise SpaceError(f"{self.name}: there is no choice {next(iter(left))} in {chosen!r}")
        self._check(found)
        return found

    def decode(self, architecture: Value) -> dict[str, Any]:
        """What is chosen in an architecture, as `build` gets it.

        Raises:
            SpaceError: it is not an architecture of this space.
        """
        rest = iter(self._tuple(architecture))

        def choose(met: Met) -> int:
            place = next(rest, -1)
            if not isinstance(place, int) or not 0 <= place < len(met.options.values):
                raise SpaceError(
                    f"{self.name}: {architecture!r} is not an architecture: {met.path} has no option number {place}"
                )
            return place

        chosen = self.tree.walk(choose)
        if next(rest, None) is not None:
            raise SpaceError(
                f"{self.name}: {architecture!r} is not an architecture: it decides more than there is"
            )
        return chosen

    def _tuple(self, architecture: Value) -> Value:
        if not isinstance(architecture, tuple):
            raise SpaceError(f"{self.name}: an architecture is a tuple, not a {type(architecture).__name__}")
        return architecture

    def _walked(self, choose: Callable[[Met], int]) -> tuple[int, ...]:
        chosen: list[int] = []

        def recorded(met: Met) -> int:
            chosen.append(choose(met))
            return chosen[-1]

        self.tree.walk(recorded)
        return tuple(chosen)

    def _labels(self, architecture: Value) -> dict[str, str]:
        labels: dict[str, str] = {}
        rest = iter(architecture)

        def choose(met: Met) -> int:
            place = int(next(rest))
            labels[met.path] = met.options.labels[place]
            return place

        self.tree.walk(choose)
        return labels

    def _format(self, architecture: Value) -> str:
        self.decode(architecture)
        return write_choices(self._labels(architecture))

    def _parse(self, text: str) -> Value:
        labels = read_labels(self.name, text)
        left = dict(labels)

        def choose(met: Met) -> int:
            if met.path not in labels:
                hint = f"; {nearest(met.path, list(left))}" if left else ""
                raise SpaceError(f"{self.name}: '{text}' does not choose {met.path}{hint}")
            label = left.pop(met.path)
            if label not in met.options.labels:
                raise SpaceError(
                    f"{self.name}: '{text}': {met.path} has no option {label}; {nearest(label, met.options.labels)}"
                )
            return met.options.labels.index(label)

        found = self._walked(choose)
        if left:
            raise SpaceError(
                f"{self.name}: '{text}': there is no choice {next(iter(left))} in such an architecture"
            )
        self._check(found)
        return found

    def _check(self, architecture: Value) -> None:
        self.decode(architecture)
        if not self._allowed(architecture):
            raise SpaceError(
                f"{self.name}: '{write_choices(self._labels(architecture))}' does not meet the constraint"
            )

    def _allowed(self, architecture: Value) -> bool:
        if self.constraint is None:
            return True
        chosen = self.decode(architecture)
        try:
            return bool(self.constraint(chosen))
        except Exception as error:
            raise SpaceError(f"{self.name}: the constraint failed for {chosen}: {located(error)}") from error

    def _canonical(self, architecture: Value) -> Value:
        self._check(architecture)
        if self.own_canonical is None:
            return architecture
        chosen = self.decode(architecture)
        try:
            found = self.own_canonical(chosen)
        except Exception as error:
            raise SpaceError(f"{self.name}: canonical failed for {chosen}: {located(error)}") from error
        return self.encode(found)

    def parts(self, architecture: Value) -> Counter[Hashable]:
        """Counts the chosen options at their places."""
        return Counter(self._labels(self.canonical(architecture)).items())

    # Moves

    def sample(self, rng: np.random.Generator) -> Value:
        """Draws an architecture, each with the same probability.

        Raises:
            SpaceError: none of 20,000 met the constraint.
        """
        for _ in range(_TRIES):
            found = self.tree.draw(rng)
            if self._allowed(found):
                return found
        raise SpaceError(
            f"{self.name}: none of {_TRIES:,} random architectures meets the constraint: loosen it"
        )

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All architectures with another option in one choice; choices that come to exist with it have any options.

        Where these could be chosen in more than 64 ways, they have their first options. With a constraint there may be
        none.
        """
        self._check(architecture)
        return tuple(
            found
            for place in range(len(architecture))
            for found in neighbours_at(self.tree, architecture, place)
            if self._allowed(found)
        )

    def mutate(self, architecture: Value, rng: np.random.Generator) -> Value:
        """Draws a choice, each with the same probability, and one of the neighbours that differ in it, likewise."""
        self._check(architecture)
        for place in rng.permutation(len(architecture)):
            found = [
                each for each in neighbours_at(self.tree, architecture, int(place)) if self._allowed(each)
            ]
            if found:
                return found[int(rng.integers(len(found)))]
        return self.sample(rng)

    def cross_over(self, first: Value, second: Value, rng: np.random.Generator) -> Value:
        """Takes each choice from one of the parents that have it; a choice that neither has is random.

        Where 50 children do not meet the constraint, it returns the first parent.
        """
        self._check(first)
        self._check(second)
        if first == second:
            return first
        for _ in range(50):
            child = crossed(self.tree, first, second, rng)
            if self._allowed(child):
                return child
        return first

    def enumerate(self) -> Iterator[Value]:
        """Goes through all architectures, in the order of their options."""
        return (found for found in completions(self.tree, {}) if self._allowed(found))

    def describe(self, architecture: Value) -> str:
        """The architecture in words: the same text as its encoding."""
        return self.format(architecture)

    def draw(self, architecture: Value) -> tuple[Drawing, ...]:
        """The choices one after the other."""
        self._check(architecture)
        tops: dict[str, dict[str, str]] = {}
        for path, label in self._labels(architecture).items():
            tops.setdefault(path.partition(".")[0], {})[path] = label
        nodes = tuple(write_choices(labels) for labels in tops.values())
        return (Drawing(f"{self.name}", nodes, tuple(Edge(i, i + 1) for i in range(len(nodes) - 1))),)

    # Networks

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """Refuses: the networks of choices are made by a function, see :meth:`build`.

        Raises:
            SpaceError: always.
        """
        raise SpaceError(f"{self.name}: its networks are not of a class of rayzc's: use build")

    def build(
        self,
        architecture: Value,
        classes: int = 10,
        input_size: int | None = None,
        *,
        width: int | None = None,
        depth: int | None = None,
        patches: int = 1,
    ) -> Network:
        """Builds the architecture; any torch module.

        Args:
            architecture: what to build.
            classes: number of outputs.
            input_size: height and width of the images in pixels; by default those of the first task.
            width: for a scaled-down network, where `build` takes a ``width`` that is not a choice.
            depth: likewise for ``depth``.
            patches: 1: the networks take single images.

        Raises:
            SpaceError: it is not an architecture of this space, a size cannot be had, or `build` failed or returned
                something else.
        """
        from torch import nn

        self._check(architecture)
        side = next(iter(self.tasks.values())).input_size if input_size is None else input_size
        self._require("classes", classes, 1)
        self._require("input size", side, self.side_unit)
        task = {"classes": classes, "num_classes": classes, "input_size": side}
        for what, number, usual in (("width", width, self.width), ("depth", depth, self.depth)):
            task[what] = usual if number is None else number
            self._require(what, task[what], 1)
            if task[what] != usual and what not in self._given:
                raise SpaceError(
                    f"{self.name}: {what} is {number}, but its networks have no other {what} than that of their choices"
                )
        if patches != 1:
            raise SpaceError(
                f"{self.name}: the number of patches is {patches}, but its networks take single images"
            )
        chosen = self.decode(architecture)
        given = {name: task[name] for name in self._given}
        try:
            network = self.builder(**chosen, **given)
        except Exception as error:
            raise SpaceError(
                f"{self.name}: build failed for '{self.format(architecture)}': {located(error)}"
            ) from error
        if not isinstance(network, nn.Module):
            raise SpaceError(
                f"{self.name}: build returned a {type(network).__name__} for '{self.format(architecture)}': return a "
                "torch.nn.Module"
            )
        return cast("Network", network)


def space(
    choices: Mapping[str, Any] | None = None, /, **more: Any
) -> Callable[[Callable[..., Any]], Choices]:
    """Makes a search space of the function that builds its networks.

    For example::

        @rayzc.space({"depth": [2, 3, 4], "act": ["relu", "gelu"]})
        def tiny(depth, act, classes): ...

    Args:
        choices: as for :class:`Choices`.
        more: the other arguments of :class:`Choices`.

    Raises:
        SpaceError: as :class:`Choices`; or it was used without choices.
    """
    if choices is None or callable(choices):
        raise SpaceError(
            "@rayzc.space needs the choices: @rayzc.space({'depth': [2, 3], 'act': ['relu', 'gelu']})"
        )
    return lambda build: Choices(choices, build, **more)


def _arguments(name: str, build: Callable[..., Any], choices: Sequence[str]) -> tuple[str, ...]:
    """Which arguments of the task a function takes.

    Raises:
        SpaceError: it does not take a choice, or needs something that is not a choice.
    """
    try:
        parameters = inspect.signature(build).parameters
    except (TypeError, ValueError):
        return ()
    task = ("classes", "num_classes", "input_size", "width", "depth")
    if not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        for choice in choices:
            if choice not in parameters:
                raise SpaceError(
                    f"{name}: build does not take the choice '{choice}'; {nearest(choice, list(parameters))}"
                )
    for parameter in parameters.values():
        kinds = (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        needed = parameter.default is parameter.empty and parameter.kind not in kinds
        if needed and parameter.name not in (*choices, *task):
            raise SpaceError(
                f"{name}: build needs the argument '{parameter.name}', which is not a choice; "
                f"{nearest(parameter.name, [*choices, *task])}"
            )
    return tuple(each for each in task if each in parameters and each not in choices)


def _flat(chosen: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The options by path, of choices as :meth:`Choices.decode` returns them."""
    found: dict[str, Any] = {}
    for name, value in chosen.items():
        found |= _flat_value(f"{path}{name}", value)
    return found


def _flat_value(path: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return _flat(value, f"{path}.")
    if isinstance(value, list):
        found: dict[str, Any] = {}
        for number, item in enumerate(value):
            found |= _flat_value(f"{path}.{number}", item)
        return found
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Mapping):
        return {path: value[0], **_flat(value[1], f"{path}.")}
    return {path: value}
