"""Reads rayzc's docstrings for the reference: options of functions, and names that link to their pages.

A function that takes options by keyword (``@takes``) has its signature and the list of its options only when it runs,
so both are asked of the function itself. Cross-references are in the form of Sphinx, which Markdown does not know.
"""

import importlib
import inspect
import re
from typing import Any

from griffe import Docstring, Expr, Extension, Function, Object, Parameter, ParameterKind, Parameters

_ROLE = re.compile(r":(?:func|class|meth|data|attr|mod|obj):`(~?)([^`]+)`")
_DOUBLE = re.compile(r"``([^`]+)``")


class Docstrings(Extension):
    """Completes functions with options, and translates docstrings into Markdown."""

    def on_function(self, *, func: Function, **kwargs: Any) -> None:
        """Takes signature and docstring of a function with options from the function itself."""
        if any(str(decorator.value).startswith("takes(") for decorator in func.decorators):
            _complete(func)
            self.on_object(obj=func)

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Translates a docstring."""
        if obj.docstring is not None:
            obj.docstring.value = translated(obj.docstring.value, obj)


def translated(text: str, obj: Object) -> str:
    """The docstring with Markdown in place of the forms of Sphinx."""

    def link(role: re.Match[str]) -> str:
        name = role[2]
        shown = name.rpartition(".")[2] if role[1] else name
        whole = name if name.startswith("rayzc.") else f"{obj.module.path}.{name}"
        return f'<autoref identifier="{whole}" optional><code>{shown}</code></autoref>'

    text = _DOUBLE.sub(r"`\1`", _ROLE.sub(link, text))
    return re.sub(r"::$", ":", text, flags=re.MULTILINE)


def _complete(func: Function) -> None:
    """Gives a function the options that it takes."""
    function = getattr(importlib.import_module(func.module.path), func.name)
    described = inspect.getdoc(function) or ""
    # One list for all that can be given by keyword, in a form of Google's that the reader of docstrings knows.
    func.docstring = Docstring(described.replace("\n\nOptions:\n", "\n\nKeyword Args:\n"), parent=func)
    known = {parameter.name: parameter for parameter in func.parameters}
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        default = None if parameter.default is inspect.Parameter.empty else _written(parameter.default)
        before = known.get(name)
        annotation: str | Expr | None = before.annotation if before else _type(parameter.annotation)
        kind = ParameterKind[parameter.kind.name.lower()]
        parameters.append(Parameter(name, annotation=annotation, kind=kind, default=default))
    func.parameters = Parameters(*parameters)


def _written(value: object) -> str:
    """A default as it would be written."""
    return getattr(value, "__name__", None) or repr(value)


def _type(annotation: object) -> str:
    """A type as it would be written."""
    if isinstance(annotation, type):
        return annotation.__name__
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", str(annotation))
