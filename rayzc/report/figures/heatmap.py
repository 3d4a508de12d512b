"""A heat map: a table whose numbers are coloured. On a screen it is a table, so everyone can read it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayzc.report.content import Column, Estimate, Table
from rayzc.report.figures.style import NEGATIVE, POSITIVE, heat_level
from rayzc.report.texts import tau_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Heatmap"]


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Correlations by row and column.

    Attributes:
        name: of its file.
        title: its caption.
        summary: what can be seen in it.
        corner: what the rows are.
        rows: names of the rows.
        columns: names of the columns.
        cells: ``rows`` by ``columns``; None where there is nothing.
        strong_rows: places of rows that stand out, such as means.
        strong_columns: places of columns that stand out, such as the formula's.
        framed: cells that are marked by a frame, as (row, column).
    """

    name: str
    title: str
    summary: str
    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Estimate | None, ...], ...]
    strong_rows: tuple[int, ...] = ()
    strong_columns: tuple[int, ...] = ()
    framed: frozenset[tuple[int, int]] = frozenset()

    def table(self) -> Table:
        """The same numbers, with their intervals."""
        columns = (Column(self.corner), *(Column(name, ".3f") for name in self.columns))
        rows = tuple((name, *cells) for name, cells in zip(self.rows, self.cells, strict=True))
        return Table(self.name, self.title, columns, rows, self.strong_rows)

    def paint(self, figure: "Figure") -> None:
        """Draws it for a paper."""
        axes: Any = figure.subplots()
        figure.set_size_inches(1.8 + 0.42 * len(self.columns), 1.0 + 0.26 * len(self.rows))
        for row, cells in enumerate(self.cells):
            for column, cell in enumerate(cells):
                if cell is None:
                    continue
                level = heat_level(cell.value)
                colour = (POSITIVE if level >= 0 else NEGATIVE)[abs(level)]
                _box(axes, column, row, colour, (row, column) in self.framed)
                ink = "white" if abs(level) == 5 else "black"
                strong = row in self.strong_rows or column in self.strong_columns
                weight = "bold" if strong else "normal"
                axes.text(
                    column,
                    row,
                    tau_text(cell.value),
                    ha="center",
                    va="center",
                    fontsize=6.5,
                    color=ink,
                    weight=weight,
                )
        axes.set_xlim(-0.5, len(self.columns) - 0.5)
        axes.set_ylim(len(self.rows) - 0.5, -0.5)
        axes.set_xticks(range(len(self.columns)), self.columns, rotation=45, ha="left")
        axes.set_yticks(range(len(self.rows)), self.rows)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)


def _box(axes: Any, column: int, row: int, colour: str, framed: bool) -> None:
    from matplotlib.patches import Rectangle

    edge, width = ("black", 0.9) if framed else ("white", 0.8)
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5),
            1,
            1,
            facecolor=colour,
            edgecolor=edge,
            linewidth=width,
            zorder=2 if framed else 1,
        )
    )
