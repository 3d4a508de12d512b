"""The subject of a measurement: a network and a batch of images."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rayzc.errors import ProxyError
from rayzc.passes.network import Layer, class_count, couples_images, has_wide_convolutions, layers

__all__ = ["Subject", "subject_of"]

Loss = Callable[[Tensor, Tensor], Tensor]


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
        passes: counts the passes as they are run, by kind.
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
    passes: Counter[str] = field(default_factory=Counter)

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
) -> Subject:
    """Checks a network and its batch, and moves the batch to the device.

    Raises:
        ProxyError: the network, the images or the labels cannot be used, or the device does not exist.
    """
    if not isinstance(model, nn.Module):
        raise ProxyError(f"the network is a {type(model).__name__}, not a torch.nn.Module")
    tensors = [*model.parameters(), *model.buffers()]
    if any(nn.parameter.is_lazy(tensor) for tensor in tensors):
        raise ProxyError("the network has lazy layers without weights: run it on a batch once, then measure")
    if any(tensor.is_meta for tensor in tensors):
        raise ProxyError("the network is on the meta device, without weights: build it on the cpu")
    if not isinstance(images, Tensor) or not images.is_floating_point() or images.dim() < 2:
        raise ProxyError("images must be a float tensor (images, channels, height, width)")
    if not len(images):
        raise ProxyError("the batch has no images: give it at least one")
    if not bool(torch.isfinite(images).all()):
        raise ProxyError("the images contain nan or infinity, and every score would be nan")
    if labels is not None and len(labels) != len(images):
        raise ProxyError(
            f"there are {len(images)} images but {len(labels)} labels: give each image one label"
        )
    place = _device(device)
    return Subject(
        model=model,
        images=_usable(images).to(place, torch.float32),
        labels=None if labels is None else _usable(labels).to(place),
        loss=loss,
        seed=seed,
        device=place,
        classes=class_count(model, labels) if classes is None else classes,
        layers=layers(model),
        coupled=couples_images(model),
        # On a GPU it makes no difference.
        channels_last=channels_last and place.type == "cpu" and has_wide_convolutions(model),
    )


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
