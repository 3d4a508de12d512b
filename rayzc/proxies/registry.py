"""The proxies there are, by name, and how one becomes one of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayzc.errors import ProxyError, nearest

if TYPE_CHECKING:
    from rayzc.proxies.by_products import ByProducts

__all__ = ["NEEDS", "UNDEFINED", "Proxy", "find", "proxy", "registered", "unregister"]

UNDEFINED = -1e8
"""What a proxy gives where its definition gives no number, on a disconnected network for instance.

NAS-Bench-Suite-Zero stores the same value, so a formula bred on its tables meets nothing new.
"""

NEEDS: Mapping[str, str] = {
    "weights": "weights: the weight tensors of the Conv2d and Linear layers; nothing is run",
    "operations": "operations: multiply-adds and other operations per image, as the suite counts them",
    "logits": "logits: (images, classes), the network's output in train mode",
    "kernel": "kernel: (images, images), on how many ReLU units two images agree",
    "patterns": "patterns: the number of distinct on-off patterns over the batch among the ReLU units",
    "maps": "maps: the first image's output of every module, (channels, positions)",
    "block_entropies": "block_entropies: the entropy of each block's feature spectrum",
    "block_gains": "block_gains: the largest singular value of each block's random backward signal",
    "gradients": "gradients: the loss's gradient for each of the weights",
    "half_gradients": "half_gradients: the same for either half of the batch",
    "saliencies": "saliencies: per layer (channels,), half the mean square of activation times gradient",
    "curvatures": "curvatures: per layer w . (H g), for weights w, gradient g and the loss's Hessian H",
    "jacobian": "jacobian: (images, inputs), the gradient of the summed outputs for each image",
    "flow": "flow: pairs (|w|, dR/d|w|) of the linearised network without batch norm, float64",
    "flow_bn": "flow_bn: the same with batch norm",
    "gaussian": "gaussian: how a network of Gaussian weights answers to perturbed Gaussian images",
    "network": "network: a copy of the network in train mode, to do with as one likes",
}
"""What a proxy can ask for: the attribute of :class:`~rayzc.proxies.ByProducts` that it then may read."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A number read off an untrained network.

    Attributes:
        name: how formulas and tables call it.
        needs: what it reads, names of :data:`NEEDS`.
        score: takes the by-products of the passes and gives the number.
        version: raise it when the definition changes, so that no cache mixes the old with the new.
    """

    name: str
    needs: frozenset[str]
    score: Callable[["ByProducts"], Any]
    version: int = 1

    def __call__(self, measured: "ByProducts") -> float:
        """Scores what was measured."""
        return float(self.score(measured))

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return (self.score.__doc__ or "").strip().partition("\n")[0]


_REGISTERED: dict[str, Proxy] = {}


def proxy(
    *, needs: str | Iterable[str] = (), name: str | None = None, version: int = 1
) -> Callable[[Callable[["ByProducts"], Any]], Proxy]:
    """Makes a function of the by-products a proxy, known by its name from then on.

    Example:
        >>> @proxy(needs="gradients")
        ... def largest_gradient(measured):
        ...     return max(gradient.abs().max() for gradient in measured.gradients)

    Args:
        needs: what the function reads, one name of :data:`NEEDS` or several.
        name: how to call the proxy; the function's name by default.
        version: see :class:`Proxy`.

    Raises:
        ProxyError: `needs` has an unknown name, or another proxy has the name already.
    """
    wanted = frozenset([needs] if isinstance(needs, str) else needs)
    for need in sorted(wanted):
        if need not in NEEDS:
            raise ProxyError(f"a proxy cannot need '{need}'; {nearest(need, tuple(NEEDS))}")

    def register(score: Callable[["ByProducts"], Any]) -> Proxy:
        made = Proxy(name or score.__name__, wanted, score, version)
        if not made.name.isidentifier():
            raise ProxyError(f"'{made.name}' cannot name a proxy: formulas read letters, digits and _ only")
        known = _REGISTERED.get(made.name)
        # The same definition again is a module imported twice, as `python -m` or a notebook cell does.
        if known is not None and _origin(known) != _origin(made):
            raise ProxyError(
                f"there is a proxy '{made.name}' already, from {'.'.join(_origin(known))}; "
                "give yours another name: @proxy(needs=..., name=...)"
            )
        _REGISTERED[made.name] = made
        return made

    return register


def _origin(proxy: Proxy) -> tuple[str, str]:
    return proxy.score.__module__, proxy.score.__qualname__


def registered() -> Mapping[str, Proxy]:
    """All proxies by name, in alphabetical order."""
    return dict(sorted(_REGISTERED.items()))


def unregister(name: str) -> None:
    """Forgets the proxy called `name`; does nothing when there is none."""
    _REGISTERED.pop(name, None)


def find(proxies: Iterable[str | Proxy] | None) -> tuple[Proxy, ...]:
    """The proxies asked for, each once, in the order given.

    Args:
        proxies: names or proxies; None for all.

    Raises:
        ProxyError: a name is not known.
    """
    if proxies is None:
        return tuple(registered().values())
    if isinstance(proxies, str):
        raise ProxyError(f"proxies must be a list of names, such as ['{proxies}'], not one text")
    return tuple({found.name: found for found in _look_up(proxies)}.values())


def _look_up(proxies: Iterable[str | Proxy]) -> Iterator[Proxy]:
    for given in proxies:
        if isinstance(given, Proxy):
            yield given
        elif given in _REGISTERED:
            yield _REGISTERED[given]
        else:
            raise ProxyError(f"there is no proxy '{given}'; {nearest(given, tuple(registered()))}")
