"""The shared pass: one forward pass of the batch, and every backward pass that starts from its end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.errors import ProxyError
from rayzc.passes.codes import Codes
from rayzc.passes.derivatives import derivatives
from rayzc.passes.exchanges import RefuseBatchStatistics
from rayzc.passes.failures import is_out_of_memory, reason_of
from rayzc.passes.features import Blocks, Maps
from rayzc.passes.gains import Gains
from rayzc.passes.operations import Operations
from rayzc.passes.replica import LayoutRefusedError, Replica
from rayzc.passes.saliencies import Saliencies
from rayzc.passes.second_order import Backward, SecondOrder
from rayzc.passes.state import randomness_from
from rayzc.passes.subject import Subject

__all__ = ["BACKWARD", "FORWARD", "SharedPass"]

FORWARD = frozenset({"operations", "logits", "kernel", "patterns", "maps", "block_entropies"})
"""What the forward pass alone gives; no graph is kept for it."""

OF_LOSS = frozenset({"gradients", "saliencies", "curvatures", "half_gradients"})
OF_IMAGES = frozenset({"jacobian", "block_gains"})
BACKWARD = OF_LOSS | OF_IMAGES
"""What a backward pass gives. Half gradients come from it only where images do not influence each other."""


class _Recorder(Protocol):
    needs: frozenset[str]

    def hooks(self, model: nn.Module) -> Iterator[RemovableHandle]: ...

    def start(self, rows: int) -> None: ...

    def results(self) -> dict[str, Any]: ...


class SharedPass:
    """Runs the batch through the network, whole or in parts, and gathers by-products as they come.

    A stage that fails costs what it would have given; what the others give stands.

    Attributes:
        results: by-products by name.
        failures: the reason why a need was not met, by name.
    """

    def __init__(self, subject: Subject, needs: frozenset[str], size: int) -> None:
        """Plans the pass.

        Args:
            subject: what is measured.
            needs: a subset of :data:`FORWARD` and :data:`BACKWARD`.
            size: images to run at once; fewer than there are only where they do not influence each other.
        """
        self.subject = subject
        self.needs = needs
        self.results: dict[str, Any] = {}
        self.failures: dict[str, str] = {}
        images = len(subject.images)
        halves = [range(images // 2), range(images // 2, images)]
        wholes = halves if "half_gradients" in needs and images > 1 else [range(images)]
        self._parts = [
            [range(start, min(start + size, whole.stop)) for start in range(whole.start, whole.stop, size)]
            for whole in wholes
        ]
        self._split = sum(map(len, self._parts)) > 1
        self._replica = Replica(subject)
        self._weights = self._replica.differentiable() if needs & OF_LOSS else []
        self._saliencies = Saliencies(images, subject.layers)
        self._blocks = Blocks(needs)
        self._recorders: list[_Recorder] = [
            recorder
            for recorder in (Codes(images, needs), Maps(), self._blocks, Operations(), self._saliencies)
            if recorder.needs & needs
        ]
        self._jacobians: list[Tensor] = []
        self._gains = Gains(images, subject.seed)
        self._logits: list[Tensor] = []
        self._halves: list[list[Tensor]] = []

    def run(self) -> None:
        """Runs all parts.

        Raises:
            Exception: the forward pass failed, or a backward pass of a part ran out of memory.
        """
        randomness_from(self.subject.seed, self.subject.device)
        with ExitStack() as stack:
            for recorder in self._recorders:
                for handle in recorder.hooks(self.subject.model):
                    stack.callback(handle.remove)
            for part in self._parts:
                self._halves.append([torch.zeros_like(weight) for weight in self._weights])
                for images in part:
                    self._run_part(images)
        self._finish()
        if (
            self._split
            and "curvatures" in self.needs
            and not {"gradients", "curvatures"} & set(self.failures)
        ):
            with self._stage("curvatures"):
                self.results["curvatures"] = self._replica.per_layer(self._split_curvatures())

    def _run_part(self, images: range) -> None:
        self.subject.passes["forward"] += 1
        for recorder in self._recorders:
            recorder.start(len(images))
        shown = self.subject.laid_out(self.subject.images[images.start : images.stop])
        second_order = SecondOrder(self._weights) if "curvatures" in self.needs and not self._split else None
        if not self.needs & BACKWARD:
            with torch.no_grad(), self._mode(None):
                self._logits.append(self._replica.logits(shown))
            return
        shown.requires_grad_(bool(self.needs & OF_IMAGES))
        with self._mode(second_order):
            logits = self._replica.logits(shown)
        self._logits.append(logits.detach())
        if not self._split:
            self._finish_forward()
        self._backward(images, shown, logits, second_order)

    def _mode(self, second_order: SecondOrder | None) -> Any:
        if second_order is not None:
            return second_order
        return RefuseBatchStatistics() if self._split else nullcontext()

    def _backward(
        self, images: range, shown: Tensor, logits: Tensor, second_order: SecondOrder | None
    ) -> None:
        """The backward passes, those that need the least memory first; the last one frees the graph."""
        if "block_gains" in self.needs and self._wanted("block_gains"):
            with self._stage("block_gains"):
                self.subject.passes["block gains"] += 1
                self._gains.add(self._blocks.features, images)
        self._blocks.features = []
        if "jacobian" in self.needs and self._wanted("jacobian"):
            with self._stage("jacobian"):
                self.subject.passes["jacobian"] += 1
                if second_order is not None:
                    second_order.backward = Backward.IMAGES
                self._jacobians.append(_jacobian(logits, shown, keep=bool(self.needs & OF_LOSS)))
        if self.needs & OF_LOSS and self._wanted("gradients"):
            with self._stage("gradients", "saliencies", "curvatures", "half_gradients"):
                self._loss_backward(images, logits, second_order)

    def _wanted(self, need: str) -> bool:
        return need not in self.failures

    def _loss_backward(self, images: range, logits: Tensor, second_order: SecondOrder | None) -> None:
        labels = self._labels(images)
        loss = self.subject.loss(logits, labels) * (len(images) / len(self.subject.images))
        if not loss.requires_grad or not self._weights:
            return  # no weight has a part in the loss: all gradients are zero
        self.subject.passes["backward"] += 1
        self._saliencies.listening = True
        if second_order is not None:
            second_order.backward = Backward.WEIGHTS
        gradients = self._gradients(loss, second_order)
        self._saliencies.listening = False
        for total, gradient in zip(self._halves[-1], gradients, strict=True):
            if gradient is not None:
                total += gradient.detach()
        if second_order is not None and "curvatures" not in self.failures:
            with self._stage("curvatures"):
                self.subject.passes["curvature"] += 1
                shares = second_order.curvatures(gradients)
                self.results["curvatures"] = self._replica.per_layer(shares)

    def _gradients(self, loss: Tensor, second_order: SecondOrder | None) -> Sequence[Tensor | None]:
        by = self._weights
        if second_order is None:
            return torch.autograd.grad(loss, by, allow_unused=True)
        try:
            return torch.autograd.grad(loss, by, create_graph=True, allow_unused=True)
        except Exception as error:
            if not is_out_of_memory(error) or not self.subject.coupled:
                raise
            # Half of the saliencies have been recorded, too.
            self.failures |= dict.fromkeys(("curvatures", "saliencies"), reason_of(error))
            self._saliencies.listening = False
        return torch.autograd.grad(loss, by, allow_unused=True)

    def _labels(self, images: range) -> Tensor:
        if self.subject.labels is None:
            raise ProxyError("no labels were given, and the loss needs them")
        return self.subject.labels[images.start : images.stop]

    @contextmanager
    def _stage(self, *needs: str) -> Iterator[None]:
        """A failure within it is that of these needs, and no more, unless smaller parts would mend it."""
        try:
            yield
        except LayoutRefusedError:
            raise
        except Exception as error:
            if is_out_of_memory(error) and not self.subject.coupled:
                raise
            for need in needs:
                if need in self.needs and need not in self.results:
                    self.failures.setdefault(need, reason_of(error))
            self.failures.setdefault(needs[0], reason_of(error))

    def _split_curvatures(self) -> list[float]:
        """Sums w . (H g) over the parts, each run anew: g is known only when all have been through."""
        gradients = self._total()
        shares = [0.0] * len(self._weights)
        for images in (images for part in self._parts for images in part):
            second_order = SecondOrder(self._weights)
            shown = self.subject.laid_out(self.subject.images[images.start : images.stop])
            self.subject.passes["forward"] += 1
            self.subject.passes["curvature"] += 1
            with second_order:
                logits = self._replica.logits(shown)
            loss = self.subject.loss(logits, self._labels(images)) * (len(images) / len(self.subject.images))
            if loss.requires_grad:
                second_order.backward = Backward.WEIGHTS
                found = torch.autograd.grad(loss, self._weights, create_graph=True, allow_unused=True)
                for index, share in enumerate(second_order.curvatures(found, gradients)):
                    shares[index] += share
        return shares

    def _total(self) -> list[Tensor]:
        return [torch.stack(halves).sum(0) for halves in zip(*self._halves, strict=True)]

    def _finish_forward(self) -> None:
        for recorder in self._recorders:
            if recorder is not self._saliencies:
                self.results.update(recorder.results())
        logits = torch.cat(self._logits)
        self.results["logits"] = logits
        self.results["classes"] = logits.shape[-1]

    def _finish(self) -> None:
        images = len(self.subject.images)
        if "classes" not in self.results:
            self._finish_forward()
        gathered: dict[str, Callable[[], Any]] = {
            "jacobian": lambda: torch.cat(self._jacobians),
            "block_gains": self._gains.result,
            "gradients": lambda: self._replica.per_layer(self._total()),
            "saliencies": lambda: self._saliencies.results()["saliencies"],
            "curvatures": lambda: self.results.get("curvatures", (0.0,) * len(self.subject.layers)),
            "half_gradients": lambda: tuple(
                self._replica.per_layer([images / sum(map(len, part)) * gradient for gradient in half])
                for part, half in zip(self._parts, self._halves, strict=True)
            ),
        }
        for need, gather in gathered.items():
            if need in self.needs and need not in self.failures:
                self.results[need] = gather()


def _jacobian(logits: Tensor, images: Tensor, *, keep: bool) -> Tensor:
    """The gradient of the summed outputs by each image, ``(images, inputs)``; zero where there is no way back."""
    return derivatives(logits.sum(), [images], keep=keep)[0].detach().flatten(1)
