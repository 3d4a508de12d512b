"""Tables that fit the width of the console, and the format of numbers in them."""

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Column, Table

from rayzc.nas import Average

__all__ = ["Fitted", "average_text", "mean_text", "number", "printed"]

_BOUNDLESS = 10_000


class Fitted:
    """A table that never cuts names or numbers: if it is too wide, it is split into parts, or drops columns.

    The parts are stacked, each with the table's first column. That column alone is folded, if not even one further
    column fits beside it.

    Args:
        table: the table.
        breaks: headers of the columns with which a part begins, if the whole table is too wide.
        drop: headers of the columns to leave out of a part that is still too wide, the first first.
    """

    def __init__(self, table: Table, breaks: Sequence[str] = (), drop: Sequence[str] = ()) -> None:
        self._table, self._breaks, self._drop = table, breaks, drop

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The parts of the table, with a blank line between them."""
        first, *others = self._table.columns

        def fits(columns: Sequence[Column]) -> bool:
            boundless = options.update(max_width=_BOUNDLESS)
            return (
                console.measure(self._part([first, *columns]), options=boundless).maximum <= options.max_width
            )

        parts = [others] if fits(others) else list(self._broken(others))
        place = 0
        for part in parts:
            columns = list(part)
            for header in self._drop:
                if not fits(columns):
                    columns = [column for column in columns if column.header != header]
            while columns:
                count = next(
                    count for count in range(len(columns), 0, -1) if count == 1 or fits(columns[:count])
                )
                if place:
                    yield ""
                yield self._part([first, *columns[:count]])
                columns, place = columns[count:], place + 1

    def _broken(self, columns: Sequence[Column]) -> Iterator[list[Column]]:
        part: list[Column] = []
        for column in columns:
            if part and column.header in self._breaks:
                yield part
                part = []
            part.append(column)
        yield part

    def _part(self, columns: Sequence[Column]) -> Table:
        whole = self._table
        part = Table(
            box=whole.box,
            show_edge=whole.show_edge,
            pad_edge=whole.pad_edge,
            collapse_padding=whole.collapse_padding,
        )
        for place, column in enumerate(columns):
            part.add_column(column.header, justify=column.justify, no_wrap=place > 0, overflow="fold")
        cells = [list(column.cells) for column in columns]
        for place, row in enumerate(whole.rows):
            part.add_row(*(column[place] for column in cells), style=row.style, end_section=row.end_section)
        return part


def printed(console: Console, part: RenderableType) -> None:
    """Prints lines unwrapped, and tables that fit the width of the console."""
    console.print(part, soft_wrap=isinstance(part, str), markup=False)


def number(value: float | None, digits: int = 5) -> str:
    """A number with this many significant digits; a dash for None."""
    return "-" if value is None else f"{value:#.{digits}g}".removesuffix(".")


def mean_text(average: Average | None) -> str:
    """A mean with one decimal."""
    return "-" if average is None else f"{average.mean:.1f}"


def average_text(average: Average | None) -> str:
    """A mean with one decimal, and its deviation where there are several values."""
    deviation = f" ±{average.deviation:.1f}" if average is not None and average.count > 1 else ""
    return mean_text(average) + deviation
