"""The known proxies, by name, and how a function becomes one of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, overload

from rayzc.errors import ProxyError, nearest
from rayzc.formula.tokens import is_proxy_name
from rayzc.passes.by_products import NEEDS, ByProducts

__all__ = ["UNDEFINED", "Proxy", "find", "proxy", "register", "registered", "unregister"]

UNDEFINED = -1e8
"""The score of a proxy whose definition yields no number, on a disconnected network for instance.

NAS-Bench-Suite-Zero stores the same value, so a formula bred on its tables meets nothing new.
"""

Function = Callable[[ByProducts], Any]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A number read off an untrained network.

    Attributes:
        name: how formulas and tables call it.
        needs: what it reads, names of :data:`NEEDS`.
        function: computes the number from the by-products of the passes.
        version: raise it when the definition changes, so that no cache mixes the old with the new.
    """

    name: str
    needs: frozenset[str]
    function: Function
    version: int = 1

    def __call__(self, measured: ByProducts) -> float:
        """Scores what was measured."""
        return float(self.function(measured))

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    @property
    def built_in(self) -> bool:
        """Whether it is part of rayzc, rather than a user's."""
        return self.function.__module__.startswith("rayzc.proxies.")

    @property
    def runs_network(self) -> bool:
        """Whether the network has to run for it."""
        return any(NEEDS[need].runs_network for need in self.needs)

    @property
    def origin(self) -> str:
        """Where its function is defined."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


_REGISTERED: dict[str, Proxy] = {}


@overload
def proxy(function: Function, /) -> Proxy: ...


@overload
def proxy(
    *, needs: str | Iterable[str] = (), name: str | None = None, version: int = 1
) -> Callable[[Function], Proxy]: ...


def proxy(
    function: Function | None = None,
    /,
    *,
    needs: str | Iterable[str] = (),
    name: str | None = None,
    version: int = 1,
) -> Proxy | Callable[[Function], Proxy]:
    """Turns a function of the by-products into a proxy and registers it under its name.

    Example:
        >>> @proxy(needs="gradients")
        ... def largest_gradient(measured):
        ...     return max(gradient.abs().max() for gradient in measured.gradients)

    A function that reads only what costs nothing (the images, the number of parameters, ...) needs no parentheses.

    Args:
        function: the function, where the decorator is written without parentheses.
        needs: what the function reads, a name of :data:`NEEDS` or several.
        name: how to call the proxy; the function's name by default.
        version: see :class:`Proxy`.

    Raises:
        ProxyError: `needs` has an unknown name, or another proxy has the name already.
    """
    declared = frozenset([needs] if isinstance(needs, str) else needs)
    for need in sorted(declared):
        if need not in NEEDS:
            raise ProxyError(f"a proxy cannot need '{need}'; {nearest(need, tuple(NEEDS))}")

    def made(function: Function) -> Proxy:
        return register(Proxy(name or function.__name__, declared, function, version))

    if function is None:
        return made
    if not callable(function):
        raise ProxyError(f"@proxy takes only keyword arguments: write @proxy(needs={function!r})")
    return made(function)


def register(proxy: Proxy) -> Proxy:
    """Makes a proxy known by its name.

    Raises:
        ProxyError: formulas cannot read its name, or another proxy has it already.
    """
    if not is_proxy_name(proxy.name):
        raise ProxyError(
            f"'{proxy.name}' cannot name a proxy: in a formula, a name is letters, digits and _, and not that of a "
            "function"
        )
    known = _REGISTERED.get(proxy.name)
    # The same definition again is a module imported twice, as `python -m` or a notebook cell does.
    if known is not None and known.origin != proxy.origin:
        raise ProxyError(
            f"there is a proxy '{proxy.name}' already, from {known.origin}; "
            "give yours another name: @proxy(needs=..., name=...)"
        )
    _REGISTERED[proxy.name] = proxy
    return proxy


def registered() -> Mapping[str, Proxy]:
    """All proxies by name, in alphabetical order."""
    return dict(sorted(_REGISTERED.items()))


def unregister(name: str) -> None:
    """Forgets the proxy called `name`, if there is one."""
    _REGISTERED.pop(name, None)


def find(proxies: Iterable[str | Proxy] | None) -> tuple[Proxy, ...]:
    """Looks proxies up, each once, in the order given.

    Args:
        proxies: names or proxies; None for all.

    Raises:
        ProxyError: a name is empty or unknown, or there is none.
    """
    if proxies is None:
        return tuple(registered().values())
    if isinstance(proxies, str):
        raise ProxyError(f"proxies must be a list of names, such as ['{proxies}'], not one text")
    found = {proxy.name: proxy for proxy in _look_up(proxies)}
    if not found:
        raise ProxyError(f"no proxy is named: name at least one, or leave the names out for all; {_known()}")
    return tuple(found.values())


def _look_up(proxies: Iterable[str | Proxy]) -> Iterator[Proxy]:
    for given in proxies:
        if isinstance(given, Proxy):
            yield given
        elif given in _REGISTERED:
            yield _REGISTERED[given]
        elif not str(given).strip():
            raise ProxyError(
                f"the name of a proxy is empty: write it, or leave the names out for all; {_known()}"
            )
        else:
            raise ProxyError(f"there is no proxy '{given}'; {nearest(given, tuple(registered()))}")


def _known() -> str:
    return "known: " + ", ".join(registered())
