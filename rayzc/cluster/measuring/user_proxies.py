"""Sending the user's own proxies to workers that cannot import them."""

import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ray
from ray import cloudpickle

from rayzc.errors import ProxyError

if TYPE_CHECKING:
    from rayzc.proxies import Proxy

__all__ = ["register", "shipped", "user_proxies", "versions_of_proxies"]

# Ray types neither of these.
_ray: Any = ray
_cloudpickle: Any = cloudpickle


def user_proxies() -> "dict[str, Proxy]":
    """The registered proxies that do not come with rayzc, by name."""
    # Imported here, as a client of a pool that another process has opened needs no torch.
    from rayzc.proxies import registered

    return {name: proxy for name, proxy in registered().items() if not proxy.built_in}


def versions_of_proxies() -> dict[str, str]:
    """By proxy, a text that changes with its definition: its version, and for a user's proxy a hash of its code."""
    from rayzc.proxies import registered

    found = {name: str(proxy.version) for name, proxy in registered().items()}
    for name, proxy in user_proxies().items():
        found[name] += f"-{_code_hash(proxy)}"
    return found


@contextmanager
def shipped(proxies: "Mapping[str, Proxy]") -> Iterator[Any]:
    """A reference to the proxies in the object store, valid for the length of the block.

    They are sent by value, with the modules that define them, which other machines need not have.

    Raises:
        ProxyError: one of them cannot be sent.
    """
    names = {proxy.function.__module__ for proxy in proxies.values()} - {"__main__"}
    modules = [sys.modules[name] for name in sorted(names) if name in sys.modules]
    for module in modules:
        _cloudpickle.register_pickle_by_value(module)
    try:
        for name, proxy in proxies.items():
            try:
                _cloudpickle.dumps(proxy)
            except Exception as error:
                raise ProxyError(
                    f"proxy '{name}' cannot be sent to the workers ({error}): it must not use objects that cannot "
                    "leave this process, such as open files or locks"
                ) from error
        reference = _ray.put(dict(proxies))
    finally:
        for module in modules:
            _cloudpickle.unregister_pickle_by_value(module)
    yield reference


def register(proxies: "Mapping[str, Proxy]") -> None:
    """Registers proxies that were shipped, so that they are known by name in this process, too."""
    from rayzc.proxies.registry import register as register_proxy

    for proxy in proxies.values():
        register_proxy(proxy)


def _code_hash(proxy: "Proxy") -> str:
    try:
        text = inspect.getsource(proxy.function)
    except (OSError, TypeError):
        code = getattr(proxy.function, "__code__", None)
        text = repr(
            code
            and (code.co_code, code.co_names, [c for c in code.co_consts if isinstance(c, (int, float, str))])
        )
    return hashlib.sha256(text.encode()).hexdigest()[:12]
