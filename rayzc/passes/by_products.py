"""The table of by-products that proxies can need, with the type, the description and the source of each.

A by-product comes from a stage of the shared pass, or has a pass of its own. To add one, write that stage or pass in
the file it is closest to, and give it a line in :class:`ByProducts`, at the place that fits the memory it takes.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from rayzc.errors import ProxyError
from rayzc.passes import separate
from rayzc.passes.activations import Codes, Logits, Maps
from rayzc.passes.blocks import BlockEntropies, BlockGains
from rayzc.passes.gradients import Curvatures, Gradients, Jacobian
from rayzc.passes.graph import Graph, trace_graph
from rayzc.passes.knowledge import fisher_information
from rayzc.passes.macs import count_macs
from rayzc.passes.operations import Operations, count_operations
from rayzc.passes.ranks import EffectiveRanks
from rayzc.passes.saliencies import Saliencies
from rayzc.passes.separate import Flow, GaussianAnswer
from rayzc.passes.stages import Stage
from rayzc.passes.subject import Subject

__all__ = ["NEEDS", "ByProducts", "Need"]

T = TypeVar("T")


class Need(Generic[T]):
    """A by-product that a proxy can declare to need, and then reads as an attribute of its :class:`ByProducts`.

    Its text is its name and description.

    Attributes:
        name: the name by which proxies refer to it.
        description: what it is, with its shape.
        stage: the stage of the shared pass that gathers it.
        alone: a separate pass; takes the subject and, if `in_parts`, how many images to run at once.
        in_parts: whether that pass may run the batch in parts, where images do not influence each other.
        runs_network: whether the network has to run for it.
    """

    def __init__(
        self,
        description: str,
        stage: type[Stage] | None = None,
        *,
        alone: Callable[..., T] | None = None,
        in_parts: bool = False,
        runs_network: bool = True,
    ) -> None:
        self.name = ""
        self.description = description
        self.stage = stage
        self.alone = alone
        self.in_parts = in_parts
        self.runs_network = runs_network

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"{self.name}: {self.description}"

    @overload
    def __get__(self, instance: None, owner: type) -> "Need[T]": ...

    @overload
    def __get__(self, instance: "ByProducts", owner: type) -> T: ...

    def __get__(self, instance: "ByProducts | None", owner: type) -> "Need[T] | T":
        if instance is None:
            return self
        value: T = instance.read(self.name)
        return value


class ByProducts:
    """What one measurement left for one proxy to read: the needs that the proxy declared, and facts that cost nothing.

    Reading an undeclared need is an error, so that no proxy works only in the company of another. A proxy may change
    what it reads; it gets copies, unless it is rayzc's, as these change nothing.

    Args:
        subject: what was measured.
        results: the by-products by name.
        proxy: the name of the proxy.
        needs: the by-products that it declared.
        copied: whether it gets copies.
    """

    # In the order in which they are gathered, which is that of the memory it takes.
    weights = Need[tuple[Tensor, ...]](
        "the weights of convolutions and linear layers, and others that enter matrix products, in the network's order",
        alone=separate.weights,
        runs_network=False,
    )
    operations = Need[int](
        "multiply-adds and other operations per image, as the suite counts them",
        Operations,
        alone=count_operations,
    )
    graph = Need[Graph](
        "the layers, poolings and joins of the network, and what flows from which to which; the same for all images",
        alone=trace_graph,
    )
    macs = Need[int](
        "multiply-adds per image of convolutions and matrix products, as torch dispatches them; a single image is run",
        alone=count_macs,
    )
    logits = Need[Tensor]("(images, classes), the network's output in train mode", Logits)
    kernel = Need[NDArray[np.float64]](
        "(images, images), on how many activation units two images agree; zeros without any", Codes
    )
    patterns = Need[int](
        "the number of distinct on-off patterns over the batch among the activation units", Codes
    )
    maps = Need[tuple[Tensor, ...]](
        "the first image's output of every module, (channels, positions), in the order they ran", Maps
    )
    effective_ranks = Need[tuple[float, ...]](
        "the effective rank of the output of each layer, norm and activation, in the network's order",
        EffectiveRanks,
    )
    block_entropies = Need[tuple[float, ...]](
        "the entropy of each primary block's feature spectrum, first to last; nan for constant features",
        BlockEntropies,
    )
    block_gains = Need[tuple[float, ...]](
        "the largest singular value of each block's random backward signal, last to first; inf for an idle block",
        BlockGains,
    )
    jacobian = Need[Tensor]("(images, inputs), the gradient of the summed outputs for each image", Jacobian)
    gradients = Need[tuple[Tensor, ...]](
        "the loss's gradient for each of the weights; zeros for a weight without a part in it", Gradients
    )
    half_gradients = Need[tuple[tuple[Tensor, ...], ...]](
        "the same for either half of the batch; fewer than two halves for a single image",
        Gradients,
        alone=separate.half_gradients,
    )
    saliencies = Need[tuple[Tensor, ...]](
        "per layer (channels,), half the mean over images of (sum of activation times gradient)^2", Saliencies
    )
    curvatures = Need[tuple[float, ...]](
        "per layer w . (H g), for its weight w, its part of H g, gradient g and Hessian H of the loss",
        Curvatures,
    )
    flow = Need[Flow](
        "per layer (|w|, dR/d|w|), R the summed outputs of the linearised network without batch norm, float64",
        alone=partial(separate.flow, batch_norm=False),
    )
    flow_bn = Need[Flow]("the same with batch norm", alone=partial(separate.flow, batch_norm=True))
    fisher_information = Need[Tensor](
        "(entries, entries) float64, of the logits about the first entry of each weight and bias, in evaluation mode",
        alone=fisher_information,
        in_parts=True,
    )
    gaussian = Need[GaussianAnswer](
        "the response of a network with Gaussian weights to perturbed Gaussian images",
        alone=separate.gaussian_answer,
        in_parts=True,
    )
    network = Need[nn.Module](
        "a copy of the network in train mode on the device of the images, to use freely",
        alone=separate.copied_network,
    )

    def __init__(
        self, subject: Subject, results: Mapping[str, Any], proxy: str, needs: frozenset[str], *, copied: bool
    ) -> None:
        self._subject = subject
        self._results = results
        self._proxy = proxy
        self._needs = needs
        self._copied = copied

    def read(self, need: str) -> Any:
        """Returns the by-product of this name.

        Raises:
            ProxyError: the proxy did not declare it.
        """
        if need not in self._needs:
            declared = sorted({*self._needs, need})
            raise ProxyError(
                f"proxy '{self._proxy}' reads '{need}' without having declared it: write @proxy(needs={declared})"
            )
        return self._own(self._results[need])

    def _own(self, value: Any) -> Any:
        return _copy(value) if self._copied else value

    @property
    def images(self) -> Tensor:
        """The batch, ``(images, channels, height, width)``, on the device of the measurement."""
        images: Tensor = self._own(self._subject.images)
        return images

    @property
    def labels(self) -> Tensor:
        """The labels ``(images,)``.

        Raises:
            ProxyError: none were given.
        """
        if self._subject.labels is None:
            raise ProxyError(f"no labels were given, and proxy '{self._proxy}' needs them")
        labels: Tensor = self._own(self._subject.labels)
        return labels.argmax(1) if labels.is_floating_point() and labels.dim() == 2 else labels

    @property
    def classes(self) -> int | None:
        """The number of classes: that of the logits where a pass gave any, else of the last layer."""
        classes: int | None = self._results.get("classes", self._subject.classes)
        return classes

    @property
    def seed(self) -> int:
        """The seed of the measurement, the only source of a proxy's random numbers."""
        return self._subject.seed

    @property
    def parameters(self) -> int:
        """The number of the network's parameters, trained or frozen, tied ones once."""
        return sum(parameter.numel() for parameter in self._subject.model.parameters())


NEEDS: Mapping[str, Need[Any]] = {
    name: value for name, value in vars(ByProducts).items() if isinstance(value, Need)
}
"""What a proxy can need, by name."""


def _copy(value: Any) -> Any:
    """Copies a by-product: clones tensors, rebuilds tuples."""
    if isinstance(value, tuple):
        return tuple(map(_copy, value))
    return value.clone() if hasattr(value, "clone") else deepcopy(value)
