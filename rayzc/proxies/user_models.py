"""The user's own networks: importing them by name or from a file, and measuring them."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from rayzc.errors import ProxyError, nearest
from rayzc.measurement import Measurement
from rayzc.proxies.measurement import measure_detailed
from rayzc.proxies.registry import Proxy
from rayzc.user_code import located, user_file, user_module

__all__ = ["LoadedModels", "load_model", "load_models", "measure_model"]

CLASS_ARGUMENTS = ("classes", "num_classes")
"""Arguments that receive the number of classes."""
NO_NETWORK = "must be or return a torch.nn.Module"


def load_model(reference: str, classes: int | None = None, seed: int = 0) -> nn.Module:
    """Imports ``module:attribute`` and makes a network of it.

    The current folder is searched first, as Python does for a script; ``folder/file.py:attribute`` names a file. The
    attribute is a network, or a class or
    function without required arguments that returns a network. A parameter ``classes`` or
    ``num_classes`` receives `classes`. Weights that torch draws come from the seed.

    Raises:
        ProxyError: there is no such module or attribute, importing or calling it failed, or it returned no network.
    """
    module_name, colon, attribute = reference.partition(":")
    if not (module_name and colon and attribute):
        raise ProxyError(
            f"'{reference}' does not name a network: write module:attribute, such as my_module:make_model"
        )
    with _seeded(seed):
        if module_name.endswith(".py") or "/" in module_name:
            file = Path(module_name if module_name.endswith(".py") else f"{module_name}.py")
            module = user_file(file, ProxyError)
        else:
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


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """The networks of a file.

    Attributes:
        networks: by name.
        failures: why others could not be made, by name.
    """

    networks: Mapping[str, nn.Module]
    failures: Mapping[str, str]


def load_models(path: Path, classes: int | None = None, seed: int = 0) -> LoadedModels:
    """Makes all networks of a Python file: the entries of its dictionary ``MODELS``.

    The dictionary maps a name to a network, class or function. Without it, they are the public networks that the file
    defines, and its own functions and classes of networks that can be called without arguments, apart from the number
    of classes; a function that returns something else is a helper. Modules beside the file can be imported.

    Raises:
        ProxyError: the file is not there, cannot be run, or has no network.
    """
    with _seeded(seed):
        module = user_file(path, ProxyError)
    entries = getattr(module, "MODELS", None)
    listed = entries is not None
    if entries is None:
        entries = {name: value for name, value in vars(module).items() if _makes_network(name, value, module)}
    if not isinstance(entries, Mapping) or not entries:
        raise ProxyError(
            f"{path}: it has no networks: write MODELS = {{'name': function that returns a network, ...}}, "
            "or public functions that return networks"
        )
    networks: dict[str, nn.Module] = {}
    failures: dict[str, str] = {}
    for name, value in entries.items():
        try:
            networks[str(name)] = _network(value, f"{path}:{name}", classes, seed)
        except ProxyError as error:
            failures[str(name)] = str(error)
    if not networks:
        raise ProxyError(next(iter(failures.values())))
    if not listed:
        failures = {name: reason for name, reason in failures.items() if NO_NETWORK not in reason}
    return LoadedModels(networks, failures)


def _makes_network(name: str, value: object, module: ModuleType) -> bool:
    """Whether a part of a file is, or may make, a network to rank."""
    if name.startswith("_"):
        return False
    if isinstance(value, nn.Module):
        return True
    own = getattr(value, "__module__", None) == module.__name__
    if not own or not (
        inspect.isfunction(value) or (inspect.isclass(value) and issubclass(value, nn.Module))
    ):
        return False
    return not _required(value)


def _required(function: Callable[..., Any]) -> list[str]:
    """The arguments that a function cannot do without, apart from the number of classes."""
    try:
        accepted = inspect.signature(function).parameters.values()
    except ValueError:  # a function written in C
        return []
    return [
        parameter.name
        for parameter in accepted
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and parameter.name not in CLASS_ARGUMENTS
    ]


def measure_model(
    name: str,
    network: nn.Module,
    batch: tuple[Tensor, Tensor],
    proxies: Sequence[Proxy],
    *,
    seed: int,
    device: str | None,
    classes: int,
) -> Measurement:
    """Measures a network and rejects one that cannot run on such images, see :func:`rayzc.proxies.measure_detailed`.

    Raises:
        ProxyError: none of the proxies that run the network could be measured.
    """
    result = measure_detailed(network, *batch, proxies, seed=seed, device=device, classes=classes)
    running = [proxy.name for proxy in proxies if proxy.runs_network]
    if running and all(proxy in result.failures for proxy in running):
        shape = ",".join(map(str, batch[0].shape[1:]))
        raise ProxyError(
            f"{name}: no proxy could be measured on images of shape {shape}: {result.failures[running[0]]}"
        )
    return result


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seeds the random numbers of torch for the duration of the block."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def _network(found: Any, reference: str, classes: int | None, seed: int) -> nn.Module:
    if callable(found) and not isinstance(found, nn.Module):
        missing = [name for name in _required(found) if name != "self"]
        if missing:
            raise ProxyError(
                f"calling '{reference}' needs arguments ({', '.join(missing)}): give it defaults, or name a function "
                "that calls it"
            )
        try:
            with _seeded(seed):
                found = found(**_class_argument(found, classes))
        except (Exception, SystemExit) as error:
            raise ProxyError(f"calling '{reference}' failed: {located(error)}") from error
    if not isinstance(found, nn.Module):
        raise ProxyError(f"'{reference}' {NO_NETWORK}, not an object of type {type(found).__name__}")
    return found


def _class_argument(function: Callable[..., Any], classes: int | None) -> dict[str, int]:
    try:
        accepted = inspect.signature(function).parameters
    except ValueError:  # a function written in C
        return {}
    if classes is None:
        return {}
    return {name: classes for name in CLASS_ARGUMENTS if name in accepted}
