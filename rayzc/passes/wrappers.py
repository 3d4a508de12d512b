"""The network within what it is wrapped in: parallel and compiled wrappers, and parametrizations of its weights.

What is measured is the plain network: without the wrapper, and with each weight that a parametrization computes stored
as a parameter of that value. So neither changes a score.
"""

from copy import deepcopy
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rayzc.errors import ProxyError

__all__ = ["is_wrapper", "plain_network"]

HOOKED = {"WeightNorm": "weight_norm", "SpectralNorm": "spectral_norm"}
"""Classes of hooks that compute a weight before each call, torch's older parametrizations, and what makes them."""


def plain_network(model: nn.Module) -> nn.Module:
    """The network within wrappers, with computed weights as parameters.

    Without parametrizations it is the user's own; otherwise a copy.

    Raises:
        ProxyError: it is scripted or traced, or its weights are not there, or it cannot be copied.
    """
    model = _unwrapped(model)
    for module in model.modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise ProxyError(
                f"the network has a part in TorchScript ({type(module).__name__}), in which nothing can be read: "
                "measure the network as it was before torch.jit.script or torch.jit.trace"
            )
    _check_weights(model)
    if any(_is_parametrized(module) for module in model.modules()):
        return _without_parametrizations(model)
    return model


PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def is_wrapper(module: nn.Module) -> bool:
    """Whether a module only runs another one: compiled, or on several devices."""
    return isinstance(module, PARALLEL) or isinstance(getattr(module, "_orig_mod", None), nn.Module)


def _unwrapped(model: nn.Module) -> nn.Module:
    while is_wrapper(model):
        model = cast(nn.Module, model.module if isinstance(model, PARALLEL) else model._orig_mod)
    return model


def _check_weights(model: nn.Module) -> None:
    tensors = [*model.parameters(), *model.buffers()]
    if any(nn.parameter.is_lazy(tensor) for tensor in tensors):
        raise ProxyError("the network has lazy layers without weights: run it on a batch once, then measure")
    if any(tensor.is_meta for tensor in tensors):
        raise ProxyError("the network is on the meta device, without weights: build it on the cpu")
    for name, module in model.named_modules():
        if "quantized" in type(module).__module__.split("."):
            raise ProxyError(
                f"layer '{name}' is quantized, and its weights have no gradients: measure the network before "
                "it is quantized"
            )


def _is_parametrized(module: nn.Module) -> bool:
    return parametrize.is_parametrized(module) or any(map(_hooked, module._forward_pre_hooks.values()))


def _hooked(hook: object) -> str | None:
    """The name of the weight that a hook computes, if it is one of those."""
    return cast(str, hook.name) if type(hook).__name__ in HOOKED and hasattr(hook, "name") else None


def _without_parametrizations(model: nn.Module) -> nn.Module:
    """A copy in which computed weights are parameters."""
    # A weight that a hook left behind has a history and cannot be copied as it is.
    memo: dict[int, Any] = {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, Tensor) and value.grad_fn is not None
    }
    try:
        copied = deepcopy(model, memo)
    except Exception as error:
        raise ProxyError(
            f"the network's weights are computed by parametrizations, and it cannot be copied ({error}): remove "
            "them, or make its parts fit for copy.deepcopy"
        ) from error
    modes = [(module, module.training) for module in copied.modules()]
    with torch.no_grad():
        for module, _ in modes:
            # A spectral norm in train mode would go on with its power iteration.
            module.training = False
        for module, _ in modes:
            if parametrize.is_parametrized(module):
                _store_weights(module)
            for key, hook in [*module._forward_pre_hooks.items()]:
                if _hooked(hook):
                    cast(Any, hook).remove(module)
                    del module._forward_pre_hooks[key]
    for module, training in modes:
        module.training = training
    return copied


def _store_weights(module: nn.Module) -> None:
    """Stores what parametrizations compute.

    Torch's own function changes the module's class, which the copy shares with its original.
    """
    parametrizations = cast(nn.ModuleDict, module.parametrizations)
    found = {name: getattr(module, name).detach().clone() for name in parametrizations}
    trained = {name for name, parts in parametrizations.items() if [*parts.parameters()]}
    del module._modules["parametrizations"]
    module.__class__ = type(module).__bases__[0]
    for name, value in found.items():
        if name in trained:
            module.register_parameter(name, nn.Parameter(value))
        else:
            module.register_buffer(name, value)
