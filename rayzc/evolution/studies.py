"""The discoveries of a study: what each is bred on, with which settings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, get_args

import msgspec

from rayzc.errors import RunError, nearest
from rayzc.options import Flat, Settings, StudyOptions, flattened
from rayzc.problems import Suite

__all__ = ["Kind", "Member", "members"]

_FIXED = ("seed", "seeds")
"""Settings that cannot be varied: seeds are repeats, and formulas hold commas."""


@dataclass(frozen=True)
class Kind:
    """What the discoveries that differ in nothing but their seed have in common.

    Attributes:
        breed_on: how their problems were chosen, one of :data:`rayzc.options.BREED_ON`.
        bred_on: name of what they are bred on: ``all``, a problem or space, or ``all but`` one.
        problems: names of the problems that they are bred on.
        varied: the settings that are varied, with their values.
    """

    breed_on: str
    bred_on: str
    problems: tuple[str, ...]
    varied: tuple[tuple[str, Any], ...]

    def part(self, suite: Suite) -> Suite:
        """The problems of a suite that they are bred on."""
        return replace(suite, problems=tuple(suite.problem(name) for name in self.problems))

    @property
    def title(self) -> str:
        """What they are, in words: ``all but nasbench201, parsimony 0.001``."""
        return ", ".join([self.bred_on, *self.variation])

    @property
    def variation(self) -> tuple[str, ...]:
        """The varied settings in words, such as ``parsimony 0.001``."""
        return tuple(f"{name} {_text(value)}" for name, value in self.varied)


@dataclass(frozen=True)
class Member:
    """A discovery of a study.

    Attributes:
        place: its place in the study, from 0.
        kind: what it has in common with its repeats.
        settings: how formulas are bred.
    """

    place: int
    kind: Kind
    settings: Settings

    @property
    def title(self) -> str:
        """What it is, in words."""
        return f"{self.kind.title}, seed {self.settings.seed}"

    @property
    def folder(self) -> str:
        """Name of its folder: harmless on every file system, whatever the problems are called."""
        words = re.sub(r"[^A-Za-z0-9_.]+", "-", self.title.replace(", ", "-")).strip("-.")
        return f"{self.place + 1:03}-{words[:100]}"


def members(suite: Suite, options: StudyOptions) -> tuple[Member, ...]:
    """The discoveries of a study: what to breed on, times the settings to try, times the seeds.

    Args:
        suite: the problems of the study.
        options: those of the study.

    Raises:
        RunError: a setting to vary is unknown or has a value that cannot be used, or there is only one problem or
            space where one is to be left out.
    """
    kinds = [
        (Kind(breed_on, name, problems, varied), settings)
        for breed_on in dict.fromkeys(options.breed_on)
        for name, problems in _choices(suite, breed_on).items()
        for varied, settings in _variations(options)
    ]
    first = options.settings.seed
    seeds = range(first, first + options.repeats)
    return tuple(
        Member(place, kind, settings.replaced(seed=seed))
        for place, ((kind, settings), seed) in enumerate(product(kinds, seeds))
    )


def _choices(suite: Suite, breed_on: str) -> dict[str, tuple[str, ...]]:
    """What formulas are bred on, by name."""
    if breed_on == "all":
        return {"all": suite.names}
    parts: dict[str, tuple[str, ...]] = {}
    for problem in suite.problems:
        part = problem.name if breed_on.endswith("problem") else problem.space
        parts[part] = (*parts.get(part, ()), problem.name)
    if breed_on.startswith("each"):
        return parts
    if len(parts) == 1:
        raise RunError(
            f"{breed_on} leaves nothing to breed on: suite {suite.name} has only {', '.join(parts)} here"
        )
    return {
        f"all but {name}": tuple(other for other in suite.names if other not in own)
        for name, own in parts.items()
    }


def _variations(options: StudyOptions) -> Iterator[tuple[tuple[tuple[str, Any], ...], Settings]]:
    """Every combination of the settings to try, and the settings with it."""
    tried = dict(_read(text) for text in options.vary)
    if len(tried) < len(options.vary):
        raise RunError("a setting is varied twice: give all its values at once, as in parsimony=0,0.001")
    for values in product(*tried.values()):
        varied = tuple(zip(tried, values, strict=True))
        yield varied, options.settings.replaced(**dict(varied))


def _read(text: str) -> tuple[str, tuple[Any, ...]]:
    """The name of a setting and the values to try, from ``name=a,b``.

    Raises:
        RunError: it is not such a text, or there is no such setting, or a value is of another type.
    """
    name, equals, listed = text.partition("=")
    name = name.strip().replace("-", "_")
    known = {flat.name: flat for flat in flattened(Settings).values() if flat.name not in _FIXED}
    values = [value.strip() for value in listed.split(",")]
    if not equals or not all(values):
        raise RunError(f"vary is '{text}'; write a setting and values, such as parsimony=0,0.001")
    if name not in known:
        raise RunError(f"there is no setting '{name}' to vary; {nearest(name, [*known])}")
    read = tuple(_value(known[name], value) for value in values)
    if len(set(read)) < len(read):
        raise RunError(f"vary is '{text}': a value is there twice")
    return name, read


def _value(flat: Flat, text: str) -> Any:
    given: Any = text.split("+") if flat.type == tuple[str, ...] else text
    whole = flat.type is int or int in get_args(flat.type)
    try:
        return msgspec.convert(given, int if whole else flat.type, strict=False)
    except msgspec.ValidationError:
        kind = "a whole number" if whole else "a number"
        raise RunError(f"vary: {flat.name} cannot be '{text}'; it must be {kind}") from None


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
