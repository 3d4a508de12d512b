"""The search spaces by name, and networks by the name of their space."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from rayzc.errors import SpaceError, nearest
from rayzc.spaces.nasbench101.space import NasBench101
from rayzc.spaces.nasbench201.space import NasBench201
from rayzc.spaces.nasbench301.space import NasBench301
from rayzc.spaces.space import SearchSpace
from rayzc.spaces.transbench101.macro import TransBench101Macro
from rayzc.spaces.transbench101.micro import TransBench101Micro

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["FURTHER", "SPACES", "build", "find_space", "register_spaces", "search_space", "user_spaces"]

_ALL: tuple[SearchSpace, ...] = (
    NasBench101(),
    NasBench201(),
    NasBench301(),
    TransBench101Micro(),
    TransBench101Macro(),
)

SPACES: Mapping[str, SearchSpace] = MappingProxyType({space.name: space for space in _ALL})
"""The search spaces with tables, by name."""

FURTHER: Mapping[str, str] = MappingProxyType(
    {
        "darts": "rayzc.spaces.darts:DARTS",
        "mobilenetv2": "rayzc.spaces.mobilenetv2:MOBILENETV2",
        "autoformer_tiny": "rayzc.spaces.autoformer:AUTOFORMER_TINY",
    }
)
"""Search spaces without tables, by name: module and attribute, imported when they are asked for, as they need torch."""

_registered: dict[str, SearchSpace] = {}


def register_spaces(spaces: Iterable[SearchSpace]) -> None:
    """Makes the user's search spaces known by name in this process, in place of earlier ones with their names.

    Raises:
        SpaceError: a space that comes with rayzc has the name.
    """
    for space in spaces:
        if space.name in SPACES or space.name in FURTHER:
            raise SpaceError(f"rayzc has a search space '{space.name}' of its own: give yours another name")
        _registered[space.name] = space


def user_spaces() -> Mapping[str, SearchSpace]:
    """The user's search spaces that this process knows, by name."""
    return MappingProxyType(_registered)


def find_space(name: str) -> SearchSpace | None:
    """The search space of this name, with tables or without, or the user's; None if there is none."""
    if name in FURTHER:
        module, _, attribute = FURTHER[name].partition(":")
        found: SearchSpace = getattr(import_module(module), attribute)
        return found
    return SPACES.get(name) or _registered.get(name)


def search_space(name: str) -> SearchSpace:
    """The search space of this name.

    Raises:
        SpaceError: no space has this name.
    """
    found = find_space(name)
    if found is None:
        known = [*SPACES, *FURTHER, *_registered]
        raise SpaceError(f"there is no search space '{name}'; {nearest(name, known)}")
    return found


def build(
    space: str,
    encoding: str,
    classes: int = 10,
    input_size: int | None = None,
    *,
    width: int | None = None,
    depth: int | None = None,
    patches: int = 1,
) -> "Network":
    """Builds a network from the name of its space and its encoding, ``("nasbench201", "(4, 3, 3, 3, 2, 3)")``.

    Args:
        space: name of the search space.
        encoding: the architecture as the suite writes it.
        classes: number of outputs.
        input_size: height and width of the images in pixels; by default those of the space's benchmark.
        width: channels, for a scaled-down network; by default the original's.
        depth: repeats of the cells, for a scaled-down network; by default the original's.
        patches: number of patches that make one input, see :class:`Task`.

    Returns:
        An untrained torch module in train mode, see :meth:`SearchSpace.build`.

    Raises:
        SpaceError: an unknown space, a bad encoding, or an impossible size.
    """
    chosen = search_space(space)
    architecture = chosen.parse(encoding)
    return chosen.build(architecture, classes, input_size, width=width, depth=depth, patches=patches)
