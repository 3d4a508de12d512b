"""The results of searches as tables and as a report."""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import RenderableType

from rayzc.cli.displays.searched import comparison, overview
from rayzc.cli.displays.searched_details import details, report, write_report
from rayzc.cli.displays.tables import average_text, number
from rayzc.nas import Average, Results
from tests.cli.displays import samples
from tests.cli.displays.samples import FIRST, SECOND, lines


def cells(parts: Iterable[RenderableType], width: int) -> dict[str, list[str]]:
    """What stands beside each problem, in all tables."""
    found: dict[str, list[str]] = {FIRST: [], SECOND: []}
    for line in lines(parts, width):
        name, *numbers = line.split() or [""]
        if name in found:
            found[name] += numbers
    return found


class TestOverview:
    def test_a_row_for_each_problem_and_the_means(self) -> None:
        shown = lines(overview(samples.results()))
        assert shown[:4] == [
            "accuracy, rank, regret: of the architecture with the best score of 3 seeds",
            "top %: it is among the best x % of the candidates; mean ± deviation over 3 seeds",
            "random and single proxy: the same, for the best architecture of their shortlists",
            "which proxy: the best single proxy, known only in hindsight",
        ]
        # Seed 2 has the best score, and rank 10 of 200; over the seeds the ranks are 6, 8, 10, of shortlists 2, 4, 6.
        first = next(line.split() for line in shown if line.startswith(FIRST))
        assert first[1:4] == ["94.100", "10/200", "0.900"]
        assert first[4:] == ["4.0", "±1.0", "2.0", "±1.0", "15.0", "20.0", "9.5", "grad_norm"]
        second = next(line.split() for line in shown if line.startswith(SECOND))
        assert second[1:4] == ["92.100", "30/200", "2.90"]
        assert second[4:] == ["14.0", "±1.0", "12.0", "±1.0", "25.0", "30.0", "20.0", "synflow"]
        assert next(line.split() for line in shown if line.startswith("mean")) == (
            ["mean", "9.0", "±1.0", "7.0", "±1.0", "20.0", "25.0", "15.0", "synflow"]
        )

    def test_what_was_found_can_be_copied(self) -> None:
        shown = lines(overview(samples.results()))
        assert f"{FIRST:<32}  102.00  net-0" in shown
        assert f"{SECOND:<32}  102.00  net-0" in shown

    @pytest.mark.parametrize("truth", [True, False])
    @pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
    def test_no_name_and_no_number_is_ever_cut(self, truth: bool, width: int) -> None:
        """Whatever there is no room for stands below, but for the regret, which a narrow terminal does without."""
        whole = cells(overview(samples.results(truth)), 200)
        shown = lines(overview(samples.results(truth)), width)
        assert not any("…" in line or re.search(r"\d\.(\s|$)", line) for line in shown)
        assert max(map(cell_len, shown)) <= max(width, 80)
        found = cells(overview(samples.results(truth)), width)
        for name, numbers in whole.items():
            missing = [each for each in numbers if each not in found[name]]
            assert missing == [] or (width < 80 and missing == [{FIRST: "0.900", SECOND: "2.90"}[name]])

    def test_at_80_columns_the_baselines_stand_below(self) -> None:
        shown = lines(overview(samples.results()), 80)
        heads = [line.split() for line in shown if line.startswith("problem ")]
        assert heads == [
            ["problem", "accuracy", "rank", "regret", "top", "%", "top", "%"],
            ["problem", "search", "ten", "proxy", "proxy"],
        ]
        assert sum(line.startswith(SECOND) for line in shown) == 3
        assert sum(line.startswith("mean  ") for line in shown) == 2

    def test_large_numbers_do_not_end_in_dots(self) -> None:
        outcome = samples.outcome(FIRST, 0, (3,))
        standing = msgspec.structs.replace(samples.standing(3, 20_000), accuracy=12345.0, regret=123.0)
        found = msgspec.structs.replace(outcome.found, score=98765.0, standing=standing)
        large = msgspec.structs.replace(outcome, found=found, shortlist=(found,))
        row = next(line.split() for line in lines(overview(Results((large,)))) if line.startswith(FIRST))
        assert row[1:4] == ["12345", "3/20,000", "123"]

    def test_one_problem_and_seed_have_no_mean_and_no_deviation(self) -> None:
        whole = samples.results(seeds=1)
        one = Results(whole.outcomes[:1], tuple(c for c in whole.comparisons if c.problem == FIRST))
        shown = lines(overview(one))
        assert not any("±" in line or line.startswith("mean") for line in shown)
        assert next(line.split()[4:6] for line in shown if line.startswith(FIRST)) == ["3.0", "1.0"]

    def test_without_truth_there_are_no_columns_of_it(self) -> None:
        shown = lines(overview(samples.results(truth=False)))
        assert shown[1].split()[:3] == ["problem", "score", "seeds"]
        text = "\n".join(shown)
        for word in ("accuracy", "rank", "regret", "random", "top"):
            assert word not in text
        row = next(line.split() for line in shown if line.startswith(FIRST))
        assert row == [FIRST, "102.00", "101.00", "1.0000", "180", "120", "15"]

    def test_names_are_not_markup(self) -> None:
        odd = samples.outcome("own/[bold]toy", 0, (3,))
        assert any(line.startswith("own/[bold]toy ") for line in lines(overview(Results((odd,)))))


