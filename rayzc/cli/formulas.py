"""Reading formulas from text, from a file, or from the folder of a run."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rayzc.errors import FormulaError

if TYPE_CHECKING:
    from rayzc.formula import Formula

__all__ = ["read_formula"]

_MOST_BYTES = 1 << 20
_HALL = "hall_of_fame.json"


def read_formula(given: str) -> "Formula":
    """Reads a formula: its text, a file with its text or its JSON, a hall of fame, or the folder of a run.

    A file or folder that exists is read, also on other file systems; everything else is parsed, except what looks
    like a path.

    Raises:
        FormulaError: the text does not parse, the file holds no formula, or there is no such file.
        RunError: the folder holds no hall of fame, or cannot be reached.
    """
    from rayzc.formula import Formula
    from rayzc.runs import RunFolder, best_formula, is_uri

    if is_uri(given):
        folder = RunFolder.open(given)
        # Only discoveries are elsewhere; a whole run that was copied there has the formula in that stage.
        whole = folder.read_config().get("kind") == "run"
        return best_formula((folder.child("discovery") if whole else folder).hall_of_fame)

    # Unlike Path's methods, these do not fail on a long formula as a file name that is too long.
    if os.path.isdir(given):
        if (nested := Path(given, "discovery", _HALL)).is_file():
            return best_formula(nested)
        return best_formula(Path(given, _HALL))
    if os.path.isfile(given):
        return _read_file(Path(given))
    if _looks_like_a_path(given):
        raise FormulaError(f"{given}: there is no such file or folder, and it is not a formula")
    return Formula.parse(given)


def _read_file(path: Path) -> "Formula":
    from rayzc.formula import Formula
    from rayzc.runs import best_formula

    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise FormulaError(f"{path} cannot be read as a formula: {error}") from None
    try:
        if not text.lstrip().startswith("{"):
            return Formula.parse(text.strip())
        return best_formula(path) if '"best"' in text else Formula.from_json(text)
    except FormulaError as error:
        raise FormulaError(f"{path}: {error}") from None


def _looks_like_a_path(given: str) -> bool:
    """Whether a text is meant as a path: by its suffix, or because its parent folder exists."""
    parent, slash, name = given.strip().rpartition("/")
    if given.endswith((".json", ".txt")) or given.startswith(("./", "../", "~", "/")):
        return True
    return bool(slash) and " " not in given.strip() and bool(name) and os.path.isdir(parent)
