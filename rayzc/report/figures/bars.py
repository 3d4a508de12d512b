"""Bars: a number for each of a few names, with its interval."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayzc.report.content import Column, Estimate, Table
from rayzc.report.figures.style import ACCENT, INK, MUTED, screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Bar", "Bars"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar.

    Attributes:
        label: what it is of.
        size: its length.
        group: what kind of bar it is.
    """

    label: str
    size: Estimate
    group: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars, one below the other, or beside each other by their groups.

    Attributes:
        name: of its file.
        title: its caption.
        summary: what can be seen in it.
        what: what is named.
        x_title: what the lengths are.
        bars: the bars; those of one label stand together.
    """

    name: str
    title: str
    summary: str
    what: str
    x_title: str
    bars: tuple[Bar, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The kinds of bars, in order."""
        return tuple(dict.fromkeys(bar.group for bar in self.bars))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(dict.fromkeys(bar.label for bar in self.bars))

    @property
    def beside(self) -> bool:
        """Whether bars of several kinds stand beside each other."""
        return len({(bar.label, bar.group) for bar in self.bars}) > len(self.labels)

    def table(self) -> Table:
        """A row for each name, a column for each kind."""
        known = {(bar.label, bar.group): bar.size for bar in self.bars}
        columns = (Column(self.what), *(Column(group, ".3f") for group in self.groups))
        rows = tuple((label, *(known.get((label, group)) for group in self.groups)) for label in self.labels)
        return Table(self.name, self.title, columns, rows)

    def spec(self) -> dict[str, Any]:
        """A Vega-Lite specification."""
        data = [
            {"n": bar.label, "v": bar.size.value, "l": bar.size.low, "h": bar.size.high, "g": bar.group}
            for bar in self.bars
        ]
        groups, labels = list(self.groups), list(self.labels)
        y = {
            "field": "n",
            "type": "nominal",
            "sort": labels,
            "title": None,
            "axis": {"grid": False, "ticks": False, "domain": False},
        }
        offset = {"yOffset": {"field": "g", "sort": groups}} if self.beside else {}
        colours = ["var(--accent)", "var(--muted)", "var(--s2)", "var(--s3)"]
        colour = {
            "field": "g",
            "type": "nominal",
            "scale": {"domain": groups, "range": colours[: len(groups)]},
            "legend": {"title": None, "orient": "top"} if len(groups) > 1 else None,
        }
        x = {"field": "v", "type": "quantitative", "title": self.x_title}
        layers: list[dict[str, Any]] = [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2, "aria": False},
                "encoding": {
                    "x": x,
                    "y": y,
                    **offset,
                    "color": colour,
                    "tooltip": [
                        {"field": "n", "title": self.what},
                        {"field": "g", "title": "kind"},
                        {"field": "v", "title": self.x_title, "format": ".3f"},
                    ],
                },
            }
        ]
        if any(bar.size.low is not None for bar in self.bars):
            layers.append(
                {
                    "mark": {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.2, "aria": False},
                    "encoding": {
                        "x": {**x, "field": "l"},
                        "x2": {"field": "h"},
                        "y": y,
                        **offset,
                    },
                }
            )
        thick = 13 if self.beside else 22
        return screen(data, layers, height=max(60, thick * len(data) + 6 * len(labels)))

    def paint(self, figure: "Figure") -> None:
        """Draws it for a paper."""
        axes: Any = figure.subplots()
        labels, groups = self.labels, self.groups
        figure.set_size_inches(3.8, 0.9 + 0.2 * len(self.bars))
        thick = 0.8 / (len(groups) if self.beside else 1)
        for place, group in enumerate(groups):
            bars = [bar for bar in self.bars if bar.group == group]
            shift = (place - (len(groups) - 1) / 2) * thick if self.beside else 0.0
            at = [labels.index(bar.label) + shift for bar in bars]
            colour = (ACCENT, MUTED, "#c05a00", "#00795b")[place % 4]
            axes.barh(at, [bar.size.value for bar in bars], height=thick * 0.9, color=colour, label=group)
            for y, bar in zip(at, bars, strict=True):
                if bar.size.low is not None:
                    axes.plot([bar.size.low, bar.size.high], [y, y], color=INK, linewidth=0.8)
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.set_xlabel(self.x_title)
        axes.axvline(0, color=INK, linewidth=0.6)
        if len(groups) > 1:
            axes.legend(frameon=False, fontsize=6)
