"""Exports a network as a Python module that needs torch alone, and its weights."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rayzc.documents import replacing, write_atomically
from rayzc.errors import SpaceError
from rayzc.spaces.encoding import Value
from rayzc.spaces.registry import search_space
from rayzc.spaces.sources import import_lines, source_of
from rayzc.version import __version__

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["MODULE", "WEIGHTS", "export_network"]

MODULE = "network.py"
WEIGHTS = "weights.pt"
WIDTH = 110
"""Most characters in a line of the module."""

_TEMPLATE = '''\
"""{title}

{about}

    from network import load

    network = load()  # with the weights of {weights}; make() gives new ones
    logits = network(images)  # images {shape}, logits (batch, {classes})
"""

{imports}

__all__ = ["load", "make"]


{definitions}


def make() -> Network:
    """Makes the network with new weights, drawn from torch's global random state, in train mode."""
    network = {name}(
{arguments}
    )
    network.input_size = {input_size}
    return network


def load() -> Network:
    """Makes the network with the weights in ``{weights}``, which lies beside this file."""
    network = make()
    path = Path(__file__).with_name("{weights}")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network
'''


def export_network(
    space: str,
    encoding: str,
    folder: Path | str,
    classes: int = 10,
    input_size: int | None = None,
    *,
    width: int | None = None,
    depth: int | None = None,
    patches: int = 1,
    seed: int = 0,
) -> Path:
    """Exports an untrained network as a Python module that needs torch alone, with its weights beside it.

    The module is :data:`MODULE` in the folder: the few definitions that the network is made of, ``make()`` for the
    network with new weights, and ``load()`` for that with the ``state_dict`` in :data:`WEIGHTS`. The weights are
    those of a measurement with the same seed (:func:`rayzc.proxies.architectures.measure_architecture`). Equal
    arguments write equal files; what an earlier export left in the folder is replaced.

    Args:
        space: name of the search space.
        encoding: the architecture as the suite writes it.
        folder: where to write; made if it is not there.
        classes: number of outputs.
        input_size: height and width of the images in pixels; by default those of the space's benchmark.
        width: channels, for a scaled-down network; by default the original's.
        depth: repeats of the cells, for a scaled-down network; by default the original's.
        patches: number of patches that make one input, see :class:`Task`.
        seed: the weights are drawn from it; the global random state is left as it was.

    Returns:
        The path of the module.

    Raises:
        SpaceError: an unknown space, a bad encoding, an impossible size, or a folder that cannot
            be written to.
    """
    import torch

    chosen = search_space(space)
    architecture = chosen.parse(encoding)
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        network = chosen.build(architecture, classes, input_size, width=width, depth=depth, patches=patches)
    sizes = {
        "classes": classes,
        "width": chosen.width if width is None else width,
        "depth": chosen.depth if depth is None else depth,
        "patches": patches,
    }
    about = [
        f"Encoding: {chosen.format(architecture)}",
        f"In words: {chosen.describe(architecture)}",
        f"The weights are untrained, drawn from the seed {seed}.",
    ]
    source = _source(network, chosen.recipe(architecture)[1], sizes, f"A network of {chosen.name}", about)
    weights = io.BytesIO()
    torch.save(network.state_dict(), weights)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The weights first: the module is useless without them.
        with replacing(folder / WEIGHTS) as path:
            path.write_bytes(weights.getvalue())
        write_atomically(folder / MODULE, source)
    except OSError as error:
        raise SpaceError(
            f"{folder}: the network cannot be written there: {error.strerror}; choose another folder"
        ) from error
    return folder / MODULE


def _source(
    network: "Network", arguments: Value, sizes: Mapping[str, int], title: str, about: Sequence[str]
) -> str:
    """The text of the module."""
    found = source_of(type(network))
    own = {("pathlib", "Path"), ("torch", "")}
    lines = [*map(_argument, arguments), *(f"{name}={number}" for name, number in sizes.items())]
    return _TEMPLATE.format(
        title=f"{title}, written by rayzc {__version__}; it needs torch alone.",
        about="\n".join(textwrap.fill(line, WIDTH) for line in about),
        weights=WEIGHTS,
        shape=f"(batch, {', '.join(map(str, network.input_shape))})",
        classes=sizes["classes"],
        imports=import_lines(found.imports | own),
        definitions=found.definitions,
        name=type(network).__name__,
        arguments=textwrap.indent("\n".join(f"{line}," for line in lines), " " * 8),
        input_size=network.input_size,
    )


def _argument(value: Value) -> str:
    """A nested tuple on one line, or on a line for each of its parts."""
    # A named tuple would be written with a name that is not there.
    text = repr(tuple(value))
    if len(text) <= WIDTH - 9:
        return text
    return "(\n" + "".join(f"    {part!r},\n" for part in value) + ")"
