"""The choices of a user's search space as a tree: read from dictionaries, walked, counted and drawn from.

Everything that a space does is a *walk* from the first choice to the last, in which a callback decides each: choices
that earlier ones rule out are not met. An architecture is the tuple of the places of the chosen options, in the order
of the walk, so two architectures are equal exactly if all choices that exist for them are.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rayzc.errors import SpaceError
from rayzc.spaces.choice_labels import labels_of, require_name

__all__ = ["Chooser", "Met", "Options", "Repeat", "Tree", "When"]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A choice, or a group of choices, made several times: for each layer of a network, say.

    Attributes:
        times: a number, or the name of an earlier choice among numbers, ``"depth"``.
        what: what is repeated: options in a list, or choices in a dictionary.
    """

    times: int | str
    what: Any


class When:
    """A choice that exists only if earlier ones have certain values: ``When("act", "elu", [0.5, 1.0])``.

    Args:
        choice: the name of an earlier choice.
        values: a value, or several in a list.
        what: the choice: options in a list, or anything else that a choice can be.
    """

    def __init__(self, choice: str, values: Any, what: Any) -> None:
        self.choice, self.what = choice, what
        self.values = tuple(values) if isinstance(values, (list, set, frozenset)) else (values,)


@dataclass(frozen=True, eq=False, slots=True)
class Options:
    """One choice.

    Attributes:
        values: the options.
        labels: how each is written.
        nested: for each option, the choices that exist only for it.
        controls: whether other choices depend on it.
    """

    values: tuple[Any, ...]
    labels: tuple[str, ...]
    nested: tuple["Group | None", ...]
    controls: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Copies:
    """What :class:`Repeat` says, read: a node as often as a number or a choice says."""

    times: int | str
    node: "Options | Group"


