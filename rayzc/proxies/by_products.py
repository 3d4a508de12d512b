"""What the passes leave, as a proxy gets to see it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import ProxyError
from rayzc.proxies.registry import Proxy

if TYPE_CHECKING:
    from torch import Tensor, nn

    from rayzc.passes.separate import GaussianAnswer
    from rayzc.passes.subject import Subject

__all__ = ["ByProducts"]


class ByProducts:
    """What one measurement left for one proxy: the needs that it declared, each under its name.

    Reading anything else is an error, lest a proxy work only in the company of another. What is read is the
    proxy's own to change unless the proxy is rayzc's, which change nothing.
    """

    def __init__(self, subject: "Subject", results: Mapping[str, Any], proxy: Proxy) -> None:
        self._subject = subject
        self._results = results
        self._proxy = proxy
        self._own = proxy.score.__module__.startswith("rayzc.proxies.")

    def _read(self, need: str) -> Any:
        if need not in self._proxy.needs:
            needs = sorted({*self._proxy.needs, need})
            raise ProxyError(
                f"proxy '{self._proxy.name}' reads '{need}' without having asked for it; "
                f"declare it: @proxy(needs={needs})"
            )
        return self._results[need] if self._own else _copied(self._results[need])

    @property
    def images(self) -> "Tensor":
        """The batch, ``(images, channels, height, width)``, on the device of the measurement."""
        return self._subject.images if self._own else self._subject.images.clone()

    @property
    def labels(self) -> "Tensor":
        """The labels ``(images,)``.

        Raises:
            ProxyError: none were given.
        """
        if self._subject.labels is None:
            raise ProxyError(f"no labels were given, and proxy '{self._proxy.name}' needs them")
        return self._subject.labels if self._own else self._subject.labels.clone()

    @property
    def classes(self) -> int | None:
        """How many classes the network tells apart: its logits where a pass gave any, else its last layer."""
        found: int | None = self._results.get("classes", self._subject.classes)
        return found

    @property
    def seed(self) -> int:
        """The seed of the measurement; a proxy draws its random numbers from it, and from nothing else."""
        return self._subject.seed

    @property
    def parameters(self) -> int:
        """The number of the network's parameters, trained or frozen, tied ones once."""
        return sum(parameter.numel() for parameter in self._subject.model.parameters())

    @property
    def weights(self) -> "tuple[Tensor, ...]":
        """The weights of the Conv2d and Linear layers, in the network's order."""
        found: tuple[Tensor, ...] = self._read("weights")
        return found

    @property
    def operations(self) -> int:
        """Operations per image, see :mod:`rayzc.passes.operations`."""
        return int(self._read("operations"))

    @property
    def logits(self) -> "Tensor":
        """The network's output in train mode, ``(images, classes)``."""
        found: Tensor = self._read("logits")
        return found

    @property
    def kernel(self) -> NDArray[np.float64]:
        """On how many ReLU units two images agree, ``(images, images)``; all zero without ReLUs."""
        found: NDArray[np.float64] = self._read("kernel")
        return found

    @property
    def patterns(self) -> int:
        """The number of distinct on-off patterns over the batch among the ReLU units."""
        return int(self._read("patterns"))

    @property
    def maps(self) -> "tuple[Tensor, ...]":
        """The first image's output of every module, ``(channels, positions)``, in the order they ran."""
        found: tuple[Tensor, ...] = self._read("maps")
        return found

    @property
    def block_entropies(self) -> tuple[float, ...]:
        """The entropy of each primary block's feature spectrum, first to last; nan for constant features."""
        found: tuple[float, ...] = self._read("block_entropies")
        return found

    @property
    def block_gains(self) -> tuple[float, ...]:
        """See :func:`rayzc.passes.features.block_gains`."""
        found: tuple[float, ...] = self._read("block_gains")
        return found

    @property
    def gradients(self) -> "tuple[Tensor, ...]":
        """The gradient of the loss by each of the weights; zeros where the weight has no part in it."""
        found: tuple[Tensor, ...] = self._read("gradients")
        return found

    @property
    def half_gradients(self) -> "tuple[tuple[Tensor, ...], ...]":
        """The same for either half of the batch; fewer than two for a single image."""
        found: tuple[tuple[Tensor, ...], ...] = self._read("half_gradients")
        return found

    @property
    def saliencies(self) -> "tuple[Tensor, ...]":
        """Per layer ``(channels,)``: half the mean over images of (sum of activation times gradient)^2."""
        found: tuple[Tensor, ...] = self._read("saliencies")
        return found

    @property
    def curvatures(self) -> tuple[float, ...]:
        """Per layer w . (H g), for its weight w, its part of H g, Hessian H and gradient g of the loss."""
        found: tuple[float, ...] = self._read("curvatures")
        return found

    @property
    def jacobian(self) -> "Tensor":
        """The gradient of the summed outputs for each image, ``(images, inputs)``."""
        found: Tensor = self._read("jacobian")
        return found

    @property
    def flow(self) -> "tuple[tuple[Tensor, Tensor], ...]":
        """Pairs of absolute weight w and dR/dw per layer, R the summed outputs of the linearised network, float64."""
        found: tuple[tuple[Tensor, Tensor], ...] = self._read("flow")
        return found

    @property
    def flow_bn(self) -> "tuple[tuple[Tensor, Tensor], ...]":
        """As `flow`, with batch norm."""
        found: tuple[tuple[Tensor, Tensor], ...] = self._read("flow_bn")
        return found

    @property
    def gaussian(self) -> "GaussianAnswer":
        """See :class:`rayzc.passes.separate.GaussianAnswer`."""
        found: GaussianAnswer = self._read("gaussian")
        return found

    @property
    def network(self) -> "nn.Module":
        """A copy of the network in train mode on the device of the images, to do with as one likes."""
        if "network" not in self._proxy.needs:
            self._read("network")
        return deepcopy(self._subject.model).to(self._subject.device).requires_grad_(True)


def _copied(value: Any) -> Any:
    """A copy of a by-product: tensors cloned, tuples rebuilt."""
    if isinstance(value, tuple):
        return tuple(map(_copied, value))
    return value.clone() if hasattr(value, "clone") else deepcopy(value)
