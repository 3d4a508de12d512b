"""The stages of the shared pass: each gathers one by-product, or several that belong together.

The shared pass sends the batch through the network once, and each stage gathers its by-products: by hooks during
the forward pass, or by a backward pass from its end. All stages have the same interface, so the pass need not know what
they gather. A stage that fails costs its own by-products and those of the stages that build on it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.errors import ProxyError
from rayzc.passes.replica import Replica
from rayzc.passes.second_order import SecondOrder
from rayzc.passes.subject import Subject
from rayzc.passes.twice_differentiable import Purpose
from rayzc.passes.watching import Listener

__all__ = ["Batch", "Part", "Stage", "Way"]


class Way(Enum):
    """The direction in which a stage sends signals through the network, which says what the pass must keep."""

    FORWARD = "forward; no graph is kept"
    IMAGES = "from the logits back towards the images, along the graph"
    LOSS = "from the loss back to the weights, along the graph"


@dataclass
class Part:
    """Some images of the batch, which go through the network together.

    Attributes:
        images: which images of the batch these are.
        half: which half of the batch they belong to, where it is run in halves, else 0.
        shown: the images ``(images, ...)`` as the network saw them.
        logits: ``(images, classes)``, with their graph if a stage needs it.
        second_order: the mode that gives the gradients a graph; None without one.
        gradients: of the loss by each weight, None for a weight without a part in it; empty until they are taken.
    """

    images: range
    half: int
    shown: Tensor
    logits: Tensor
    second_order: SecondOrder | None = None
    gradients: Sequence[Tensor | None] = ()


@dataclass(frozen=True)
class Batch:
    """What all stages of a pass share: the batch, how it is cut into parts, and the network it goes through.

    Attributes:
        subject: the network and the images.
        needs: the by-products that the pass is to give.
        replica: the network's weights, which the stages share.
        weights: those that the loss is differentiated by, each once; empty if no stage needs the loss.
        halves: the images of each part, by the halves of the batch; a single half if it is not halved.
        purpose: what the backward pass that is running is to compute; a stage sets it before it starts one.
        results: the by-products of the stages that are done, by name.
    """

    subject: Subject
    needs: frozenset[str]
    replica: Replica
    weights: list[Tensor]
    halves: tuple[tuple[range, ...], ...]
    purpose: Purpose = field(default_factory=Purpose)
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """The number of images in the batch."""
        return len(self.subject.images)

    @property
    def split(self) -> bool:
        """Whether the batch goes through in several parts."""
        return sum(map(len, self.halves)) > 1

    def shown(self, images: range) -> Tensor:
        """Some of the images, in the memory layout of the measurement."""
        return self.subject.laid_out(self.subject.images[images.start : images.stop])

    def loss(self, images: range, logits: Tensor) -> Tensor:
        """The share that some of the images have in the mean loss of the batch.

        Raises:
            ProxyError: no labels were given.
        """
        if self.subject.labels is None:
            raise ProxyError("no labels were given, and the loss needs them")
        labels = self.subject.labels[images.start : images.stop]
        return self.subject.loss_of(logits, labels) * (len(images) / self.images)


class Stage:
    """Gathers by-products while a batch goes through the network. By default, each step does nothing.

    For each part of the batch the pass registers the :meth:`hooks`, runs the network forward, removes the hooks and
    calls :meth:`run`; after the last part it calls :meth:`results`.

    Attributes:
        way: the direction in which the stage sends signals.
        reads: the stage whose by-products this one builds on, which therefore runs before it, needed or not.
    """

    way: ClassVar[Way] = Way.FORWARD
    reads: ClassVar["type[Stage] | None"] = None

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Registers what listens to the network while some of the images go forward."""
        return iter(())

    def listener(self) -> Listener | None:
        """Returns what listens to the functions that the network calls while some of the images go forward."""
        return None

    def run(self, part: Part) -> None:
        """Takes what the stage needs of a part that has gone forward."""

    def results(self) -> dict[str, Any]:
        """Returns the by-products by name, once all parts have gone through."""
        return {}
