"""The subject of a measurement: a network and a batch of images."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rayzc.errors import ProxyError
from rayzc.passes.network import (
    Layer,
    class_count,
    couples_images,
    has_loose_weights,
    has_wide_convolutions,
    is_sequence_first,
    layers,
    likely_classes,
)
from rayzc.passes.wrappers import plain_network

__all__ = ["Subject", "subject_of"]

Loss = Callable[[Tensor, Tensor], Tensor]

SPACES = ("rayzc.spaces.nasbench", "rayzc.spaces.transbench101.")
"""Where the networks of the search spaces with tables are defined."""


@dataclass(frozen=True)
class Subject:
    """A network and a batch of images for it.

    Attributes:
        model: the network; only looked at.
        images: ``(images, ...)`` float32, on `device`.
        labels: ``(images,)`` on `device`, or None.
        loss: of logits and labels, the mean over the images.
        seed: all randomness comes from it.
        device: where the passes run.
        classes: the number of classes, where it is known.
        layers: its Conv2d and Linear layers.
        coupled: whether an image's output depends on the rest of its batch, so that no batch can be split.
        channels_last: whether images and convolutions are kept channels-last in memory, which changes nothing
            but the order in which float32 sums are taken.
        least_classes: how many classes the labels need.
        widths: the number of classes if it was given, or else the numbers that are likely.
        tabulated: whether it is a network of a search space with published tables, which are followed to the last bit.
        loose: whether it has matrices outside of layers, so that a survey has to show what they are for.
        sequence_first: whether it has layers in which tokens come before the images.
        copies: whether what is kept of the forward pass is copied, as the network overwrites it.
        one_precision: whether the casts in the network's code are left out.
        passes: counts the passes as they are run, by kind.
        remarks: what a reader of the scores should know, each once; a dictionary keeps their order.
    """

    model: nn.Module
    images: Tensor
    labels: Tensor | None
    loss: Loss
    seed: int
    device: torch.device
    classes: int | None
    layers: tuple[Layer, ...]
    coupled: bool
    channels_last: bool
    least_classes: int = 1
    widths: tuple[int, ...] = ()
    tabulated: bool = False
    loose: bool = False
    sequence_first: bool = False
    copies: bool = False
    one_precision: bool = False
    passes: Counter[str] = field(default_factory=Counter)
    remarks: dict[str, None] = field(default_factory=dict)

    def loss_of(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of some images.

        Raises:
            ProxyError: a label has no output.
        """
        if self.loss is nn.functional.cross_entropy and self.least_classes > logits.shape[1]:
            raise ProxyError(
                f"label {self.least_classes - 1} has no output, as the network has {logits.shape[1]}: "
                f"give labels below {logits.shape[1]} (for random ones, --classes {logits.shape[1]})"
            )
        if labels.numel() == logits.numel() and self.loss is not nn.functional.cross_entropy:
            # A column beside a row of numbers would be taken for a matrix of all pairs.
            logits = logits.reshape(labels.shape)
        return self.loss(logits, labels)

    def laid_out(self, images: Tensor) -> Tensor:
        """The images in the memory layout of the measurement."""
        if self.channels_last and images.dim() == 4:
            return images.contiguous(memory_format=torch.channels_last)
        return images.contiguous()


def subject_of(
    model: nn.Module,
    images: Tensor,
    labels: Tensor | None,
    *,
    loss: Loss,
    seed: int,
    device: str | torch.device | None,
    classes: int | None,
    channels_last: bool,
    coupled: bool = False,
    copies: bool = False,
    one_precision: bool = False,
) -> Subject:
    """Checks a network and its batch, and moves the batch to the device.

    Raises:
        ProxyError: the network, the images or the labels cannot be used, or the device does not exist.
    """
    if not isinstance(model, nn.Module):
        raise ProxyError(f"the network is a {type(model).__name__}, not a torch.nn.Module")
    # Networks of rayzc's own have nothing to look for, and are measured by the thousand.
    tabulated = type(model).__module__.startswith(SPACES)
    if not tabulated:
        model = plain_network(model)
        tabulated = type(model).__module__.startswith(SPACES)
    if not isinstance(images, Tensor) or not images.is_floating_point() or images.dim() < 2:
        raise ProxyError("images must be a float tensor (images, channels, height, width)")
    if not len(images):
        raise ProxyError("the batch has no images: give it at least one")
    if not bool(torch.isfinite(images).all()):
        raise ProxyError("the images contain nan or infinity, and every score would be nan")
    if labels is not None:
        labels = class_labels(labels, len(images), own_loss=loss is not nn.functional.cross_entropy)
    place = _device(device)
    indices = labels is not None and labels.dtype == torch.int64 and labels.numel()
    given = () if classes is None else (classes,)
    return Subject(
        model=model,
        images=_usable(images).to(place, torch.float32),
        labels=None if labels is None else _usable(labels).to(place),
        loss=loss,
        seed=seed,
        device=place,
        classes=class_count(model, labels) if classes is None else classes,
        layers=layers(model),
        coupled=coupled or couples_images(model),
        # On a GPU it makes no difference.
        channels_last=channels_last and place.type == "cpu" and has_wide_convolutions(model),
        least_classes=int(labels.max()) + 1 if labels is not None and indices else 1,
        widths=given or likely_classes(model),
        tabulated=tabulated,
        sequence_first=not tabulated and is_sequence_first(model),
        loose=not tabulated and has_loose_weights(model),
        copies=copies,
        one_precision=one_precision,
    )


def class_labels(labels: Tensor, images: int, *, own_loss: bool) -> Tensor:
    """Labels as cross-entropy takes them: int64 of any integers, also of one column or one-hot.

    Args:
        labels: as they were given.
        images: how many images there are.
        own_loss: whether the loss is the caller's own, which takes the labels as they are.

    Raises:
        ProxyError: they do not fit the images, or are numbers rather than classes.
    """
    if not isinstance(labels, Tensor) or labels.dim() < 1:
        raise ProxyError("labels must be a tensor (images,) of classes")
    if len(labels) != images:
        raise ProxyError(f"there are {images} images but {len(labels)} labels: give each image one label")
    if own_loss:
        return labels
    column = labels.dim() == 2 and labels.shape[1] == 1
    if labels.is_floating_point():
        if labels.dim() == 1 or column:
            raise ProxyError(
                f"labels are {str(labels.dtype).removeprefix('torch.')} {tuple(labels.shape)}, and cross-entropy takes "
                "classes: give them as integers (labels.long().flatten()), or a loss for numbers "
                "(loss=torch.nn.functional.mse_loss)"
            )
        return labels
    labels = labels.long()
    if column:
        return labels.flatten()
    if labels.dim() == 2 and bool(((labels == 0) | (labels == 1)).all() & (labels.sum(1) == 1).all()):
        return labels.argmax(1)
    return labels


def _usable(tensor: Tensor) -> Tensor:
    """The tensor without its history; one made in inference mode cannot be differentiated and is copied."""
    return tensor.clone() if tensor.is_inference() else tensor.detach()


def _device(device: str | torch.device | None) -> torch.device:
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ProxyError(f"there is no device '{device}': use cpu, cuda or cuda:1") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ProxyError(f"device '{device}' is not available, as torch finds no GPU: use cpu")
    return found
