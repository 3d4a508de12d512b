"""The graph of a network: its operations, and the ways on which values flow through them from the images to the logits.

One image of zeros goes through the network, and torch's dispatcher says which kernels run on which tensors, whoever
called them: modules, functions, or methods of tensors. A value is followed through everything that hands it on, in
place and through views, too. The graph keeps what matters for the ways:

- a *layer*, a convolution or a product with weights (a linear layer): one for each call, however often it is called;
- a *pooling* by maximum or average, of windows; the global mean before a classifier is none;
- a *join*, of two or more values: the sum, concatenation or product of what arrives on several ways.

Norms, activations, dropout, reshaping and slices hand on their value. What does not depend on the image is no value,
nor is anything times the number 0, as the operation ``none`` of a search space writes it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rayzc.passes.overrides import Override
from rayzc.passes.replica import Replica, randomness_from
from rayzc.passes.subject import Subject

__all__ = ["Graph", "Kind", "Vertex", "trace_graph"]

IMAGES = 0
"""The vertex at which all ways begin."""


class Kind(Enum):
    """What a vertex of a graph does."""

    IMAGES = auto()
    LAYER = auto()
    POOLING = auto()
    JOIN = auto()


@dataclass(frozen=True, slots=True)
class Vertex:
    """A place at which a value is made.

    Attributes:
        kind: what happens there.
        sources: the vertices whose values arrive, each as often as it arrives.
        weight: a number for the layer's weight; layers with the same weight have the same.
        kernel: the sides of a convolution's kernel, ``(3, 3)``; empty for a linear layer.
        width: the channels or features that a layer puts out.
        positions: the number of positions in what a layer puts out, its height times its width.
    """

    kind: Kind
    sources: tuple[int, ...] = ()
    weight: int = -1
    kernel: tuple[int, ...] = ()
    width: int = 0
    positions: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """The operations of a network on an image, in the order in which they ran.

    Attributes:
        vertices: every vertex comes after its sources; the first is the image.
        logits: the vertex of the logits; None where they do not depend on the image.
        weights: the number of weights of the network's layers, whether the layers are called or not, each once.
    """

    vertices: tuple[Vertex, ...]
    logits: int | None
    weights: int

    def reached(self) -> frozenset[int]:
        """The vertices on a way from the image to the logits."""
        found: set[int] = set()
        ahead = [] if self.logits is None else [self.logits]
        while ahead:
            vertex = ahead.pop()
            if vertex not in found:
                found.add(vertex)
                ahead += self.vertices[vertex].sources
        return frozenset(found)


def trace_graph(subject: Subject) -> Graph:
    """Sends one image of zeros through the network; norms are left out, as one image may be too few for them."""
    replica = Replica(subject)
    image = subject.laid_out(torch.zeros_like(subject.images[:1]))
    subject.passes["graph"] += 1
    randomness_from(subject.seed, subject.device)
    tracing = Tracing(image)
    with torch.no_grad(), tracing, CopyForBatchNorm():
        logits = replica.logits(image)
    used = {*tracing.weights, *map(_place, replica.weights)}
    return Graph(tuple(tracing.vertices), tracing.value(logits), len(used))


class Role(Enum):
    """What a kernel does to the values that it is given."""

    CONVOLUTION = auto()
    PRODUCT = auto()
    POOLING = auto()
    SUM = auto()
    COPY = auto()
    SCALING = auto()
    FILLING = auto()
    OTHER = auto()


ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("convolution", "_convolution", "conv2d"), Role.CONVOLUTION),
    **dict.fromkeys(("mm", "addmm", "bmm", "baddbmm", "addbmm", "mv", "addmv", "linear"), Role.PRODUCT),
    **dict.fromkeys(("add", "add_", "cat", "stack"), Role.SUM),
    **dict.fromkeys(("mul", "mul_"), Role.SCALING),
    **dict.fromkeys(("zero_", "fill_", "bernoulli_", "uniform_", "normal_", "random_"), Role.FILLING),
    "copy_": Role.COPY,
}
WITH_BIAS_FIRST = ("addmm", "baddbmm", "addbmm", "addmv")


@cache
def _role(kernel: torch._ops.OpOverload) -> Role:
    name = _name(kernel)
    if name.endswith("_like") or name.startswith("new_"):
        return Role.FILLING
    if "pool" in name and "unpool" not in name:
        return Role.POOLING
    return ROLES.get(name, Role.OTHER)


def _name(kernel: torch._ops.OpOverload) -> str:
    return str(kernel.overloadpacket.__name__)


class Tracing(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down the graph of what runs, beginning at an image.

    A value belongs to the memory of its tensor, so that views and what works in place need no care.

    Attributes:
        vertices: the graph so far.
        weights: the memory of each layer's weight, with a number for it.
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.vertices = [Vertex(Kind.IMAGES)]
        self.weights: dict[int, int] = {}
        self._values = {_place(image): IMAGES}
        # Memory that is freed is used again, and would then pass for the value that it had before.
        self._kept: list[Any] = [image]

    def value(self, tensor: Tensor) -> int | None:
        """The vertex that made what the tensor holds; None if that does not depend on the image."""
        return self._values.get(_place(tensor))

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Runs a kernel and notes what it made."""
        result = func(*args, **kwargs) if kwargs else func(*args)
        given = [value for tensor in _tensors(args) if (value := self.value(tensor)) is not None]
        if given:
            value = self._made(func, args, given, result)
            for tensor in _tensors((result,)):
                self._assign(tensor, value)
        return result

    def _assign(self, tensor: Tensor, value: int | None) -> None:
        place = _place(tensor)
        if value is None:
            self._values.pop(place, None)
        else:
            self._values[place] = value
            self._kept.append(tensor)

    def _made(
        self, kernel: torch._ops.OpOverload, args: tuple[Any, ...], given: list[int], result: Any
    ) -> int | None:
        role = _role(kernel)
        if role is Role.FILLING or (role is Role.SCALING and _is_zero(args[1])):
            return None
        if role is Role.COPY:
            return self._copied(args[0], args[1])
        if role is Role.SUM:
            return self._joined(tuple(given))
        if role is Role.CONVOLUTION:
            return self._layer(args[0], args[1], result, tuple(args[1].shape[2:]))
        if role is Role.PRODUCT:
            left, right = args[1:3] if _name(kernel) in WITH_BIAS_FIRST else args[:2]
            inputs = [operand for operand in (left, right) if self.value(operand) is not None]
            if len(inputs) == 1:
                return self._layer(inputs[0], right if inputs[0] is left else left, result, ())
        distinct = self._joined(tuple(dict.fromkeys(given)))
        if role is Role.POOLING and not _is_global(kernel, result):
            return self._added(Vertex(Kind.POOLING, (distinct,)))
        return distinct

    def _layer(self, input: Tensor, weight: Tensor, result: Tensor, kernel: tuple[int, ...]) -> int | None:
        source = self.value(input)
        if source is None:  # the weight alone depends on the image
            return self.value(weight)
        number = self.weights.setdefault(_place(weight), len(self.weights))
        self._kept.append(weight)
        width = result.shape[1] if kernel else result.shape[-1]
        return self._added(
            Vertex(Kind.LAYER, (source,), number, kernel, width, result.numel() // max(width, 1))
        )

    def _copied(self, target: Tensor, source: Tensor) -> int | None:
        """The value of memory that is written to: the new value, beside the old one where some of it is left."""
        old, new = self.value(target), self.value(source)
        whole = target.numel() * target.element_size() == target.untyped_storage().nbytes()
        both = tuple(value for value in (None if whole else old, new) if value is not None)
        return self._joined(both) if both else None

    def _joined(self, sources: tuple[int, ...]) -> int:
        return sources[0] if len(sources) == 1 else self._added(Vertex(Kind.JOIN, sources))

    def _added(self, vertex: Vertex) -> int:
        self.vertices.append(vertex)
        return len(self.vertices) - 1


class CopyForBatchNorm(Override):
    """A mode in which batch norm copies its input."""

    methods: ClassVar = {torch.nn.functional.batch_norm: "_batch_norm"}

    def _batch_norm(self, function: Callable[..., Any], input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input.clone()


def _place(tensor: Tensor) -> int:
    """Which memory a tensor is in."""
    return int(tensor.untyped_storage()._cdata)


def _is_zero(factor: Any) -> bool:
    return isinstance(factor, (int, float)) and factor == 0


def _is_global(kernel: torch._ops.OpOverload, result: Any) -> bool:
    """Whether a pooling is one to a single position, whatever the size of its input."""
    return "adaptive" in _name(kernel) and all(
        tensor[0].numel() == tensor.shape[1] for tensor in _tensors((result,)) if tensor.dim() > 2
    )


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)
