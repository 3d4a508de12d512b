"""Networks by name, to be trained: architectures of a search space, and the user's own networks."""

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
        name: ``space:encoding``, such as ``nasbench201:(4, 3, 3, 3, 2, 3)``, or ``module:factory``.
        space: name of the search space; None for the user's own network.
        encoding: encoding of the architecture, or name of the factory in its module.
    """

    name: str
    space: str | None
    encoding: str

    @classmethod
    def named(cls, name: str) -> "NetworkSource":
        """Reads a name.

        Raises:
            TrainingError: it is neither an architecture nor a factory.
            SpaceError: the encoding is not an architecture of the space.
        """
        before, colon, after = (part.strip() for part in name.partition(":"))
        if not (before and colon and after):
            raise TrainingError(
                f"'{name}' is not the name of a network: write space:encoding, such as "
                "'nasbench201:(4, 3, 3, 3, 2, 3)', module:factory, or the folder of a run of searches"
            )
        if before in SPACES:
            space = search_space(before)
            return cls(f"{before}:{space.format(space.parse(after))}", before, after)
        if after[0] in "([":
            raise TrainingError(f"there is no search space '{before}'; {nearest(before, tuple(SPACES))}")
        return cls(f"{before}:{after}", None, after)

    def shown(self, data: TrainingData) -> TrainingData:
        """The data as the network takes them: architectures of search spaces take colour images."""
        return data if self.space is None else data.in_colour()

    def build(
        self, data: TrainingData, *, width: int | None = None, depth: int | None = None, seed: int = 0
    ) -> nn.Module:
        """Builds the network for some data, with random weights.

        Args:
            data: images and labels that it is for.
            width: number of channels; by default as in the benchmark.
            depth: number of cells per stage; by default as in the benchmark.
            seed: seed of the weights; the global random state is left as it was.

        Raises:
            TrainingError: the search space does not take such images, or width or depth are given for the user's own
                network.
            SpaceError: the space cannot build such a network.
            ProxyError: the module cannot be imported, or returns no network.
        """
        if self.space is None:
            if width is not None or depth is not None:
                raise TrainingError(
                    f"{self.name}: width and depth apply to search spaces only; leave them out for your own networks"
                )
            return load_model(self.name, data.classes, seed)
        channels, height, across = data.input_shape[-3:]
        if channels not in (1, 3) or height != across:
            raise TrainingError(
                f"{self.name} takes square images in colour or grey, (3, side, side) or (1, side, side), but the "
                f"images have shape {data.input_shape}: crop or scale them"
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
