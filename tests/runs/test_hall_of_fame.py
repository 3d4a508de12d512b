"""The hall of fame: the same bytes for the same islands."""

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from rayzc.documents import json_text
from rayzc.errors import FormulaError, RunError
from rayzc.evolution import Individual, Island, one_of_each_shape
from rayzc.formula import Formula
from rayzc.runs import HallOfFame, best_formula, read_newest, restore, write_checkpoint
from tests.evolution import samples
from tests.evolution.samples import BREEDING
from tests.runs.test_checkpoints import archipelago

PROBLEMS = ("own/task-0", "own/task-1", "own/task-2")
PROVENANCE = {"suite_hash": "abc", "settings": {"seed": 3}}


@pytest.fixture(scope="module")
def islands() -> list[Island]:
    """Four islands after three epochs."""
    return archipelago(3)


def text_of(islands: list[Island]) -> str:
    return json_text(HallOfFame.of(islands).to_json(PROVENANCE, PROBLEMS))


def test_the_best_of_all_islands(islands: list[Island]) -> None:
    hall = HallOfFame.of(islands)
    everyone = [one for island in islands for one in (*island.population, *island.front)]
    assert hall.best[0].objective == max(one.objective for one in everyone)
    assert len(hall.best) == 20 == len({one.ranking for one in hall.best})
    assert list(one_of_each_shape(hall.best)) == list(hall.best)
    assert [one.order for one in hall.best] == sorted(one.order for one in hall.best)
    assert all(a.objective < b.objective and len(a.tokens) < len(b.tokens) for a, b in pairwise(hall.front))
    for size, best in ((len(one.tokens), one.objective) for one in everyone):
        assert any(len(one.tokens) <= size and one.objective >= best for one in hall.front)


def test_the_same_bytes_for_the_same_islands(islands: list[Island], tmp_path: Path) -> None:
    expected = text_of(islands)
    experienced = samples.judge()
    for tokens in samples.formulas(200, seed=4):
        experienced(tokens)
    assert text_of(archipelago(3, judge=experienced)) == expected
    write_checkpoint(tmp_path, islands, "0.1.0", 3.0)
    document = read_newest(tmp_path, pytest.fail)
    assert document is not None
    assert text_of(list(restore(document, samples.judge(), BREEDING))) == expected
    assert text_of(archipelago(3, BREEDING.replaced(seed=4))) != expected


def test_the_document(islands: list[Island]) -> None:
    document = json.loads(text_of(islands))
    assert list(document) == ["schema_version", "provenance", "best", "front"]
    assert document["provenance"] == PROVENANCE
    for entry, one in zip(document["best"], HallOfFame.of(islands).best, strict=True):
        assert list(entry) == ["expression", "complexity", "objective", "correlations"]
        assert Formula.parse(entry["expression"]).tokens == one.tokens
        assert entry["complexity"] == len(one.tokens)
        assert entry["objective"] == one.objective  # to the last bit
        assert tuple(entry["correlations"].values()) == one.correlations
        assert tuple(entry["correlations"]) == PROBLEMS


def test_a_simple_formula_that_no_population_holds_any_more(islands: list[Island]) -> None:
    simple = min((one for island in islands for one in island.front), key=lambda one: len(one.tokens))
    populations = [
        replace(island, population=tuple(one for one in island.population if one.ranking != simple.ranking))
        for island in islands
    ]
    hall = HallOfFame.of(populations)
    assert hall.front[0] == simple
    assert hall.front == HallOfFame.of(islands).front


def test_fewer_formulas_than_places(islands: list[Island]) -> None:
    small = [replace(islands[0], population=islands[0].population[:2], front=islands[0].front[:1])]
    assert 1 <= len(HallOfFame.of(small).best) <= 3


def test_an_objective_without_a_value_is_null(islands: list[Island]) -> None:
    """JSON knows no infinity, and the front holds the simplest formula whatever it is worth."""
    worthless = Individual(("flops",), (0.1, 0.2, 0.3), -math.inf, 7)
    document = json.loads(text_of([replace(islands[0], population=(worthless,), front=(worthless,))]))
    assert document["best"][0]["objective"] is None


class TestBestFormula:
    def test_of_a_hall_of_fame(self, islands: list[Island], tmp_path: Path) -> None:
        path = tmp_path / "hall_of_fame.json"
        path.write_text(text_of(islands), encoding="utf-8")
        assert best_formula(path).tokens == HallOfFame.of(islands).best[0].tokens

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"best": []}', '{"best": [{}]}', '{"best": [3]}', '{"best": 1}']
    )
    def test_of_what_is_none(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "hall_of_fame.json"
        path.write_text(text)
        with pytest.raises(RunError, match=r"hall_of_fame\.json holds no hall of fame: "):
            best_formula(path)

    def test_of_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match=r"hall_of_fame\.json holds no hall of fame: .*No such file"):
            best_formula(tmp_path / "hall_of_fame.json")

    def test_of_one_whose_formula_does_not_parse(self, tmp_path: Path) -> None:
        path = tmp_path / "hall_of_fame.json"
        path.write_text('{"best": [{"expression": "flops +"}]}')
        with pytest.raises(FormulaError, match="cannot parse formula at position 8"):
            best_formula(path)
