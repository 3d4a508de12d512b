"""Cells of tables as text, the same in every format."""

import math

from rayzc.report.content import Cell, Estimate

__all__ = ["file_name", "number_text", "tau_text"]


def number_text(cell: Cell, form: str) -> str:
    """A cell as text: numbers by their format, with a true minus sign, and a dash for nothing."""
    if cell is None:
        return "—"
    if isinstance(cell, str):
        return cell
    value = cell.value if isinstance(cell, Estimate) else cell
    if isinstance(value, float) and not math.isfinite(value):
        return "—"
    text = format(value, form).replace("-", "−")
    if isinstance(cell, Estimate) and cell.margin is not None:
        text += f" ±{cell.margin:.3f}"
    return text


def tau_text(value: float) -> str:
    """A correlation with two digits and no zero before the point: ``.53``, ``−.05``, ``1.00``."""
    text = f"{value:.2f}"
    if float(text) == 0:
        return ".00"
    return text.replace("-", "−").replace("0.", ".", 1)


def file_name(text: str) -> str:
    """A name for a file: letters, digits, ``-``, ``_`` and ``.`` as they are, and ``-`` for all else."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in text)
