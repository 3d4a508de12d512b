"""The networks that can be named to be trained: architectures of a search space, and the user's own."""

from dataclasses import dataclass

import torch
from torch import nn

from rayzc.errors import TrainingError, nearest
from rayzc.proxies.user_models import load_model
from rayzc.spaces import SPACES, search_space
from rayzc.training.data import TrainingData

__all__ = ["NetworkSource"]


@dataclass(frozen=True, slots=True)
class NetworkSource:
    """A network by name.

    Attributes:
        name: ``space:encoding``, as ``nasbench201:(4, 3, 3, 3, 2, 3)``, or ``module:factory``.
        space: name of its search space; None for a network of the user's.
        encoding: of the architecture, or what to call in the module.
    """

    name: str
    space: str | None
    encoding: str

    @classmethod
    def named(cls, name: str) -> "NetworkSource":
        """Reads a name.

        Raises:
            TrainingError: it is neither of the two.
            SpaceError: the encoding is not an architecture of the space.
        """
        before, colon, after = (part.strip() for part in name.partition(":"))
        if not (before and colon and after):
            raise TrainingError(
                f"'{name}' does not name a network: write space:encoding, such as 'nasbench201:(4, 3, 3, 3, 2, 3)', "
                "module:factory, or the folder of a run of searches"
            )
        if before in SPACES:
            space = search_space(before)
            return cls(f"{before}:{space.format(space.parse(after))}", before, after)
        if after[0] in "([":
            raise TrainingError(f"there is no search space '{before}'; {nearest(before, tuple(SPACES))}")
        return cls(f"{before}:{after}", None, after)

    def shown(self, data: TrainingData) -> TrainingData:
        """The data as the network takes them: those of a search space take images in colour."""
        return data if self.space is None else data.in_colour()

    def build(
        self, data: TrainingData, *, width: int | None = None, depth: int | None = None, seed: int = 0
    ) -> nn.Module:
        """Builds the network for some data, with weights that are drawn from a seed.

        Args:
            data: what it will be shown.
            width: channels; by default as in the benchmark.
            depth: cells; by default as in the benchmark.
            seed: of the weights; the global random state is left as it was.

        Raises:
            TrainingError: the images do not suit the network's space, or width or depth are named for a network of the
                user's.
            SpaceError: the space cannot build such a network.
            ProxyError: the module cannot be imported, or returns no network.
        """
        if self.space is None:
            if width is not None or depth is not None:
                raise TrainingError(
                    f"{self.name}: width and depth are those of search spaces; leave them out for networks of your own"
                )
            return load_model(self.name, data.classes, seed)
        channels, height, across = data.input_shape[-3:]
        if channels not in (1, 3) or height != across:
            raise TrainingError(
                f"{self.name} takes square images in colour or grey, (3, side, side); these are {data.input_shape}"
            )
        space = search_space(self.space)
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            torch.default_generator.manual_seed(seed)
            return space.build(
                space.parse(self.encoding),
                data.classes,
                height,
                width=width,
                depth=depth,
                patches=data.patches,
            )
