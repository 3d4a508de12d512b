"""Running and differentiating a network on a private copy of its weights, which leaves the network unchanged."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from rayzc.errors import ProxyError
from rayzc.passes.neutral import in_one_precision
from rayzc.passes.outputs import as_columns, taken_from
from rayzc.passes.results import is_out_of_memory
from rayzc.passes.subject import Subject

__all__ = [
    "CoupledError",
    "LayoutRefusedError",
    "OverwrittenError",
    "PrecisionError",
    "Replica",
    "RestartError",
    "derivatives",
    "random_states",
    "randomness_from",
    "untouched",
]


class RestartError(Exception):
    """The network has to be measured from the start, in another way.

    Attributes:
        settings: fields of :class:`~rayzc.passes.subject.Subject` that must be different.
    """

    settings: ClassVar[Mapping[str, bool]] = {}


class LayoutRefusedError(RestartError):
    """The network's code insists on contiguous images: it calls ``view`` on an activation."""

    settings: ClassVar = {"channels_last": False}


class PrecisionError(RestartError):
    """The network's code casts to a precision other than that of the measurement."""

    settings: ClassVar = {"one_precision": True}


class CoupledError(RestartError):
    """The network's code couples the images of a batch, or draws random numbers: halves are another measurement."""

    settings: ClassVar = {"coupled": True}


class OverwrittenError(RestartError):
    """The network's code works in place on what was kept."""

    settings: ClassVar = {"copies": True}


class Replica:
    """A network's weights and buffers, copied once, and the network run on the copies.

    The network's own tensors are exchanged for the copies only while it runs, so its weights, buffers,
    gradients and ``requires_grad`` flags stay as they are, whatever happens.

    Attributes:
        parameters: the copies by name. No gradients are recorded unless :meth:`differentiable` is called.
        buffers: likewise.
    """

    def __init__(self, subject: Subject, dtype: torch.dtype = torch.float32) -> None:
        self.subject = subject
        self._dtype = dtype
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
        """Records gradients for the layers' weights from now on; returns these weights, each once."""
        unique = list(dict.fromkeys(layer.weight for layer in self.subject.layers))
        return [self.parameters[name].requires_grad_() for name in unique]

    def per_layer(self, values: list[Any]) -> tuple[Any, ...]:
        """Maps values of the weights, each once, to the layers that use them."""
        unique = dict.fromkeys(layer.weight for layer in self.subject.layers)
        of_weight = dict(zip(unique, values, strict=True))
        return tuple(of_weight[layer.weight] for layer in self.subject.layers)

    def per_weight(self, values: Sequence[Any]) -> list[Any]:
        """Maps values of the layers back to their weights, each once."""
        return list(dict(zip((layer.weight for layer in self.subject.layers), values, strict=True)).values())

    def logits(self, images: Tensor) -> Tensor:
        """Runs the network, and takes the logits from its output by the rule of :mod:`rayzc.passes.outputs`.

        Raises:
            ProxyError: it returned none, or failed, with a hint.
            RestartError: it has to be run in another way.
        """
        subject = self.subject
        output = self._run(subject.model, "", images)
        logits, guessed = taken_from(output, len(images), subject.widths, subject.least_classes)
        logits, averaged = as_columns(logits, subject.labels, subject.widths)
        subject.remarks.update(dict.fromkeys(filter(None, (guessed, averaged))))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """Runs the network's ``forward_features`` (see timm), which it must have."""
        output = self._run(_Features(self.subject.model), "model.", images)
        return output if isinstance(output, Tensor) else next(iter(output))

    def _run(self, module: nn.Module, prefix: str, images: Tensor) -> Any:
        tensors = {prefix + name: tensor for name, tensor in {**self.parameters, **self.buffers}.items()}
        if not self.subject.tabulated:
            images = images.clone()  # some networks normalise their images in place
        mode = in_one_precision(self._dtype) if self.subject.one_precision else nullcontext()
        try:
            with mode:
                return functional_call(module, tensors, (images,))
        except (RestartError, ProxyError):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self._explain(error, images)
            raise

    def _explain(self, error: Exception, images: Tensor) -> None:
        """Raises what says more than the error of the network's code, if there is anything to say."""
        text = " ".join(str(error).split())
        if isinstance(error, RuntimeError):
            if self.subject.channels_last and "view size is not compatible" in text:
                raise LayoutRefusedError from error
            if not self.subject.one_precision and any(part in text for part in DTYPES):
                raise PrecisionError from error
        hint = hint_of(self.subject.model, error, text, images)
        if hint:
            raise ProxyError(f"{type(error).__name__}: {text}"[:300] + f"; {hint}") from error


