"""Networks of the user's own, by the name under which they can be imported."""

import importlib.util
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from rayzc.errors import ProxyError, nearest
from rayzc.proxies.measurement import Measurement, measure_detailed
from rayzc.proxies.registry import Proxy
from rayzc.user_code import told, user_module

__all__ = ["load_model", "load_models", "measure_own"]


def load_model(reference: str, classes: int | None = None, seed: int = 0) -> nn.Module:
    """Imports ``module:attribute`` and makes a network of it.

    The current folder is searched first, as Python does for a script. The attribute is a network, or whatever
    gives one when called: a class or a function without required arguments. A parameter ``classes`` or
    ``num_classes`` is given `classes`. Weights that torch draws come from the seed.

    Raises:
        ProxyError: there is no such module or attribute, importing or calling it failed, or no network came out.
    """
    module_name, colon, attribute = reference.partition(":")
    if not (module_name and colon and attribute):
        raise ProxyError(
            f"'{reference}' does not name a network: say module:attribute, as in my_module:make_model"
        )
    with _seeded(seed):
        module = user_module(module_name, ProxyError)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [name for name in vars(module) if not name.startswith("_")]
            raise ProxyError(
                f"module '{module_name}' has no attribute '{attribute}'; {nearest(part, public)}"
            )
        found = getattr(found, part)
    return _network(found, reference, classes, seed)


def load_models(path: Path, classes: int | None = None, seed: int = 0) -> dict[str, nn.Module]:
    """Makes all networks of a Python file.

    These are the entries of its dictionary ``MODELS`` (name to network, class or function), or else every public
    function and network that the file itself defines.

    Raises:
        ProxyError: the file is not there, cannot be run, or has no network.
    """
    with _seeded(seed):
        module = _run(path)
    entries = getattr(module, "MODELS", None)
    if entries is None:
        entries = {
            name: value
            for name, value in vars(module).items()
            if not name.startswith("_")
            and (
                isinstance(value, nn.Module)
                or (inspect.isfunction(value) and value.__module__ == module.__name__)
            )
        }
    if not isinstance(entries, Mapping) or not entries:
        raise ProxyError(
            f"{path}: it has no networks: give it MODELS = {{'name': function that makes one, ...}}, "
            "or public functions that make them"
        )
    return {str(name): _network(made, f"{path}:{name}", classes, seed) for name, made in entries.items()}


def measure_own(
    name: str,
    network: nn.Module,
    batch: tuple[Tensor, Tensor],
    proxies: Sequence[Proxy],
    *,
    seed: int,
    device: str | None,
    classes: int,
) -> Measurement:
    """Measures a network that may not even run on such images, see :func:`rayzc.proxies.measure_detailed`.

    Raises:
        ProxyError: of the proxies that run the network not one could be measured.
    """
    result = measure_detailed(network, *batch, proxies, seed=seed, device=device, classes=classes)
    running = [proxy.name for proxy in proxies if proxy.needs - {"weights"}]
    if running and all(proxy in result.failures for proxy in running):
        shape = ",".join(map(str, batch[0].shape[1:]))
        raise ProxyError(
            f"{name}: no proxy could be measured on images --input {shape}: {result.failures[running[0]]}"
        )
    return result


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Has torch draw from the seed for a while."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def _run(path: Path) -> ModuleType:
    if not path.is_file():
        raise ProxyError(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ProxyError(f"{path}: this is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ProxyError(f"{path}: running it failed: {told(error)}") from error
    return module


def _network(found: Any, reference: str, classes: int | None, seed: int) -> nn.Module:
    if callable(found) and not isinstance(found, nn.Module):
        try:
            with _seeded(seed):
                found = found(**_class_argument(found, classes))
        except Exception as error:
            raise ProxyError(f"calling '{reference}' failed: {told(error)}") from error
    if not isinstance(found, nn.Module):
        raise ProxyError(f"'{reference}' gives a {type(found).__name__}, not a torch.nn.Module")
    return found


def _class_argument(function: Callable[..., Any], classes: int | None) -> dict[str, int]:
    try:
        accepted = inspect.signature(function).parameters
    except ValueError:  # a function written in C
        return {}
    if classes is None:
        return {}
    return {name: classes for name in ("classes", "num_classes") if name in accepted}
