"""A scatter plot: a point for each architecture, whose encoding is shown when it is pointed at."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayzc.report.content import Column, Table
from rayzc.report.figures.style import ACCENT, MUTED, screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Point", "Scatter"]

_TABLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Point:
    """A point.

    Attributes:
        x: predicted rank.
        y: true rank.
        label: what it is.
        accuracy: the true accuracy.
        lit: whether it stands out.
    """

    x: int
    y: int
    label: str
    accuracy: float
    lit: bool


@dataclass(frozen=True, slots=True)
class Scatter:
    """Predicted against true ranks, 1 for the best.

    Attributes:
        name: of its file.
        title: its caption.
        summary: what can be seen in it.
        points: the points, the best predicted first.
        lit: what the points that stand out are.
        dim: what the others are.
    """

    name: str
    title: str
    summary: str
    points: tuple[Point, ...]
    lit: str
    dim: str

    def table(self) -> Table:
        """The architectures that are predicted to be the best."""
        shown = self.points[:_TABLE_ROWS]
        columns = (
            Column("architecture", code=True),
            Column("predicted rank", ",d"),
            Column("true rank", ",d"),
            Column("accuracy", ".4g"),
            Column("networks"),
        )
        rows = tuple(
            (point.label, point.x, point.y, point.accuracy, self.lit if point.lit else self.dim)
            for point in shown
        )
        return Table(self.name, f"{self.title}: the {len(shown)} best by prediction", columns, rows)

    def spec(self) -> dict[str, Any]:
        """A Vega-Lite specification."""
        data = [
            {
                "x": point.x,
                "y": point.y,
                "e": point.label,
                "a": point.accuracy,
                "g": self.lit if point.lit else self.dim,
            }
            for point in sorted(self.points, key=lambda point: (point.lit, point.x))
        ]
        most = max((max(point.x, point.y) for point in self.points), default=1)
        scale = {"domain": [1, most], "reverse": True, "nice": False, "zero": False}
        both = any(point.lit for point in self.points) and not all(point.lit for point in self.points)
        colour = {
            "field": "g",
            "type": "nominal",
            "scale": {
                "domain": [self.lit, self.dim],
                "range": ["var(--accent)", "var(--muted)"],
            },
            "legend": {"title": None, "orient": "top"} if both else None,
        }
        points = {
            "mark": {"type": "point", "filled": True, "size": 26, "opacity": 0.75, "aria": False},
            "encoding": {
                "x": {
                    "field": "x",
                    "type": "quantitative",
                    "title": "predicted rank, best to the right",
                    "scale": scale,
                    "axis": {"format": ",d"},
                },
                "y": {
                    "field": "y",
                    "type": "quantitative",
                    "title": "true rank, best on top",
                    "scale": scale,
                    "axis": {"format": ",d"},
                },
                "color": colour,
                "tooltip": [
                    {"field": "e", "title": "architecture"},
                    {"field": "x", "title": "predicted rank", "format": ",d"},
                    {"field": "y", "title": "true rank", "format": ",d"},
                    {"field": "a", "title": "accuracy", "format": ".4~g"},
                    {"field": "g", "title": "networks"},
                ],
            },
        }
        diagonal = {
            "data": {"values": [{"x": 1, "y": 1}, {"x": most, "y": most}]},
            "mark": {"type": "line", "color": "var(--line-2)", "strokeDash": [4, 4], "aria": False},
            "encoding": {
                "x": {"field": "x", "type": "quantitative", "scale": scale},
                "y": {"field": "y", "type": "quantitative", "scale": scale},
            },
        }
        return screen(data, [diagonal, points], height=380)

    def paint(self, figure: "Figure") -> None:
        """Draws it for a paper."""
        axes: Any = figure.subplots()
        figure.set_size_inches(3.3, 3.1)
        for lit, colour, name in ((False, MUTED, self.dim), (True, ACCENT, self.lit)):
            chosen = [point for point in self.points if point.lit == lit]
            if chosen:
                axes.scatter(
                    [point.x for point in chosen],
                    [point.y for point in chosen],
                    s=5,
                    color=colour,
                    alpha=0.7,
                    linewidths=0,
                    label=name,
                )
        axes.invert_xaxis()
        axes.invert_yaxis()
        axes.set_xlabel("predicted rank")
        axes.set_ylabel("true rank")
        axes.legend(loc="lower right", frameon=False, fontsize=7)
