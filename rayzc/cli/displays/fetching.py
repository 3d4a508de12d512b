"""What a user sees of the files of a named suite, when all have been found or given up."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from rayzc.cli.output import plain_console
from rayzc.problems import FileReport

__all__ = ["print_files"]


def print_files(files: Sequence[FileReport]) -> None:
    """A row for each file: where it came from, its size, and what was checked, or why each place failed."""
    if not files:
        return
    console = plain_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", no_wrap=True)
    table.add_column("from", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("checked, or why not found", overflow="fold")
    for file in files:
        size = _size(file.size) if file.checked else "-"
        table.add_row(file.name, escape(file.kind) or "-", size, escape("\n".join(file.summary)))
    console.print()
    console.print(table)
    console.print()


def _size(count: int) -> str:
    """Bytes for people: ``33.1 MB``."""
    if count < 1_000_000:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB"
