"""Curves: one or more series over a common axis, with bands for how sure they are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayzc.report.content import Column, Estimate, Table
from rayzc.report.figures.style import SERIES, screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Lines", "Series"]


@dataclass(frozen=True, slots=True)
class Series:
    """A curve.

    Attributes:
        name: what it is.
        x: the places, ascending.
        y: the values there.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Curves over a common axis.

    Attributes:
        name: of its file.
        title: its caption.
        summary: what can be seen in it.
        x_title: what the axis says.
        y_title: what the values are.
        series: the curves, the most important first.
        moments: places at which something happened.
        moment: what happened there.
        logarithmic: whether the axis is.
        steps: whether a value holds until the next.
    """

    name: str
    title: str
    summary: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    moments: tuple[float, ...] = ()
    moment: str = ""
    logarithmic: bool = False
    steps: bool = False

    def table(self) -> Table:
        """A row for each place, a column for each curve."""
        places = sorted({x for series in self.series for x in series.x})
        known = [dict(zip(series.x, series.y, strict=True)) for series in self.series]
        columns = (Column(self.x_title, "g"), *(Column(series.name, ".4g") for series in self.series))
        rows = tuple((x, *(values.get(x) for values in known)) for x in places)
        return Table(self.name, self.title, columns, rows)

    def spec(self) -> dict[str, Any]:
        """A Vega-Lite specification."""
        data = [
            {"x": x, "y": y.value, "l": y.low, "h": y.high, "s": series.name}
            for series in self.series
            for x, y in zip(series.x, series.y, strict=True)
        ]
        names = [series.name for series in self.series]
        colour = {
            "field": "s",
            "type": "nominal",
            "scale": {
                "domain": names,
                "range": [f"var(--s{place % len(SERIES) + 1})" for place in range(len(names))],
            },
            "legend": {
                "title": None,
                "orient": "top",
                "columns": 3,
                "symbolType": "stroke",
                # Else it would be as faint as the bands.
                "symbolOpacity": 1,
                "symbolStrokeWidth": 2,
                "symbolSize": 400,
            }
            if len(names) > 1
            else None,
        }
        x = {
            "field": "x",
            "type": "quantitative",
            "title": self.x_title,
            "scale": {"type": "log", "nice": False} if self.logarithmic else {"nice": False, "zero": False},
            "axis": {"format": ",~r", "grid": False},
        }
        y = {"field": "y", "type": "quantitative", "title": self.y_title, "scale": {"zero": False}}
        bend = {"interpolate": "step-after"} if self.steps else {}
        layers: list[dict[str, Any]] = []
        if self.moments:
            layers.append(
                {
                    "data": {"values": [{"x": moment} for moment in self.moments]},
                    "mark": {"type": "rule", "color": "var(--line)", "aria": False},
                    "encoding": {"x": x},
                }
            )
        if any(y.low is not None for series in self.series for y in series.y):
            layers.append(
                {
                    "mark": {"type": "area", "opacity": 0.1, "aria": False, **bend},
                    "encoding": {
                        "x": x,
                        "y": {**y, "field": "l"},
                        "y2": {"field": "h"},
                        "color": colour,
                    },
                }
            )
        layers.append(
            {
                "mark": {"type": "line", "strokeWidth": 2, "aria": False, **bend},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": colour,
                    "strokeDash": {
                        "field": "s",
                        "type": "nominal",
                        "legend": colour["legend"],
                        "scale": {"domain": names, "range": _dashes(len(names))},
                    },
                },
            }
        )
        layers.append(
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0, "aria": False},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": colour,
                    "tooltip": [
                        {"field": "s", "title": "curve"},
                        {"field": "x", "title": self.x_title, "format": ",~r"},
                        {"field": "y", "title": self.y_title, "format": ".4~g"},
                    ],
                },
            }
        )
        return screen(data, layers, height=300)

    def paint(self, figure: "Figure") -> None:
        """Draws it for a paper."""
        axes: Any = figure.subplots()
        figure.set_size_inches(3.5, 2.5)
        for moment in self.moments:
            axes.axvline(moment, color="#d9dee5", linewidth=0.5)
        draw = {"drawstyle": "steps-post"} if self.steps else {}
        for place, series in enumerate(self.series):
            colour = SERIES[place % len(SERIES)]
            known = [(x, y) for x, y in zip(series.x, series.y, strict=True)]
            axes.plot(
                [x for x, _ in known],
                [y.value for _, y in known],
                color=colour,
                linewidth=1.2,
                label=series.name,
                **draw,
            )
            if known and all(y.low is not None for _, y in known):
                axes.fill_between(
                    [x for x, _ in known],
                    [y.low for _, y in known],
                    [y.high for _, y in known],
                    step="post" if self.steps else None,
                    color=colour,
                    alpha=0.15,
                    linewidth=0,
                )
        if self.logarithmic:
            axes.set_xscale("log")
        axes.set_xlabel(self.x_title)
        axes.set_ylabel(self.y_title)
        if len(self.series) > 1:
            axes.legend(frameon=False, fontsize=6, ncols=2, loc="lower right")


def _dashes(count: int) -> list[list[int]]:
    """Dashes tell curves apart where colours cannot."""
    kinds = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]]
    return [kinds[place % len(kinds)] for place in range(count)]
