"""The Pareto front of formulas: how well the best of each complexity rank; choosing a point shows its formula."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayzc.report.content import Column, Mathematics, Table
from rayzc.report.figures.style import ACCENT, MUTED, screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Front", "FrontPoint"]


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A formula of the front.

    Attributes:
        complexity: its number of nodes.
        fitted: mean tau on the networks that it was bred on.
        held_out: the same on the networks that were held out; None if there are none.
        formula: the formula.
    """

    complexity: int
    fitted: float
    held_out: float | None
    formula: Mathematics


@dataclass(frozen=True, slots=True)
class Front:
    """The best formula of each complexity.

    Attributes:
        name: of its file.
        title: its caption.
        summary: what can be seen in it.
        points: the formulas, the simplest first.
    """

    name: str
    title: str
    summary: str
    points: tuple[FrontPoint, ...]

    @property
    def held_out(self) -> bool:
        """Whether there are numbers of networks that were held out."""
        return any(point.held_out is not None for point in self.points)

    def table(self) -> Table:
        """A row for each formula."""
        columns = [Column("nodes", ",d"), Column("fitted", ".3f")]
        if self.held_out:
            columns.append(Column("held out", ".3f"))
        rows = tuple(
            (
                point.complexity,
                point.fitted,
                *([point.held_out] if self.held_out else []),
                point.formula.text,
            )
            for point in self.points
        )
        return Table(self.name, self.title, (*columns, Column("formula", code=True)), rows)

    def spec(self) -> dict[str, Any]:
        """A Vega-Lite specification; the page finds the formula of a point by its place, ``i``."""
        groups = ["fitted", *(["held out"] if self.held_out else [])]
        data = [
            {"i": place, "x": point.complexity, "y": value, "g": group, "f": point.formula.text}
            for place, point in enumerate(self.points)
            for group, value in (("fitted", point.fitted), ("held out", point.held_out))
            if value is not None
        ]
        x = {
            "field": "x",
            "type": "quantitative",
            "title": "complexity, nodes",
            "scale": {"zero": False},
            "axis": {"grid": False, "tickMinStep": 1, "format": "d"},
        }
        y = {"field": "y", "type": "quantitative", "title": "mean Kendall's tau", "scale": {"zero": False}}
        colour = {
            "field": "g",
            "type": "nominal",
            "scale": {"domain": groups, "range": ["var(--muted)", "var(--accent)"][2 - len(groups) :]},
            "legend": {"title": None, "orient": "top"} if len(groups) > 1 else None,
        }
        line = {
            "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5, "aria": False},
            "encoding": {"x": x, "y": y, "color": colour},
        }
        points = {
            "mark": {"type": "point", "filled": True, "cursor": "pointer", "aria": False},
            "encoding": {
                "x": x,
                "y": y,
                "color": colour,
                "size": {"condition": {"test": "datum.i === chosen", "value": 190}, "value": 60},
                "tooltip": [
                    {"field": "f", "title": "formula"},
                    {"field": "x", "title": "nodes"},
                    {"field": "y", "title": "mean tau", "format": ".3f"},
                    {"field": "g", "title": "networks"},
                ],
            },
        }
        chosen = {"name": "chosen", "value": len(self.points) - 1}
        return screen(data, [line, points], height=300, params=[chosen])

    def paint(self, figure: "Figure") -> None:
        """Draws it for a paper."""
        axes: Any = figure.subplots()
        figure.set_size_inches(3.5, 2.5)
        x = [point.complexity for point in self.points]
        curves = [("fitted", MUTED, [point.fitted for point in self.points])]
        if self.held_out:
            curves.append(("held out", ACCENT, [point.held_out or 0.0 for point in self.points]))
        for name, colour, y in curves:
            axes.step(x, y, where="post", color=colour, linewidth=1, marker="o", markersize=3, label=name)
        axes.set_xlabel("complexity, nodes")
        axes.set_ylabel("mean Kendall's tau")
        if self.held_out:
            axes.legend(frameon=False, fontsize=7)
