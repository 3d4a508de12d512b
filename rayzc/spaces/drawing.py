"""Drawings of cells: graphs with labelled nodes and edges, as Graphviz DOT or as plain text."""

from dataclasses import dataclass

__all__ = ["Drawing", "Edge"]


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow of a drawing.

    Attributes:
        start: number of the node where it starts.
        end: number of the node where it ends.
        label: what happens on the way, empty if nothing does.
    """

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A directed graph.

    Attributes:
        title: what it shows, ``nasbench201 cell``.
        nodes: the nodes' labels, which may be empty; a node's number is its place.
        edges: the arrows.
    """

    title: str
    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]

    def dot(self) -> str:
        """The graph in Graphviz's language, to be drawn with ``dot -Tsvg``."""
        lines = [f"digraph {_quoted(self.title)} {{", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
        lines += [f"  {number} [label={_quoted(self._name(number))}];" for number in range(len(self.nodes))]
        for edge in self.edges:
            label = f" [label={_quoted(edge.label)}]" if edge.label else ""
            lines.append(f"  {edge.start} -> {edge.end}{label};")
        return "\n".join([*lines, "}"]) + "\n"

    def text(self) -> str:
        """The graph in Unicode text: a line for each node, and below it its incoming arrows."""
        lines = [self.title]
        for number in range(len(self.nodes)):
            lines.append(self._name(number))
            incoming = [edge for edge in self.edges if edge.end == number]
            for edge in incoming:
                corner = "└" if edge is incoming[-1] else "├"
                operation = f" {edge.label} ──" if edge.label else ""
                lines.append(f"  {corner}◀──{operation} {self._name(edge.start)}")
        return "\n".join(lines) + "\n"

    def _name(self, number: int) -> str:
        return f"{number} {self.nodes[number]}".rstrip()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
