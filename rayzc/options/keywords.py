"""Functions that take all options of some classes by keyword."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from rayzc.errors import RunError, nearest
from rayzc.options.flat import Flat, flattened
from rayzc.options.option import Options, by_name, current_name, with_changes

__all__ = ["read_options", "takes"]

Result = TypeVar("Result")


def read_options(
    kinds: Mapping[str, type[Options]],
    given: Mapping[str, Any],
    shown: Callable[[Flat], str] = by_name,
) -> dict[str, Options]:
    """Makes options of several classes out of keywords.

    Args:
        kinds: by parameter name, the classes.
        given: by flat name, field or parameter name, what was given.
        shown: what to call an option in messages.

    Returns:
        The options by parameter name.

    Raises:
        RunError: a keyword that none of the classes knows.
        RayzcError: of the kind of the class: a value that cannot be used.
    """
    changes: dict[str, dict[str, Any]] = {name: {} for name in kinds}
    for keyword in (keyword for keyword in given if keyword not in kinds):
        for name, kind in kinds.items():
            current = current_name(keyword, kind, depth=4)
            if current is not None:
                changes[name][current] = given[keyword]
                break
        else:
            everything = [*kinds, *(flat for kind in kinds.values() for flat in flattened(kind))]
            raise RunError(f"there is no option '{keyword}'; {nearest(keyword, everything)}")
    return {
        name: with_changes(given[name] if given.get(name) is not None else kind(), changes[name], shown)
        for name, kind in kinds.items()
    }


def takes(**kinds: type[Options]) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Lets a function take all options of some classes by keyword, and hands them over as these classes.

    ``discover(suite, options=DiscoverOptions(holdout=0.25))`` and ``discover(suite, holdout=0.25)`` are the same; with
    both, the keywords change the options.

    Args:
        kinds: by the name of the function's parameter, the class.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        own = inspect.signature(function).parameters

        @functools.wraps(function)
        def wrapper(*values: Any, **given: Any) -> Result:
            plain = {name: value for name, value in given.items() if name in own and name not in kinds}
            options = {name: value for name, value in given.items() if name not in plain}
            return function(*values, **plain, **read_options(kinds, options))

        parameters = [parameter for name, parameter in own.items() if name not in kinds]
        keyword = inspect.Parameter.KEYWORD_ONLY
        for kind in kinds.values():
            parameters += [
                inspect.Parameter(flat.name, keyword, default=flat.default, annotation=flat.type)
                for flat in flattened(kind).values()
                if flat.name not in own
            ]
        parameters += [
            inspect.Parameter(name, keyword, default=None, annotation=kind | None)
            for name, kind in kinds.items()
        ]
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        listed = "\n".join(
            f"    {flat.name}: {flat.about.help}"
            for kind in kinds.values()
            for flat in flattened(kind).values()
            if flat.name not in own
        )
        wrapper.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\nOptions:\n{listed}\n"
        return wrapper

    return decorate
