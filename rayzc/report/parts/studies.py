"""A study: the matrix of what formulas were bred on by what they are judged on, and its discoveries."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rayzc.report.content import Column, Estimate, Section, Table, Words
from rayzc.report.figures import Heatmap

__all__ = ["matrix_section", "members_section", "seen_and_new"]

_KNOWN = {"bred_on", "judged_on", "seen", "fitted", "repeats", "kendall", "low", "high"}


def matrix_section(rows: Sequence[Mapping[str, Any]]) -> Section:
    """The matrix as a heat map; frames mark what formulas were bred on.

    Args:
        rows: the matrix, as the study's ``result.json`` has it.
    """
    kinds = tuple(dict.fromkeys(_kind(row) for row in rows))
    problems = tuple(dict.fromkeys(str(row["judged_on"]) for row in rows))
    known = {(_kind(row), str(row["judged_on"])): row for row in rows}
    cells, framed = [], set()
    for place, kind in enumerate(kinds):
        line: list[Estimate | None] = []
        for column, problem in enumerate(problems):
            row = known.get((kind, problem))
            line.append(None if row is None else Estimate(row["kendall"], row["low"], row["high"]))
            if row is not None and row["seen"]:
                framed.add((place, column))
        cells.append(tuple(line))
    seen, new = seen_and_new(rows)
    said = " and ".join(
        f"{value:.3f} on problems {what}"
        for what, value in (("bred on", seen), ("new", new))
        if value is not None
    )
    figure = Heatmap(
        "matrix",
        "Kendall's tau, bred on by judged on",
        f"Mean tau is {said}.",
        "bred on",
        kinds,
        problems,
        tuple(cells),
        framed=frozenset(framed),
    )
    words = (
        "Every formula is judged on networks that it was not bred on. A frame marks the problems that it was bred on; "
        "below each number is half of its 95 % bootstrap interval over networks and seeds."
    )
    if any(row["fitted"] for row in rows):
        words += " Some are judged on the very networks that they were bred on, as no others are left."
    return Section("matrix", "Bred on, and judged on", (Words(words), figure))


def seen_and_new(rows: Sequence[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    """The mean tau on problems that formulas were bred on, and on others; None where there are none."""
    both = []
    for seen in (True, False):
        values = [float(row["kendall"]) for row in rows if bool(row["seen"]) is seen]
        both.append(float(np.mean(values)) if values else None)
    return both[0], both[1]


def members_section(members: Sequence[Mapping[str, Any]]) -> Section:
    """The discoveries of a study."""
    columns = (
        Column("bred on"),
        Column("seed"),
        Column("mean tau, fitted", ".3f"),
        Column("formulas", ",d"),
        Column("epochs", ",d"),
        Column("formula", code=True),
    )
    rows = tuple(
        (
            _kind(member),
            str(member["seed"]),
            float(member["best"]["mean_kendall"]),
            int(member["evaluations"]),
            int(member["epochs"]),
            str(member["best"]["expression"]),
        )
        for member in members
    )
    return Section("members", "The discoveries", (Table("members", "The discoveries", columns, rows),))


def _kind(row: Mapping[str, Any]) -> str:
    """What a row was bred on, with the settings that were varied."""
    varied = row["varied"] if isinstance(row.get("varied"), Mapping) else {}
    if "judged_on" in row:
        varied = {name: value for name, value in row.items() if name not in _KNOWN}
    words = [f"{name} {_text(value)}" for name, value in varied.items()]
    return ", ".join([str(row["bred_on"]), *words])


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "+".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
