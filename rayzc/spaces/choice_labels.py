"""How the choices of a user's search space are written: labels of options, and the text of an architecture."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rayzc.errors import SpaceError

__all__ = ["labels_of", "read_labels", "require_name", "write_choices"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"[^\s,;=()\[\]]+")
_MOST = 100_000


def require_name(space: str, name: object, path: str) -> None:
    """Checks the name of a choice.

    Raises:
        SpaceError: a function could not have an argument of this name.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SpaceError(
            f"{space}: the choice {path}{name!s} needs a name of letters, digits and _, such as 'depth'"
        )


def labels_of(space: str, path: str, values: Sequence[Any]) -> tuple[str, ...]:
    """How each option of a choice is written.

    Raises:
        SpaceError: there is none, one cannot be written, or two are written alike.
    """
    if not values:
        raise SpaceError(f"{space}: {path} has no options: give at least one")
    labels: dict[str, Any] = {}
    for value in values:
        try:
            hash(value)
        except TypeError:
            raise SpaceError(
                f"{space}: {path} has the option {value!r}, a {type(value).__name__}, not hashable: use numbers, text, "
                "tuples, functions or classes"
            ) from None
        label = _label(value)
        if not _LABEL.fullmatch(label):
            raise SpaceError(
                f"{space}: {path} has the option {value!r}, which cannot be written: use text without blanks, commas, "
                "brackets and '='"
            )
        if label in labels:
            raise SpaceError(
                f"{space}: {path} has two options that are written {label}: {labels[label]!r}, {value!r}; drop one"
            )
        equal = next((other for other in labels.values() if other == value), None)
        if equal is not None:
            raise SpaceError(f"{space}: {path} has two equal options, {equal!r} and {value!r}; leave one out")
        labels[label] = value
    return tuple(labels)


def _label(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(_label, value)) if value else "none"
    if isinstance(value, str):
        return value
    return str(getattr(value, "__name__", value))


def write_choices(found: Mapping[str, str]) -> str:
    """Writes labels by path, ``{"layers.0.kernel": "3"}``, as text: ``layers=[kernel=3; kernel=5]``."""
    tree: dict[str, Any] = {}
    for path, label in found.items():
        *above, last = path.split(".")
        inner = tree
        for part in above:
            inner = inner.setdefault(part, {})
        inner.setdefault(last, {})[""] = label
    return _fields(tree)


def _fields(tree: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(part)}" for name, part in tree.items() if name)


def _value(part: Mapping[str, Any]) -> str:
    own = str(part.get("", ""))
    names = [name for name in part if name]
    if names and all(name.isdecimal() for name in names):
        items = (part[name] for name in names)
        return f"[{'; '.join(_value(item) if '' in item else _fields(item) for item in items)}]"
    return f"{own}({_fields(part)})" if names else own


def read_labels(space: str, text: str) -> dict[str, str]:
    """Reads the text of :func:`write_choices`.

    Raises:
        SpaceError: it is not of this form; says where.
    """
    if not isinstance(text, str):
        raise SpaceError(f"{space}: an architecture is written as text, not as {type(text).__name__}")
    if len(text) > _MOST:
        raise SpaceError(
            f"{space}: the architecture has {len(text):,} characters; at most {_MOST:,} are read"
        )
    reader = _Reader(space, text)
    reader.fields("")
    if reader.at < len(text):
        raise reader.refuse("a comma or the end")
    return reader.found


class _Reader:
    """Reads an architecture's text from left to right."""

    def __init__(self, space: str, text: str) -> None:
        self.space, self.text, self.at = space, text, 0
        self.found: dict[str, str] = {}

    def refuse(self, expected: str) -> SpaceError:
        return SpaceError(
            f"{self.space}: '{self.text}' is not an architecture: at character {self.at + 1} expected {expected}"
        )

    def fields(self, path: str) -> None:
        while True:
            name = self.match(_NAME, "the name of a choice")
            self.take("=")
            self.value(f"{path}{name}")
            if not self.skip(","):
                return

    def value(self, path: str) -> None:
        if self.skip("["):
            number = 0
            while not self.skip("]"):
                self.item(f"{path}.{number}")
                number += 1
                if not self.skip(";"):
                    self.take("]")
                    return
            return
        if not self.skip("("):
            self.keep(path, self.match(_LABEL, "an option"))
            if not self.skip("("):
                return
        self.fields(f"{path}.")
        self.take(")")

    def item(self, path: str) -> None:
        here = self.at
        named = _NAME.match(self.text, self.blank())
        if named and self.text[named.end() :].lstrip().startswith("="):
            self.fields(f"{path}.")
            return
        self.at = here
        self.value(path)

    def keep(self, path: str, label: str) -> None:
        if path in self.found:
            raise SpaceError(f"{self.space}: '{self.text}' decides {path} twice")
        self.found[path] = label

    def match(self, pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(self.text, self.blank())
        if found is None:
            raise self.refuse(what)
        self.at = found.end()
        self.blank()
        return found.group()

    def blank(self) -> int:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at

    def skip(self, sign: str) -> bool:
        if not self.text.startswith(sign, self.blank()):
            return False
        self.at += len(sign)
        self.blank()
        return True

    def take(self, sign: str) -> None:
        if not self.skip(sign):
            raise self.refuse(f"'{sign}'")