DTYPES = (
    "same dtype",
    "should be the same",
    "scalar type",
    "same data type",
    "expected m1 and m2",
    "data type to be",
)
"""Parts of torch's errors about tensors of different precision."""
SHAPES = (
    "shape",
    "size",
    "expected input",
    "match",
    "channels",
    "dimension",
    "must be divisible",
    "width",
    "height",
)
"""Parts of errors about the size of images."""


def hint_of(model: nn.Module, error: Exception, text: str, images: Tensor) -> str:
    """What to do about the error of a network's code, or nothing.

    Args:
        model: the network.
        error: what it raised.
        text: what the error says.
        images: those that it was given.
    """
    shape = tuple(images.shape[1:])
    if "more than 1 value per channel" in text:
        return (
            f"batch norm has one value per channel, as {len(images)} image(s) at a time come down to one position: "
            "give it more images, or larger ones (zico takes half of them at a time)"
        )
    if isinstance(error, TypeError) and "missing" in text and "argument" in text:
        return "it takes more than images: wrap it in a module whose forward takes the images alone"
    if not isinstance(error, (AssertionError, RuntimeError, ValueError, IndexError)):
        return ""
    if not any(part in text.lower() for part in SHAPES) and not isinstance(error, AssertionError):
        return ""
    for settings in ("pretrained_cfg", "default_cfg"):
        known = getattr(model, settings, None)
        size = known.get("input_size") if isinstance(known, dict) else None
        if size is not None and tuple(size) != shape:
            return f"it is made for images of shape {','.join(map(str, size))}: --input {','.join(map(str, size))}"
    if len(shape) == 3 and shape[2] in (1, 3) and shape[0] not in (1, 3):
        return (
            "the images seem to have their channels last: permute them to (images, channels, height, width)"
        )
    given = ",".join(map(str, shape))
    return f"images of shape {given} may not fit it: give images of the shape that it takes (--input C,H,W)"


class _Features(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Any:
        return cast(Callable[[Tensor], Any], self.model.forward_features)(images)


def derivatives(output: Tensor, by: Sequence[Tensor], *, keep: bool = False) -> list[Tensor]:
    """Differentiates a number.

    Args:
        output: the number.
        by: the tensors to differentiate by; the derivative by a tensor without influence is zero.
        keep: leave the graph for another pass.
    """
    found: Sequence[Tensor | None] = [None] * len(by)
    if output.requires_grad and by:
        found = torch.autograd.grad(output, by, retain_graph=keep, allow_unused=True)
    return [
        torch.zeros_like(tensor) if derivative is None else derivative
        for tensor, derivative in zip(by, found, strict=True)
    ]


@contextmanager
def untouched(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Puts the network in train mode for the block, and restores it and all random states afterwards.

    It restores the attributes of every module, among them the train/eval flags and what the network's code keeps of its
    last input. Weights and buffers need no restoring: passes run on copies.
    """
    modules = list(model.modules())
    before = [dict(vars(module)) for module in modules]
    numpy_state = np.random.get_state()  # noqa: NPY002 - the state that others share is the point
    python_state = random.getstate()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            for module in modules:
                module.training = True
            yield
        finally:
            for module, attributes in zip(modules, before, strict=True):
                _restore(vars(module), attributes)
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)


def _restore(now: dict[str, object], before: dict[str, object]) -> None:
    for name in [name for name in now if name not in before]:
        del now[name]
    for name, value in before.items():
        if now.get(name, now) is not value:
            now[name] = value


def random_states(device: torch.device) -> list[Any]:
    """The random states that a network's code may draw from, in a form that compares."""
    found: list[Any] = [torch.default_generator.get_state().tolist(), random.getstate()]
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    found.append([str(part) for part in state["state"].values()])
    if device.type == "cuda":
        found.append(torch.cuda.get_rng_state(device).tolist())
    return found


def randomness_from(seed: int, device: torch.device) -> None:
    """Seeds the random states that a network's code may draw from (in dropout, say); use it within `untouched`."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)