class TestComparison:
    def test_the_formula_chance_and_every_proxy(self) -> None:
        shown = lines(comparison(samples.results()))
        assert shown[:2] == [
            "among the best x % of the candidates by true accuracy:",
            "mean over 2 problems ± deviation over 3 seeds",
        ]
        rows = [line.split() for line in shown[5:] if line]
        assert rows[0] == ["this", "formula", "9.0", "±1.0", "7.0", "±1.0", "9.0", "±0.0", "6.0", "±0.0"]
        assert rows[1][:3] == ["chance", "45.0", "±0.0"]
        # The best shortlist first; a mean over fewer problems says so.
        assert rows[2][:6] == ["grad_norm", "(on", "1", "of", "2)", "25.0"]
        assert rows[3][:2] == ["synflow", "30.0"]


class TestDetails:
    def test_all_that_is_known_of_an_architecture(self) -> None:
        text = "\n".join(lines(details(samples.results())))
        first = text[: text.index(SECOND)]
        for fact in (
            "architecture  net-0",
            f"in words      {samples.DESCRIPTION}",
            "score         102.00 by synflow + nwot",
            "proxies       nwot 51, synflow 51",
            "accuracy      94.100: rank 10 of 200 candidates (top 5.0 %), 0.900 below the best",
            "              rank 30 of all 600 in the table, 1.90 below the best",
            "evaluated     60 architectures with seed 2; budget spent",
            'to build it   rayzc.build("nasbench201", "net-0", classes=10)',
            "nasbench201 cell\n0 input\n1\n",
            "shortlist of seed 2: what to train",
        ):
            assert fact in first
        rows = [line.split() for line in first.splitlines()]
        assert ["2", "101.00", "94.500", "6", "net-1"] in rows
        assert ["1", "101.00", "94.300", "4.0", "2.0", "net-0"] in rows

    def test_the_pareto_front_has_all_objectives(self) -> None:
        one = Results((samples.outcome(FIRST, 0, (5, 9, 1), front=True),))
        shown = lines(details(one))
        start = next(place for place, line in enumerate(shown) if line.startswith("Pareto front"))
        assert shown[start + 1].split() == ["score", "nwot", "accuracy", "rank", "architecture"]
        assert [line.split()[1:3] for line in shown[start + 3 : start + 5]] == [
            ["100.00", "50.000"],
            ["99.000", "49.500"],
        ]

    def test_an_unknown_space_has_no_line_for_building(self) -> None:
        shown = lines(details(Results((samples.outcome("own/toy", 0, (3, 1)),))))
        assert not any("rayzc.build" in line for line in shown)


def test_the_report_has_everything_and_ends_no_line_with_blanks(tmp_path: Path) -> None:
    result = samples.searched(tmp_path, samples.results())
    write_report(result)
    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert text == report(result)
    assert not any(line != line.rstrip() for line in text.splitlines())
    for part in (*overview(result), *details(result)):
        assert all(line in text for line in lines([part]))


def test_numbers() -> None:
    assert [number(value) for value in (None, 0.123456789, 93.2, 12345.0, 1e-9)] == [
        *("-", "0.12346", "93.200", "12345", "1.0000e-09")
    ]
    assert [number(value, 3) for value in (0.123456, 123.4, 1234.0)] == ["0.123", "123", "1.23e+03"]
    assert average_text(None) == "-"
    assert average_text(Average(2.04, 0.0, 1)) == "2.0"
    assert average_text(Average(2.04, 0.55, 3)) == "2.0 ±0.6"
