"""What a user sees of searches while they go on, and how a run of them ends."""

import io
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from rayzc.cli import output
from rayzc.cli.displays.search import SearchDisplay
from rayzc.cli.options import SearchOutput
from rayzc.cluster.measuring import Statistics
from rayzc.cluster.searches import ProblemProgress, SearchProgress
from rayzc.nas import Results, SearchEnding
from tests.cli.displays import samples
from tests.cli.displays.samples import lines

RUNNING = ProblemProgress("nasbench201/cifar10", 120, 300, 12.345678, 93.2, 7, 4.0, 1, 3)
OVER = ProblemProgress("own/toy", 30, 30, None, None, 0, 1.5, 3, 3)
POOL = Statistics(measured=1234, lost=2, processes=(11, 12))
PROGRESS = SearchProgress(75.2, 104.9, (RUNNING, OVER), POOL)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 120 columns was sent."""
    screen = io.StringIO()

    def console(stderr: bool = False) -> Console:
        return Console(
            file=screen, force_terminal=True, width=120, height=40, color_system=None, legacy_windows=False
        )

    monkeypatch.setattr(output, "plain_console", console)
    return screen


class TestPlainLines:
    @pytest.mark.parametrize(
        ("progress", "line"),
        [
            (
                PROGRESS,
                "   1:15  150 of 330 architectures  5.5/s  4 of 6 searches ended  1,234 measured, 7 cache hits"
                "  2 workers (2 lost)  1:44 left",
            ),
            (
                SearchProgress(3.0, None, (RUNNING,), None),
                "   0:03  120 of 300 architectures  4.0/s  1 of 3 searches ended  best 12.346  accuracy 93.200",
            ),
            (
                SearchProgress(1.0, None, (replace(RUNNING, evaluated=0),), POOL),
                "   0:01  starting, 2 workers ready",
            ),
            (SearchProgress(1.0, None, (replace(RUNNING, evaluated=0),), None), "   0:01  starting"),
        ],
    )
    def test_a_line(self, capsys: pytest.CaptureFixture[str], progress: SearchProgress, line: str) -> None:
        with SearchDisplay(SearchOutput(quiet=False, as_json=False)) as display:
            display.show(progress)
        assert capsys.readouterr() == ("", line + "\n")

    def test_quiet_is_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        with SearchDisplay(SearchOutput(quiet=True, as_json=False)) as display:
            display.show(PROGRESS)
        assert capsys.readouterr() == ("", "")


class TestTerminal:
    def test_a_row_for_each_problem_below_the_facts(self) -> None:
        shown = [line.split() for line in lines([SearchDisplay(SearchOutput()).dashboard(PROGRESS)])]
        assert shown[0] == ["time", "1:15", "left", "1:44", "searches", "ended", "4", "of", "6"]
        assert shown[1] == ["workers", "2", "measured", "1,234", "workers", "lost", "2"]
        # The speed is 4 a second, and 180 are left.
        assert ["nasbench201/cifar10", "120/300", "12.346", "93.200", "7", "4.0", "0:45", "1/3"] in shown
        assert ["own/toy", "30/30", "-", "-", "0", "1.5", "0:00", "3/3"] in shown

    @pytest.mark.parametrize(
        ("width", "numbers"),
        [
            (120, ["120/300", "12.346", "93.200", "7", "4.0", "0:45", "1/3"]),
            (100, ["120/300", "12.346", "93.200", "4.0", "0:45", "1/3"]),
            (80, ["120/300", "12.346", "93.200", "1/3"]),
        ],
    )
    def test_a_narrow_terminal_has_fewer_columns_and_whole_names(
        self, width: int, numbers: list[str]
    ) -> None:
        name = "transbench101_micro/class_object"
        progress = replace(PROGRESS, problems=(replace(RUNNING, problem=name), OVER))
        shown = lines([SearchDisplay(SearchOutput()).dashboard(progress)], width)
        assert [line.split() for line in shown if name in line] == [[name, *numbers]]
        assert not any("…" in line for line in shown)

    def test_the_time_limit_ends_what_is_left(self) -> None:
        late = replace(PROGRESS, seconds_left=20.0)
        shown = lines([SearchDisplay(SearchOutput()).dashboard(late)])
        assert next(line.split()[-2] for line in shown if "cifar10" in line) == "0:20"

    def test_without_a_table_there_is_no_accuracy_and_without_measuring_no_worker(self) -> None:
        unknown = replace(RUNNING, accuracy=None, per_second=0.0)
        progress = SearchProgress(3.0, None, (unknown,), None)
        text = "\n".join(lines([SearchDisplay(SearchOutput()).dashboard(progress)]))
        assert "accuracy" not in text
        assert "workers" not in text
        assert "no limit" in text

    def test_it_is_live_and_gone_in_the_end(self, terminal: io.StringIO) -> None:
        with SearchDisplay(SearchOutput(quiet=False, as_json=False)) as display:
            display.show(PROGRESS)
            assert "120/300" in terminal.getvalue()
        erased = "\x1b[1A\x1b[2K"
        assert terminal.getvalue().endswith(erased)


class TestConclusion:
    def test_a_report_that_cannot_be_written_does_not_cost_the_result(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        (tmp_path / "report.txt").mkdir()
        SearchDisplay(SearchOutput(quiet=True, as_json=False)).conclude(
            samples.searched(tmp_path, samples.results())
        )
        captured = capsys.readouterr()
        assert "formula    synflow + nwot" in captured.out
        assert captured.err.startswith(f"rayzc: {tmp_path / 'report.txt'} cannot be written: ")
        assert captured.err.count("\n") == 1

    def test_the_result_is_told_and_the_report_written(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        SearchDisplay(SearchOutput(quiet=True, as_json=False)).conclude(
            samples.searched(tmp_path, samples.results())
        )
        captured = capsys.readouterr()
        assert captured.err == ""
        assert captured.out.splitlines()[-4:] == [
            "formula    synflow + nwot",
            "searched   360 architectures in 6 searches and 1:15",
            "stopped    all searches ended",
            f"run        {tmp_path}; report.txt there has the shortlists",
        ]
        assert "in words" not in captured.out
        assert "in words" in (tmp_path / "report.txt").read_text()

    def test_details_are_printed_when_asked_for(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        display = SearchDisplay(SearchOutput(quiet=True, as_json=False, details=True))
        display.conclude(samples.searched(tmp_path, samples.results()))
        assert capsys.readouterr().out.count("in words") == 2

    def test_what_was_measured_and_what_failed(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        some = replace(samples.results(truth=False, seeds=1), failures={"own/toy, seed 0": "[no] such thing"})
        ended = replace(samples.searched(tmp_path, some), measured=70, cached=9, workers_lost=1)
        SearchDisplay(SearchOutput(quiet=True, as_json=False)).conclude(ended)
        text = capsys.readouterr().out
        assert "failed     own/toy, seed 0: [no] such thing\n" in text
        assert (
            "searched   120 architectures in 2 searches and 1:15; 70 networks measured, 9 known already, 1 worker lost"
            " and replaced\n"
        ) in text

    def test_what_ended_the_searches_is_said_unless_it_is_the_budget(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        whole = samples.results(seeds=1)
        late = msgspec.structs.replace(whole.outcomes[0], ended=SearchEnding.TIME_LIMIT)
        result = samples.searched(tmp_path, Results((late, *whole.outcomes[1:])))
        SearchDisplay(SearchOutput(quiet=True, as_json=False)).conclude(result)
        ended = "stopped    all searches ended: 1 time limit, 1 budget spent\n"
        assert ended in capsys.readouterr().out

    def test_an_interrupted_run_prints_the_best_so_far(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        whole = samples.results(seeds=1)
        unfinished = msgspec.structs.replace(whole.outcomes[1], ended=SearchEnding.INTERRUPTED, evaluated=17)
        result = samples.searched(tmp_path, Results((whole.outcomes[0], unfinished)), "interrupted by SIGINT")
        with pytest.raises(SystemExit):
            SearchDisplay(SearchOutput(quiet=True, as_json=False)).conclude(result)
        out = capsys.readouterr().out
        assert f"{samples.SECOND}  100.00  net-0" in out
        assert "searched   77 architectures in 2 searches and 1:15\n" in out
        assert "stopped    interrupted by SIGINT: 1 budget spent, 1 interrupted\n" in out

    def test_json_is_alone_on_standard_output(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        result = samples.searched(tmp_path, samples.results())
        with SearchDisplay(SearchOutput(quiet=False, as_json=True)) as display:
            display.show(PROGRESS)
        display.conclude(result)
        display.remark("exported")
        captured = capsys.readouterr()
        assert json.loads(captured.out) == result.to_json()
        assert captured.err.splitlines()[-1] == "exported"

    @pytest.mark.parametrize(("signal", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
    @pytest.mark.parametrize("found", [samples.results(), Results(())])
    def test_an_interrupted_run_says_how_to_go_on(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, signal: str, code: int, found: Results
    ) -> None:
        run = tmp_path / "my run"
        run.mkdir()
        with pytest.raises(SystemExit) as left:
            SearchDisplay(SearchOutput(quiet=True, as_json=False)).conclude(
                samples.searched(run, found, f"interrupted by {signal}")
            )
        assert left.value.code == code
        captured = capsys.readouterr()
        assert captured.err == f"interrupted by {signal}; to continue: rayzc resume '{run}'\n"
        assert ("no search has found anything yet" in captured.out) == (not found.outcomes)
