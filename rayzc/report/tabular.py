"""A report without pictures: its text and tables in Markdown and LaTeX, and its tables as CSV."""

import csv
import io
import re
from collections.abc import Iterator

from rayzc.report.content import (
    Block,
    Command,
    Estimate,
    Facts,
    Mathematics,
    Page,
    Panels,
    Table,
    Words,
    blocks_of,
)
from rayzc.report.texts import number_text

__all__ = ["csv_of", "latex_of", "markdown_of", "tables_of"]

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "−": r"$-$",
    "±": r"$\pm$",
    "—": "---",
    "…": r"\dots{}",
}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")


def tables_of(page: Page) -> Iterator[Table]:
    """All tables of a page, those that say what figures show, too."""
    for block in blocks_of(page):
        if isinstance(block, Table):
            yield block
        elif not isinstance(block, Words | Facts | Mathematics | Command | Panels):
            yield block.table()


def csv_of(table: Table) -> str:
    """A table as CSV, with all digits; intervals are columns of their own."""
    sure = [
        any(isinstance(row[place], Estimate) and _margin(row[place]) for row in table.rows)
        for place in range(len(table.columns))
    ]
    head: list[str] = []
    for column, interval in zip(table.columns, sure, strict=True):
        head += [column.title, *([f"{column.title} low", f"{column.title} high"] if interval else [])]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in table.rows:
        cells: list[str | float | int | None] = []
        for cell, interval in zip(row, sure, strict=True):
            if isinstance(cell, Estimate):
                cells += [cell.value, *([cell.low, cell.high] if interval else [])]
            else:
                cells += [cell, *([None, None] if interval else [])]
        writer.writerow(cells)
    return text.getvalue()


def markdown_of(page: Page) -> str:
    """A page as Markdown."""
    lines = [f"# {_marked(page.title)}", "", _marked(page.subtitle), ""]
    lines += [*_markdown(page.facts)]
    for chapter in page.chapters:
        lines += [f"## {_marked(chapter.title)}", ""]
        for section in chapter.sections:
            lines += [f"### {_marked(section.title)}", ""]
            for block in section.blocks:
                lines += _markdown(block)
    return "\n".join(lines).rstrip() + "\n"


def latex_of(page: Page) -> str:
    """A page as LaTeX, to be included in a document that uses booktabs and longtable."""
    lines = [r"% \usepackage{amsmath,booktabs,longtable}", rf"\section*{{{_escaped(page.title)}}}", ""]
    lines += _latex(page.facts)
    for chapter in page.chapters:
        lines += [rf"\subsection*{{{_escaped(chapter.title)}}}", ""]
        for section in chapter.sections:
            lines += [rf"\subsubsection*{{{_escaped(section.title)}}}", ""]
            for block in section.blocks:
                lines += _latex(block)
    return "\n".join(lines).rstrip() + "\n"


def _markdown(block: Block) -> list[str]:
    if isinstance(block, Words):
        return [_marked(block.text), ""]
    if isinstance(block, Facts):
        return [*(f"- {_marked(name)}: {_marked(value)}" for name, value in block.pairs), ""]
    if isinstance(block, Mathematics):
        return ["$$", block.latex, "$$", "", f"`{block.text}`", ""]
    if isinstance(block, Command):
        return ["```sh", *block.lines, "```", ""]
    if isinstance(block, Panels):
        return [line for _, inner in block.panels for line in _markdown(inner)]
    table = block if isinstance(block, Table) else block.table()
    said = [] if isinstance(block, Table) else [_marked(block.summary), ""]
    head = [_marked(column.title) for column in table.columns]
    rule = ["---:" if column.form else "---" for column in table.columns]
    rows = [
        [_marked(number_text(cell, column.form)) for cell, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    body = [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
    return [f"**{_marked(table.title)}**", "", *said, *body, ""]


def _latex(block: Block) -> list[str]:
    if isinstance(block, Words):
        return [_escaped(block.text), ""]
    if isinstance(block, Facts):
        pairs = (rf"\item {_escaped(name)}: {_escaped(value)}" for name, value in block.pairs)
        return [r"\begin{itemize}", *pairs, r"\end{itemize}", ""]
    if isinstance(block, Mathematics):
        return [r"\begin{equation*}", block.latex, r"\end{equation*}", ""]
    if isinstance(block, Command):
        return [rf"\noindent\texttt{{{_escaped(line)}}}\par" for line in block.lines] + [""]
    if isinstance(block, Panels):
        return [line for _, inner in block.panels for line in _latex(inner)]
    table = block if isinstance(block, Table) else block.table()
    kinds = "".join("r" if column.form else "l" for column in table.columns)
    head = " & ".join(_escaped(column.title) for column in table.columns)
    rows = (
        " & ".join(
            _escaped(number_text(cell, column.form)) for cell, column in zip(row, table.columns, strict=True)
        )
        + r" \\"
        for row in table.rows
    )
    return [
        rf"\begin{{longtable}}{{{kinds}}}",
        rf"\caption*{{{_escaped(table.title)}}}\\",
        r"\toprule",
        rf"{head} \\",
        r"\midrule",
        r"\endhead",
        *rows,
        r"\bottomrule",
        r"\end{longtable}",
        "",
    ]


def _margin(cell: object) -> bool:
    return isinstance(cell, Estimate) and cell.margin is not None


def _marked(text: str) -> str:
    """Text in which Markdown sees no markup, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(text.split()))
