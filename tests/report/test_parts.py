"""What the parts of a report say about hand-made runs, before anything is drawn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rayzc.errors import RunError
from rayzc.formula import Formula
from rayzc.problems import Suite
from rayzc.report.build import comparison_of, page_of
from rayzc.report.content import Block, Page, Section, Table, blocks_of
from rayzc.report.figures import Bars, Cells, Front, Heatmap, Lines, Scatter
from rayzc.report.measures import agreement, banded, formula_values, ranks, taus
from rayzc.report.parts.formulas import formula_section
from rayzc.report.records import Bred, read_run
from tests.report import samples


def section(page: Page, name: str) -> Section:
    return next(each for chapter in page.chapters for each in chapter.sections if each.name == name)


def figure(page: Page, name: str) -> Block:
    return next(block for block in blocks_of(page) if getattr(block, "name", None) == name)


@pytest.fixture(scope="module")
def bred(tmp_path_factory: pytest.TempPathFactory) -> Bred:
    record = read_run(samples.discovery(tmp_path_factory.mktemp("runs") / "first").path)
    assert isinstance(record, Bred)
    return record


@pytest.fixture(scope="module")
def page(bred: Bred) -> Page:
    return page_of(bred, samples=20)


class TestMeasures:
    def test_taus_are_those_of_the_result(self, bred: Bred) -> None:
        assert bred.judged is not None
        values = {problem.name: formula_values(bred.formula, problem) for problem in bred.judged.problems}
        found = taus(values, bred.judged, samples=50)
        assert found.mean.value == pytest.approx(bred.result["held_out"]["mean_kendall"])
        for name, each in found.by_problem.items():
            assert each.value == pytest.approx(bred.result["held_out"]["kendall"][name])
            assert each.low is not None
            assert each.high is not None
            assert each.low <= each.value <= each.high

    def test_no_samples_no_intervals(self, bred: Bred) -> None:
        assert bred.fitting is not None
        values = {problem.name: problem.column("good") for problem in bred.fitting.problems}
        found = taus(values, bred.fitting, samples=0)
        assert found.mean.margin is None

    def test_agreement_is_symmetric(self, bred: Bred) -> None:
        assert bred.fitting is not None
        matrix = np.array(agreement(("good", "noise"), bred.fitting, bred.formula))
        assert matrix.shape == (3, 3)
        np.testing.assert_array_equal(matrix, matrix.T)
        assert np.diag(matrix).tolist() == [1.0, 1.0, 1.0]

    def test_within_bands_of_itself_nothing_is_lost(self) -> None:
        values = np.arange(50.0)
        for own, size in banded(values, values, values, bands=5):
            assert own == pytest.approx(1)
            assert size == pytest.approx(1)

    def test_a_band_of_ties_is_not_judged(self) -> None:
        same = np.zeros(9)
        found = banded(np.arange(9.0), same, np.arange(9.0), bands=3)
        assert [np.isnan(own) for own, _ in found] == [True, True, False]

    def test_ranks(self) -> None:
        assert ranks(np.array([0.5, 2.0, 0.5, -np.inf])).tolist() == [2, 1, 3, 4]


class TestDiscovery:
    def test_chapters(self, page: Page) -> None:
        assert [chapter.name for chapter in page.chapters] == ["formula", "breeding", "run"]
        names = [each.name for each in page.chapters[0].sections]
        assert names == ["formula", "taus", "fit", "ranks", "worth", "sizes", "agreement"]

    def test_the_heat_map_frames_the_best(self, page: Page) -> None:
        heat = figure(page, "taus")
        assert isinstance(heat, Heatmap)
        assert heat.rows == (*samples.suite().names, "mean")
        assert heat.columns[0] == "this formula"
        for row, cells in enumerate(heat.cells):
            values = [cell.value for cell in cells if cell is not None]
            assert (row, values.index(max(values))) in heat.framed

    def test_held_out_beside_fitted(self, page: Page, bred: Bred) -> None:
        bars = figure(page, "fit")
        assert isinstance(bars, Bars)
        assert bars.groups == ("held out", "fitted")
        known = {(bar.label, bar.group): bar.size.value for bar in bars.bars}
        assert known["mean", "held out"] == pytest.approx(bred.result["held_out"]["mean_kendall"])

    def test_points_have_encodings_and_ranks(self, page: Page) -> None:
        scatter = figure(page, "ranks-nasbench201-planted")
        assert isinstance(scatter, Scatter)
        assert len(scatter.points) == 60
        assert sorted(point.y for point in scatter.points) == [*range(1, 61)]
        assert {point.label for point in scatter.points} == set(samples.table().architectures)
        assert sum(point.lit for point in scatter.points) in range(12, 19)

    def test_the_front_is_judged_on_what_was_held_out(self, page: Page) -> None:
        front = figure(page, "front")
        assert isinstance(front, Front)
        assert [point.formula.text for point in front.points] == [*samples.FRONT]
        assert all(point.held_out is not None for point in front.points)

    def test_what_matters_most_is_worth_most(self, page: Page) -> None:
        bars = figure(page, "worth")
        assert isinstance(bars, Bars)
        losses = {bar.label: bar.size.value for bar in bars.bars}
        assert losses["good"] > 0.5
        assert abs(losses["noise"]) < 0.1

    def test_the_islands(self, page: Page) -> None:
        lines = figure(page, "islands")
        assert isinstance(lines, Lines)
        assert [series.name for series in lines.series] == ["best of all islands", "island 1", "island 2"]
        assert lines.series[2].x == (0.0, 2.0, 4.0)
        assert lines.moments == (2.0, 4.0)

    def test_the_command_repeats_it(self, page: Page) -> None:
        (command,) = [block for block in section(page, "again").blocks if hasattr(block, "lines")]
        assert "rayzc discover --suite suite.parquet" in command.lines[0]  # type: ignore[union-attr]
        assert command.lines[0].endswith("--epochs 4")  # type: ignore[union-attr]
        assert "--holdout 0.25" in command.lines[0]  # type: ignore[union-attr]

    def test_without_held_out_networks(self, tmp_path: Path) -> None:
        page = page_of(read_run(samples.discovery(tmp_path / "run", holdout=None).path), samples=0)
        bars = figure(page, "fit")
        assert isinstance(bars, Bars)
        assert bars.groups == ("fitted",)

    def test_without_its_suite(self, tmp_path: Path) -> None:
        page = page_of(read_run(samples.discovery(tmp_path / "run", kept=False).path), samples=0)
        assert [each.name for each in page.chapters[0].sections] == ["formula", "fit", "missing"]


class TestOtherRuns:
    def test_searches(self, tmp_path: Path) -> None:
        page = page_of(read_run(samples.searches(tmp_path / "run").path), samples=0)
        assert [chapter.name for chapter in page.chapters] == ["searches", "architectures", "run"]
        curves = figure(page, "curves-nasbench201-planted")
        assert isinstance(curves, Lines)
        assert [each.name for each in curves.series] == [
            "this formula",
            "random search",
            "best single proxy",
        ]
        drawn = figure(page, "architecture-nasbench201-planted")
        assert isinstance(drawn, Cells)
        assert drawn.graphs[0].nodes
        queries = figure(page, "queries")
        assert isinstance(queries, Table)
        assert [column.title for column in queries.columns[2:4]] == ["formula, 10", "random, 10"]

    def test_the_baselines_end_where_the_run_recorded_that_they_ended(self, tmp_path: Path) -> None:
        from rayzc.nas import Baseline
        from rayzc.report.parts.searches import CHANCE, curves
        from rayzc.report.records import Searched

        record = read_run(samples.searches(tmp_path / "run").path)
        assert isinstance(record, Searched)
        recorded = record.results.baseline(Baseline.RANDOM_SEARCH, value=lambda each: each.found.accuracy)
        ends = {
            (each.problem, each.seed): each.steps[-1].accuracy
            for each in curves(record)
            if each.way == CHANCE
        }
        assert ends == dict(recorded.values)

    def test_a_whole_run(self, tmp_path: Path) -> None:
        page = page_of(read_run(samples.whole(tmp_path / "run").path), samples=0)
        assert [chapter.name for chapter in page.chapters] == [
            "formula",
            "breeding",
            "searches",
            "architectures",
            "finals",
            "run",
        ]
        bars = figure(page, "fit")
        assert isinstance(bars, Bars)
        assert bars.groups == ("held out", "fitted", "space left out")
        finals = [block for block in blocks_of(page) if isinstance(block, Table) and block.name == "finals"]
        assert finals[0].rows[0][2] == pytest.approx(0.85)

    def test_a_study(self, tmp_path: Path) -> None:
        page = page_of(read_run(samples.study(tmp_path / "run").path), samples=0)
        heat = figure(page, "matrix")
        assert isinstance(heat, Heatmap)
        names = samples.suite().names
        assert heat.rows == tuple(f"all but {name}, parsimony 0.001" for name in names)
        assert heat.framed == {(0, 1), (1, 0)}
        assert dict(page.facts.pairs)["mean tau, new problems"] == "0.400"

    def test_trainings(self, tmp_path: Path) -> None:
        page = page_of(read_run(samples.trainings(tmp_path / "run").path), samples=0)
        networks = figure(page, "networks")
        assert isinstance(networks, Table)
        assert networks.rows[1][-1] == "its loss is not finite"
        losses = figure(page, "losses-1")
        assert isinstance(losses, Lines)
        assert [estimate.value for estimate in losses.series[0].y] == [2.0, 1.0, 0.5]

    def test_a_comparison(self, tmp_path: Path) -> None:
        records = [
            read_run(samples.discovery(tmp_path / "a" / "run").path),
            read_run(samples.discovery(tmp_path / "b" / "run", formula="noise").path),
        ]
        page = comparison_of(records, samples=0)
        heat = figure(page, "compared-taus")
        assert isinstance(heat, Heatmap)
        assert heat.columns == ("run", "run (2)")
        assert all((row, 0) in heat.framed for row in range(3))

    def test_a_run_without_a_result(self, tmp_path: Path) -> None:
        folder = samples.discovery(tmp_path / "run")
        (tmp_path / "run" / "result.json").unlink()
        with pytest.raises(RunError, match=r"has no result.json yet: let the run end, or continue it with"):
            read_run(folder.path)

    def test_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="no such run"):
            read_run(tmp_path / "nothing")


@pytest.mark.filterwarnings("error")
def test_a_proxy_that_is_not_finite_everywhere() -> None:
    made = samples.table()
    scores = made.scores.copy()
    scores[::3, made.proxies.index("good")] = -np.inf
    suite = Suite("toy", (replace(made, scores=scores),))
    section = formula_section(Formula.parse("good + noise"), suite)
    (effects,) = [block for block in section.blocks if isinstance(block, Table) and block.name == "terms"]
    assert [row[2] for row in effects.rows] == [
        "a larger good raises the score",
        "a larger noise raises the score",
    ]
