"""Blocks of a page as HTML. Every text of a run passes through :func:`html.escape` here or where it is typeset."""

import json
from collections.abc import Iterator
from html import escape
from itertools import count
from typing import Any

from rayzc.report.content import (
    Block,
    Cell,
    Column,
    Command,
    Estimate,
    Facts,
    Mathematics,
    Panels,
    Table,
    Words,
)
from rayzc.report.figures import Bars, Cells, Front, Heatmap, Lines, Scatter
from rayzc.report.figures.style import heat_level
from rayzc.report.texts import number_text, tau_text

__all__ = ["Writer"]


class Writer:
    """Writes blocks, and collects what the page's script draws.

    Attributes:
        specs: by the id of its place, the Vega-Lite specification of each figure.
    """

    def __init__(self) -> None:
        self.specs: dict[str, dict[str, Any]] = {}
        self._numbers = count(1)
        self._used: set[str] = set()

    def block(self, block: Block, within: bool = False) -> str:
        """A block.

        Args:
            block: the block.
            within: whether its caption is said already, as in a panel.
        """
        if isinstance(block, Words):
            return f"<p{' class=quiet' if block.quiet else ''}>{escape(block.text)}</p>"
        if isinstance(block, Facts):
            return _facts(block)
        if isinstance(block, Mathematics):
            return self._mathematics(block)
        if isinstance(block, Command):
            return self._command(block)
        if isinstance(block, Table):
            return _table(block)
        if isinstance(block, Panels):
            return self._panels(block)
        return self._figure(block, within)

    def place(self, name: str) -> str:
        """An id for a place on the page: the same for the same page, and no two alike."""
        safe = "".join(
            letter if (letter.isalnum() and letter.isascii()) or letter in "-_" else "-" for letter in name
        )
        found, other = safe, 2
        while found in self._used:
            found, other = f"{safe}-{other}", other + 1
        self._used.add(found)
        return found

    def _mathematics(self, block: Mathematics) -> str:
        place = self.place("formula-text")
        return (
            '<div class="mathematics"><div class="scroll" role="region" tabindex="0" aria-label="formula">'
            f"{block.mathml}</div>"
            f'<div class="copy"><code id="{place}">{escape(block.text)}</code>'
            f'<button type="button" data-copy="{place}">Copy</button></div></div>'
        )

    def _command(self, block: Command) -> str:
        place = self.place("command")
        lines = escape("\n".join(block.lines))
        return (
            f'<div class="command"><pre id="{place}" tabindex="0" role="region" aria-label="command">{lines}</pre>'
            f'<button type="button" data-copy="{place}">Copy</button></div>'
        )

    def _panels(self, block: Panels) -> str:
        group = self.place(f"panels-{block.name}")
        tabs, bodies = [], []
        for number, (title, inner) in enumerate(block.panels):
            tab, body = f"{group}-tab-{number}", f"{group}-panel-{number}"
            chosen = number == 0
            tabs.append(
                f'<button type="button" role="tab" id="{tab}" aria-controls="{body}" '
                f'aria-selected="{str(chosen).lower()}" tabindex="{0 if chosen else -1}">{escape(title)}</button>'
            )
            bodies.append(
                f'<div role="tabpanel" id="{body}" aria-labelledby="{tab}"{"" if chosen else " data-later"}>'
                f'<p class="panel-title">{escape(title)}</p>{self.block(inner, within=True)}</div>'
            )
        return (
            f'<div class="panels" data-tabs><div role="tablist" class="chips" aria-label="{escape(block.name)}">'
            f"{''.join(tabs)}</div>{''.join(bodies)}</div>"
        )

    def _figure(self, block: Any, within: bool) -> str:
        place = self.place(f"figure-{block.name}")
        caption = "" if within else f"<strong>{escape(block.title)}.</strong> "
        caption = f"<figcaption>{caption}{escape(block.summary)}</figcaption>"
        if isinstance(block, Heatmap):
            return f'<figure id="{place}">{_heatmap(block)}{caption}</figure>'
        if isinstance(block, Cells):
            drawing = f'<div class="cells">{block.svg()}</div>'
            return f'<figure id="{place}">{drawing}{caption}{_details(block.table())}</figure>'
        assert isinstance(block, Scatter | Lines | Bars | Front)
        self.specs[place] = block.spec()
        height = int(self.specs[place]["height"]) + 60
        chart = (
            f'<div class="chart" data-chart="{place}" role="img" aria-label="{escape(block.title)}. '
            f'{escape(block.summary)}" style="min-height:{height}px"></div>'
        )
        if isinstance(block, Front):
            return f'<figure id="{place}">{chart}{caption}{self._choices(block, place)}</figure>'
        return f'<figure id="{place}">{chart}{caption}{_details(block.table())}</figure>'

    def _choices(self, front: Front, place: str) -> str:
        """The formulas of a front, one of which is shown: chosen by a click, or by keyboard."""
        rows = []
        last = len(front.points) - 1
        for number, point in enumerate(front.points):
            held = "" if point.held_out is None else f'<span class="num">{point.held_out:.3f}</span>'
            rows.append(
                f'<label class="choice"><input type="radio" name="{place}" value="{number}"'
                f"{' checked' if number == last else ''}>"
                f'<span class="num">{point.complexity}</span><span class="num">{point.fitted:.3f}</span>{held}'
                f"<code>{escape(point.formula.text)}</code></label>"
            )
        shown = "".join(
            f'<div class="scroll shown" data-shown="{number}" role="region" tabindex="0" '
            f'aria-label="formula of {point.complexity} nodes"{"" if number == last else " hidden"}>'
            f"{point.formula.mathml}</div>"
            for number, point in enumerate(front.points)
        )
        held = '<span class="num">held out</span>' if front.held_out else ""
        return (
            f'<div class="front" data-front="{place}"><div class="stage" aria-live="polite">{shown}</div>'
            f'<fieldset class="choices{" held" if front.held_out else ""}"><legend>Formulas of the front</legend>'
            f'<div class="choice head" aria-hidden="true"><span></span><span class="num">nodes</span>'
            f'<span class="num">fitted</span>{held}<span>formula</span></div>{"".join(rows)}</fieldset></div>'
        )


