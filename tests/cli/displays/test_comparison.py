"""What a user sees of cross-validation: fitted beside transfer while it breeds, and all numbers side by side."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from rayzc.cli.displays.comparison import comparison
from rayzc.cli.displays.discovery import DiscoveryDisplay, _dashboard, _line
from rayzc.cli.options import Output
from rayzc.evolution.choosing import CrossValidation
from rayzc.formula import Formula
from tests.cli.displays.test_discovery import DISCOVERY, PROGRESS
from tests.evolution.test_choosing import BAD, GOOD, checked


def shown(found: CrossValidation, width: int = 140) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    for part in comparison(found):
        console.print(part, markup=False, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_numbers_side_by_side() -> None:
    found = checked(GOOD)
    text = shown(found)
    for row in found.rows.values():
        low, high = row.intervals["left_out"]
        assert f"{row.mean('left_out'):.3f} [{low:.3f}, {high:.3f}]" in text
        assert f"{row.mean('held_out'):.3f} [" in text
    assert "best single proxy, flops" in text
    assert found.verdict.split(",")[0] in text.replace("\n", " ")
    assert f"handed out: {'bred, chosen' if found.numbers == 'chosen' else 'bred, '}" in text


def test_a_narrow_terminal_keeps_the_spaces_left_out() -> None:
    text = shown(checked(GOOD), width=80)
    assert "left out" in text
    assert "…" not in text


def test_plain_words_where_breeding_brought_nothing() -> None:
    text = shown(checked(BAD), width=300)
    assert "breeding brought nothing for search spaces that were left out" in text
    assert "handed out: best single proxy, flops\n" in text


def test_the_result_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    DiscoveryDisplay(Output()).conclude(replace(DISCOVERY, cross_validation=checked(GOOD)))
    out = capsys.readouterr().out
    assert (
        out.index("search spaces left out:")
        < out.index("handed out: ")
        < out.index(f"formula    {DISCOVERY.formula}")
    )


def test_transfer_stands_beside_fitted_while_it_breeds() -> None:
    progress = replace(PROGRESS, transfer={2: 0.1234, 4: 0.2345})
    assert "  spaces left out 0.235  worst problem" in _line(replace(progress, transfer={4: 0.2351}))
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(_dashboard(progress))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert any("spaces left out" in line for line in lines)
    for individual in progress.front[-12:]:
        size = len(individual.tokens)
        expected = "0.1234" if size <= 2 else "0.2345"
        text = str(Formula.trusted(individual.tokens))[:20]
        assert any(
            f"{individual.objective:.4f}" in line and expected in line and text in line for line in lines
        )
