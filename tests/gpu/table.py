"""The table that ``make gpu`` ends with."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Row", "Skip", "printed"]


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        part: the part that found it.
        what: what was compared or measured.
        found: what came out, or why it was skipped.
        state: ``ok``, ``FAILED``, ``measured`` or ``skipped``.
    """

    part: str
    what: str
    found: str
    state: str

    @classmethod
    def checked(cls, part: str, what: str, found: str, holds: bool) -> "Row":
        """The row of a check."""
        return cls(part, what, found, "ok" if holds else "FAILED")


class Skip(Exception):  # noqa: N818 - it is no error
    """Why a part cannot be run here."""


def printed(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown."""
    lines = [("part", "what", "found", ""), ("---",) * 4]
    lines += [(row.part, row.what, row.found, row.state) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
