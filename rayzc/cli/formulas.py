"""Formulas as a user gives them: as text, or as a file that holds one."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rayzc.formula import Formula

__all__ = ["read_formula"]


def read_formula(given: str) -> "Formula":
    """Reads a formula's text, a formula's JSON file, a hall of fame, or a run's folder.

    Raises:
        FormulaError: the text does not parse, or the file holds no formula.
        RunError: the folder holds no hall of fame.
    """
    from rayzc.errors import FormulaError
    from rayzc.formula import Formula
    from rayzc.runs import best_formula

    path = Path(given)
    # Unlike Path.is_dir, this takes a long formula for what it is, not for a name too long for a file.
    is_folder = os.path.isdir(given)
    if given.endswith(".json") or is_folder:
        if is_folder:
            return best_formula(path / "hall_of_fame.json")
        if not path.is_file():
            raise FormulaError(f"{path}: no such file")
        text = path.read_text(encoding="utf-8", errors="replace")
        if '"best"' in text:
            return best_formula(path)
        return Formula.from_json(text)
    return Formula.parse(given)
