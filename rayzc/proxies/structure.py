"""Proxies that read the graph of a network: how many layers it has, on which ways they lie, and what is done there.

They are counts like those of GRAF, read off the network itself instead of an encoding, so that they mean the same in
every search space and for networks of your own. They need no images and depend on no weights: one image of zeros goes
through the network, see :mod:`rayzc.passes.graph`, which says what a layer, a pooling and a join are.

A *way* leads from the image to the logits; its length is the number of layers on it. What lies on no way is not
reached: behind an operation that gives zeros, or before one whose output nobody uses. A network whose logits do not
depend on the image has no way, and nothing can be said of its ways: lengths, means and shares are then not finite, so
that it ranks last with either sign.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rayzc.passes.by_products import ByProducts
from rayzc.passes.graph import Graph, Kind, Vertex
from rayzc.proxies.registry import proxy

__all__ = [
    "conv1x1_share",
    "conv3x3_share",
    "layers",
    "log_paths",
    "longest_path",
    "mean_path",
    "mean_resolution",
    "mean_width",
    "pooling_share",
    "reached_layers",
    "shortest_path",
    "skip_share",
]


@proxy(needs="graph")
def layers(measured: ByProducts) -> float:
    """Number of convolutions and linear layers, reached or not; layers that share a weight count once.

    A baseline of Tybl and Neumann, "Training-free neural architecture search through variance of knowledge of deep
    network weights", CVPR 2025.
    """
    return measured.graph.weights


@proxy(needs="graph")
def reached_layers(measured: ByProducts) -> float:
    """Number of convolutions and linear layers on a way from image to logits; those that share a weight count once.

    After the operation counts of Kadlecova et al., "Surprisingly strong performance prediction with neural graph
    features", ICML 2024.
    """
    return len({vertex.weight for vertex in _layers(measured.graph)})


@proxy(needs="graph")
def longest_path(measured: ByProducts) -> float:
    """Number of layers on the longest way from image to logits, each as often as the way goes through it.

    -inf if there is no way.

    After the maximal path lengths of Kadlecova et al., "Surprisingly strong performance prediction with neural graph
    features", ICML 2024.
    """
    return _ways(measured.graph).longest


@proxy(needs="graph")
def shortest_path(measured: ByProducts) -> float:
    """Number of layers on the shortest way from image to logits, each as often as the way goes through it.

    -inf if there is no way.

    After the minimal path lengths of Kadlecova et al., "Surprisingly strong performance prediction with neural graph
    features", ICML 2024.
    """
    return _ways(measured.graph).shortest


@proxy(needs="graph")
def mean_path(measured: ByProducts) -> float:
    """Mean over all ways from image to logits of the number of layers on them; -inf if there is no way.

    The effective depth of a residual network, after Veit, Wilber and Belongie, "Residual networks behave like ensembles
    of relatively shallow networks", NIPS 2016.
    """
    ways = _ways(measured.graph)
    return ways.layers / ways.number if ways.number else -math.inf


@proxy(needs="graph")
def log_paths(measured: ByProducts) -> float:
    """Log of the number of ways from image to logits; -inf if there is none.

    Two edges between the same places are two ways. After Veit, Wilber and Belongie, "Residual networks behave like
    ensembles of relatively shallow networks", NIPS 2016.
    """
    number = _ways(measured.graph).number
    return math.log(number) if number else -math.inf


@proxy(needs="graph")
def mean_width(measured: ByProducts) -> float:
    """Mean over the calls of reached layers of the channels or features that they put out; -inf without.

    Width as in Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019.
    """
    return _mean([vertex.width for vertex in _layers(measured.graph)])


@proxy(needs="graph")
def mean_resolution(measured: ByProducts) -> float:
    """Mean over the calls of reached convolutions of the side in pixels of their output, sqrt(height * width).

    -inf without convolutions. Resolution as in Tan and Le, "EfficientNet: rethinking model scaling for convolutional
    neural networks", ICML 2019.
    """
    return _mean([math.sqrt(vertex.positions) for vertex in _layers(measured.graph) if vertex.kernel])


@proxy(needs="graph")
def conv3x3_share(measured: ByProducts) -> float:
    """Share of 3x3 convolutions among the reached operations, dilated and depthwise ones included.

    Operations are calls of layers, poolings and skip connections, see :func:`skip_share`. After the operation counts of
    Kadlecova et al., "Surprisingly strong performance prediction with neural graph features", ICML 2024.
    """
    return _share(measured.graph, lambda vertex: vertex.kernel == (3, 3))


@proxy(needs="graph")
def conv1x1_share(measured: ByProducts) -> float:
    """Share of 1x1 convolutions among the reached operations; linear layers are none.

    Operations are calls of layers, poolings and skip connections, see :func:`skip_share`. After the operation counts of
    Kadlecova et al., "Surprisingly strong performance prediction with neural graph features", ICML 2024.
    """
    return _share(measured.graph, lambda vertex: vertex.kernel == (1, 1))


@proxy(needs="graph")
def pooling_share(measured: ByProducts) -> float:
    """Share of poolings among the reached operations; the global pooling before a classifier is none.

    Operations are calls of layers, poolings and skip connections, see :func:`skip_share`. After the operation counts of
    Kadlecova et al., "Surprisingly strong performance prediction with neural graph features", ICML 2024.
    """
    return _share(measured.graph, lambda vertex: vertex.kind is Kind.POOLING)


@proxy(needs="graph")
def skip_share(measured: ByProducts) -> float:
    """Share of skip connections among the reached operations.

    A skip connection takes a value as it is into a sum, concatenation or product while the value goes another way, too.
    Operations are these and the calls of layers and poolings. After the operation counts of Kadlecova et al.,
    "Surprisingly strong performance prediction with neural graph features", ICML 2024.
    """
    skips = _skips(measured.graph)
    operations = skips + len(_operations(measured.graph))
    return skips / operations if operations else -math.inf


@dataclass(frozen=True, slots=True)
class _Ways:
    """All ways from the image to a vertex: their number, the lengths of two of them, and the sum of all lengths."""

    number: int = 0
    shortest: float = -math.inf
    longest: float = -math.inf
    layers: int = 0


def _ways(graph: Graph) -> _Ways:
    """The ways to the logits. Their number may exceed any float, and is exact."""
    if graph.logits is None:
        return _Ways()
    known = [_Ways(1, 0, 0)]
    for vertex in graph.vertices[1:]:
        before = [known[source] for source in vertex.sources]
        number, step = sum(ways.number for ways in before), int(vertex.kind is Kind.LAYER)
        known.append(
            _Ways(
                number,
                min((ways.shortest for ways in before if ways.number), default=-math.inf) + step,
                max(ways.longest for ways in before) + step,
                sum(ways.layers for ways in before) + step * number,
            )
        )
    return known[graph.logits]


def _operations(graph: Graph) -> list[Vertex]:
    """The reached layers and poolings, in the order in which they ran."""
    found = (graph.vertices[place] for place in sorted(graph.reached()))
    return [vertex for vertex in found if vertex.kind in (Kind.LAYER, Kind.POOLING)]


def _layers(graph: Graph) -> list[Vertex]:
    return [vertex for vertex in _operations(graph) if vertex.kind is Kind.LAYER]


def _skips(graph: Graph) -> int:
    """The number of skip connections. A sum of sums is one sum, if nothing else reads the inner one."""
    reached = sorted(graph.reached())
    uses = Counter(source for place in reached for source in graph.vertices[place].sources)
    joins = {place for place in reached if graph.vertices[place].kind is Kind.JOIN}
    return sum(uses[source] > 1 for place in joins for source in graph.vertices[place].sources)


def _share(graph: Graph, chosen: Callable[[Vertex], bool]) -> float:
    operations = _operations(graph)
    return sum(map(chosen, operations)) / (len(operations) + _skips(graph)) if operations else -math.inf


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else -math.inf
