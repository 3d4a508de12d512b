"""The kinds of figures, a file each: what it holds, the same as a table, and how it is drawn for screens and papers."""

from rayzc.report.figures.bars import Bar, Bars
from rayzc.report.figures.cells import Cells, Graph
from rayzc.report.figures.front import Front, FrontPoint
from rayzc.report.figures.heatmap import Heatmap
from rayzc.report.figures.lines import Lines, Series
from rayzc.report.figures.scatter import Point, Scatter

__all__ = [
    "Bar",
    "Bars",
    "Cells",
    "Front",
    "FrontPoint",
    "Graph",
    "Heatmap",
    "Lines",
    "Point",
    "Scatter",
    "Series",
]
