"""What a report is made of: chapters of sections of blocks, as plain values that know nothing of how they are drawn.

A block is text, a table, or one of the figures of :mod:`rayzc.report.figures`. Everything that a reader sees of a run
passes through these types, so one page, its figures for papers and its tables all say the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Block",
    "Cell",
    "Chapter",
    "Column",
    "Command",
    "Estimate",
    "Facts",
    "Figure",
    "Mathematics",
    "Page",
    "Panels",
    "Section",
    "Table",
    "Words",
    "blocks_of",
    "is_figure",
]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and how sure it is.

    Attributes:
        value: the number.
        low: lower bound of its 95 % interval; None where it was not computed.
        high: the upper bound.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def margin(self) -> float | None:
        """Half of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


Cell = str | int | float | Estimate | None
"""What stands in a table; None is shown as a dash."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: its header.
        form: how its numbers are written, as Python's format specification; empty for text.
        code: whether its texts are formulas or encodings.
    """

    title: str
    form: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: of its file.
        title: its caption.
        columns: the columns; the first names the rows.
        rows: the rows, each with a cell for each column.
        strong: places of the rows that stand out.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    strong: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph.

    Attributes:
        text: the text.
        quiet: whether it is an aside.
    """

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values.

    Attributes:
        pairs: of name and value.
        large: whether they are the numbers of the run that matter most.
    """

    pairs: tuple[tuple[str, str], ...]
    large: bool = False


@dataclass(frozen=True, slots=True)
class Mathematics:
    """A formula, typeset.

    Attributes:
        mathml: the formula as presentation MathML.
        text: as formulas are written in rayzc.
        latex: for LaTeX's math mode.
    """

    mathml: str
    text: str
    latex: str


@dataclass(frozen=True, slots=True)
class Command:
    """Lines for a shell.

    Attributes:
        lines: the lines.
    """

    lines: tuple[str, ...]


class Figure(Protocol):
    """A figure: what it shows in a sentence, and the same as a table."""

    @property
    def name(self) -> str:
        """Of its file, and of its place on the page."""
        ...

    @property
    def title(self) -> str:
        """Its caption."""
        ...

    @property
    def summary(self) -> str:
        """What can be seen in it, for those who cannot see it."""
        ...

    def table(self) -> Table:
        """What it shows, as a table."""
        ...


@dataclass(frozen=True, slots=True)
class Panels:
    """Blocks of which one is seen at a time on a screen, and all of them on paper.

    Attributes:
        name: what is chosen by, such as ``problem``.
        panels: title and block of each.
    """

    name: str
    panels: tuple[tuple[str, "Block"], ...]


Block = Words | Facts | Mathematics | Command | Table | Panels | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A section.

    Attributes:
        name: of its place on the page.
        title: its heading.
        blocks: what is in it.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: a tab of the page.

    Attributes:
        name: of its place on the page.
        title: its heading.
        sections: what is in it.
    """

    name: str
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Attributes:
        title: its heading.
        subtitle: a line below it.
        facts: the numbers of the run that matter most.
        chapters: what is in it.
        version: the version of rayzc that wrote it.
    """

    title: str
    subtitle: str
    facts: Facts
    chapters: tuple[Chapter, ...]
    version: str


def is_figure(block: Block) -> bool:
    """Whether a block is drawn."""
    return not isinstance(block, Words | Facts | Mathematics | Command | Table | Panels)


def blocks_of(page: Page) -> Iterator[Block]:
    """All blocks of a page in order, those in panels, too."""
    for chapter in page.chapters:
        for section in chapter.sections:
            for block in section.blocks:
                if isinstance(block, Panels):
                    yield from (inner for _, inner in block.panels)
                else:
                    yield block