def cell_text(cell: Cell, column: Column) -> str:
    """A cell as plain text."""
    return number_text(cell, column.form)


def _facts(block: Facts) -> str:
    inner = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in block.pairs
    )
    return f'<dl class="{"facts large" if block.large else "facts"}">{inner}</dl>'


def _details(table: Table) -> str:
    return f'<details class="data"><summary>The same as a table</summary>{_table(table)}</details>'


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{" class=num" if column.form else ""}>{escape(column.title)}</th>'
        for column in table.columns
    )
    body = "".join(
        f"<tr{' class=strong' if place in table.strong else ''}>{''.join(_cells(row, table.columns))}</tr>"
        for place, row in enumerate(table.rows)
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(table.title)}"><table>'
        f"<caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: tuple[Cell, ...], columns: tuple[Column, ...]) -> Iterator[str]:
    for place, (cell, column) in enumerate(zip(row, columns, strict=True)):
        text = escape(number_text(cell, column.form))
        if column.code and cell is not None:
            text = f"<code>{text}</code>"
        kind = ' class="num"' if column.form else ""
        yield f'<th scope="row"{kind}>{text}</th>' if place == 0 else f"<td{kind}>{text}</td>"


def _heatmap(heat: Heatmap) -> str:
    head = "".join(
        f'<th scope="col"{" class=own" if place in heat.strong_columns else ""}><span>{escape(name)}</span></th>'
        for place, name in enumerate(heat.columns)
    )
    rows = []
    for place, (name, cells) in enumerate(zip(heat.rows, heat.cells, strict=True)):
        inner = "".join(
            _heat_cell(cell, (place, column) in heat.framed, column in heat.strong_columns)
            for column, cell in enumerate(cells)
        )
        strong = " class=strong" if place in heat.strong_rows else ""
        rows.append(f'<tr{strong}><th scope="row">{_breakable(name)}</th>{inner}</tr>')
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(heat.title)}">'
        f'<table class="heat"><caption class="unseen">{escape(heat.title)}</caption>'
        f'<thead><tr><th scope="col">{escape(heat.corner) or "<span class=unseen>name</span>"}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _heat_cell(cell: Estimate | None, framed: bool, own: bool) -> str:
    if cell is None:
        return "<td></td>"
    level = heat_level(cell.value)
    kinds = [
        f"{'n' if level < 0 else 'p'}{abs(level)}",
        *(["best"] if framed else []),
        *(["own"] if own else []),
    ]
    margin = cell.margin
    below = "" if margin is None else f"<small>±{margin:.2f}".replace("±0.", "±.") + "</small>"
    title = ""
    if cell.low is not None and cell.high is not None:
        title = f' title="{cell.value:.3f}, 95 % interval {cell.low:.3f} to {cell.high:.3f}"'
    text = tau_text(cell.value)
    return f'<td class="{" ".join(kinds)}"{title}>{text}{below}</td>'


def _breakable(name: str) -> str:
    """A name that may be broken after a slash or an underscore."""
    return escape(name).replace("/", "/<wbr>").replace("_", "_<wbr>")


def data_of(specs: dict[str, dict[str, Any]]) -> str:
    """The specifications as JSON that may stand in a page: no text in it ends the element."""
    text = json.dumps(specs, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
