"""Proxies of the user's own, on their way to workers that cannot import them."""

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

__all__ = ["own_proxies", "shipped", "versions_of"]

# Ray types neither of these.
_ray: Any = ray
_cloudpickle: Any = cloudpickle


def own_proxies() -> "dict[str, Proxy]":
    """The registered proxies that are not rayzc's, by name."""
    # Only here: whoever asks a pool that another process has opened needs no torch.
    from rayzc.proxies import registered

    return {name: proxy for name, proxy in registered().items() if not proxy.built_in}


def versions_of() -> dict[str, str]:
    """By proxy, what changes with its definition: its version, for the user's own with a hash of its code."""
    from rayzc.proxies import registered

    versions = {name: str(proxy.version) for name, proxy in registered().items()}
    for name, proxy in own_proxies().items():
        versions[name] += f"-{_code_hash(proxy)}"
    return versions


@contextmanager
def shipped(proxies: "Mapping[str, Proxy]") -> Iterator[Any]:
    """A reference to the proxies in the object store, good for the length of the block.

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
                    f"proxy '{name}' cannot be sent to the workers ({error}): it must not use what stays in this "
                    "process, such as open files or locks"
                ) from error
        reference = _ray.put(dict(proxies))
    finally:
        for module in modules:
            _cloudpickle.unregister_pickle_by_value(module)
    yield reference


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