class Field(NamedTuple):
    """A named choice of a group, and the earlier choices with the values that it needs to exist."""

    name: str
    node: "Options | Copies | Group"
    conditions: tuple[tuple[str, frozenset[Hashable]], ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """Choices that are made one after the other."""

    fields: tuple[Field, ...]


class Met(NamedTuple):
    """A choice that a walk has come to.

    Attributes:
        path: its name, ``layers.0.kernel``.
        options: what there is to choose from.
        weights: counts, for each option, the ways to go on.
    """

    path: str
    options: Options
    weights: Callable[[], list[int]]


Chooser = Callable[[Met], int]
"""Decides a choice: returns the place of the chosen option."""

Values = Mapping[str, Any]


class Tree:
    """The choices of a space.

    Args:
        space: name of the space, for messages.
        choices: by name, what to choose from.

    Raises:
        SpaceError: choices cannot be read; says which and why.
    """

    def __init__(self, space: str, choices: Mapping[str, Any]) -> None:
        self.space = space
        if not isinstance(choices, Mapping) or not choices:
            raise SpaceError(
                f"{space}: there are no choices: give a dictionary such as {{'depth': [2, 3], 'act': ['relu', 'gelu']}}"
            )
        self.root = self._group(choices, "", {})
        self._counts: dict[Any, int] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the choices without what was counted, which is kept by the identity of nodes."""
        return _restored, (self.space, self.root)

    # Reading

    def _group(self, choices: Mapping[str, Any], path: str, outer: Mapping[str, "Options | None"]) -> Group:
        known = dict(outer)
        referenced = _references(choices)
        fields: list[Field] = []
        for name, what in choices.items():
            require_name(self.space, name, path)
            conditions: list[tuple[str, frozenset[Hashable]]] = []
            while isinstance(what, When):
                conditions.append(self._condition(what, f"{path}{name}", known))
                what = what.what
            node = self._node(what, f"{path}{name}", known, name in referenced)
            fields.append(Field(name, node, tuple(conditions)))
            known[name] = node if isinstance(node, Options) else None
        return Group(tuple(fields))

    def _node(
        self, what: Any, path: str, known: Mapping[str, "Options | None"], controls: bool
    ) -> "Options | Copies | Group":
        if isinstance(what, Repeat):
            item = what.what
            if isinstance(item, (Repeat, When)):
                raise SpaceError(
                    f"{self.space}: {path} repeats a {type(item).__name__}; put it into a dictionary"
                )
            node = self._node(item, path, known, controls=False)
            assert not isinstance(node, Copies), "repeats of repeats are refused above"
            return Copies(self._times(what.times, path, known), node)
        if isinstance(what, Mapping):
            if not what:
                raise SpaceError(f"{self.space}: {path} is empty: give it options or choices")
            return self._group(what, f"{path}.", known)
        if not isinstance(what, (list, tuple, range)):
            raise SpaceError(
                f"{self.space}: {path} is {what!r}: give its options in a list, such as [{what!r}]"
                if isinstance(what, (int, float, str))
                else f"{self.space}: {path} is a {type(what).__name__}: give its options in a list"
            )
        values: list[Any] = []
        inner: list[Any] = []
        for option in what:
            # An option with choices of its own is a dictionary, which cannot be an option itself.
            values += option if isinstance(option, dict) else [option]
            inner += option.values() if isinstance(option, dict) else [None]
        labels = labels_of(self.space, path, values)
        for value, part in zip(values, inner, strict=True):
            if part is not None and not isinstance(part, Mapping):
                raise SpaceError(
                    f"{self.space}: {path}: give the choices of the option {value!r} in a dictionary"
                )
        nested = tuple(self._group(part, f"{path}.", known) if part else None for part in inner)
        return Options(tuple(values), labels, nested, controls)

    def _times(self, times: int | str, path: str, known: Mapping[str, "Options | None"]) -> int | str:
        if isinstance(times, str):
            values = self._earlier(times, path, known).values
            bad = [value for value in values if not _is_count(value)]
            if bad:
                raise SpaceError(
                    f"{self.space}: {path} is repeated {times} times, but an option of {times} is {bad[0]!r}, not a "
                    "number from 0"
                )
        elif not _is_count(times):
            raise SpaceError(
                f"{self.space}: {path} is repeated {times!r} times: give a number or the name of a choice"
            )
        return times

    def _condition(
        self, what: When, path: str, known: Mapping[str, "Options | None"]
    ) -> tuple[str, frozenset[Hashable]]:
        options = self._earlier(what.choice, path, known)
        for value in what.values:
            if value not in options.values:
                raise SpaceError(
                    f"{self.space}: {path} exists when {what.choice} is {value!r}, which is not one of its options "
                    f"{', '.join(options.labels)}"
                )
        return what.choice, frozenset(what.values)

    def _earlier(self, name: str, path: str, known: Mapping[str, "Options | None"]) -> Options:
        found = known.get(name)
        if found is None:
            have = ", ".join(each for each, node in known.items() if node is not None) or "none"
            raise SpaceError(
                f"{self.space}: {path} depends on '{name}', not an earlier choice with options; there are: {have}"
            )
        return found

    # Walking

    def walk(self, choose: Chooser) -> dict[str, Any]:
        """Goes through all choices that exist, and returns what was chosen: by name, nested as the choices are.

        An option with choices of its own is a pair ``(option, choices)``.
        """
        return self._walk_group(self.root, "", {}, choose)

    def _walk_group(self, group: Group, path: str, values: Values, choose: Chooser) -> dict[str, Any]:
        found: dict[str, Any] = {}
        known = dict(values)
        for place, field in enumerate(group.fields):
            if not _exists(field, known):
                known.pop(field.name, None)
                continue
            node = field.node
            if isinstance(node, Copies):
                found[field.name] = [
                    self._walk_node(node.node, f"{path}{field.name}.{number}", known, choose, None)
                    for number in range(_number(node.times, known))
                ]
                continue
            rest = (group, place + 1)
            found[field.name] = value = self._walk_node(node, f"{path}{field.name}", known, choose, rest)
            # Only what others depend on: counts are kept by these values.
            if isinstance(node, Options) and node.controls:
                known[field.name] = value[0] if any(node.nested) else value
        return found

    def _walk_node(
        self,
        node: Options | Group,
        path: str,
        values: Values,
        choose: Chooser,
        rest: tuple[Group, int] | None,
    ) -> Any:
        if isinstance(node, Group):
            return self._walk_group(node, f"{path}.", values, choose)
        place = choose(Met(path, node, lambda: self._weights(node, path, values, rest)))
        value, nested = node.values[place], node.nested[place]
        if not any(node.nested):
            return value
        return value, self._walk_group(nested, f"{path}.", values, choose) if nested else {}

    # Counting

    @property
    def size(self) -> int:
        """The number of ways through all choices."""
        return self._count(self.root, {})

    def draw(self, rng: np.random.Generator) -> tuple[int, ...]:
        """Draws an architecture, each with the same probability."""
        chosen: list[int] = []

        def choose(met: Met) -> int:
            left = _below(rng, sum(weights := met.weights()))
            place = 0
            while left >= weights[place]:
                left -= weights[place]
                place += 1
            chosen.append(place)
            return place

        self.walk(choose)
        return tuple(chosen)

    def _weights(self, node: Options, path: str, values: Values, rest: tuple[Group, int] | None) -> list[int]:
        own = [self._count(nested, values) if nested else 1 for nested in node.nested]
        if rest is None or not node.controls:
            return own
        name = path.rpartition(".")[2]
        return [
            count * self._count_fields(*rest, {**values, name: value})
            for count, value in zip(own, node.values, strict=True)
        ]

    def _count(self, node: Options | Copies | Group, values: Values) -> int:
        if isinstance(node, Group):
            return self._count_fields(node, 0, values)
        if isinstance(node, Copies):
            number: int = self._count(node.node, values) ** _number(node.times, values)
            return number
        return sum(self._count(nested, values) if nested else 1 for nested in node.nested)

    def _count_fields(self, group: Group, place: int, values: Values) -> int:
        if place == len(group.fields):
            return 1
        key = (id(group), place, tuple(sorted(values.items(), key=lambda item: item[0])))
        if key not in self._counts:
            field, node = group.fields[place], group.fields[place].node
            if not _exists(field, values):
                inner = {name: value for name, value in values.items() if name != field.name}
                count = self._count_fields(group, place + 1, inner)
            elif isinstance(node, Options) and node.controls:
                count = sum(weight for weight in self._weights(node, field.name, values, (group, place + 1)))
            else:
                count = self._count(node, values) * self._count_fields(group, place + 1, values)
            self._counts[key] = count
        return self._counts[key]


def _restored(space: str, root: Group) -> Tree:
    tree = object.__new__(Tree)
    tree.space, tree.root, tree._counts = space, root, {}
    return tree


def _references(choices: Mapping[str, Any]) -> frozenset[str]:
    """The names of choices that others in or below a group depend on."""
    found: set[str] = set()
    pending: list[Any] = list(choices.values())
    while pending:
        what = pending.pop()
        if isinstance(what, When):
            found.add(what.choice)
            pending.append(what.what)
        elif isinstance(what, Repeat):
            found |= {what.times} if isinstance(what.times, str) else set()
            pending.append(what.what)
        elif isinstance(what, Mapping):
            pending += what.values()
        elif isinstance(what, (list, tuple)):
            pending += [part for part in what if isinstance(part, Mapping)]
    return frozenset(found)


def _exists(field: Field, values: Values) -> bool:
    return all(name in values and values[name] in allowed for name, allowed in field.conditions)


def _number(times: int | str, values: Values) -> int:
    return int(values.get(times, 0)) if isinstance(times, str) else times


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _below(rng: np.random.Generator, limit: int) -> int:
    """A number from 0 to below a limit of any size, each with the same probability."""
    bits = (limit - 1).bit_length()
    size = (bits + 7) // 8
    while True:
        number = int.from_bytes(rng.bytes(size), "little") >> (8 * size - bits) if bits else 0
        if number < limit:
            return number
