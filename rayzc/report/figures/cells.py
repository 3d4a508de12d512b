"""Drawings of architectures: the nodes of a cell on a line, and an arc for every edge that skips some."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from rayzc.report.content import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Cells", "Graph"]

_LETTER, _NODE_HEIGHT, _LANE, _MARGIN = 6.4, 26.0, 21.0, 10.0


@dataclass(frozen=True, slots=True)
class Graph:
    """A directed graph without cycles.

    Attributes:
        title: what it is.
        nodes: labels of the nodes, sources before their targets.
        edges: start, end and label of each edge.
    """

    title: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of an architecture.

    Attributes:
        name: of its file.
        title: its caption.
        summary: the architecture in words.
        graphs: the cells.
    """

    name: str
    title: str
    summary: str
    graphs: tuple[Graph, ...]

    def table(self) -> Table:
        """A row for each edge."""
        rows = tuple(
            (
                graph.title,
                f"{start} {graph.nodes[start]}".strip(),
                f"{end} {graph.nodes[end]}".strip(),
                label or None,
            )
            for graph in self.graphs
            for start, end, label in graph.edges
        )
        return Table(
            self.name,
            self.title,
            (Column("cell"), Column("from"), Column("to"), Column("operation")),
            rows,
        )

    def svg(self) -> str:
        """The drawing for a page: its colours are the page's."""
        return "".join(_svg(graph) for graph in self.graphs)

    def paint(self, figure: "Figure") -> None:
        """Draws it for a paper."""
        from matplotlib.patches import FancyArrowPatch

        axes = figure.subplots(len(self.graphs), 1, squeeze=False)[:, 0]
        placed = [_placed(graph) for graph in self.graphs]
        wide = max(each.width for each in placed)
        figure.set_size_inches(wide / 72, sum(each.height for each in placed) / 72 + 0.2 * len(placed))
        for own, graph, each in zip(axes, self.graphs, placed, strict=True):
            own.set_xlim(0, wide)
            own.set_ylim(each.height, 0)
            own.axis("off")
            for route in each.routes:
                own.plot(
                    [x for x, _ in route.corners[:-1]],
                    [y for _, y in route.corners[:-1]],
                    color="#444444",
                    linewidth=0.7,
                    solid_joinstyle="round",
                )
                own.add_patch(
                    FancyArrowPatch(
                        route.corners[-2],
                        route.corners[-1],
                        arrowstyle="-|>",
                        mutation_scale=5,
                        color="#444444",
                        linewidth=0.7,
                        shrinkA=0,
                        shrinkB=0,
                    )
                )
                own.text(*route.middle, route.label, fontsize=5.5, ha="center", va="bottom")
            for label, x, half in zip(each.labels, each.centres, each.halves, strict=True):
                own.text(
                    x,
                    each.line,
                    label,
                    fontsize=6,
                    ha="center",
                    va="center",
                    bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": "#444444"},
                )
                assert half > 0
            own.set_title(graph.title, fontsize=7)


@dataclass(frozen=True, slots=True)
class _Route:
    corners: tuple[tuple[float, float], ...]
    middle: tuple[float, float]
    label: str


@dataclass(frozen=True, slots=True)
class _Placed:
    width: float
    height: float
    line: float
    labels: tuple[str, ...]
    centres: tuple[float, ...]
    halves: tuple[float, ...]
    routes: tuple[_Route, ...]


def _placed(graph: Graph) -> _Placed:
    """Where everything goes: nodes on a line, wide enough apart for the labels between them, and lanes above it."""
    labels = tuple(label or str(place) for place, label in enumerate(graph.nodes))
    halves = tuple(max(15.0, len(label) * _LETTER / 2 + 8) for label in labels)
    straight = {
        (start, end): len(label) * _LETTER + 26 for start, end, label in graph.edges if end == start + 1
    }
    centres = [_MARGIN + halves[0]]
    for place in range(1, len(labels)):
        gap = max(34.0, straight.get((place - 1, place), 0.0))
        centres.append(centres[-1] + halves[place - 1] + gap + halves[place])
    lanes = _lanes([(start, end) for start, end, _ in graph.edges if end != start + 1])
    line = _MARGIN + _LANE * (max(lanes.values(), default=0)) + _NODE_HEIGHT / 2 + 8
    routes: list[_Route] = []
    corners: tuple[tuple[float, float], ...]
    leaving = {place: sorted(k for k in lanes if k[0] == place) for place in range(len(labels))}
    arriving = {place: sorted(k for k in lanes if k[1] == place) for place in range(len(labels))}
    for start, end, label in graph.edges:
        key = (start, end)
        if key not in lanes:
            corners = ((centres[start] + halves[start], line), (centres[end] - halves[end], line))
            routes.append(_Route(corners, ((corners[0][0] + corners[1][0]) / 2 - 3, line - 4), label))
            continue
        height = line - _NODE_HEIGHT / 2 - _LANE * lanes[key] + 6
        # Edges that share a node meet it side by side, the longest outside.
        out = leaving[start].index(key)
        into = arriving[end].index(key)
        x0 = centres[start] + halves[start] - 5 - 5 * out
        x1 = centres[end] - halves[end] + 5 + 5 * (len(arriving[end]) - 1 - into)
        corners = (
            (x0, line - _NODE_HEIGHT / 2),
            (x0, height),
            (x1, height),
            (x1, line - _NODE_HEIGHT / 2),
        )
        routes.append(_Route(corners, ((x0 + x1) / 2, height - 4), label))
    width = centres[-1] + halves[-1] + _MARGIN
    return _Placed(
        width,
        line + _NODE_HEIGHT / 2 + _MARGIN,
        line,
        labels,
        tuple(centres),
        halves,
        tuple(routes),
    )


def _lanes(edges: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The lane of each edge that skips nodes, from 1: no two that overlap share one, short edges are lowest."""
    lanes: dict[tuple[int, int], int] = {}
    for edge in sorted(set(edges), key=lambda each: (each[1] - each[0], each)):
        taken = {lane for other, lane in lanes.items() if other[0] < edge[1] and edge[0] < other[1]}
        lanes[edge] = next(lane for lane in range(1, len(lanes) + 2) if lane not in taken)
    return lanes


def _svg(graph: Graph) -> str:
    each = _placed(graph)
    parts = []
    for route in each.routes:
        path = " ".join(f"{'L' if place else 'M'}{x:g} {y:g}" for place, (x, y) in enumerate(route.corners))
        parts.append(f'<path class="edge" d="{path}" marker-end="url(#arrow)"/>')
        if route.label:
            x, y = route.middle
            parts.append(f'<text class="operation" x="{x:g}" y="{y:g}">{escape(route.label)}</text>')
    for label, x, half in zip(each.labels, each.centres, each.halves, strict=True):
        parts.append(
            f'<rect class="node" x="{x - half:g}" y="{each.line - _NODE_HEIGHT / 2:g}" width="{2 * half:g}" '
            f'height="{_NODE_HEIGHT:g}" rx="6"/>'
            f'<text class="name" x="{x:g}" y="{each.line + 4:g}">{escape(label)}</text>'
        )
    return (
        f'<figure class="cell"><div class="scroll" role="region" tabindex="0" aria-label="{escape(graph.title)}">'
        f'<svg role="img" aria-label="{escape(graph.title)}" viewBox="0 0 {each.width:g} {each.height:g}" '
        f'width="{each.width:g}" height="{each.height:g}">{"".join(parts)}</svg></div>'
        f"<figcaption>{escape(graph.title)}</figcaption></figure>"
    )
