"""Training one network: epochs of stochastic gradient descent, the same from the same seed, with or without breaks."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rayzc.errors import TrainingError, first_line
from rayzc.options import Recipe
from rayzc.passes.network import has_wide_convolutions, logits_of
from rayzc.training.augment import augmented
from rayzc.training.checkpoints import packed, read_checkpoint, unpacked, write_checkpoint
from rayzc.training.data import TrainingData
from rayzc.training.paths import DropPath, auxiliary_head, droppable
from rayzc.training.results import Trained

__all__ = ["Epoch", "Training", "learning_rate", "train_network", "use_resources"]

_EVALUATED_AT_ONCE = 512
"""Test images in a forward pass: the same on every machine, for sums in float32 depend on it."""

_SURPRISE = 3.0
"""Standard deviations above guessing from which on a training is better than that."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch came to.

    Attributes:
        number: epochs done, from 1.
        loss: mean loss of its images.
        training_accuracy: share of its images that were classified correctly, as they were shown.
        accuracy: share of the test images likewise, after it; None where that was not asked for.
        seconds: how long all epochs so far have taken.
    """

    number: int
    loss: float
    training_accuracy: float
    accuracy: float | None
    seconds: float


def train_network(
    network: nn.Module,
    data: TrainingData,
    recipe: Recipe,
    *,
    seed: int,
    device: str | torch.device | None = None,
    checkpoint: Path | str | None = None,
    report: Callable[[Epoch], None] | None = None,
    stop: Callable[[], bool] | None = None,
    give_up: int | None = None,
) -> Trained:
    """Trains a network, in place, and tests it.

    With a checkpoint, the training begins where an earlier one with the same arguments ended, and comes to the same
    result on the same kind of device with the same number of threads. The network is left on the device, in eval mode.

    Args:
        network: with weights to begin with.
        data: what it is shown.
        recipe: how it is trained.
        seed: of the order of images, of augmentation, of drop path and dropout.
        device: where; by default a GPU if there is one.
        checkpoint: file to keep the training in after every epoch.
        report: called after every epoch, once it is kept; the test accuracy is measured for it.
        stop: asked after every epoch whether to stop, to be continued.
        give_up: epochs, those of the warm-up not counted, after which a training that is no better than guessing ends.

    Raises:
        TrainingError: the network cannot be run on the data, the recipe does not suit the images, or the checkpoint is
            that of another training or cannot be read or written.
    """
    training = Training(network, data, recipe, seed=seed, device=device, give_up=give_up)
    with training:
        path = None if checkpoint is None else Path(checkpoint)
        kept = None if path is None else read_checkpoint(path)
        if kept is not None and path is not None:
            training.load(kept, path)
        while not training.finished and not (stop is not None and training.history and stop()):
            training.advance(evaluate=report is not None or path is not None)
            if path is not None:
                write_checkpoint(path, training.saved())
            if report is not None:
                report(training.history[-1])
        return training.result()


class Training:
    """A training as it goes on, epoch by epoch. Leave its ``with`` block to leave the network as it was but trained.

    Args:
        network: see :func:`train_network`, as all that follows.
        data: what it is shown.
        recipe: how it is trained.
        seed: of all randomness.
        device: where.
        give_up: when to end a useless training.

    Attributes:
        history: the epochs that are done.
        diverged: why the training is of no use so far, or None.
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
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._on_gpu = self._device.type == "cuda"
        # With few channels, channels-last is neither safe nor faster on a CPU; with more, it takes a fifth less time.
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
                self._network, data.input_shape, data.classes, self._generator("auxiliary head", 0, "cpu")
            )
            if self._head is None:
                notes.append("no auxiliary head: the network's search space has no place for it")
        self._mixed = recipe.precision == "mixed" and self._on_gpu
        if recipe.precision == "mixed" and not self._on_gpu:
            notes.append("not in mixed precision: that takes a GPU")
        self._half = torch.bfloat16 if self._mixed and torch.cuda.is_bf16_supported() else torch.float16
        self._notes = tuple(notes)
        heads = [self._head] if self._head is not None else []
        self._parameters = [
            parameter
            for module in (self._network, *heads)
            for parameter in module.parameters()
            if parameter.requires_grad
        ]
        if not self._parameters:
            raise TrainingError("the network has no parameters to train")
        self._optimiser = torch.optim.SGD(
            self._parameters,
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=recipe.nesterov,
            fused=all(parameter.is_floating_point() for parameter in self._parameters),
        )
        self._scaler = torch.amp.GradScaler(
            self._device.type, enabled=self._mixed and self._half is torch.float16
        )
        count, batch = len(data.labels), min(recipe.batch_size, len(data.labels))
        # Batch normalisation cannot do with a single image, so that one is left for another epoch.
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
        """Whether there is nothing left to do."""
        return self._ended or len(self.history) >= self._recipe.epochs

    def advance(self, evaluate: bool = True) -> Epoch:
        """Trains for an epoch, and tests the network if that is asked for.

        Raises:
            TrainingError: the network cannot be run on the data, or the recipe does not suit the images.
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
        """What the training has come to so far; tests the network where that was not done after the last epoch."""
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
        """All that the training needs to go on; the weights are under ``model``."""
        return packed(
            {
                "identity": self._identity(),
                "model": self._network.state_dict(),
                "head": self._head.state_dict() if self._head is not None else {},
                "optimiser": self._optimiser.state_dict(),
                "scaler": self._scaler.state_dict(),
                "result": asdict(self.result()),
                "history": [
                    [e.number, e.loss, e.training_accuracy, e.accuracy, e.seconds] for e in self.history
                ],
            }
        )

    def load(self, content: bytes, where: str | Path) -> None:
        """Goes on from what :meth:`saved` gave.

        Args:
            content: the checkpoint.
            where: its file, for messages.

        Raises:
            TrainingError: it is not a checkpoint, or that of another training.
        """
        state = unpacked(content, where)
        try:
            identity = state["identity"]
            if identity != self._identity():
                raise TrainingError(
                    f"{where} is the checkpoint of another training (of another network, data, recipe or seed): "
                    "name another file, or remove it"
                )
            self._network.load_state_dict(state["model"])
            if self._head is not None:
                self._head.load_state_dict(state["head"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._scaler.load_state_dict(state["scaler"])
            self.history = [Epoch(*epoch) for epoch in state["history"]]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingError(
                f"{where} does not fit the network ({first_line(error)}): remove it to begin this training again"
            ) from None
        if self.history:
            self._judge(self.history[-1])

    def _identity(self) -> str:
        """What a checkpoint must share with the training that goes on from it."""
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
        """Notes whether the training is of any use."""
        if not math.isfinite(epoch.loss):
            self.diverged, self._ended = f"the loss is not finite after epoch {epoch.number}", True
            return
        done = epoch.number - self._recipe.warmup
        count = len(self._data.labels)
        chance = self._guessing + _SURPRISE * math.sqrt(self._guessing * (1 - self._guessing) / count)
        self.diverged = None
        if done > 0 and epoch.training_accuracy <= chance:
            self.diverged = (
                f"no better than guessing after epoch {epoch.number}: {epoch.training_accuracy:.3f} of the training "
                f"images are right, and {self._guessing:.3f} are of the most common class"
            )
            self._ended = self._give_up is not None and done >= self._give_up

    def _epoch(self, number: int) -> tuple[float, float]:
        """Shows all training images once; returns the mean loss, and the share that was classified correctly."""
        recipe, data = self._recipe, self._data
        order = torch.randperm(len(data.labels), generator=self._generator("order", number, "cpu"))
        order = order.to(self._device)
        chance = self._generator("augmentation", number, self._device)
        self._drop_path.generator = self._generator("drop path", number, self._device)
        self._drop_path.probability = recipe.drop_path * number / recipe.epochs
        losses = torch.zeros((), device=self._device)
        right = torch.zeros((), dtype=torch.int64, device=self._device)
        shown = 0
        self._network.train()
        with self._reproducible(number):
            for step, start in enumerate(self._starts):
                rows = order[start : start + self._batch]
                images, labels = data.images.index_select(0, rows), data.labels.index_select(0, rows)
                if recipe.augment:
                    images = augmented(images, recipe.augment, chance, recipe)
                logits, loss = self._loss(self._laid_out(images), labels)
                self._descend(loss, number + step / len(self._starts))
                losses += loss.detach() * len(rows)
                right += (logits.detach().argmax(1) == labels).sum()
                shown += len(rows)
        return float(losses) / shown, float(right) / shown

    def _loss(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the network, and the loss with that of the auxiliary head."""
        smoothing = self._recipe.label_smoothing
        with self._autocast():
            logits = logits_of(self._network(images), len(images), self._data.classes)
            loss = cross_entropy(logits, labels, label_smoothing=smoothing)
            if self._head is not None:
                loss = loss + self._recipe.auxiliary * cross_entropy(
                    self._head(), labels, label_smoothing=smoothing
                )
        return logits, loss

    def _descend(self, loss: Tensor, epoch: float) -> None:
        """Takes a step down the gradient, at a moment that is given in epochs."""
        self._optimiser.zero_grad(set_to_none=True)
        self._optimiser.param_groups[0]["lr"] = learning_rate(self._recipe, epoch)
        if not self._scaler.is_enabled():
            loss.backward()  # type: ignore[no-untyped-call]
            if self._recipe.clip:
                nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip)
            self._optimiser.step()
            return
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self._recipe.clip:
            self._scaler.unscale_(self._optimiser)
            nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip)
        self._scaler.step(self._optimiser)
        self._scaler.update()

    def _accuracy(self) -> float:
        """The share of the test images that are classified correctly, in eval mode."""
        data, right = self._data, 0
        self._network.eval()
        with torch.inference_mode(), self._autocast():
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

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._device.type, self._half) if self._mixed else nullcontext()

    def _generator(self, purpose: str, epoch: int, device: torch.device | str) -> torch.Generator:
        """Randomness for a purpose in an epoch: all that precedes is known from the seed, so none has to be kept."""
        return torch.Generator(device).manual_seed(self._drawn(purpose, epoch))

    def _drawn(self, purpose: str, epoch: int) -> int:
        digest = hashlib.sha256(f"{self._seed}/{epoch}/{purpose}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    @contextmanager
    def _reproducible(self, epoch: int) -> Iterator[None]:
        """Has dropout and the like draw from seed and epoch, and cuDNN compute the same each time."""
        devices = [self._device] if self._on_gpu else []
        with torch.random.fork_rng(devices=devices):
            seed = self._drawn("dropout", epoch)
            torch.default_generator.manual_seed(seed)
            if not self._on_gpu:
                yield
                return
            torch.cuda.manual_seed(seed)
            with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
                yield


def use_resources(device: str, threads: int, memory_share: float) -> None:
    """Has this process compute with so many threads, and a share of a GPU's memory, from now on.

    The order in which float32 sums are taken, and so the last digits of all results, depends on the number of threads.
    """
    torch.set_num_threads(threads)
    if torch.device(device).type == "cuda" and memory_share < 1:
        torch.cuda.set_per_process_memory_fraction(memory_share)


def learning_rate(recipe: Recipe, epoch: float) -> float:
    """The learning rate at a moment: it rises linearly in the warm-up, and then falls to 0 along a cosine.

    Args:
        recipe: how long, how high.
        epoch: the moment, in epochs since the beginning; steps lie at fractions.
    """
    if epoch < recipe.warmup:
        return recipe.learning_rate * epoch / recipe.warmup
    share = (epoch - recipe.warmup) / (recipe.epochs - recipe.warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
