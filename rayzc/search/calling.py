"""Why ``rayzc.search`` is both a package and a function.

``from rayzc.search import Results`` takes a name from the package; ``rayzc.search("synflow + nwot", "nbsz-13")`` runs
searches, as ``rayzc.discover`` breeds formulas. Importing a package puts it into its parent under its own name, so a
function of this name beside it would be there or not depending on what was imported before. Hence the package itself
can be called, and hands over to :func:`rayzc.cluster.searches.search`; type checkers see that function.
"""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["CallablePackage", "make_callable"]


class CallablePackage(ModuleType):
    """The package ``rayzc.search``, which runs searches when called."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Searches for architectures under a formula, see :func:`rayzc.cluster.searches.search`."""
        return _function()(*arguments, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        """What it takes, for :func:`help` and notebooks."""
        return inspect.signature(_function())

    def __reduce__(self) -> tuple[Callable[[str], ModuleType], tuple[str]]:
        """Pickles as other modules do with cloudpickle: by name."""
        return import_module, (self.__name__,)


def make_callable(name: str) -> None:
    """Makes a package that is being imported callable."""
    sys.modules[name].__class__ = CallablePackage


def _function() -> Callable[..., Any]:
    from rayzc.cluster.searches import search

    return search
