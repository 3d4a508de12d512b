"""A training, epoch by epoch, that can be saved and resumed after each."""

import hashlib
import math
import time
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rayzc.errors import TrainingError, first_line
from rayzc.options import Recipe
from rayzc.passes.network import has_wide_convolutions
from rayzc.passes.outputs import logits_of
from rayzc.training.augment import augmented
from rayzc.training.chance import generator, reproducible
from rayzc.training.checkpoints import packed, unpacked
from rayzc.training.data import TrainingData
from rayzc.training.descent import Descent
from rayzc.training.paths import DropPath, auxiliary_head, droppable
from rayzc.training.results import Epoch, Trained

__all__ = ["Training"]

_EVALUATED_AT_ONCE = 512
"""Number of test images per forward pass; the same on every machine, as float32 sums depend on it."""

_SURPRISE = 3.0
"""Number of standard deviations above guessing from which a training counts as better than guessing."""


class Training:
    """A training, epoch by epoch. The end of its ``with`` block removes from the network what only training needs.

    Args:
        network: the network, trained in place; for all arguments, see :func:`train_network`.
        data: images and labels.
        recipe: how to train.
        seed: seed of all random numbers.
        device: device to train on.
        give_up: number of epochs after which a training that is no better than guessing ends.

    Attributes:
        history: the completed epochs.
        diverged: why the training is useless so far; None if it is not.

    Raises:
        TrainingError: the network has no parameters, or the recipe does not fit the images.
    """

    def __init__(
        self,
        network: nn.Module,
        data: TrainingData,
        recipe: Recipe,
        *,
        seed: int,
        device: str | torch.device | None = None,
        give_up: int | None = None,
    ) -> None:
        recipe.check_side(min(data.input_shape[-2:]))
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._on_gpu = self._device.type == "cuda"
        # On a CPU, channels-last is neither safe nor faster with few channels; with more, it saves a fifth of the time.
        self._last = self._on_gpu or has_wide_convolutions(network)
        layout = torch.channels_last if self._last else torch.contiguous_format
        self._network = network.to(self._device, memory_format=layout)  # type: ignore[call-overload]
        self._data = data.to(self._device)
        self._recipe, self._seed, self._give_up = recipe, seed, give_up
        self._guessing = data.guessing
        self.history: list[Epoch] = []
        self.diverged: str | None = None
        self._ended = False
        notes: list[str] = []
        dropped = droppable(self._network) if recipe.drop_path else ()
        if recipe.drop_path and not dropped:
            notes.append("no drop path: the network has no cells of operations")
        self._drop_path = DropPath(dropped)
        self._head = None
        if recipe.auxiliary:
            self._head = auxiliary_head(
                self._network, data.input_shape, data.classes, generator(seed, 0, "auxiliary head")
            )
            if self._head is None:
                notes.append("no auxiliary head: only networks of nasbench301 have one")
        heads = [self._head] if self._head is not None else []
        self._parameters = [
            parameter
            for module in (self._network, *heads)
            for parameter in module.parameters()
            if parameter.requires_grad
        ]
        if not self._parameters:
            raise TrainingError("the network has no parameters to train")
        self._descent = Descent(self._parameters, recipe, self._device)
        if recipe.precision == "mixed" and not self._descent.mixed:
            notes.append("not in mixed precision: it needs a GPU")
        self._notes = tuple(notes)
        count, batch = len(data.labels), min(recipe.batch_size, len(data.labels))
        # Batch normalisation needs two images, so a last batch of a single image is skipped.
        self._starts = [start for start in range(0, count, batch) if count - start > 1]
        self._batch = batch

    def __enter__(self) -> "Training":
        return self

    def __exit__(self, *error: object) -> None:
        self._drop_path.remove()
        if self._head is not None:
            self._head.remove()

    @property
    def finished(self) -> bool:
        """Whether the training has ended: after its last epoch, or early."""
        return self._ended or len(self.history) >= self._recipe.epochs

    def advance(self, evaluate: bool = True) -> Epoch:
        """Trains for an epoch.

        Args:
            evaluate: whether to measure the test accuracy afterwards.

        Raises:
            TrainingError: the network cannot be run on the data.
        """
        begun, number = time.perf_counter(), len(self.history) + 1
        try:
            loss, right = self._epoch(number - 1)
            accuracy = self._accuracy() if evaluate else None
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise TrainingError(
                f"the network cannot be trained on images {self._data.input_shape} with {self._data.classes} classes: "
                f"{first_line(error)}"
            ) from error
        before = self.history[-1].seconds if self.history else 0.0
        epoch = Epoch(number, loss, right, accuracy, before + time.perf_counter() - begun)
        self.history.append(epoch)
        self._judge(epoch)
        return epoch

    def result(self) -> Trained:
        """The result so far; measures the test accuracy if the last epoch did not."""
        last = self.history[-1] if self.history else None
        finite = last is not None and math.isfinite(last.loss)
        accuracy = last.accuracy if last is not None else None
        if accuracy is None:
            accuracy = self._accuracy()
        return Trained(
            accuracy=accuracy if finite or last is None else math.nan,
            training_accuracy=last.training_accuracy if last is not None else math.nan,
            losses=tuple(epoch.loss for epoch in self.history),
            seconds=last.seconds if last is not None else 0.0,
            epochs=len(self.history),
            diverged=self.diverged,
            finished=self.finished,
            notes=self._notes,
        )

    def saved(self) -> bytes:
        """A checkpoint: the state to resume from, with the weights under ``model``."""
        return packed(
            {
                "identity": self._identity(),
                "model": self._network.state_dict(),
                "head": self._head.state_dict() if self._head is not None else {},
                **self._descent.saved(),
                "result": asdict(self.result()),
                "history": [
                    [e.number, e.loss, e.training_accuracy, e.accuracy, e.seconds] for e in self.history
                ],
            }
        )

    def load(self, content: bytes, where: str | Path) -> None:
        """Restores a checkpoint of :meth:`saved`.

        Args:
            content: the checkpoint.
            where: its file, for messages.

        Raises:
            TrainingError: it is not a checkpoint, or one of another training.
        """
        state = unpacked(content, where)
        try:
            identity = state["identity"]
            if identity != self._identity():
                raise TrainingError(
                    f"{where} is the checkpoint of another training, with another network, data, recipe or seed: "
                    "give another file, or remove this one"
                )
            self._network.load_state_dict(state["model"])
            if self._head is not None:
                self._head.load_state_dict(state["head"])
            self._descent.load(state)
            self.history = [Epoch(*epoch) for epoch in state["history"]]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingError(
                f"{where} does not fit the network ({first_line(error)}): remove it to restart this training"
            ) from None
        if self.history:
            self._judge(self.history[-1])

    def _identity(self) -> str:
        """A hash of what a checkpoint must share with the training that resumes from it."""
        data = self._data
        shapes = [tuple(parameter.shape) for parameter in self._parameters]
        described = (
            self._seed,
            data.classes,
            tuple(data.images.shape),
            tuple(data.test_images.shape),
            shapes,
        )
        digest = hashlib.sha256(f"{self._recipe.to_document()}{described}".encode())
        for tensor in (data.labels, data.images[:1], data.images[-1:], data.test_labels):
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _judge(self, epoch: Epoch) -> None:
        """Notes whether the training has diverged, and whether it ends early."""
        if not math.isfinite(epoch.loss):
            self.diverged, self._ended = f"the loss is not finite after epoch {epoch.number}", True
            return
        done = epoch.number - self._recipe.warmup
        count = len(self._data.labels)
        chance = self._guessing + _SURPRISE * math.sqrt(self._guessing * (1 - self._guessing) / count)
        self.diverged = None
        if done > 0 and epoch.training_accuracy <= chance:
            self.diverged = (
                f"no better than guessing after epoch {epoch.number}: its training accuracy is "
                f"{epoch.training_accuracy:.3f}, and the share of the most common class is {self._guessing:.3f}"
            )
            self._ended = self._give_up is not None and done >= self._give_up

    def _epoch(self, number: int) -> tuple[float, float]:
        """Trains on all training images once; returns the mean loss and the training accuracy."""
        recipe, data = self._recipe, self._data
        order = torch.randperm(len(data.labels), generator=generator(self._seed, number, "order"))
        order = order.to(self._device)
        chance = generator(self._seed, number, "augmentation", self._device)
        self._drop_path.generator = generator(self._seed, number, "drop path", self._device)
        self._drop_path.probability = recipe.drop_path * number / recipe.epochs
        losses = torch.zeros((), device=self._device)
        right = torch.zeros((), dtype=torch.int64, device=self._device)
        shown = 0
        self._network.train()
        with reproducible(self._seed, number, self._device):
            for step, start in enumerate(self._starts):
                rows = order[start : start + self._batch]
                images, labels = data.images.index_select(0, rows), data.labels.index_select(0, rows)
                if recipe.augment:
                    images = augmented(images, recipe.augment, chance, recipe)
                logits, loss = self._loss(self._laid_out(images), labels)
                self._descent.step(loss, number + step / len(self._starts))
                losses += loss.detach() * len(rows)
                right += (logits.detach().argmax(1) == labels).sum()
                shown += len(rows)
        return float(losses) / shown, float(right) / shown

    def _loss(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the network, and its loss, including that of the auxiliary head."""
        smoothing = self._recipe.label_smoothing
        with self._descent.precision():
            logits = logits_of(self._network(images), len(images), self._data.classes)
            loss = cross_entropy(logits, labels, label_smoothing=smoothing)
            if self._head is not None:
                loss = loss + self._recipe.auxiliary * cross_entropy(
                    self._head(), labels, label_smoothing=smoothing
                )
        return logits, loss

    def _accuracy(self) -> float:
        """The test accuracy, in eval mode."""
        data, right = self._data, 0
        self._network.eval()
        with torch.inference_mode(), self._descent.precision():
            for start in range(0, len(data.test_labels), _EVALUATED_AT_ONCE):
                images = data.test_images[start : start + _EVALUATED_AT_ONCE]
                labels = data.test_labels[start : start + _EVALUATED_AT_ONCE]
                logits = logits_of(self._network(self._laid_out(images)), len(images), data.classes)
                right += int((logits.argmax(1) == labels).sum())
        return right / len(data.test_labels)

    def _laid_out(self, images: Tensor) -> Tensor:
        if self._last and images.dim() == 4:
            return images.contiguous(memory_format=torch.channels_last)
        return images
