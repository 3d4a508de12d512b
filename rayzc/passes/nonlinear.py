"""Which functions are activations, and what enters them.

An activation is recognised by the name of its function (``relu``, ``gelu_``, ``clamp`` at 0), or as a module without
parts whose class is called like one (``MyReLU``, ``Swish``). *Gates*, which squash what they are given to 0..1, decide
how much of something else passes on. Their units are read only in a network that has no other activation.
"""

import re
from collections.abc import Iterator

from torch import Tensor, nn

from rayzc.passes.watching import Arguments, Keywords, argument

__all__ = ["GATES", "entering", "is_gate", "named_activations"]

GATES = frozenset({"sigmoid", "hardsigmoid", "erf", "glu", "expit"})
FUNCTIONS = frozenset(
    {
        *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish"),
        *("hardswish", "hardtanh", "tanh", "softplus", "softsign", "softshrink", "hardshrink", "tanhshrink"),
        *("logsigmoid", "threshold"),
    }
)
CLAMPS = frozenset({"clamp", "clamp_min", "clip"})
NAMED = re.compile(r"relu|gelu|silu|swish|mish|[cs]?elu|tanh|softplus|sigmoid|glu|activation", re.IGNORECASE)
GATE_NAMED = re.compile(r"(?<!log)sigmoid|glu", re.IGNORECASE)


def entering(name: str, args: Arguments, kwargs: Keywords) -> tuple[Tensor, bool] | None:
    """What enters an activation, and whether it is a gate; None of a function that is neither.

    Args:
        name: of the function that is called.
        args: its arguments.
        kwargs: those that are named.
    """
    name = name.removesuffix("_")
    if name not in FUNCTIONS and name not in GATES and name not in CLAMPS:
        return None
    given = argument(args, kwargs, 0, "input")
    if not isinstance(given, Tensor) or not given.is_floating_point():
        return None
    if name in CLAMPS:
        least = argument(args, kwargs, 1, "min")
        return (given, False) if isinstance(least, (int, float)) and least == 0 else None
    if name == "glu":
        given = given.chunk(2, argument(args, kwargs, 1, "dim", -1))[1]
    return given, name in GATES


def is_gate(module: nn.Module) -> bool:
    """Whether a module that is called like an activation is a gate."""
    return bool(GATE_NAMED.search(type(module).__name__))


def named_activations(model: nn.Module) -> Iterator[nn.Module]:
    """Modules of the network's own code without parts, and with slopes at most to learn, called like an activation."""
    for module in model.modules():
        kind = type(module)
        if (
            not kind.__module__.startswith("torch.nn.")
            and NAMED.search(kind.__name__)
            and next(module.children(), None) is None
            and all(parameter.dim() < 2 for parameter in module.parameters())
        ):
            yield module
