"""A private copy of a network's weights, to run the network on."""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rayzc.passes.network import logits_of
from rayzc.passes.subject import Subject

__all__ = ["LayoutRefusedError", "Replica"]


class LayoutRefusedError(Exception):
    """The network's code insists on contiguous images: it calls ``view`` on an activation."""


class Replica:
    """A network's weights and buffers, copied once, and the network run on the copies.

    The network's own tensors are exchanged for the copies only while it runs, so its weights, buffers,
    gradients and ``requires_grad`` flags stay as they are, whatever happens.

    Attributes:
        parameters: the copies by name. No gradients are recorded unless :meth:`differentiable` asks for it.
        buffers: likewise.
    """

    def __init__(self, subject: Subject, dtype: torch.dtype = torch.float32) -> None:
        self.subject = subject
        self.parameters = {
            name: self._copy(parameter, dtype) for name, parameter in subject.model.named_parameters()
        }
        self.buffers = {name: self._copy(buffer, dtype) for name, buffer in subject.model.named_buffers()}

    def _copy(self, tensor: Tensor, dtype: torch.dtype) -> Tensor:
        kind = dtype if tensor.is_floating_point() else tensor.dtype
        layout = torch.preserve_format
        if self.subject.channels_last and tensor.dim() == 4:
            layout = torch.channels_last
        return tensor.detach().to(self.subject.device, kind, copy=True, memory_format=layout)

    @property
    def weights(self) -> list[Tensor]:
        """The weight of each of the subject's layers; tied layers share one."""
        return [self.parameters[layer.weight] for layer in self.subject.layers]

    def differentiable(self) -> list[Tensor]:
        """Records gradients for the layers' weights from now on; gives these weights, each once."""
        unique = list(dict.fromkeys(layer.weight for layer in self.subject.layers))
        return [self.parameters[name].requires_grad_() for name in unique]

    def per_layer(self, values: list[Any]) -> tuple[Any, ...]:
        """Hands values of the weights, each once, to the layers that use them."""
        unique = dict.fromkeys(layer.weight for layer in self.subject.layers)
        of_weight = dict(zip(unique, values, strict=True))
        return tuple(of_weight[layer.weight] for layer in self.subject.layers)

    def logits(self, images: Tensor) -> Tensor:
        """Runs the network.

        Raises:
            LayoutRefusedError: it does not take channels-last images.
        """
        return logits_of(self._run(self.subject.model, "", images), len(images), self.subject.classes)

    def features(self, images: Tensor) -> Tensor:
        """Runs the network's ``forward_features`` (see timm), which it must have."""
        output = self._run(_Features(self.subject.model), "model.", images)
        return output if isinstance(output, Tensor) else next(iter(output))

    def _run(self, module: nn.Module, prefix: str, images: Tensor) -> Any:
        tensors = {prefix + name: tensor for name, tensor in {**self.parameters, **self.buffers}.items()}
        try:
            return functional_call(module, tensors, (images,))
        except RuntimeError as error:
            if self.subject.channels_last and "view size is not compatible" in str(error):
                raise LayoutRefusedError from error
            raise


class _Features(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Any:
        return cast(Callable[[Tensor], Any], self.model.forward_features)(images)
