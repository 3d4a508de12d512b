"""By-products read from activations in the forward pass: logits, codes of activation units, and feature maps."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.errors import ProxyError
from rayzc.passes.network import images_first, relus
from rayzc.passes.nonlinear import entering, is_gate, named_activations
from rayzc.passes.stages import Batch, Part, Stage
from rayzc.passes.watching import Arguments, Keywords, Listener, unwatched
from rayzc.passes.wrappers import is_wrapper

__all__ = ["Codes", "Logits", "Maps"]

WORD = 64
"""Images per pattern word, an int64."""
PIECE = 22
"""Images per float32 sum of powers of two: exact, with two bits to spare."""


class Logits(Stage):
    """The network's output, and the number of classes that it has."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._logits: list[Tensor] = []

    def run(self, part: Part) -> None:
        """Keeps the logits without their graph."""
        self._logits.append(part.logits.detach())

    def results(self) -> dict[str, Any]:
        """Returns ``logits`` and ``classes``."""
        logits = torch.cat(self._logits)
        return {"logits": logits, "classes": logits.shape[-1]}


class Codes(Stage):
    """The activation codes of the batch, reduced to what nwot and swap read.

    A unit is on for an image where what enters its activation is positive, whichever activation it is, and whether a
    module or a function. Gates count only where there is no other activation, see :mod:`rayzc.passes.nonlinear`. In
    networks of search spaces with tables, whose code calls only modules, these are listened to: it is faster.

    Every call is reduced at once where the whole batch goes through together; where it comes in parts, the codes are
    kept until all are there.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._rows = batch.images
        self._gates = _Sums(batch)
        self._units = _Sums(batch)
        self._listener = _Activations(self._record)
        self._spoilt = _not_finite(batch)
        self._nan = False

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to modules, and counts calls anew for each part."""
        self._rows = len(images)
        self._listener = _Activations(self._record)
        self._gates.call = self._units.call = 0
        if self.batch.subject.tabulated:
            for module in relus(model):
                yield module.register_forward_pre_hook(self._record_input)
            return
        for module in named_activations(model):
            yield module.register_forward_pre_hook(self._listener.enter)
            yield module.register_forward_hook(self._listener.leave)

    def listener(self) -> Listener | None:
        """Returns what listens to functions, unless the network calls only modules."""
        return None if self.batch.subject.tabulated else self._listener

    @unwatched
    def _record_input(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._record(inputs[0], gate=False)

    def _record(self, units: Tensor, *, gate: bool) -> None:
        found = images_first(units.detach(), self._rows, sequence_first=self.batch.subject.sequence_first)
        if found is None:
            return  # not an activation per image
        units = found
        self._nan |= bool(self._spoilt) and bool(units.isnan().any())
        if units.dim() == 4 and not units.is_contiguous():
            units = units.permute(0, 2, 3, 1)  # the order of units is free: take that of the memory
        (self._gates if gate else self._units).add(units.reshape(self._rows, -1))

    def results(self) -> dict[str, Any]:
        """Returns ``kernel``, ``patterns`` or both, and ``units``, the number of units that were read."""
        if self._nan:
            raise ProxyError(
                f"the network has weights that are not finite: {self._spoilt}; activations are nan"
            )
        chosen = self._units if self._units.calls or not self._gates.calls else self._gates
        return chosen.results()


def _not_finite(batch: Batch) -> str:
    """A parameter that is not finite, if any; of networks that rayzc draws, none is."""
    if batch.subject.tabulated:
        return ""
    named = batch.replica.parameters.items()
    return next((name for name, tensor in named if not torch.isfinite(tensor).all()), "")


class _Activations(Listener):
    """Hands over what enters activations: of a module that is called like one its input, otherwise of functions."""

    def __init__(self, take: Callable[..., None]) -> None:
        self._take = take
        self._within = 0

    @unwatched
    def enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if not self._within and inputs and isinstance(inputs[0], Tensor):
            self._take(inputs[0], gate=is_gate(module))
        self._within += 1

    def leave(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self._within -= 1

    def before(self, name: str, args: Arguments, kwargs: Keywords) -> None:
        if not self._within:
            found = entering(name, args, kwargs)
            if found is not None:
                self._take(found[0], gate=found[1])


class _Sums:
    """The codes of some units, reduced."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.call = 0
        self.calls = 0
        self.units = 0
        self._parts: defaultdict[int, list[Tensor]] = defaultdict(list)
        self._kernel = torch.zeros(batch.images, batch.images, dtype=torch.float64)
        self._words: list[Tensor] = []

    def add(self, units: Tensor) -> None:
        """Takes what enters one activation, ``(images, units)``."""
        if len(units) == self.batch.images:
            on = torch.empty(units.shape, dtype=torch.float32, device=units.device)
            self._reduce(torch.gt(units, 0, out=on))
        else:
            self._parts[self.call].append((units > 0).cpu())
        self.call += 1
        self.calls += 1

    def _reduce(self, on: Tensor) -> None:
        """Takes the codes ``(images, units)`` of one call, 1.0 for on and 0.0 for off."""
        self.units += on.shape[1]
        if "kernel" in self.batch.needs:
            both = (on @ on.T).double().cpu()
            count = both.diagonal()
            self._kernel += 2 * both + on.shape[1] - count[:, None] - count[None, :]
        if "patterns" in self.batch.needs:
            self._words.append(_words(on).cpu())

    def results(self) -> dict[str, Any]:
        """Returns ``kernel``, ``patterns`` or both, and ``units``."""
        for parts in self._parts.values():
            self._reduce(torch.cat(parts).float())
        self._parts.clear()
        found: dict[str, Any] = {"units": self.units}
        if "kernel" in self.batch.needs:
            found["kernel"] = self._kernel.numpy()
        if "patterns" in self.batch.needs:
            found["patterns"] = _distinct(torch.cat(self._words, 1)) if self._words else 0
        return found


def _words(on: Tensor) -> Tensor:
    """Each unit's pattern over the images, in int64 words ``(words, units)``."""
    words = []
    for start in range(0, on.shape[0], WORD):
        word = torch.zeros(on.shape[1], dtype=torch.int64, device=on.device)
        for shift in range(0, WORD, PIECE):
            piece = on[start + shift : start + min(shift + PIECE, WORD)]
            if len(piece):
                powers = 2.0 ** torch.arange(len(piece), dtype=torch.float32, device=on.device)
                word |= (powers[None] @ piece)[0].long() << shift
        words.append(word)
    return torch.stack(words)


def _distinct(words: Tensor) -> int:
    """The number of distinct columns."""
    ids = torch.unique(words[0], return_inverse=len(words) > 1)
    if len(words) == 1:
        return int(ids.numel())
    group = ids[1]
    for word in words[1:]:
        values, index = torch.unique(word, return_inverse=True)
        group = torch.unique(group * values.numel() + index, return_inverse=True)[1]
    return int(group.max()) + 1


class Maps(Stage):
    """The first image's output of every module, ``(channels, positions)``, in the order they run.

    A container that hands on its last module's output counts again, as in MeCo's published code.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._maps: list[Tensor] = []
        self._last: tuple[Tensor, int] | None = None
        self._spoilt = _not_finite(batch)

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to all modules, until the first image has gone through."""
        self._rows = len(images)
        if not self._maps:
            for module in model.modules():
                if not is_wrapper(module):
                    yield module.register_forward_hook(self._record)

    @unwatched
    def _record(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, (tuple, list)) and output:
            output = output[0]
        if not isinstance(output, Tensor) or output.dim() < 2:
            return
        # A module that works in place returns the tensor that it was given, in another version.
        if self._last is None or output is not self._last[0] or output._version != self._last[1]:
            first = self._first(output.detach())
            self._maps.append(first.reshape(first.shape[0], -1).clone())
            self._last = output, output._version
        else:
            self._maps.append(self._maps[-1])

    def _first(self, output: Tensor) -> Tensor:
        """What belongs to the first image; tokens may come before the images."""
        subject = self.batch.subject
        found = images_first(output, self._rows, sequence_first=True) if subject.sequence_first else None
        return (output if found is None else found)[0]

    def results(self) -> dict[str, Any]:
        """Returns ``maps``."""
        self._last = None
        if self._spoilt and any(found.isnan().any() for found in self._maps if found.shape[1] > 1):
            raise ProxyError(f"the network has weights that are not finite: {self._spoilt}; its maps are nan")
        return {"maps": tuple(self._maps)}
